"""Modularity and explicitness: known answers, scikit-learn's regression and ROC curve, intervals, and stopping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from aecore.metrics.disentanglement import mig, modularity_explicitness
from tests.disentanglement_harness import Polls, StopNowError, every_combination, mixed_parts, standardised, stopping_after


def test_a_dimension_for_each_factor_is_modular() -> None:
    factors = every_combination(2, 3, 5, times=3)
    codes = standardised(factors)
    found = modularity_explicitness(codes, factors, codes, factors)
    assert found.modularity == pytest.approx(1)
    assert found.modularity_of_codes == pytest.approx((1, 1, 1))
    # Two dimensions of the same factor are modular, too: modularity does not ask for one only.
    twice = np.hstack([codes, codes])
    assert modularity_explicitness(twice, factors, twice, factors, bootstrap=0).modularity == pytest.approx(1)


def test_a_dimension_that_tells_two_factors_alike_is_not() -> None:
    factors = every_combination(5, 5)
    codes = np.stack([factors.sum(axis=1), factors[:, 0] - factors[:, 1]], axis=1)
    found = modularity_explicitness(codes, factors, codes, factors, bootstrap=0)
    assert found.modularity == pytest.approx(0, abs=1e-9)


def test_it_is_the_formula_and_dead_dimensions_count_zero() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(800, 300, (3, 4, 6), 3)
    dead = np.hstack([codes, np.full((800, 1), 0.1)])
    found = modularity_explicitness(dead, factors, np.hstack([test_codes, np.zeros((300, 1))]), test_factors)
    information = np.array(mig(codes, factors, bootstrap=0).mutual_information)
    assert np.array(found.mutual_information)[:3] == pytest.approx(information)
    expected = []
    for row in information:
        theta = row.max()
        others = np.delete(row, row.argmax())
        expected.append(1 - (others**2).sum() / (theta**2 * 2))
    assert found.modularity_of_codes == pytest.approx((*expected, 0.0))
    assert found.modularity == pytest.approx(sum(expected) / 4)
    assert found.modularity_interval is not None
    assert found.modularity_interval.low < found.modularity < found.modularity_interval.high < 0.76
    assert "training examples" in found.modularity_interval.method


def test_explicitness_is_scikit_learns_area_of_each_value_against_the_rest() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(400, 300, (2, 3, 5), 4)
    found = modularity_explicitness(codes, factors, test_codes, test_factors)
    mean, deviation = codes.mean(axis=0), codes.std(axis=0)
    areas = []
    for train, test in zip(factors.T, test_factors.T, strict=True):
        likely = LogisticRegression().fit((codes - mean) / deviation, train).predict_proba((test_codes - mean) / deviation)
        onehot = test[:, None] == np.arange(likely.shape[1])
        areas.append(roc_auc_score(onehot, likely, average="macro"))
    assert found.explicitness_of_factors == pytest.approx(areas, abs=1e-12)
    assert found.explicitness == pytest.approx(np.mean(areas))
    assert found.explicitness_interval is not None
    assert found.explicitness_interval.low < found.explicitness < found.explicitness_interval.high
    assert "test examples" in found.explicitness_interval.method


def test_equal_probabilities_count_half() -> None:
    # Codes of few values: many test examples have the same probability.
    codes, factors, test_codes, test_factors = mixed_parts(300, 200, (2, 3), 2)
    coarse, test_coarse = np.rint(codes), np.rint(test_codes)
    found = modularity_explicitness(coarse, factors, test_coarse, test_factors, bootstrap=0)
    mean, deviation = coarse.mean(axis=0), coarse.std(axis=0)
    likely = LogisticRegression().fit((coarse - mean) / deviation, factors[:, 0]).predict_proba((test_coarse - mean) / deviation)
    assert found.explicitness_of_factors[0] == pytest.approx(roc_auc_score(test_factors[:, 0], likely[:, 1]))


def test_codes_of_nothing_and_dead_codes_have_an_area_of_a_half() -> None:
    _, factors, _, test_factors = mixed_parts(500, 500, (3, 4), 2)
    noise = np.random.default_rng(0).normal(size=(2, 500, 2))
    assert modularity_explicitness(noise[0], factors, noise[1], test_factors).explicitness == pytest.approx(0.5, abs=0.05)
    dead = modularity_explicitness(0 * noise[0], factors, 0 * noise[1], test_factors)
    assert (dead.modularity, dead.explicitness) == (0, 0.5)
    assert dead.modularity_interval is not None
    assert (dead.modularity_interval.low, dead.modularity_interval.high) == (0, 0)


def test_with_one_factor_there_is_no_modularity() -> None:
    factors = every_combination(3, 8)
    codes = standardised(factors)
    found = modularity_explicitness(codes, factors[:, :1], codes, factors[:, :1])
    assert math.isnan(found.modularity)
    assert found.modularity_interval is None
    assert found.explicitness_interval is not None


def test_values_that_one_part_lacks_are_left_out() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(400, 300, (3, 4), 3)
    few = test_factors[:, 0] < 2
    found = modularity_explicitness(codes, factors, test_codes[few], test_factors[few], bootstrap=0)
    assert 0.5 < found.explicitness_of_factors[0] <= 1
    one = test_factors[:, 0] == 1
    found = modularity_explicitness(codes, factors, test_codes[one], test_factors[one])
    assert math.isnan(found.explicitness_of_factors[0])
    assert found.explicitness == found.explicitness_of_factors[1]
    with pytest.raises(ValueError, match="No factor varies among the test examples"):
        modularity_explicitness(codes, factors, test_codes[:1], test_factors[:1])


def test_the_interval_of_explicitness_is_that_of_the_test_examples() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(300, 6000, (3, 4), 2)
    starts = range(0, 6000, 300)
    found = [
        modularity_explicitness(codes, factors, test_codes[start : start + 300], test_factors[start : start + 300])
        for start in starts
    ]
    between = np.std([each.explicitness for each in found], ddof=1)
    within = np.mean([each.explicitness_interval.high - each.explicitness for each in found if each.explicitness_interval]) / 1.96
    assert within == pytest.approx(between, rel=0.4)


def test_it_is_the_same_at_every_call_says_how_far_it_is_and_can_be_stopped() -> None:
    parts = mixed_parts(200, 150, (3, 4), 2)
    polls = Polls()
    first = modularity_explicitness(*parts, random_state=2, poll=polls)
    assert first == modularity_explicitness(*parts, random_state=2)
    assert first != modularity_explicitness(*parts, random_state=3)
    without = modularity_explicitness(*parts, bootstrap=0)
    assert (without.modularity, without.explicitness) == (first.modularity, first.explicitness)
    assert without.modularity_interval is without.explicitness_interval is None
    assert len(polls.shares) > 10
    assert all(np.diff(polls.shares) >= 0)
    assert polls.shares[-1] == pytest.approx(1)
    with pytest.raises(StopNowError):
        modularity_explicitness(*parts, poll=stopping_after(5))
