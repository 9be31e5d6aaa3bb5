"""DCI: scikit-learn's classifiers, known answers, intervals, and that it can be stopped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier

from aecore.metrics.disentanglement import dci
from tests.disentanglement_harness import (
    Parts,
    Polls,
    StopNowError,
    every_combination,
    mixed_parts,
    standardised,
    stopping_after,
)


def textbook(parts: Parts) -> tuple[float, float, float, NDArray[np.float64]]:
    """Disentanglement, completeness, informativeness and importances, as Eastwood and Williams write them."""
    codes, factors, test_codes, test_factors = parts
    models = [GradientBoostingClassifier(random_state=0).fit(codes, values) for values in factors.T]
    matrix = np.stack([np.abs(model.feature_importances_) for model in models], axis=1)
    of_codes = np.array([1 - entropy(row + 1e-11, base=matrix.shape[1]) for row in matrix])
    of_factors = np.array([1 - entropy(column + 1e-11, base=matrix.shape[0]) for column in matrix.T])
    scores = [model.score(test_codes, values) for model, values in zip(models, test_factors.T, strict=True)]
    total = matrix.sum()
    return (of_codes @ matrix.sum(axis=1) / total, of_factors @ matrix.sum(axis=0) / total, float(np.mean(scores)), matrix)


def test_it_is_the_textbook_answer() -> None:
    parts = mixed_parts(600, 400, (2, 3), 3, seed=5)
    found = dci(*parts)
    disentanglement, completeness, informativeness, matrix = textbook(parts)
    assert np.array(found.importance) == pytest.approx(matrix, abs=0.02)
    assert found.disentanglement == pytest.approx(disentanglement, abs=0.02)
    assert found.completeness == pytest.approx(completeness, abs=0.02)
    assert found.informativeness == pytest.approx(informativeness, abs=0.02)
    assert 0.1 < found.disentanglement < 0.9
    for score, interval in (
        (found.disentanglement, found.disentanglement_interval),
        (found.completeness, found.completeness_interval),
        (found.informativeness, found.informativeness_interval),
    ):
        assert interval is not None
        assert 0 <= interval.low < score < interval.high <= 1
        assert "trees fixed" in interval.method
    assert found == dci(*parts)


def test_a_dimension_for_each_factor_scores_one() -> None:
    factors = every_combination(2, 3, 4, times=3)
    codes = np.hstack([standardised(factors)[:, [1, 2, 0]], np.zeros((len(factors), 1))])
    found = dci(codes, factors, codes, factors)
    assert (found.disentanglement, found.completeness, found.informativeness) == pytest.approx((1, 1, 1), abs=1e-8)
    assert np.array(found.importance) == pytest.approx(np.eye(4)[[1, 2, 0, 3], :3], abs=1e-8)
    assert found.disentanglement_of_codes[3] == pytest.approx(0, abs=1e-9)  # dead, and without weight


def test_a_rotation_is_neither_disentangled_nor_complete() -> None:
    factors = every_combination(5, 5, times=4)
    codes = np.stack([factors.sum(axis=1), factors[:, 0] - factors[:, 1]], axis=1)
    found = dci(codes, factors, codes, factors, bootstrap=0)
    assert found.disentanglement < 0.1
    assert found.completeness < 0.1
    assert found.informativeness == 1


def test_a_factor_that_two_dimensions_tell_alike_is_not_complete() -> None:
    factors = every_combination(3, 4, times=5)
    codes = np.repeat(standardised(factors), 2, axis=1)
    found = dci(codes, factors, codes, factors, bootstrap=0)
    assert found.disentanglement == pytest.approx(1, abs=1e-8)
    # One of two in four dimensions: 1 − log 2 / log 4.
    assert found.completeness == pytest.approx(0.5, abs=0.03)


def test_with_one_factor_there_is_no_disentanglement_and_with_one_dimension_no_completeness() -> None:
    factors = every_combination(3, 4, times=5)
    codes = standardised(factors)
    found = dci(codes, factors[:, :1], codes, factors[:, :1])
    assert math.isnan(found.disentanglement)
    assert found.disentanglement_interval is None
    assert found.completeness == pytest.approx(1, abs=1e-8)
    assert found.completeness_interval is not None
    found = dci(codes[:, :1], factors, codes[:, :1], factors)
    assert math.isnan(found.completeness)
    assert found.disentanglement == pytest.approx(1, abs=1e-8)


def test_dead_codes_score_nothing_but_the_most_frequent_value() -> None:
    factors = np.array([[0, 0]] * 20 + [[1, 1]] * 10 + [[1, 2]] * 10)
    codes = np.full((40, 2), 0.3)
    found = dci(codes, factors, codes, factors)
    assert (found.disentanglement, found.completeness) == (0, 0)
    assert found.accuracy == (0.5, 0.5)


def test_values_that_training_lacks_count_as_wrong_and_constant_factors_are_left_out() -> None:
    factors = every_combination(2, 3, times=5)
    codes = standardised(factors)
    strange = factors.copy()
    strange[:6, 0] = 9
    found = dci(codes, np.insert(factors, 0, 1, axis=1), codes, np.insert(strange, 0, 1, axis=1), bootstrap=0)
    assert found.kept == (1, 2)
    assert found.accuracy == pytest.approx((24 / 30, 1))


def test_it_says_how_far_it_is_and_can_be_stopped() -> None:
    parts = mixed_parts(60, 40, (2, 3), 2)
    polls = Polls()
    dci(*parts, bootstrap=0, poll=polls)
    assert len(polls.shares) == 100 * (1 + 3)
    assert polls.shares[0] == 0
    assert all(np.diff(polls.shares) >= 0)
    assert 0.9 < polls.shares[-1] < 1
    with pytest.raises(StopNowError):
        dci(*parts, poll=stopping_after(10))
