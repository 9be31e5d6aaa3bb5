"""The Map view: where test pictures lie in the code space, and the picture of every place."""

from __future__ import annotations

import streamlit as st

from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data

# The map alone, for whoever shows one beside something else.
MAP = (
    "numbers.js",
    "normal_distribution.js",
    "principal_axes.js",
    "plane.js",
    "markers.js",
    "map_window.js",
    "map_points.js",
    "svg_pen.js",
    "save_chart.js",
    "map_view.js",
)
FILES = (*SCRIPTS, *MAP, "map_pointer.js", "map_grid.js", "map_path.js", "map_words.js", "map_controls.js", "latent_map.js")
SHEETS = (*STYLES, "markers.css", "map.css", "save_chart.css", "latent_map.css")

_LATENT_MAP = st.components.v2.component("latent_map", html=source("latent_map.html"), css=source(*SHEETS), js=source(*FILES))


def latent_map(run: Run, *, key: str) -> str | None:
    """Show the view. Returns the run's new state, once, in the rerun that a change of state causes; else None."""
    result = _LATENT_MAP(key=key, data={"space": space_data(run)}, on_state_change=lambda: None)
    state: str | None = result.state
    return state
