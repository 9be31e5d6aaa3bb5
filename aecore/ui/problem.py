"""What could not be done when it was last asked for, and where the reason is a limit: a way to make room and go on."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from aecore import keeping, usage
from aecore.engine_errors import LimitReachedError
from aecore.keeping import KeepingError
from aecore.limits import DELETED_KEPT
from aecore.runs import Run, find_run
from aecore.sweeps import Sweep, find_sweep
from aecore.ui.plain_words import escaped
from aecore.ui.server import engine, person

_SAID = "engine_problem"  # also set by whoever has a sentence alone
_OFFER = "engine_problem_offer"  # the sentence, the runs that would go, and how many runs and bytes room is needed for
_REMOVED = "engine_problem_removed"  # what went, to be brought back
_KEPT = (
    f"For {DELETED_KEPT / 3600:.0f} hours, what is removed can be brought back, here or on the Runs page; on a full disk only "
    "until its room is needed."
)


def note(error: Exception) -> None:
    """Have the next rerun say it."""
    st.session_state[_SAID] = str(error)
    if isinstance(error, LimitReachedError) and error.candidates:
        st.session_state[_OFFER] = (str(error), error.candidates, error.wanted)


def show() -> None:
    """Say what there is to say."""
    if not show_offer("page") and _SAID in st.session_state:
        st.error(st.session_state.pop(_SAID), icon=":material/error:")


def show_offer(key: str) -> bool:
    """Offer to make room, where that is what could not be done; whether there is such an offer.

    It stays until it is used, put away, or no longer needed. key: of this place, where a page has several.
    """
    _say_what_was_removed(key)
    sentence, tokens, wanted = st.session_state.get(_OFFER, ("", (), (1, 0)))
    if not tokens or st.session_state.get(_SAID, sentence) != sentence or _has_room(*wanted):
        st.session_state.pop(_OFFER, None)
        return False
    st.session_state.pop(_SAID, None)
    with st.container(key=f"make_room_{key}"):
        st.error(sentence, icon=":material/inventory_2:")
        with st.container(horizontal=True):
            count = "the oldest unstarred run" if len(tokens) == 1 else f"the {len(tokens)} oldest unstarred runs"
            st.button(
                f"Remove {count}",
                key=f"make_room_go_{key}",
                icon=":material/delete:",
                help=_KEPT,
                on_click=_remove,
                args=(tokens,),
            )
            st.button("Not now", key=f"make_room_not_{key}", type="tertiary", on_click=_put_away)
    return True


def _has_room(runs: int, bytes: int) -> bool:
    with suppress(LimitReachedError):
        usage.check_room(person(), runs=runs, bytes=bytes, make=False)
        return True
    return False


def _say_what_was_removed(key: str) -> None:
    removed = st.session_state.pop(_REMOVED, None)
    if removed:
        with st.container(horizontal=True, vertical_alignment="center", key=f"room_made_{key}"):
            runs = "1 run was removed" if len(removed) == 1 else f"{len(removed)} runs were removed"
            st.success(f"{runs}: there is room now.", icon=":material/check:")
            undo = f"make_room_undo_{key}"
            st.button("Undo", key=undo, icon=":material/undo:", help=_KEPT, on_click=_bring_back, args=(removed,))


def _put_away() -> None:
    st.session_state.pop(_OFFER, None)


def _remove(tokens: tuple[str, ...]) -> None:
    """Delete those of them that are still this person's, unstarred and over."""
    st.session_state.pop(_OFFER, None)
    removed: list[str] = []
    for token in tokens:
        entry: Run | Sweep | None = find_run(token) or find_sweep(token)
        if entry is None or entry.about.starred:
            continue
        try:
            if _delete(entry):
                removed.append(token)
        except KeepingError as error:
            st.session_state[_SAID] = escaped(str(error))  # with a name in it
    st.session_state[_REMOVED] = tuple(removed)


def _delete(entry: Run | Sweep) -> bool:
    def delete() -> None:
        keeping.delete(entry, owner=person())

    return engine().while_free(keeping.runs_in(entry), delete)


def _bring_back(tokens: tuple[str, ...]) -> None:
    for token in tokens:
        try:
            keeping.restore(token, person())
        except KeepingError as error:
            st.session_state[_SAID] = escaped(str(error))  # with a name in it
