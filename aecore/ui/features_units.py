"""The units of one layer as pictures: what each responds to, how much it is used, and the pictures that excite it most."""

from __future__ import annotations

import streamlit as st

from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data

FILES = (
    "numbers.js",
    *SCRIPTS,
    "svg_pen.js",
    "save_chart.js",
    "curve.js",
    "features_units_layer.js",
    "features_units_space.js",
    "features_units_histogram.js",
    "features_units_mosaic.js",
    "features_units_unit.js",
    "features_units.js",
)
SHEETS = (*STYLES, "save_chart.css", "features_units.css")

_FEATURES_UNITS = st.components.v2.component(
    "features_units", html=source("features_units.html"), css=source(*SHEETS), js=source(*FILES)
)


def features_units(run: Run, *, depth: int, target: float | None, key: str) -> str | None:
    """Show the view; while the run is in training, it follows it.

    depth: which layer of the encoder, from 1, the first, to the last, the code. A depth that the network does not have is
        answered by a sentence.
    target: ρ, the mean activation that a penalty draws each unit to (:class:`~aecore.config_sections.ObjectiveConfig`); None
        where there is no such penalty.
    key: the view's identity.
    Returns the run's new state, once, in the rerun that a change of state causes; else None.
    """
    data = {"space": space_data(run), "depth": depth, "target": target}
    result = _FEATURES_UNITS(key=key, data=data, on_state_change=lambda: None)
    state: str | None = result.state
    return state
