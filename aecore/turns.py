"""Several runs in one worker: threads that take turns, so that all advance although only one trains at a time.

Two training steps at once in one process only get in each other's way; and the runs of a sweep are to be seen side by side, not
one after the other. Whoever had least time goes next: first of the people whose runs they are, then of each person's runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLICE = 0.25
"""Seconds of a turn: long against what a change of turns costs, short against what an eye notices."""


class Turns:
    """The one turn that there is, and who waits for it."""

    def __init__(self, slice_seconds: float = SLICE) -> None:
        self._slice = slice_seconds
        self._changed = threading.Condition()
        self._waiting: list[Turn] = []
        self._all: list[Turn] = []
        self._owners: dict[str, float] = {}  # seconds that each of the people present had
        self._holder: Turn | None = None

    @contextmanager
    def taking_part(self, owner: str) -> Iterator[Turn]:
        """Take part from now on, and hold the turn whenever the thread is inside and not at rest."""
        turn = Turn(self, owner)
        with self._changed:
            # Who comes late must not get all the time that others had before.
            self._settle()
            self._owners.setdefault(owner, min(self._owners.values(), default=0.0))
            turn.used = min((other.used for other in self._all if other.owner == owner), default=0.0)
            self._all.append(turn)
        self.take(turn)
        try:
            yield turn
        finally:
            self.leave(turn)
            with self._changed:
                self._all.remove(turn)
                if all(other.owner != owner for other in self._all):
                    del self._owners[owner]

    def take(self, turn: Turn) -> None:
        """Wait until it is this one's turn."""
        with self._changed:
            self._waiting.append(turn)
            while self._holder is not None or self._next() is not turn:
                self._changed.wait()
            self._waiting.remove(turn)
            self._holder = turn
            turn.since = turn.counted = time.monotonic()

    def leave(self, turn: Turn) -> None:
        """Let others have it."""
        with self._changed:
            self._settle()
            self._holder = None
            self._changed.notify_all()

    def is_over(self, turn: Turn) -> bool:
        """Whether this one had its time and others wait."""
        return time.monotonic() - turn.since > self._slice and bool(self._waiting)

    def _settle(self) -> None:
        """Count the time that the holder had so far."""
        turn = self._holder
        if turn is not None:
            now = time.monotonic()
            turn.used += now - turn.counted
            self._owners[turn.owner] += now - turn.counted
            turn.counted = now

    def _next(self) -> Turn:
        return min(self._waiting, key=lambda turn: (self._owners[turn.owner], turn.used))


class Turn:
    """One who takes part; used from its own thread."""

    def __init__(self, turns: Turns, owner: str) -> None:
        self._turns = turns
        self.owner = owner
        self.used = 0.0  # seconds
        self.since = 0.0  # when the present turn began
        self.counted = 0.0  # until when its time is in `used`

    def check(self) -> None:
        """At a moment when others may go on: give the turn away if it is over, and come back with the next."""
        if self._turns.is_over(self):
            self._turns.leave(self)
            self._turns.take(self)

    def rest(self, seconds: float) -> None:
        """Sleep, while others have the turn."""
        self._turns.leave(self)
        time.sleep(seconds)
        self._turns.take(self)
