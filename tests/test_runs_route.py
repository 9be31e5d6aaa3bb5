"""The routes of the Runs page: who is told what, who may change what, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aecore import keeping, limits, runs
from aecore.engine import Engine
from aecore.recording import Recorder
from aecore.runs import Run, Status, find_run, new_run
from aecore.set_aside import deleted, set_aside
from aecore.sweeps import new_sweep
from aecore.ui import runs_route
from aecore.ui.runs_route import MOST_BYTES, MOST_TOKENS, ROUTES
from aecore.ui.server import COOKIE, person_of
from tests.tiny import config, sweep_config

MINE, YOURS = "a" * 32, "b" * 32
ME, YOU = (hashlib.sha256(token.encode()).hexdigest()[:32] for token in (MINE, YOURS))


@pytest.fixture(autouse=True)
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """One that was never started: nothing is trained here."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "CHECKPOINTS", tmp_path / "checkpoints")
    idle = Engine(slots=1)
    monkeypatch.setattr(runs_route, "engine", lambda: idle)
    monkeypatch.setattr(runs_route, "_tidy", lambda: None)
    return idle


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=ROUTES), cookies={COOKIE: MINE}) as client:
        yield client


@pytest.fixture
def other() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=ROUTES), cookies={COOKIE: YOURS}) as client:
        yield client


def run_of(owner: str, state: str = "finished", name: str = "A run") -> Run:
    run = new_run(config(), owner=owner, name=name)
    run.write_status(Status(state=state))
    return run


def listed(client: TestClient, **query: Any) -> Any:
    response = client.get("/api/runs", params=query)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    return response.json()


def change(client: TestClient, action: str, *tokens: str, value: Any = None, **headers: str) -> Any:
    return client.post("/api/runs", json={"action": action, "tokens": tokens, "value": value}, headers=headers)


def assert_refused(response: Any, status: int, says: str) -> None:
    assert response.status_code == status
    assert says in response.json()["error"]
    assert response.json()["error"].endswith(".")
    assert response.headers["cache-control"] == "no-store"


def test_the_person_of_a_request_is_that_of_the_page() -> None:
    assert person_of({COOKIE: MINE}) == ME
    nobody = hashlib.sha256(b"").hexdigest()[:32]
    for cookies in ({}, {COOKIE: ""}, {COOKIE: "A" * 32}, {COOKIE: "a" * 31}, {COOKIE: "a" * 33}, {"other": MINE}):
        assert person_of(cookies) == nobody


# --- what there is --------------------------------------------------------------------------------------------------------


def test_everybody_sees_their_own_and_those_of_the_app(client: TestClient, other: TestClient, tmp_path: Path) -> None:
    mine, yours = run_of(ME), run_of(YOU)
    shipped = Run.create(config(), tmp_path / "checkpoints" / "vanilla-mnist")
    assert {run["token"] for run in listed(client)["runs"]} == {mine.token, shipped.token}
    answer = listed(other)
    assert {run["token"] for run in answer["runs"]} == {yours.token, shipped.token} == set(answer["tokens"])
    assert mine.token not in json.dumps(answer)
    assert ME not in json.dumps(listed(client))  # nobody is told even their own hash


def test_a_browser_without_a_cookie_is_nobody(tmp_path: Path) -> None:
    run_of(person_of({}))  # of another browser without one
    shipped = Run.create(config(), tmp_path / "checkpoints" / "vanilla-mnist")
    with TestClient(Starlette(routes=ROUTES)) as nobody:
        assert [run["token"] for run in listed(nobody)["runs"]] == [shipped.token]
        assert_refused(change(nobody, "star", shipped.token, value=True), 403, "cookies")


def test_only_what_has_changed_is_told_again(client: TestClient) -> None:
    first, second = run_of(ME), run_of(ME)
    answer = listed(client)
    again = listed(client, since=answer["version"], tokens=answer["tokens_stamp"])
    assert (again["runs"], again["tokens"], again["version"]) == ([], None, answer["version"])
    first.write_status(Status(state="running", step=3))
    again = listed(client, since=answer["version"], tokens=answer["tokens_stamp"])
    assert [(run["token"], run["step"]) for run in again["runs"]] == [(first.token, 3)]
    assert again["tokens"] is None
    second.write_status(Status(state="finished"))
    keeping.delete(second, owner=ME)
    last = listed(client, since=again["version"], tokens=answer["tokens_stamp"])
    assert (last["runs"], last["tokens"]) == ([], [first.token])


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "٣", "9" * 30])
def test_a_version_that_is_none(client: TestClient, since: str) -> None:
    assert_refused(client.get("/api/runs", params={"since": since}), 400, "since")


