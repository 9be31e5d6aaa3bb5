"""The live view of a training run: the browser follows the run on its own, without a rerun of the page."""

from collections.abc import Mapping, Sequence

import streamlit as st

from aecore.stages import Stage
from aecore.ui.base_path import base_path
from aecore.ui.components import source
from aecore.ui.loss_words import EXPLANATIONS, LABELS, described

__all__ = ["EXPLANATIONS", "LABELS", "SCRIPTS", "STYLES", "described", "live_run"]

# The files of the browser's side, in the order in which they are joined into one module.
SCRIPTS = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "run_feed.js",
    "curve.js",
    "run_stages.js",
    "chart.js",
    "sequences.js",
    "pictures.js",
    "markers.js",
    "scatter.js",
    "mounting.js",
    "live_run.js",
)

STYLES = ("markers.css", "live_run.css", "run_stages.css", "save_chart.css")

_LIVE_RUN = st.components.v2.component("live_run", html=source("live_run.html"), css=source(*STYLES), js=source(*SCRIPTS))


def live_run(
    runs: Sequence[tuple[str, str]],
    *,
    state: str,
    key: str,
    nonce: int = 0,
    corrupted: bool = False,
    invitation: str = "",
    unit: str = "",
    labels: Mapping[str, str] | None = None,
    stages: Sequence[Stage] = (),
    shape: tuple[int, ...] = (1, 28, 28),
) -> str | None:
    """Show a run while it trains: its losses, its reconstructions and its codes, drawn as they come.

    runs: token and name of each run, none for an empty view; the first is shown in full, the others' losses are laid over
        its chart.
    state: the state of the first run as the page knows it.
    key: the view's identity; the same key keeps what the browser has already fetched.
    nonce: raise it to make the browser fetch everything again, for example after a finished run was resumed.
    corrupted: whether the first run corrupts its input, so that room for the corrupted pictures is kept from the start.
    invitation: what to say while there is no run.
    unit: what the losses of the first run are counted in.
    labels: names to show for terms of the objective, by column name without "train_" or "val_".
    stages: those of the first run, or while there is none of the one to come. More than one are listed, and lie behind its chart.
    shape: (channels, height, width) of the examples of the first run, or while there is none of the one to come; a sequence has
        height 1.
    Returns the first run's new state, once, in the rerun that a change of state causes; None in every other rerun.
    """
    result = _LIVE_RUN(
        key=key,
        data={
            "base": base_path(),
            "runs": [{"token": token, "name": name} for token, name in runs],
            "state": state,
            "nonce": nonce,
            "corrupted": corrupted,
            "invitation": invitation,
            "unit": unit,
            "labels": LABELS | dict(labels or {}),
            "explanations": EXPLANATIONS,
            "stages": described(stages),
            "shape": list(shape),
        },
        on_state_change=lambda: None,
    )
    new_state: str | None = result.state
    return new_state
