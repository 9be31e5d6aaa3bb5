"""How often to do work that is worth doing often, but not always."""

from __future__ import annotations

import time


class Paced:
    """Work that, once done, is due again when it has taken only `share` of the time since. A context around the work."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._due = 0.0

    @property
    def due(self) -> bool:
        return time.perf_counter() >= self._due

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        now = time.perf_counter()
        self._due = now + (now - self._started) * (1 / self._share - 1)
