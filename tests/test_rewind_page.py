"""The Rewind view and the Train page's banner, through the entry script without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore.recording import Recorder
from aecore.runs import ACTIVE, About, Run, new_run, runs_of
from aecore.snapshot_steps import snapshots
from aecore.starting import address_of, find_start, weights_of
from aecore.ui import run_choice, runs_rewind
from aecore.ui.address import Experiment, write
from aecore.ui.rewind_view import Told
from aecore.ui.server import engine, person
from tests import tiny
from tests.server import ROOT, wait_for
from tests.test_app_pages import query, train_page

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "runs.py")


@pytest.fixture(scope="module", autouse=True)
def _engine_ends() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()


@pytest.fixture(autouse=True)
def _only_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing comes with the app or is left from another test."""
    monkeypatch.setattr(run_choice, "shipped", list)
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = tiny.config("vae", architecture__hidden=(12,), epochs=4)
    run = Run.create(config, tmp_path_factory.mktemp("trained") / "one", name="vae · digits")
    assert Recorder(run).record().state == "finished"
    return run.folder


def copy_of(folder: Path, owner: str | None = None) -> Run:
    """A trained run as the person's own, or somebody else's."""
    made = new_run(Run(folder).config)
    shutil.rmtree(made.folder)
    shutil.copytree(folder, made.folder)
    made.write_about(About(person() if owner is None else owner, 1.0, "vae · digits"))
    return made


def rewind_page(**values: str) -> AppTest:
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(PAGE)
    app.query_params["view"] = "Rewind"
    for name, value in values.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(element.value for kind in kinds for element in kind)


def middle(run: Run) -> int:
    steps = list(snapshots(run))
    return steps[len(steps) // 2]


def told(monkeypatch: pytest.MonkeyPatch, start: int | None) -> list[str]:
    """What the component tells in the next rerun only; returns the runs that it was given."""
    shown: list[str] = []
    answers = iter([Told(None, start)])

    def rewind(run: Run, config: object, *, unit: str, key: str) -> Told:
        shown.append(run.token)
        return next(answers, Told(None, None))

    monkeypatch.setattr(runs_rewind, "rewind", rewind)
    return shown


def test_without_any_run_it_says_where_one_is_made() -> None:
    assert "no run to look back at" in words(rewind_page())


def test_it_shows_the_run_of_its_address_also_somebody_elses(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = copy_of(trained), copy_of(trained, owner="0" * 32)
    shown = told(monkeypatch, None)
    rewind_page(run=mine.token)
    rewind_page(run=other.token)
    assert {mine.token, other.token} <= set(shown)
    assert shown[-1] == other.token


@pytest.mark.parametrize("token", ["nothing", "../..", "a" * 32])
def test_bad_addresses_open_all_the_same(trained: Path, token: str) -> None:
    copy_of(trained)
    assert "not on this server" in words(rewind_page(run=token))


def test_start_again_opens_the_train_page_with_settings_and_weights(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = copy_of(trained, owner="0" * 32)
    step = middle(run)
    told(monkeypatch, step)
    app = rewind_page(run=run.token)
    assert app.title[0].value == "Train an autoencoder"
    assert f"Begins with the weights of **vae · digits** at step {step} (half precision)." in words(app)
    assert query(app) == write(Experiment(run.config, "vae", start=address_of(run.token, step)))
    assert app.button(key="train").label == f"Train from step {step}"


def test_weights_that_are_gone_are_said(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = copy_of(trained)
    told(monkeypatch, 999)
    assert "not there any more" in words(rewind_page(run=run.token))


def test_train_makes_a_run_that_begins_there(trained: Path) -> None:
    run = copy_of(trained, owner="0" * 32)
    start = find_start(address_of(run.token, middle(run)))
    assert start is not None
    app = train_page(start=start.address)
    app.button(key="train").click().run()
    assert not app.exception
    (made,) = runs_of(person())
    assert made.start_path.read_bytes() == weights_of(start)
    assert made.config == run.config
    assert made.about.name.endswith(f"from step {start.step}")
    assert query(app)["run"] == made.token
    assert query(app)["start"] == start.address, "until somebody forgets it"
    assert "It began with the weights of vae · digits, step" in words(app)
    engine().stop(made)
    wait_for(lambda: made.status.state not in ACTIVE, "the end of the run")


def test_other_settings_are_fine_and_another_network_is_not(trained: Path) -> None:
    run = copy_of(trained)
    app = train_page(start=address_of(run.token, middle(run)))
    app.number_input(key="set:epochs").set_value(3).run()
    assert not app.button(key="train").disabled
    assert "Begins with the weights" in words(app)
    app.selectbox(key="set:preset").set_value("vanilla").run()
    assert not app.exception
    assert app.button(key="train").disabled
    said = words(app)
    assert "do not fit" in said
    assert "Code was gaussian and is vector" in said.replace("\\", "")
    app.button(key="forget_start").click().run()
    assert not app.button(key="train").disabled
    assert app.button(key="train").label == "Train"
    assert "start" not in query(app)
    assert "weights" not in " ".join(element.value for element in (*app.info, *app.warning))


def test_forgetting_keeps_the_settings(trained: Path) -> None:
    run = copy_of(trained)
    app = train_page(start=address_of(run.token, middle(run)))
    app.number_input(key="set:epochs").set_value(3).run()
    before = query(app)
    app.button(key="forget_start").click().run()
    assert query(app) == {name: value for name, value in before.items() if name != "start"}


def test_weights_that_go_while_the_page_is_open_are_said(trained: Path) -> None:
    run = copy_of(trained)
    app = train_page(start=address_of(run.token, middle(run)))
    shutil.rmtree(run.folder)
    app.run()
    assert not app.exception
    assert app.button(key="train").disabled
    assert "not on this server any more" in words(app)
    app.button(key="forget_start").click().run()
    assert not app.button(key="train").disabled
