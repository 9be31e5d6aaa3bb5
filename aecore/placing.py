"""Which worker trains which run: the rules, apart from the processes.

A run has a worker for itself, and waits where none is free. The members of a sweep share: a worker trains many of them in
turns, evenly over the workers. A worker that trains a sweep also takes one run of somebody else in, which then has half of its
time, and a sweep that fills all workers makes room for that of somebody else: a sweep of an hour must not keep a class waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aecore.config_rules import MAX_PARAMETERS
from aecore.runs import Run

MOST_TOGETHER = 24
"""Runs that one worker trains in turns, and…"""
MOST_PARAMETERS = 2 * MAX_PARAMETERS
"""…parameters that they have in all: with gradients and the optimiser's memory, 16 bytes each."""


@dataclass(eq=False)
class Seat:
    """A run with a worker. `parking`: it was asked to go back to the queue."""

    run: Run
    owner: str
    parameters: int = 0
    parking: bool = False

    @property
    def paused(self) -> bool:
        return self.run.status.state == "paused"


@dataclass(eq=False)
class Bench:
    """What a worker trains."""

    ready: bool = False
    seats: list[Seat] = field(default_factory=list)

    @property
    def members(self) -> list[Seat]:
        """The runs that belong to sweeps."""
        return [seat for seat in self.seats if seat.run.sweep]

    @property
    def shared(self) -> bool:
        """Whether it trains for sweeps alone, or for nobody."""
        return len(self.members) == len(self.seats)

    @property
    def load(self) -> tuple[int, int]:
        """How much it has to do: the runs that are not paused, and all runs."""
        return sum(not seat.paused for seat in self.seats), len(self.seats)

    def seat_of(self, run: Run) -> Seat | None:
        """The seat of a run, or None."""
        return next((seat for seat in self.seats if seat.run.token == run.token), None)

    def has_room(self, parameters: int) -> bool:
        """Whether one more network fits; an empty bench takes any."""
        total = parameters + sum(seat.parameters for seat in self.seats)
        return not self.seats or (len(self.seats) < MOST_TOGETHER and total <= MOST_PARAMETERS)


Benches = Iterable[Bench]


def place_for(run: Run, parameters: int, benches: Benches) -> Bench | None:
    """The bench that a waiting run may go to now, or None where it goes on waiting."""
    ready = [bench for bench in benches if bench.ready]
    empty = [bench for bench in ready if not bench.seats]
    if empty:
        return empty[0]
    if run.sweep:
        possible = [bench for bench in ready if bench.members and bench.has_room(parameters)]
    else:  # the one guest of a sweep's worker finds a seat however full it is
        possible = [bench for bench in ready if bench.members and bench.shared]
    return min(possible, key=lambda bench: bench.load, default=None)


def to_move(benches: Sequence[Bench]) -> list[Seat]:
    """The members that should go back to the queue so that all workers have about as many: none while some are on their way."""
    if any(seat.parking for bench in benches for seat in bench.seats):
        return []
    taking_part = [bench for bench in benches if bench.ready and (bench.members or not bench.seats)]
    if len(taking_part) < 2:
        return []
    most = max(taking_part, key=lambda bench: len(_moving(bench)))
    least = min(taking_part, key=lambda bench: bench.load)
    movable = [seat for seat in _moving(most) if least.has_room(seat.parameters)]
    count = (len(_moving(most)) - least.load[0]) // 2
    return sorted(movable, key=lambda seat: seat.run.status.step)[: max(0, count)]


def _moving(bench: Bench) -> list[Seat]:
    """The members that are being trained: the paused ones cost nobody time."""
    return [seat for seat in bench.members if not seat.paused]


def to_park(benches: Benches, waiting: int) -> list[Seat]:
    """The paused runs that should give up their workers for so many that wait and found no place."""
    found: list[Seat] = []
    for bench in benches:
        if waiting > 0 and bench.seats and all(seat.paused and not seat.parking for seat in bench.seats):
            found += bench.seats
            waiting -= 1
    return found


def to_yield(benches: Sequence[Bench], waiting: Iterable[str]) -> list[Seat]:
    """The members that should go back to the queue for people whose sweeps wait (`waiting`), and who train nothing.

    Half of what whoever trains most has on one bench; none while some are on their way.
    """
    seats = [seat for bench in benches for seat in bench.seats]
    if any(seat.parking for seat in seats) or all(owner in {seat.owner for seat in seats} for owner in waiting):
        return []
    owners = Counter(seat.owner for seat in seats if seat.run.sweep)
    if not owners:
        return []
    (most, _), *_ = owners.most_common(1)
    shares = [[seat for seat in bench.members if seat.owner == most] for bench in benches]
    share = max(shares, key=len)
    return sorted(share, key=lambda seat: seat.run.status.step)[: len(share) // 2]
