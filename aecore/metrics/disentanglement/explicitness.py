"""Explicitness: how well all dimensions together tell each value of a factor, by a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Integers, Parts, Poll
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, group_resamples

Floats = NDArray[np.float64]

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


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
    group, drawn = group_resamples(len(test_codes), times, random_state)
    sizes = np.array(parts.train.sizes)
    of_factors, replicates = [], []
    for factor, size in enumerate(sizes):
        before = sizes[:factor].sum() / sizes.sum()

        def tick(share: float, before: float = before, factor: int = factor, size: int = size) -> None:
            poll(before + share * size / sizes.sum(), f"Explicitness: factor {factor + 1} of {len(sizes)}")

        likely = _probabilities(codes, parts.train.classes[:, factor], test_codes, tick)
        tick(1.0)
        truth = parts.test_classes[:, factor]
        present = [value for value in range(size) if 0 < np.count_nonzero(truth == value) < len(truth)]
        pairs = [_Pairs.of(likely[:, value], truth == value, group, drawn.shape[1]) for value in present]
        of_factors.append(float(np.mean([each.area for each in pairs])) if pairs else float("nan"))
        if pairs and times:
            replicates.append(np.mean([each.areas(drawn) for each in pairs], axis=0))
    if np.isnan(of_factors).all():
        raise ValueError("No factor varies among the test examples: give test examples that differ in at least one factor.")
    score = float(np.nanmean(of_factors))
    what = "test examples (in random groups), the fitted regressions fixed"
    interval = bootstrap_interval(score, np.mean(replicates, axis=0), what) if times else None
    return Explicitness(score, interval, tuple(of_factors))


def _probabilities(codes: Floats, classes: Integers, test_codes: Floats, tick: Callable[[float], None]) -> Floats:
    """Of each test example and value: (M, K). `tick` is told the share done at each step."""
    # Only now: scikit-learn takes seconds to import, and every training worker imports this package for MIG and SAP.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression()
    model.set_callbacks(_EachStep(tick, model.max_iter))
    with warnings.catch_warnings():
        # So many steps are the default, and so part of the score's definition.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(codes, classes)
    return np.asarray(model.predict_proba(test_codes), np.float64)


class _EachStep:
    """scikit-learn's fit callback (its `FitCallback`): tells the share done at the end of each step."""

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
        self._tick(min(1.0, self._step / self._steps))
        self._step += 1
        return False


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of one example of a value and one of the rest, counted by the groups that they come from, G of them.

    `won` (G, G): twice the pairs whose example of the value scores higher, equals counting once. `ours`, `others` (G,): examples.
    """

    won: Floats
    ours: Integers
    others: Integers

    @classmethod
    def of(cls, scores: Floats, is_value: NDArray[np.bool_], group: Integers, groups: int) -> _Pairs:
        """Count the pairs of examples (N,) with these scores."""
        order = np.argsort(scores[is_value], kind="stable")
        ours, our_group = scores[is_value][order], group[is_value][order]
        others, other_group = scores[~is_value], group[~is_value]
        # An example below our r-th counts twice, an equal once: as soon as r reaches its left and its right place.
        places = np.concatenate([np.searchsorted(ours, others, side) * groups + other_group for side in _SIDES])
        below = np.bincount(places, minlength=(len(ours) + 1) * groups).reshape(-1, groups).cumsum(axis=0)[:-1]
        won = np.eye(groups)[our_group].T @ below.astype(np.float64)
        return cls(won, np.bincount(our_group, minlength=groups), np.bincount(other_group, minlength=groups))

    @property
    def area(self) -> float:
        """Area under the ROC curve: the chance that an example of the value scores higher than one of the rest.

        Hanley and McNeil (1982), "The meaning and use of the area under a receiver operating characteristic (ROC) curve".
        """
        return float(self.won.sum() / (2 * self.ours.sum() * self.others.sum()))

    def areas(self, drawn: Floats) -> Floats:
        """The same with groups counted as `drawn` (B, G) says: (B,); ½ where there is no example of one side."""
        pairs = 2 * (drawn @ self.ours) * (drawn @ self.others)
        won = ((drawn @ self.won) * drawn).sum(axis=1)
        return np.asarray(np.divide(won, pairs, out=np.full(len(drawn), 0.5), where=pairs > 0))
