"""Figures hold the numbers that they are given, under names and colours that can be told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aecore.comparison_results import Comparison, QualityCurve, Row, Spread
from aecore.figures import NETWORK_COLOURS, Metric, quality_bars, quality_lines


def row(name: str, kind: str, psnr: float, ssim: float) -> Row:
    spreads = (Spread(psnr, 1.5, 0.1), Spread(ssim, 0.05, 0.01))
    return Row(name, name.title(), kind, {}, *spreads, psnr, 500, 1.0)  # type: ignore[arg-type]


ROWS = (
    row("nothing", "none", 9.0, 0.4),
    row("median", "classical", 14.0, 0.5),
    row("wavelet", "classical", 12.0, 0.6),
    row("one", "network", 20.0, 0.9),
    row("two", "network", 18.0, 0.8),
)
COMPARISON = Comparison("mnist", "gaussian", 0.5, 500, 0, ROWS)


@pytest.mark.parametrize(
    ("metric", "order", "best"),
    [
        ("psnr", ["Nothing", "Wavelet", "Median", "Two", "One"], 20.0),
        ("ssim", ["Nothing", "Median", "Wavelet", "Two", "One"], 0.9),
    ],
)
def test_bars_are_in_order_with_names_and_whiskers(metric: Metric, order: list[str], best: float) -> None:
    figure = quality_bars(COMPARISON, metric)
    (bars,) = figure.data
    assert list(bars.y) == order
    assert bars.x[-1] == best
    assert bars.error_x.array[-1] == (1.5 if metric == "psnr" else 0.05)
    colours = dict(zip(bars.y, bars.marker.color, strict=True))
    assert (colours["One"], colours["Two"]) == NETWORK_COLOURS[:2]
    assert colours["Median"] == colours["Wavelet"] != colours["Nothing"]
    assert [note.text.split("  ")[0] for note in figure.layout.annotations] == [
        f"<b>{name}</b>" if name in ("One", "Two") else name for name in order
    ]


def test_lines_go_through_the_means_and_can_be_told_apart() -> None:
    points = tuple(replace(COMPARISON, level=level) for level in (0.1, 0.5))
    figure = quality_lines(QualityCurve("mnist", "gaussian", points), "psnr")
    assert [line.name for line in figure.data] == [each.title for each in ROWS]
    assert all(list(line.x) == [0.1, 0.5] for line in figure.data)
    assert list(figure.data[3].y) == [20.0, 20.0]
    looks = {(line.line.color, line.line.dash) for line in figure.data}
    assert len(looks) == len(ROWS)
    assert "σ" in figure.layout.xaxis.title.text
    other = quality_lines(QualityCurve("mnist", "masking", points), "ssim")
    assert "Share" in other.layout.xaxis.title.text
