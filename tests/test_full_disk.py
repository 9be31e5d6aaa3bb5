"""A full disk stops nothing that runs and loses nothing: at every moment, with every kind of file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from aecore import recording
from aecore.config import RunConfig
from aecore.engine import Engine, EngineError
from aecore.frames import kept_frames, read_film
from aecore.full_disk import WAITING, holding, is_full, read
from aecore.metrics_log import MetricsReader, MetricsWriter, RowFile
from aecore.moments import moments_path, pictured_steps
from aecore.recording import Recorder
from aecore.runs import Run, Status, replace_file, runs_root
from aecore.snapshot_steps import snapshots
from aecore.stage_numbers import stage_numbers
from aecore.sweeps import Sweep
from aecore.unwritten import BEGINS, GIVEN_UP, GOES_ON, WAITS
from tests.small_disk import SmallDisk, after
from tests.tiny import config, settings, sweep_config

FOREVER = 1_000_000
GREEDY = settings(
    architecture__hidden=(10,),
    code__size=6,
    schedule__kind="greedy",
    schedule__layer_epochs=1,
    schedule__classifier_epochs=1,
    epochs=1,
)


@pytest.fixture(autouse=True)
def _no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_everything(monkeypatch)


def keep_everything(patch: pytest.MonkeyPatch) -> None:
    """Every step has its row, its frame and its saved state, and what waits is tried again at once."""
    for name, value in {"TICK": 0.0, "WRITING_AGAIN": 0.0, "SAVE_EVERY": 0.0, "WATCHING_SHARE": math.inf}.items():
        patch.setattr(recording, name, value)
    patch.setattr("aecore.unwritten.WRITING_AGAIN", 0.0)


def made(folder: Path, settings: RunConfig | None = None) -> Run:
    return Run.create(settings or config(), folder, owner="ada")


def table(path: Path) -> list[dict[str, float | None]]:
    """The rows, without the seconds: no two trainings take the same."""
    reader = MetricsReader(path)
    reader.read()
    rows = [dict(zip(reader.columns, row, strict=True)) for row in reader.rows]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def same(one: Run, other: Run) -> None:
    """Both are whole, and have learned and kept the same."""
    assert one.status.state == other.status.state == "finished"
    assert one.status.test == other.status.test
    assert one.model_path.read_bytes() == other.model_path.read_bytes()
    assert table(one.metrics_path) == table(other.metrics_path)
    assert kept_frames(one.frames_folder) == kept_frames(other.frames_folder)
    ours, theirs = read_film(one.frames_folder), read_film(other.frames_folder)
    assert ours is not None
    assert theirs is not None
    assert (ours.reconstructions == theirs.reconstructions).all()
    assert [path.read_bytes() for path in snapshots(one).values()] == [path.read_bytes() for path in snapshots(other).values()]
    assert stage_numbers(one) == stage_numbers(other)
    for run in (one, other):
        assert not run.resume_path.exists()
        assert not WAITING.paths(run.folder)
        assert not [path for path in run.folder.rglob("*") if path.name.startswith(".")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that always had room."""
    with pytest.MonkeyPatch.context() as patch:
        keep_everything(patch)
        run = made(tmp_path_factory.mktemp("whole") / "run")
        Recorder(run).record()
    return run


@pytest.mark.parametrize("room", [0, 1, 3_000, 30_000, 100_000, 300_000, 900_000])
def test_a_disk_that_fills_up_at_any_moment_costs_nothing(
    room: int, whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path / "run")
    disk = SmallDisk(monkeypatch, room)
    said: list[str] = []

    def more() -> None:
        disk.room = math.inf

    Recorder(run, watch=lambda status: said.append(status.reason), rest=after(3, more)).record()
    same(run, whole)
    assert disk.failed
    assert any(BEGINS in words or GOES_ON in words or WAITS in words for words in said)
    assert said[-1] == ""


