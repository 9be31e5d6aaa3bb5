"""Areas, thresholds and decisions against scikit-learn, numpy and hand-made cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from aecore.metrics.anomaly import Decision, Threshold, _resampled, areas

scores_and_truth = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=40)


@given(scores_and_truth)
def test_areas_are_scikit_learns_also_with_ties(cases: list[tuple[int, bool]]) -> None:
    scores, truth = np.array([score for score, _ in cases], float), np.array([each for _, each in cases])
    found = areas(scores, truth, resamples=20)
    if truth.all() or not truth.any():
        assert found is None
        return
    assert found is not None
    assert found.auroc.value == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert found.average_precision.value == pytest.approx(average_precision_score(truth, scores), abs=1e-12)


@given(scores_and_truth, st.integers(0, 100))
def test_a_draw_has_the_areas_of_the_cases_that_are_in_it(cases: list[tuple[int, bool]], seed: int) -> None:
    """The sums along sorted cases, against scikit-learn on the drawn cases themselves."""
    scores, truth = np.array([score for score, _ in cases], float), np.array([each for _, each in cases])
    count = len(scores)
    rocs, precisions = _resampled(scores, truth, 3, seed)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=3)
    order = np.argsort(-scores, kind="stable")
    for roc, precision, times in zip(rocs, precisions, draws, strict=True):
        drawn, said = np.repeat(scores[order], times), np.repeat(truth[order], times)
        if said.all() or not said.any():
            assert not math.isfinite(roc) or said.any()
            continue
        assert roc == pytest.approx(roc_auc_score(said, drawn), abs=1e-12)
        assert precision == pytest.approx(average_precision_score(said, drawn), abs=1e-12)


def test_the_interval_holds_what_it_should_in_about_95_of_100_samples() -> None:
    """Scores N(0, 1) and N(1, 1): AUROC is Φ(1/√2)."""
    truth = 0.5 * (1 + math.erf(1 / 2))
    draws = np.random.default_rng(0)
    inside = 0
    for seed in range(100):
        found = areas(np.concatenate([draws.normal(size=80), draws.normal(1, size=60)]), np.arange(140) >= 80, 200, seed)
        assert found is not None
        inside += found.auroc.low <= truth <= found.auroc.high
    assert 88 <= inside <= 100


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        areas(np.array([1.0, np.nan]), np.array([True, False]))
    with pytest.raises(ValueError, match="one truth for each score"):
        areas(np.array([1.0, 2.0]), np.array([True]))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0.5, 6), st.floats(0.01, 0.99))
def test_thresholds_are_numpys(scores: list[float], k: float, q: float) -> None:
    values = np.array(scores)
    sigma = values.std(ddof=1) if len(values) > 1 else 0.0
    assert Threshold("mean", k).of(values) == pytest.approx(values.mean() + k * sigma)
    assert Threshold("quantile", q).of(values) == pytest.approx(np.quantile(values, q))
    assert Threshold("largest").of(values) == values.max()


def test_thresholds_are_read_and_said() -> None:
    assert Threshold.parse("mean+2.5") == Threshold("mean", 2.5)
    assert Threshold.parse("quantile:0.95").words == "95 % quantile"
    assert Threshold.parse("largest").words == "largest"
    assert Threshold().words == "mean + 3·σ"
    for wrong in ("median", "mean+", "mean+x", "quantile:1", "quantile:nan", "", "mean+-1"):
        if wrong == "mean+":
            assert Threshold.parse(wrong) == Threshold()
            continue
        with pytest.raises(ValueError, match="A threshold is mean"):
            Threshold.parse(wrong)
    with pytest.raises(ValueError, match="no normal cases"):
        Threshold().of(np.zeros(0))


@given(scores_and_truth, st.integers(-5, 5))
def test_decisions_are_scikit_learns(cases: list[tuple[int, bool]], threshold: int) -> None:
    scores, truth = np.array([score for score, _ in cases], float), np.array([each for _, each in cases])
    called = scores > threshold
    found = Decision.at(threshold, scores, truth)
    matrix = confusion_matrix(truth, called, labels=[False, True])
    assert [[found.left_alone, found.false_alarms], [found.missed, found.found]] == matrix.tolist()
    assert found.accuracy == pytest.approx(accuracy_score(truth, called))
    assert (found.precision is None) == (not called.any())
    assert (found.recall is None) == (not truth.any())
    assume(called.any() and truth.any())
    assert found.precision == pytest.approx(precision_score(truth, called))
    assert found.recall == pytest.approx(recall_score(truth, called))
    assert found.f1 == pytest.approx(f1_score(truth, called))
