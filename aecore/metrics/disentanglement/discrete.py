"""Codes in bins, and what the bins tell about the factors: entropies and mutual information, in nats.

All are plug-in estimates, from counted frequencies as they are. N examples, D dimensions, F factors, B resamples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Codes, Integers, Labels
from aecore.metrics.disentanglement.intervals import resamples

Floats = NDArray[np.float64]

BINS = 20
"""Equal-width bins from the smallest to the largest code of a dimension, as in Locatello et al. (2019)."""

GROUPS = 100
"""The bootstrap of counts draws random groups of examples, this many, instead of single ones: the groups are counted once, so a
resample is a sum of counts. The spread of the replicates is then known to about 1/√(2·100) = 7 %."""


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

    Resamples random groups of examples (:data:`GROUPS` of them, or single examples where there are fewer); the bins stay. With
    one `random_state` all factors and dimensions see the same resamples.
    """
    classes, size = labels.classes[:, factor], labels.sizes[factor]
    examples, dimensions = bins.shape
    groups = min(GROUPS, examples)
    group = np.random.default_rng(random_state).permutation(examples) % groups
    cells = dimensions * BINS * size
    places = group[:, None] * cells + (np.arange(dimensions) * BINS + bins) * size + classes[:, None]
    counts = np.bincount(places.ravel(), minlength=groups * cells).reshape(groups, cells)
    # Counts stay below 2²⁴: whole numbers that float32 holds exactly.
    drawn = resamples(groups, times, random_state).astype(np.float32) @ counts.astype(np.float32)
    joint = drawn.reshape(times, dimensions, BINS, size)
    return _information(joint), _entropy(joint[:, 0].sum(axis=-2))


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
    return np.maximum(0.0, np.log(total) + (both - each[0] - each[1]) / total)  # below 0 by rounding only


def _entropy(counts: NDArray[Any]) -> Floats:
    """Entropy of the last axis of a table of counts: (…, size) to (…,)."""
    total = counts.sum(axis=-1, dtype=np.float64)
    return np.asarray(np.maximum(0.0, np.log(total) - _n_log_n(counts).sum(axis=-1, dtype=np.float64) / total))


def _n_log_n(counts: NDArray[Any]) -> NDArray[Any]:
    """n log n, 0 where n is 0, in the precision of the counts."""
    return np.asarray(counts * np.log(np.maximum(counts, 1)))
