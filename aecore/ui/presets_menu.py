"""The preset selector, which fills every control at once."""

from __future__ import annotations

import streamlit as st

from aecore.presets import PRESETS, Preset, for_data
from aecore.ui import settings_form


def choose_preset(present: str) -> Preset:
    """The selector; choosing a preset puts its settings into the controls, but keeps the data that was chosen."""
    name = st.selectbox(
        "Preset",
        list(PRESETS),
        key="set:preset",
        format_func=lambda name: PRESETS[name].title if name in PRESETS else name,
        width=210,
        on_change=_apply,
        help="A well-known autoencoder to begin with. Change anything afterwards.",
    )
    return PRESETS.get(name) or PRESETS[present]


def _apply() -> None:
    name = st.session_state["set:preset"]
    if name in PRESETS:
        data = {key: value for key, value in settings_form.current().items() if key.startswith("data.")}
        settings_form.fill(for_data(PRESETS[name].config, data))
