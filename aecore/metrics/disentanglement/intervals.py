"""Confidence intervals: an estimate and what it would be on other examples, by the bootstrap.

Efron (1979), "Bootstrap methods: another look at the jackknife", The Annals of Statistics 7(1). All intervals here are the
estimate ± 1.96 standard deviations of its bootstrap replicates, cut to the score's range. Percentiles of the replicates would
not do: a resample repeats examples, and what repeats looks like more information, so that replicates of a mutual information
(and the largest of several scores) lie above the estimate itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95

GROUPS = 100
"""Where a score is made of counts, the bootstrap draws random groups of examples, this many, instead of single ones: the groups
are counted once, and a resample is a sum of counts. The spread of the replicates is then known to about 1/√(2·100) = 7 %."""

_DEVIATIONS = 1.959964  # the standard normal's 97.5 % point
_STREAM = 1  # random numbers apart from those that draw examples with the same `random_state`


@dataclass(frozen=True)
class Interval:
    """`level` of such intervals contain what they estimate; `method` is a sentence that names what was resampled."""

    low: float
    high: float
    method: str
    level: float = LEVEL


def checked_times(bootstrap: int) -> None:
    """ValueError where so many resamples make no interval; 0 asks for none."""
    if bootstrap < 0 or bootstrap == 1:
        raise ValueError("An interval needs at least 2 resamples: ask for some hundreds, or for 0 to leave it out.")


def resamples(examples: int, times: int, random_state: int) -> Floats:
    """How often each example is drawn in each of `times` resamples with replacement: (times, N), each row sums to N."""
    rng = np.random.default_rng((random_state, _STREAM))
    draws = rng.integers(0, examples, (times, examples))
    return np.stack([np.bincount(row, minlength=examples) for row in draws]).astype(np.float64)


def group_resamples(examples: int, times: int, random_state: int) -> tuple[NDArray[np.int64], Floats]:
    """The group of each example (N,), and how often each group is drawn in each resample (times, G).

    :data:`GROUPS` groups, or as many as examples; equal in size but for one example. The same for the same arguments.
    """
    groups = min(GROUPS, examples)
    rng = np.random.default_rng((random_state, _STREAM))
    group = rng.permutation(examples) % groups
    return group, resamples(groups, times, random_state) if times else np.empty((0, groups))


def resampled_means(values: Floats, times: int, random_state: int) -> Floats:
    """Means over resampled examples, (N, …) to (times, …); with one `random_state`, the same resamples every time."""
    flat = values.reshape(len(values), -1)
    means = resamples(len(values), times, random_state) @ flat / len(values)
    return np.asarray(means.reshape(times, *values.shape[1:]))


def bootstrap_interval(estimate: float, replicates: Floats, what: str) -> Interval:
    """From the bootstrap replicates (B,) of a score between 0 and 1; `what` was resampled, e.g. "test examples, models fixed"."""
    method = f"Estimate ± 1.96 standard deviations of {len(replicates)} bootstrap replicates over {what}."
    reach = _DEVIATIONS * float(np.std(replicates, ddof=1))
    return Interval(max(0.0, estimate - reach), min(1.0, estimate + reach), method)
