"""Codes and factors that cannot be measured: every metric says why, in a sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aecore.metrics.disentanglement import dci, mig, modularity_explicitness, sap
from aecore.metrics.disentanglement.checks import checked_codes, checked_factors, checked_parts, labels_of
from tests.disentanglement_harness import mixed_parts

CODES, FACTORS, TEST_CODES, TEST_FACTORS = mixed_parts(60, 40, (2, 3), 2)
WITH_PARTS = (sap, dci, modularity_explicitness)

Change = Callable[[Any, Any], tuple[Any, Any]]


def changed(array: np.ndarray, value: object) -> np.ndarray:
    copy = array.astype(type(value))
    copy[0, 0] = value
    return copy


BAD: list[tuple[str, Change, str]] = [
    ("NaN", lambda codes, factors: (changed(codes, np.nan), factors), "hold 1 of .* numbers that are not finite .* diverged"),
    ("infinite", lambda codes, factors: (codes / 0.0, factors), "smaller learning rate"),
    ("beyond all bounds", lambda codes, factors: (codes * 1e300, factors), "beyond all bounds"),
    ("codes of one axis", lambda codes, factors: (codes[:, 0], factors), "table of examples by dimensions"),
    ("no dimension", lambda codes, factors: (codes[:, :0], factors), "at least one of each"),
    ("no example", lambda codes, factors: (codes[:0], factors[:0]), "at least one of each"),
    ("words", lambda codes, factors: (codes.astype(str), factors), "must be numbers"),
    ("factors with fractions", lambda codes, factors: (codes, factors + 0.5), "must be whole numbers"),
    ("whole numbers as floats", lambda codes, factors: (codes, factors.astype(float)), "must be whole numbers"),
    ("factors of one axis", lambda codes, factors: (codes, factors[:, 0]), "table of examples by factors"),
    ("no factor", lambda codes, factors: (codes, factors[:, :0]), "table of examples by factors"),
    ("unequal lengths", lambda codes, factors: (codes, factors[1:]), "do not belong to codes of"),
]
NAMES = [name for name, *_ in BAD]


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("name", "change", "why"), BAD, ids=NAMES)
def test_bad_examples_are_refused_by_every_metric(name: str, change: Change, why: str) -> None:
    codes, factors = change(CODES, FACTORS)
    with pytest.raises(ValueError, match=why):
        mig(codes, factors)
    for metric in WITH_PARTS:
        with pytest.raises(ValueError, match=f"Training .*{why}" if name != "unequal lengths" else why):
            metric(codes, factors, TEST_CODES, TEST_FACTORS)
        test_codes, test_factors = change(TEST_CODES, TEST_FACTORS)
        with pytest.raises(ValueError, match=f"Test .*{why}" if name != "unequal lengths" else why):
            metric(CODES, FACTORS, test_codes, test_factors)


def test_factors_none_of_which_varies_are_refused() -> None:
    constant = np.full_like(FACTORS, 3)
    with pytest.raises(ValueError, match="No factor varies in these examples"):
        mig(CODES, constant)
    for metric in WITH_PARTS:
        with pytest.raises(ValueError, match="No factor varies"):
            metric(CODES, constant, TEST_CODES, TEST_FACTORS)


def test_parts_of_different_networks_or_factors_are_refused() -> None:
    for metric in WITH_PARTS:
        with pytest.raises(ValueError, match="2 dimensions and 2 factors, the test 1 and 2: measure both with the same network"):
            metric(CODES, FACTORS, TEST_CODES[:, :1], TEST_FACTORS)
        with pytest.raises(ValueError, match="same factors"):
            metric(CODES, FACTORS, TEST_CODES, TEST_FACTORS[:, :1])


@pytest.mark.parametrize("times", [1, -5])
def test_so_few_resamples_are_refused(times: int) -> None:
    with pytest.raises(ValueError, match="at least 2 resamples"):
        mig(CODES, FACTORS, bootstrap=times)
    for metric in WITH_PARTS:
        with pytest.raises(ValueError, match="at least 2 resamples"):
            metric(CODES, FACTORS, TEST_CODES, TEST_FACTORS, bootstrap=times)


def test_codes_keep_their_precision_and_whole_numbers_become_floats() -> None:
    assert checked_codes(np.ones((2, 2), np.float32)).dtype == np.float32
    assert checked_codes(np.ones((2, 2), np.float16)).dtype == np.float64
    assert checked_codes([[1, 2], [3, 4]]).dtype == np.float64
    assert checked_factors([[1], [2]], 2).dtype == np.int64


def test_values_of_factors_are_counted_from_zero() -> None:
    labels = labels_of(np.array([[7, 1, -3], [9, 1, 0], [7, 1, 8]]))
    assert labels.kept == (0, 2)
    assert labels.sizes == (2, 3)
    assert labels.classes.tolist() == [[0, 0], [1, 1], [0, 2]]


def test_test_values_that_training_lacks_have_no_class() -> None:
    parts = checked_parts(np.ones((3, 1)), [[2], [4], [2]], np.ones((5, 1)), [[4], [3], [2], [-9], [99]])
    assert parts.test_classes.ravel().tolist() == [1, -1, 0, -1, -1]


def test_no_torch_is_imported() -> None:
    code = "import sys, aecore.metrics.disentanglement; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
