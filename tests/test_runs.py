"""A run's folder: found by its token only, written whole or not at all, read also when another version wrote it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore import runs
from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.runs import (
    About,
    Control,
    Run,
    Status,
    all_runs,
    find_run,
    new_run,
    replace_file,
    runs_of,
    runs_root,
    shipped,
    shipped_run,
)
from tests.tiny import config


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for runs, and another for those that come with the app."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "CHECKPOINTS", tmp_path / "checkpoints")
    return tmp_path / "runs"


# --- tokens -------------------------------------------------------------------------------------------------------------


def test_a_run_is_found_by_its_token(root: Path) -> None:
    run = new_run(config(), owner="me")
    assert run.folder == root / run.token
    found = find_run(run.token)
    assert found is not None
    assert found.folder == run.folder
    assert find_run(run.token[:-1]) is None


def test_tokens_cannot_be_guessed() -> None:
    tokens = {new_run(config()).token for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in tokens)  # 128 random bits


HOSTILE = [
    "",
    ".",
    "..",
    "/",
    "a/b",
    "../x",
    "..\\x",
    "a" * 65,
    "a" * 10_000,
    "abc\0",
    "abc\n",
    "\nabc",
    "%2e%2e",
    "-abc",
    "_abc",
]
HOSTILE += ["ábc", "ａｂｃ", "٣٣٣", "abc ", "C:abc", "~root", "abc.d", "ab", "💥💥💥"]


@pytest.mark.parametrize("token", HOSTILE)
def test_what_is_no_token_finds_nothing_even_where_there_is_a_run(token: str, root: Path, tmp_path: Path) -> None:
    for folder in (
        root,
        root / "abc",
        root / "a" / "b",
        root / "ab",
        root / "abc.d",
        root / "-abc",
        root / "_abc",
        tmp_path / "x",
    ):
        Run.create(config(), folder)
    assert find_run("abc") is not None
    assert find_run(token) is None
    assert find_run(str(root / "abc")) is None


@given(st.text(max_size=80))
def test_no_text_from_outside_raises(token: str) -> None:
    assert find_run(token) is None


def test_a_folder_without_a_run_and_a_file_are_not_found(root: Path) -> None:
    (root / "empty").mkdir(parents=True)
    (root / "file").write_text("{}")
    assert find_run("empty") is None
    assert find_run("file") is None
    assert list(all_runs()) == []


def test_a_run_that_came_with_the_app_is_found_by_its_name(tmp_path: Path) -> None:
    assert shipped() == []
    Run.create(config("vae"), tmp_path / "checkpoints" / "vae-digits")
    (tmp_path / "checkpoints" / "runs").mkdir()
    assert [run.token for run in shipped()] == ["vae-digits"]
    for found in (find_run("vae-digits"), shipped_run("vae-digits")):
        assert found is not None
        assert found.config == config("vae")
    assert shipped_run("other") is None


# --- making and finding -------------------------------------------------------------------------------------------------


def test_a_new_run_waits_with_its_configuration() -> None:
    run = new_run(config("vae"), owner="me", name="first")
    assert run.exists
    assert run.config == config("vae")
    assert (run.about.owner, run.about.name) == ("me", "first")
    assert abs(run.about.created - run.folder.stat().st_mtime) < 60
    assert (run.status.state, run.status.step, run.status.steps, run.status.epochs) == ("queued", 0, 6, 2)
    assert run.control == Control()
    assert not run.resumable


def test_a_folder_that_holds_a_run_is_left_as_it_is(tmp_path: Path) -> None:
    run = Run.create(config(), tmp_path / "mine", owner="me")
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(FileExistsError, match="already holds a run: choose another folder"):
        Run.create(config("vae"), tmp_path / "mine", owner="you")
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before


def test_the_environment_says_where_runs_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "elsewhere"))
    assert runs_root() == tmp_path / "elsewhere"
    assert new_run(config()).folder.parent == tmp_path / "elsewhere"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("AECORE_RUNS")
        else:
            monkeypatch.setenv("AECORE_RUNS", unset)
        assert runs_root() == tmp_path / "checkpoints" / "runs"


def test_people_see_their_own_runs_newest_first() -> None:
    made = {}
    for created, owner in ((3.0, "me"), (1.0, "me"), (2.0, "you"), (9.0, "me")):
        run = new_run(config())
        run.write_about(About(owner, created))
        made[created] = run.token
    assert [run.token for run in runs_of("me")] == [made[9.0], made[3.0], made[1.0]]
    assert [run.token for run in runs_of("you")] == [made[2.0]]
    assert runs_of("nobody") == []
    assert {run.token for run in all_runs()} == set(made.values())


@pytest.mark.parametrize(
    ("state", "saved", "resumable"),
    [
        *(("stopped", False, True), ("interrupted", False, True), ("failed", True, True), ("failed", False, True)),
        *(("finished", True, False), ("running", True, False), ("paused", True, False), ("queued", False, False)),
    ],
)
def test_a_run_that_ended_early_can_go_on(state: str, saved: bool, resumable: bool) -> None:
    run = new_run(config())
    run.write_status(Status(state=state))
    if saved:
        run.resume_path.write_bytes(b"state")
    assert run.resumable == resumable


# --- small files --------------------------------------------------------------------------------------------------------


def test_records_are_read_as_they_were_written() -> None:
    run = new_run(config())
    status = Status("failed", "Why.", 3, 9, 0.5, 2, 1.5, 80.0, {"what": "Reading", "done": 0.5}, {"mse": 0.1}, 20, 5.0, 4.0)
    control = Control("pause", 2, 0.01)
    run.write_status(status)
    run.write_control(control)
    assert (run.status, run.control) == (status, control)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"text"', "\0\0\0", '{"state": '])
def test_a_broken_record_is_the_usual_one(text: str) -> None:
    run = new_run(config(), owner="me")
    for name in ("status", "control", "about"):
        (run.folder / f"{name}.json").write_text(text)
    assert run.control == Control()
    assert run.about == About()
    assert (run.status.state, run.status.step, run.status.test) == ("queued", 0, None)


def test_records_of_another_version_keep_what_is_known() -> None:
    run = new_run(config())
    (run.folder / "status.json").write_text(json.dumps({"state": "running", "step": 7, "mood": "good"}))
    (run.folder / "control.json").write_text(json.dumps({"single_steps": 3, "speed": 2}))
    (run.folder / "about.json").unlink()
    assert (run.status.state, run.status.step, run.status.epochs) == ("running", 7, 0)
    assert run.control == Control(single_steps=3)
    assert run.about == About()


def test_a_broken_configuration_says_so() -> None:
    run = new_run(config())
    (run.folder / "config.json").write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        _ = run.config


def test_a_configuration_that_lacks_settings_gets_the_usual_ones() -> None:
    run = new_run(config())
    (run.folder / "config.json").write_text('{"code": {"size": 3}}')
    assert run.config == RunConfig.parse({"code": {"size": 3}})


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(path, "räksmörgås")
    with path.open("rb") as reader:
        replace_file(path, b"new")
        assert reader.read().decode() == "räksmörgås"  # who has it open still reads the old one to its end
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_failure_on_the_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def half(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:2])
        raise OSError("No space left on device")

    def refuse(source: Path, target: Path) -> None:
        raise OSError("Permission denied")

    with monkeypatch.context() as patch:
        if step == "write_bytes":
            patch.setattr(Path, "write_bytes", half)
        else:
            patch.setattr(os, "replace", refuse)
        with pytest.raises(OSError, match=r"No space|Permission"):
            replace_file(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]
