"""What one person and all together may use: each limit is a sentence that says what to do, and the way on is one press."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from aecore import limits, usage
from aecore.engine import Engine, EngineError
from aecore.engine_errors import LimitReachedError
from aecore.keeping import delete, deleted_of
from aecore.recording import Recorder
from aecore.runs import Run, Status, find_run, new_run, runs_of, runs_root
from aecore.ui.server import person
from tests.server import ROOT
from tests.tiny import config, sweep_config

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Without workers: what it is given waits."""
    running = Engine(slots=0)
    yield running
    running.close()


def kept(owner: str, count: int, size: int = 0, state: str = "stopped") -> list[Run]:
    """Runs that have ended, the oldest first, each with a file of that many bytes."""
    runs = []
    for age in range(count, 0, -1):
        run = new_run(config(), owner=owner, name=f"run {age}")
        run.write_about(replace(run.about, created=time.time() - age))
        run.write_status(Status(state=state))
        (run.folder / "model.safetensors").write_bytes(b"x" * size)
        runs.append(run)
    return runs


def test_one_person_keeps_so_many_runs(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS_EACH", 3)
    monkeypatch.setattr(limits, "REMOVAL_OFFERED", 2)
    runs = kept("ada", 3, size=3 << 20)
    runs[0].write_about(replace(runs[0].about, starred=True))
    with pytest.raises(LimitReachedError, match="You keep 3 runs, and one person may keep 3") as raised:
        engine.submit(config(), owner="ada")
    assert raised.value.candidates == (runs[1].token, runs[2].token)
    assert "2 oldest unstarred runs frees 6.0 MB" in str(raised.value)
    with pytest.raises(LimitReachedError):
        engine.submit_sweep(sweep_config(), owner="ada")
    assert engine.submit(config(), owner="bob").exists


def test_a_sweep_counts_as_one_run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS_EACH", 2)
    sweep = engine.submit_sweep(sweep_config(), owner="ada")
    assert len(sweep.runs) == 4
    engine.submit(config(), owner="ada")
    with pytest.raises(LimitReachedError, match="Delete runs that you do not need"):  # both are under way
        engine.submit(config(), owner="ada")
    for run in sweep.runs:
        engine.stop(run)
    with pytest.raises(LimitReachedError) as raised:
        engine.submit(config(), owner="ada")
    assert raised.value.candidates == (sweep.token,)


def test_one_person_keeps_so_many_bytes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES_EACH", 10 << 20)
    monkeypatch.setattr(limits, "REMOVAL_OFFERED", 1)
    runs = kept("ada", 4, size=2 << 20)
    usage.check_room("ada", bytes=1 << 20)
    with pytest.raises(
        LimitReachedError, match=r"Your runs take 8\.\d MB, and with 6\.0 MB more this is over the 10\.0 MB"
    ) as raised:
        usage.check_room("ada", bytes=6 << 20)
    assert raised.value.candidates == tuple(run.token for run in runs[:3]), "as many as make room"
    with pytest.raises(LimitReachedError, match="Delete runs") as hopeless:
        usage.check_room("ada", bytes=11 << 20)
    assert hopeless.value.candidates == ()


def test_all_together_keep_so_much(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    kept("bob", 2, size=1 << 20)
    mine = kept("ada", 1)
    monkeypatch.setattr(limits, "RUNS_IN_ALL", 3)
    with pytest.raises(LimitReachedError, match="keeps 3 runs of all people together") as raised:
        engine.submit(config(), owner="ada")
    assert raised.value.candidates == (mine[0].token,), "never those of somebody else"
    with pytest.raises(LimitReachedError, match="ask whoever runs this server"):
        engine.submit(config(), owner="eve")
    monkeypatch.setattr(limits, "RUNS_IN_ALL", 100)
    monkeypatch.setattr(limits, "BYTES_IN_ALL", 2 << 20)
    with pytest.raises(LimitReachedError, match=r"The runs on this server take 2\.0 MB together"):
        engine.submit(config(), owner="eve")


def test_nothing_is_begun_on_a_disk_that_is_nearly_full(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES_LEFT_FREE", 1 << 60)
    with pytest.raises(LimitReachedError, match="The disk of this server is full"):
        engine.submit(config(), owner="ada")
    assert runs_of("ada") == []


def test_on_a_full_disk_what_was_deleted_makes_room(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest ago first, and no more than is needed."""
    runs = kept("ada", 3)
    for run, days in zip(runs, (3, 1, 2), strict=True):
        gone = delete(run, owner="ada").folder
        gone.rename(gone.with_name(f".deleted-{run.token}-{int(time.time() - days * 100):08x}00000000"))

    def free(path: object) -> object:
        """As many bytes as runs are gone for good."""
        return SimpleNamespace(free=3 - len(list(runs_root().glob(".deleted-*"))))

    monkeypatch.setattr("shutil.disk_usage", free)
    monkeypatch.setattr(limits, "BYTES_LEFT_FREE", 2)
    usage.check_room("ada")
    assert [gone.token for gone, _ in deleted_of("ada")] == [runs[1].token]
    with pytest.raises(LimitReachedError, match="The disk of this server is full"):
        usage.check_room("ada", bytes=2)
    assert deleted_of("ada") == []


def test_the_queue_is_so_long(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_IN_ALL", 5)
    engine.submit_sweep(sweep_config(), owner="ada")
    engine.submit(config(), owner="bob")
    with pytest.raises(EngineError, match="5 runs of all people together are waiting, and 5 may"):
        engine.submit(config(), owner="eve")
    assert runs_of("eve") == []


def test_training_takes_so_long_and_may_go_on(engine: Engine, tmp_path: Path) -> None:
    whole = Run.create(config(), tmp_path / "whole")
    Recorder(whole).record()
    run = new_run(config(), owner="ada")
    pieces = 0
    while run.status.state != "finished":
        status = Recorder(run, most_seconds=1e-9).record()  # one step is more than that
        if status.state == "stopped":
            assert "Resume grants as much again" in status.reason
            assert status.step == pieces + 1
            pieces += 1
            engine.resume(run)
            assert run.status.state == "queued"
            assert run.status.reason == ""
            assert run.status.ends_at == 0
            engine.stop(run)
            run.write_control(replace(run.control, want="run"))
    assert pieces == config().total_steps - 1
    assert run.model_path.read_bytes() == whole.model_path.read_bytes()
    assert run.status.test == whole.status.test
    assert not run.resume_path.exists()


def test_a_run_that_only_changes_its_worker_is_granted_nothing(tmp_path: Path) -> None:
    run = Run.create(config(), tmp_path / "run")
    first = Recorder(run, lambda: "queued" if run.status.step >= 2 else None, most_seconds=100)
    assert first.record().state == "queued"
    ends_at = run.status.ends_at
    assert 100 <= ends_at < math.inf
    second = Recorder(run, most_seconds=100)
    second.record()
    assert second.status.ends_at == ends_at
    third = Recorder(Run.create(config(), tmp_path / "other"))
    assert third.record().ends_at == 0, "no limit where nobody set one"


def test_where_a_limit_is_reached_the_oldest_runs_can_be_removed_and_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS_EACH", 3)
    monkeypatch.setattr(limits, "REMOVAL_OFFERED", 2)
    runs = kept(person(), 3)
    engine = Engine(slots=0)
    monkeypatch.setattr("aecore.ui.run_panel.engine", lambda: engine)
    monkeypatch.setattr("aecore.ui.problem.engine", lambda: engine)
    monkeypatch.setattr("aecore.ui.live_route.engine", lambda: engine)
    app = AppTest.from_file(ENTRY, default_timeout=120).run().switch_page(str(ROOT / "pages" / "train.py")).run()
    app.button(key="train").click().run()
    assert any("You keep 3 runs" in error.value for error in app.error)
    app.run()
    assert any("You keep 3 runs" in error.value for error in app.error), "the offer stays"
    app.button(key="make_room_go_page").click().run()
    assert not app.exception
    assert [success.value for success in app.success] == ["2 runs were removed: there is room now."]
    assert [run.token for run in runs_of(person())] == [runs[2].token]
    assert {gone.token for gone, _ in deleted_of(person())} == {runs[0].token, runs[1].token}
    app.button(key="make_room_undo_page").click().run()
    assert len(runs_of(person())) == 3
    app.button(key="train").click().run()
    app.button(key="make_room_not_page").click().run()
    assert not app.error
    runs[0].write_about(replace(runs[0].about, starred=True))
    app.button(key="train").click().run()
    app.button(key="make_room_go_page").click().run()
    assert find_run(runs[0].token), "a star keeps it"
    app.button(key="train").click().run()
    assert not app.error
    assert len(runs_of(person())) == 2
    engine.close()


def test_where_the_bytes_of_the_new_run_are_too_many_the_offer_is_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = kept(person(), 2)
    for run in runs:
        (run.folder / "model.safetensors").write_bytes(b"0" * (2 << 20))
    monkeypatch.setattr(limits, "BYTES_EACH", usage.usage_of(person()).bytes + 1000)
    engine = Engine(slots=0)
    monkeypatch.setattr("aecore.ui.run_panel.engine", lambda: engine)
    monkeypatch.setattr("aecore.ui.problem.engine", lambda: engine)
    monkeypatch.setattr("aecore.ui.live_route.engine", lambda: engine)
    app = AppTest.from_file(ENTRY, default_timeout=120).run().switch_page(str(ROOT / "pages" / "train.py")).run()
    app.button(key="train").click().run()
    assert any("of one person" in error.value for error in app.error)
    app.button(key="make_room_go_page").click().run()
    assert not app.error
    assert not find_run(runs[0].token)
    engine.close()


def test_a_question_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = delete(kept(person(), 1)[0], owner=person())
    monkeypatch.setattr("aecore.usage._free_bytes", lambda: 0)
    monkeypatch.setattr("aecore.usage.make_room", lambda wanted: pytest.fail("this removes for good"))
    with pytest.raises(LimitReachedError):
        usage.check_room(person(), make=False)
    assert gone.folder.is_dir()
