"""Codes and factors whose scores are known, and data that draws its factors as its pictures."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Parts = tuple[Floats, Integers, Floats, Integers]

SHAPES = (3, 6, 40, 32, 32)


def every_combination(*sizes: int, times: int = 1) -> Integers:
    """All combinations of factors, `times` each: factors that are exactly independent."""
    return np.array(list(product(*map(range, sizes))) * times, np.int64)


def random_factors(count: int, sizes: tuple[int, ...] = SHAPES, seed: int = 0) -> Integers:
    return np.random.default_rng(seed).integers(0, sizes, (count, len(sizes)))


def standardised(factors: Integers) -> Floats:
    """The code that gives each factor a dimension of its own, with mean 0 and deviation 1."""
    return np.asarray((factors - factors.mean(axis=0)) / factors.std(axis=0))


def mixed_parts(train: int, test: int, sizes: tuple[int, ...], dimensions: int, seed: int = 0) -> Parts:
    """Codes that mix the factors and have noise: no score is 0 or 1."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, sizes, (train + test, len(sizes)))
    mixing = 0.4 * rng.normal(size=(len(sizes), dimensions))
    mixing[np.arange(min(mixing.shape)), np.arange(min(mixing.shape))] += 1.5
    codes = standardised(factors) @ mixing + 0.3 * rng.normal(size=(train + test, dimensions))
    return codes[:train], factors[:train], codes[train:], factors[train:]


class FactorPictures:
    """Ground truth whose pictures are the factors themselves, as numbers: an encoder can be any function of them."""

    def __init__(self, *sizes: int) -> None:
        self.factor_sizes = sizes
        self.drawn: list[Integers] = []

    def sample_factors(self, count: int, rng: np.random.Generator) -> Integers:
        return rng.integers(0, self.factor_sizes, (count, len(self.factor_sizes)))

    def draw(self, factors: Integers) -> Floats:
        self.drawn.append(factors)
        return factors.astype(np.float64)


class StopNowError(Exception):
    """What a poll raises whose result nobody wants any more."""


def stopping_after(calls: int) -> Callable[[float, str], None]:
    """A poll that raises at the call after so many."""
    left = [calls]

    def poll(done: float, what: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StopNowError

    return poll


class Polls:
    """A poll that remembers what it was told."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def __call__(self, done: float, what: str) -> None:
        assert what
        self.shares.append(done)
