"""The FactorVAE score: does the dimension that varies least tell which factor a batch shares?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Integers, Poll, no_poll
from aecore.metrics.disentanglement.ground_truth import (
    BATCH,
    IMAGES_AT_ONCE,
    Encode,
    GroundTruth,
    blocks,
    checked_count,
    codes_of,
    varying,
)
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, checked_times, resampled_means

ACTIVE_DEVIATION = 0.05
"""Dimensions whose standard deviation is less are collapsed, and have no vote: the threshold of Locatello et al. (2019)."""

_VARIANCE_SHARE = 0.01  # of the time, roughly


@dataclass(frozen=True)
class FactorVae:
    """The FactorVAE score: test accuracy, from about 1 / F by chance to 1; 0 where no dimension is active.

    `train_accuracy`: of the same classifier on its training votes. `votes`: D rows (dimensions) of F counts (factors) of training
    votes; a dimension answers the factor that it got most of. `active`: the dimensions that may vote. `kept` (F): the factors
    that vary.
    """

    score: float
    interval: Interval | None
    train_accuracy: float
    votes: tuple[tuple[int, ...], ...]
    active: tuple[int, ...]
    kept: tuple[int, ...]


def factor_vae_score(
    encode: Encode,
    data: GroundTruth,
    random_state: int = 0,
    *,
    train: int = 10_000,
    test: int = 5_000,
    variance_examples: int = 10_000,
    bootstrap: int = 200,
    poll: Poll = no_poll,
) -> FactorVae:
    """Share of `test` votes whose shared factor a majority classifier, made from `train` votes, tells.

    Kim and Mnih (2018), "Disentangling by factorising", section 4, with the settings of Locatello et al. (2019). 64 images share
    the value of one factor, drawn at random; the dimension whose variance over them is the smallest share of its variance over
    `variance_examples` images at large casts the vote. Collapsed dimensions (:data:`ACTIVE_DEVIATION`) have none. Variances
    divide by the number less one.

    `encode` gets at most 1,024 images at once. The interval resamples the test votes `bootstrap` times (0: no interval), the
    classifier fixed; what other training votes would change is not in it. Polls at each call of `encode`. ValueError for fewer
    than two factors that vary, codes that are not finite or not one an image, fewer than 1 vote or 2 variance examples, and a
    `bootstrap` of 1 or less than 0.
    """
    checked_times(bootstrap)
    checked_count(min(train, test, variance_examples - 1), "training and test vote, and more than one image for variances,")
    kept = varying(data)
    rng = np.random.default_rng(random_state)
    variances = _variances(encode, data, variance_examples, rng, poll)
    active = np.flatnonzero(np.sqrt(variances) >= ACTIVE_DEVIATION)
    if not len(active):
        nobody = Interval(0.0, 0.0, "No dimension is active: the score is 0 for any examples.") if bootstrap else None
        return FactorVae(0.0, nobody, 0.0, ((0,) * len(kept),) * len(variances), (), kept)
    winners, shared = _votes(encode, data, kept, variances, active, train + test, rng, poll)
    votes = np.zeros((len(variances), len(kept)), np.int64)
    np.add.at(votes, (winners[:train], shared[:train]), 1)
    correct = (votes.argmax(axis=1)[winners] == shared).astype(np.float64)
    score = float(correct[train:].mean())
    return FactorVae(
        score=score,
        interval=bootstrap_interval(
            score, resampled_means(correct[train:], bootstrap, random_state), "test votes, the majority classifier fixed"
        )
        if bootstrap
        else None,
        train_accuracy=float(correct[:train].mean()),
        votes=tuple(tuple(row) for row in votes.tolist()),
        active=tuple(active.tolist()),
        kept=kept,
    )


def _variances(encode: Encode, data: GroundTruth, count: int, rng: np.random.Generator, poll: Poll) -> NDArray[np.float64]:
    """Variance of each dimension over images of random factors: (D,)."""
    codes = []
    for start, end in blocks(count, IMAGES_AT_ONCE):
        poll(_VARIANCE_SHARE * start / count, "FactorVAE score: measuring the variances")
        codes.append(codes_of(encode, data, data.sample_factors(end - start, rng)))
    return np.asarray(np.concatenate(codes).var(axis=0, ddof=1))


def _votes(
    encode: Encode,
    data: GroundTruth,
    kept: tuple[int, ...],
    variances: NDArray[np.float64],
    active: Integers,
    count: int,
    rng: np.random.Generator,
    poll: Poll,
) -> tuple[Integers, Integers]:
    """The dimension that each batch votes for, and which of the kept factors its images share: (count,) each."""
    shared = rng.integers(0, len(kept), count)
    columns = np.array(kept)[shared]
    winners = np.empty(count, np.int64)
    for start, end in blocks(count, IMAGES_AT_ONCE // BATCH):
        poll(_VARIANCE_SHARE + (1 - _VARIANCE_SHARE) * start / count, "FactorVAE score: encoding batches")
        factors = data.sample_factors((end - start) * BATCH, rng).reshape(end - start, BATCH, -1)
        vote = np.arange(end - start)
        factors[vote, :, columns[start:end]] = factors[vote, 0, columns[start:end]][:, None]
        codes = codes_of(encode, data, factors.reshape(-1, factors.shape[2])).reshape(end - start, BATCH, -1)
        local = codes[:, :, active].var(axis=1, ddof=1)
        winners[start:end] = active[(local / variances[active]).argmin(axis=1)]
    return winners, shared
