"""What a page says of something in its address that it cannot show."""

from __future__ import annotations

import streamlit as st


def say_gone(key: str, shown: str, words: str = "") -> None:
    """A warning, as long as `shown`, which stands in the place of what the address named, is shown on this visit of the page.

    The address has `shown` by now, and the next rerun, which may come by itself, knows no other.
    key: what the words are kept under. words: what is wrong; "" in reruns that find nothing wrong.
    """
    now = (st.session_state["visit"], shown)
    kept = f"{key}_gone"
    if words:
        st.session_state[kept] = (now, words)
    when, said = st.session_state.get(kept) or (None, "")
    if when == now:
        st.warning(said, icon=":material/link_off:")
