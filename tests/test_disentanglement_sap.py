"""SAP: scikit-learn's support vector machines, one at a time, against those that are solved in one go; known answers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from aecore.metrics.disentanglement import mig, sap
from aecore.metrics.disentanglement.linear_svm import SortedNumbers
from tests.disentanglement_harness import SHAPES, Parts, every_combination, mixed_parts, random_factors, standardised

Floats = NDArray[np.float64]


def textbook(train_codes: Floats, train: NDArray[np.int64], test_codes: Floats, test: NDArray[np.int64]) -> Floats:
    """Test accuracies (D, F), a scikit-learn machine for each."""

    def accuracy(dimension: int, factor: int) -> float:
        machine = LinearSVC(C=0.01, class_weight="balanced").fit(train_codes[:, [dimension]], train[:, factor])
        return float(machine.score(test_codes[:, [dimension]], test[:, factor]))

    return np.array([[accuracy(d, f) for f in range(train.shape[1])] for d in range(train_codes.shape[1])])


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_textbook_answer(seed: int) -> None:
    parts = mixed_parts(800, 400, (2, 3, 7), 4, seed)
    found = sap(*parts, bootstrap=0)
    accuracy = textbook(*parts)
    assert np.array(found.accuracy) == pytest.approx(accuracy, abs=5e-3)
    ranked = np.sort(accuracy, axis=0)
    assert found.score == pytest.approx((ranked[-1] - ranked[-2]).mean(), abs=1e-3)
    assert found.score > 0.05


def loss(w: float, b: float, x: Floats, side: Floats, cost: Floats) -> float:
    return float(0.5 * (w * w + b * b) + (cost * np.maximum(0, 1 - side * (w * x + b)) ** 2).sum())


@given(
    st.integers(0, 2**32),
    st.sampled_from(["normal", "few values", "heavy tails", "far off", "very far off", "huge", "tiny", "constant"]),
    st.integers(2, 6),
)
def test_no_machine_of_scikit_learns_is_better(seed: int, kind: str, size: int) -> None:
    rng = np.random.default_rng(seed)
    classes = np.concatenate([np.arange(size), rng.integers(0, size, 60)])
    x = rng.normal(size=len(classes)) + rng.choice([0, 0.5, 2]) * classes
    x = {
        "normal": x,
        "few values": np.rint(x),
        "heavy tails": x + rng.standard_cauchy(len(x)),
        "far off": 100 + x,
        "very far off": 1e6 + x,
        "huge": 1e12 * x,
        "tiny": 1e-4 * x,
        "constant": np.full(len(x), 0.7),
    }[kind]
    found = SortedNumbers(x).fit(classes, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # where it stops short, it is only worse
        theirs = LinearSVC(C=0.01, class_weight="balanced", tol=1e-9, max_iter=5000).fit(x[:, None], classes)
    balanced = 0.01 * len(x) / (size * np.bincount(classes))
    for machine, value in enumerate(range(size) if size > 2 else [1]):
        side = np.where(classes == value, 1.0, -1.0)
        cost = np.where(classes == value, balanced[value], 0.01 if size > 2 else balanced[0])
        ours = loss(found.weights[machine], found.intercepts[machine], x, side, cost)
        assert ours <= loss(theirs.coef_[machine, 0], theirs.intercept_[machine], x, side, cost) * (1 + 1e-9)


def test_equal_answers_go_to_the_first_class() -> None:
    # Every class is as frequent, and the number tells nothing: all answers are the same.
    machines = SortedNumbers(np.zeros(12)).fit(np.arange(12) % 4, 4)
    assert machines.predict(np.zeros(3)).tolist() == [0, 0, 0]


def shapes_parts() -> Parts:
    """The perfect code of the data set Shapes: each of its five factors, alone in its dimension; and five dead dimensions."""
    factors = random_factors(15_000, SHAPES)
    codes = np.hstack([standardised(factors), np.zeros((15_000, 5))])
    return codes[:10_000], factors[:10_000], codes[10_000:], factors[10_000:]


def test_even_the_perfect_code_of_shapes_scores_a_quarter() -> None:
    # Of n values in rising order a line finds the first and the last, and some of the middle: measured 0.245.
    parts = shapes_parts()
    found = sap(*parts)
    assert found.score == pytest.approx(0.245, abs=0.01)
    assert found.best == (0, 1, 2, 3, 4)
    assert found.interval is not None
    assert found.interval.high - found.interval.low < 0.02
    assert mig(parts[0], parts[1], bootstrap=0).score > 0.85


def test_two_values_on_a_line_are_told_apart_fully() -> None:
    factors = every_combination(2, 2, times=30)
    codes = standardised(factors)
    found = sap(codes, factors, codes, factors)
    assert found.accuracy == ((1.0, 0.5), (0.5, 1.0))
    assert found.score == 0.5
    assert found.interval is not None


def test_a_factor_that_two_dimensions_tell_alike_has_no_gap() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(300, 200, (3, 4), 2)
    found = sap(np.hstack([codes, codes]), factors, np.hstack([test_codes, test_codes]), test_factors, bootstrap=0)
    assert found.score == 0


def test_of_a_single_dimension_the_second_is_zero() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(300, 200, (3,), 1)
    found = sap(codes, factors, test_codes, test_factors, bootstrap=0)
    assert found.score == found.accuracy[0][0] > 0.5


def test_values_that_training_lacks_count_as_wrong_and_constant_factors_are_left_out() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(300, 200, (3, 4), 2)
    strange = test_factors.copy()
    strange[:50, 0] = 77
    found = sap(codes, np.insert(factors, 0, 5, axis=1), test_codes, np.insert(strange, 0, 5, axis=1), bootstrap=0)
    assert found.kept == (1, 2)
    known = sap(codes, factors, test_codes[50:], test_factors[50:], bootstrap=0)
    assert np.array(found.accuracy)[:, 0] == pytest.approx(np.array(known.accuracy)[:, 0] * 150 / 200)


@given(st.integers(0, 2**32))
def test_what_does_not_matter_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes, factors, test_codes, test_factors = mixed_parts(60, 40, (2, 3), 3, seed)
    found = sap(codes, factors, test_codes, test_factors, bootstrap=0)
    assert 0 <= found.score <= 1
    columns, signs = rng.permutation(3), rng.choice([-1, 1], 3)
    other = sap(codes[:, columns] * signs, factors, test_codes[:, columns] * signs, test_factors, bootstrap=0)
    assert other.score == pytest.approx(found.score)
    rows = rng.permutation(60)
    assert sap(codes[rows], factors[rows], test_codes, test_factors, bootstrap=0).score == pytest.approx(found.score, abs=0.03)


def test_the_interval_is_that_of_the_test_examples_and_the_same_at_every_call() -> None:
    codes, factors, test_codes, test_factors = mixed_parts(500, 12_000, (3, 4), 3)
    starts = range(0, 12_000, 300)
    found = [sap(codes, factors, test_codes[start : start + 300], test_factors[start : start + 300]) for start in starts]
    between = np.std([each.score for each in found], ddof=1)
    within = np.mean([each.interval.high - each.score for each in found if each.interval]) / 1.96
    assert within == pytest.approx(between, rel=0.35)
    again = sap(codes, factors, test_codes[:300], test_factors[:300])
    assert again == found[0]
    assert again.interval is not None
    assert "test examples" in again.interval.method
