"""The Arithmetic view: a picture's code, plus so much of the difference between the mean codes of two groups."""

from __future__ import annotations

import streamlit as st

from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data

FILES = ("numbers.js", *SCRIPTS, "picture_chooser.js", "groups.js", "latent_arithmetic.js")
SHEETS = (*STYLES, "latent_arithmetic.css")

_LATENT_ARITHMETIC = st.components.v2.component(
    "latent_arithmetic", html=source("latent_arithmetic.html"), css=source(*SHEETS), js=source(*FILES)
)


def latent_arithmetic(run: Run, *, key: str) -> str | None:
    """Show the view. Returns the run's new state, once, in the rerun that a change of state causes; else None."""
    result = _LATENT_ARITHMETIC(key=key, data={"space": space_data(run)}, on_state_change=lambda: None)
    state: str | None = result.state
    return state
