"""A worker process: torch imported and ready, it trains one run after the other in one thread.

It is started by :mod:`aecore.engine` and talks with it in lines of JSON. In: ``{"run": folder}`` and ``{"park": true}``
(let the present run go back to the queue). Out: ``{"ready": true}``, ``{"paused": folder}``,
``{"done": folder, "state": …}``. When its standard
input closes, the server is gone, however it ended: the run is saved, marked interrupted, and the worker ends too.
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
from pathlib import Path

import torch

from aecore.allocator import keep_freed_memory
from aecore.data.catalogue import DEFAULT
from aecore.presets import preset
from aecore.recording import Recorder, load_kept
from aecore.runs import Run, Status
from aecore.training import Trainer

LAST_WORDS = 3.0
"""Seconds that a worker without a server may take to save its run."""


class Worker:
    """The loop of a worker, and the thread that listens."""

    def __init__(self) -> None:
        self._orders: queue.Queue[str | None] = queue.Queue()
        self._orphaned = threading.Event()
        self._parked = threading.Event()

    def main(self) -> None:
        """Train what is asked for until the server is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        _warm_up()
        _say({"ready": True})
        while (folder := self._orders.get()) is not None:
            self._parked.clear()
            state = self._train(Run(Path(folder)))
            _say({"done": folder, "state": state})

    def _train(self, run: Run) -> str:
        try:
            return Recorder(run, self._must_leave, _report_pauses(run)).record().state
        except Exception as error:
            (run.folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            status = run.status
            status.state, status.since, status.preparing = "failed", time.time(), None
            status.reason = f"Something went wrong that should not: {type(error).__name__}: {error}"
            run.write_status(status)
            return "failed"

    def _must_leave(self) -> str | None:
        if self._orphaned.is_set():
            return "interrupted"
        return "queued" if self._parked.is_set() else None

    def _listen(self) -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if order.get("park"):
                self._parked.set()
            else:
                self._orders.put(order["run"])
        self._orphaned.set()
        self._orders.put(None)
        # If the run cannot be left in time (one step of a huge network, say), the worker ends all the same.
        timer = threading.Timer(LAST_WORDS, os._exit, args=(1,))
        timer.daemon = True
        timer.start()


def _report_pauses(run: Run) -> Callable[[Status], None]:
    """Tell the engine when the run is paused from now on: somebody may be waiting for its place."""
    before = ""

    def watch(status: Status) -> None:
        nonlocal before
        if status.state == "paused" != before:
            _say({"paused": str(run.folder)})
        before = status.state

    return watch


def _warm_up() -> None:
    """What the first run would otherwise wait for: the usual data, and torch's first step."""
    usual = load_kept(DEFAULT, None)
    for _ in zip(range(2), Trainer(preset("vae").config, usual).run(), strict=False):
        pass


def _say(message: dict[str, object]) -> None:
    try:
        print(json.dumps(message), flush=True)
    except OSError:
        os._exit(1)  # nobody listens any more


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes our standard input
    keep_freed_memory()
    torch.set_num_threads(1)  # two threads a run are slower than one as soon as anything else runs
    Worker().main()
