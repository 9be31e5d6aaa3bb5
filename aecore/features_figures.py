"""What a bottleneck lets through, and what features are good for, as plotly figures. Colours of things are the same in all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from aecore.bottleneck_results import ARMS, SPARSE_FROM, Arm, Bottleneck, BottleneckPoint
from aecore.probe_results import REPRESENTATIONS, Probe

Trace = dict[str, Any]

_LOOKS: Mapping[str, tuple[str, str, str, float]] = {
    "pca": ("#94a4a2", "diamond", "solid", 5),
    "linear": ("#bd1f01", "square-open", "dot", 2.5),
    "autoencoder": ("#3f90da", "circle", "solid", 2.5),
    "sparse": ("#832db6", "triangle-up", "dash", 2.5),
    "features": ("#3f90da", "circle", "solid", 2.5),
    "pixels": ("#e76300", "square", "dash", 2.5),
}
"""Colour, marker, line and its width: colour is never alone. The linear network's are open and dotted on PCA's broad ones: they
lie on each other, and both show."""
_HEIGHT = 400
_BELOW = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
_MARGIN = {"l": 8, "r": 12, "t": 12, "b": 96}
_SCALE = "Cividis"
"""Nuñez, Anderton and Renslow (2018), doi:10.1371/journal.pone.0199239: looks the same with and without colour blindness."""
_DARK_BELOW = 0.5
"""Share of that scale below which white is the more readable on it, and above which black is."""


def error_lines(study: Bottleneck) -> go.Figure:
    """Squared error per pixel on test pictures against the code size, a line for each arm; both axes logarithmic."""
    return _by_size(study, lambda point: point.mse, "Squared error per pixel")


def copying_lines(study: Bottleneck) -> go.Figure:
    """The same error on test pictures whose pixels have been shuffled: who copies can draw these too."""
    return _by_size(study, lambda point: point.noise_mse, "Squared error per pixel, shuffled pictures")


def compression_lines(study: Bottleneck) -> go.Figure:
    """PSNR (dB) against bytes per picture, on a logarithmic axis, a line for each arm."""
    traces = [
        _study_line(
            study,
            name,
            lambda point: (point.bytes_per_image, point.psnr, point.size),
            "%{customdata} numbers, %{x:,.0f} bytes: %{y:.2f} dB",
        )
        for name in _arms(study)
    ]
    # A picture as it is takes a byte a pixel.
    layout = _layout("Bytes per picture", "PSNR (dB)") | _mark(study.pixels, "the picture as it is")
    layout["xaxis"] |= _powers([point.bytes_per_image for point in study.points])
    return go.Figure({"data": traces, "layout": layout})


def accuracy_lines(probe: Probe) -> go.Figure:
    """Test accuracy (percent) against the number of labels, a line for each representation.

    Whiskers are ± one standard deviation over the draws of the labelled pictures. All labels stand at the right end.
    """
    places = [point.labels or probe.train_images for point in probe.points]
    traces = []
    for place, (name, title) in enumerate(REPRESENTATIONS.items()):
        spreads = [point.of(name) for point in probe.points]
        shift = 1.05 ** (place - 1)  # whiskers beside, not over, each other
        line = _line(
            name,
            title,
            [at * shift for at in places],
            [100 * spread.mean for spread in spreads],
            [f"{100 * spread.mean:.1f} % ± {100 * spread.deviation:.1f}" for spread in spreads],
            "%{customdata}",
        )
        whiskers = {"type": "data", "array": [100 * spread.deviation for spread in spreads], "thickness": 1.5, "width": 4}
        traces.append(line | {"error_y": whiskers})
    layout = _layout("Pictures with a label", "Test accuracy (percent)")
    words = [f"{point.labels:,}" if point.labels else f"all {probe.train_images:,}" for point in probe.points]
    layout["xaxis"] |= {"tickvals": places, "ticktext": words}
    return go.Figure({"data": traces, "layout": layout})


def confusion_map(probe: Probe, representation: str, names: Mapping[int, str]) -> go.Figure:
    """Of the pictures of each class (rows), how many were taken for each (columns), with all labels.

    Colours follow the square root of the share of the row, so that few mistakes are seen too. names: of the classes, counted
    from 0. Raises KeyError for a representation that was not measured.
    """
    counts = probe.confusion[representation]
    labels = [names[each] for each in probe.classes]
    shares = [[math.sqrt(count / max(1, sum(row))) for count in row] for row in counts]
    words = [
        f"{truth} taken for {taken}: {count} of {sum(row)}" if truth != taken else f"{truth} recognised: {count} of {sum(row)}"
        for truth, row in zip(labels, counts, strict=True)
        for taken, count in zip(labels, row, strict=True)
    ]
    size = len(labels)
    cells = {
        "type": "heatmap",
        "z": shares,
        "x": labels,
        "y": labels,
        "zmin": 0,
        "zmax": 1,
        "colorscale": _SCALE,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "customdata": [words[row * size : (row + 1) * size] for row in range(size)],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    written = [(x, y, count, share) for y, row, of in zip(labels, counts, shares, strict=True) for x, count, share in
               zip(labels, row, of, strict=True) if count]  # fmt: skip
    texts = {
        "type": "scatter",
        "x": [x for x, *_ in written],
        "y": [y for _, y, *_ in written],
        "text": [f"{count:,}" for _, _, count, _ in written],
        "mode": "text",
        "textfont": {
            "size": 13 if size <= 12 else 9,
            "color": ["#ffffff" if share < _DARK_BELOW else "#000000" for *_, share in written],
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "type": "category", "automargin": True}
    layout = {
        "height": max(240, min(640, 110 + 34 * size)),
        "margin": {"l": 8, "r": 8, "t": 40, "b": 8},
        "xaxis": axis | {"side": "top", "title": {"text": "Taken for", "standoff": 4}},
        "yaxis": axis | {"autorange": "reversed", "title": {"text": "Is", "standoff": 4}},
    }
    return go.Figure({"data": [cells, texts], "layout": layout})


def _by_size(study: Bottleneck, value: Callable[[BottleneckPoint], float], title: str) -> go.Figure:
    traces = [
        _study_line(study, name, lambda point: (point.size, value(point), None), "%{x:,} numbers: %{y:.5f}")
        for name in _arms(study)
    ]
    layout = _layout("Numbers in the code", title) | _mark(study.pixels, "as many as pixels")
    sizes = sorted({point.size for point in study.points} | set(study.sizes))
    layout["xaxis"] |= {"tickvals": sizes, "ticktext": [str(size) for size in sizes]}
    layout["yaxis"] |= {"type": "log"} | _round([value(point) for point in study.points])
    if sizes:
        # The whole range from the start: a chart that grows point by point then does not move.
        ends = (min(sizes[0], study.pixels), max(sizes[-1], study.pixels))
        layout["xaxis"] |= {"range": [math.log10(ends[0]) - 0.1, math.log10(ends[1]) + 0.1]}
    return go.Figure({"data": traces, "layout": layout})


def _arms(study: Bottleneck) -> list[Arm]:
    """Those that have points, PCA first: the others are drawn over it."""
    order: tuple[Arm, ...] = ("pca", "linear", "autoencoder", "sparse")
    return [name for name in order if study.of(name)]


def _study_line(study: Bottleneck, arm: Arm, place: Callable[[BottleneckPoint], tuple[float, float, Any]], hover: str) -> Trace:
    """An arm's line; `place` gives x, y and what else the hover shows. It breaks where the arm's network becomes another one."""
    places: list[tuple[float | None, float | None, Any]] = []
    smaller = 0
    for point in study.of(arm):
        if arm == "autoencoder" and 0 < smaller < SPARSE_FROM <= point.size:
            places.append((None, None, None))
        places.append(place(point))
        smaller = point.size
    across, up, beside = ([each[index] for each in places] for index in range(3))
    return _line(arm, ARMS[arm], across, up, beside, hover)


def _line(name: str, title: str, x: Sequence[float | None], y: Sequence[float | None], beside: list[Any], hover: str) -> Trace:
    colour, symbol, dash, width = _LOOKS[name]
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "name": title,
        "mode": "lines+markers",
        "line": {"color": colour, "dash": dash, "width": width},
        "marker": {"color": colour, "symbol": symbol, "size": 10, "line": {"width": 2, "color": colour}},
        "customdata": beside,
        "hovertemplate": f"{hover}<extra>{title}</extra>",
    }


def _layout(across: str, up: str) -> dict[str, Any]:
    return {
        "height": _HEIGHT,
        "margin": _MARGIN,
        "showlegend": True,
        "legend": _BELOW,
        "hovermode": "closest",
        "xaxis": {"title": {"text": across, "standoff": 6}, "type": "log", "automargin": True, "fixedrange": True},
        "yaxis": {
            "title": {"text": up, "standoff": 6},
            "automargin": True,
            "fixedrange": True,
        },
    }


def _mark(at: float, words: str) -> dict[str, Any]:
    """A line down through the chart at a place on its logarithmic axis."""
    line = {
        "type": "line",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"width": 1.5, "dash": "dot", "color": "#717581"},
    }
    text = {
        "x": math.log10(at),
        "y": 1,
        "yref": "paper",
        "xanchor": "right",
        "yanchor": "top",
        "text": f"{at:,.0f}: {words} ",
        "showarrow": False,
    }
    return {"shapes": [line], "annotations": [text]}


def _round(values: list[float]) -> dict[str, Any]:
    """Ticks at 1, 2 and 5 times powers of ten: plotly itself would write only their first digits."""
    positive = [value for value in values if value > 0]
    if not positive:
        return {}
    powers = range(math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive))) + 1)
    ticks = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return {"tickvals": ticks, "ticktext": [f"{tick:.5f}".rstrip("0").rstrip(".") for tick in ticks]}


def _powers(values: list[float]) -> dict[str, Any]:
    """Ticks at powers of four over what is shown, which are what code sizes are too."""
    if not values:
        return {}
    first, last = math.floor(math.log(min(values), 4)), math.ceil(math.log(max(values), 4))
    ticks = [4**power for power in range(max(0, first), last + 1)]
    return {"tickvals": ticks, "ticktext": [f"{tick:,}" for tick in ticks]}
