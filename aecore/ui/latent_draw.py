"""The Draw view: a drawing board, and what the network makes of the drawing at every move of the pen."""

from __future__ import annotations

import streamlit as st

from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data

FILES = (
    "numbers.js",
    *SCRIPTS,
    "quantile.js",
    "board.js",
    "drawn_picture.js",
    "loss_terms.js",
    "loss_table.js",
    "markers.js",
    "class_legend.js",
    "normal_distribution.js",
    "principal_axes.js",
    "plane.js",
    "map_window.js",
    "map_points.js",
    "svg_pen.js",
    "save_chart.js",
    "map_view.js",
    "latent_draw.js",
)
SHEETS = (*STYLES, "draw_digit.css", "markers.css", "map.css", "save_chart.css", "latent_draw.css")

_LATENT_DRAW = st.components.v2.component("latent_draw", html=source("latent_draw.html"), css=source(*SHEETS), js=source(*FILES))


def latent_draw(run: Run, *, key: str) -> str | None:
    """Show the view. Returns the run's new state, once, in the rerun that a change of state causes; else None."""
    result = _LATENT_DRAW(key=key, data={"space": space_data(run)}, on_state_change=lambda: None)
    state: str | None = result.state
    return state
