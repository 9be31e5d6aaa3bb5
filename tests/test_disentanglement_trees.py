"""The boosted trees of DCI against scikit-learn's own: one tree, a classifier, and what other examples would make of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

from aecore.metrics.disentanglement.boosting import ROUNDS, Boosting, Round
from aecore.metrics.disentanglement.importance import Importance
from aecore.metrics.disentanglement.intervals import group_resamples
from aecore.metrics.disentanglement.regression_tree import LEAVES, TreeGrower

Singles = NDArray[np.float32]


def nothing() -> None:
    pass


def grown(x: Singles, target: NDArray[np.float64], seed: int = 0) -> Round:
    """A round of one tree."""
    tree, leaf = TreeGrower(x).grow(target, np.random.default_rng(seed))
    return Round((tree,), target[None], leaf[None])


@given(st.integers(0, 2**32), st.integers(20, 120), st.integers(1, 5))
def test_a_tree_is_scikit_learns(seed: int, examples: int, dimensions: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(examples, dimensions)).astype(np.float32)
    target = np.clip(0.3 * x[:, 0] + 0.3 * rng.normal(size=examples), -1, 1)
    tree, leaf = TreeGrower(x).grow(target, rng)
    theirs = DecisionTreeRegressor(max_depth=3, random_state=0).fit(x, target)
    # Nodes of two or three examples have many equal splits, which both break at random: compare the first.
    assert tree.features[0] == theirs.tree_.feature[0]
    assert tree.thresholds[0] == pytest.approx(theirs.tree_.threshold[0])
    assert (tree.leaves(x) == leaf).all()
    if np.bincount(leaf, minlength=LEAVES).min() > 3:
        means = np.bincount(leaf, target, LEAVES) / np.bincount(leaf, minlength=LEAVES)
        assert means[leaf] == pytest.approx(theirs.predict(x))
        other = rng.normal(size=(50, dimensions)).astype(np.float32)
        assert means[tree.leaves(other)] == pytest.approx(theirs.predict(other))


@given(st.integers(0, 2**32), st.integers(2, 60))
def test_each_split_takes_away_as_much_error_as_it_says(seed: int, examples: int) -> None:
    # Few different numbers, some dimensions constant, many equal targets.
    rng = np.random.default_rng(seed)
    x = rng.integers(0, [1, 2, 3, 9], (examples, 4)).astype(np.float32)
    target = rng.choice([-0.5, 0.0, 1.0], examples)
    tree, leaf = TreeGrower(x).grow(target, rng)
    assert (tree.leaves(x) == leaf).all()
    inside = sum(((target[leaf == each] - target[leaf == each].mean()) ** 2).sum() for each in np.unique(leaf))
    assert tree.gains.sum() == pytest.approx(((target - target.mean()) ** 2).sum() - inside)
    best = DecisionTreeRegressor(max_depth=1).fit(x, target).tree_
    below = (best.n_node_samples[1:] * best.impurity[1:]).sum() / examples
    first = best.impurity[0] - below if best.node_count > 1 else 0  # equal examples cannot be split
    assert tree.gains[0] == pytest.approx(first * examples, abs=1e-9)


def test_numbers_that_float32_can_barely_tell_apart_are_not_split() -> None:
    x = np.array([[0.0], [5e-8], [1e-7]], np.float32)
    assert TreeGrower(x).grow(np.array([-1.0, 0.0, 1.0]), np.random.default_rng(0))[0].gains.sum() == 0


def test_equal_dimensions_are_chosen_equally_often() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(40, 1)), 2, axis=1).astype(np.float32)
    grower = TreeGrower(x)
    target = np.clip(x[:, 0], -1, 1).astype(np.float64)
    chosen = [grower.grow(target, rng)[0].features[0] for _ in range(200)]
    assert 70 < sum(chosen) < 130


@pytest.mark.parametrize("size", [2, 3, 6])
def test_a_classifier_is_scikit_learns(size: int) -> None:
    rng = np.random.default_rng(size)
    classes = rng.integers(0, size, 900)
    x = rng.normal(size=(900, 4)).astype(np.float32)
    x[:, 1] += 0.9 * classes
    x[:, 2] -= 0.5 * (classes - 1) ** 2
    boosting = Boosting(TreeGrower(x[:500]), classes[:500], size, x[500:], 0)
    importance = Importance(4, 500, 0, 0)
    for _ in range(ROUNDS):
        importance.add(boosting.round(nothing))
    theirs = GradientBoostingClassifier(random_state=0).fit(x[:500], classes[:500])
    assert importance.shares() == pytest.approx(theirs.feature_importances_, abs=0.02)
    # Not all: equal splits of small nodes are chosen at random by both.
    assert np.mean(boosting.predictions() == theirs.predict(x[500:])) > 0.95


def test_a_classifier_counts_before_each_tree() -> None:
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(60, 2)).astype(np.float32), np.arange(60) % 4
    calls: list[int] = []
    Boosting(TreeGrower(x), classes, 4, x, 0).round(lambda: calls.append(1))
    assert len(calls) == 4


@given(st.integers(0, 2**32))
def test_importance_on_other_examples_is_what_the_same_splits_take_away_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.rint(2 * rng.normal(size=(50, 3))).astype(np.float32)
    target = np.clip(0.3 * x[:, 0] - 0.1 * x[:, 2] + 0.1 * rng.normal(size=50), -1, 1)
    tried = grown(x, target)
    importance = Importance(3, 50, 5, seed)
    importance.add(tried)
    group, drawn = group_resamples(50, 5, seed)  # groups of one example each
    expected = [gains_of(tried, count[group].astype(int)) for count in drawn]
    assert importance.replicates() == pytest.approx(np.array([gains / gains.sum() for gains in expected]))
    whole = gains_of(tried, np.ones(50, int))
    assert importance.shares() == pytest.approx(whole / whole.sum())


def gains_of(tried: Round, count: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the splits on each of three dimensions take away of the squared error, with examples repeated: (3,)."""
    tree, target, leaf = tried.trees[0], np.repeat(tried.targets[0], count), np.repeat(tried.leaves[0], count)
    gains = np.zeros(3)
    for node, feature in enumerate(tree.features):
        if tree.gains[node] > 0:
            depth = int(np.log2(node + 1))
            below = (leaf + LEAVES) >> (2 - depth)  # heap numbers, from 1, of the node's children
            sides = [target[below == child] for child in (2 * node + 2, 2 * node + 3)]
            errors = [float(((side - side.mean()) ** 2).sum()) if side.size else 0.0 for side in (np.concatenate(sides), *sides)]
            gains[feature] += errors[0] - errors[1] - errors[2]
    return gains


def test_a_tree_that_does_not_split_counts_nothing() -> None:
    x = np.array([[-1.0, 0.0]] * 10 + [[1.0, 0.0]] * 10, np.float32)
    importance = Importance(2, 20, 4, 0)
    importance.add(grown(x, np.zeros(20)))
    assert importance.shares().tolist() == [0, 0]
    importance.add(grown(x, np.sign(x[:, 0]).astype(np.float64)))
    assert importance.shares().tolist() == [1, 0]
    assert importance.replicates().tolist() == [[1, 0]] * 4
