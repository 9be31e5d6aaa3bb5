"""A process for work that a page waits for: torch imported and ready, one task after the other.

It is started by :mod:`aecore.tasks.desk` and talks with it over its standard input and output in :mod:`aecore.tasks.messages`:
in come ``{"task": name, "arguments": {…}}`` with arrays, and ``{"cancel": true}``; out go ``{"progress": share, "what": …}``,
and in the end ``{"result": {…}}`` with arrays, ``{"error": sentence}`` or ``{"cancelled": true}``. Nothing that it is given
is written to a disk. When its standard input closes, it ends.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable

import torch

from aecore.allocator import keep_freed_memory
from aecore.masked_log import mask_tokens, print_error
from aecore.tasks import anomaly, comparison, disentangle, exchange, features, latent, nearest, picture, sweep_speed
from aecore.tasks.messages import Arrays, Message, Report, TaskError, read_message, write_message

TASKS: dict[str, Callable[[Message, Arrays, Report], tuple[Message, Arrays]]] = {
    "denoise": picture.denoise,
    "compare": comparison.compare_once,
    "curve": comparison.compare_levels,
    "latent_numbers": latent.latent_numbers,
    "disentangle": disentangle.disentangle,
    "sweep_speed": sweep_speed.sweep_speed,
    "nearest": nearest.nearest_training,
    "probe": features.probe,
    "maps": features.maps,
    "bottleneck": features.bottleneck,
    "anomaly": anomaly.anomaly,
    "anomaly_baselines": anomaly.anomaly_baselines,
    "read_file": anomaly.read_file,
    "example_series": anomaly.example_series,
    "look_at_file": exchange.look_at_file,
    "keep_file": exchange.keep_file,
    "brought": exchange.measure_brought_back,
    "onnx": exchange.onnx,
}
"""Each takes plain values and arrays, reports on its way, and gives the same back."""


class _CancelledError(Exception):
    """The person does not want the result any more."""


class TaskProcess:
    """The loop of the process, and the thread that listens."""

    def __init__(self) -> None:
        self._orders: queue.Queue[tuple[Message, Arrays] | None] = queue.Queue()
        self._cancelled = threading.Event()
        # What libraries print must not get between the messages.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def main(self) -> None:
        """Work until the server is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        while (order := self._orders.get()) is not None:
            message, arrays = order
            answer: tuple[Message, Arrays]
            try:
                result, made = TASKS[message["task"]](message["arguments"], arrays, self._report)
                answer = {"result": result}, made
            except _CancelledError:
                answer = {"cancelled": True}, []
            except TaskError as error:
                answer = {"error": str(error)}, []
            except Exception as error:
                print_error()
                answer = {"error": f"Something went wrong that should not: {type(error).__name__}: {error}"}, []
            write_message(self._out, *answer)

    def _report(self, share: float, what: str) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        write_message(self._out, {"progress": share, "what": what})

    def _listen(self) -> None:
        while (received := read_message(sys.stdin.buffer)) is not None:
            message, _ = received
            if message.get("cancel"):
                self._cancelled.set()
            else:
                self._cancelled.clear()
                self._orders.put(received)
        self._cancelled.set()
        self._orders.put(None)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes our standard input
    mask_tokens()
    keep_freed_memory()
    torch.set_num_threads(max(1, min(2, os.cpu_count() or 1)))  # a person waits, and there is one such process
    TaskProcess().main()
