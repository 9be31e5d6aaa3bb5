"""The lesson that a page is opened for: a link can name a task and hide what students are not to use.

The lesson's parameters stay in the address whatever pages write there, so that a reload, a second tab and going back show it
again. It is left by opening the page without them, which the browser does with a link of its own: a session is in one lesson
from its first rerun to its last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_tab_container import TabContainer

from aecore.ui.components import source
from aecore.ui.lesson_link import NAMES, Lesson, read, write

_KEPT = "lesson_kept"
_TABS = "lesson_tabs"

_WAYS = st.components.v2.component(
    "lesson_ways", html=source("share_lesson.html"), css=source("share_lesson.css"), js=source("share_lesson.js")
)


class HiddenTab:
    """In the place of a tab that the lesson hides: never open, and nothing can be drawn in it."""

    open = False

    def __enter__(self) -> None:
        raise RuntimeError("This tab is hidden: look at `open` first.")

    def __exit__(self, *_: object) -> None:
        raise AssertionError


def enter() -> None:
    """To be called at the start of every rerun: read the lesson from the address, or put it back there."""
    st.session_state.pop(_TABS, None)
    query = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    if query:
        st.session_state[_KEPT] = read(query)
    elif _KEPT in st.session_state:
        st.query_params.update(parameters())


def present() -> Lesson | None:
    """The lesson, None where there is none."""
    kept: tuple[Lesson, list[str]] | None = st.session_state.get(_KEPT)
    return None if kept is None else kept[0]


def parameters() -> dict[str, str]:
    """What the lesson has in the address; {} where there is none."""
    lesson = present()
    return {} if lesson is None else write(lesson)


def without(query: Mapping[str, str]) -> dict[str, str]:
    """A query without what a lesson has in it: what is left is the page's own."""
    return {name: value for name, value in query.items() if name not in NAMES}


def hides(part: str) -> bool:
    """Whether a part of the page, one of :data:`~aecore.ui.lesson_link.PARTS`, is not to be drawn."""
    lesson = present()
    return lesson is not None and lesson.hides(part)


def allows(setting: str) -> bool:
    """Whether a setting of the Train page, by dotted name, has a control; if not, it keeps the value that it has."""
    lesson = present()
    return lesson is None or lesson.allows(setting)


def allows_any(settings: Sequence[str]) -> bool:
    """Whether one of these settings has a control."""
    return any(allows(setting) for setting in settings)


def has_few() -> bool:
    """Whether the lesson names the settings that stay."""
    lesson = present()
    return lesson is not None and bool(lesson.only)


def keeps(setting: str) -> bool:
    """Whether a setting is the link's whatever preset is chosen."""
    lesson = present()
    return lesson is not None and lesson.keeps(setting)


def show() -> None:
    """The lesson's title and task, as text and framed as the lesson's: nothing in a link can look like a word of the app."""
    kept: tuple[Lesson, list[str]] | None = st.session_state.get(_KEPT)
    if kept is None:
        return
    lesson, problems = kept
    title = f'<div class="lesson-title" role="heading" aria-level="2"><span>Lesson</span> {escape(lesson.title)}</div>'
    task = "".join(f"<p>{escape(line)}</p>" for line in lesson.task.split("\n") if line)
    said = "".join(map(_problem, problems))
    with st.container(key="lesson", border=True):
        st.html(f'<section aria-label="Lesson">{title}{task}{said}</section>')
        _WAYS(key="lesson_ways", data={"names": list(NAMES), "lesson": write(lesson)}, height=24)


def tabs(names: Sequence[str], *, key: str, default: str | None = None) -> Sequence[TabContainer | HiddenTab]:
    """The tabs of a page, bound to the address under `key`, without those that the lesson hides.

    Returns one for each name, in the same order; a hidden one is a :class:`HiddenTab`. Draw in those that are `open`.
    """
    st.session_state[_TABS] = (key, tuple(names))
    lesson = present()
    shown = tuple(names) if lesson is None else lesson.of_tabs(names)
    if lesson is not None and lesson.hides("nav"):  # then all that it says is about this page
        known = {name.casefold() for name in names}
        for name in [name for name in lesson.tabs if name.casefold() not in known][:1]:
            st.html(_problem(f"The lesson keeps a tab that this page does not have: “{name}”."))
    if len(shown) < len(names) and st.session_state.get(key, shown[0]) not in shown:
        st.session_state[key] = shown[0]
    usual = default if default in shown else None
    made = dict(zip(shown, st.tabs(shown, key=key, default=usual, bind="query-params"), strict=True))
    return [made.get(name) or HiddenTab() for name in names]


def tabs_here() -> tuple[str, ...]:
    """The names of this page's tabs, hidden ones too; () before they are drawn or where it has none."""
    names: tuple[str, ...] = st.session_state.get(_TABS, ("", ()))[1]
    return names


def tabs_key() -> str:
    """What this page's tabs have in the address; "" where it has none."""
    return str(st.session_state.get(_TABS, ("", ()))[0])


def _problem(words: str) -> str:
    return f'<p class="lesson-problem">{escape(words)}</p>'


def page_link(page: str | Path, *, label: str, icon: str, query_params: Mapping[str, str] | None = None) -> DeltaGenerator | None:
    """A link to another page: it takes the lesson along, and is not there where the lesson hides the navigation."""
    if hides("nav"):
        return None
    query = {**(query_params or {}), **parameters()}
    return st.page_link(page, label=label, icon=icon, query_params=query or None)
