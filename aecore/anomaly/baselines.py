"""What somebody would use instead of a network: four detectors of scikit-learn, given the same normal cases as they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Scores = NDArray[np.float64]
Poll = Callable[[float, str], None]

MOST_FITTED = 6_000
"""Normal cases that they learn from: two of them compare each case with all others: twice as many take four times as long"""

_VARIANCE = 0.95
_NEIGHBOURS = 20
_NU = 0.1
_CHUNK = 1_000
"""Cases that are scored at a time, so that whoever waits can stop it."""


@dataclass(frozen=True)
class Fitted:
    """A detector that has seen the normal cases: `training` (M,) are their scores, `score` takes others (N, D) to theirs (N,)."""

    training: Scores
    score: Callable[[Floats], Scores]


def pca(cases: Floats, seed: int) -> Fitted:
    """Squared distance from the plane of the principal components that hold 95 % of the variance."""
    from sklearn.decomposition import PCA

    # Where nothing varies there is nothing to keep a share of.
    fitted = PCA(n_components=_VARIANCE, svd_solver="full").fit(cases) if cases.std() > 0 else None
    mean = cases.mean(axis=0)

    def score(others: Floats) -> Scores:
        drawn = mean if fitted is None else fitted.inverse_transform(fitted.transform(others))
        distances: Scores = np.square(others - drawn, dtype=np.float64).sum(axis=1)
        return distances

    return Fitted(score(cases), score)


def isolation_forest(cases: Floats, seed: int) -> Fitted:
    """How few random cuts part a case from the others (Liu, Ting & Zhou 2008); 200 trees."""
    from sklearn.ensemble import IsolationForest

    fitted = IsolationForest(n_estimators=200, random_state=seed).fit(cases)
    return Fitted(-fitted.score_samples(cases), lambda others: -fitted.score_samples(others))


def one_class_svm(cases: Floats, seed: int) -> Fitted:
    """Distance beyond a smooth boundary around nearly all normal cases (Schölkopf et al. 2001); ν = 0.1, usual width."""
    from sklearn.svm import OneClassSVM

    fitted = OneClassSVM(nu=_NU, gamma="scale").fit(cases)
    return Fitted(-fitted.decision_function(cases), lambda others: -fitted.decision_function(others))


def local_outlier_factor(cases: Floats, seed: int) -> Fitted:
    """How much sparser it is around a case than around its neighbours (Breunig et al. 2000); 20 neighbours."""
    from sklearn.neighbors import LocalOutlierFactor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of many equal cases, which are no fault of the person's
        fitted = LocalOutlierFactor(n_neighbors=min(_NEIGHBOURS, len(cases) - 1), novelty=True).fit(cases)
    return Fitted(-fitted.negative_outlier_factor_, lambda others: -fitted.score_samples(others))


BASELINES: Mapping[str, tuple[str, Callable[[Floats, int], Fitted]]] = {
    "pca": ("PCA, 95 % of the variance", pca),
    "isolation_forest": ("Isolation forest", isolation_forest),
    "one_class_svm": ("One-class SVM", one_class_svm),
    "local_outlier_factor": ("Local outlier factor", local_outlier_factor),
}
"""By name: what a page calls it, and how it learns from cases (M, D)."""


def fit_and_score(name: str, train: Floats, test: Floats, poll: Poll = lambda done, what: None) -> tuple[Scores, Scores]:
    """One detector's scores of the normal cases (M, D) that it learned from, and of others (N, D): larger is more anomalous.

    `poll` is told the share done before learning and between pieces of the test. The same cases give the same scores.
    """
    title, learn = BASELINES[name]
    poll(0.0, f"{title}: learning")
    fitted = learn(train, 0)
    parts = []
    for start in range(0, len(test), _CHUNK):
        poll(0.5 + 0.5 * start / len(test), f"{title}: scoring")
        parts.append(fitted.score(test[start : start + _CHUNK]))
    return fitted.training, np.concatenate(parts)
