"""The curves of several runs in one chart, also while some of them are in training."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.ui.components import source
from aecore.ui.live_view import EXPLANATIONS, LABELS

SCRIPTS = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "run_feed.js",
    "curve.js",
    "run_stages.js",
    "chart.js",
    "mounting.js",
    "compare_curves.js",
)
STYLES = ("live_run.css", "save_chart.css", "compare_curves.css")

_CURVES = st.components.v2.component(
    "compare_curves", html=source("compare_curves.html"), css=source(*STYLES), js=source(*SCRIPTS)
)


def compare_curves(runs: Sequence[tuple[str, str]], *, unit: str, base: str, key: str) -> None:
    """Show the losses of runs, given by token and name, in the colours that :func:`run_colours` says.

    unit: what they are counted in, "" where that is not the same for all. base: the path that the app is served under.
    """
    _CURVES(
        key=key,
        data={
            "base": base,
            "runs": [{"token": token, "name": name} for token, name in runs],
            "unit": unit,
            "labels": dict(LABELS),
            "explanations": EXPLANATIONS,
        },
    )


def run_colours(count: int) -> list[str]:
    """The colours of runs beside each other, as CSS; the browser's side has the same."""
    palette = st.get_option("theme.light.chartCategoricalColors")
    return [palette[index % len(palette)] for index in range(count)]
