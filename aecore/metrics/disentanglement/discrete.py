"""Codes in bins, and what the bins tell about the factors: entropies and mutual information, in nats.

All are plug-in estimates, from counted frequencies as they are. N examples, D dimensions, F factors, B resamples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Codes, Integers, Labels
from aecore.metrics.disentanglement.intervals import group_resamples

Floats = NDArray[np.float64]

BINS = 20
"""Equal-width bins from the smallest to the largest code of a dimension, as in Locatello et al. (2019)."""

_ROUNDING = 1e-12  # nats: less is the rounding of a difference of logarithms, and dead dimensions tell exactly nothing


def bin_codes(codes: Codes) -> Integers:
    """The bin 0..19 of each code, (N, D) to (N, D): `np.digitize(z, np.histogram(z, 20)[1][:-1]) − 1` of each dimension.

    A dimension whose range is too small for 20 bins in its own number format (a dead one) lies in one bin, as a constant one
    does. ValueError with fewer examples than bins.
    """
    if len(codes) < BINS:
        raise ValueError(f"{len(codes)} examples are too few for {BINS} bins: measure on at least {BINS}, better on thousands.")
    bins = np.zeros(codes.shape, np.int64)
    for dimension, column in enumerate(codes.T):
        try:
            edges = np.histogram_bin_edges(column, BINS)
        except ValueError:
            continue
        bins[:, dimension] = np.digitize(column, edges[:-1]) - 1
    return bins


def entropies(labels: Labels) -> Floats:
    """H(v) of each factor, nats: (F,)."""
    return np.array([_entropy(np.bincount(classes)) for classes in labels.classes.T])


def mutual_information(bins: Integers, labels: Labels) -> Floats:
    """I(bin of z_d; v_f) of each dimension and factor, nats: (D, F)."""
    joint = [_joint_counts(bins, classes, size) for classes, size in zip(labels.classes.T, labels.sizes, strict=True)]
    return np.stack([_information(counts) for counts in joint], axis=1)


def information_replicates(bins: Integers, labels: Labels, factor: int, times: int, random_state: int) -> tuple[Floats, Floats]:
    """Bootstrap replicates of I(bin of z_d; v) and H(v) of one factor: (B, D) and (B,), nats.

    Resamples random groups of examples (:func:`~.intervals.group_resamples`); the bins stay. With one `random_state` all factors
    and dimensions see the same resamples.
    """
    classes, size = labels.classes[:, factor], labels.sizes[factor]
    group, drawn = group_resamples(len(bins), times, random_state)
    cells, groups = BINS * size, drawn.shape[1]
    # Sums of counts stay below 2²⁴, whole numbers that float32 holds exactly; the spread needs no more than its seven digits.
    drawn = drawn.astype(np.float32)
    information, entropy = np.empty((times, bins.shape[1])), np.empty(times)
    for dimension, column in enumerate(bins.T):
        counts = np.bincount((group * BINS + column) * size + classes, minlength=groups * cells).reshape(groups, cells)
        joint = (drawn @ counts.astype(np.float32)).reshape(times, BINS, size)
        information[:, dimension] = _information(joint)
        entropy = _entropy(joint.sum(axis=1))
    return information, entropy


def _joint_counts(bins: Integers, classes: Integers, size: int) -> Floats:
    """How many examples have each bin and class: (D, 20, size)."""
    dimensions = bins.shape[1]
    places = (np.arange(dimensions) * BINS + bins) * size + classes[:, None]
    return np.bincount(places.ravel(), minlength=dimensions * BINS * size).reshape(dimensions, BINS, size).astype(np.float64)


def _information(joint: NDArray[Any]) -> Floats:
    """Mutual information of the last two axes of a table of counts: (…, 20, size) to (…,)."""
    total = joint.sum(axis=(-2, -1), dtype=np.float64)
    both = _n_log_n(joint).sum(axis=(-2, -1), dtype=np.float64)
    each = [_n_log_n(joint.sum(axis=axis)).sum(axis=-1, dtype=np.float64) for axis in (-1, -2)]
    information = np.log(total) + (both - each[0] - each[1]) / total
    return np.where(information > _ROUNDING, information, 0.0)


def _entropy(counts: NDArray[Any]) -> Floats:
    """Entropy of the last axis of a table of counts: (…, size) to (…,)."""
    total = counts.sum(axis=-1, dtype=np.float64)
    return np.asarray(np.maximum(0.0, np.log(total) - _n_log_n(counts).sum(axis=-1, dtype=np.float64) / total))


def _n_log_n(counts: NDArray[Any]) -> NDArray[Any]:
    """n log n, 0 where n is 0, in the precision of the counts."""
    return np.asarray(counts * np.log(np.maximum(counts, 1)))
