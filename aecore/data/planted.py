"""Where anomalies are planted: which windows of a data set have one, and where they are in a long recording."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aecore.data.draws import Draws
from aecore.data.sequence_names import SEQUENCE_LENGTH

Integers = NDArray[np.int64]

NORMAL_PART = 0.6
"""How much of a recording, from its beginning, is normal: what a model can be trained on."""
MOST_ANOMALIES = 12
KINDS = 4


def chosen_labels(count: int, labels: NDArray[np.integer] | None) -> Integers:
    """The classes (count,) of windows: those asked for, or by default every second one normal and the kinds of anomaly in turn.

    ValueError for a `count` below 1, and for labels of another shape or outside 0 ... 4.
    """
    if count < 1:
        raise ValueError(f"There must be at least one window, not {count}.")
    if labels is None:
        at = np.arange(count)
        return np.where(at % 2 == 0, 0, at // 2 % KINDS + 1).astype(np.int64)
    labels = np.asarray(labels)
    if labels.shape != (count,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"Labels must be {count} whole numbers, not {labels.dtype} {labels.shape}.")
    if labels.min() < 0 or labels.max() > KINDS:
        raise ValueError(f"Labels must lie between 0 and {KINDS}.")
    return labels.astype(np.int64)


def anomalous_windows(draws: Draws, length: int) -> tuple[Integers, Integers]:
    """Separate windows in a recording of `length` steps, after its normal part: their first steps (M,) and their classes (M,).

    M is 12, or fewer where there is no room; all kinds come once before any comes again. ValueError if there is no room for one.
    """
    normal = math.ceil(NORMAL_PART * length)
    count = min(MOST_ANOMALIES, (length - normal) // SEQUENCE_LENGTH)
    if count < 1:
        least = math.ceil(SEQUENCE_LENGTH / (1 - NORMAL_PART))
        raise ValueError(f"A recording with anomalies must have at least {least} time steps, not {length}.")
    room = (length - normal) // count
    starts = normal + room * np.arange(count) + np.floor(draws.uniform(count) * (room - SEQUENCE_LENGTH + 1)).astype(np.int64)
    labels = 1 + np.argsort(draws.uniform(math.ceil(count / KINDS), KINDS), axis=1).ravel()[:count]
    return starts, labels.astype(np.int64)
