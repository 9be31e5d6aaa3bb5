"""Kill the app's engine again and again, at random moments of training, saving, copying, importing and deleting, and look at what
is left: `python -m tests.crash --times 50 --seed 0`.

A driver process has an engine with its workers, and makes, copies, imports, resumes and deletes runs as fast as it can; of
everything that is done it tells this process, which kills it: alone, so that its workers notice, or with all of its workers.
After each kill every run must be whole, none that was made may be missing, and none that was deleted may be there. At the end
all that was cut off is resumed, and must come to the very weights that an uninterrupted training gives.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors.numpy import load

from aecore.config import RunConfig
from aecore.exchange.brought import brought
from aecore.frames import kept_frames, read_frame, read_gallery
from aecore.metrics_log import MetricsReader
from aecore.recording import Recorder
from aecore.runs import ACTIVE, Run, all_runs, find_run
from aecore.set_aside import deleted, purge
from aecore.snapshot_steps import snapshots
from aecore.tidying import tidy
from aecore.weights_file import read_weights, step_of
from tests.server import ROOT, wait_for

OWNER = "ada"
SMALL: dict[str, Any] = {"data": {"train_images": 400}, "batch_size": 50, "architecture": {"hidden": [32]}}
CONFIGS = {
    "short": RunConfig.parse(SMALL | {"epochs": 2, "code": {"size": 2}}),
    "long": RunConfig.parse(SMALL | {"epochs": 12, "code": {"size": 8}}),
    "gaussian": RunConfig.parse(SMALL | {"epochs": 6, "code": {"kind": "gaussian", "size": 4}}),
}
"""What is trained: from a moment to a few seconds."""
FINAL = ("finished", "failed", "stopped")


class BrokenError(AssertionError):
    """Something is not as it must be after a kill."""


@dataclass
class Ledger:
    """What the drivers said: the tokens that are there, those that are deleted, and those in between."""

    there: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    either: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    def note(self, line: str) -> None:
        with suppress(ValueError):
            said = json.loads(line)
            token, what = said["token"], said["what"]
            self.done[what] += 1
            for tokens in (self.there, self.gone, self.either):
                tokens.discard(token)
            {"deleting": self.either, "restoring": self.either, "deleted": self.gone}.get(what, self.there).add(token)


class Driver:
    """A process that works on runs, and its workers."""

    def __init__(self, root: Path, seed: int, mode: str, ledger: Ledger) -> None:
        command = [sys.executable, "-m", "tests.crash_driver", mode, str(seed)]
        environment = {**os.environ, "AECORE_RUNS": str(root), "PYTHONPATH": str(ROOT)}
        self._ledger = ledger
        self._said = root.parent / "said.txt"
        self._heard = 0
        self._said.write_bytes(b"")
        with self._said.open("ab") as said:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, start_new_session=True)

    def listen(self) -> int:
        """Note what was said since; how many lines there are in all."""
        lines = self._said.read_text().split("\n")[:-1]
        for line in lines[self._heard :]:
            self._ledger.note(line)
        self._heard = len(lines)
        return len(lines)

    def kill(self, everybody: bool) -> None:
        """Kill it, alone or with its workers, and wait until none of them is there."""
        family = [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))]
        if everybody:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()
        wait_for(lambda: not any(_alive(pid) for pid in family), "the end of all workers")
        self.listen()


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def crash(times: int, seed: int, folder: Path, say: bool = False) -> Ledger:
    """Do it all in an empty folder. Raises BrokenError."""
    torch.set_num_threads(1)
    root = folder / "runs"
    os.environ["AECORE_RUNS"] = str(root)
    whole = {name: _trained(config, folder / "whole" / name) for name, config in CONFIGS.items()}
    chance, ledger = random.Random(seed), Ledger()
    for count in range(times):
        driver = Driver(root, chance.randrange(1 << 30), "work", ledger)
        wait_for(lambda driver=driver: driver.listen() > 0, "the driver's first run", 120)  # type: ignore[misc]
        if chance.random() < 0.8:  # else the workers are not even ready
            wait_for(lambda: any(run.status.state == "running" for run in all_runs()), "a run in training", 120)
        time.sleep(chance.uniform(0.0, 8.0))
        everybody = chance.random() < 0.5
        driver.kill(everybody)
        states = check(root, ledger, whole)
        if say:
            print(f"{count + 1:3}: {'all' if everybody else 'server'} killed; {dict(states)}", flush=True)
    last = Driver(root, 0, "finish", ledger)
    if last.process.wait(900) != 0:
        raise BrokenError("The last driver, which resumes all runs, has failed.")
    last.listen()
    states = check(root, ledger, whole)
    if set(states) - {"finished"}:
        raise BrokenError(f"Not all runs came to their end: {dict(states)}.")
    _check_tidied(root)
    if {path.name for path in folder.iterdir()} != {"runs", "whole", "said.txt"}:
        raise BrokenError(f"There is something beside the runs: {list(folder.iterdir())}.")
    return ledger


def _same_weights(one: bytes, other: bytes) -> bool:
    """Bit for bit; the order of a file's header may be another one after an import."""
    ours, theirs = load(one), load(other)
    return ours.keys() == theirs.keys() and all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)


