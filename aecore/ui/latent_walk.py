"""The Walk view: one slider for each number of the code, and the picture that follows."""

from __future__ import annotations

import streamlit as st

from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data

FILES = ("numbers.js", *SCRIPTS, "picture_chooser.js", "code_slider.js", "traversals.js", "latent_walk.js")
SHEETS = (*STYLES, "latent_walk.css")

_LATENT_WALK = st.components.v2.component("latent_walk", html=source("latent_walk.html"), css=source(*SHEETS), js=source(*FILES))


def latent_walk(run: Run, *, key: str) -> str | None:
    """Show the view. Returns the run's new state, once, in the rerun that a change of state causes; else None."""
    result = _LATENT_WALK(key=key, data={"space": space_data(run)}, on_state_change=lambda: None)
    state: str | None = result.state
    return state
