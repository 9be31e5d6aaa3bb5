"""What a sweep measured as plotly figures: each number against β or C, and what each code number knows of each factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.colors import sample_colorscale, unconvert_from_RGB_255, unlabel_rgb

from aecore.moments import COLLAPSED_KL
from aecore.sweep_config import NAMES, SYMBOLS, Arm
from aecore.sweep_html import GLYPHS
from aecore.sweep_table import LEAST_KNOWN, Cell, Column, Measured, Row

Trace = dict[str, Any]
Axis = dict[str, Any]

MARKERS: Mapping[str, str] = {"kl": "circle", "total-correlation": "square", "capacity": "diamond"}
"""Each objective's shape, as :data:`~aecore.sweep_html.GLYPHS` has it in text: colour is never alone."""
_APART = 1.12
"""Objectives at the same β stand beside each other, by this factor on the logarithmic axis: their whiskers would overlap."""
_SHOWN = 16
"""Rows of a heat map that can be read on a page; of a larger code these are the numbers of highest KL."""
_WIDTH, _HEAT_WIDTH, _ROW = 290, 208, 27
"""Pixels: figures of one size stand side by side, as many as there is room for, one on a phone. A page may stretch the charts."""
_SCALE = "Cividis"
"""Nuñez, Anderton and Renslow (2018), doi:10.1371/journal.pone.0199239: looks the same with and without colour blindness."""

CHARTS = (
    "Small marks are seeds, the line goes through their means, whiskers are ± one standard deviation over seeds. The whiskers of "
    "a single seed are its own 95 % interval, where it has one."
)
HEAT_MAPS = (
    "Percent of each factor's entropy that each number of the code knows (mutual information in 20 bins). Rows in the order of "
    "KL; bold: the number that carries the factor."
)


def chart_config(name: str) -> dict[str, object]:
    """Plotly's own button, which saves a figure as a PNG of three times its size, and no other."""
    return {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 3},
    }


def metric_chart(rows: Sequence[Row], column: Column, colours: Mapping[Arm, str]) -> go.Figure:
    """One number against β, on a logarithmic axis, and against C on an axis of its own where there are such runs.

    Small marks are seeds; the line goes through the means; whiskers are ± one standard deviation over seeds, or of a single run
    its own 95 % interval. rows: those without a value in this column are left out. colours: of each arm, as “#rrggbb”.
    """
    shown = [row for row in rows if column.name in row.cells]
    objectives = list(dict.fromkeys(row.arm.objective for row in shown))
    symbols = list(dict.fromkeys(SYMBOLS[objective] for objective in objectives)) or ["β"]
    beside = [objective for objective in objectives if SYMBOLS[objective] == "β"]
    traces = []
    for objective in objectives:
        mine = [row for row in shown if row.arm.objective == objective]
        place = symbols.index(SYMBOLS[objective])
        shift = _APART ** (beside.index(objective) - (len(beside) - 1) / 2) if objective in beside else 1.0
        xs = dict(zip((row.arm for row in mine), _places([row.arm for row in mine], shift), strict=True))
        axis = {"xaxis": f"x{place + 1 if place else ''}"}
        traces += [_seeds(mine, column, xs, colours) | axis, _means(objective, mine, column, xs, colours) | axis]
    axes = {
        f"xaxis{place + 1 if place else ''}": _axis(
            symbol, [row.arm for row in shown if SYMBOLS[row.arm.objective] == symbol], place / len(symbols), len(symbols)
        )
        for place, symbol in enumerate(symbols)
    }
    named = len(objectives) > 1
    bounded = column.judged or column.name == "udr"
    layout = {
        "title": {"text": column.title, "x": 0, "xanchor": "left", "y": 0.97, "yanchor": "top", "font": {"size": 16}},
        "width": _WIDTH,
        "height": 300 if named else 270,
        "margin": {"l": 8, "r": 8, "t": 40, "b": 70 if named else 44},
        "showlegend": named,
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "yaxis": {"automargin": True, "nticks": 6, "rangemode": "tozero" if bounded else "normal"},
        **axes,
    }
    return go.Figure({"data": traces, "layout": layout})  # in one go: plotly checks all of a figure at each change of it


