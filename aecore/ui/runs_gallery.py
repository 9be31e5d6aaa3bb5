"""The view Runs: all that a person keeps, and what came with the app, as cards and as a table; to name, star, copy and delete."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from aecore.run_comparison import MOST_COMPARED
from aecore.runs import find_run
from aecore.ui.base_path import base_path
from aecore.ui.components import source
from aecore.ui.runs_views import COMPARE, REWIND, TAKE_AWAY, open_view

# The files of the browser's side, in the order in which they are joined.
SHEETS = ("controls.css", "runs_gallery.css", "runs_card.css", "runs_table.css")
FILES = (
    "numbers.js",
    "runs_words.js",
    "runs_order.js",
    "runs_feed.js",
    "runs_window.js",
    "runs_card.js",
    "runs_talk.js",
    "runs_around.js",
    "mounting.js",
    "runs_gallery.js",
)

KEY = "runs_gallery"

_GALLERY = st.components.v2.component(KEY, html=source("runs_gallery.html"), css=source(*SHEETS), js=source(*FILES))


def show() -> None:
    """The view. The browser fetches the runs itself, see :mod:`aecore.ui.runs_route`, and tells which view is to be opened."""
    _GALLERY(key=KEY, data={"base": base_path()}, on_open_change=_open)


def _open() -> None:
    told = st.session_state.get(KEY)
    wanted = wish_in(told.get("open") if isinstance(told, Mapping) else None)
    if wanted is not None:
        open_view(*wanted)


def wish_in(told: object) -> tuple[str, list[str]] | None:
    """The view to open and the runs to open it with, or None for whatever is no such wish: the browser can send anything."""
    if not isinstance(told, Mapping):
        return None
    view, tokens = told.get("view"), told.get("tokens")
    if view not in (COMPARE, REWIND, TAKE_AWAY) or not isinstance(tokens, list | tuple):
        return None
    known = [token for token in tokens[:MOST_COMPARED] if isinstance(token, str) and find_run(token) is not None]
    return (str(view), known) if known else None
