"""Start training from a form of a page that has others beside the Train page's."""

from __future__ import annotations

import time

import streamlit as st

from aecore.config import RunConfig
from aecore.engine import EngineError
from aecore.presets import PRESETS
from aecore.runs import ACTIVE, Run, runs_of
from aecore.ui import address, lesson, problem, run_panel
from aecore.ui.run_choice import RunChoice, config_of
from aecore.ui.server import engine, person
from aecore.ui.wish import Wish

PRESSED = Wish("pressed")
"""The key of the button Train that was pressed; a page settles it at its end."""

_DOUBLE_CLICK = 5.0  # seconds in which a second press of Train with the same settings is taken for the first
_LOOKED_AT = 20  # newest runs of a person among which one is looked for that need not be made again


def train_button(key: str, config: RunConfig | None) -> bool:
    """The button Train, of use where there is a configuration; whether it was pressed and :func:`start` is still to be called.

    A press is a wish (:mod:`aecore.ui.wish`), for the rerun that it causes may be cut off before it gets here.
    """
    st.button(
        "Train", type="primary", icon=":material/play_arrow:", key=key, disabled=config is None, on_click=PRESSED.ask, args=(key,)
    )
    return config is not None and PRESSED.value == key


def start(choice: RunChoice, config: RunConfig, base: str, beside: RunConfig | None = None, shown: Run | None = None) -> None:
    """Train this, and show it in its tab. Ends the rerun.

    base: name of the preset that it started from. beside: a run to compare it with, made too unless the person has it.
    shown: a run that is shown in its place.
    """
    try:
        made = _just_made(config) or _submit(config, base)
        choice.show((shown or made).token)
        if beside is not None and _made_before(beside) is None:
            _submit(beside, base)
    except EngineError as error:
        problem.note(error)
    PRESSED.settle()
    st.rerun()


def _made_before(config: RunConfig) -> Run | None:
    """A run of the person with this configuration that ended well or is under way: it would become the same again."""
    mine = [run for run in runs_of(person())[:_LOOKED_AT] if config_of(run) == config]
    return next((run for run in mine if run.status.state in (*ACTIVE, "finished")), None)


def settings_link(config: RunConfig, base: str, train_page: str) -> None:
    """A link to the Train page with this configuration, where everything can be set."""
    query = address.write(address.Experiment(config, base))
    lesson.page_link(train_page, label="All settings", icon=":material/tune:", query_params=query)


def _submit(config: RunConfig, base: str) -> Run:
    return engine().submit(config, owner=person(), name=run_panel.run_name(config, PRESETS[base]))


def _just_made(config: RunConfig) -> Run | None:
    """The run of the first press of a double click, whose rerun the second press has cut off."""
    for run in runs_of(person())[:2]:
        if config_of(run) == config and run.status.state in ACTIVE and time.time() - run.about.created < _DOUBLE_CLICK:
            return run
    return None
