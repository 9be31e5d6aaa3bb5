"""A worker process: torch imported and ready, it trains the runs that it is given; several of them in turns.

It is started by :mod:`aecore.engine` and talks with it in lines of JSON. In: ``{"run": folder, "sweep": token, "owner": …}``,
``{"park": folder}`` (let that run go back to the queue), and ``{"control": folder, "content": …}`` where the disk is too full for
a control.json ("" when it is written). Out: ``{"ready": true}``, ``{"paused": folder}``, ``{"done": folder, "state": …}``, and
``{"status": folder, "content": …}`` where the disk is too full for a status.json ("" when it is written), and
``{"full": folder}`` where it is too full for something. When its standard input closes, the server is gone, however it ended:
the runs are saved, marked interrupted, and the worker ends too.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from aecore import limits
from aecore.allocator import keep_freed_memory
from aecore.config_sections import DataConfig
from aecore.data.kept import load_kept
from aecore.full_disk import FULL, WAITING, holding
from aecore.masked_log import mask_tokens
from aecore.presets import preset
from aecore.recording import Recorder
from aecore.runs import Run, Status
from aecore.training import Trainer
from aecore.turns import Turn, Turns

LAST_WORDS = 3.0
"""Seconds that a worker without a server may take to save its runs."""

_SAYING = threading.Lock()


class Worker:
    """The loop of a worker, a thread for each of its runs, and the thread that listens."""

    def __init__(self) -> None:
        self._orders: queue.Queue[dict[str, str] | None] = queue.Queue()
        self._orphaned = threading.Event()
        self._parked: set[str] = set()  # folders of the runs that are to go back to the queue
        self._turns = Turns()

    def main(self) -> None:
        """Train what is asked for until the server is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        _warm_up()
        _say({"ready": True})
        threads: list[threading.Thread] = []
        while (order := self._orders.get()) is not None:
            threads = [thread for thread in threads if thread.is_alive()]
            threads.append(threading.Thread(target=self._take, args=(order,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _take(self, order: dict[str, str]) -> None:
        folder = order["run"]
        torch.set_num_threads(1)  # a setting of each thread
        run = Run(Path(folder), order["sweep"])
        with self._turns.taking_part(order["owner"]) as turn:
            state = self._train(run, turn)
        WAITING.forget(run.status_path)  # the engine has it, and writes it when there is room
        WAITING.forget(run.control_path)
        for path in WAITING.paths(run.folder):  # of a run that ended by an error: another worker may take it up again
            WAITING.forget(path)
        _say({"done": folder, "state": state})

    def _train(self, run: Run, turn: Turn) -> str:
        def leave() -> str | None:
            turn.check()
            if self._orphaned.is_set():
                return "interrupted"
            return "queued" if str(run.folder) in self._parked else None

        watch = _report(run)
        try:
            return Recorder(run, leave, watch, turn.rest, limits.TRAINING_SECONDS).record().state
        except Exception as error:
            with suppress(OSError):
                (run.folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            status = run.status
            status.state, status.since, status.preparing = "failed", time.time(), None
            status.reason = f"Something went wrong that should not: {type(error).__name__}: {error}"
            with suppress(OSError), holding():  # a folder that is gone is nobody's any more
                run.write_status(status)
                watch(status)
            return "failed"

    def _listen(self) -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if "park" in order:
                self._parked.add(order["park"])
            elif "control" in order:
                WAITING.note(Run(Path(order["control"])).control_path, order["content"])
            else:
                self._parked.discard(order["run"])
                self._orders.put(order)
        self._orphaned.set()
        self._orders.put(None)
        # If a run cannot be left in time (one step of a huge network, say), the worker ends all the same.
        timer = threading.Timer(LAST_WORDS, os._exit, args=(1,))
        timer.daemon = True
        timer.start()


def _report(run: Run) -> Callable[[Status], None]:
    """Tell the engine when the run is paused from now on, for somebody may be waiting for its place; and its status, where a
    full disk kept it from being written."""
    before, unwritten = "", False

    def watch(status: Status) -> None:
        nonlocal before, unwritten
        content = WAITING.content(run.status_path)
        if content is not None or unwritten:
            _say({"status": str(run.folder), "content": (content or b"").decode()})
        unwritten = content is not None
        if status.reason.startswith(FULL):
            _say({"full": str(run.folder)})
        if status.state == "paused" != before:
            _say({"paused": str(run.folder)})
        before = status.state

    return watch


def _warm_up() -> None:
    """What the first run would otherwise wait for: the usual data, and torch's first step."""
    usual = load_kept(DataConfig())
    for _ in zip(range(2), Trainer(preset("vae").config, usual).run(), strict=False):
        pass


def _say(message: dict[str, object]) -> None:
    try:
        with _SAYING:
            print(json.dumps(message), flush=True)
    except OSError:
        os._exit(1)  # nobody listens any more


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes our standard input
    mask_tokens()
    keep_freed_memory()
    torch.set_num_threads(1)  # two threads a run are slower than one as soon as anything else runs
    Worker().main()
