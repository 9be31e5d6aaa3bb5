"""Random numbers that are the same on every machine and numpy version, for data sets that are made rather than loaded.

numpy keeps the raw stream of a seeded bit generator the same from version to version, but not those of its distributions, so
the distributions are made here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

_BITS = 52  # one fewer than a float64 holds, so that adding a half is exact and neither 0 nor 1 can come


class Draws:
    """Successive arrays of random numbers from one seed, and from a part of what it is for (whole numbers of 0 or more).

    Each call has a stream of its own, filled row by row: the first rows do not depend on how many rows are asked for, nor on the
    sizes of earlier calls.
    """

    def __init__(self, seed: int, part: int = 0) -> None:
        if seed < 0:
            raise ValueError(f"A seed is a whole number of 0 or more, not {seed}.")
        self._seed = (seed, part)
        self._calls = 0

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """Numbers strictly between `low` and `high`, in the given shape."""
        # Counted from 1: to numpy (seed, part, 0) is the same as (seed, part), which others may use.
        self._calls += 1
        raw = np.random.PCG64((*self._seed, self._calls)).random_raw(math.prod(shape)).reshape(shape)
        return low + (high - low) * ((raw >> np.uint64(64 - _BITS)).astype(np.float64) + 0.5) * 0.5**_BITS

    def normal(self, *shape: int, sd: float = 1.0) -> Floats:
        """Numbers with mean 0 and standard deviation `sd`, at most 8.2 of it away (the inverse of the distribution function)."""
        return sd * np.asarray(ndtri(self.uniform(*shape)), np.float64)
