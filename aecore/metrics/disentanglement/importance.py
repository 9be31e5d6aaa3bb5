"""How much each dimension matters to boosted trees, and what that would be on other examples.

The importance of a dimension is the squared error that all splits on it take away, as a share of what all splits do: Breiman,
Friedman, Olshen and Stone (1984), "Classification and regression trees", section 5.3.4, scikit-learn's `feature_importances_`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.boosting import Round
from aecore.metrics.disentanglement.intervals import group_resamples
from aecore.metrics.disentanglement.regression_tree import DEPTH, LEAVES, NODES

Floats = NDArray[np.float64]


class Importance:
    """Gains of D dimensions, summed round by round, on the training examples and on `times` resamples of them.

    A resample draws random groups of examples (:func:`~.intervals.group_resamples`), and takes the trees, and the targets that
    they were grown on, as they are: only how much each split takes away is counted anew.
    """

    def __init__(self, dimensions: int, examples: int, times: int, random_state: int) -> None:
        self._times = times
        self._group, self._drawn = group_resamples(examples, times, random_state)
        self._gains = np.zeros(dimensions)
        self._replicates = np.zeros((times, dimensions))

    def add(self, grown: Round) -> None:
        """Count one round's trees."""
        features = np.concatenate([tree.features for tree in grown.trees])
        gains = np.concatenate([tree.gains for tree in grown.trees])
        self._gains += np.bincount(features, gains, len(self._gains))
        if self._times:
            # Nodes that do not split stay without gain in every resample.
            kinds = np.eye(len(self._gains))[features] * (gains > 0)[:, None]
            self._replicates += self._redrawn_gains(grown) @ kinds

    def _redrawn_gains(self, grown: Round) -> Floats:
        """The gain of each node of each tree in each resample: (B, T·7)."""
        trees, groups = len(grown.leaves), self._drawn.shape[1]
        places = (np.arange(trees)[:, None] * LEAVES + grown.leaves) * groups + self._group
        shape = (trees * LEAVES, groups)
        counts = np.bincount(places.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
        sums = np.bincount(places.ravel(), grown.targets.ravel(), shape[0] * shape[1]).reshape(shape)
        count = (self._drawn @ counts.T).reshape(self._times, trees, LEAVES)
        total = (self._drawn @ sums.T).reshape(self._times, trees, LEAVES)
        gains = np.zeros((self._times, trees, NODES))
        for depth in reversed(range(DEPTH)):
            (left, right), (left_sum, right_sum) = _halves(count), _halves(total)
            count, total = left + right, left_sum + right_sum
            below = left * right * count
            # What (L − k T / n)² · n / (k (n − k)) is, written for both sides alike; no gain where a side is empty.
            gain = np.divide((left_sum * right - right_sum * left) ** 2, below, out=np.zeros_like(below), where=below > 0)
            gains[:, :, 2**depth - 1 : 2 ** (depth + 1) - 1] = gain
        return gains.reshape(self._times, trees * NODES)

    def shares(self) -> Floats:
        """The importance of each dimension, (D,), sum 1; all 0 where no tree split."""
        return _normalised(self._gains)

    def replicates(self) -> Floats:
        """The same in each resample: (B, D)."""
        return _normalised(self._replicates)


def _halves(values: Floats) -> tuple[Floats, Floats]:
    """Left and right children along the last axis."""
    return values[..., ::2], values[..., 1::2]


def _normalised(gains: Floats) -> Floats:
    total = gains.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(gains, total, out=np.zeros_like(gains), where=total > 0))
