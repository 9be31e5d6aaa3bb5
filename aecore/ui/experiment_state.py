"""The experiment of a browser tab: from its address, else from where this tab was, else from what its person is training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from aecore.config import RunConfig
from aecore.presets import PRESETS
from aecore.runs import ACTIVE, runs_of
from aecore.ui import address, lesson, settings_form
from aecore.ui.run_config import config_of
from aecore.ui.server import person

_KEPT = "train_experiment"
_WRITTEN = "train_query"  # the query that this page wrote last
_EARLIER = "train_queries"  # the last ones that it wrote or was opened with
_EARLIER_KEPT = 100
_WIDGETS = "train_widgets"  # what the controls held then
_DECIDED = "train_decided"  # the next rerun shows what was kept, whatever address the browser still has
_PRESSED = ("train", "pause", "step", "stop", "use_digits")


def opened() -> tuple[address.Experiment, list[str]]:
    """The experiment to show now. The controls are filled whenever it did not come from them.

    That is when the page is opened or reloaded, when browser history or a link changes the address, and when the person
    comes back from another page.
    """
    query = lesson.without(st.query_params.to_dict())
    kept: address.Experiment | None = st.session_state.get(_KEPT)
    decided = st.session_state.pop(_DECIDED, False)
    if query and query != st.session_state.get(_WRITTEN) and not decided and not _out_of_date(query):
        _note(query)
        experiment, problems = address.read(query)
        show(experiment)
        return experiment, problems
    gone = []
    if kept is not None and settings_form.known_card(kept.config.data.name) is None:
        gone = ["The file that these settings are for is not on this server any more: upload it again."]
        kept = None
    if kept is None:
        kept = _running() or address.Experiment(PRESETS[address.USUAL_PRESET].config, address.USUAL_PRESET)
        show(kept)
    elif not settings_form.filled():
        show(kept)
    return kept, gone


def show(experiment: address.Experiment) -> None:
    """Make the page show this experiment."""
    st.session_state[_KEPT] = experiment
    st.session_state["set:preset"] = experiment.preset
    settings_form.fill(experiment.config)


def remember(experiment: address.Experiment) -> None:
    """Keep what the page shows now, in this tab and in its address."""
    st.session_state[_KEPT] = experiment
    query = address.write(experiment)
    if query != lesson.without(st.query_params.to_dict()):
        st.query_params.from_dict({**query, **lesson.parameters()})
    st.session_state[_WRITTEN] = query
    _note(query)
    st.session_state[_WIDGETS] = _widgets()


def shown() -> address.Experiment | None:
    """What the page showed last; None before it was opened."""
    kept: address.Experiment | None = st.session_state.get(_KEPT)
    return kept


def show_run(token: str, config: RunConfig) -> None:
    """Show another run, from the next rerun on, beside the settings that the controls have."""
    kept: address.Experiment = st.session_state[_KEPT]
    st.session_state[_KEPT] = address.Experiment(config, kept.preset, token, kept.start)
    st.session_state[_DECIDED] = True


def leave_run(settings: dict[str, Any]) -> None:
    """Show no run, and change these settings; to be called from a callback."""
    kept: address.Experiment = st.session_state[_KEPT]
    show(address.Experiment(kept.config.with_settings(settings), kept.preset, start=kept.start))
    st.session_state[_DECIDED] = True


def hand_over(experiment: address.Experiment) -> None:
    """Show this experiment when the Train page is opened next; to be called by another page right before it opens it."""
    show(experiment)
    st.session_state[_DECIDED] = True


def forget_start() -> None:
    """The next run begins with fresh weights; to be called from a callback."""
    st.session_state[_KEPT] = replace(st.session_state[_KEPT], start="")
    st.session_state[_DECIDED] = True


def _note(query: dict[str, str]) -> None:
    earlier: list[dict[str, str]] = st.session_state.setdefault(_EARLIER, [])
    if query not in earlier:
        earlier.append(query)
        del earlier[:-_EARLIER_KEPT]


def _out_of_date(query: dict[str, str]) -> bool:
    """Whether the browser named an address that it had before the last rerun, because somebody was quicker than that rerun.

    Every click brings along the address that the browser shows at that moment. Where a control was used, it is the control
    that counts, and an earlier address of this page is just late; where none was, the person went back in the history.
    """
    if query not in st.session_state.get(_EARLIER, []):
        return False
    live = st.session_state.get("live")
    told = live is not None and live.get("state") is not None
    return told or any(st.session_state.get(key) for key in _PRESSED) or st.session_state.get(_WIDGETS) != _widgets()


def _widgets() -> dict[str, Any]:
    return {str(key): value for key, value in st.session_state.items() if str(key).startswith("set:") or key == "compare"}


def _running() -> address.Experiment | None:
    for run in runs_of(person()):
        if run.status.state in ACTIVE and (config := config_of(run)) is not None:
            preset = address.preset_of(run)
            return address.Experiment(config, preset if preset in PRESETS else address.USUAL_PRESET, run.token)
    return None
