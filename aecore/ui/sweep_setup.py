"""The Set up tab of the Disentangle page: the controls, and the button that starts the sweep."""

from __future__ import annotations

import time

import streamlit as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.shape_grid import Grid
from aecore.engine import EngineError
from aecore.engine_errors import LimitReachedError
from aecore.runs import ACTIVE
from aecore.sweep_choices import PRESETS, Choices, sweep_name
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep, sweeps_of
from aecore.ui import problem, sweep_choice
from aecore.ui.server import engine, person
from aecore.ui.sweep_form import chosen_settings, come_back, fill, remember
from aecore.ui.sweep_time import show_time

_DOUBLE_CLICK = 2.0  # seconds in which a second press of Start with the same settings is taken for the first
_PROBLEM = "sweep_problem"


def setup() -> None:
    """The whole tab."""
    come_back()
    _presets()
    bar = st.container(key="sweep_start")
    chosen, problems = chosen_settings()
    config = None
    try:
        choices = Choices(**chosen)  # type: ignore[arg-type]
        config = None if problems else choices.config()
    except ConfigError as error:
        problems += error.problems
    except ValueError as error:  # of data that does not exist
        problems.append(str(error))
    with bar:
        _start_bar(config, problems)
    remember()


def _presets() -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_presets"):
        st.caption("Start from", width="content")
        for name, (title, summary, preset) in PRESETS.items():
            st.button(title, key=f"sweep_preset_{name}", help=summary, on_click=fill, args=(preset,))


def _start_bar(config: SweepConfig | None, problems: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Start" if config is None else f"Start {len(config.members)} runs"
        if st.button(label, type="primary", icon=":material/play_arrow:", key="sweep_go", disabled=config is None) and config:
            _start(config)
        if config is not None:
            show_time(config)
    problem.show_offer("setup")
    for sentence in [*problems, *([st.session_state.pop(_PROBLEM)] if _PROBLEM in st.session_state else [])]:
        st.error(sentence, icon=":material/error:")
    if config is not None:
        st.caption(_amount(config.base))


def _amount(base: RunConfig) -> str:
    """How much a run learns from, and what is held out; of a small grid, how many different pictures that are."""
    card = base.card
    passes = "once" if base.epochs == 1 else f"{base.epochs} times"
    held_out, different = card.test, ""
    if card.factor_names:
        train, _, held_out = Grid(base.data.factor_steps).split_sizes(card.train, card.validation, card.test)
        different = f" ({train:,} different ones)" if train < base.train_size else ""
    return (
        f"{base.total_steps:,} steps each: {passes} through {base.train_size:,} pictures{different}, {base.batch_size} a step. "
        f"Held out for the test: {held_out:,}. {base.plan.parameters:,} parameters."
    )


def _start(config: SweepConfig) -> None:
    try:
        sweep = _just_made(config) or engine().submit_sweep(config, owner=person(), name=sweep_name(config))
        sweep_choice.show(sweep.token)
    except LimitReachedError as error:
        problem.note(error)
    except EngineError as error:
        st.session_state[_PROBLEM] = str(error)
    st.rerun()


def _just_made(config: SweepConfig) -> Sweep | None:
    """The sweep of the first press of a double click, whose rerun the second press has cut off."""
    newest = next(iter(sweeps_of(person())), None)
    if newest is None or time.time() - newest.about.created > _DOUBLE_CLICK or newest.config != config:
        return None
    return newest if any(run.status.state in ACTIVE for run in newest.runs) else None
