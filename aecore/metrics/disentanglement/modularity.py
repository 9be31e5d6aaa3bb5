"""Modularity (does each dimension tell of one factor only?) and explicitness (do all together tell every value, linearly?)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aecore.metrics.disentanglement.checks import Labels, Poll, checked_parts, no_poll
from aecore.metrics.disentanglement.discrete import bin_codes, information_replicates, mutual_information
from aecore.metrics.disentanglement.explicitness import Explicitness, explicitness
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, checked_times
from aecore.metrics.disentanglement.tables import Matrix, rows
from aecore.metrics.disentanglement.threads import on_one_core

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ModularityExplicitness:
    """Two scores, and what they are made of; factors in the order of `kept`.

    `modularity`: 0..1, mean of `modularity_of_codes` (D), which are 0 for dimensions that tell nothing; NaN for a single factor,
    beside which there is none to tell of. `mutual_information`: D rows of F numbers, nats. `explicitness`: mean of
    `explicitness_of_factors` (F), areas under the ROC curve from 0.5 by chance to 1; NaN for a factor of which the test part
    has one value only, which is left out of the mean. `kept` (F): columns of the factors that vary in training. Intervals are
    None where not asked for, and for a NaN.
    """

    modularity: float
    explicitness: float
    modularity_interval: Interval | None
    explicitness_interval: Interval | None
    mutual_information: Matrix
    modularity_of_codes: tuple[float, ...]
    explicitness_of_factors: tuple[float, ...]
    kept: tuple[int, ...]


@on_one_core
def modularity_explicitness(
    train_codes: ArrayLike,
    train_factors: ArrayLike,
    test_codes: ArrayLike,
    test_factors: ArrayLike,
    *,
    bootstrap: int = 200,
    random_state: int = 0,
    poll: Poll = no_poll,
) -> ModularityExplicitness:
    """Modularity and explicitness of codes (N, D) about factors (N, K).

    Ridgeway and Mozer (2018), "Learning deep disentangled embeddings with the F-statistic loss", section 2, as in Locatello et
    al. (2019).

    Modularity, on the training part: with m the mutual information of a dimension and a factor (20 equal-width bins), and θ the
    largest of the dimension, 1 − Σ m² / (θ² (F − 1)) over its other factors; mean over dimensions. Explicitness: see
    :func:`~.explicitness.explicitness`.

    The interval of modularity resamples training examples `bootstrap` times, the bins stay; that of explicitness resamples test
    examples, the regressions stay. 0: no intervals. Polls several times a second. ValueError for codes that are not finite,
    factors that are not whole numbers or none of which varies in both parts, fewer than 20 training examples, parts that do not
    match, and a `bootstrap` of 1 or less than 0.
    """
    checked_times(bootstrap)
    parts = checked_parts(train_codes, train_factors, test_codes, test_factors)
    bins = bin_codes(parts.train_codes)
    information = mutual_information(bins, parts.train)
    of_codes = _modularity(information)
    modularity = float(of_codes.mean())
    interval = None
    if bootstrap and not math.isnan(modularity):
        interval = _interval(information, bins, parts.train, bootstrap, random_state, poll)
    found: Explicitness = explicitness(parts, bootstrap, random_state, poll)
    return ModularityExplicitness(
        modularity=modularity,
        explicitness=found.score,
        modularity_interval=interval,
        explicitness_interval=found.interval,
        mutual_information=rows(information),
        modularity_of_codes=tuple(of_codes.tolist()),
        explicitness_of_factors=found.of_factors,
        kept=parts.train.kept,
    )


def _modularity(information: Floats) -> Floats:
    """Modularity of each dimension, (…, D, F) to (…, D): 0 where it tells nothing, NaN with one factor."""
    factors = information.shape[-1]
    if factors == 1:
        return np.full(information.shape[:-1], np.nan)
    squared = information**2
    largest = squared.max(axis=-1)
    others = np.divide(squared.sum(axis=-1) - largest, largest * (factors - 1), out=np.ones_like(largest), where=largest > 0)
    return np.asarray(1 - others)


def _interval(
    information: Floats, bins: NDArray[np.int64], labels: Labels, times: int, random_state: int, poll: Poll
) -> Interval:
    # A dimension that tells nothing of the examples tells nothing of any resample: 0 for each.
    tells = information.max(axis=1) > 0
    drawn = []
    for factor in range(len(labels.sizes)):
        poll(0.0, "Modularity: resampling")
        drawn.append(information_replicates(bins[:, tells], labels, factor, times, random_state)[0])
    replicates = _modularity(np.stack(drawn, axis=-1)).sum(axis=1) / len(tells)
    return bootstrap_interval(float(_modularity(information).mean()), replicates, "training examples (in random groups)")
