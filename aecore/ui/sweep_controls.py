"""Steering a sweep as a whole: how far all its runs are, how long they still need, pause, go on, stop, delete."""

from __future__ import annotations

import time
from collections import Counter

import streamlit as st

from aecore.engine import EngineError
from aecore.limits import DELETED_KEPT
from aecore.runs import ACTIVE, Run
from aecore.sweep_estimate import duration, seconds_left
from aecore.sweeps import Sweep, find_sweep
from aecore.ui.run_panel import show_problem
from aecore.ui.server import engine, person
from aecore.ui.sweep_choice import show_another, state_of
from aecore.ui.sweep_measuring import stop_measuring
from aecore.ui.ticking import tick

_NAMED = 3  # runs that are named before “and … more”
_SETTLED = 1.0  # seconds after which the engine knows what a worker wrote
_EVERY = 2.0  # seconds between two looks at a sweep under way
_WORDS = {
    "running": "in training",
    "preparing": "getting ready",
    "queued": "waiting",
    "paused": "paused",
    "stopped": "stopped",
    "interrupted": "interrupted",
    "failed": "failed",
    "finished": "finished",
}


def sweep_controls(sweep: Sweep) -> None:
    """Progress and buttons while there is something to steer; a way to delete it, where it is the person's own and over."""
    state = state_of(sweep)
    show_problem()
    if state == "finished":
        if sweep.about.owner == person():
            _delete_button(sweep)
        return
    _panel(sweep.token, state)


@st.fragment  # so that the page is not drawn again for a number
def _panel(token: str, before: str) -> None:
    sweep = find_sweep(token)
    if sweep is None or state_of(sweep) != before:
        st.rerun()  # the selector's words, the buttons and the other tabs depend on it
    statuses = [(run, run.status) for run in sweep.runs]
    done = sum(status.step for _, status in statuses)
    total = sum(status.steps for _, status in statuses)
    under_way = [run for run, status in statuses if status.state in ACTIVE]
    counts = Counter(status.state for _, status in statuses)
    parts = [f"{counts[state]} {word}" for state, word in _WORDS.items() if counts[state]]
    moving = counts["running"] + counts["preparing"] + counts["queued"]
    left = seconds_left(under_way, engine().slots) if moving else None
    if left:
        parts.append(f"about {duration(left)} left")
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_controls"):
        st.progress(min(1.0, done / total) if total else 0.0, f"{len(statuses)} runs: {', '.join(parts)}", width=460)
        if sweep.about.owner == person():
            _buttons(sweep, under_way)
    for sentence in why_failed(sweep):
        st.error(sentence, icon=":material/error:")
    for sentence in what_is_said(sweep):
        st.info(sentence, icon=":material/info:")
    if sweep.active:
        tick(_EVERY, key="sweep_controls_tick")


def why_failed(sweep: Sweep) -> list[str]:
    """Why runs failed, each reason once, after the names of the runs that failed so."""
    return _reasons(sweep, failed=True)


def what_is_said(sweep: Sweep) -> list[str]:
    """What there is to say of runs that have not failed, each sentence once: the disk is full, or their time was up."""
    return _reasons(sweep, failed=False)


def _reasons(sweep: Sweep, *, failed: bool) -> list[str]:
    runs: dict[str, list[str]] = {}
    for member in sweep.members:
        status = member.run.status
        if status.reason and (status.state == "failed") == failed:
            runs.setdefault(status.reason, []).append(f"{member.arm.title}, seed {member.seed}")
    return [f"{_some(names)}: {reason}" for reason, names in runs.items()]


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _buttons(sweep: Sweep, under_way: list[Run]) -> None:
    moving = any(run.status.state != "paused" for run in under_way)
    # One button under one key, so that the keyboard's focus stays on it.
    st.button(
        "Pause all" if moving else "Go on",
        icon=":material/pause:" if moving else ":material/resume:",
        key="sweep_pause",
        disabled=not moving and not any(_goes_on(run) for run in sweep.runs),
        on_click=_do,
        args=("pause" if moving else "resume", sweep.token),
        help="All runs halt after their present step."
        if moving
        else "All that did not come to their end go on where they were saved last, or begin again where they were not.",
    )
    st.button(
        "Stop all",
        icon=":material/stop:",
        key="sweep_stop",
        disabled=not under_way,
        on_click=_do,
        args=("stop", sweep.token),
        help="All runs end where they stand. What they have learned is kept, and they can go on later.",
    )
    if not under_way:
        _delete_button(sweep)


def _delete_button(sweep: Sweep) -> None:
    with st.popover("Delete", icon=":material/delete:", key="sweep_delete", help="Takes this sweep away."):
        st.markdown(
            f"All {len(sweep.members)} runs and what was measured of them are removed. "
            f"For {DELETED_KEPT / 3600:.0f} hours they can be brought back on the Runs page, under “Recently deleted”."
        )
        st.button(
            "Delete this sweep", icon=":material/delete_forever:", key="sweep_delete_sure", on_click=_delete, args=(sweep.token,)
        )


def _delete(token: str) -> None:
    """Remove a sweep that is this person's own and over."""
    sweep = _own(token)
    if sweep is None:
        return
    if sweep.active:
        st.session_state["engine_problem"] = "This sweep is still in training: stop it first."
        return
    # A worker says that it let a run go a moment after it wrote so, and the engine then looks into the folder.
    newest = max(run.status.since for run in sweep.runs)
    time.sleep(min(_SETTLED, max(0.0, newest + _SETTLED - time.time())))
    stop_measuring(token)
    try:
        sweep.delete()
    except OSError as error:
        st.session_state["engine_problem"] = f"This sweep could not be deleted ({error.strerror}): try again."
        return
    show_another(token)


def _goes_on(run: Run) -> bool:
    return run.resumable or run.status.state == "paused"


def _do(action: str, token: str) -> None:
    """Ask the engine the same of all runs of a sweep of which it can be asked, if the sweep is this person's."""
    sweep = _own(token)
    if sweep is None:
        return
    for run in sweep.runs:
        state = run.status.state
        can = {"pause": state in ("queued", "preparing", "running"), "resume": _goes_on(run), "stop": state in ACTIVE}
        if can[action]:
            try:
                getattr(engine(), action)(run)
            except EngineError as error:
                st.session_state["engine_problem"] = str(error)


def _own(token: str) -> Sweep | None:
    """The sweep, if it is this person's to change; else the page says why nothing happened."""
    sweep = find_sweep(token)
    if sweep is None:
        st.session_state["engine_problem"] = "This sweep is not on this server any more: choose another one."
    elif sweep.about.owner != person():
        st.session_state["engine_problem"] = "This sweep belongs to somebody else: start one of your own to change it."
        return None
    return sweep
