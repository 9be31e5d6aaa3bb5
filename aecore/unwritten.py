"""What a run has made and a full disk did not take: rows of its tables, and files. See :mod:`aecore.full_disk`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from aecore.full_disk import FULL, WAITING
from aecore.runs import Run, write_beside

WRITING_AGAIN = 1.0
"""Seconds between two attempts to write it."""

GOES_ON = f"{FULL} Nothing is lost: what training makes waits in memory until runs are deleted or space is freed."
BEGINS = f"{FULL} This run begins when runs are deleted or space is freed."
WAITS = (
    f"{FULL} Training has ended, and what was learned waits in memory until runs are deleted or space is freed. "
    "Press Stop to give up what could not be written."
)
GIVEN_UP = "The disk was full: what was learned since this run was saved last could not be kept. Resume goes on from there."


class Table(Protocol):
    """A table whose rows may wait for room."""

    @property
    def waits(self) -> bool: ...

    def flush(self) -> bool: ...


class Unwritten:
    """That of one run. `tables` are those of its files to which rows are added."""

    def __init__(self, run: Run) -> None:
        self.tables: list[Table] = []
        self._folder = run.folder
        self._apart = (run.control_path, run.status_path)  # they are written by others, and all the time
        self._next = 0.0

    @property
    def any(self) -> bool:
        """Whether something waits."""
        return any(table.waits for table in self.tables) or bool(self._files())

    def write(self) -> bool:
        """Try to write it; whether nothing waits any more."""
        self._next = time.perf_counter() + WRITING_AGAIN
        rows = [table.flush() for table in self.tables]
        return WAITING.write(self._files(), write_beside) and all(rows)

    def write_if_due(self) -> bool:
        """As :meth:`write`, but only once in a while."""
        return self.write() if time.perf_counter() >= self._next else not self.any

    def forget(self) -> None:
        """Give up what waits."""
        for path in self._files():
            WAITING.forget(path)

    def _files(self) -> list[Path]:
        return [path for path in WAITING.paths(self._folder) if path not in self._apart]
