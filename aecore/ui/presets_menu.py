"""The preset selector, which fills every control at once."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from aecore.config_errors import ConfigError
from aecore.presets import PRESETS, Preset, for_data
from aecore.ui import lesson, settings_form

UNFIT = "preset_unfit"
"""Where it is kept why the preset that was just chosen could not have the data that was."""


def choose_preset(present: str) -> Preset:
    """The selector; choosing a preset puts its settings into the controls, but keeps the data that was chosen."""
    before = st.session_state["set:preset"]
    if lesson.hides("preset"):
        return PRESETS.get(before) or PRESETS[present]
    name = st.selectbox(
        "Preset",
        list(PRESETS),
        key="set:preset",
        format_func=lambda name: PRESETS[name].title if name in PRESETS else name,
        width=210,
        on_change=_apply,
        args=(before if before in PRESETS else present,),
        help="A well-known autoencoder to begin with. Change anything afterwards.",
    )
    return PRESETS.get(name) or PRESETS[present]


def _apply(before: str) -> None:
    """Fill the controls. before: the preset that they were filled with last."""
    name = st.session_state["set:preset"]
    if name not in PRESETS:
        return
    start = PRESETS[name].config
    kept = {key: value for key, value in settings_form.current().items() if lesson.keeps(key)}
    with suppress(ConfigError):  # what a lesson keeps may not go with this preset, which was chosen
        start = start.with_settings(kept)
    data = {key: value for key, value in settings_form.current().items() if key.startswith("data.")}
    chosen = settings_form.known_card(data["data.name"])
    if data["data.classes"] == PRESETS[before].config.data.classes:
        data["data.classes"] = None  # they came with the preset before, nobody chose them
    # What a preset learns from is part of what it is; but classes that somebody chose are kept like all else of the data.
    if data["data.classes"] is None and data["data.factor_steps"] is None and chosen is not None and chosen.is_labelled:
        data["data.classes"] = start.data.classes
    try:
        settings_form.fill(for_data(start, data))
    except ConfigError as error:
        # The sequences of somebody's own file may be too long, or too few, for it.
        settings_form.fill(start)
        st.session_state[UNFIT] = f"{PRESETS[name].title} does not fit these data, and is shown with others. {error.problems[0]}"
