"""The numbers of a code space as plotly figures."""

from __future__ import annotations

import plotly.graph_objects as go

from aecore.latent_numbers import LatentNumbers

_ACTIVE, _COLLAPSED, _LINE = "#3f90da", "#94a4a2", "#832db6"
_SHOWN = 64
"""Bars that can be told from each other on a page; the rest of a large code is added up in a sentence."""


def use_bars(numbers: LatentNumbers) -> go.Figure:
    """How much each code number is used, the most used first: its KL in nats, or without a prior the variance of its codes."""
    values = numbers.variance if numbers.kl is None else numbers.kl
    order = sorted(range(len(values)), key=lambda k: -values[k])[:_SHOWN]
    figure = go.Figure()
    for wanted, name, colour in ((True, "Active", _ACTIVE), (False, "Collapsed", _COLLAPSED)):
        shown = [k for k in order if numbers.active[k] is wanted]
        if shown:
            figure.add_bar(
                x=[f"z{k + 1}" for k in shown],
                y=[values[k] for k in shown],
                name=name,
                marker_color=colour,
                customdata=[numbers.variance[k] for k in shown],
                hovertemplate="%{x}: %{y:.3f}, variance of the mean %{customdata:.4f}<extra></extra>",
            )
    figure.update_layout(
        height=320,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"categoryorder": "array", "categoryarray": [f"z{k + 1}" for k in order], "title": "Number of the code"},
        yaxis={"title": "Variance of the codes" if numbers.kl is None else "KL from the prior (nats)", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        bargap=0.25,
    )
    return figure


def bound_line(numbers: LatentNumbers) -> go.Figure:
    """The importance-weighted bound against the number of samples; whiskers are standard errors over the pictures."""
    bounds = numbers.bounds
    figure = go.Figure(
        go.Scatter(
            x=[bound.samples for bound in bounds],
            y=[bound.mean for bound in bounds],
            error_y={"type": "data", "array": [bound.error for bound in bounds], "thickness": 1.2, "width": 4},
            mode="lines+markers",
            line={"color": _LINE, "width": 3},
            marker={"size": 8},
            hovertemplate="K = %{x}: %{y:.2f} ± %{error_y.array:.2f} nats<extra></extra>",
        )
    )
    samples = [bound.samples for bound in bounds]
    powers = [10**power for power in range(6) if 10**power <= samples[-1]]
    figure.update_layout(
        height=320,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={
            "title": "Samples K for each picture",
            "type": "log",
            "tickvals": sorted({*powers, samples[-1]}) if len(samples) > 1 else samples,
        },
        yaxis={"title": "Bound of log p(x) (nats)"},
        showlegend=False,
    )
    return figure
