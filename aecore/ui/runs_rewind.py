"""The view Rewind: look back over the training of a run, and start again from a moment of it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from aecore.starting import address_of, find_start
from aecore.ui.address import USUAL_PRESET, Experiment, preset_of, write
from aecore.ui.brought_note import brought_note
from aecore.ui.experiment_state import hand_over
from aecore.ui.rewind_view import rewind
from aecore.ui.run_config import config_of
from aecore.ui.run_panel import unit_of
from aecore.ui.runs_views import REWOUND
from aecore.ui.start_banner import began_with

_TRAIN_PAGE = str(Path(__file__).resolve().parent.parent.parent / "pages" / "train.py")


def show() -> None:
    """The selector of a run, and its film."""
    run = REWOUND.choose()
    if run is None:
        st.info("There is no run to look back at yet: train one on the Train page.", icon=":material/history:")
        return
    config = config_of(run)
    if config is None:
        st.warning("The settings of this run cannot be read: choose another one.", icon=":material/warning:")
        return
    if words := began_with(run):
        st.caption(words)
    told = rewind(run, config, unit=unit_of(config), key="rewind")
    brought_note(run)
    if told.start is not None:
        _start_again(run.token, told.start)
    if told.state is not None:
        st.rerun()  # the selector says that it has ended, and the film has a stamp


def _start_again(token: str, step: int) -> None:
    """Open the Train page with the run's settings and the weights of that step."""
    start = find_start(address_of(token, step))
    config = None if start is None else config_of(start.run)
    if start is None or config is None:
        st.warning("The weights of that moment are not there any more: choose another one.", icon=":material/warning:")
        return
    experiment = Experiment(config, preset_of(start.run) or USUAL_PRESET, start=start.address)
    hand_over(experiment)
    st.switch_page(_TRAIN_PAGE, query_params=write(experiment))
