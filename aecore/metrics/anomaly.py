"""How well scores tell anomalous cases from normal ones. A score is larger the more anomalous a case is; positive is anomalous.

Areas are scikit-learn's. The intervals are the percentile bootstrap's (Efron & Tibshirani 1993, chapter 13): cases are drawn
again, with replacement, as many as there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]

RESAMPLES = 500
_MANY, _FEWER_RESAMPLES = 50_000, 100  # of so many cases and more an interval is narrow, and its ends matter little
_AT_ONCE = 5_000_000  # numbers that the resamples of one piece of work have in all: 40 MB, several times over


@dataclass(frozen=True)
class Area:
    """The area under a curve, 0..1, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Areas:
    """AUROC, and average precision Σ (R_n − R_{n−1})·P_n (which is not the trapezoidal area under precision and recall)."""

    auroc: Area
    average_precision: Area


def areas(
    scores: Floats,
    anomalous: Flags,
    resamples: int | None = None,
    seed: int = 0,
    poll: Callable[[], object] = lambda: None,
) -> Areas | None:
    """Both areas of scores (N,) with their truth (N,); None where not both kinds of cases are there.

    resamples: usually 500, or 100 of very many cases. `poll` is called between pieces of the work; what it raises ends it.
    Raises ValueError for scores that are no finite numbers, and for arrays of different lengths.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    scores, anomalous = np.asarray(scores, np.float64), np.asarray(anomalous, bool)
    if scores.shape != anomalous.shape or scores.ndim != 1:
        raise ValueError(f"There must be one truth for each score, not {anomalous.shape} for {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError("Some scores are not finite numbers, as when training has diverged.")
    if anomalous.all() or not anomalous.any():
        return None
    usual = RESAMPLES if len(scores) < _MANY else _FEWER_RESAMPLES
    rocs, precisions = _resampled(scores, anomalous, resamples or usual, seed, poll)

    def area(value: float, drawn: Floats) -> Area:
        known = drawn[np.isfinite(drawn)]  # a draw may have cases of one kind only
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (math.nan, math.nan)
        return Area(min(1.0, float(value)), float(low), float(high))  # rounding may add a last digit

    return Areas(area(roc_auc_score(anomalous, scores), rocs), area(average_precision_score(anomalous, scores), precisions))


def _resampled(
    scores: Floats, anomalous: Flags, resamples: int, seed: int, poll: Callable[[], object] = lambda: None
) -> tuple[Floats, Floats]:
    """Both areas of so many draws, (R,) each; NaN where a draw has cases of one kind only.

    A draw is how often each case is in it. Sorted once, the areas of all draws are sums along cases.
    """
    count = len(scores)
    order = np.argsort(-scores, kind="stable")
    positive = anomalous[order].astype(np.float64)
    # The last case of each group of equal scores: the curves have their corners there.
    last = np.append(np.flatnonzero(np.diff(scores[order])), count - 1)
    draws = np.random.default_rng(seed)
    rocs, precisions = [], []
    together = max(1, min(50, _AT_ONCE // count))
    for start in range(0, resamples, together):
        poll()
        drawn = draws.multinomial(count, np.full(count, 1 / count), size=min(together, resamples - start)).astype(np.float64)
        found = np.cumsum(drawn * positive, axis=1)[:, last]
        called = np.cumsum(drawn, axis=1)[:, last]
        false = called - found
        all_found, all_false = found[:, -1:], false[:, -1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            before = np.pad(found, ((0, 0), (1, 0)))[:, :-1]
            steps = np.diff(false, axis=1, prepend=0)
            rocs.append((steps * (found + before) / 2).sum(axis=1) / (all_found * all_false)[:, 0])
            gained = np.diff(found, axis=1, prepend=0)
            precision = np.where(called > 0, found / called, 0.0)
            precisions.append((gained * precision).sum(axis=1) / all_found[:, 0])
    return np.concatenate(rocs), np.concatenate(precisions)


# --- thresholds -----------------------------------------------------------------------------------------------------------

Rule = Literal["mean", "quantile", "largest"]


@dataclass(frozen=True)
class Threshold:
    """A rule that finds a threshold in the scores of normal cases alone.

    - `mean`: mean + `amount`·σ, with the standard deviation of a sample (n − 1);
    - `quantile`: so that the share `amount` (0..1) of them lies below, interpolated linearly;
    - `largest`: the largest of them.
    """

    rule: Rule = "mean"
    amount: float = 3.0

    @property
    def words(self) -> str:
        """What it is called: “mean + 3·σ”, “99 % quantile”, “largest”."""
        if self.rule == "mean":
            return f"mean + {self.amount:g}·σ"
        return f"{100 * self.amount:g} % quantile" if self.rule == "quantile" else "largest"

    def of(self, scores: Floats) -> float:
        """The threshold: what lies above it is called anomalous. Raises ValueError where there are no scores."""
        scores = np.asarray(scores, np.float64)
        if not len(scores):
            raise ValueError("There are no normal cases to find a threshold from.")
        if self.rule == "mean":
            return float(scores.mean() + self.amount * (scores.std(ddof=1) if len(scores) > 1 else 0.0))
        return float(np.quantile(scores, self.amount)) if self.rule == "quantile" else float(scores.max())

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """From «mean+3», «quantile:0.99» or «largest», as on a command line. Raises ValueError with a sentence."""
        rule, _, amount = text.strip().lower().replace("mean+", "mean:").partition(":")
        usual = {"mean": 3.0, "quantile": 0.99, "largest": 0.0}
        try:
            value = float(amount) if amount else usual[rule]
            if rule in usual and math.isfinite(value) and (rule != "quantile" or 0 < value < 1) and (rule != "mean" or value > 0):
                return cls(rule, value)  # type: ignore[arg-type]
        except (KeyError, ValueError):
            pass
        raise ValueError(f"A threshold is mean+3, quantile:0.99 or largest, with other numbers if you like; “{text}” is none.")


@dataclass(frozen=True)
class Decision:
    """What comes of calling every case anomalous whose score lies above a threshold: counts of cases."""

    threshold: float
    found: int
    missed: int
    false_alarms: int
    left_alone: int

    @classmethod
    def at(cls, threshold: float, scores: Floats, anomalous: Flags) -> Decision:
        """With scores (N,) and their truth (N,)."""
        called = np.asarray(scores) > threshold
        truth = np.asarray(anomalous, bool)
        counts = ((called & truth), (~called & truth), (called & ~truth), (~called & ~truth))
        return cls(float(threshold), *(int(each.sum()) for each in counts))

    @property
    def precision(self) -> float | None:
        """Share of the called ones that are anomalous; None where none is called."""
        return _share(self.found, self.found + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of the anomalous ones that are called; None where there is none."""
        return _share(self.found, self.found + self.missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None where there is neither an anomalous case nor a called one."""
        return _share(2 * self.found, 2 * self.found + self.missed + self.false_alarms)

    @property
    def accuracy(self) -> float | None:
        """Share of all cases that are rightly called, or rightly not."""
        right = self.found + self.left_alone
        return _share(right, right + self.missed + self.false_alarms)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
