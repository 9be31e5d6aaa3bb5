"""How well detectors do, as a plotly figure."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from aecore.anomaly.results import Method

_OURS, _OTHERS = "#3f90da", "#94a4a2"
"""As wherever the network and what is compared with it stand side by side."""


def areas_chart(ours: Sequence[Method], others: Sequence[Method]) -> go.Figure:
    """AUROC of each, the best above, with whiskers over its 95 % interval. Those whose area is not defined are left out."""
    rows = [
        (method, colour, mark)
        for methods, colour, mark in ((ours, _OURS, "circle"), (others, _OTHERS, "diamond"))
        for method in methods
        if method.auroc is not None
    ]
    rows.sort(key=lambda row: row[0].auroc.value if row[0].auroc is not None else 0.0)
    traces = []
    for method, colour, mark in rows:
        area = method.auroc
        assert area is not None
        traces.append(
            {
                "type": "scatter",
                "x": [area.value],
                "y": [method.title],
                "mode": "markers+text",
                "text": [f"{area.value:.3f}"],
                "textposition": "top center",
                "cliponaxis": False,
                "marker": {"color": colour, "symbol": mark, "size": 12},
                "error_x": {
                    "type": "data",
                    "array": [area.high - area.value],
                    "arrayminus": [area.value - area.low],
                    "color": colour,
                    "thickness": 2,
                    "width": 6,
                },
                "hovertemplate": f"{method.title}: {area.value:.4f}<br>95 % interval {area.low:.4f} to "
                f"{area.high:.4f}<extra></extra>",
                "showlegend": False,
            }
        )
    layout = {
        "height": 90 + 52 * max(1, len(rows)),
        "margin": {"l": 8, "r": 24, "t": 28, "b": 8},
        "xaxis": {"title": {"text": "AUROC"}, "automargin": True},
        "yaxis": {"automargin": True},
    }
    return go.Figure({"data": traces, "layout": layout})
