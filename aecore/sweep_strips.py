"""The strips of pictures that show what numbers of a run's code draw: which ones there are, their words, their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aecore.moments import REACH, STEPS_ACROSS, pictured_steps, read_traversals
from aecore.sweep_table import Carrier, Measured, carriers

Bytes = npt.NDArray[np.uint8]

LINE = 128
"""The grey between two pictures."""
_MOST_NUMBERS = 10
"""Strips of a run whose factors are not known."""
_MANY_ARMS = 4
"""With more of them side by side, the first and the last step are left out: five or six then fit on a page."""


@dataclass(frozen=True)
class Strip:
    """One code number, counted from 0: what stands beside its pictures, the first words bold, and whom it draws for."""

    code: int
    bold: str
    words: str
    subject: str


def strips(run: Measured) -> tuple[Strip, ...]:
    """The number that carries each factor, in the order of the factors; where none are known, the numbers of highest KL."""
    if run.numbers is not None and run.numbers.factors:
        return tuple(_of_factor(carrier) for carrier in carriers(run.numbers))
    most = run.order[:_MOST_NUMBERS]
    return tuple(Strip(code, f"z{code + 1}", f"{run.kl[code]:.2f} nats", f"What z{code + 1}") for code in most)


def last_traversals(run: Measured) -> Bytes | None:
    """The traversals (D, 7, C, h, w) at the end of a run's training, or None."""
    steps = pictured_steps(run.run)
    return read_traversals(run.run, steps[-1]) if steps else None


def drawn_of(runs: Sequence[Measured]) -> list[tuple[Measured, Bytes]]:
    """The runs that kept traversals, with the last ones (D, 7, C, h, w). Reads files."""
    return [(run, pictures) for run in runs if (pictures := last_traversals(run)) is not None]


def steps_shown(arms: int) -> slice:
    """Which of the seven steps are shown of so many arms side by side: all, or the inner five."""
    return slice(1, STEPS_ACROSS - 1) if arms > _MANY_ARMS else slice(0, STEPS_ACROSS)


def reach_shown(arms: int) -> str:
    """From where to where these go: “−3 to 3”."""
    reach = REACH * (STEPS_ACROSS - 3) / (STEPS_ACROSS - 1) if arms > _MANY_ARMS else REACH
    return f"−{reach:g} to {reach:g}"


def in_a_row(pictures: Bytes) -> Bytes:
    """Pictures (N, C, h, w) in a row, with a grey line between: (h, N·w + N − 1), or with three channels last."""
    line = np.full((*pictures.shape[1:3], 1), LINE, np.uint8)
    parts = [part for picture in pictures for part in (line, picture)][1:]
    row: Bytes = np.concatenate(parts, axis=2)
    return row[0] if len(row) == 1 else np.ascontiguousarray(row.transpose(1, 2, 0))


def _of_factor(carrier: Carrier) -> Strip:
    number, share = f"z{carrier.code + 1}", f"{100 * carrier.known:.0f} %"
    subject = f"{carrier.factor}: what {number}"
    if not carrier.carried:
        return Strip(carrier.code, carrier.factor, f"no number carries it (the most: {number}, {share})", subject)
    also = f", the same number as {' and '.join(carrier.also)}" if carrier.also else ""
    return Strip(carrier.code, f"{carrier.factor} · {number}", f"{share}{also}", subject)
