"""What a page was asked for, kept until a rerun that does it has come to its end.

Any rerun can be cut off by another one, which comes from a second click or from news of a run and brings along all that the
browser still holds: a press of a button is lost, and what was set meanwhile is turned back.
"""

from __future__ import annotations

from typing import Any

import streamlit as st


class Wish:
    """Something that is to be done or shown from the next rerun on, None where nothing is; `key` tells it apart from others."""

    def __init__(self, key: str) -> None:
        self._key = f"{key}_wish"

    @property
    def value(self) -> Any:
        return st.session_state.get(self._key)

    def ask(self, value: object) -> None:
        """To be called in a button's callback, or before a rerun."""
        st.session_state[self._key] = value

    def settle(self) -> None:
        """It is done, or cannot be."""
        st.session_state[self._key] = None


class Selector:
    """A selector that a page can turn to something else than the person chose; `name` is in its keys."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._wish = Wish(name)

    @property
    def key(self) -> str:
        """The widget's key: another one with each turn, which the browser does not know and so cannot turn back."""
        turn = st.session_state.get(f"{self._name}_turn", 0)
        return f"{self._name}_shown" + (f"_{turn}" if turn else "")

    @property
    def wanted(self) -> str | None:
        """What is to be shown, if the page was asked."""
        value: str | None = self._wish.value
        return value

    def show(self, token: str) -> None:
        """Show this from the next rerun on."""
        st.session_state[f"{self._name}_turn"] = st.session_state.get(f"{self._name}_turn", 0) + 1
        self._wish.ask(token)

    def give_up(self) -> None:
        """What is wanted is not there."""
        self._wish.settle()

    def settle(self) -> None:
        """To be called at the end of the page: only now has the browser been told what is shown."""
        if self.wanted is not None and st.session_state.get(self.key) == self.wanted:
            self._wish.settle()