def _trained(config: RunConfig, folder: Path) -> bytes:
    run = Run.create(config, folder)
    Recorder(run).record()
    return run.model_path.read_bytes()


def check(root: Path, ledger: Ledger, whole: dict[str, bytes]) -> Counter[str]:
    """Whether all is as it must be with no driver at work; the states of all runs, counted. Raises BrokenError."""
    states: Counter[str] = Counter()
    for run in all_runs():
        try:
            states[check_run(run, whole)] += 1
        except BrokenError:
            raise
        except Exception as error:
            raise BrokenError(f"{run.folder} is not whole: {error!r}") from error
    for token in ledger.there:
        if find_run(token) is None:
            raise BrokenError(f"The run {token} was made and is lost.")
    hidden = {gone.token for gone in deleted(root)}
    for token in ledger.gone:
        if find_run(token) is not None or token not in hidden:
            raise BrokenError(f"The run {token} was deleted, and is {'still there' if find_run(token) else 'lost'}.")
    for token in ledger.either:
        if (find_run(token) is None) == (token not in hidden):
            raise BrokenError(f"The run {token} is neither there nor deleted.")
    return states


def check_run(run: Run, whole: dict[str, bytes]) -> str:
    """Whether every file of a run can be read and fits; its state."""
    for name in ("config", "about", "status"):
        if not isinstance(json.loads((run.folder / f"{name}.json").read_bytes()), dict):
            raise BrokenError(f"{run.folder / name}.json is none.")
    config, status = run.config, run.status
    if run.about.owner != OWNER:
        raise BrokenError(f"{run.folder} is {run.about.owner!r}'s.")
    if status.state not in (*ACTIVE, *FINAL, "interrupted"):
        raise BrokenError(f"{run.folder} is {status.state!r}.")
    if run.control_path.exists():
        json.loads(run.control_path.read_bytes())
    reader = MetricsReader(run.metrics_path)
    reader.read()
    steps = [row[0] for row in reader.rows]
    if steps != sorted(steps, key=lambda step: step or 0):
        raise BrokenError(f"The rows of {run.folder} are not in order: {steps}.")
    if step_of(run.model_path) == config.total_steps and status.state != "finished" and not run.resume_path.is_file():
        raise BrokenError(f"{run.folder} was trained to its end, and would begin again from nothing.")
    for step in kept_frames(run.frames_folder):
        if read_frame(run.frames_folder, step) is None:
            raise BrokenError(f"The frame of step {step} in {run.folder} cannot be read.")
    if (run.frames_folder / "gallery.safetensors").exists() and read_gallery(run.frames_folder) is None:
        raise BrokenError(f"The gallery of {run.folder} cannot be read.")
    for path in (*snapshots(run).values(), run.model_path, run.resume_path):
        if path.exists():
            read_weights(path)
    if status.state == "finished":
        name = next(name for name, each in CONFIGS.items() if each == config)
        # A run that was brought back has none until they are measured here.
        measured = status.test is not None or brought(run) is not None
        if not measured or not reader.rows or steps[-1] != config.total_steps:
            raise BrokenError(f"{run.folder} is finished without its numbers.")
        if not _same_weights(run.model_path.read_bytes(), whole[name]):
            raise BrokenError(f"{run.folder} ({name}) has learned something else than without interruption.")
    return status.state


def _check_tidied(root: Path) -> None:
    """What was cut off is gone after the next start of an engine, once it is old enough."""
    tidy(beside_kept=-1, unfinished_kept=-1)
    purge(older_than=0, root=root)
    for path in root.rglob("*"):
        # What was being made beside is kept for an hour, by its own time.
        unfinished = any(part.name.startswith(".unfinished-") for part in (path, *path.parents))
        if path.name.startswith(".") and not unfinished:
            raise BrokenError(f"{path} was left behind.")
    for folder in root.iterdir():
        if not folder.name.startswith(".") and not Run(folder).exists:
            raise BrokenError(f"{folder} is no run, and was left behind.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        ledger = crash(arguments.times, arguments.seed, Path(folder), say=True)
        print(f"{arguments.times} kills in {time.monotonic() - began:.0f} s, nothing lost. What was done: {dict(ledger.done)}")


if __name__ == "__main__":
    main()
