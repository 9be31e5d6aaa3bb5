"""What a page was asked for outlasts reruns that are cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from aecore.ui.wish import Selector, Wish

    press, which = Wish("press"), Selector("which")
    st.button("Go", key="go", on_click=press.ask, args=("gone",))
    st.button("Turn", key="turn", on_click=which.show, args=("b",))
    if which.wanted == "b":
        st.session_state[which.key] = "b"
    shown = st.selectbox("Which", ["a", "b"], key=which.key)
    if st.session_state.get("cut_off"):
        st.stop()
    st.caption(f"{press.value}, {which.wanted}, {shown}")
    press.settle()
    which.settle()


@pytest.fixture
def app() -> Iterator[AppTest]:
    opened = AppTest.from_function(page).run()
    assert opened.caption[0].value == "None, None, a"
    yield opened
    assert not opened.exception


@pytest.mark.parametrize(("button", "says"), [("go", "gone, None, a"), ("turn", "None, b, b")])
def test_it_is_done_in_the_first_rerun_that_is_not_cut_off_and_once(app: AppTest, button: str, says: str) -> None:
    app.session_state["cut_off"] = True
    app.button(key=button).click().run()
    app.run()
    assert not app.caption
    app.session_state["cut_off"] = False
    app.run()
    assert app.caption[0].value == says
    app.run()
    assert app.caption[0].value == f"None, None, {says[-1]}"


def test_each_turn_makes_a_selector_that_the_browser_does_not_know(app: AppTest) -> None:
    keys = [app.selectbox[0].key]
    for _ in range(2):
        app.button(key="turn").click().run()
        assert app.selectbox[0].value == "b"
        keys.append(app.selectbox[0].key)
    assert len(set(keys)) == 3
    app.selectbox[0].set_value("a").run()
    assert app.caption[0].value == "None, None, a", "what the person chooses afterwards counts"
