"""Mutual information gap: does one dimension alone tell each factor?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aecore.metrics.disentanglement.checks import Integers, Labels, checked_codes, checked_factors, labels_of
from aecore.metrics.disentanglement.discrete import bin_codes, entropies, information_replicates, mutual_information
from aecore.metrics.disentanglement.intervals import Interval, bootstrap_interval, checked_times
from aecore.metrics.disentanglement.tables import Matrix, gaps, rows
from aecore.metrics.disentanglement.threads import on_one_core

_CONTENDERS = 3
"""Dimensions of each factor among which a resample may find another best and second one: a fourth has no part in the gap."""


@dataclass(frozen=True)
class Mig:
    """The mutual information gap, 0..1, and what it is made of; factors in the order of `kept`.

    `mutual_information`: D rows (dimensions) of F numbers (factors), nats. `entropies` (F), nats. `gaps` (F): of each factor;
    `score` is their mean. `best` (F): the dimension that tells most of each factor. `kept` (F): columns of the factors that
    vary; the others are left out.
    """

    score: float
    interval: Interval | None
    mutual_information: Matrix
    entropies: tuple[float, ...]
    gaps: tuple[float, ...]
    best: tuple[int, ...]
    kept: tuple[int, ...]


@on_one_core
def mig(codes: ArrayLike, factors: ArrayLike, *, bootstrap: int = 200, random_state: int = 0) -> Mig:
    """Mean over factors of (I of the best dimension − I of the second) / H(factor), on codes (N, D) and factors (N, K).

    Chen, Li, Grosse and Duvenaud (2018), "Isolating sources of disentanglement in variational autoencoders", section 4, with the
    settings of Locatello et al. (2019): mean codes in 20 equal-width bins, plug-in mutual information, entropies of the examples
    themselves. Of a single dimension the second is 0. The interval resamples examples `bootstrap` times (0: no interval);
    its bins stay. ValueError for codes that are not finite, factors that are not whole numbers or none of which varies,
    unequal lengths, fewer than 20 examples, and a `bootstrap` of 1 or less than 0.
    """
    checked_times(bootstrap)
    checked = checked_codes(codes)
    labels = labels_of(checked_factors(factors, len(checked)))
    bins = bin_codes(checked)
    information, entropy = mutual_information(bins, labels), entropies(labels)
    gap_of_factors = gaps(information) / entropy
    score = float(gap_of_factors.mean())
    return Mig(
        score=score,
        interval=_interval(score, bins, labels, information, bootstrap, random_state) if bootstrap else None,
        mutual_information=rows(information),
        entropies=tuple(entropy.tolist()),
        gaps=tuple(gap_of_factors.tolist()),
        best=tuple(information.argmax(axis=0).tolist()),
        kept=labels.kept,
    )


def _interval(
    score: float, bins: Integers, labels: Labels, information: NDArray[np.float64], times: int, random_state: int
) -> Interval:
    replicates = np.zeros(times)
    for factor in range(len(labels.sizes)):
        contenders = np.argsort(information[:, factor])[-_CONTENDERS:]
        redrawn, entropy = information_replicates(bins[:, contenders], labels, factor, times, random_state)
        # A resample may lack all values but one of a rare factor: its gap is then 0 of 0 nats.
        replicates += gaps(redrawn[..., None])[:, 0] / np.maximum(entropy, np.finfo(np.float64).tiny) / len(labels.sizes)
    return bootstrap_interval(score, replicates, "examples (in random groups)")
