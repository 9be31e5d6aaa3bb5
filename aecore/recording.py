"""Drive a trainer and write what happens into its run's folder; obey the folder's control.json on the way.

Used by the engine's workers and by the command line alike, so that a run made either way is the same kind of folder.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress

import torch

from aecore.atlas import ATLAS_SIZE, Atlas, atlas_of, write_atlas
from aecore.checkpoint import DamagedModelError, fill_start, load_state, save_model, save_state
from aecore.data.downloads import DataUnavailableError
from aecore.data.kept import load_kept
from aecore.data.loading import Dataset
from aecore.evaluation import accuracy, evaluate
from aecore.frames import drop_frames_after
from aecore.full_disk import WAITING, holding, is_full, remove
from aecore.live_weights import LiveWeights
from aecore.metrics_log import MetricsWriter
from aecore.moment_taking import MomentTaker
from aecore.pacing import Paced
from aecore.painting import Painter, as_bytes
from aecore.runs import Run, Status
from aecore.stage_numbers import drop_stages_after, keep_stage, stage_numbers
from aecore.sweep_estimate import duration
from aecore.training import DivergedError, Trainer
from aecore.unwritten import BEGINS, GIVEN_UP, GOES_ON, WAITS, WRITING_AGAIN, Unwritten
from aecore.weight_snapshots import drop_snapshots_after, keep_snapshot, steps_to_keep

TICK = 0.12
"""Seconds between two rows of the metrics: eight a second, so that a chart moves at least five times a second."""
EARLY_STEPS = frozenset({1, 2, 4, 7, 11, 16, 23, 32})
"""Steps that get a row of their own at the beginning of a run."""
SAVE_EVERY = 10.0
"""Seconds of training that a killed worker can cost."""
HEARTBEAT = 1.0
"""Seconds between two signs of life of a paused run."""
WATCHING_SHARE = 0.1
"""Part of the time that validating, painting, and measuring the code of a member of a sweep, may each take of a run."""


def _atlas(dataset: Dataset) -> Atlas:
    test = dataset.test
    factors = None if test.factors is None else test.factors.numpy()
    images = as_bytes(test.images[:ATLAS_SIZE]) if dataset.card.is_sequence else test.images.numpy()
    return atlas_of(images, test.labels.numpy(), factors)


class StopRequestedError(Exception):
    """The run has to leave its worker now; `state` is what it is from then on, `reason` why if that has to be said."""

    def __init__(self, state: str, reason: str = "") -> None:
        super().__init__(state)
        self.state = state
        self.reason = reason


class Recorder:
    """One run, from where it stands to its end or to the moment when it is asked to stop.

    `leave` is asked at every step: it names the state ("interrupted", "queued") in which the worker has to let the run go
    now, or is None. `watch` is told the status each time it is written. `rest` is called with seconds while there is nothing
    to do. `most_seconds` of training are granted each time that the run is started or resumed; then it is stopped.

    A full disk stops nothing: see :mod:`aecore.full_disk`. The run goes on; at its end it waits, with all in memory, until
    everything is written, or until it is asked to stop (once more). Then it is as it was when it was last saved.
    """

    def __init__(
        self,
        run: Run,
        leave: Callable[[], str | None] = lambda: None,
        watch: Callable[[Status], None] = lambda status: None,
        rest: Callable[[float], None] = time.sleep,
        most_seconds: float = math.inf,
    ) -> None:
        self.run = run
        self.config = run.config
        self.trainer: Trainer | None = None
        self.status = Status(steps=self.config.total_steps, epochs=self.config.total_epochs)
        self.status.ends_at = run.status.ends_at if most_seconds < math.inf else 0.0
        self._most_seconds = most_seconds
        self._leave = leave
        self._watch = watch
        self._rest = rest
        self._control = run.control
        self._control_stamp: object = None
        self._unwritten = Unwritten(run)
        self._gave_up = False
        self._single_steps = self._control.single_steps
        self._last_write = 0.0
        self._seconds = 0.0
        self._elsewhere = 0.0  # of the step that is made: time that others had, or that it was paused
        # Of the time that this run has for itself: others may take turns with it.
        self._validating = Paced(WATCHING_SHARE, time.thread_time)
        self._painting = Paced(WATCHING_SHARE, time.thread_time)
        self._measuring = Paced(WATCHING_SHARE, time.thread_time)
        self._moments: MomentTaker | None = None
        self._live_weights = LiveWeights(run)
        # A sweep's runs are looked back at by their moments.
        self._snapshots = frozenset(() if run.sweep else steps_to_keep(self.config.total_steps, self.config.plan.parameters))

    def record(self) -> Status:
        """Train to the end (or to a stop), whatever happens on the way; the returned status is also the folder's."""
        with holding():
            return self._record()

    def _record(self) -> Status:
        try:
            self._set_state("preparing")
            self._begin()
            self._train()
            self._finish()
        except StopRequestedError as stop:
            self._leave_behind(stop)
        except DivergedError as error:
            remove(self.run.resume_path)  # what was saved may have diverged already
            self._fail(str(error), hopeless=True)
        except DamagedModelError as error:
            self._fail(str(error), hopeless=True)
        except DataUnavailableError as error:
            self._fail(str(error))
        except (MemoryError, RuntimeError) as error:
            # torch has a class of its own for a full GPU, and none for a full CPU.
            if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate memory" not in str(error):
                raise
            self._fail("There is not enough memory for this run: choose a smaller network, a smaller batch or fewer images.")
        return self.status

    # --- the three parts of a run -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Prepare, as soon as there is room on the disk for it."""
        while self.trainer is None:
            try:
                with holding(False):
                    self._prepare()
            except OSError as error:
                if not is_full(error):
                    raise
                self.trainer, self.status.preparing, self.status.reason = None, None, BEGINS
                self._write_status()
                self._wait(self._poll)
        self.status.reason = ""

    def _prepare(self) -> None:
        dataset = load_kept(self.config.data, self._progress, self._rest)
        trainer = Trainer(self.config, dataset)
        resumed = self.run.resume_path.is_file()
        if resumed:
            tensors, words = load_state(self.run.resume_path)
            trainer.load_state(tensors, words)
            self._seconds = float(words["seconds"])
            self._single_steps = int(words["single_steps"])
            resumed = trainer.step > 0  # else it was stopped before all of its first moment was written
        elif self.run.start_path.is_file():
            fill_start(self.run, trainer.model)
        if self._most_seconds < math.inf and self.status.ends_at <= 0:
            self.status.ends_at = self._seconds + self._most_seconds
        if self._snapshots:
            self.run.weights_folder.mkdir(exist_ok=True)
        drop_frames_after(self.run.frames_folder, trainer.step if resumed else -1)
        drop_snapshots_after(self.run, trainer.step if resumed else -1)
        drop_stages_after(self.run, trainer.step if resumed else -1)
        self.trainer = trainer
        self._control_stamp = None  # a learning rate asked for before there was a trainer is set now
        self._metrics = MetricsWriter(self.run.metrics_path, trainer.terms, trainer.step if resumed else -1)
        self._unwritten.tables = [self._metrics]
        if not self.run.atlas_path.is_file():
            write_atlas(self.run, _atlas(dataset))
        self._painter = Painter(trainer, self.run.frames_folder)
        if self.run.sweep:
            self._moments = MomentTaker(trainer, self.run, trainer.step if resumed else -1)
            self._unwritten.tables.append(self._moments)
        self.status.preparing = None
        if self._moments is not None and not resumed:
            self._moments.keep()
        self._show(validate=not resumed, paint=True, losses=False)

    def _train(self) -> None:
        trainer = self._trainer
        self._set_state("running")
        if trainer.step == trainer.total_steps:
            if trainer.has_losses:  # stopped while the row of the last step was measured, else while its test numbers were
                self._end()
            return
        if trainer.step == trainer.stage.last_step:
            self._end_stage()  # stopped while the end of a stage was measured
        steps = trainer.run(self._poll_within_step)
        per_epoch = self.config.steps_per_epoch
        next_show = time.perf_counter() + TICK
        next_save = time.perf_counter() + SAVE_EVERY
        while trainer.step < trainer.total_steps:
            single = self._poll(between_steps=True)
            started, self._elsewhere = time.perf_counter(), 0.0
            next(steps)
            now = time.perf_counter()
            self._seconds += now - started - self._elsewhere
            epoch_ended = trainer.step % per_epoch == 0 and self._validating.due
            if trainer.step in self._snapshots:
                keep_snapshot(self.run, trainer.model, trainer.step)
            if self._moments is not None and self._moments.wants_to_keep:
                self._moments.keep()  # before anything that may be cut off
            if trainer.step < trainer.total_steps and 0 < self.status.ends_at <= self._seconds:
                raise StopRequestedError("stopped", self._time_is_up)
            if trainer.step == trainer.total_steps:
                break  # the row of the last step is written below, with its validation
            if trainer.step == trainer.stage.last_step:
                self._end_stage()
                next_show = now + TICK
                continue
            # The first steps change most, and a run that diverges does so here: they are shown whatever the clock says.
            early = trainer.step in EARLY_STEPS
            if single or early or now >= next_show or epoch_ended:
                self._show(validate=single or self._validating.due, paint=single or self._painting.due)
                next_show = now + TICK
            elif self._painter.wants_to_keep and self._painting.due:
                self._paint()
            if now >= next_save:
                self._save_resume()
                next_save = time.perf_counter() + SAVE_EVERY
        self._end()

    def _end(self) -> None:
        """What belongs to the last step."""
        self._show(validate=True, paint=True, keep=True)

    def _end_stage(self) -> None:
        """What the network can do at this moment, before the next stage changes it."""
        trainer = self._trainer
        if any(numbers.step == trainer.step for numbers in stage_numbers(self.run)):
            return
        if trainer.has_losses:
            self._show(validate=True, paint=True, keep=True)
        keep_stage(self.run, trainer.stage, self._measured())

    def _finish(self) -> None:
        test = self._trainer.dataset.test
        self._save_resume()  # a stop while measuring loses nothing
        save_model(self.run, self._trainer.model, self._trainer.step)
        self.status.test = self._measured()
        self.status.test_images = len(test)
        if len(self._trainer.stages) > 1:
            keep_stage(self.run, self._trainer.stage, self.status.test)
        self.status.preparing = None
        self._await_room()
        self._set_state("finished")
        # Only now: cut off between the two the other way round, the run would begin again from nothing.
        remove(self.run.resume_path)

    def _measured(self) -> dict[str, float]:
        """The test numbers of the network as far as it has grown."""
        trainer, test = self._trainer, self._trainer.dataset.test
        what = f"Measuring on {len(test):,} test images"
        network = trainer.task.network
        numbers = evaluate(network, self.config, test, lambda done: self._progress(what, done))
        if trainer.stage.kind in ("softmax", "labels"):
            numbers |= {"accuracy": accuracy(trainer.model, test)}
        self.status.preparing = None
        return numbers

    @property
    def _trainer(self) -> Trainer:
        assert self.trainer is not None
        return self.trainer

    # --- what is written --------------------------------------------------------------------------------------------

    def _show(self, *, validate: bool, paint: bool, keep: bool = False, losses: bool = True) -> None:
        """A row of the metrics, a frame and the status: what whoever watches is to see of this moment."""
        trainer, measured = self._trainer, {}
        if validate:
            with self._validating:
                measured = trainer.evaluate(trainer.dataset.validation, self._poll)
        # Only now: a run that is stopped while it is validated has these losses in its next row.
        values = {f"train_{name}": value for name, value in (trainer.read_losses() if losses else {}).items()}
        values |= {f"val_{name}": value for name, value in measured.items()}
        if values:
            clock = {
                "step": trainer.step,
                "epoch": trainer.epoch,
                "seconds": self._seconds,
                "learning_rate": trainer.current_rate,
            }
            self._metrics.write(clock | values)
        if paint:
            self._paint(keep=keep)
        if self._moments is not None and (keep or self._measuring.due):
            with self._measuring:
                self._moments.measure()
        self._live_weights.offer(self._trainer.model, self._trainer.step)
        self._write_status()

    def _paint(self, *, keep: bool = False) -> None:
        with self._painting:
            self._painter.paint(keep=keep)

    def _save_resume(self) -> None:
        tensors, words = self._trainer.state()
        save_state(
            self.run.resume_path, tensors, words | {"seconds": repr(self._seconds), "single_steps": str(self._single_steps)}
        )

    def _leave_behind(self, stop: StopRequestedError) -> None:
        self.status.preparing, self.status.reason = None, stop.reason
        if self.trainer is not None:  # else it never got its data, and starts anew
            self._save_resume()
            save_model(self.run, self.trainer.model, self.trainer.step)
            if not self._gave_up:
                with suppress(StopRequestedError):
                    self._await_room()
            self.status.reason = stop.reason
        if self._gave_up:
            self._unwritten.write()  # for what there is room
            self.status.reason = GIVEN_UP
            self._unwritten.forget()
        self._set_state(stop.state)

    @property
    def _time_is_up(self) -> str:
        most = duration(self._most_seconds)
        return f"Stopped after {most} of training, the most that a run may take at a time. Resume grants as much again."

    # --- a full disk ------------------------------------------------------------------------------------------------

    def _await_room(self) -> None:
        """Return when all is written. Raises StopRequestedError when that is given up: a (second) stop, or no server."""
        self._read_control()
        before = self._control.asked

        def give_up_if_asked() -> None:
            self._read_control()
            interrupted = self._leave() == "interrupted"
            if interrupted or (self._control.want == "stop" and self._control.asked != before):
                self._gave_up = True
                raise StopRequestedError("interrupted" if interrupted else "stopped")

        while not self._unwritten.write():
            self.status.reason = WAITS
            self._write_status()
            self._wait(give_up_if_asked)
        self.status.reason = ""

    def _wait(self, poll: Callable[[], object]) -> None:
        """Until it is time to write again."""
        until = time.perf_counter() + WRITING_AGAIN
        while True:
            poll()
            self._rest(0.05)
            if time.perf_counter() >= until:
                return

    def _fail(self, reason: str, *, hopeless: bool = False) -> None:
        self.status.preparing, self.status.hopeless = None, hopeless
        remove(self.run.live_model_path)  # they may have diverged already
        with suppress(StopRequestedError):
            self._await_room()
        self._unwritten.forget()
        self.status.reason = reason
        self._set_state("failed")

    def _set_state(self, state: str) -> None:
        self.status.state = state
        self.status.since = time.time()
        self._write_status()

    def _write_status(self) -> None:
        if self.trainer is not None:
            self.status.step, self.status.epoch, self.status.seconds = self.trainer.step, self.trainer.epoch, self._seconds
            images = self.trainer.epoch * self.config.train_size
            self.status.images_per_second = images / self._seconds if self._seconds else 0.0
        if self.status.reason in ("", GOES_ON) and self.status.state in ("running", "paused"):
            self.status.reason = "" if self._unwritten.write_if_due() else GOES_ON
        self.status.heartbeat = time.time()
        self.run.write_status(self.status)
        self._last_write = time.perf_counter()
        self._watch(self.status)

    def _progress(self, what: str, done: float) -> None:
        """Show how far some preparation is, a few times a second at most."""
        self.status.preparing = {"what": what, "done": done}
        if time.perf_counter() - self._last_write > TICK:
            self._write_status()
        self._poll()

    # --- what the person asks ---------------------------------------------------------------------------------------

    def _poll(self, between_steps: bool = False) -> bool:
        """Obey the worker and control.json: raises StopRequestedError, waits while paused.

        Returns True when a single step of a paused run is to be made. That can only be between steps: in the middle of a
        measurement a wish for one just lets the measurement go on.
        """
        while True:
            state = self._leave()
            if state is not None and not (state == "queued" and self._unwritten.any):  # it goes back when all is written
                raise StopRequestedError(state)
            self._read_control()
            if self._control.want == "stop":
                raise StopRequestedError("stopped")
            if self._control.want == "run":
                if self.status.state == "paused":
                    self._set_state("running")
                return False
            if self.status.state == "running":
                self._set_state("paused")
                if between_steps:
                    self._show(validate=False, paint=True)
            if self.status.state != "paused":
                return False  # paused before it began: its data are fetched first
            if self._single_steps < self._control.single_steps:
                self._single_steps += between_steps
                return between_steps
            self._live_weights.offer(self._trainer.model, self._trainer.step)
            if time.perf_counter() - self._last_write > HEARTBEAT:
                self._write_status()
            self._rest(0.005)

    def _poll_within_step(self) -> None:
        """For steps that take long: obey, be seen to be alive, and do not count as training what others did meanwhile."""
        started = time.perf_counter()
        self._poll()
        if time.perf_counter() - self._last_write > HEARTBEAT:
            self._write_status()
        self._elsewhere += time.perf_counter() - started

    def _read_control(self) -> None:
        # What the engine could not write, it has said; see :mod:`aecore.worker`.
        stamp: object = WAITING.content(self.run.control_path)
        if stamp is None:
            try:
                stamp = self.run.control_path.stat().st_mtime_ns
            except OSError:
                return
        if stamp != self._control_stamp:
            self._control_stamp = stamp
            self._control = self.run.control
            if self.trainer is not None and self._control.learning_rate is not None:
                self.trainer.learning_rate = self._control.learning_rate
