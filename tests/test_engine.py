"""The engine with real worker processes: queue, pause, park, stop, killed workers, servers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aecore.config import RunConfig
from aecore.engine import Engine, EngineError, mark_interrupted
from aecore.limits import ACTIVE_EACH, SWEEPS_EACH
from aecore.metrics_log import MetricsReader
from aecore.runs import Run, Status, new_run
from tests.server import ROOT, wait_for
from tests.tiny import sweep_config, trained_sweep

TINY = RunConfig.parse({"epochs": 2, "code": {"size": 2}, "data": {"train_images": 200}})
ENDLESS = RunConfig.parse({"epochs": 500, "code": {"size": 8}})
ENDLESS_VAE = sweep_config().base.with_settings({"epochs": 500, "data.train_images": None})


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One slot, so that who waits for whom is certain."""
    running = Engine(slots=1)
    running.start()
    yield running
    running.close()


def state_is(run: Run, *states: str) -> None:
    wait_for(lambda: run.status.state in states, f"state {states}, it is {run.status}")


def finish(engine: Engine, *runs: Run) -> None:
    for run in runs:
        engine.stop(run)
        state_is(run, "stopped", "finished", "failed")


def test_a_run_is_trained_to_its_end_and_measured(engine: Engine) -> None:
    run = engine.submit(TINY, owner="ada", name="tiny")
    state_is(run, "finished")
    status = run.status
    assert status.step == TINY.total_steps == status.steps
    assert status.test is not None
    assert 0 < status.test["mse"] < 0.25  # an untrained network answers 0.5 everywhere: about 0.23
    assert status.test_images == 500
    assert run.model_path.is_file()
    wait_for(lambda: not run.resume_path.exists(), "the end of what it would go on from")  # removed only once it has finished


def test_pause_halts_and_a_single_step_makes_one_step(engine: Engine) -> None:
    run = engine.submit(ENDLESS, owner="ada")
    state_is(run, "running")
    engine.pause(run)
    state_is(run, "paused")
    halted_at = run.status.step
    engine.single_step(run)
    wait_for(lambda: run.status.step == halted_at + 1, "one more step")
    assert run.status.state == "paused"
    engine.single_step(run)
    engine.single_step(run)
    wait_for(lambda: run.status.step == halted_at + 3, "two more steps")
    engine.resume(run)
    wait_for(lambda: run.status.state == "running" and run.status.step > halted_at + 3, "going on")
    finish(engine, run)


def test_the_learning_rate_changes_while_running(engine: Engine) -> None:
    run = engine.submit(ENDLESS, owner="ada")
    state_is(run, "running")
    engine.set_learning_rate(run, 0.00123)
    reader = MetricsReader(run.metrics_path)

    def changed() -> bool:
        reader.read()
        return bool(reader.rows) and reader.rows[-1][reader.columns.index("learning_rate")] == 0.00123

    wait_for(changed, "a row with the new learning rate")
    finish(engine, run)


def test_a_stopped_run_goes_on_where_it_stood(engine: Engine) -> None:
    run = engine.submit(ENDLESS, owner="ada")
    wait_for(lambda: run.status.step > 20, "some steps")
    engine.stop(run)
    state_is(run, "stopped")
    stood_at = run.status.step
    engine.resume(run)
    wait_for(lambda: run.status.state == "running" and run.status.step > stood_at, "going on")
    finish(engine, run)
    reader = MetricsReader(run.metrics_path)
    reader.read()
    steps = [row[0] or 0 for row in reader.rows]
    assert steps == sorted(steps)


def test_who_has_least_running_goes_first(engine: Engine) -> None:
    first = engine.submit(ENDLESS, owner="ada")
    state_is(first, "running")
    greedy = [engine.submit(ENDLESS, owner="ada") for _ in range(2)]
    modest = engine.submit(ENDLESS, owner="bob")
    assert engine.position(modest) == 1
    assert [engine.position(run) for run in greedy] == [2, 3]
    engine.stop(first)
    state_is(modest, "preparing", "running")
    assert engine.position(greedy[0]) == 1
    engine.stop(greedy[0])
    assert greedy[0].status.state == "stopped"
    finish(engine, greedy[1], modest)


