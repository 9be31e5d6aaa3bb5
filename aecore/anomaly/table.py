"""``python -m aecore anomaly-table``: how well detectors do, each class in turn as the only normal one, against other detectors.

What is finished in the folder of runs is kept, so the command can be stopped and goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from aecore.anomaly.baselines import BASELINES
from aecore.anomaly.measuring import measure, measure_baselines
from aecore.anomaly.results import Method, Report, add_baselines, keep, kept
from aecore.anomaly.setting import detector, usual_preset
from aecore.config_sections import DataConfig
from aecore.data.catalogue import card
from aecore.data.kept import load_kept
from aecore.quality_document import markdown_table, provenance, put_section
from aecore.recording import Recorder
from aecore.runs import Run

TITLE = "# How well anomalies are found\n\nMade by commands, not by hand: each section names its own.\n"

Tell = Callable[[float, str], None]
"""Told the share done, 0..1, and what is being done."""


@dataclass(frozen=True)
class Row:
    """A section: the data, whether each class in turn is the normal one (else those that usually are), the AUROC to reach."""

    title: str
    data: str
    is_each_class: bool
    target: float
    text: str


ROWS: Mapping[str, Row] = {
    "heartbeats": Row(
        "Heartbeats",
        "heartbeats",
        False,
        0.98,
        "The generator at its default difficulty; normal beats to learn from, four kinds of trouble among the test cases.",
    ),
    "machine": Row(
        "Machine",
        "machine",
        False,
        0.0,
        "Three channels of a rotating machine; four kinds of trouble among the test cases.",
    ),
    "mnist": Row(
        "MNIST, one class normal",
        "mnist",
        True,
        0.97,
        "Each digit in turn is the only one that is learned; all 10,000 test images are scored, those of the nine other digits "
        "being anomalous. One setting for all classes and for Fashion-MNIST too, chosen among twelve (and the score among some "
        "sixty) by AUROC on labelled validation images; on the test images it was then measured once.",
    ),
    "fashion-mnist": Row(
        "Fashion-MNIST, one class normal",
        "fashion-mnist",
        True,
        0.92,
        "The same with the ten kinds of clothes.",
    ),
}
"""By name on the command line."""


@dataclass(frozen=True)
class Result:
    """AUROC of every method, by its title, for each normal class; the network's own scores first."""

    row: Row
    areas: dict[str, list[float]]
    classes: list[str]
    command: str

    @property
    def means(self) -> dict[str, float]:
        """The mean of each over the classes."""
        return {title: fmean(values) for title, values in self.areas.items()}

    @property
    def is_met(self) -> bool:
        """Whether the network's first score reaches the target and is above the four others."""
        ours, *_ = self.means.values()
        others = [mean for title, mean in self.means.items() if title in {each for each, _ in BASELINES.values()}]
        return ours >= self.row.target and ours > max(others)


def make_row(name: str, runs: Path, document: Path, command: str, tell: Tell) -> Result:
    """Train, measure and write one section. Raises RuntimeError where a training fails, and what measuring raises."""
    started = time.perf_counter()
    row = ROWS[name]
    found = card(row.data)
    normals = [(index,) for index in range(len(found.classes))] if row.is_each_class else [found.normal]
    reports = []
    for index, normal in enumerate(normals):
        which = "-".join(found.classes[each] for each in normal).replace("/", "-").replace(" ", "-").lower()

        def part(done: float, what: str, index: int = index, which: str = which) -> None:
            tell((index + done) / len(normals), f"{which}: {what}")

        reports.append(_report(row.data, normal, runs / f"{name}-{which}", part))
    areas = {method.title: [_area(report, method.title) for report in reports] for method in _methods(reports[0])}
    classes = [found.classes[normal[0]] for normal in normals]
    one = f'python -m aecore anomaly --data {row.data} --normal "{classes[0]}" --out FOLDER'
    result = Result(row, areas, classes, one)
    put_section(document, name, _section(result, reports, command, time.perf_counter() - started), TITLE)
    return result


def _report(data: str, normal: Sequence[int], folder: Path, tell: Tell) -> Report:
    run = Run(folder)
    config = detector(data, normal)
    if not run.exists or run.config != config or run.status.state != "finished":
        if run.exists:
            raise RuntimeError(f"{folder} holds another run, or one that was not finished: remove it, or name another folder.")
        run = Run.create(config, folder, name=usual_preset(card(data)))
        status = Recorder(run, watch=lambda status: tell(0.7 * status.step / status.steps, "training")).record()
        if status.state != "finished":
            raise RuntimeError(status.reason or "The training did not come to its end.")
    report = kept(run)
    if report is not None and report.baselines:
        return report
    dataset = load_kept(DataConfig(name=data))
    keep(run, *measure(run, dataset, poll=lambda done, what: tell(0.7 + 0.1 * done, what)))
    found = measure_baselines(config, dataset, poll=lambda done, what: tell(0.8 + 0.2 * done, what))
    report = add_baselines(run, *found)
    assert report is not None
    return report


def _methods(report: Report) -> tuple[Method, ...]:
    # The control is none of the four, which are what a user would take as it is; but it tells how much of a gain is the score's.
    return (*report.scores, *report.baselines, *((report.control,) if report.control is not None else ()))


def _area(report: Report, title: str) -> float:
    method = next(each for each in _methods(report) if each.title == title)
    if method.auroc is None:
        raise RuntimeError("There are no anomalous test cases.")
    return method.auroc.value


def _section(result: Result, reports: Sequence[Report], command: str, seconds: float) -> str:
    row = result.row
    target = (
        f" (target ≥ {row.target:g} and above the four others: {'met' if result.is_met else 'not met'})" if row.target else ""
    )
    head = ["Detector", *(result.classes if row.is_each_class else ()), "Mean" if row.is_each_class else "AUROC"]
    rows = []
    for title, values in result.areas.items():
        cells = [f"{value:.3f}" for value in values] if row.is_each_class else []
        rows.append([title, *cells, f"{fmean(values):.4f}"])
    first = reports[0]
    ours, *_ = result.means.values()
    spread = ""
    cases = f"{first.train_cases:,} normal cases to learn from (of the first class named), {first.test_cases:,} test cases."
    if not row.is_each_class and first.scores[0].auroc is not None:
        area = first.scores[0].auroc
        spread = f" (95 % interval {area.low:.4f} to {area.high:.4f})"
    fitted = f" The four others learn from {first.fitted:,} of them at most." if first.fitted < first.train_cases else ""
    return "\n\n".join(
        [
            f"## {row.title}",
            f"{row.text} AUROC of the network’s {first.scores[0].title.lower()}: **{ours:.4f}**{spread}{target}.",
            markdown_table(head, rows),
            cases + fitted,
            f"One of them: `{result.command}`.",
            provenance(command, seconds / 60),
        ]
    )
