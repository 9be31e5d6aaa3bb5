"""A fragment that is drawn again and again, for as long as it says so."""

from __future__ import annotations

import time

import streamlit as st

from aecore.ui.components import source

_TICKING = st.components.v2.component("ticking", js=source("ticking.js"))


def tick(seconds: float, *, key: str) -> None:
    """Have the fragment that calls this drawn again after `seconds`; one that does not call it again stays as it is.

    Instead of `st.fragment(run_every=…)`: see `components/ticking.js` for why.
    key: its identity in the page.
    """
    # The time makes each call's data differ, so that the browser sees every answer, also one that changed nothing else.
    _TICKING(key=key, data={"every": round(seconds * 1000), "at": time.monotonic()}, height=0, on_tick_change=lambda: None)
