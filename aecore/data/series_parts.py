"""Sequences split into training, validation and test: rows at random within each class, windows of a long series by time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from aecore.data.series_file import SeriesFileError

if TYPE_CHECKING:
    from aecore.data.series_preparing import Preparation

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

TEST_SHARE, VALIDATION_SHARE = 0.3, 0.1
MOST_VALUES = 20_000_000
"""Numbers in all windows together, 80 MB: windows that overlap repeat them."""

_LEAST = 10  # examples to train on
_SEED = 20_261_126


@dataclass(frozen=True)
class Part:
    """Sequences float32 (N, C, 1, L), their classes (N,), and the line or the time step at which each begins, (N,)."""

    images: Floats
    labels: Integers
    rows: Integers


@dataclass(frozen=True)
class Parts:
    """The three parts, which share no time step of any series."""

    train: Part
    validation: Part
    test: Part

    def __iter__(self) -> Any:
        return iter((self.train, self.validation, self.test))

    def map(self, change: Callable[[Floats], Floats]) -> Parts:
        """The same with other values."""
        return Parts(*(replace(part, images=change(part.images)) for part in self))

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """From arrays by name, such as `train_images`."""
        return cls(
            *(
                Part(*(arrays[f"{part}_{what}"] for what in ("images", "labels", "rows")))
                for part in ("train", "validation", "test")
            )
        )


def rows_parts(values: Floats, labels: Integers, rows: Integers) -> Parts:
    """Series (N, L): of each class 60 % for training, 10 % for validation, 30 % for the test, in a fixed shuffled order.

    Those whose class is not known (negative) are in the test part only.
    """
    order = _shuffled(len(values))
    chosen: list[list[Integers]] = [[], [], []]
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        test, validation = round(TEST_SHARE * len(mine)), round(VALIDATION_SHARE * len(mine))
        if label < 0:
            test, validation = len(mine), 0
        for part, places in zip(chosen, np.split(mine, [len(mine) - test - validation, len(mine) - test]), strict=True):
            part.append(places)
    return _checked(Parts(*(_rows(values, labels, rows, _mixed(part, order)) for part in chosen)))


def tested_parts(
    values: Floats, labels: Integers, rows: Integers, test: Floats, test_labels: Integers, test_rows: Integers
) -> Parts:
    """Series (N, L), an eighth of each known class for validation, and others (M, L), all of them the test part."""
    order = _shuffled(len(values))
    chosen: list[list[Integers]] = [[], []]
    for label in np.unique(labels[labels >= 0]):
        mine = order[labels[order] == label]
        for part, places in zip(chosen, np.split(mine, [len(mine) - round(len(mine) / 8)]), strict=True):
            part.append(places)
    train, validation = (_mixed(part, order) for part in chosen)
    last = _rows(test, test_labels, test_rows, np.arange(len(test)))
    return _checked(Parts(_rows(values, labels, rows, train), _rows(values, labels, rows, validation), last))


def windows_parts(values: Floats, labels: Integers | None, preparation: Preparation) -> Parts:
    """Windows of one long series (T, C): its beginning for training, then a tenth for validation, then the test part.

    No window lies in two parts. The class of a window is 0, the most frequent one, where all its time steps have it; else the
    most frequent of the others in it.
    """
    total, window, stride = len(values), preparation.window, preparation.stride
    starts = np.arange(0, total - window + 1, stride)
    if len(starts) * window * values.shape[1] > MOST_VALUES:
        least = -(-total * window * values.shape[1] // MOST_VALUES)
        raise SeriesFileError(
            f"{len(starts):,} windows of {window:,} time steps are more than the {MOST_VALUES:,} numbers that fit here: let at "
            f"least {least:,} time steps lie between the beginnings of two windows."
        )
    first, second = preparation.train_share * total, (preparation.train_share + VALIDATION_SHARE) * total
    ends = starts + window
    train, test = starts[ends <= first], starts[starts >= second]
    validation = starts[(starts >= first) & (ends <= second)]
    if not len(validation) and len(train):
        count = max(1, round(VALIDATION_SHARE * len(train)))
        validation, train = train[-count:], train[:-count]
        train = train[train + window <= validation[0]]
    if len(train) < _LEAST or not len(test):
        raise SeriesFileError(
            f"This series of {total:,} time steps gives {len(train):,} windows to train on and {len(test):,} to test: at least "
            f"{_LEAST} and 1 are needed. Make the windows shorter than {window:,} time steps, or the step between them smaller."
        )
    cut = sliding_window_view(values, window, axis=0)  # (T − L + 1, C, L)
    marks = None if labels is None else sliding_window_view(labels, window)

    def part(chosen: Integers) -> Part:
        classes = np.zeros(len(chosen), np.int64) if marks is None else np.array([_class_of(marks[start]) for start in chosen])
        return Part(np.ascontiguousarray(cut[chosen])[:, :, None], classes.astype(np.int64), chosen.astype(np.int64))

    return Parts(part(train), part(validation), part(test))


def _class_of(marks: Integers) -> int:
    others = marks[marks != 0]
    return 0 if not len(others) else int(np.bincount(others).argmax())


def _shuffled(count: int) -> Integers:
    # The raw stream of a bit generator, which numpy keeps the same from version to version.
    return np.argsort(np.random.PCG64(_SEED).random_raw(count), kind="stable").astype(np.int64)


def _mixed(parts: list[Integers], order: Integers) -> Integers:
    """All of these places, in the shuffled order, so that the first few are a fair sample."""
    chosen = np.zeros(len(order), bool)
    for part in parts:
        chosen[part] = True
    return order[chosen[order]]


def _rows(values: Floats, labels: Integers, rows: Integers, places: Integers) -> Part:
    return Part(np.ascontiguousarray(values[places])[:, None, None], labels[places], rows[places])


def _checked(parts: Parts) -> Parts:
    if len(parts.train.images) < _LEAST or not len(parts.validation.images) or not len(parts.test.images):
        raise SeriesFileError("There are too few series of each label to train on some and test others: give more rows.")
    return parts