def test_a_paused_run_makes_room_and_comes_back_exactly(engine: Engine) -> None:
    paused = engine.submit(ENDLESS, owner="ada")
    wait_for(lambda: paused.status.state == "running" and paused.status.step > 5, "some steps")
    engine.pause(paused)
    state_is(paused, "paused")
    stood_at = paused.status.step
    other = engine.submit(TINY, owner="bob")
    state_is(other, "finished")
    state_is(paused, "paused")
    assert paused.status.step == stood_at
    engine.single_step(paused)  # a worker takes it back for that
    wait_for(lambda: paused.status.step == stood_at + 1 and paused.status.state == "paused", "one step")
    engine.resume(paused)
    wait_for(lambda: paused.status.state == "running" and paused.status.step > stood_at + 1, "going on")
    finish(engine, paused)


def test_a_run_that_is_paused_while_somebody_waits_makes_room_too(engine: Engine) -> None:
    first = engine.submit(ENDLESS, owner="ada")
    state_is(first, "running")
    waiting = engine.submit(TINY, owner="bob")
    assert waiting.status.state == "queued"
    engine.pause(first)
    state_is(waiting, "finished")
    state_is(first, "paused")
    finish(engine, first)


def test_a_killed_worker_fails_its_run_and_the_queue_goes_on(engine: Engine) -> None:
    victim = engine.submit(ENDLESS, owner="ada")
    state_is(victim, "running")
    waiting = engine.submit(TINY, owner="bob")
    (worker,) = (child for child in psutil.Process().children() if "aecore.worker" in " ".join(child.cmdline()))
    worker.kill()
    state_is(victim, "failed")
    assert "ended unexpectedly" in victim.status.reason
    assert "SIGKILL" in victim.status.reason
    state_is(waiting, "finished")


def test_a_diverging_run_fails_with_advice(engine: Engine) -> None:
    wild = ENDLESS.with_settings({"optimizer.kind": "sgd", "optimizer.learning_rate": 10, "architecture.output": "linear"} | MSE)
    run = engine.submit(wild, owner="ada")
    state_is(run, "failed")
    assert "smaller learning rate" in run.status.reason
    with pytest.raises(EngineError, match="failed"):
        engine.resume(run)


MSE = {"objective.reconstruction": "mse"}


def test_a_finished_run_cannot_be_resumed(engine: Engine) -> None:
    run = engine.submit(TINY, owner="ada")
    state_is(run, "finished")
    with pytest.raises(EngineError, match="finished"):
        engine.resume(run)


def test_runs_of_a_dead_server_are_interrupted_and_living_ones_are_left_alone() -> None:
    dead, alive, done = (new_run(TINY, owner="ada") for _ in range(3))
    dead.write_status(Status(state="running", heartbeat=1.0))
    alive.write_status(Status(state="running"))
    done.write_status(Status(state="finished", heartbeat=1.0))
    mark_interrupted(set())
    assert [run.status.state for run in (dead, alive, done)] == ["interrupted", "running", "finished"]
    mark_interrupted({alive.token}, patience=0)
    assert alive.status.state == "running"
    mark_interrupted(set(), patience=0)


