"""The BetaVAE score: from how far the codes of pairs differ, can a line tell which factor each pair shares?"""

from __future__ import annotations

import warnings
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
from aecore.metrics.disentanglement.threads import on_one_core


@dataclass(frozen=True)
class BetaVae:
    """The BetaVAE score: test accuracy, from 1 / F by chance to 1.

    `train_accuracy`: of the same classifier on its training points. `confusion`: F rows, one for each shared factor, of F counts
    of test points, one for each factor answered. `kept` (F): the factors that vary.
    """

    score: float
    interval: Interval | None
    train_accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    kept: tuple[int, ...]


def beta_vae_score(
    encode: Encode,
    data: GroundTruth,
    random_state: int = 0,
    *,
    train: int = 10_000,
    test: int = 5_000,
    bootstrap: int = 200,
    poll: Poll = no_poll,
) -> BetaVae:
    """Share of `test` points whose shared factor a logistic regression, fitted on `train` points, tells.

    Higgins et al. (2017), "beta-VAE: learning basic visual concepts with a constrained variational framework", section 3, with
    the settings of Locatello et al. (2019). A point is the mean over 64 pairs of images of |z₁ − z₂|, (D,); all pairs of a
    point share one factor, drawn at random, whose value differs from pair to pair, and all other factors are drawn anew. The
    regression is scikit-learn's with its defaults.

    `encode` gets at most 1,024 images at once. The interval resamples the test points `bootstrap` times (0: no interval), the
    regression fixed; what other training points would change is not in it. Polls at each call of `encode`. ValueError for fewer
    than two factors that vary, codes that are not finite or not one an image, fewer than 1 point, training points that all share
    the same factor, and a `bootstrap` of 1 or less than 0.
    """
    checked_times(bootstrap)
    checked_count(min(train, test), "training and test point")
    kept = varying(data)
    rng = np.random.default_rng(random_state)
    points, shared = _points(encode, data, kept, train + test, rng, poll)
    if len(np.unique(shared[:train])) < 2:
        raise ValueError("All training points share the same factor: ask for more training points.")
    answers = _answers(points, shared[:train], random_state)
    correct = (answers == shared).astype(np.float64)
    confusion = np.zeros((len(kept), len(kept)), np.int64)
    np.add.at(confusion, (shared[train:], answers[train:]), 1)
    score = float(correct[train:].mean())
    return BetaVae(
        score=score,
        interval=bootstrap_interval(
            score, resampled_means(correct[train:], bootstrap, random_state), "test points, the fitted classifier fixed"
        )
        if bootstrap
        else None,
        train_accuracy=float(correct[:train].mean()),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        kept=kept,
    )


@on_one_core
def _answers(points: NDArray[np.float64], shared: Integers, random_state: int) -> Integers:
    """Which factor a regression, fitted on the first points, says of all: (N, D) and (train,) to (N,)."""
    # Only now: scikit-learn takes seconds to import, and every training worker imports this package for MIG and SAP.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(random_state=random_state)
    with warnings.catch_warnings():
        # 100 steps are the default, and so part of the score's definition.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points[: len(shared)], shared)
    return np.asarray(model.predict(points), np.int64)


def _points(
    encode: Encode, data: GroundTruth, kept: tuple[int, ...], count: int, rng: np.random.Generator, poll: Poll
) -> tuple[NDArray[np.float64], Integers]:
    """Mean differences (count, D), and which of the kept factors each shares (count,)."""
    shared = rng.integers(0, len(kept), count)
    columns = np.array(kept)[shared]
    points = []
    for start, end in blocks(count, IMAGES_AT_ONCE // BATCH):
        first, second = (data.sample_factors((end - start) * BATCH, rng).reshape(end - start, BATCH, -1) for _ in range(2))
        point = np.arange(end - start)
        second[point, :, columns[start:end]] = first[point, :, columns[start:end]]
        codes = []
        for half, factors in enumerate((first, second)):
            poll((start + half * (end - start) / 2) / count, "BetaVAE score: encoding pairs")
            codes.append(codes_of(encode, data, factors.reshape(-1, factors.shape[2])))
        points.append(np.abs(codes[0] - codes[1]).reshape(end - start, BATCH, -1).mean(axis=1))
    return np.concatenate(points), shared