def heat_map(run: Measured, colour: str) -> go.Figure:
    """The share (percent) of each factor's entropy that each code number knows, the numbers of highest KL on top.

    The cell of the number that carries a factor is bold. Collapsed numbers (KL below
    :data:`~aecore.moments.COLLAPSED_KL`) say so. colour: of the run's arm. Raises ValueError where nothing of factors was
    measured.
    """
    numbers = run.numbers
    if numbers is None or not numbers.factors:
        raise ValueError("A heat map needs the mutual information of code numbers and factors: measure MIG first.")
    order = (run.order or tuple(range(len(numbers.mutual_information))))[:_SHOWN]
    labels = [_label(run, code) for code in order]
    shares = [[numbers.known(code, factor) for factor in range(len(numbers.factors))] for code in order]
    cells = [
        (factor, label, share, numbers.carriers[place] == code and share >= LEAST_KNOWN)
        for code, label, row in zip(order, labels, shares, strict=True)
        for place, (factor, share) in enumerate(zip(numbers.factors, row, strict=True))
    ]
    cells_drawn = {
        "type": "heatmap",
        "z": shares,
        "x": list(numbers.factors),
        "y": labels,
        "colorscale": _SCALE,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "%{y} knows %{z:.1%} of %{x}<extra></extra>",
    }
    texts = {  # not the heat map's own: plotly writes some of those in grey on grey
        "type": "scatter",
        "x": [factor for factor, *_ in cells],
        "y": [label for _, label, *_ in cells],
        "text": [f"<b>{100 * share:.0f}</b>" if carries else f"{100 * share:.0f}" for *_, share, carries in cells],
        "mode": "text",
        "textfont": {"size": 13, "color": [_readable(share) for *_, share, _ in cells]},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    title = f"<span style='color:{colour}'>{GLYPHS[run.arm.objective]}</span> {run.arm.title}"
    layout = {
        "title": {"text": title, "x": 0, "xanchor": "left", "y": 0.98, "yanchor": "top", "font": {"size": 15}},
        "width": _HEAT_WIDTH,
        "height": 96 + _ROW * len(order),
        "margin": {"l": 92, "r": 4, "t": 88, "b": 8},
        "xaxis": {"side": "top", "tickangle": -40, "showgrid": False, "fixedrange": True, "type": "category"},
        "yaxis": {"autorange": "reversed", "showgrid": False, "fixedrange": True, "type": "category", "automargin": True},
    }
    return go.Figure({"data": [cells_drawn, texts], "layout": layout})


def _places(arms: Sequence[Arm], shift: float) -> list[float]:
    """Where the arms stand on the axis. A logarithm has no place for β = 0: it stands left of the smallest other."""
    least = min((arm.value for arm in arms if arm.value > 0), default=1.0)
    return [(arm.value or (0.0 if arm.objective == "capacity" else least / 4)) * shift for arm in arms]


def _axis(symbol: str, arms: Sequence[Arm], start: float, panels: int) -> Axis:
    values = dict(zip((f"{arm.value:g}" for arm in arms), _places(arms, 1.0), strict=True))
    return {
        "title": {"text": "C (nats)" if symbol == "C" else symbol, "standoff": 4},
        "domain": [start + (0.06 if start else 0), min(1.0, start + 1 / panels)],
        "automargin": True,
        "type": "linear" if symbol == "C" else "log",
        "tickvals": list(values.values()),
        "ticktext": list(values),
    }


def _seeds(rows: Sequence[Row], column: Column, xs: Mapping[Arm, float], colours: Mapping[Arm, str]) -> Trace:
    points = [
        (xs[row.arm], value, colours[row.arm], f"{row.arm.title}, seed {seed}")
        for row in rows
        if len(row.seeds) > 1
        for seed, value in zip(row.seeds, row.cells[column.name].values, strict=True)
    ]
    return {
        "type": "scatter",
        "x": [x for x, *_ in points],
        "y": [value for _, value, *_ in points],
        "mode": "markers",
        "marker": {
            "symbol": MARKERS[rows[0].arm.objective],
            "size": 6,
            "color": [colour for *_, colour, _ in points],
            "opacity": 0.6,
        },
        "customdata": [title for *_, title in points],
        "hovertemplate": f"%{{customdata}}: %{{y:.{column.decimals}f}}<extra></extra>",
        "showlegend": False,
    }


def _means(objective: str, rows: Sequence[Row], column: Column, xs: Mapping[Arm, float], colours: Mapping[Arm, str]) -> Trace:
    cells = [row.cells[column.name] for row in rows]
    reaches = [_reach(cell) for cell in cells]
    middle = colours[rows[len(rows) // 2].arm]
    return {
        "type": "scatter",
        "x": [xs[row.arm] for row in rows],
        "y": [cell.mean for cell in cells],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "arrayminus": [down for down, _ in reaches],
            "array": [up for _, up in reaches],
            "thickness": 1.5,
            "width": 4,
            "color": middle,
        },
        "mode": "lines+markers",
        "name": NAMES[objective],
        "line": {"color": middle, "width": 2},
        "marker": {"symbol": MARKERS[objective], "size": 11, "color": [colours[row.arm] for row in rows], "opacity": 1},
        "customdata": [f"{row.arm.title}: {cell.text(column.decimals)}" for row, cell in zip(rows, cells, strict=True)],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _reach(cell: Cell) -> tuple[float, float]:
    """How far the whisker goes down and up."""
    if len(cell.values) > 1:
        return cell.deviation, cell.deviation
    interval = cell.intervals[0]
    return (0.0, 0.0) if interval is None else (max(0.0, cell.mean - interval[0]), max(0.0, interval[1] - cell.mean))


def _readable(share: float) -> str:
    """Black or white, whichever has the higher contrast to a cell's colour (WCAG 2.1, relative luminance)."""
    (colour,) = sample_colorscale(_SCALE, [min(1.0, max(0.0, share))])
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in unconvert_from_RGB_255(unlabel_rgb(colour))
    ]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _label(run: Measured, code: int) -> str:
    if not run.kl:
        return f"z{code + 1}"
    return f"z{code + 1} collapsed" if run.kl[code] < COLLAPSED_KL else f"z{code + 1}  {run.kl[code]:.1f} nats"
