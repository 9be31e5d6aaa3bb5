"""The Train page's banner about the weights that the next run begins with."""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.runs import Run
from aecore.starting import find_start, misfit
from aecore.ui.address import Experiment
from aecore.ui.experiment_state import forget_start
from aecore.ui.plain_words import escaped
from aecore.ui.run_config import config_of


def show_start(experiment: Experiment, config: RunConfig | None) -> None:
    """Say which weights the next run begins with, and whether they fit its settings; nothing where it begins afresh."""
    if not experiment.start:
        return
    reason = why_not(experiment, config)
    start = find_start(experiment.start)
    with st.container(horizontal=True, vertical_alignment="center", key="start_banner"):
        if start is not None and not reason:
            st.info(
                f"Begins with the weights of **{escaped(start.name)}** at step {start.step:,} ({start.precision}).",
                icon=":material/history:",
                width="stretch",
            )
        else:
            what = f"The weights of step {start.step:,} do not fit these settings. " if start is not None else ""
            then = " Set that back, or begin from scratch." if start is not None else " Begin from scratch."
            st.warning(f"{what}{escaped(reason)}{then}", icon=":material/history_toggle_off:", width="stretch")
        st.button(
            "Begin from scratch",
            key="forget_start",
            icon=":material/close:",
            on_click=forget_start,
            help="Forget these weights: the next run then begins with random ones, drawn from its seed.",
        )


def why_not(experiment: Experiment, config: RunConfig | None) -> str:
    """Why the next run cannot begin with the weights that are chosen, as a sentence; "" where it can, or begins afresh."""
    if not experiment.start or config is None:
        return ""
    start = find_start(experiment.start)
    source = None if start is None else config_of(start.run)
    return "The weights to begin with are not on this server any more." if source is None else misfit(config, source)


def began_with(run: Run) -> str:
    """Of a run that began with another one's weights, a sentence that says so; "" of all others."""
    words = run.about.start
    return f"It began with the weights of {escaped(words)}." if words else ""
