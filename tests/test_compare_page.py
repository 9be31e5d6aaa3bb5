"""The view Compare of the Runs page, through the entry script, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore.runs import Run, new_run
from aecore.ui import runs_compare
from aecore.ui.server import person
from tests import tiny
from tests.server import ROOT

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "runs.py")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    configs = [tiny.config(), tiny.config(code__size=8), tiny.config("vae")]
    made = []
    for number, config in enumerate(configs):
        run = new_run(config, owner=person(), name=f"run {number}")
        status = run.status
        status.state, status.test = "finished", {"mse": 0.1 + number}
        run.write_status(status)
        made.append(run)
    return made


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.query_params["view"] = "Compare"
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(PAGE)
    return app.run()


def table_of(app: AppTest) -> str:
    bodies: list[str] = [each.body for each in app.get("html")]  # type: ignore[union-attr]
    return next((body for body in bodies if "compare-table" in body), "")


def test_without_runs_it_says_what_to_do(runs: list[Run]) -> None:
    app = opened()
    assert not app.exception
    assert any("Choose two" in each.value for each in app.info)
    assert table_of(app) == ""


def test_a_link_names_the_runs(runs: list[Run]) -> None:
    app = opened(runs=f"{runs[0].token},{runs[1].token}")
    assert not app.exception
    table = table_of(app)
    assert "Code size" in table
    assert "Seed" not in table
    assert "★ 0.1" in table


def test_choosing_another_run_changes_table_and_address(runs: list[Run]) -> None:
    app = opened(runs=f"{runs[0].token},{runs[1].token}")
    chosen = app.multiselect(key=runs_compare._CHOICE)
    chosen.set_value([runs[0].token, runs[2].token]).run()
    assert app.query_params["runs"] == f"{runs[0].token},{runs[2].token}"
    assert "gaussian" in table_of(app)


def test_a_run_that_is_gone_is_named_and_the_others_stay(runs: list[Run]) -> None:
    app = opened(runs=f"{runs[0].token},{runs[1].token},{'f' * 32}")
    assert any("not on this server any more" in each.value for each in app.warning)
    assert "Code size" in table_of(app)


def test_absurd_addresses_break_nothing(runs: list[Run]) -> None:
    for text in (",", "../..,/etc", ",".join([runs[0].token] * 30), "a" * 5000):
        assert not opened(runs=text).exception
