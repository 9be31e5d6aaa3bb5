"""Which sweep the Disentangle page shows: one that came with the app, the person's own, or that of a link."""

from __future__ import annotations

import time
from collections.abc import Iterable

import streamlit as st

from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES
from aecore.sweep_choices import arms_of
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep, find_sweep, overall_state, shipped_sweeps, sweeps_of
from aecore.ui import lesson
from aecore.ui.server import person
from aecore.ui.wish import Selector

KEY = "sweep"
VIEW = "view"
"""The key of the page's tabs, also in the address."""
LIVE = "Live"
_SELECTOR = Selector("sweep")
_WRITTEN = "sweep_written"  # the token that this page wrote into the address last
_SEEN = "sweep_seen"  # what the person's controls held then
_STATES = {"finished": "", "running": " · in training", "queued": " · waiting", "failed": " · some failed"}
_DELETED = "sweep_deleted"  # the token that this page deleted last
_LISTED = 40  # newest sweeps of a person in the selector


def choose_sweep() -> Sweep | None:
    """The selector; the choice is also in the address. None where there is no sweep at all."""
    linked = st.query_params.get(KEY, "")
    if linked and linked == st.session_state.get(_DELETED):  # the address still has it, but this is no news
        linked = ""
    wanted = _SELECTOR.wanted
    sweeps = {sweep.token: sweep for sweep in _candidates(wanted or linked)}
    if not sweeps:
        _say_if_gone(linked, sweeps)
        return None
    first = next(iter(sweeps))
    if wanted is not None and wanted not in sweeps:
        _SELECTOR.give_up()
    if wanted in sweeps:
        st.session_state[_SELECTOR.key] = wanted
        st.session_state[VIEW] = LIVE
    # A link, or going back in the browser's history, changes the address without touching the selector.
    elif linked in sweeps and linked != st.session_state.get(_WRITTEN):
        st.session_state[_SELECTOR.key] = linked
    elif not linked and _went_back():
        st.session_state[_SELECTOR.key] = first
    if st.session_state.get(_SELECTOR.key) not in sweeps:
        _say_if_gone(linked, sweeps)
        # Also where the browser answered with a title from before the last change of state: the address still knows.
        unlinked = first if linked else _in_training(sweeps.values()) or first
        st.session_state[_SELECTOR.key] = linked if linked in sweeps else unlinked
    # The browser answers with a title, which may be out of date by now: having been read above, the choice is a token again.
    titles = {token: title(sweep) for token, sweep in sweeps.items()}
    if lesson.hides("choice"):
        token = str(st.session_state[_SELECTOR.key])
    else:
        token = st.selectbox(
            "Sweep",
            list(sweeps),
            key=_SELECTOR.key,
            persist_state="session",
            width=560,
            format_func=lambda token: titles.get(token, "a sweep that is gone"),
            help="Those that come with the app, and those that you start here, also while they are in training.",
        )
    st.session_state[_WRITTEN], st.session_state[_SEEN] = token, _touched()
    # What an address without a sweep means must not change: that is one of the app's, never one of a person's.
    if st.query_params.get(KEY, "" if sweeps[first].about.owner else first) != token:
        st.query_params[KEY] = token
    return sweeps[token]


def show(token: str) -> None:
    """Show this sweep, live, from the next rerun on."""
    _SELECTOR.show(token)


def settle() -> None:
    """To be called at the end of the page."""
    _SELECTOR.settle()


def show_another(token: str) -> None:
    """Show some other sweep than this one, which was deleted."""
    st.session_state[_DELETED] = token


def _say_if_gone(linked: str, sweeps: dict[str, Sweep]) -> None:
    if linked and linked not in sweeps:
        st.warning("The sweep in this address is not on this server.", icon=":material/link_off:")


def _touched() -> tuple[object, object]:
    return st.session_state.get(_SELECTOR.key), st.session_state.get(VIEW)


def _went_back() -> bool:
    """Whether the address lost its sweep although nobody used a control or came from another page.

    A click that is quicker than the page brings along the address that the browser still has: then it is the control that counts.
    """
    in_place = st.session_state["page_before"] == st.session_state["page"]
    return in_place and _SELECTOR.key in st.session_state and st.session_state.get(_SEEN) == _touched()


def _candidates(linked: str) -> Iterable[Sweep]:
    found = find_sweep(linked) if linked else None
    each = (*shipped_sweeps(), *sweeps_of(person())[:_LISTED], *([found] if found is not None else []))
    return {sweep.token: sweep for sweep in each}.values()


def _in_training(sweeps: Iterable[Sweep]) -> str | None:
    """The person's newest sweep that is under way: who comes back wants to see it."""
    mine = person()
    return next((sweep.token for sweep in sweeps if sweep.about.owner == mine and sweep.active), None)


# --- names --------------------------------------------------------------------------------------------------------------


def title(sweep: Sweep) -> str:
    """A sweep's name in the selector, with the time of day where a person made it, and its state where it is not finished."""
    about, state = sweep.about, state_of(sweep)
    made = f" ({time.strftime('%H:%M:%S', time.localtime(about.created))})" if about.owner and about.created else ""
    return f"{about.name or sweep.token}{made}" + _STATES.get(state, f" · {state}")


def state_of(sweep: Sweep) -> str:
    """What a sweep is doing as a whole, one of :data:`~aecore.sweeps.STATES`."""
    over = _over()
    if sweep.token in over:
        return "finished"
    state = overall_state([run.status.state for run in sweep.runs])
    if state == "finished":
        over.add(sweep.token)
    return state


@st.cache_resource(show_spinner=False)
def _over() -> set[str]:
    """The sweeps that are known to be finished, which is for good: every click of every person looks through all of theirs."""
    return set()


def about(sweep: Sweep) -> None:
    """What the sweep is, in a line or two."""
    config = sweep.config
    base, count = config.base, len(config.members)
    card = base.card
    network = "convolutional" if base.architecture.kind == "conv2d" else "dense"
    whose = (
        "came with the app" if not sweep.about.owner else "is yours" if sweep.about.owner == person() else "is somebody else's"
    )
    st.caption(
        f"{count} runs: {arms_of(config)}; {config.seeds} seed{'s' if config.seeds > 1 else ''} each, on {card.title} "
        f"({card.height}×{card.width} pixels{_varying(config)}). A {network} network with {base.code.size} numbers in its code, "
        f"{base.total_steps:,} steps of {base.batch_size} pictures, the same in the same order for each seed. This sweep {whose}."
    )


def _varying(config: SweepConfig) -> str:
    if not config.base.card.factor_names:
        return ", no factors known"
    steps = config.base.data.factor_steps or FACTOR_SIZES
    return "; " + ", ".join(f"{count} × {name}" for name, count in zip(FACTOR_NAMES, steps, strict=True) if count > 1)
