"""Linear support vector machines on one number, exactly and in milliseconds: what SAP needs a thousand of.

The machine is scikit-learn's `LinearSVC(C=0.01, class_weight="balanced")` (liblinear; Fan, Chang, Hsieh, Wang and Lin 2008): one
class against the rest, ½(w² + b²) + Σ C_i max(0, 1 − y_i (w x_i + b))², the intercept b regularised like the weight w. A class's
own examples cost C·N / (K·N_k), all others C; with two classes there is one machine, and both sides cost so. liblinear stops
near the optimum, this at it.

On one number, the examples of a class that a machine (w, b) has within its margin are those on one side of a point, so their
count, sum and sum of squares are differences of running sums. A step of Newton's method costs two binary searches a machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aecore.metrics.disentanglement.checks import Integers

Floats = NDArray[np.float64]

COST = 0.01
"""C of the SAP score's machines in Locatello et al. (2019)."""

_STEPS = 200
_HALVINGS = 50
_GAIN = 1e-13  # of the loss: a step that promises less is within rounding of the optimum


@dataclass(frozen=True, eq=False)
class LinearMachines:
    """The machines of one number and one factor: class k answers `weights[k]`·x + `intercepts[k]`, the largest wins.

    Both (K,); with two classes, both (1,): the second class wins where the answer is positive.
    """

    weights: Floats
    intercepts: Floats

    def predict(self, x: Floats) -> Integers:
        """Class numbers (N,) of numbers (N,), the first of equals, as scikit-learn's `predict` has it."""
        if len(self.weights) == 1:
            return np.asarray(x * self.weights[0] + self.intercepts[0] > 0, np.int64)
        return np.asarray((x[:, None] * self.weights + self.intercepts).argmax(axis=1), np.int64)


class SortedNumbers:
    """Numbers x (N,) sorted once, for the machines of any factor of the same examples."""

    def __init__(self, x: Floats) -> None:
        self._order = np.argsort(x, kind="stable")
        self._sorted = x[self._order]
        self._sums = _running_sums(self._sorted)

    def fit(self, classes: Integers, size: int) -> LinearMachines:
        """Machines for class numbers (N,) from 0 to `size` − 1, each of which occurs; `size` ≥ 2."""
        problem = _Problem(self._sorted, self._sums, classes[self._order], size)
        w, b = np.zeros(len(problem.own)), np.zeros(len(problem.own))
        loss, slope_w, slope_b, curves = problem.at(w, b)
        for _ in range(_STEPS):
            # The curvature is at least 1 in every direction (the ½(w² + b²)), so the step is always downhill.
            ww, wb, bb = curves
            determinant = ww * bb - wb * wb
            step_w = (wb * slope_b - bb * slope_w) / determinant
            step_b = (wb * slope_w - ww * slope_b) / determinant
            downhill = step_w * slope_w + step_b * slope_b
            if np.all(-downhill <= _GAIN * loss):
                break
            size_of_step = np.ones(len(w))
            for _ in range(_HALVINGS):
                following = problem.at(w + size_of_step * step_w, b + size_of_step * step_b)
                short = following[0] > loss + 1e-4 * size_of_step * downhill + _GAIN * loss
                if not short.any():
                    break
                size_of_step[short] /= 2
            w, b = w + size_of_step * step_w, b + size_of_step * step_b
            loss, slope_w, slope_b, curves = following
        return LinearMachines(w, b)


class _Problem:
    """Loss, slope and curvature of all machines of one factor, for sorted x and the classes in that order."""

    def __init__(self, x: Floats, sums: Floats, classes: Integers, size: int) -> None:
        by_class = np.argsort(classes, kind="stable")  # within a class still in the order of x
        counts = np.bincount(classes, minlength=size)
        starts = np.concatenate([[0], np.cumsum(counts)])
        machines = np.arange(size) if size > 2 else np.array([1])
        balanced = COST * len(x) / (size * counts)
        self.x, self.all = x, sums
        self.own = balanced[machines]
        self.rest = np.full(size, COST) if size > 2 else balanced[:1]
        self._of_class = _running_sums(x[by_class])
        # Machine k's own examples lie in places starts[k] … starts[k + 1]; their places in x, made unique, are in rising order.
        self._stride = len(x) + 1
        self._keys = classes[by_class] * self._stride + by_class
        self._machines, self._starts, self._ends = machines, starts[machines], starts[machines + 1]

    def at(self, w: Floats, b: Floats) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats, Floats]]:
        """Loss, slopes by w and b, and second derivatives (ww, wb, bb) of each machine: all (M,)."""
        _, own = self._within(w, b, 1.0)
        every, others = self._within(w, b, -1.0)
        rest = every - others
        loss, slope_w, slope_b = 0.5 * (w * w + b * b), w.copy(), b.copy()
        ww, wb, bb = np.ones_like(w), np.zeros_like(w), np.ones_like(w)
        for (count, total, squares), cost, side in ((own.T, self.own, 1.0), (rest.T, self.rest, -1.0)):
            # Σ (w x + b − y)² over the examples within the margin, and its derivatives.
            offset = b - side
            loss += cost * (w * w * squares + 2 * w * offset * total + offset * offset * count)
            slope_w += 2 * cost * (w * squares + offset * total)
            slope_b += 2 * cost * (w * total + offset * count)
            ww += 2 * cost * squares
            wb += 2 * cost * total
            bb += 2 * cost * count
        return loss, slope_w, slope_b, (ww, wb, bb)

    def _within(self, w: Floats, b: Floats, side: float) -> tuple[Floats, Floats]:
        """Of the examples where side·(w x + b) < 1: count, Σ x and Σ x², of all classes and of the machine's own: (M, 3) each."""
        slope, room = side * w, 1 - side * b
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            border = np.where(slope == 0, np.copysign(np.inf, room), room / slope)
        place = np.searchsorted(self.x, border)
        own_place = np.searchsorted(self._keys, self._machines * self._stride + place)
        below, own_below = self.all[place], self._of_class[own_place] - self._of_class[self._starts]
        upper = (slope < 0)[:, None]
        own_all = self._of_class[self._ends] - self._of_class[self._starts]
        return np.where(upper, self.all[-1] - below, below), np.where(upper, own_all - own_below, own_below)


def _running_sums(x: Floats) -> Floats:
    """Count, Σ x and Σ x² of the first 0, 1, … N numbers: (N + 1, 3)."""
    sums = np.zeros((len(x) + 1, 3))
    np.cumsum(np.stack([np.ones_like(x), x, x * x], axis=1), axis=0, out=sums[1:])
    return sums
