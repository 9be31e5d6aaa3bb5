"""Disentanglement, completeness and informativeness: which dimensions do boosted trees use to predict each factor?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from aecore.metrics.disentanglement.boosting import ROUNDS, Boosting
from aecore.metrics.disentanglement.checks import Parts, Poll, checked_parts, no_poll
from aecore.metrics.disentanglement.importance import Importance
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, checked_times, resampled_means
from aecore.metrics.disentanglement.regression_tree import TreeGrower
from aecore.metrics.disentanglement.tables import Matrix, rows
from aecore.metrics.disentanglement.threads import on_one_core

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dci:
    """Three scores, 0..1, and what they are made of; factors in the order of `kept`.

    `importance`: D rows (dimensions) of F shares (factors), each column sums to 1. `disentanglement_of_codes` (D): 1 where a
    dimension matters to one factor only, 0 where to all alike; `disentanglement` weights it by the dimension's importance, and
    is NaN for a single factor, to which every dimension belongs. `completeness_of_factors` (F): 1 where one dimension alone
    matters to a factor; likewise weighted, and NaN for a single dimension. `accuracy` (F): on the test part; `informativeness`
    is its mean. `kept` (F): columns of the factors that vary; the others are left out. Intervals are None where not asked for,
    and for a NaN.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    disentanglement_interval: Interval | None
    completeness_interval: Interval | None
    informativeness_interval: Interval | None
    importance: Matrix
    disentanglement_of_codes: tuple[float, ...]
    completeness_of_factors: tuple[float, ...]
    accuracy: tuple[float, ...]
    kept: tuple[int, ...]


@on_one_core
def dci(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    bootstrap: int = 200,
    random_state: int = 0,
    poll: Poll = no_poll,
) -> Dci:
    """Predict each factor from all dimensions by boosted trees, and look which dimensions they used.

    Eastwood and Williams (2018), "A framework for the quantitative evaluation of disentangled representations", section 2, with
    the settings of Locatello et al. (2019): scikit-learn's gradient boosting with its defaults (see :mod:`~.boosting`), its
    importances as the matrix R, entropies of R's rows (disentanglement) and columns (completeness) after adding 1e-11.
    Informativeness is the mean test accuracy. Codes (N, D), factors (N, K). Test values that training lacks count as wrong.

    The intervals of disentanglement and completeness resample training examples `bootstrap` times and count the splits' gains
    anew, the trees fixed; growing them anew as often would take an hour. Measured on draws with trees of their own, the scores
    vary once to twice as much, and up to 4.5 times where two dimensions compete for a factor. The interval of informativeness
    resamples test examples, the trees fixed. 0: no intervals. `random_state` also breaks ties among dimensions.

    Polls before each tree. ValueError for codes that are not finite, factors that are not whole numbers or none of which varies
    in training, parts that do not match, and a `bootstrap` of 1 or less than 0.
    """
    checked_times(bootstrap)
    parts = checked_parts(train_codes, train_factors, test_codes, test_factors)
    importance, replicates, correct = _fit(parts, bootstrap, random_state, poll)
    of_codes, of_factors = _one_minus_entropy(importance, 1), _one_minus_entropy(importance, 0)
    disentanglement, completeness = (float(score) for score in _scores(importance))
    accuracy = correct.mean(axis=0)
    informativeness = float(accuracy.mean())
    intervals: tuple[Interval | None, ...] = (None, None, None)
    if bootstrap:
        what = "training examples (in random groups), the trees fixed; with other trees, the score varies more"
        drawn = resampled_means(correct.mean(axis=1), bootstrap, random_state)
        each = zip((disentanglement, completeness), _scores(replicates), strict=True)
        intervals = (
            *(None if math.isnan(score) else bootstrap_interval(score, redrawn, what) for score, redrawn in each),
            bootstrap_interval(informativeness, drawn, "test examples, the trees fixed"),
        )
    return Dci(
        disentanglement=disentanglement,
        completeness=completeness,
        informativeness=informativeness,
        disentanglement_interval=intervals[0],
        completeness_interval=intervals[1],
        informativeness_interval=intervals[2],
        importance=rows(importance),
        disentanglement_of_codes=tuple(of_codes.tolist()),
        completeness_of_factors=tuple(of_factors.tolist()),
        accuracy=tuple(accuracy.tolist()),
        kept=parts.train.kept,
    )


def _fit(parts: Parts, times: int, random_state: int, poll: Poll) -> tuple[Floats, Floats, Floats]:
    """Importances (D, F), their replicates (B, D, F), and 1 where a test example was predicted rightly, else 0 (M, F)."""
    grower = TreeGrower(parts.train_codes.astype(np.float32))
    others = parts.test_codes.astype(np.float32)
    dimensions, sizes = others.shape[1], parts.train.sizes
    trees = [size if size > 2 else 1 for size in sizes]
    importance, replicates = np.zeros((dimensions, len(sizes))), np.zeros((times, dimensions, len(sizes)))
    correct = np.zeros((len(others), len(sizes)))
    for factor, size in enumerate(sizes):
        classes = parts.train.classes[:, factor]
        boosting = Boosting(grower, classes, size, others, random_state)
        gains = Importance(dimensions, len(classes), times, random_state)
        for turn in range(ROUNDS):
            done = (sum(trees[:factor]) + trees[factor] * turn / ROUNDS) / sum(trees)
            what = f"DCI: growing trees for factor {factor + 1} of {len(sizes)}"
            gains.add(boosting.round(partial(poll, done, what)))
        importance[:, factor], replicates[:, :, factor] = gains.shares(), gains.replicates()
        correct[:, factor] = boosting.predictions() == parts.test_classes[:, factor]
    return importance, replicates, correct


def _scores(importance: Floats) -> tuple[Floats, Floats]:
    """Disentanglement and completeness of importances (…, D, F): two times (…,)."""
    total = importance.sum(axis=(-2, -1))
    # Trees that found nothing to split make no dimension important, and both scores 0.
    weights = importance / np.where(total > 0, total, 1.0)[..., None, None]
    disentanglement = (weights.sum(axis=-1) * _one_minus_entropy(importance, -1)).sum(axis=-1)
    completeness = (weights.sum(axis=-2) * _one_minus_entropy(importance, -2)).sum(axis=-1)
    return np.asarray(disentanglement), np.asarray(completeness)


def _one_minus_entropy(importance: Floats, axis: int) -> Floats:
    """1 − entropy of the shares along an axis, in units of the largest possible; NaN where the axis has one place only."""
    places = importance.shape[axis]
    if places == 1:
        return np.full(np.delete(np.array(importance.shape), axis), np.nan)
    padded = importance + 1e-11
    shares = padded / padded.sum(axis=axis, keepdims=True)
    return np.asarray(np.clip(1 - entr(shares).sum(axis=axis) / math.log(places), 0.0, 1.0))
