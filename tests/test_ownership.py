"""Whose is what: others look at what they were shown and change nothing, by no page and no route; no token is in the log."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from aecore import keeping
from aecore.anomaly.results import labels_by_hand
from aecore.engine import Engine
from aecore.keeping import KeepingError
from aecore.masked_log import mask_tokens, masked
from aecore.recording import Recorder
from aecore.runs import Run, new_run, runs_of
from aecore.sweeps import Sweep, new_sweep, sweeps_of
from aecore.ui.server import COOKIE, person, person_of
from tests.live import TrainPage
from tests.server import ROOT, AppServer
from tests.tiny import config, sweep_config

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
BOB, EVE = "b" * 32, "e" * 32
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))
NAMES = ("run", "runs", "network", "networks", "sweep", "units_of", "layers_of", "use_of", "detector")
"""Where pages have runs in their address. One that does not know a name ignores it."""
STEERING = ("pause", "stop", "step", "sweep_pause", "sweep_stop", "sweep_delete_sure")
"""Keys of the buttons that change a run or a sweep."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Run, Sweep]]:
    """Bob's: a run that is over, one that waits for its turn, and a sweep."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_RUNS", str(tmp_path_factory.mktemp("theirs")))
        bob = person_of({COOKIE: BOB})
        over = new_run(config(), owner=bob, name="vae · digits")
        Recorder(over).record()
        waiting = new_run(config(), owner=bob, name="vae · digits")
        sweep = new_sweep(sweep_config(), owner=bob, name="Bob's sweep")
        yield over, waiting, sweep


def everything(root: Path) -> dict[str, bytes]:
    """All files but the one by which a browser says that it is watching."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file() and path.name != "watched"
    }


@pytest.fixture
def untouched(theirs: tuple[Run, Run, Sweep], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Run, Run, Sweep]]:
    """The same, with a look at the end at whether anything has changed."""
    root = theirs[0].folder.parent
    monkeypatch.setenv("AECORE_RUNS", str(root))
    before = everything(root)
    yield theirs
    assert everything(root) == before


def every_route() -> list[Route]:
    """Of every module of the app that has some."""
    modules = [importlib.import_module(f"aecore.ui.{path.stem}") for path in (ROOT / "aecore" / "ui").glob("*_route.py")]
    return [route for module in modules for route in module.ROUTES]


def test_no_route_changes_what_is_somebody_else_s(untouched: tuple[Run, Run, Sweep]) -> None:
    routes = every_route()
    assert len(routes) > 8
    client = TestClient(Starlette(routes=routes), cookies={COOKIE: EVE})
    for route in routes:
        for thing in untouched:
            address = route.path.replace("{token}", thing.token)
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                answer = client.request(method, address, content=b"{}" if method != "GET" else None)
                assert answer.status_code < 500, (method, address, answer.text)
                taken = {each for other in routes if other.path == route.path for each in other.methods or ()}
                if method not in taken:
                    assert answer.status_code == 405


@pytest.mark.parametrize("cookie", [EVE, "", "x" * 40])
def test_the_route_of_the_runs_page_lists_and_changes_nothing_of_others(untouched: tuple[Run, Run, Sweep], cookie: str) -> None:
    client = TestClient(Starlette(routes=every_route()), cookies={COOKIE: cookie} if cookie else {})
    listed = client.get("/api/runs").text
    for thing in untouched:
        assert thing.token not in listed
        for action, value in (("rename", "mine"), ("note", "mine"), ("star", True), ("delete", None), ("restore", None)):
            asked = {"action": action, "tokens": [thing.token], "value": value}
            answer = client.post("/api/runs", content=json.dumps(asked), headers={"content-type": "application/json"})
            assert answer.status_code in (403, 404), (action, answer.text)
            assert "error" in answer.json()