def test_how_much_is_kept_and_what_can_be_brought_back(client: TestClient, other: TestClient) -> None:
    kept, gone = run_of(ME), run_of(ME, name="Gone")
    set_aside(gone.folder)
    answer = listed(client)
    assert answer["kept"]["runs"] == 1
    assert answer["kept"]["bytes"] == sum(path.stat().st_size for path in kept.folder.iterdir())
    assert (answer["kept"]["most_runs"], answer["kept"]["most_bytes"]) == (limits.RUNS_EACH, limits.BYTES_EACH)
    assert [(each["token"], each["name"]) for each in answer["deleted"]] == [(gone.token, "Gone")]
    assert listed(other)["deleted"] == []


def test_a_large_answer_is_compressed(client: TestClient) -> None:
    for _ in range(5):
        run_of(ME)
    assert client.get("/api/runs").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/api/runs", headers={"accept-encoding": "identity"}).headers


def test_places_in_the_queue(client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run, theirs = run_of(ME, "queued"), run_of(YOU, "queued")
    monkeypatch.setattr(engine, "positions", lambda: {theirs.token: 1, run.token: 2})
    assert listed(client)["queue"] == {run.token: 2}


# --- pictures -------------------------------------------------------------------------------------------------------------


def test_the_picture_of_a_run_is_kept_under_its_stamp(client: TestClient, other: TestClient) -> None:
    run = new_run(config(), owner=ME)
    Recorder(run).record()
    (summary,) = listed(client)["runs"]
    address = f"/api/runs/{run.token}/thumbnail.png"
    response = other.get(address, params={"stamp": summary["thumbnail"]})  # who has the token may look
    assert "immutable" in response.headers["cache-control"]
    assert Image.open(io.BytesIO(response.content)).format == "PNG"
    assert client.get(address).headers["cache-control"] == "no-store"
    assert client.get(address, params={"stamp": "old"}).headers["cache-control"] == "no-store"
    (run.frames_folder / "gallery.safetensors").write_bytes(b"damaged")
    runs_route._THUMBNAILS._kept.clear()
    assert_refused(client.get(address, params={"stamp": summary["thumbnail"]}), 404, "no picture")


@pytest.mark.parametrize("token", ["nothing", "%2e%2e", "a" * 300, "..%2f..", "x%00y"])
def test_there_is_no_picture_of_nothing(client: TestClient, token: str) -> None:
    assert client.get(f"/api/runs/{token}/thumbnail.png").status_code == 404


# --- changes --------------------------------------------------------------------------------------------------------------


def test_all_that_can_be_done(client: TestClient) -> None:
    run = run_of(ME)
    assert change(client, "rename", run.token, value="Best").json()["done"] == [run.token]
    change(client, "note", run.token, value="one\ntwo")
    change(client, "star", run.token, value=True)
    about = run.about
    assert (about.name, about.note, about.starred) == ("Best", "one\ntwo", True)
    (copy,) = change(client, "duplicate", run.token).json()["made"]
    found = find_run(copy)
    assert found is not None
    assert (found.about.name, found.about.owner) == ("Best (copy)", ME)
    assert change(client, "delete", run.token, copy).json()["done"] == [run.token, copy]
    assert listed(client)["runs"] == []
    assert change(client, "restore", copy).json()["done"] == [copy]
    assert [each["token"] for each in listed(client)["runs"]] == [copy]


def test_others_change_nothing_and_may_keep_a_copy(client: TestClient, other: TestClient, tmp_path: Path) -> None:
    run = run_of(ME)
    before = run.about
    for action, value in (("rename", "x"), ("note", "x"), ("star", True), ("delete", None)):
        assert_refused(change(other, action, run.token, value=value), 403, "somebody else")
    (copy,) = change(other, "duplicate", run.token).json()["made"]
    assert [each["token"] for each in listed(other)["runs"]] == [copy]
    assert (run.about, run.exists) == (before, True)
    keeping.delete(run, owner=ME)
    assert_refused(change(other, "restore", run.token), 404, "brought back")
    shipped = Run.create(config(), tmp_path / "checkpoints" / "vanilla-mnist")
    shipped.write_status(Status(state="finished"))
    assert_refused(change(client, "delete", shipped.token), 403, "came with the app")
    assert shipped.exists


def test_a_sweep_is_renamed_deleted_and_brought_back(client: TestClient) -> None:
    sweep = new_sweep(sweep_config(), owner=ME, name="Two βs")
    assert_refused(change(client, "delete", sweep.token), 409, "“Two βs” is still in training")
    for run in sweep.runs:
        run.write_status(Status(state="finished"))
    change(client, "rename", sweep.token, value="Others")
    assert change(client, "delete", sweep.token).json()["done"] == [sweep.token]
    assert [each["name"] for each in listed(client)["deleted"]] == ["Others"]
    change(client, "restore", sweep.token)
    assert sweep.about.name == "Others"
    assert_refused(change(client, "delete", sweep.runs[0].token), 409, "part of a sweep")


def test_some_are_done_and_others_refused(client: TestClient) -> None:
    ended, training = run_of(ME), run_of(ME, "running", name="Busy")
    answer = change(client, "delete", training.token, ended.token, "nothing")
    assert answer.status_code == 200
    assert answer.json()["done"] == [ended.token]
    assert [each["token"] for each in answer.json()["refused"]] == [training.token, "nothing"]
    assert "“Busy” is still in training" in answer.json()["refused"][0]["sentence"]
    assert training.exists


def test_a_run_that_a_worker_still_has_is_not_deleted(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(ME, "stopped")
    monkeypatch.setattr(engine, "_parked", {run.token})
    monkeypatch.setattr(runs_route, "_LET_GO_WITHIN", 0.0)
    assert_refused(change(client, "delete", run.token), 409, "just ending")
    assert run.exists
    monkeypatch.setattr(engine, "_parked", set())
    assert change(client, "delete", run.token).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://[broken"},
    ],
)
def test_other_sites_change_nothing(client: TestClient, headers: dict[str, str]) -> None:
    run = run_of(ME)
    assert_refused(change(client, "delete", run.token, **headers), 403, "pages of this server only")
    assert run.exists


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}, {}])
def test_pages_of_this_server_do(client: TestClient, headers: dict[str, str]) -> None:
    run = run_of(ME)
    assert change(client, "delete", run.token, **headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "as JSON"),
        (b"{", "as JSON"),
        (b"\xff", "as JSON"),
        (b"[" * 60_000, "as JSON"),
        (b"[]", "action must be one of"),
        (b'{"action": "format"}', "action must be one of"),
        (b'{"action": ["delete"]}', "action must be one of"),
        (b'{"action": "delete"}', "list of runs"),
        (b'{"action": "delete", "tokens": []}', "list of runs"),
        (b'{"action": "delete", "tokens": "abc"}', "list of runs"),
        (b'{"action": "delete", "tokens": [1]}', "list of runs"),
        (b'{"action": "rename", "tokens": ["abc"]}', "text is given to one run"),
        (b'{"action": "rename", "tokens": ["abc", "abd"], "value": "x"}', "text is given to one run"),
        (b'{"action": "note", "tokens": ["abc"], "value": 3}', "text is given to one run"),
        (b'{"action": "star", "tokens": ["abc"], "value": 1}', "true or false"),
        (json.dumps({"action": "delete", "tokens": ["abc"] * (MOST_TOKENS + 1)}).encode(), "At most"),
    ],
)
def test_what_cannot_be_read(client: TestClient, body: bytes, says: str) -> None:
    assert_refused(client.post("/api/runs", content=body, headers={"content-type": "application/json"}), 400, says)


