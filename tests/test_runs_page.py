"""The Runs page through the entry script, without a browser: its view Runs, and what that opens."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aecore.shipped_runs import VAE_PLANE
from aecore.ui import runs_gallery
from aecore.ui.runs_views import COMPARE, COMPARED, REWIND
from tests.server import ROOT

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "runs.py")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the component of the gallery was given, each time that it was drawn."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(runs_gallery, "_GALLERY", lambda **arguments: calls.append(arguments))
    return calls


def page(**query: str) -> AppTest:
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def query(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_the_page_opens_with_the_runs_and_asks_nothing_of_the_server(given: list[dict[str, Any]]) -> None:
    app = page()
    assert app.title[0].value == "Runs"
    assert [tab.label for tab in app.tabs][:2] == ["Runs", "Compare"]
    assert given[-1]["data"] == {"base": ""}  # the browser fetches the runs itself: a thousand cost the page nothing
    assert not app.warning


def test_the_gallery_opens_other_views(monkeypatch: pytest.MonkeyPatch, given: list[dict[str, Any]]) -> None:
    asked: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(runs_gallery, "open_view", lambda *wish: asked.append(wish))
    page()
    tell = given[-1]["on_open_change"]
    for told in (None, {"open": None}, {"open": {"view": "Runs", "tokens": [VAE_PLANE]}}, {"open": 3}, "x"):
        monkeypatch.setattr("aecore.ui.runs_gallery.st.session_state", {runs_gallery.KEY: told})
        tell()
    assert asked == []
    told = {"open": {"view": REWIND, "tokens": [VAE_PLANE, "gone"]}}
    monkeypatch.setattr("aecore.ui.runs_gallery.st.session_state", {runs_gallery.KEY: told})
    tell()
    assert asked == [(REWIND, [VAE_PLANE])]


def test_a_view_that_was_asked_for_is_open_and_in_the_address() -> None:
    def ask() -> None:  # in a script of its own: the wish is kept with the session
        import streamlit as st

        from aecore.ui.runs_views import open_tab, open_view, settle

        if st.button("Ask", on_click=open_view, args=("Compare", ["vae-2d-mnist", "vanilla-mnist"])):
            pass
        open_tab()
        st.text(st.session_state.get("view", "none"))
        st.session_state.setdefault("visit", 1)
        settle()

    app = AppTest.from_function(ask, default_timeout=30).run()
    assert app.text[0].value == "none"
    app.button[0].click().run()
    assert app.text[0].value == COMPARE
    assert query(app)[COMPARED] == "vae-2d-mnist,vanilla-mnist"


def test_the_view_needs_no_torch() -> None:
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        f"app.switch_page({PAGE!r}).run()\n"
        "assert not app.exception\n"
        "import aecore.ui.runs_route\n"
        "print('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split()[-1] == "False"
