"""Steering a sweep as a whole: how far all its runs are, how long they still need, pause, go on, stop."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from aecore.engine import EngineError
from aecore.runs import ACTIVE, Run
from aecore.sweep_estimate import duration, seconds_left
from aecore.sweeps import Sweep, find_sweep
from aecore.ui.run_panel import show_problem
from aecore.ui.server import engine, person
from aecore.ui.sweep_choice import state_of

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
    """Progress and buttons, while there is something to steer; whose sweep it is where it is not this person's."""
    state = state_of(sweep)
    show_problem()
    if state == "finished":
        return
    # A fragment that looks by itself, so that the page is not drawn again for a number.
    st.fragment(_panel, run_every=_EVERY if sweep.active else None)(sweep.token, state)


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
    for reason in dict.fromkeys(status.reason for _, status in statuses if status.state == "failed"):
        st.error(reason, icon=":material/error:")


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
        help="All runs halt after their present step." if moving else "All that were paused or stopped go on where they stood.",
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


def _goes_on(run: Run) -> bool:
    return run.resumable or run.status.state == "paused"


def _do(action: str, token: str) -> None:
    """Ask the engine the same of all runs of a sweep of which it can be asked, if the sweep is this person's."""
    sweep = find_sweep(token)
    if sweep is None or sweep.about.owner != person():
        st.session_state["engine_problem"] = "This sweep belongs to somebody else: start one of your own to change it."
        return
    for run in sweep.runs:
        state = run.status.state
        can = {"pause": state in ("queued", "preparing", "running"), "resume": _goes_on(run), "stop": state in ACTIVE}
        if can[action]:
            try:
                getattr(engine(), action)(run)
            except EngineError as error:
                st.session_state["engine_problem"] = str(error)
