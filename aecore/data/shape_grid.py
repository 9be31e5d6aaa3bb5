"""A part of the grid of Shapes: some factors held fixed, the others in fewer steps, so that a small experiment stays small."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES, Integers

FIXED = (2, 5, 0, 16, 16)
"""What a factor is where it does not vary: an upright heart of full size, in the middle."""

LEAST_PICTURES = 100
"""With fewer different pictures, what is measured on held-out ones would say little."""

LEAST_HELD_OUT = 20
"""Different pictures that the validation and the test split have at least."""

_ROTATION = FACTOR_NAMES.index("rotation")


class Grid:
    """All combinations of `steps` values of each factor (shape, scale, rotation, x, y); None: of all their values.

    The values lie evenly over a factor's range, its ends included; those of the rotation over one turn, without coming back
    to its start (which the full grid does, as dSprites). One step holds a factor at its value in :data:`FIXED`. Raises
    ValueError with a sentence for steps that cannot be.
    """

    def __init__(self, steps: tuple[int, ...] | None = None) -> None:
        steps = FACTOR_SIZES if steps is None else tuple(steps)
        if len(steps) != len(FACTOR_SIZES):
            raise ValueError(
                f"Shapes have five factors ({', '.join(FACTOR_NAMES)}): give five numbers of steps, such as 3-6-40-32-32."
            )
        for name, size, count in zip(FACTOR_NAMES, FACTOR_SIZES, steps, strict=True):
            if not 1 <= count <= size:
                raise ValueError(f"The factor {name} can have 1 to {size} steps, not {count}.")
        self.steps = steps
        self.size = math.prod(steps)
        """How many different pictures there are."""
        if self.size < LEAST_PICTURES:
            raise ValueError(
                f"These factors make {self.size} different {'picture' if self.size == 1 else 'pictures'}; at least "
                f"{LEAST_PICTURES} are needed. Let more factors vary, or give them more steps."
            )
        self._values = tuple(_values(factor, count) for factor, count in enumerate(steps))

    def split_sizes(self, train: int, validation: int, test: int) -> tuple[int, int, int]:
        """How many *different* pictures the three splits have, whose sizes are these: no picture is in two of them.

        Where the grid has too few for all, a tenth of it, :data:`LEAST_HELD_OUT` at least, goes into validation and into test
        (never more than those sizes), the rest into training; each split then repeats its own pictures.
        """
        if self.size >= train + validation + test:
            return train, validation, test
        tenth = max(LEAST_HELD_OUT, self.size // 10)
        held = min(validation, tenth), min(test, tenth)
        return min(train, self.size - sum(held)), *held

    @property
    def varying(self) -> tuple[int, ...]:
        """The positions of the factors that vary."""
        return tuple(factor for factor, count in enumerate(self.steps) if count > 1)

    def draw_levels(self, count: int, rng: np.random.Generator) -> Integers:
        """Levels (count, 5), each drawn uniformly and independently."""
        return rng.integers(0, self.steps, size=(count, len(self.steps)), dtype=np.int64)

    def at(self, levels: NDArray[np.integer]) -> Integers:
        """Factors (N, 5) as :class:`~aecore.data.shapes.Shapes` takes them, of levels (N, 5), each 0 … steps − 1."""
        return np.stack([values[column] for values, column in zip(self._values, levels.T, strict=True)], axis=-1)

    def levels_of(self, index: NDArray[np.integer]) -> Integers:
        """Levels (N, 5) of positions (N,) in this grid, counted 0 … size − 1 with the last factor fastest."""
        return np.stack(np.unravel_index(index, self.steps), axis=-1).astype(np.int64)

    def index_of(self, levels: NDArray[np.integer]) -> Integers:
        """:meth:`levels_of` undone."""
        return np.asarray(np.ravel_multi_index(tuple(levels.T), self.steps), np.int64)


def _values(factor: int, count: int) -> Integers:
    size = FACTOR_SIZES[factor]
    if count == 1:
        return np.array([FIXED[factor]])
    last = (size - 1) * (count - 1) / count if factor == _ROTATION and count < size else size - 1
    return np.rint(np.linspace(0, last, count)).astype(np.int64)
