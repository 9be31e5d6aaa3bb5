"""``python -m aecore anomaly``: train a detector on the normal cases of some data, score the test part, compare with others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.allocator import keep_freed_memory
from aecore.cli_tools import UsageError, advance, bar_of, settings_of, teller
from aecore.data.catalogue import CARDS, Card, card

if TYPE_CHECKING:
    from aecore.anomaly.results import Method, Report
    from aecore.config import RunConfig
    from aecore.data.series_file import SeriesTable
    from aecore.runs import Run

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def anomaly_commands(commands: Commands) -> list[argparse.ArgumentParser]:
    """Add the command to the parser of all; returns its own parser."""
    anomaly = commands.add_parser("anomaly", help="train a detector on normal cases, score the test part, compare with others")
    anomaly.add_argument("--data", metavar="FILE_OR_NAME", required=True, help=f"a CSV or TSV file, or one of {', '.join(CARDS)}")
    anomaly.add_argument(
        "--test", metavar="FILE", type=Path, help="a second file, all of it for the test (usual: part of the first)"
    )
    anomaly.add_argument(
        "--normal",
        metavar="LABEL[,LABEL]",
        help="labels of normal cases (usual: the first class, of a file its most frequent one)",
    )
    anomaly.add_argument("--preset", metavar="NAME", help="usual: anomalies-pictures or anomalies-sequences")
    anomaly.add_argument(
        "--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], help="any setting, e.g. code.size=20 epochs=10"
    )
    anomaly.add_argument(
        "--threshold", metavar="RULE", default="mean+3", help="mean+3, quantile:0.99 or largest, of training scores"
    )
    anomaly.add_argument("--no-baselines", action="store_true", help="do not compare with scikit-learn's detectors")
    anomaly.add_argument(
        "--layout", choices=["detect", "rows", "long"], default="detect", help="one series a row, or one long series"
    )
    anomaly.add_argument(
        "--label", metavar="COLUMN", default="detect", help="detect, none, first, last, a header or a number from 1"
    )
    anomaly.add_argument("--header", choices=["detect", "yes", "no"], default="detect")
    anomaly.add_argument(
        "--missing", choices=["refuse", "interpolate", "drop"], default="refuse", help="what becomes of missing values"
    )
    anomaly.add_argument("--sample", action="store_true", help="take a part of a file that is too large")
    anomaly.add_argument(
        "--window", metavar="N", type=int, default=128, help="time steps of a window of a long series (usual: 128)"
    )
    anomaly.add_argument("--stride", metavar="N", type=int, default=32, help="time steps from one window to the next (usual: 32)")
    anomaly.add_argument(
        "--train-share", metavar="SHARE", type=float, default=0.5, help="of a long series, trained on (usual: 0.5)"
    )
    anomaly.add_argument(
        "--normalise", action="store_true", help="bring each series to mean 0 and standard deviation 1 by itself"
    )
    anomaly.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="for the run and its scores; must not hold one yet"
    )
    anomaly.add_argument("--threads", metavar="N", type=int, default=1, help="threads torch may use (usual: 1)")
    anomaly.set_defaults(command=_anomaly)
    return [anomaly]


def _anomaly(options: argparse.Namespace) -> dict[str, Any]:
    from aecore.anomaly.setting import classes_named, detector, usual_preset
    from aecore.metrics.anomaly import Threshold

    if options.threads < 1:
        raise UsageError("--threads must be at least 1.")
    try:
        rule = Threshold.parse(options.threshold)
    except ValueError as error:
        raise UsageError(str(error)) from None
    settings = settings_of(options.set)
    if taken := [name for name in ("data.name", "data.classes") if name in settings]:
        raise UsageError(f"--data and --normal say which data and classes: leave {taken[0]} out of --set.")
    name, notes = _data(options)
    found = card(name)
    normal = None
    if options.normal is not None:
        normal = classes_named(found, options.normal.split(","))
    elif found.is_labelled:
        normal = found.normal
    config = detector(name, normal, options.preset, settings)
    if not options.json:
        for note in notes:
            print(note)

    import torch

    from aecore.anomaly.export import scores_csv
    from aecore.anomaly.measuring import measure, measure_baselines
    from aecore.anomaly.results import add_baselines, keep
    from aecore.data.downloads import DataUnavailableError
    from aecore.data.kept import load_kept
    from aecore.recording import Recorder
    from aecore.runs import Run, replace_file

    try:
        run = Run.create(config, options.out, name=options.preset or usual_preset(found))
    except FileExistsError as error:
        raise UsageError(str(error)) from None
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    with bar_of(config.total_steps) as bar:
        status = Recorder(run, watch=lambda status: advance(bar, status)).record()
    if status.state == "failed":
        raise UsageError(status.reason)
    try:
        with bar_of(1000) as bar:
            tell = teller(bar)
            dataset = load_kept(config.with_settings({"data.classes": None}).data)
            report, cases = measure(run, dataset, rule=rule, poll=lambda done, what: tell(0.3 * done, what))
            keep(run, report, cases)
            if report.is_labelled and not options.no_baselines:
                found_others = measure_baselines(config, dataset, rule=rule, poll=lambda done, what: tell(0.3 + 0.7 * done, what))
                report = add_baselines(run, *found_others) or report
    except (DataUnavailableError, ValueError) as error:
        raise UsageError(str(error)) from None
    scores = run.folder / "scores.csv"
    first = report.scores[0]
    replace_file(scores, scores_csv(report, cases, found, first.threshold, first.name))
    if not options.json:
        _print(report, found, scores)
    return _result(report, run, config, found, scores, notes)


def _data(options: argparse.Namespace) -> tuple[str, tuple[str, ...]]:
    """The name of the data, kept first where they are a file, and what was understood of it."""
    path = Path(options.data)
    if options.data in CARDS and not path.is_file():
        if options.test is not None:
            raise UsageError(f"{options.data} has a test part of its own: leave --test out.")
        return options.data, ()
    if not path.is_file():
        if path.suffix or "/" in options.data:
            raise UsageError(f"There is no file {options.data}.")
        card(options.data)  # raises, with the nearest name

    from aecore.data.own_series import keep_series, notes_of
    from aecore.data.series_file import ReadOptions, SeriesFileError, read_series
    from aecore.data.series_preparing import Preparation

    reading = ReadOptions(options.layout, options.label, options.header, options.missing, options.sample)
    preparation = Preparation(options.window, options.stride, options.train_share, options.normalise)

    def read(which: Path, bar: Any) -> SeriesTable:
        try:
            return read_series(which, reading, poll=teller(bar))
        except SeriesFileError as error:
            raise UsageError(f"{which.name}: {error}") from None

    with bar_of(1000) as bar:
        table = read(path, bar)
    test = None
    if options.test is not None:
        if not options.test.is_file():
            raise UsageError(f"There is no file {options.test}.")
        with bar_of(1000) as bar:
            test = read(options.test, bar)
    try:
        name = keep_series(table, path.name, preparation, test, is_lasting=True)
    except SeriesFileError as error:
        raise UsageError(str(error)) from None
    return name, notes_of(name)


def _numbers(method: Method) -> dict[str, Any]:
    numbers: dict[str, Any] = {"threshold": method.threshold}
    for name in ("auroc", "average_precision"):
        area = getattr(method, name)
        numbers |= {name: None if area is None else area.value}
        numbers |= {f"{name}_interval": None if area is None else [area.low, area.high]}
    return numbers | {name: getattr(method, name) for name in ("accuracy", "precision", "recall", "f1")}


def _result(report: Report, run: Run, config: RunConfig, data: Card, scores: Path, notes: tuple[str, ...]) -> dict[str, Any]:
    shared = {
        "data": data.title,
        "folder": str(run.folder),
        "scores_file": str(scores),
        "threshold_rule": report.rule,
        "score": report.scores[0].name,
        "train_cases": report.train_cases,
        "test_cases": report.test_cases,
        "seconds": run.status.seconds,
        "notes": list(notes),
        "config": config.model_dump(mode="json"),
    }
    if not report.is_labelled:
        return shared | {"threshold": report.scores[0].threshold}
    return (
        _numbers(report.scores[0])
        | {"normal": [data.classes[each] for each in report.normal], "anomalous_cases": report.anomalous}
        | {"other_scores": {method.name: _numbers(method) for method in report.scores[1:]}}
        | {"baselines": {method.name: _numbers(method) for method in report.baselines}}
        | shared
    )


def _print(report: Report, data: Card, scores: Path) -> None:
    print(f"{report.test_cases:,} test cases of {data.title}, threshold: {report.rule} of training scores")
    if report.is_labelled:
        normal = ", ".join(data.classes[each] for each in report.normal)
        print(f"normal: {normal}; {report.anomalous:,} are anomalous")
        for method in (*report.scores, *report.baselines):
            numbers = _numbers(method)
            found = [f"{name} {numbers[name]:.4f}" if numbers[name] is not None else f"{name} –" for name in _SHOWN]
            print(f"  {method.title:<26} {'  '.join(found)}")
    else:
        print(f"threshold {report.scores[0].threshold:.6g}")
    print(f"The scores are in {scores}.")


_SHOWN = ("auroc", "average_precision", "accuracy", "precision", "recall")
