"""UDR: the paper's formula loop by loop, known answers, what does not matter, and bad inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr

from aecore.metrics.disentanglement import INFORMATIVE_KL, udr

Floats = NDArray[np.float64]


def sources(count: int = 400, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, 4))


def turned(codes: Floats, seed: int) -> Floats:
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(codes.shape[1], codes.shape[1])))
    return np.asarray(codes @ rotation)


def textbook(first: Floats, second: Floats) -> float:
    """One pair, of informative dimensions only."""
    similar = np.array([[abs(spearmanr(a, b).statistic) for b in second.T] for a in first.T])
    total = 0.0
    for b in range(second.shape[1]):
        total += similar[:, b].max() ** 2 / similar[:, b].sum()
    for a in range(first.shape[1]):
        total += similar[a].max() ** 2 / similar[a].sum()
    return float(total / (first.shape[1] + second.shape[1]))


def test_it_is_the_formula_of_the_paper() -> None:
    codes = [sources()[:, :3] + 0.4 * sources(seed=1)[:, :3], turned(sources(), 2), sources() ** 3]
    kl = [np.array([1.0, 2.0, 0.5]), np.array([1.0, INFORMATIVE_KL, 3.0, 2.0]), np.array([0.011, 1.0, 1.0, 0.0])]
    found = udr(codes, kl)
    assert found.informative == ((0, 1, 2), (0, 2, 3), (0, 1, 2))
    kept = [each[:, list(columns)] for each, columns in zip(codes, found.informative, strict=True)]
    for i in range(3):
        assert math.isnan(found.pairs[i][i])
        for j in range(3):
            if i != j:
                assert found.pairs[i][j] == pytest.approx(textbook(kept[i], kept[j]))
    others = [[found.pairs[i][j] for j in range(3) if j != i] for i in range(3)]
    assert found.scores == pytest.approx([np.median(each) for each in others])


def test_models_that_agree_score_one_and_those_that_do_not_less() -> None:
    # Exactly uncorrelated ranks: all combinations of three values.
    grid = np.stack(np.meshgrid(*[np.arange(3.0)] * 4), axis=-1).reshape(-1, 4)
    kl = np.ones(4)
    agree = [grid, -grid[:, [2, 0, 1, 3]], np.exp(grid[:, ::-1])]
    assert udr(agree, [kl] * 3).scores == pytest.approx((1, 1, 1))
    found = udr([*agree, turned(grid, 0)], [kl] * 4)
    assert all(score > found.scores[3] for score in found.scores[:3])
    assert found.intervals is not None
    # Two of the three others agree with it: the median stays, resamples of the others differ.
    assert found.scores[0] == pytest.approx(1)
    assert found.intervals[0].low < 0.9
    assert "other models" in found.intervals[0].method


def test_dimensions_that_are_not_informative_or_do_not_vary_do_not_count() -> None:
    codes = sources()
    noise = sources(seed=9)
    kl = np.array([1.0, 1.0, 0.0, 0.0])
    mixed = np.hstack([codes[:, :2], noise[:, 2:]])
    assert udr([codes, mixed], [kl, kl]).scores[0] > 0.85
    assert udr([codes, mixed], [np.ones(4)] * 2).scores[0] < 0.6
    constant = codes.copy()
    constant[:, 0] = 3.0
    assert 0 < udr([constant, codes], [np.ones(4)] * 2).scores[0] < udr([codes, codes], [np.ones(4)] * 2).scores[0]
    assert udr([codes, codes], [np.zeros(4), np.ones(4)]).scores == (0, 0)


@given(st.integers(0, 2**32), st.integers(2, 5))
def test_what_does_not_matter_changes_nothing(seed: int, models: int) -> None:
    rng = np.random.default_rng(seed)
    codes = [rng.normal(size=(30, int(rng.integers(1, 4)))) for _ in range(models)]
    kl = [rng.choice([0.0, 1.0], each.shape[1]) for each in codes]
    found = udr(codes, kl, bootstrap=0)
    assert all(0 <= score <= 1 for score in found.scores)
    columns = [rng.permutation(each.shape[1]) for each in codes]
    changed = [np.sinh(-2 * each[:, order]) for each, order in zip(codes, columns, strict=True)]
    rows = rng.permutation(30)
    other = udr([each[rows] for each in changed], [each[order] for each, order in zip(kl, columns, strict=True)], bootstrap=0)
    assert other.scores == pytest.approx(found.scores)
    assert np.array(other.pairs) == pytest.approx(np.array(other.pairs).T, nan_ok=True)


def test_two_models_have_no_interval_and_the_random_state_decides_it() -> None:
    codes, kl = [turned(sources(), seed) for seed in range(5)], [np.ones(4)] * 5
    assert udr(codes[:2], kl[:2]).intervals is None
    assert udr(codes, kl, bootstrap=0).intervals is None
    assert udr(codes, kl, random_state=1).intervals == udr(codes, kl, random_state=1).intervals
    assert udr(codes, kl, random_state=1).intervals != udr(codes, kl, random_state=2).intervals


def test_bad_inputs_are_refused_in_words() -> None:
    codes, kl = sources(), np.ones(4)
    for bad_codes, bad_kl, why in (
        ([codes], [kl], "at least two"),
        ([codes, codes], [kl], "at least two"),
        ([codes, codes[1:]], [kl, kl], "same images"),
        ([codes[:1], codes[:1]], [kl, kl], "two or more"),
        ([codes, codes], [kl, kl[:3]], "Network 2 needs one finite KL for each of its 4"),
        ([codes, codes], [kl * np.nan, kl], "Network 1 needs"),
        ([codes, codes * np.inf], [kl, kl], "Codes of network 2 hold 1,600 of 1,600 numbers"),
    ):
        with pytest.raises(ValueError, match=why):
            udr(bad_codes, bad_kl)
    with pytest.raises(ValueError, match="at least 2 resamples"):
        udr([codes, codes], [kl, kl], bootstrap=-1)