def test_each_kind_of_file_waits(whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full from the first step on, until all is done."""
    run = made(tmp_path / "run")
    disk = SmallDisk(monkeypatch, math.inf)
    run.watched_path.touch()
    monkeypatch.setattr("aecore.live_weights.WATCHED_FOR", math.inf)
    monkeypatch.setattr("aecore.live_weights.OFFERING_SHARE", math.inf)

    def watch(status: Status) -> None:
        disk.room = 0 if status.state == "running" and disk.room == math.inf and not disk.failed else disk.room

    def more() -> None:
        disk.room = math.inf

    Recorder(run, watch=watch, rest=after(3, more)).record()
    run.watched_path.unlink()
    same(run, whole)
    assert not run.live_model_path.exists()
    kinds = {re.sub(r"^\.|\.\d+\.[0-9a-f]{8}$", "", name) for name in disk.failed}
    expected = {"rows", "status.json", "live.safetensors", "resume.safetensors", "model.safetensors", "live_model.safetensors"}
    assert expected <= kinds
    assert {name for name in kinds if name[0].isdigit()}  # frames and weights of a step


def test_the_moments_of_a_sweep_and_the_ends_of_stages_wait_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = [Sweep.create(sweep_config(seeds=1), tmp_path / name) for name in ("a", "b")]
    stacked = [made(tmp_path / f"stacked-{name}", config().with_settings(GREEDY)) for name in ("a", "b")]
    for pair in ([sweep.runs[0] for sweep in sweeps], stacked):
        Recorder(pair[0]).record()
        with monkeypatch.context() as patch:
            disk = SmallDisk(patch, math.inf)

            def fill(status: Status, disk: SmallDisk = disk) -> None:
                if status.state == "running" and not disk.failed:
                    disk.room = 2_000

            def more(disk: SmallDisk = disk) -> None:
                disk.room = math.inf

            Recorder(pair[1], watch=fill, rest=after(3, more)).record()
            assert disk.failed
        same(*pair)
        assert pictured_steps(pair[0]) == pictured_steps(pair[1])
        assert table(moments_path(pair[0])) == table(moments_path(pair[1]))


@pytest.mark.parametrize("kind", ["usual", "greedy", "sweep"])
def test_a_run_that_is_cut_off_anywhere_is_the_same_in_the_end(
    kind: str, whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of the moments at which it looks whether it is to leave, and again a few moments later; on any disk."""

    def new(name: str) -> Run:
        if kind == "sweep":
            return Sweep.create(sweep_config(seeds=1), tmp_path / name).runs[0]
        return made(tmp_path / name, config() if kind == "usual" else config().with_settings(GREEDY))

    complete = new("complete")
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    Recorder(complete, count).record()
    for moment in range(0, asked, 1 + asked // 10):
        run = new(f"cut-{moment}")
        while run.status.state != "finished":
            left = moment + 1

            def leave() -> str | None:
                nonlocal left
                left -= 1
                return "interrupted" if left == 0 else None

            before = run.status.step, run.status.state
            Recorder(run, leave).record()
            if (run.status.step, run.status.state) == before:
                Recorder(run).record()  # it never comes further than this
        assert run.model_path.read_bytes() == complete.model_path.read_bytes()
        assert run.status.test == complete.status.test
        assert stage_numbers(run) == stage_numbers(complete)
        assert kept_frames(run.frames_folder)[-1] == kept_frames(complete.frames_folder)[-1]
        assert pictured_steps(run) == pictured_steps(complete)
        # The row of a step at which it was cut off may be missing: its losses are then in the next one's mean.
        expected = {row["step"]: row for row in table(complete.metrics_path)}
        rows = table(run.metrics_path)
        steps = [row["step"] for row in rows]
        assert steps == sorted(set(steps), key=lambda step: step or 0)
        assert {steps[0], steps[-1]} == {0, complete.status.steps}
        for row in rows:
            assert all(value == expected[row["step"]][name] for name, value in row.items() if name.startswith("val_"))


def filled(monkeypatch: pytest.MonkeyPatch, run: Run, step: int, **more: Callable[[], None]) -> tuple[SmallDisk, Recorder]:
    """A recorder whose disk is full from that step on; `rest`: what is done when it has waited for a while."""
    disk = SmallDisk(monkeypatch, math.inf)

    def watch(status: Status) -> None:
        if status.step == step and status.state == "running":
            disk.room = 0

    return disk, Recorder(run, watch=watch, rest=after(3, more["then"]))


def test_who_stops_twice_gives_up_what_was_not_saved_and_can_go_on_from_before(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path / "run")

    def ask() -> None:
        with holding():
            control = run.control
            control.want, control.asked = "stop", control.asked + 1
            run.write_control(control)

    disk, recorder = filled(monkeypatch, run, 3, then=ask)
    status = recorder.record()
    assert (status.state, status.reason) == ("stopped", GIVEN_UP)
    assert [path for path in WAITING.paths(run.folder) if path not in (run.status_path, run.control_path)] == []
    disk.room = math.inf
    WAITING.forget(run.control_path)
    run.write_control(run.control.__class__())
    replace_file(run.status_path, read(run.status_path))
    assert run.resumable
    Recorder(run).record()
    same(run, whole)


def test_a_server_that_ends_while_the_disk_is_full_leaves_a_run_that_can_go_on(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path / "run")
    disk = SmallDisk(monkeypatch, math.inf)
    orphaned = False

    def watch(status: Status) -> None:
        nonlocal orphaned
        if status.step == 3:
            disk.room = 0
        orphaned = status.step == 4

    assert Recorder(run, lambda: "interrupted" if orphaned else None, watch).record().state == "interrupted"
    disk.room = math.inf
    for path in WAITING.paths(run.folder):
        WAITING.forget(path)  # as the process ends
    assert run.status.state == "running"  # an engine that starts finds no heartbeat, and marks it
    run.write_status(Status(state="interrupted"))
    Recorder(run).record()
    same(run, whole)


def test_a_run_is_not_sent_back_to_the_queue_before_it_is_written(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path / "run")
    parking = False
    disk = SmallDisk(monkeypatch, math.inf)

    def watch(status: Status) -> None:
        nonlocal parking
        if status.step == 3 and not parking:
            disk.room, parking = 0, True

    def more() -> None:
        disk.room = math.inf

    state = Recorder(run, lambda: "queued" if parking else None, watch, after(3, more)).record().state
    assert state in ("queued", "finished")
    assert not WAITING.paths(run.folder)
    Recorder(run).record()
    same(run, whole)


def test_a_run_that_diverges_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wild = {"optimizer__kind": "sgd", "optimizer__learning_rate": 10, "architecture__output": "linear", "epochs": 50}
    run = made(tmp_path / "run", config(None, objective__reconstruction="mse", **wild))
    disk = SmallDisk(monkeypatch, math.inf)

    def watch(status: Status) -> None:
        if status.step == 1:
            disk.room = 0

    def more() -> None:
        disk.room = math.inf

    Recorder(run, watch=watch, rest=after(3, more)).record()
    assert run.status.state == "failed"
    assert "smaller learning rate" in run.status.reason
    assert len(table(run.metrics_path)) > 1
    assert not run.resume_path.exists()
    assert not run.live_model_path.exists()


def test_rows_come_in_order_whatever_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.csv"
    writer = MetricsWriter(path, ("loss",))
    disk = SmallDisk(monkeypatch, 0)
    for step in range(200):
        disk.room = step % 7  # the disk takes a few bytes, and then none
        writer.write({"step": step, "train_loss": step / 2})
        rows = table(path)
        assert [row["step"] for row in rows] == list(range(len(rows)))
    assert writer.waits
    disk.room = math.inf
    assert writer.flush()
    assert [row["train_loss"] for row in table(path)] == [step / 2 for step in range(200)]
    writer.close()


def test_a_real_full_device_is_known_as_one() -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("this system has no device that is always full")
    rows = RowFile(full)
    rows.append("a row\n")
    assert rows.waits
    assert not rows.flush()
    with pytest.raises(OSError, match="space") as raised:
        full.write_bytes(b"anything")
    assert is_full(raised.value)


def test_a_submission_on_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    engine = Engine(slots=1)
    monkeypatch.setattr(engine, "_start_worker", lambda: engine._workers.append(None))  # type: ignore[arg-type]
    for room in (0, 1, 2, 500):
        SmallDisk(monkeypatch, room)
        with pytest.raises(EngineError, match="disk of this server is full"):
            engine.submit(config(), owner="ada")
        with pytest.raises(EngineError, match="disk of this server is full"):
            engine.submit_sweep(sweep_config(), owner="ada")
        monkeypatch.undo()
        monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
        assert not runs_root().exists() or not list(runs_root().iterdir())


def test_what_is_asked_of_a_run_on_a_full_disk_is_seen_and_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here without workers: the run waits for one."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("aecore.engine.WRITING_AGAIN", FOREVER)
    engine = Engine(slots=0)
    run = engine.submit(config(), owner="ada")
    disk = SmallDisk(monkeypatch, 0)
    engine.set_learning_rate(run, 0.5)
    engine.stop(run)
    assert run.status.state == "stopped"
    assert run.control.learning_rate == 0.5
    assert '"queued"' in run.status_path.read_text()
    assert not run.control_path.exists()
    disk.room = math.inf
    engine._write_waiting()
    assert '"stopped"' in run.status_path.read_text()
    assert run.control.learning_rate == 0.5
    assert not WAITING.paths()
    engine.close()


def test_nothing_is_held_back_where_nobody_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SmallDisk(monkeypatch, 0)
    with pytest.raises(OSError, match="space"):
        replace_file(tmp_path / "a.json", "{}")
    with holding():
        replace_file(tmp_path / "a.json", "{}")
        with holding(False), pytest.raises(OSError, match="space"):
            replace_file(tmp_path / "b.json", "{}")
    assert read(tmp_path / "a.json") == b"{}"
    WAITING.forget(tmp_path / "a.json")
    assert asdict(Run(tmp_path).status)["reason"] == ""
