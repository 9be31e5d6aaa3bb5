"""The mutual information gap: known answers, scikit-learn's mutual information, invariances, the interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import mutual_info_score

from aecore.metrics.disentanglement import mig
from tests.disentanglement_harness import every_combination, mixed_parts, random_factors, standardised


def textbook(codes: NDArray[np.floating], factors: NDArray[np.integer]) -> float:
    """The definition, number by number."""
    gaps = []
    for values in factors.T:
        told = [mutual_info_score(values, np.digitize(z, np.histogram(z, 20)[1][:-1])) for z in codes.T]
        best, second = sorted(told, reverse=True)[:2]
        gaps.append((best - second) / mutual_info_score(values, values))
    return float(np.mean(gaps))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_it_is_the_textbook_answer(precision: type) -> None:
    codes, factors, *_ = mixed_parts(3000, 1, (3, 6, 40, 32), 6)
    found = mig(codes.astype(precision), factors, bootstrap=0)
    assert found.score == pytest.approx(textbook(codes.astype(precision), factors), abs=1e-9)
    assert 0.05 < found.score < 0.9


def test_a_dimension_for_each_factor_has_a_gap_of_one() -> None:
    factors = every_combination(2, 3, 5, times=3)
    found = mig(standardised(factors)[:, [2, 0, 1]], factors)
    assert found.score == pytest.approx(1, abs=1e-12)
    assert found.best == (1, 2, 0)
    assert found.entropies == pytest.approx(np.log([2, 3, 5]))
    assert np.array(found.mutual_information) == pytest.approx(
        np.array([[0, 0, np.log(5)], [np.log(2), 0, 0], [0, np.log(3), 0]])
    )


def test_values_in_one_bin_are_not_told_apart() -> None:
    # 40 values in 20 bins: two in each, and so one bit of log₂ 40 missing.
    factors = every_combination(40, 2)
    assert mig(standardised(factors), factors, bootstrap=0).gaps == pytest.approx([1 - np.log(2) / np.log(40), 1])


def test_a_factor_that_two_dimensions_tell_alike_has_no_gap() -> None:
    factors = every_combination(4, 5, times=2)
    codes = standardised(factors)
    assert mig(np.hstack([codes, -2 * codes]), factors, bootstrap=0).score == pytest.approx(0, abs=1e-12)


def test_a_rotation_by_45_degrees_closes_the_gap() -> None:
    factors = every_combination(5, 5)
    codes = np.stack([factors.sum(axis=1), factors[:, 0] - factors[:, 1]], axis=1)
    assert mig(codes, factors, bootstrap=0).score == pytest.approx(0, abs=1e-12)


def test_noise_closes_it_and_codes_of_nothing_have_none() -> None:
    factors = random_factors(5000)
    noise = np.random.default_rng(1).normal(size=(5000, 5))
    scores = [mig(standardised(factors) + level * noise, factors, bootstrap=0).score for level in (0, 0.2, 0.5, 1, 3)]
    assert all(np.diff(scores) < 0)
    assert mig(noise, factors, bootstrap=0).score < 0.005


def test_of_a_single_dimension_the_second_is_zero() -> None:
    factors = every_combination(2, 3, times=4)
    assert mig(standardised(factors)[:, :1], factors, bootstrap=0).gaps == pytest.approx([1, 0])


def test_one_factor_is_enough() -> None:
    factors = every_combination(3, 8)
    found = mig(standardised(factors), factors[:, :1])
    assert found.score == pytest.approx(1)
    assert found.kept == (0,)


def test_dead_dimensions_tell_nothing() -> None:
    factors = every_combination(2, 3, times=10)
    barely = np.float32(0.1) + np.float32(7e-9) * (np.arange(len(factors)) % 3 == 0)  # two neighbouring numbers
    codes = np.column_stack([standardised(factors), np.full(len(factors), 0.3), barely]).astype(np.float32)
    found = mig(codes, factors)
    assert found.score == pytest.approx(1)
    assert found.mutual_information[2:] == ((0.0, 0.0), (0.0, 0.0))


def test_factors_that_do_not_vary_are_left_out_and_named() -> None:
    factors = every_combination(3, 7)
    with_constant = np.insert(factors, 1, 4, axis=1)
    found = mig(standardised(factors), with_constant, bootstrap=0)
    assert found.kept == (0, 2)
    assert found.score == mig(standardised(factors), factors, bootstrap=0).score


@given(st.integers(0, 2**32), st.integers(1, 6), st.lists(st.integers(2, 9), min_size=1, max_size=4))
def test_what_does_not_matter_changes_nothing(seed: int, dimensions: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    factors = np.vstack([np.zeros(len(sizes), np.int64), rng.integers(0, sizes, (60, len(sizes))), np.array(sizes) - 1])
    codes = rng.normal(size=(62, dimensions)) + factors[:, :1]
    found = mig(codes, factors, bootstrap=0)
    assert 0 <= found.score <= 1
    scale = 2.0 ** rng.integers(-20, 20, dimensions) * rng.choice([-1, 1], dimensions)
    assert mig(codes * scale, factors, bootstrap=0).score == pytest.approx(found.score, abs=1e-9)
    columns = rng.permutation(dimensions)
    assert mig(codes[:, columns], factors, bootstrap=0).score == pytest.approx(found.score, abs=1e-9)
    rows = rng.permutation(62)
    assert mig(codes[rows], factors[rows], bootstrap=0).score == pytest.approx(found.score, abs=1e-9)
    names = np.stack([rng.permutation(100)[:9] - 50 for _ in sizes])
    renamed = np.stack([name[column] for name, column in zip(names, factors.T, strict=True)], axis=1)
    assert mig(codes, renamed, bootstrap=0).score == pytest.approx(found.score, abs=1e-9)


def test_the_interval_is_as_wide_as_the_score_varies_between_draws() -> None:
    def draw(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        factors = random_factors(1000, (3, 6), seed)
        noise = 0.5 * np.random.default_rng(seed + 1000).normal(size=(1000, 2))
        return factors + noise, factors

    found = [mig(*draw(seed)) for seed in range(40)]
    between = np.std([each.score for each in found], ddof=1)
    within = np.mean([each.interval.high - each.score for each in found if each.interval]) / 1.96
    assert within == pytest.approx(between, rel=0.35)


def test_the_interval_is_the_same_at_every_call_and_can_be_left_out() -> None:
    codes, factors, *_ = mixed_parts(300, 1, (3, 4), 3)
    first = mig(codes, factors, random_state=3)
    assert first == mig(codes, factors, random_state=3)
    assert first != mig(codes, factors, random_state=4)
    assert first.interval is not None
    assert first.interval.low < first.score < first.interval.high
    assert "examples" in first.interval.method
    assert mig(codes, factors, bootstrap=0).interval is None
    assert mig(codes, factors, bootstrap=0).score == first.score


def test_fewer_examples_than_bins_are_refused() -> None:
    factors = random_factors(19, (2, 3))
    with pytest.raises(ValueError, match="19 examples are too few for 20 bins"):
        mig(standardised(factors), factors)
