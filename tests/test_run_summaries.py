"""Summaries of runs: what is in them, whose they are, and that they are made again when something has changed, and only then."""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aecore import run_summaries, runs
from aecore.keeping import annotate, delete, rename, restore, star
from aecore.metrics_log import MetricsReader
from aecore.nearest_preset import nearest_preset
from aecore.presets import PRESETS
from aecore.recording import Recorder
from aecore.run_summaries import CURVE_POINTS, Summaries, curve
from aecore.runs import About, Run, Status, new_run
from aecore.sweeps import new_sweep
from tests.tiny import config, sweep_config

ME = "me"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Run.create(config("vae"), tmp_path_factory.mktemp("trained") / "run", owner=ME, name="vae · digits · size 4")
    assert Recorder(run).record().state == "finished"
    return run.folder


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "CHECKPOINTS", tmp_path / "checkpoints")
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs of which a summary was made, in their order."""
    names: list[str] = []
    original = run_summaries._of_run

    def note(run: Run, *others: Any) -> dict[str, object]:
        names.append(run.token)
        return original(run, *others)

    monkeypatch.setattr(run_summaries, "_of_run", note)
    return names


def test_what_is_said_of_a_trained_run(trained: Path, root: Path) -> None:
    shutil.copytree(trained, root / ("a" * 32))
    run = Run(root / ("a" * 32))
    run.write_about(About(ME, 7.0, "Mine", "a note", True, "another one, step 3", "run.zip"))
    (summary,) = Summaries().of(ME)
    values = summary.values
    said = {key: values[key] for key in ("token", "name", "note", "starred", "start", "file", "mine", "created", "kind", "runs")}
    assert said == {
        "token": run.token,
        "name": "Mine",
        "note": "a note",
        "starred": True,
        "start": "another one, step 3",
        "file": "run.zip",
        "mine": True,
        "created": 7.0,
        "kind": "run",
        "runs": 1,
    }
    status = run.status
    assert status.test is not None
    assert (values["state"], values["step"], values["steps"]) == ("finished", status.step, status.steps)
    assert (values["preset"], values["data"], values["code"]) == ("VAE", "Digits", 4)
    assert values["parameters"] == run.config.plan.parameters
    assert values["error"] == pytest.approx(status.test["mse"], rel=1e-5)
    assert [number["key"] for number in values["numbers"]] == ["mse", "bce", "neg_elbo", "kl"]
    assert values["numbers"][0]["name"] == "Squared error per pixel"
    assert values["bytes"] == sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file())
    assert 1 <= len(values["curve"]) <= CURVE_POINTS <= 40
    assert values["thumbnail"]
    assert json.loads(summary.text) == values


def test_only_ones_own_and_those_of_the_app(tmp_path: Path) -> None:
    mine, theirs = new_run(config(), owner=ME), new_run(config(), owner="you")
    shipped = Run.create(config(), tmp_path / "checkpoints" / "vanilla-mnist", name="vanilla-mnist")
    nobodys = new_run(config(), owner="")  # under the root of people's runs: nobody's, and so nobody sees it
    summaries = Summaries()
    assert {summary.token for summary in summaries.of(ME)} == {mine.token, shipped.token}
    assert {summary.token for summary in summaries.of("you")} == {theirs.token, shipped.token}
    assert [summary.token for summary in summaries.of("")] == [shipped.token]
    assert nobodys.exists
    (first,) = summaries.of("")
    assert (first.values["name"], first.values["preset"], first.values["mine"]) == (
        "Plain autoencoder, 32 numbers, MNIST",
        "Vanilla",
        False,
    )


def test_the_newest_comes_first() -> None:
    made = [new_run(config(), owner=ME) for _ in range(3)]
    for age, run in enumerate(made):
        run.write_about(About(ME, 100.0 - age))
    assert [summary.token for summary in Summaries().of(ME)] == [run.token for run in made]


def test_what_has_not_changed_is_not_read_again(made: list[str]) -> None:
    first, second = new_run(config(), owner=ME), new_run(config(), owner=ME)
    summaries = Summaries()
    before = {summary.token: summary for summary in summaries.of(ME)}
    assert sorted(made) == sorted([first.token, second.token])
    summaries.of(ME)
    summaries.of("you")
    assert len(made) == 2
    first.write_status(Status(state="running", step=5, steps=9))
    after = {summary.token: summary for summary in summaries.of(ME)}
    assert made[2:] == [first.token]
    assert after[second.token] is before[second.token]
    assert after[first.token].values["step"] == 5
    assert after[first.token].version > max(summary.version for summary in before.values())
    changes = (
        lambda: rename(second, "x", owner=ME),
        lambda: annotate(second, "y", owner=ME),
        lambda: star(second, True, owner=ME),
    )
    for change in changes:
        version = max(summary.version for summary in summaries.of(ME))
        change()
        newest = max(summaries.of(ME), key=lambda summary: summary.version)
        assert (newest.token, newest.version > version) == (second.token, True)


def test_versions_of_a_later_server_are_larger() -> None:
    new_run(config(), owner=ME)
    (before,) = Summaries().of(ME)
    (after,) = Summaries().of(ME)
    assert after.version > before.version
    assert after.version < 2**53  # a browser's numbers hold it


def test_what_is_deleted_goes_and_comes_back() -> None:
    run = new_run(config(), owner=ME)
    run.write_status(Status(state="finished"))
    summaries = Summaries()
    (before,) = summaries.of(ME)
    delete(run, owner=ME)
    assert summaries.of(ME) == []
    assert summaries._kept == {}
    restore(run.token, ME)
    (after,) = summaries.of(ME)
    assert after.version > before.version  # a browser that has forgotten it is told again


def test_the_curve_of_a_run_under_way_grows(root: Path) -> None:
    run = new_run(config(), owner=ME)
    run.write_status(Status(state="running"))
    run.metrics_path.write_text("step,epoch,val_loss\n0,0,8\n1,0.1,\n2,0.2,4\n")
    summaries = Summaries()
    assert summaries.of(ME)[0].values["curve"] == [8, 4]
    with run.metrics_path.open("a") as file:
        file.write("3,0.3,2\n4,0.4,nan\n")
    run.write_status(Status(state="running", step=4))
    assert summaries.of(ME)[0].values["curve"] == [8, 4, 2, None]
    run.write_status(Status(state="finished", step=4))
    summaries.of(ME)
    assert summaries._readers == {}


def test_a_long_curve_is_thinned_and_keeps_its_ends(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,val_loss\n" + "".join(f"{step},{1000 - step}\n" for step in range(1000)))
    reader = MetricsReader(path)
    reader.read()
    thinned = curve(reader)
    assert (len(thinned), thinned[0], thinned[-1]) == (CURVE_POINTS, 1000, 1)
    assert all(one is not None and other is not None and one > other for one, other in pairwise(thinned))
    reader = MetricsReader(tmp_path / "none.csv")
    reader.read()
    assert curve(reader) == []


def test_a_run_that_ended_early_shows_its_last_loss() -> None:
    run = new_run(config(), owner=ME)
    run.metrics_path.write_text("step,val_loss\n0,9\n5,3\n")
    run.write_status(Status(state="stopped"))
    (summary,) = Summaries().of(ME)
    assert summary.values["numbers"] == [{"key": "validation", "name": "Validation loss, nats a picture", "value": 3}]
    assert summary.values["error"] is None


def test_a_sweep_counts_as_one() -> None:
    sweep = new_sweep(sweep_config(), owner=ME, name="Two βs")
    summaries = Summaries()
    (summary,) = summaries.of(ME)
    values = summary.values
    assert (values["kind"], values["runs"], values["finished"], values["state"]) == ("sweep", 4, 0, "queued")
    assert (values["name"], values["preset"], values["data"]) == ("Two βs", "Sweep of β-VAE", "Shapes")
    assert json.loads(summary.text) == values
    for run in sweep.runs:
        run.write_status(Status(state="finished"))
    (after,) = summaries.of(ME)
    assert (after.values["finished"], after.values["state"]) == (4, "finished")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 99}', b'{"data": {"name": "own-gone"}}', b"\xff" * 100])
def test_a_run_that_cannot_be_read_can_still_be_deleted(content: bytes) -> None:
    run = new_run(config(), owner=ME, name="Broken")
    (run.folder / "config.json").write_bytes(content)
    run.write_status(Status(state="finished"))
    (summary,) = Summaries().of(ME)
    assert summary.values["problem"].startswith("This run cannot be shown any more.")
    assert summary.values["name"] == "Broken"
    delete(run, owner=ME)


def test_folders_that_are_none(root: Path) -> None:
    (root / "studies").mkdir()
    (root / "file").write_text("x")
    (root / "half").mkdir()
    (root / "half" / "about.json").write_text('{"owner": "me"}')  # without a configuration it is no run (yet)
    broken = new_sweep(sweep_config(), owner=ME)
    (broken.folder / "sweep.json").write_text("{")
    (root / ".deleted-x-0123456789abcdef").mkdir()
    assert Summaries().of(ME) == []


def test_numbers_that_json_does_not_have() -> None:
    run = new_run(config(), owner=ME)
    run.metrics_path.write_text("step,val_loss\n0,inf\n5,nan\n")
    run.write_status(Status(state="failed", test={"mse": float("nan"), "mae": float("inf"), "unknown": 3.0}, epoch=float("nan")))
    (summary,) = Summaries().of(ME)
    assert "NaN" not in summary.text
    assert "Infinity" not in summary.text
    assert (summary.values["numbers"], summary.values["error"], summary.values["curve"]) == ([], None, [None, None])


@pytest.mark.parametrize("name", PRESETS)
def test_the_preset_of_a_run_that_was_renamed(name: str) -> None:
    tuned = PRESETS[name].config.with_settings({"epochs": 7, "seed": 3})
    assert nearest_preset(tuned, "My favourite") == name
    assert nearest_preset(tuned, "vae · digits") == "vae"  # its name says it


def test_the_time_of_a_file_is_all_that_is_looked_at(made: list[str], root: Path) -> None:
    run = new_run(config(), owner=ME)
    summaries = Summaries()
    summaries.of(ME)
    (run.folder / "config.json").unlink()  # not looked at again: a configuration never changes
    assert len(summaries.of(ME)) == 1
    os.utime(run.folder / "about.json", (1, 1))
    assert summaries.of(ME) == []
    assert made == [run.token]


def test_of_other_peoples_runs_nothing_is_read_but_whose_they_are(made: list[str]) -> None:
    theirs = new_run(config(), owner="you")
    (theirs.folder / "config.json").write_text("never read")
    summaries = Summaries()
    assert (summaries.of(ME), made) == ([], [])
    theirs.write_about(About(ME, 1.0))  # as nothing in the app does
    assert [summary.token for summary in summaries.of(ME)] == [theirs.token] == made