def test_a_form_of_another_page_is_no_json(client: TestClient) -> None:
    run = run_of(ME)
    body = json.dumps({"action": "delete", "tokens": [run.token]})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        assert_refused(client.post("/api/runs", content=body, headers={"content-type": kind}), 415, "as JSON")
    assert run.exists


def test_too_much_is_not_read(client: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    assert_refused(client.post("/api/runs", content=b"x" * (MOST_BYTES + 1), headers=json_type), 413, "64 kB")
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * 10_000

    assert_refused(client.post("/api/runs", content=parts(), headers=json_type), 413, "64 kB")


@given(
    action=st.sampled_from(sorted(runs_route._ACTIONS)), token=st.text(max_size=80), value=st.none() | st.booleans() | st.text()
)
def test_no_token_or_value_breaks_anything(action: str, token: str, value: object) -> None:
    with TestClient(Starlette(routes=ROUTES), cookies={COOKIE: MINE}) as client:
        response = change(client, action, token, value=value)
    assert 400 <= response.status_code < 500
    assert response.json()["error"].endswith(".")


def test_nothing_of_others_can_be_purged_or_reached_by_names(client: TestClient, other: TestClient) -> None:
    run = run_of(ME)
    change(client, "delete", run.token)
    (gone,) = deleted()
    for token in (gone.folder.name, gone.folder.name[1:], "." + run.token, "../" + run.token, secrets.token_hex(16)):
        for action, value in (("restore", None), ("delete", None), ("duplicate", None), ("star", True)):
            assert change(other, action, token, value=value).status_code in (403, 404)
    assert deleted() == [gone]
