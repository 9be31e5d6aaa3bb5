"""Drawing labelled images, and the classifier that learns from them, against scikit-learn by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from aecore import probe_classifier
from aecore.probe_classifier import FEW_STRENGTH, FOLDS, STRENGTHS, draw, learn

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def clouds(count: int, seed: int = 0, apart: float = 1.5) -> tuple[Floats, Integers]:
    """Three overlapping clouds in six dimensions, two of which say nothing."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centres = np.random.default_rng(9).normal(0, apart, (3, 6))
    centres[:, 4:] = 0
    return (centres[labels] + rng.normal(size=(count, 6))).astype(np.float32), labels.astype(np.int64)


@given(st.data())
def test_each_class_is_drawn_equally_often(data: st.DataObject) -> None:
    classes = data.draw(st.lists(st.integers(0, 20), min_size=2, max_size=5, unique=True).map(sorted))
    sizes = [data.draw(st.integers(1, 12)) for _ in classes]
    labels = np.random.default_rng(1).permutation(np.repeat(classes, sizes))
    count = data.draw(st.integers(len(classes), len(classes) * min(sizes)))
    seed = data.draw(st.integers(0, 2**63 - 1))
    drawn = draw(labels, classes, count, seed)
    assert len(set(drawn.tolist())) == count == len(drawn)
    of_each = [int((labels[drawn] == each).sum()) for each in classes]
    assert max(of_each) - min(of_each) <= 1
    assert drawn.tolist() == draw(labels, classes, count, seed).tolist()
    fewer = draw(labels, classes, data.draw(st.integers(len(classes), count)), seed)
    assert set(fewer.tolist()) <= set(drawn.tolist())


def test_draws_with_other_seeds_are_others() -> None:
    labels = np.arange(300) % 3
    assert len({tuple(sorted(draw(labels, (0, 1, 2), 9, seed).tolist())) for seed in range(10)}) == 10


def test_zero_draws_all() -> None:
    assert draw(np.array([4, 4, 2]), (2, 4), 0, 5).tolist() == [0, 1, 2]


def test_what_cannot_be_drawn_is_said() -> None:
    labels = np.repeat([0, 1, 2], (10, 4, 10))
    with pytest.raises(ValueError, match="2 labels are too few for 3 classes: ask for 3 at least"):
        draw(labels, (0, 1, 2), 2, 0)
    with pytest.raises(
        ValueError, match=r"only 4 training images of class 1, and 5 .* ask for 12 labels at most, or for all \(24\)"
    ):
        draw(labels, (0, 1, 2), 15, 0)


def test_with_too_few_images_of_a_class_the_strength_is_fixed() -> None:
    numbers, labels = clouds(8)
    model = learn(numbers, labels)
    assert model.C == FEW_STRENGTH
    direct = LogisticRegression(C=FEW_STRENGTH, tol=1e-8, max_iter=2000).fit(numbers, labels)
    np.testing.assert_allclose(model.coef_, direct.coef_, atol=2e-4)


def test_the_strength_is_that_of_the_best_cross_validation() -> None:
    numbers, labels = clouds(60, apart=0.8)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = {
        strength: cross_val_score(LogisticRegression(C=strength, tol=1e-4, max_iter=500), numbers, labels, cv=folds).mean()
        for strength in STRENGTHS
    }
    model = learn(numbers, labels)
    assert scores[model.C] == pytest.approx(max(scores.values()))
    assert min(scores.values()) < max(scores.values()) - 0.02, "some strengths are worse, so that there is something to choose"
    direct = LogisticRegression(C=model.C, tol=1e-8, max_iter=2000).fit(numbers, labels)
    np.testing.assert_allclose(model.predict_proba(numbers), direct.predict_proba(numbers), atol=0.01)


def test_many_images_are_split_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_classifier, "ONE_SPLIT_FROM", 60)
    numbers, labels = clouds(60)
    ((kept, held_out),) = probe_classifier._splits(labels)
    assert sorted([*kept, *held_out]) == list(range(60))
    assert len(held_out) == 10
    assert np.ptp(np.bincount(labels[held_out])) <= 1
    fresh, truth = clouds(300, seed=3)
    assert learn(numbers, labels).score(fresh, truth) > 0.8


def test_progress_rises_to_the_end_and_what_it_raises_ends_the_work() -> None:
    numbers, labels = clouds(30)
    told: list[float] = []
    learn(numbers, labels, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 20

    class StopError(Exception):
        pass

    def stop(done: float) -> None:
        if done > 0.1:
            raise StopError

    with pytest.raises(StopError):
        learn(numbers, labels, stop)
