"""Explicitness: how well all dimensions together tell each value of a factor, by a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from aecore.metrics.disentanglement.checks import Integers, Parts, Poll
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, resamples

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Explicitness:
    """`score`: mean of `of_factors` (F), without those that are NaN."""

    score: float
    interval: Interval | None
    of_factors: tuple[float, ...]


def explicitness(parts: Parts, times: int, random_state: int, poll: Poll) -> Explicitness:
    """Mean over factors, and over the values of each, of the area under the test part's ROC curve: one value against the rest.

    As in Locatello et al. (2019): a logistic regression for each factor, with scikit-learn's defaults (one model of all values),
    on codes that are standardised by the training part (a constant dimension stays 0), ranks the examples by its probability of
    the value. Values that training or the test lacks are left out. The interval resamples test examples `times` times (0: none).
    ValueError where the test part has no factor with two values.
    """
    mean, deviation = parts.train_codes.mean(axis=0), parts.train_codes.std(axis=0)
    deviation[deviation == 0] = 1.0
    codes, test_codes = (parts.train_codes - mean) / deviation, (parts.test_codes - mean) / deviation
    drawn = resamples(len(test_codes), times, random_state).astype(np.int64) if times else np.empty((0, len(test_codes)), np.int64)
    sizes = np.array(parts.train.sizes)
    once = np.ones((1, len(test_codes)), np.int64)
    areas, redrawn = [], []
    for factor, size in enumerate(sizes):
        before = sizes[:factor].sum() / sizes.sum()

        def tick(share: float, before: float = before, factor: int = factor, size: int = size) -> None:
            poll(before + share * size / sizes.sum(), f"Explicitness: factor {factor + 1} of {len(sizes)}")

        likely = _probabilities(codes, parts.train.classes[:, factor], test_codes, tick)
        truth = parts.test_classes[:, factor]
        present = [value for value in range(size) if 0 < np.count_nonzero(truth == value) < len(truth)]
        of_values, redrawn_values = [], []
        for done, value in enumerate(present):
            tick((1 + done / len(present)) / 2)
            of_values.append(_area(likely[:, value], truth == value, once)[0])
            redrawn_values.append(_area(likely[:, value], truth == value, drawn))
        areas.append(float(np.mean(of_values)) if present else float("nan"))
        if present:
            redrawn.append(np.mean(redrawn_values, axis=0))
    if not redrawn:
        raise ValueError("No factor varies among the test examples: give test examples that differ in at least one factor.")
    score = float(np.nanmean(areas))
    interval = None
    if times:
        interval = bootstrap_interval(score, np.mean(redrawn, axis=0), "test examples, the fitted regressions fixed")
    return Explicitness(score, interval, tuple(areas))


def _probabilities(codes: Floats, classes: Integers, test_codes: Floats, tick: Callable[[float], None]) -> Floats:
    """Of each test example and value: (M, K). `tick` is told how much of a half is done."""
    model = LogisticRegression()
    model.set_callbacks(_EachStep(tick, model.max_iter))
    with warnings.catch_warnings():
        # So many steps are the default, and so part of the score's definition.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(codes, classes)
    return np.asarray(model.predict_proba(test_codes), np.float64)


class _EachStep:
    """scikit-learn's fit callback (its `FitCallback`): tells at the end of each step how much is done, of a half."""

    def __init__(self, tick: Callable[[float], None], steps: int) -> None:
        self._tick, self._steps, self._step = tick, steps, 0

    def setup(self, estimator: object, context: object) -> None:
        pass

    def teardown(self, estimator: object, context: object) -> None:
        pass

    def on_fit_task_begin(self, estimator: object, context: object) -> None:
        pass

    def on_fit_task_end(self, estimator: object, context: object) -> bool:
        """Whether to stop: never, what the caller's poll raises does."""
        self._tick(min(0.5, 0.5 * self._step / self._steps))
        self._step += 1
        return False


def _area(scores: Floats, is_value: NDArray[np.bool_], drawn: Integers) -> Floats:
    """Area under the ROC curve of scores (N,), with examples counted as `drawn` (B, N) says: (B,).

    The chance that an example of the value scores higher than another, equals counting half (Hanley and McNeil 1982); ½ in a
    resample that has no example of one side.
    """
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    counts = drawn[:, order]
    ours = np.add.reduceat(counts * is_value[order], starts, axis=1)
    others = np.add.reduceat(counts, starts, axis=1) - ours
    below = 2 * np.cumsum(others, axis=1) - others
    pairs = 2 * ours.sum(axis=1) * others.sum(axis=1)
    return np.divide((ours * below).sum(axis=1), pairs, out=np.full(len(drawn), 0.5), where=pairs > 0)
