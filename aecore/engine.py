"""The training engine: runs that wait, runs that run, and the worker processes that train them.

As many runs at a time as there are cores, the members of sweeps in turns (:mod:`aecore.placing`); the rest wait, fairly by
person: whoever has least running goes next, and of equals the one who has waited longest. A paused run keeps its worker while
nobody waits for one, so that a single step is immediate; else it gives the worker up and comes back to the queue when it is
resumed, where it continues exactly.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from aecore import limits, usage
from aecore.config import RunConfig
from aecore.engine_errors import EngineError as EngineError
from aecore.full_disk import FULL, WAITING, holding, is_full
from aecore.placing import Bench, Seat, place_for, to_move, to_park, to_yield
from aecore.runs import ACTIVE, HEARTBEAT_LIMIT, Control, Run, all_runs, new_run, write_beside
from aecore.set_aside import make_room
from aecore.starting import Start, StartError, misfit, weights_of
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep, new_sweep
from aecore.tidying import tidy

WRITING_AGAIN = 1.0
"""Seconds between two attempts to write what a full disk did not take."""
MAKING_ROOM = 2.0
"""Seconds between two times at which a full disk has what was deleted removed for good."""
TIDYING = 3600.0
"""Seconds between two times at which what was deleted, or cut off, is removed for good."""

_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[str]
    bench: Bench = field(default_factory=Bench)


@dataclass
class _Waiting:
    run: Run
    owner: str
    parameters: int
    since: float = field(default_factory=time.monotonic)


class Engine:
    """Trains runs in worker processes. Thread-safe; every public method returns at once."""

    def __init__(self, slots: int | None = None) -> None:
        self.slots = slots or max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
        self._lock = threading.RLock()
        self._workers: list[_Worker] = []
        self._waiting: list[_Waiting] = []
        self._parked: set[str] = set()  # paused runs without a worker
        self._again: set[str] = set()  # runs that a worker is letting go, and that are wanted back at once
        self._last_start: dict[str, float] = {}
        self._closed = False
        self._writer: threading.Timer | None = None
        self._next_room = 0.0

    # --- for the server ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the workers, so that they are warm when the first person trains, and tidy up after an earlier server."""
        mark_interrupted(set())
        # The runs of a server that died a moment ago still look alive; look at them again when that is certain.
        again = threading.Timer(HEARTBEAT_LIMIT + 1, lambda: mark_interrupted(self._mine()))
        again.daemon = True
        again.start()
        threading.Thread(target=self._tidy, daemon=True).start()
        with self._lock:
            if not self._closed:
                while len(self._workers) < self.slots:
                    self._start_worker()

    def close(self) -> None:
        """Let every worker save its run and end; returns when they have."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, []
            for waiting in self._waiting:
                self._set_state(waiting.run, "interrupted")
            self._waiting.clear()
        for worker in workers:
            with suppress(OSError):
                _pipe(worker.process.stdin).close()
        for worker in workers:
            try:
                worker.process.wait(5)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        mark_interrupted(set(), patience=0, only={seat.run.token for worker in workers for seat in worker.bench.seats})

    def _tidy(self) -> None:
        """Remove what was deleted long ago or cut off, now and again and again."""
        while not self._closed:
            tidy()
            time.sleep(TIDYING)

    # --- for pages --------------------------------------------------------------------------------------------------

    def submit(self, config: RunConfig, *, owner: str, name: str = "", start: Start | None = None) -> Run:
        """Make a new run and train it as soon as its turn comes. Raises EngineError for a person with too many already.

        start: the weights that it begins with. Raises EngineError where they cannot be read, or are of another network.
        """
        beginning = None if start is None else _beginning(config, start)
        with self._lock:
            self._check_limit(owner)
            self._check_queue(1)
            usage.check_room(owner, bytes=usage.training_bytes(config))
            with _said_of_a_full_disk():
                run = new_run(config, owner=owner, name=name, start=beginning)
            self._enqueue([run], owner)
            return run

    def submit_sweep(self, config: SweepConfig, *, owner: str, name: str = "") -> Sweep:
        """Make a new sweep and train all its runs side by side. Raises EngineError for a person with too much already."""
        with self._lock:
            self._check_limit(owner, sweeps=True)
            self._check_queue(len(config.members))
            usage.check_room(owner, bytes=len(config.members) * usage.training_bytes(config.base))
            with _said_of_a_full_disk():
                sweep = new_sweep(config, owner=owner, name=name)
            self.enqueue_sweep(sweep, owner=owner)
            return sweep

    def enqueue_sweep(self, sweep: Sweep, *, owner: str) -> None:
        """Train the runs of a sweep that wait for it."""
        self._enqueue([run for run in sweep.runs if run.status.state == "queued"], owner)

    def _check_limit(self, owner: str, *, sweeps: bool = False, joining: str = "") -> None:
        """joining: a sweep of which one more run is to be trained, which counts once."""
        mine = [seat.run for seat in self._seats() if seat.owner == owner]
        mine += [entry.run for entry in self._waiting if entry.owner == owner]
        mine_swept = {run.sweep for run in mine if run.sweep}
        if joining and joining in mine_swept:
            return
        if sweeps and len(mine_swept) >= limits.SWEEPS_EACH:
            raise EngineError(f"You have {limits.SWEEPS_EACH} sweeps training or waiting: stop one, or wait until one has ended.")
        if len({run.sweep or run.token for run in mine}) >= limits.ACTIVE_EACH:
            raise EngineError(f"You have {limits.ACTIVE_EACH} runs training or waiting: stop one, or wait until one has ended.")

    def _check_queue(self, more: int) -> None:
        if len(self._waiting) + more > limits.WAITING_IN_ALL:
            raise EngineError(
                f"{len(self._waiting):,} runs of all people together are waiting, and {limits.WAITING_IN_ALL:,} may: "
                "try again in a few minutes."
            )

    def pause(self, run: Run) -> None:
        """Halt after the present step."""
        self._ask(run, want="pause")

    def stop(self, run: Run) -> None:
        """End the run where it stands; its weights are kept and it can be resumed."""
        with self._lock:
            waiting = [entry for entry in self._waiting if entry.run.token == run.token]
            for entry in waiting:
                self._waiting.remove(entry)
            parked = run.token in self._parked
            self._parked.discard(run.token)
            if waiting or parked:
                self._set_state(run, "stopped")
                return
        self._ask(run, want="stop")

    def resume(self, run: Run) -> None:
        """Go on with a paused, stopped or interrupted run, exactly where it stood. Raises EngineError for other runs."""
        with self._lock:
            state = run.status.state
            if state not in ACTIVE and not run.resumable:
                raise EngineError(f"This run is {state}: only a paused, stopped or interrupted run can be resumed.")
            seat = self._seat_of(run)
            if seat is not None and (seat.parking or state not in ACTIVE):
                self._again.add(run.token)  # the worker is about to say that it let the run go
            if seat is not None or self._is_waiting(run):
                self._ask(run, want="run")
                return
            owner = run.about.owner
            if run.token not in self._parked:
                self._check_limit(owner, sweeps=bool(run.sweep), joining=run.sweep)
            self._parked.discard(run.token)
            self._ask(run, want="run")
            self._set_state(run, "queued", grant=state not in ACTIVE)
        self._enqueue([run], owner)

    def single_step(self, run: Run) -> None:
        """Make one training step of a paused run."""
        with self._lock:
            self._ask(run, want="pause", single_steps=run.control.single_steps + 1)
            seat = self._seat_of(run)
            if seat is not None and seat.parking:
                self._again.add(run.token)
            elif run.token in self._parked:
                self._parked.discard(run.token)
                self._enqueue([run], run.about.owner)

    def set_learning_rate(self, run: Run, learning_rate: float) -> None:
        """Change the learning rate (before its schedule) of a run, from its next step on."""
        self._ask(run, learning_rate=learning_rate)

    def position(self, run: Run) -> int | None:
        """Place of a waiting run in the queue, 1 for the next; None if it does not wait."""
        return self.positions().get(run.token)

    def positions(self) -> dict[str, int]:
        """The places of all waiting runs by token, 1 for the next."""
        with self._lock:
            return {entry.run.token: place for place, entry in enumerate(self._order(), 1)}

    def while_free(self, runs: Sequence[Run], do: Callable[[], None]) -> bool:
        """Do something to the folders of runs that no worker has and that do not wait for one; else False, and it is not done.

        A worker has a run a moment longer than its state says, and then the engine looks into its folder.
        """
        with self._lock:
            if any(self._seat_of(run) is not None or self._is_waiting(run) or run.token in self._parked for run in runs):
                return False
            do()
            return True

    # --- the queue --------------------------------------------------------------------------------------------------

    def _enqueue(self, runs: Sequence[Run], owner: str) -> None:
        with self._lock:
            if self._closed:
                raise EngineError("The app is shutting down: nothing new is started.")
            self._waiting += [_Waiting(run, owner, run.config.plan.parameters) for run in runs]
            while len(self._workers) < self.slots:
                self._start_worker()
            self._dispatch()

    def _order(self) -> list[_Waiting]:
        """The waiting runs in the order in which they will start, if nothing else happens."""
        running = Counter(seat.owner for seat in self._seats())
        last_start = dict(self._last_start)
        rest, order = list(self._waiting), []
        while rest:
            entry = min(rest, key=lambda item: (running[item.owner], last_start.get(item.owner, 0.0), item.since))
            rest.remove(entry)
            order.append(entry)
            running[entry.owner] += 1
            last_start[entry.owner] = float("inf")
        return order

    def _dispatch(self) -> None:
        """Give out what can be given, in order; then even out what workers have, and take from paused runs for those who wait."""
        with self._lock:
            for entry in self._order():
                bench = place_for(entry.run, entry.parameters, self._benches())
                if bench is not None:
                    self._waiting.remove(entry)
                    bench.seats.append(Seat(entry.run, entry.owner, entry.parameters))
                    self._last_start[entry.owner] = time.monotonic()
                    if WAITING.content(entry.run.control_path) is not None:
                        self._tell_control(entry.run)
                    order = {"run": str(entry.run.folder), "sweep": entry.run.sweep, "owner": entry.owner}
                    _tell(self._worker_with(bench), order)
            starting = sum(not bench.ready for bench in self._benches())
            parking = sum(any(seat.parking for seat in bench.seats) for bench in self._benches())
            if not self._waiting:
                self._park(to_move(self._benches()))
            elif not starting:
                paused = to_park(self._benches(), len(self._waiting) - parking)
                swept = [entry.owner for entry in self._waiting if entry.run.sweep]
                self._park(paused or to_yield(self._benches(), swept))

    def _park(self, seats: Sequence[Seat]) -> None:
        for seat in seats:
            seat.parking = True
            worker = next(worker for worker in self._workers if seat in worker.bench.seats)
            _tell(worker, {"park": str(seat.run.folder)})

    # --- the workers ------------------------------------------------------------------------------------------------

    def _start_worker(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        root = str(Path(__file__).resolve().parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-m", "aecore.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        worker = _Worker(process)
        self._workers.append(worker)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()

    def _listen(self, worker: _Worker) -> None:
        for line in _pipe(worker.process.stdout):
            with suppress(ValueError):
                message = json.loads(line)
                with self._lock:
                    if message.get("ready"):
                        worker.bench.ready = True
                    elif "status" in message:
                        WAITING.note(Run(Path(message["status"])).status_path, message["content"])
                    elif "full" in message:
                        self._make_room()
                    elif "done" in message:
                        self._done(worker, message["done"])
                        self._write_later()
                    self._dispatch()
        self._died(worker)

    def _done(self, worker: _Worker, folder: str) -> None:
        seat = next(seat for seat in worker.bench.seats if str(seat.run.folder) == folder)
        worker.bench.seats.remove(seat)
        run, owner = seat.run, seat.owner
        parked = run.status.state == "queued"
        again = run.token in self._again
        self._again.discard(run.token)
        # Something may have been asked of the run while its worker was letting it go.
        if parked and run.control.want == "stop":
            self._set_state(run, "stopped")
        elif again or (parked and run.control.want == "run"):
            self._set_state(run, "queued")
            self._waiting.append(_Waiting(run, owner, seat.parameters))
        elif parked:
            self._parked.add(run.token)
            self._set_state(run, "paused")

    def _died(self, worker: _Worker) -> None:
        """A worker ended by itself: its runs have failed, another worker takes its place, the queue goes on."""
        code = worker.process.wait()
        with self._lock:
            if self._closed or worker not in self._workers:
                return
            self._workers.remove(worker)
            for seat in worker.bench.seats:
                self._set_state(seat.run, "failed", f"The process that trained this run ended unexpectedly ({_how(code)}).")
            if not worker.bench.ready:
                _LOG.error("A training worker did not start (%s).", _how(code))
            # After a while, where workers cannot start at all: else this would be a tight loop of failing processes.
            replace = threading.Timer(0.0 if worker.bench.ready else 1.0, self._replace_worker)
            replace.daemon = True
            replace.start()

    def _replace_worker(self) -> None:
        with self._lock:
            if not self._closed and len(self._workers) < self.slots:
                self._start_worker()
                self._dispatch()

    def _mine(self) -> set[str]:
        with self._lock:
            running = {seat.run.token for seat in self._seats()}
            return running | {entry.run.token for entry in self._waiting} | self._parked

    def _benches(self) -> list[Bench]:
        return [worker.bench for worker in self._workers]

    def _seats(self) -> list[Seat]:
        return [seat for bench in self._benches() for seat in bench.seats]

    def _seat_of(self, run: Run) -> Seat | None:
        return next((seat for bench in self._benches() if (seat := bench.seat_of(run))), None)

    def _worker_with(self, bench: Bench) -> _Worker:
        return next(worker for worker in self._workers if worker.bench is bench)

    def _is_waiting(self, run: Run) -> bool:
        return any(entry.run.token == run.token for entry in self._waiting)

    def _ask(
        self, run: Run, *, want: str | None = None, single_steps: int | None = None, learning_rate: float | None = None
    ) -> None:
        control = run.control
        asked = Control(
            want=want or control.want,
            single_steps=control.single_steps if single_steps is None else single_steps,
            learning_rate=control.learning_rate if learning_rate is None else learning_rate,
            asked=time.time(),
        )
        with self._lock:
            waited = WAITING.content(run.control_path) is not None
            with holding():
                run.write_control(asked)
            if waited or WAITING.content(run.control_path) is not None:
                self._tell_control(run)
                self._write_later()

    # --- a full disk: see aecore.full_disk --------------------------------------------------------------------------

    def _tell_control(self, run: Run) -> None:
        """Tell the worker of a run what is asked of it, which it cannot read from the disk; or that it can again."""
        worker = next((worker for worker in self._workers if worker.bench.seat_of(run)), None)
        if worker is not None:
            content = WAITING.content(run.control_path) or b""
            _tell(worker, {"control": str(run.folder), "content": content.decode()})

    def _set_state(self, run: Run, state: str, reason: str = "", *, grant: bool = False) -> None:
        _set_state(run, state, reason, grant=grant)
        self._write_later()

    def _make_room(self) -> None:
        """Remove what was deleted, now rather than tomorrow; once in a while, in a thread of its own."""
        if time.monotonic() >= self._next_room:
            self._next_room = time.monotonic() + MAKING_ROOM
            threading.Thread(target=make_room, args=(limits.BYTES_LEFT_FREE,), daemon=True).start()

    def _write_later(self) -> None:
        with self._lock:
            if self._writer is None and not self._closed and WAITING.paths():
                self._writer = threading.Timer(WRITING_AGAIN, self._write_waiting)
                self._writer.daemon = True
                self._writer.start()

    def _write_waiting(self) -> None:
        with self._lock:
            self._writer = None
            seats = self._seats()
            theirs = {seat.run.status_path for seat in seats}  # written by their workers
            paths = WAITING.paths()
            WAITING.write([path for path in paths if path not in theirs], write_beside)
            for seat in seats:
                if seat.run.control_path in paths:
                    self._tell_control(seat.run)
            self._write_later()


def mark_interrupted(mine: set[str], patience: float = HEARTBEAT_LIMIT, only: set[str] | None = None) -> None:
    """Mark the active runs that no living worker trains (no heartbeat for `patience` seconds) as interrupted."""
    for run in all_runs():
        status = run.status
        stale = time.time() - status.heartbeat > patience
        if status.state in ACTIVE and stale and run.token not in mine and (only is None or run.token in only):
            _set_state(run, "interrupted")


def _beginning(config: RunConfig, start: Start) -> tuple[bytes, str]:
    """What :meth:`~aecore.runs.Run.create` is given of the weights to begin with."""
    if reason := misfit(config, start.run.config):
        raise EngineError(f"A run of these settings cannot begin with those weights. {reason}")
    try:
        return weights_of(start), start.words
    except StartError as error:
        raise EngineError(str(error)) from None


def _set_state(run: Run, state: str, reason: str = "", *, grant: bool = False) -> None:
    """grant: as much time to train as a new run has."""
    status = run.status
    status.state, status.reason, status.preparing = state, reason, None
    status.since = status.heartbeat = time.time()
    status.ends_at = 0.0 if grant else status.ends_at
    with holding():
        run.write_status(status)


@contextmanager
def _said_of_a_full_disk() -> Iterator[None]:
    """EngineError in the place of a full disk's OSError."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise EngineError(f"{FULL} Delete runs that you do not need, or ask whoever runs this server for more room.") from None


def _tell(worker: _Worker, message: dict[str, str]) -> None:
    with suppress(OSError):  # a dead worker is noticed by its listener
        pipe = _pipe(worker.process.stdin)
        pipe.write(json.dumps(message) + "\n")
        pipe.flush()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
        return f"{name}, perhaps because the memory ran out" if name == "SIGKILL" else name
    return f"signal {-code}"
