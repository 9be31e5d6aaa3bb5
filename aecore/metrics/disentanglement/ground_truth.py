"""Data whose generating factors are known, and codes of what they draw: what the BetaVAE and FactorVAE scores are measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Codes, Integers, checked_codes

Images = NDArray[Any]
Encode = Callable[[Images], Codes]
"""Codes (N, D) of images (N, …): posterior means, the same at every call."""

BATCH = 64
"""Images, or pairs of them, that share one factor and make one point: as in Locatello et al. (2019)."""

IMAGES_AT_ONCE = 1024
"""As many images are drawn and encoded by one call, at most."""


class GroundTruth(Protocol):
    """Draws images from factors. A factor with one value does not vary, and is never the shared one."""

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """How many values each of the K factors has."""

    def sample_factors(self, count: int, rng: np.random.Generator) -> Integers:
        """Factors (count, K), each drawn uniformly and independently from 0 to its size − 1."""

    def draw(self, factors: Integers) -> Images:
        """The images (N, …) of factors (N, K)."""


def varying(data: GroundTruth) -> tuple[int, ...]:
    """The factors that vary; ValueError for fewer than two, of which the shared one need not be told."""
    kept = tuple(factor for factor, size in enumerate(data.factor_sizes) if size > 1)
    if len(kept) < 2:
        raise ValueError(
            "This score tells which of several factors was kept the same: it needs data with at least two factors that vary."
        )
    return kept


def checked_count(count: int, what: str) -> None:
    """ValueError where fewer than one is asked for."""
    if count < 1:
        raise ValueError(f"At least one {what} is needed: ask for thousands.")


def codes_of(encode: Encode, data: GroundTruth, factors: Integers) -> NDArray[np.float64]:
    """Codes (N, D) of the images of factors (N, K); ValueError where they are not finite or not one row an image."""
    codes = checked_codes(encode(data.draw(factors)))
    if len(codes) != len(factors):
        raise ValueError(f"The encoder answered {len(codes):,} codes for {len(factors):,} images: it has to give one for each.")
    return codes.astype(np.float64)


def blocks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Start and end of runs of at most `size` that make up `count`."""
    return ((start, min(start + size, count)) for start in range(0, count, size))
