"""How often to do work that is worth doing often, but not always."""

from __future__ import annotations

import time
from collections.abc import Callable


class Paced:
    """Work that, once done, is due again when it has taken only `share` of the time since. A context around the work.

    clock: seconds from any beginning on; of a thread that takes turns with others, that which runs only while it does.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._share = share
        self._clock = clock
        self._due = 0.0

    @property
    def due(self) -> bool:
        return self._clock() >= self._due

    def __enter__(self) -> None:
        self._started = self._clock()

    def __exit__(self, *_: object) -> None:
        now = self._clock()
        self._due = now + (now - self._started) * (1 / self._share - 1)
