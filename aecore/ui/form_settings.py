"""The controls of one form of a page, which keep what they say in the address and when the page is left."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


class Settings:
    """Controls bound to the address, by key; no other form or page uses these keys.

    name: of the form. usual: what each control says at first, by key.
    """

    def __init__(self, name: str, usual: Mapping[str, object]) -> None:
        self.usual = dict(usual)
        self._left = f"{name}_left"  # what the controls said last, for the person who comes back from another page
        self._visit = f"{name}_visit"  # the visit to this page in which they were shown last

    def come_back(self) -> None:
        """Make the controls say what they said when the page was left, unless the address names some; before they are shown.

        Streamlit does so too, but it forgets them where the page was left while it was being drawn.
        """
        visit = st.session_state["visit"]
        if st.session_state.get(self._visit) != visit and not any(key in st.query_params for key in self.usual):
            st.session_state.update(st.session_state.get(self._left, {}))
        st.session_state[self._visit] = visit
        self._keep()

    def remember(self) -> None:
        """A control that was not shown yet gets into the address with its first change only where its value is known before."""
        for key, value in self.usual.items():
            st.session_state.setdefault(key, value)

    def fill(self, values: Mapping[str, object]) -> None:
        """Make the controls say this; from a callback."""
        st.session_state.update(values)
        self._keep()

    def _keep(self) -> None:
        left: dict[str, object] = st.session_state.setdefault(self._left, {})
        left.update({key: st.session_state[key] for key in self.usual if key in st.session_state})
