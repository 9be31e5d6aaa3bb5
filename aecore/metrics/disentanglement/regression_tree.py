"""One regression tree of depth 3 on least squares: scikit-learn's `DecisionTreeRegressor(max_depth=3)`, grown faster.

The trees are the same: splits between neighbouring numbers (in float32, at least 1e-7 apart) that reduce the squared error most,
thresholds halfway, equals among dimensions broken at random. What makes them fast is that each dimension is sorted once for all
trees: a node's examples are then in order by a stable partition of its parent's, where scikit-learn sorts them again.

N examples, D dimensions. A tree is a heap: the children of node i are 2i + 1 and 2i + 2, nodes 0 … 6 split, below lie 8 leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Integers

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

DEPTH = 3
NODES = 2**DEPTH - 1
LEAVES = 2**DEPTH

_APART = 1e-7  # numbers nearer than this count as equal: scikit-learn's FEATURE_THRESHOLD
_PURE = float(np.finfo(np.float64).eps)  # a node whose variance is no larger is not split


@dataclass(frozen=True, eq=False)
class Tree:
    """`features`, `thresholds` and `gains` (reduction of the summed squared error) of the nodes, (7,) each.

    A node that does not split has gain 0 and threshold ∞: all goes left.
    """

    features: Integers
    thresholds: Floats
    gains: Floats

    def leaves(self, x: Singles) -> Integers:
        """The leaf 0 … 7 of each example, (N, D) to (N,)."""
        node = np.zeros(len(x), np.int64)
        example = np.arange(len(x))
        for _ in range(DEPTH):
            node = 2 * node + 1 + (x[example, self.features[node]] > self.thresholds[node])
        return np.asarray(node - NODES, np.int64)


class TreeGrower:
    """Numbers x (N, D), sorted once, on which any number of trees are grown."""

    def __init__(self, x: Singles) -> None:
        wide = x.astype(np.float64)
        # A dimension that is constant can never split; leaving it out saves its sorting and searching.
        self._features = np.flatnonzero(wide.max(axis=0) > wide.min(axis=0) + _APART)
        self._x = np.ascontiguousarray(x[:, self._features].T)
        self._order = np.argsort(self._x, axis=1, kind="stable")
        self._is_left = np.zeros(len(x), np.bool_)
        self._sums = np.empty(self._x.size, np.int64)
        self._totals = np.empty(self._x.size, np.int64)
        self._gain = np.empty(self._x.size)
        # Sums of whole numbers are exact, tell true ties, and run eight times as fast as sums of floats, each of which waits for
        # the one before. Targets of at most 1 times this leave room for N of them.
        self._scale = 2.0 ** np.floor(62 - np.log2(len(x)))

    def grow(self, target: Floats, rng: np.random.Generator) -> tuple[Tree, Integers]:
        """The tree for targets (N,) between −1 and 1, and each example's leaf (N,)."""
        tree = Tree(np.zeros(NODES, np.int64), np.full(NODES, np.inf), np.zeros(NODES))
        leaf = np.zeros(len(target), np.int64)
        whole = np.rint(target * self._scale).astype(np.int64)
        level = [(0, self._order)]
        for depth in range(DEPTH):
            below: list[tuple[int, Integers]] = []
            for node, order in level:
                found = self._best_split(order, target, whole, rng)
                if found is None:
                    continue  # its examples stay in the leftmost leaf below it, where `leaf` has them
                row, count, tree.gains[node] = found
                tree.features[node] = self._features[row]
                left, right = order[row, :count], order[row, count:]
                tree.thresholds[node] = _halfway(self._x[row, left[-1]], self._x[row, right[0]])
                leaf[right] += LEAVES >> (depth + 1)
                if depth + 1 < DEPTH:
                    below += zip((2 * node + 1, 2 * node + 2), self._parted(order, left, right), strict=True)
            level = below
        return tree, leaf

    def _best_split(
        self, order: Integers, target: Floats, whole: Integers, rng: np.random.Generator
    ) -> tuple[int, int, float] | None:
        """Row of the dimension, number of examples to the left, and gain; None where nothing can be split."""
        rows, count = order.shape
        if rows == 0 or count < 2 or np.var(target.take(order[0])) <= _PURE:
            return None
        size = rows * count
        totals = self._totals[:size].reshape(rows, count)
        np.cumsum(np.take(whole, order, out=self._sums[:size].reshape(rows, count), mode="clip"), axis=1, out=totals)
        # With k of n examples to the left whose sum is L, of a total T, the error falls by (L − k T / n)² · n / (k (n − k)).
        left = np.arange(1.0, count)
        gain = self._gain[: size - rows].reshape(rows, count - 1)
        np.multiply(totals[:, :-1], 1 / self._scale, out=gain)
        gain -= left * (totals[0, -1] / self._scale / count)
        gain *= gain
        gain *= count / (left * (count - left))
        best = gain.argmax(axis=1)
        each = np.arange(rows)
        top = gain[each, best]
        lower, upper = self._x[each, order[each, best]], self._x[each, order[each, best + 1]]
        for tied in np.flatnonzero(upper <= lower.astype(np.float64) + _APART):
            # Only where the best place lies between equal numbers, look which places do not.
            values = self._x[tied].take(order[tied]).astype(np.float64)
            allowed = np.where(values[1:] > values[:-1] + _APART, gain[tied], -1.0)
            best[tied] = allowed.argmax()
            top[tied] = allowed[best[tied]]
        if top.max() < 0:
            return None
        equals = np.flatnonzero(top == top.max())
        row = int(equals[0] if len(equals) == 1 else rng.choice(equals))
        return row, int(best[row]) + 1, float(top[row])

    def _parted(self, order: Integers, left: Integers, right: Integers) -> tuple[Integers, Integers]:
        """The examples of each side, sorted by every dimension: (D, left) and (D, right)."""
        self._is_left[left] = True
        self._is_left[right] = False
        goes_left = self._is_left.take(order).ravel()
        flat = order.ravel()
        return (
            flat.take(np.flatnonzero(goes_left)).reshape(len(order), -1),
            flat.take(np.flatnonzero(~goes_left)).reshape(len(order), -1),
        )


def _halfway(lower: np.float32, upper: np.float32) -> float:
    """Halfway between two neighbours, or the lower one where halfway rounds to the upper one."""
    middle = float(lower) / 2 + float(upper) / 2
    return float(lower) if middle == float(upper) else middle
