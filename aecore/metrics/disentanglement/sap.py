"""Separated attribute predictability: does one dimension alone predict each factor?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aecore.metrics.disentanglement.checks import Parts, checked_parts
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, checked_times, resampled_means
from aecore.metrics.disentanglement.linear_svm import SortedNumbers
from aecore.metrics.disentanglement.tables import Matrix, gaps, rows
from aecore.metrics.disentanglement.threads import on_one_core


@dataclass(frozen=True)
class Sap:
    """The SAP score, 0..1, and what it is made of; factors in the order of `kept`.

    `accuracy`: D rows (dimensions) of F test accuracies (factors). `gaps` (F): of each factor; `score` is their mean. `best`
    (F): the dimension that predicts each factor best. `kept` (F): columns of the factors that vary; the others are left out.
    """

    score: float
    interval: Interval | None
    accuracy: Matrix
    gaps: tuple[float, ...]
    best: tuple[int, ...]
    kept: tuple[int, ...]


@on_one_core
def sap(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    bootstrap: int = 200,
    random_state: int = 0,
) -> Sap:
    """Mean over factors of (test accuracy of the best dimension − that of the second), codes (N, D) and factors (N, K).

    Kumar, Sattigeri and Balakrishnan (2018), "Variational inference of disentangled latent concepts from unlabeled
    observations", section 3, with the settings of Locatello et al. (2019): from each dimension alone, a linear support vector
    machine with C = 0.01 and balanced classes, fitted on the training part (see :mod:`~.linear_svm`). Of a single dimension the
    second is 0. Even a perfect code is far from 1: a line cannot cut forty values out of one number. Test values that training
    lacks count as wrong. The interval resamples test examples `bootstrap` times (0: no interval), the machines stay. ValueError
    for codes that are not finite, factors that are not whole numbers or none of which varies in training, parts that do not
    match, and a `bootstrap` of 1 or less than 0.
    """
    checked_times(bootstrap)
    parts = checked_parts(train_codes, train_factors, test_codes, test_factors)
    correct = _correct(parts)
    accuracy = correct.mean(axis=0)
    gap_of_factors = gaps(accuracy)
    score = float(gap_of_factors.mean())
    interval = None
    if bootstrap:
        replicates = gaps(resampled_means(correct, bootstrap, random_state)).mean(axis=1)
        interval = bootstrap_interval(score, replicates, "test examples, the fitted machines fixed")
    return Sap(
        score=score,
        interval=interval,
        accuracy=rows(accuracy),
        gaps=tuple(gap_of_factors.tolist()),
        best=tuple(accuracy.argmax(axis=0).tolist()),
        kept=parts.train.kept,
    )


def _correct(parts: Parts) -> NDArray[np.float64]:
    """1 where the machine of a dimension and factor answers a test example's class, else 0: (N, D, F)."""
    correct = np.zeros((len(parts.test_codes), parts.test_codes.shape[1], len(parts.train.sizes)))
    for dimension, (x, test_x) in enumerate(zip(parts.train_codes.T, parts.test_codes.T, strict=True)):
        numbers = SortedNumbers(x)
        for factor, size in enumerate(parts.train.sizes):
            machines = numbers.fit(parts.train.classes[:, factor], size)
            correct[:, dimension, factor] = machines.predict(test_x) == parts.test_classes[:, factor]
    return correct
