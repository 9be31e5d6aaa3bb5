"""The time machine: the training of a run as a film that the browser has whole, and scrubs through by itself."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from aecore.config import RunConfig
from aecore.runs import Run
from aecore.ui.base_path import base_path
from aecore.ui.components import source
from aecore.ui.film_route import stamp_of
from aecore.ui.loss_words import EXPLANATIONS, LABELS

# The files of the browser's side, in the order in which they are joined into one module.
FILES = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "pixels.js",
    "curve.js",
    "run_stages.js",
    "chart.js",
    "sequences.js",
    "pictures.js",
    "markers.js",
    "scatter.js",
    "player.js",
    "rewind_film.js",
    "rewind_player.js",
    "rewind_filters.js",
    "rewind_gif.js",
    "mounting.js",
    "rewind.js",
)
SHEETS = ("markers.css", "live_run.css", "range.css", "save_chart.css", "rewind.css")

_REWIND = st.components.v2.component("rewind", html=source("rewind.html"), css=source(*SHEETS), js=source(*FILES))


class Told(NamedTuple):
    """What the view tells, each once: the state of a run that has ended, and the step from which to start again."""

    state: str | None
    start: int | None


def rewind(run: Run, config: RunConfig, *, unit: str, key: str) -> Told:
    """Show the film of a run. unit: what its losses are counted in."""
    result = _REWIND(
        key=key,
        data={
            "film": {"base": base_path(), "token": run.token, "stamp": stamp_of(run), "state": run.status.state},
            "words": {"unit": unit, "labels": LABELS, "explanations": EXPLANATIONS},
        },
        on_state_change=lambda: None,
        on_start_change=lambda: None,
    )
    start = result.start
    return Told(result.state, int(start) if isinstance(start, int | float) and 0 <= start < 1e12 else None)
