"""What the disentanglement metrics accept: codes and factors, checked, and which factors vary. Errors are plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Codes = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]
Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, several times a second; whatever it raises ends the work."""

LARGEST = 1e30
"""Codes beyond this are refused like infinite ones: their squares overflow, and no trained network makes them."""


def no_poll(done: float, what: str) -> None:
    """The poll of a caller who has none."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The factors that vary, as class numbers.

    `classes` (N, F): each factor's values counted from 0 in rising order. `sizes`: how many values each has. `kept`: which
    columns of the factors given these are.
    """

    classes: Integers
    sizes: tuple[int, ...]
    kept: tuple[int, ...]


def checked_codes(codes: ArrayLike, name: str = "Codes") -> Codes:
    """The codes as floats (N, D), in their own precision; ValueError where they are not a table of finite numbers."""
    array = np.asarray(codes)
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must be numbers in a table of examples by dimensions, with at least one of each, "
            f"not {array.dtype} {array.shape}."
        )
    floats: Codes = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    with np.errstate(invalid="ignore"):
        broken = floats.size - int(np.count_nonzero(np.abs(floats) <= LARGEST))
    if broken:
        raise ValueError(
            f"{name} hold {broken:,} of {floats.size:,} numbers that are not finite or are beyond all bounds, as when training "
            "has diverged: train again with a smaller learning rate."
        )
    return floats


def checked_factors(factors: ArrayLike, count: int, name: str = "Factors") -> Integers:
    """The factors as int64 (count, K), K ≥ 1; ValueError where they are not whole numbers, one row for each of `count` codes."""
    array = np.asarray(factors)
    if array.ndim != 2 or array.shape[1] == 0 or array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers in a table of examples by factors, not {array.dtype} {array.shape}.")
    if len(array) != count:
        raise ValueError(
            f"{name} of {len(array):,} examples do not belong to codes of {count:,}: give one row of each an example."
        )
    return array.astype(np.int64)


def labels_of(factors: Integers) -> Labels:
    """Class numbers of the factors that vary among (N, K); ValueError where none does."""
    kept, columns, sizes = [], [], []
    for column, values in enumerate(factors.T):
        distinct, classes = np.unique(values, return_inverse=True)
        if len(distinct) > 1:
            kept.append(column)
            columns.append(classes)
            sizes.append(len(distinct))
    if not kept:
        raise ValueError("No factor varies in these examples: give examples that differ in at least one factor.")
    return Labels(np.stack(columns, axis=1).astype(np.int64), tuple(sizes), tuple(kept))


@dataclass(frozen=True, eq=False)
class Parts:
    """Training and test part of one measurement, checked: codes (N, D) float64 and class numbers (N, F) of each part.

    A test example whose value training lacks has class −1: no fitted model ever answers that.
    """

    train_codes: NDArray[np.float64]
    train: Labels
    test_codes: NDArray[np.float64]
    test_classes: Integers


def checked_parts(train_codes: ArrayLike, train_factors: ArrayLike, test_codes: ArrayLike, test_factors: ArrayLike) -> Parts:
    """Check both parts; ValueError as for :func:`checked_codes`, :func:`checked_factors` and :func:`labels_of` (on the training
    part), and where the two parts differ in their numbers of dimensions or factors."""
    codes = checked_codes(train_codes, "Training codes").astype(np.float64)
    factors = checked_factors(train_factors, len(codes), "Training factors")
    other_codes = checked_codes(test_codes, "Test codes").astype(np.float64)
    other_factors = checked_factors(test_factors, len(other_codes), "Test factors")
    if codes.shape[1] != other_codes.shape[1] or factors.shape[1] != other_factors.shape[1]:
        raise ValueError(
            f"Training has {codes.shape[1]} dimensions and {factors.shape[1]} factors, the test {other_codes.shape[1]} and "
            f"{other_factors.shape[1]}: measure both with the same network and the same factors."
        )
    labels = labels_of(factors)
    columns = []
    for column in labels.kept:
        values = np.unique(factors[:, column])
        place = np.minimum(np.searchsorted(values, other_factors[:, column]), len(values) - 1)
        columns.append(np.where(values[place] == other_factors[:, column], place, -1))
    return Parts(codes, labels, other_codes, np.stack(columns, axis=1).astype(np.int64))
