"""Unsupervised disentanglement ranking: do networks trained from other seeds find the same dimensions? No factors are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aecore.metrics.disentanglement.checks import checked_codes
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, checked_times
from aecore.metrics.disentanglement.tables import Matrix, rows

Floats = NDArray[np.float64]

INFORMATIVE_KL = 0.01
"""A dimension counts if its mean KL divergence from the prior is above this, nats: Duan et al. (2020), section 4."""


@dataclass(frozen=True)
class Udr:
    """UDR of M models, 0..1: the higher, the more other models agree on the same dimensions.

    `scores` (M): median of each model's row of `pairs` without itself. `intervals` (M): None where not asked for, and with two
    models, whose scores are of a single pair. `pairs`: M rows of M numbers, symmetric, NaN on the diagonal. `informative` (M):
    the dimensions of each model that count.
    """

    scores: tuple[float, ...]
    intervals: tuple[Interval, ...] | None
    pairs: Matrix
    informative: tuple[tuple[int, ...], ...]


def udr(
    codes_by_model: Sequence[ArrayLike], kl_by_model: Sequence[ArrayLike], *, bootstrap: int = 200, random_state: int = 0
) -> Udr:
    """UDR_S of each of M ≥ 2 models that differ in their seed: codes (N, D) of the same N images, and mean KL (D,) in nats.

    Duan et al. (2020), "Unsupervised model selection for variational disentangled representation learning", section 4, with R
    the absolute Spearman correlation of a dimension a of one model and b of the other: the pair scores
    [Σ_b max_a R² / Σ_a R + Σ_a max_b R² / Σ_b R] / (d_a + d_b), all over informative dimensions, d_a and d_b of them. (The
    authors' published code averages the two sums by themselves, which is the same for equal d.) A dimension whose codes do not
    vary correlates with nothing; a model without informative dimensions scores 0. Models may differ in D.

    The intervals resample the other models `bootstrap` times (0: none). ValueError for fewer than two models, codes of unequal
    numbers of images or of fewer than 2, codes or KL that are not finite, KL that do not belong to the codes, and a `bootstrap`
    of 1 or less than 0.
    """
    checked_times(bootstrap)
    models = len(codes_by_model)
    if models < 2 or len(kl_by_model) != models:
        raise ValueError(
            f"UDR compares networks with each other: give codes and KL of at least two, not of {models} and {len(kl_by_model)}."
        )
    informative = []
    ranks = []
    for number, (codes, kl) in enumerate(zip(codes_by_model, kl_by_model, strict=True), start=1):
        checked = checked_codes(codes, f"Codes of network {number}")
        divergence = np.asarray(kl, np.float64)
        if divergence.shape != checked.shape[1:] or not np.isfinite(divergence).all():
            raise ValueError(f"Network {number} needs one finite KL for each of its {checked.shape[1]} dimensions.")
        informative.append(np.flatnonzero(divergence > INFORMATIVE_KL))
        ranks.append(_ranks(checked[:, informative[-1]]))
    if len({len(each) for each in ranks}) > 1 or len(ranks[0]) < 2:
        raise ValueError("The codes of all networks have to be of the same images, two or more: encode the same ones by each.")
    pairs = np.full((models, models), np.nan)
    for first in range(models):
        for second in range(first):
            pairs[first, second] = pairs[second, first] = _pair(np.abs(ranks[first].T @ ranks[second]))
    others = [np.delete(row, model) for model, row in enumerate(pairs)]
    scores = tuple(float(np.median(values)) for values in others)
    intervals = None
    if bootstrap and models > 2:
        drawn = np.random.default_rng(random_state).integers(0, models - 1, (bootstrap, models - 1))
        intervals = tuple(
            bootstrap_interval(score, np.median(values[drawn], axis=1), "the other models, which differ in their seeds")
            for score, values in zip(scores, others, strict=True)
        )
    return Udr(scores, intervals, rows(pairs), tuple(tuple(each.tolist()) for each in informative))


def _ranks(codes: NDArray[np.floating]) -> Floats:
    """Ranks of each dimension as vectors of length 1 without mean, (N, D): their products are Spearman correlations.

    Equals share their mean rank. A dimension that does not vary is all 0.
    """
    from scipy.stats import rankdata  # takes a second to import, and training workers import this package

    ranks = rankdata(codes, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    return np.asarray(ranks / np.where(length > 0, length, 1.0))


def _pair(correlation: Floats) -> float:
    """The score of a pair of models, from |R| (d_a, d_b); 0 where one has no informative dimension."""
    if not correlation.size:
        return 0.0
    terms = []
    for axis in (0, 1):
        total = correlation.sum(axis=axis)
        terms.append((correlation.max(axis=axis) ** 2 / np.where(total > 0, total, 1.0)).sum())
    return float(sum(terms) / sum(correlation.shape))
