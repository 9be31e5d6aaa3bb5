"""Unsupervised disentanglement ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from aecore.metrics.disentanglement.intervals import Interval
from aecore.metrics.disentanglement.tables import Matrix

INFORMATIVE_KL = 0.01


@dataclass(frozen=True)
class Udr:
    """`scores` and `intervals` of the M models; `pairs`: M×M; `informative`: of each model, the dimensions that count."""

    scores: tuple[float, ...]
    intervals: tuple[Interval, ...] | None
    pairs: Matrix
    informative: tuple[tuple[int, ...], ...]


def udr(
    codes_by_model: Sequence[ArrayLike], kl_by_model: Sequence[ArrayLike], *, bootstrap: int = 200, random_state: int = 0
) -> Udr:
    raise NotImplementedError
