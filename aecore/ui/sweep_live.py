"""The Live tab of the Disentangle page: all runs of a sweep side by side, while they train and afterwards."""

from __future__ import annotations

from typing import Any

import streamlit as st

from aecore.disentangle_numbers import TRAIN_POINTS
from aecore.moments import COLLAPSED_KL, MOST_PIXELS, REACH, STEPS_ACROSS
from aecore.sweep_colours import arm_colours
from aecore.sweep_config import NAMES, SYMBOLS
from aecore.sweeps import Sweep, overall_state
from aecore.ui.base_path import base_path
from aecore.ui.components import source

# The files of the browser's side, in the order in which they are joined into one module.
FILES = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "pixels.js",
    "curve.js",
    "network.js",
    "idle_work.js",
    "player.js",
    "sweep_series.js",
    "sweep_member.js",
    "sweep_feed.js",
    "sweep_moments.js",
    "sweep_weights.js",
    "sweep_marks.js",
    "sweep_plane.js",
    "sweep_plane_file.js",
    "sweep_traversals.js",
    "sweep_card.js",
    "sweep_clock.js",
    "mounting.js",
    "sweep_live.js",
)
MEASURED_LIVE = 2_000
"""MIG and SAP while a run trains are of so many pictures at most; see :mod:`aecore.moment_taking`, which needs torch."""

SHEETS = ("controls.css", "range.css", "save_chart.css", "sweep_live.css", "sweep_runs.css")

_SWEEP_LIVE = st.components.v2.component("sweep_live", html=source("sweep_live.html"), css=source(*SHEETS), js=source(*FILES))


def sweep_live(sweep: Sweep, *, key: str) -> str | None:
    """Show all runs of a sweep: reconstruction against KL, and of each run its code, its scores and its traversals.

    key: the view's identity; the same key keeps what the browser has already fetched.
    Returns the sweep's new state (see :func:`~aecore.sweeps.overall_state`), once, in the rerun that a change of state
    causes; None in every other rerun. Raises ConfigError where the sweep's folder cannot be read.
    """
    result = _SWEEP_LIVE(key=key, data=sweep_data(sweep), on_state_change=lambda: None)
    state: str | None = result.state
    return state


def sweep_data(sweep: Sweep) -> dict[str, Any]:
    """What the view is given: where to fetch from, the sweep's arms and runs, and what does not change while they train."""
    config = sweep.config
    channels, height, width = config.base.plan.input_shape
    colours = arm_colours(config.arms)
    members = sweep.members
    return {
        "base": base_path(),
        "token": sweep.token,
        "title": sweep.about.name or "Sweep",
        "state": overall_state([member.run.status.state for member in members]),
        "arms": [
            {
                "title": arm.title,
                "name": NAMES[arm.objective],
                "label": f"{SYMBOLS[arm.objective]} = {arm.value:g}",
                "objective": arm.objective,
                "colour": colours[arm],
            }
            for arm in config.arms
        ],
        "members": [{"token": member.run.token, "arm": config.arms.index(member.arm), "seed": member.seed} for member in members],
        "code_size": config.base.code.size,
        "collapsed_kl": COLLAPSED_KL,
        "picture": {"channels": channels, "height": height, "width": width},
        "across": STEPS_ACROSS,
        "reach": REACH,
        "most_pixels": MOST_PIXELS,
        "knows_factors": bool(config.base.card.factor_names),
        "measured_on": {"live": MEASURED_LIVE, "final": TRAIN_POINTS},
        "unit": f"{config.base.objective.unit} an image",
    }
