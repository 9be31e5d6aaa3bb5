"""From what was read of a file to examples: its classes, its parts, the scale of each channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aecore.data.series_file import MAX_LENGTH, MIN_LENGTH, SeriesFileError, SeriesTable
from aecore.data.series_parts import Parts, rows_parts, tested_parts, windows_parts

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

UNLABELLED = "Unlabelled"
NO_LABEL = "No label"
"""What time steps of a long series are called whose label is missing, where others have one."""
UNKNOWN = -1
"""The class of a row whose label is missing, where others have one: it is neither learned from nor judged by."""

_QUANTILES = (0.005, 0.995)
_MARGIN = 0.1  # of the range, so that a sigmoid need not reach its ends
_FARTHEST = 10.0  # ranges from the middle: what is farther is brought here, where it is an anomaly all the same


@dataclass(frozen=True)
class Preparation:
    """How a file becomes examples.

    window, stride: time steps of an example cut from a long series, and from one to the next. train_share: share of a long
    series, from its beginning, that is trained on. normalise: whether each example is brought to mean 0 and standard deviation 1
    by itself, as in the UCR archive, so that only its shape counts.
    """

    window: int = 128
    stride: int = 32
    train_share: float = 0.5
    normalise: bool = False

    def check(self) -> None:
        """Raises SeriesFileError, with a sentence, for what cannot be."""
        if not MIN_LENGTH <= self.window <= MAX_LENGTH:
            raise SeriesFileError(f"A window has {MIN_LENGTH} to {MAX_LENGTH:,} time steps, not {self.window:,}.")
        if not 1 <= self.stride <= self.window:
            raise SeriesFileError(
                f"From one window to the next are 1 to {self.window:,} time steps, the window's own length, not {self.stride:,}."
            )
        if not 0.1 <= self.train_share <= 0.8:
            raise SeriesFileError(
                f"Of a long series, 10 to 80 % can be trained on, not {self.train_share:.0%}: the rest is what is tested."
            )


class Prepared(NamedTuple):
    """The parts in their scale, which is (lowest, highest) of each channel, the classes, and what is to be said of it."""

    parts: Parts
    scale: tuple[tuple[float, float], ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def prepare(table: SeriesTable, test: SeriesTable | None, preparation: Preparation) -> Prepared:
    """Cut, split and scale what was read; test: a second file, all of it the test part. Raises SeriesFileError."""
    preparation.check()
    classes = _classes(table, test)
    parts, scale, brought = _scaled(_parts(table, test, classes, preparation), preparation.normalise)
    notes = []
    missing = sum(label == "" for each in (table, test) if each is not None for label in each.labels or ())
    if missing:
        notes.append(f"{missing:,} rows have no label: they are scored, not learned from, nor counted as right or wrong.")
    if brought:
        notes.append(
            f"{brought:,} values lie more than {_FARTHEST:g} times the usual range from its middle: they are taken, and drawn, "
            "as lying just there."
        )
    return Prepared(parts, scale, classes, tuple(notes))


def without_empty_labels(table: SeriesTable) -> SeriesTable:
    """Where no label is given at all, there are none; in a long series, missing ones get a name."""
    if table.labels is None:
        return table
    if not any(table.labels):
        return replace(table, labels=None)
    if table.layout == "long" and not all(table.labels):
        return replace(table, labels=tuple(label or NO_LABEL for label in table.labels))
    return table


def indices(labels: Sequence[str], classes: tuple[str, ...]) -> Integers:
    """The places of labels among the classes; of missing ones :data:`UNKNOWN`."""
    place = {label: index for index, label in enumerate(classes)} | {"": UNKNOWN}
    return np.array([place[label] for label in labels], np.int64)


def _classes(table: SeriesTable, test: SeriesTable | None) -> tuple[str, ...]:
    """The labels, the most frequent of the training file first: that is mostly the normal one."""
    if table.labels is None:
        return (UNLABELLED,)
    counted = [label for label, _ in Counter(table.labels).most_common() if label]
    more = [] if test is None or test.labels is None else [label for label in Counter(test.labels) if label not in counted]
    return (*counted, *filter(None, more))


def _parts(table: SeriesTable, test: SeriesTable | None, classes: tuple[str, ...], preparation: Preparation) -> Parts:
    def labelled(each: SeriesTable) -> Integers:
        return np.zeros(len(each.values), np.int64) if each.labels is None else indices(each.labels, classes)

    if table.layout == "long":
        if test is not None:
            raise SeriesFileError("A long series is split by time: leave the second file out, or give one series a row.")
        return windows_parts(table.values, None if table.labels is None else labelled(table), preparation)
    if test is None:
        return rows_parts(table.values, labelled(table), table.rows)
    if test.layout != "rows" or test.values.shape[1] != table.values.shape[1]:
        found = f"{test.values.shape[1]:,} values a series" if test.layout == "rows" else "one long series"
        raise SeriesFileError(
            f"The two files do not fit together: the first has {table.values.shape[1]:,} values a series, the second {found}."
        )
    if (table.labels is None) != (test.labels is None):
        which = "second" if table.labels is None else "first"
        raise SeriesFileError(f"Only the {which} file has labels: give both their labels, or say that there are none.")
    return tested_parts(table.values, labelled(table), table.rows, test.values, labelled(test), test.rows)


def _scaled(parts: Parts, normalise: bool) -> tuple[Parts, tuple[tuple[float, float], ...], int]:
    """Every channel to about 0..1 by what the training part has, nearly all of it: single extreme values must not decide.

    Also the scale, and how many values were brought nearer.
    """
    if normalise:
        parts = parts.map(_each_by_itself)
    train = parts.train.images
    scale = []
    for channel in range(train.shape[1]):
        low, high = (float(value) for value in np.quantile(train[:, channel], _QUANTILES))
        if high <= low:
            low, high = float(train[:, channel].min()), float(train[:, channel].max())
        span = (high - low) or max(1.0, abs(low))
        scale.append((low - _MARGIN * span, high + _MARGIN * span))
    lowest, highest = (np.array(ends, np.float64)[None, :, None, None] for ends in zip(*scale, strict=True))
    brought = 0

    def bring(images: Floats) -> Floats:
        nonlocal brought
        scaled = (images - lowest) / (highest - lowest)
        brought += int((np.abs(scaled - 0.5) > _FARTHEST).sum())
        return np.asarray(np.clip(scaled, 0.5 - _FARTHEST, 0.5 + _FARTHEST), np.float32)

    return parts.map(bring), tuple(scale), brought


def _each_by_itself(images: Floats) -> Floats:
    """Every channel of every example with mean 0 and standard deviation 1; where nothing varies, 0."""
    wide = images.astype(np.float64)
    centred = wide - wide.mean(axis=3, keepdims=True)
    deviation = centred.std(axis=3, keepdims=True)
    is_constant = deviation <= 1e-9 * np.abs(wide).max(axis=3, keepdims=True)
    return np.asarray(centred / np.where(is_constant, np.inf, deviation), np.float32)
