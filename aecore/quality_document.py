"""Writes measured quality into a document in sections: each has its own heading, command, date and machine. No torch."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Collection, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from aecore.comparison_results import Comparison, Row
from aecore.metrics.picture_quality import PSNR_CAP
from aecore.runs import replace_file

TITLE = "# How well noise is taken away\n\nMade by commands, not by hand: each section names its own.\n"

NOISE_TITLES = {
    "gaussian": "Gaussian, σ = {0:g}",
    "masking": "Dropped pixels, {1:g} %",
    "patches": "Dropped squares, {1:g} %",
    "salt-and-pepper": "Salt and pepper, {1:g} %",
    "mixed": "One of the four, level {0:g}",
}


def put_section(path: Path, name: str, text: str, title: str = TITLE) -> None:
    """Put a section into the document, in the place of the one of that name; the other sections stay as they are.

    title: what a document that does not exist yet begins with.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{text.strip()}\n{end}\n"
    document = path.read_text(encoding="utf-8") if path.is_file() else title
    present = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}\n?", re.DOTALL)
    if present.search(document):
        document = present.sub(lambda _: section, document, count=1)
    else:
        document = f"{document.rstrip()}\n\n{section}"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, document)


def provenance(command: str, minutes: float) -> str:
    """When, with what command, on what machine and with what versions something was measured."""
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", "scikit-image", "scipy", "numpy"))
    machine = f"{os.cpu_count()} cores, {_processor()}, {platform.system()}"
    return f"Measured on {date.today().isoformat()} in {minutes:.1f} minutes with `{command}`; {machine}; {versions}."


def _processor() -> str:
    """The processor's name where the system tells it, else its family."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return (found.group(1) if found else platform.processor() or platform.machine()).strip()


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: Collection[int] = (0,)) -> str:
    """A table; columns of numbers are aligned on the right, those with their place in `texts` on the left."""
    rule = ["---" if place in texts else "---:" for place in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def noise_title(kind: str, level: float) -> str:
    """“Gaussian, σ = 0.5”, “Dropped pixels, 50 %”."""
    return NOISE_TITLES[kind].format(level, 100 * level)


def digits_section(title: str, comparisons: Sequence[Comparison], measured: str) -> str:
    """The section on one data set of small pictures: PSNR of the best, the networks' gains, and every method on every noise."""
    parts = [f"## {title}", measured, _explanation(comparisons), "### In short", _summary(comparisons)]
    if comparisons[0].networks:
        parts += ["### Gain of the networks", _gains_explained(), _gains(comparisons)]
    parts.append("### Every method")
    for comparison in comparisons:
        parts += [f"#### {noise_title(comparison.kind, comparison.level)}", _all_rows(comparison)]
    return "\n\n".join(parts)


def _explanation(comparisons: Sequence[Comparison]) -> str:
    rows = [row for comparison in comparisons for row in comparison.rows]
    tuned_on = max(row.tuned_on for row in rows)
    error = max(row.psnr.error for row in rows if row.name != "nothing")
    pictures = comparisons[0].images + comparisons[0].untouched
    return (
        f"Every method gets the same noisy pictures: the first {pictures:,} test pictures, which no network was trained on and "
        f"no parameter was tuned on. Where a kind of noise leaves some of them as they are, those are left out. The parameters "
        f"of each classical method are those of highest mean PSNR on {tuned_on:,} validation pictures (100 at most for "
        f"non-local means, which is slow) with the same kind and level of noise. All results are clipped to 0..1.\n\n"
        f"PSNR in dB (peak 1) and SSIM (Wang et al. 2004) are given as mean ± standard deviation over pictures; the standard "
        f"error of a mean PSNR is at most {error:.2f} dB. A picture's PSNR counts as {PSNR_CAP:.1f} dB at most (the error of "
        f"rounding to 256 levels). “All pictures” is the PSNR of the mean squared error of all pictures."
    )


def _gains_explained() -> str:
    return (
        "Mean PSNR of a network minus that of the best classical method: of the usual list (median, blur, total variation, "
        "non-local means, wavelet, and PCA with as many numbers as this network's code) / of all here. Beyond the list are "
        "PCA with another number of components, and a blur whose grey levels are stretched afterwards. The stretch shows how "
        "much of the error is brightness alone: clipped noise turns black into grey and dropped pixels turn white into grey, "
        "which a filter leaves and a network learns to undo."
    )


def _summary(comparisons: Sequence[Comparison]) -> str:
    networks = comparisons[0].networks
    head = ["Noise", "Noisy", "Best of the usual list", "Best classical of all", *(row.title for row in networks)]
    rows = []
    for one in comparisons:
        best = [f"{row.psnr.mean:.2f} ({row.title})" for row in (one.best_classical(listed_only=True), one.best_classical())]
        answers = [f"{one.row(row.name).psnr.mean:.2f}" for row in networks]
        rows.append([noise_title(one.kind, one.level), f"{one.row('nothing').psnr.mean:.2f}", *best, *answers])
    return markdown_table(head, rows)


def _gains(comparisons: Sequence[Comparison]) -> str:
    networks = comparisons[0].networks
    rows = []
    for one in comparisons:
        best = one.best_classical().psnr.mean
        cells = []
        for row in (one.row(network.name) for network in networks):
            listed = one.best_classical(listed_only=True, numbers=row.numbers).psnr.mean
            cells.append(f"{row.psnr.mean - listed:+.2f} / {row.psnr.mean - best:+.2f}")
        rows.append([noise_title(one.kind, one.level), *cells])
    return markdown_table(["Noise", *(row.title for row in networks)], rows)


def _all_rows(comparison: Comparison) -> str:
    note = f"Left out: {comparison.untouched:,} pictures that the noise did not change; {comparison.images:,} remain.\n\n"
    head = ["Method", "PSNR", "SSIM", "All pictures", "Settings"]
    return (note if comparison.untouched else "") + markdown_table(
        head, [_cells(row) for row in comparison.rows], texts=(0, len(head) - 1)
    )


def _cells(row: Row) -> list[str]:
    return [
        row.title,
        f"{row.psnr.mean:.2f} ± {row.psnr.deviation:.2f}",
        f"{row.ssim.mean:.3f} ± {row.ssim.deviation:.3f}",
        f"{row.psnr_of_mean_error:.2f}",
        row.parameters_in_words,
    ]