def test_functions_ask_who_it_is(untouched: tuple[Run, Run, Sweep]) -> None:
    eve = person_of({COOKIE: EVE})
    for thing in untouched:
        for owner in (eve, ""):
            for do in (
                lambda owner=owner, thing=thing: keeping.rename(thing, "mine", owner=owner),
                lambda owner=owner, thing=thing: keeping.star(thing, True, owner=owner),
                lambda owner=owner, thing=thing: keeping.delete(thing, owner=owner),
            ):
                with pytest.raises(KeepingError):
                    do()
    assert runs_of(eve) == []
    assert sweeps_of(eve) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_steers_or_changes_what_is_somebody_else_s(
    page: str, untouched: tuple[Run, Run, Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened by a link to each of them; nothing but the linked one is to be seen."""
    over, waiting, sweep = untouched
    for thing in untouched:
        app = AppTest.from_file(ENTRY, default_timeout=120).run().switch_page(str(ROOT / "pages" / page))
        for name in NAMES:
            app.query_params[name] = thing.token
        app.run()
        assert not app.exception, app.exception
        keys = {button.key for button in app.button}
        assert not keys & set(STEERING), keys
        others = {each.token for each in untouched} - {thing.token}
        said = json.dumps([str(option) for box in (*app.selectbox, *app.multiselect) for option in box.options])
        shown = " ".join(text.value for text in (*app.markdown, *app.caption)) + said
        assert not any(token in shown for token in others)
        if thing is sweep:
            assert over.token not in shown
            assert waiting.token not in shown


def test_forged_presses_change_nothing(untouched: tuple[Run, Run, Sweep], monkeypatch: pytest.MonkeyPatch) -> None:
    """The callbacks behind the buttons ask whose it is, for a browser may send what it was never shown."""
    from aecore.ui import problem, run_panel, sweep_controls

    engine = Engine(slots=0)
    for module in (run_panel, sweep_controls, problem):
        monkeypatch.setattr(module, "engine", lambda: engine)
    over, waiting, sweep = untouched
    for action in ("stop", "pause", "resume", "single_step"):
        for run in (over, waiting, sweep.runs[0]):
            run_panel._do(action, run.token)
    for action in ("stop", "pause", "resume"):
        sweep_controls._do(action, sweep.token)
    sweep_controls._delete(sweep.token)
    problem._remove((over.token, sweep.token))
    problem._bring_back((over.token,))
    engine.close()


def test_labels_given_to_somebody_else_s_cases_stay_with_who_gave_them(untouched: tuple[Run, Run, Sweep]) -> None:
    from aecore.ui import anomaly_scores

    over = untouched[0]
    anomaly_scores._label(over, {}, {"positions": [0, 1], "value": 1})
    assert labels_by_hand(over) == {}
    assert not list(over.folder.glob("anomaly_labels.json"))


def test_who_has_no_cookie_is_somebody_else_in_each_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    tabs = []
    for tab in ("one", "two"):
        monkeypatch.setattr("aecore.ui.server.session", lambda tab=tab: tab)
        tabs.append(person())
    assert len({*tabs, person_of({}), person_of({COOKIE: EVE})}) == 4
    assert person_of({COOKIE: "short"}) == person_of({}), "what is no token of ours is none"


def test_a_token_is_cut_wherever_it_is_logged(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    token = "0123456789abcdef" * 2
    assert masked(f"/runs/{token}/a, {token}--beta-4 and {'f' * 40}") == f"/runs/0123…/a, 0123…--beta-4 and {'f' * 40}"
    factory, hooks = logging.getLogRecordFactory(), (threading.excepthook, sys.excepthook)
    try:
        mask_tokens()
        mask_tokens()
        log = logging.getLogger("streamlit.test")
        log.warning("looked for %s", f"/runs/{token}")
        try:
            Path(f"/nowhere/{token}/config.json").read_bytes()
        except OSError:
            log.exception("it is not there")

        def fail() -> None:
            raise ValueError(token)

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    finally:
        logging.setLogRecordFactory(factory)
        threading.excepthook, sys.excepthook = hooks
    logged = caplog.text + capsys.readouterr().err
    assert "looked for /runs/0123…" in logged
    assert "No such file" in logged
    assert "ValueError: 0123…" in logged
    assert token not in logged


def test_the_server_s_log_has_no_token(server: AppServer, context: BrowserContext) -> None:
    """A run in training is looked at in a browser, stopped, asked for by every route, and broken."""
    before = set(server.runs.iterdir()) if server.runs.exists() else set()
    train = TrainPage(context.new_page(), server.url).open("?epochs=500&code.size=6")
    train.press("Train")
    train.until_state("running")
    tokens = [path.name for path in set(server.runs.iterdir()) - before]
    cookie = next(each["value"] for each in context.cookies() if each["name"] == COOKIE)
    train.press("Stop")
    train.until_state("stopped")
    for route in every_route():
        for token in (*tokens, "0" * 32):
            context.request.fetch(f"{server.url}{route.path.replace('{token}', token)}", method="GET")
            context.request.fetch(f"{server.url}{route.path.replace('{token}', token)}", method="POST", data="{")
    # A run that breaks while it is looked at.
    for name in ("about.json", "status.json", "metrics.csv", "model.safetensors"):
        for token in tokens:
            (server.runs / token / name).write_bytes(os.urandom(50))
    for address in ("train", "latent"):
        train.page.goto(f"{server.url}/{address}?run={tokens[0]}&network={tokens[0]}&units_of={tokens[0]}")
        train.page.get_by_role("heading").first.wait_for()
    log = server.log.read_text()
    for token in (*tokens, cookie, person_of({COOKIE: cookie})):
        assert token not in log