_SERVER = """
import threading
from aecore.config import RunConfig
from aecore.engine import Engine
engine = Engine(slots=1)
run = engine.submit(RunConfig.parse({"epochs": 500}), owner="ada")
print(run.folder, flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_its_server_and_its_run_can_go_on(how: signal.Signals, engine: Engine, tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert server.stdout is not None
    run = Run(Path(server.stdout.readline().strip()))
    wait_for(lambda: run.status.state == "running" and run.status.step > 10, "training in the other server")
    workers = psutil.Process(server.pid).children()
    server.send_signal(how)
    server.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    server.stdout.close()
    assert run.status.state == "interrupted"
    stood_at = run.status.step
    engine.resume(run)
    wait_for(lambda: run.status.state == "running" and run.status.step > stood_at, "going on in this server")
    finish(engine, run)


def test_one_person_cannot_fill_the_queue(engine: Engine) -> None:
    runs = [engine.submit(ENDLESS, owner="greedy") for _ in range(ACTIVE_EACH)]
    with pytest.raises(EngineError, match="stop one"):
        engine.submit(ENDLESS, owner="greedy")
    other = engine.submit(TINY, owner="bob")
    finish(engine, *reversed(runs))
    state_is(other, "finished")


def test_a_closed_engine_starts_nothing() -> None:
    closed = Engine(slots=1)
    closed.close()
    with pytest.raises(EngineError, match="shutting down"):
        closed.submit(TINY, owner="ada")


def test_the_runs_of_a_sweep_are_trained_side_by_side_in_one_worker(engine: Engine) -> None:
    endless = sweep_config(seeds=2).model_copy(update={"base": ENDLESS_VAE})
    sweep = engine.submit_sweep(endless, owner="ada")
    wait_for(lambda: all(run.status.state == "running" and run.status.step > 3 for run in sweep.runs), "all of them")
    single = engine.submit(TINY, owner="bob")  # somebody else is not kept waiting by it
    state_is(single, "finished")
    engine.pause(sweep.runs[0])
    state_is(sweep.runs[0], "paused")
    going = sweep.runs[1].status.step
    wait_for(lambda: sweep.runs[1].status.step > going + 20, "the others going on")
    engine.resume(sweep.runs[0])
    state_is(sweep.runs[0], "running")
    finish(engine, *sweep.runs)


def test_a_sweep_is_trained_to_its_end(engine: Engine) -> None:
    sweep = engine.submit_sweep(sweep_config(), owner="ada")
    for run in sweep.runs:
        state_is(run, "finished")
        assert run.status.test is not None
    assert not sweep.active
    assert len(sweep.finished) == 4


def test_turns_change_nothing_in_what_is_learned(engine: Engine, tmp_path: Path) -> None:
    alone = trained_sweep(tmp_path / "alone")
    together = engine.submit_sweep(sweep_config(), owner="ada")
    for one, other in zip(alone.runs, together.runs, strict=True):
        state_is(other, "finished")
        assert one.model_path.read_bytes() == other.model_path.read_bytes()


def test_one_person_cannot_start_sweep_after_sweep(engine: Engine) -> None:
    endless = sweep_config(seeds=1).model_copy(update={"base": ENDLESS_VAE})
    sweeps = [engine.submit_sweep(endless, owner="greedy") for _ in range(SWEEPS_EACH)]
    with pytest.raises(EngineError, match="stop one"):
        engine.submit_sweep(endless, owner="greedy")
    finish(engine, *(run for sweep in sweeps for run in sweep.runs))


def test_two_workers_share_a_sweep_evenly() -> None:
    running = Engine(slots=2)
    running.start()
    try:
        endless = sweep_config(seeds=2).model_copy(update={"base": ENDLESS_VAE})
        sweep = running.submit_sweep(endless, owner="ada")
        wait_for(lambda: sorted(len(bench.seats) for bench in running._benches()) == [2, 2], "two each")
        wait_for(lambda: all(run.status.state == "running" for run in sweep.runs), "all of them")
        first = running._benches()[0].seats[0].run
        for seat in list(running._benches()[1].seats):
            running.stop(seat.run)
        wait_for(lambda: sorted(len(bench.seats) for bench in running._benches()) == [1, 1], "one moved over")
        wait_for(lambda: first.status.state == "running", "going on")
    finally:
        running.close()
