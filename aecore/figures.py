"""Results in, plotly figures out. Colours that mean something are the same as elsewhere; all else follows the page's theme."""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go

from aecore.comparison_results import Comparison, QualityCurve, Row, Spread

Metric = Literal["psnr", "ssim"]

NETWORK_COLOURS = ("#3f90da", "#ffa90e", "#bd1f01")
"""The first three of the theme's palette: a network has its place's colour here as in the live pictures."""
_CLASSICAL, _NOTHING = "#94a4a2", "#b9ac70"
_LINES = ("#832db6", "#a96b59", "#e76300", "#717581", "#92dadd", "#94a4a2")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_TITLES = {"psnr": "PSNR (dB)", "ssim": "SSIM"}


def quality_bars(comparison: Comparison, metric: Metric) -> go.Figure:
    """Every competitor's mean as a bar, best on top, with its standard deviation over the pictures as a whisker.

    Names stand above the bars, not beside them: on a phone they would leave no room for the bars.
    """
    rows = sorted(comparison.rows, key=lambda row: _spread(row, metric).mean)
    colours = _colours(comparison)
    figure = go.Figure(
        go.Bar(
            x=[_spread(row, metric).mean for row in rows],
            y=[row.title for row in rows],
            orientation="h",
            width=0.42,
            marker_color=[colours[row.name] for row in rows],
            error_x={
                "type": "data",
                "array": [_spread(row, metric).deviation for row in rows],
                "color": "rgba(128,128,128,0.9)",
                "thickness": 1.5,
                "width": 3,
            },
            customdata=[_number(_spread(row, metric).mean, metric) for row in rows],
            hovertemplate="%{y}: %{customdata} ± %{error_x.array:.2f} (standard deviation over the pictures)<extra></extra>",
        )
    )
    for row in rows:
        name = f"<b>{row.title}</b>" if row.kind == "network" else row.title
        figure.add_annotation(
            x=0,
            y=row.title,
            text=f"{name}  {_number(_spread(row, metric).mean, metric)}",
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            yshift=8,
            font={"size": 14},
        )
    figure.update_layout(
        height=70 + 44 * len(rows),
        margin={"l": 8, "r": 16, "t": 24, "b": 40},
        xaxis={"title": _TITLES[metric], "rangemode": "tozero"},
        yaxis={"visible": False},
    )
    return figure


def quality_lines(curve: QualityCurve, metric: Metric) -> go.Figure:
    """Mean quality against the strength of the noise, a line for each competitor; whiskers are standard errors of the mean."""
    figure = go.Figure()
    first = curve.points[0]
    colours = _colours(first)
    classical = 0
    for row in first.rows:
        points = [_spread(point.row(row.name), metric) for point in curve.points]
        network = row.kind == "network"
        colour, dash = colours[row.name], "solid"
        if row.kind == "classical":  # here they have to be told from each other
            colour, dash = _LINES[classical % len(_LINES)], _DASHES[classical % len(_DASHES)]
            classical += 1
        figure.add_scatter(
            x=curve.levels,
            y=[point.mean for point in points],
            error_y={"type": "data", "array": [point.error for point in points], "thickness": 1, "width": 2},
            name=row.title,
            mode="lines+markers",
            line={"color": colour, "width": 3.5 if network else 1.8, "dash": dash},
            marker={"size": 8 if network else 5},
            hovertemplate="%{y:.2f}<extra>" + row.title + "</extra>",
        )
    figure.update_layout(
        height=440,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={
            "title": "Standard deviation σ of the noise" if curve.kind == "gaussian" else "Share of pixels hit",
            "rangemode": "tozero",
        },
        yaxis={"title": _TITLES[metric]},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top"},
        hovermode="x unified",
    )
    return figure


def _spread(row: Row, metric: Metric) -> Spread:
    return row.psnr if metric == "psnr" else row.ssim


def _number(value: float, metric: Metric) -> str:
    return f"{value:.2f} dB" if metric == "psnr" else f"{value:.3f}"


def _colours(comparison: Comparison) -> dict[str, str]:
    networks = [row.name for row in comparison.networks]
    return {
        row.name: NETWORK_COLOURS[networks.index(row.name) % len(NETWORK_COLOURS)]
        if row.kind == "network"
        else (_NOTHING if row.kind == "none" else _CLASSICAL)
        for row in comparison.rows
    }
