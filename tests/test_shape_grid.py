"""Parts of Shapes' grid: which values they keep, and that splits made from them stay disjoint."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.data.arrays import load_arrays
from aecore.data.shape_grid import FIXED, LEAST_PICTURES, Grid
from aecore.data.shapes import FACTOR_SIZES, GRID_SIZE, factors_of

any_steps = st.tuples(*(st.integers(1, size) for size in FACTOR_SIZES)).filter(lambda steps: math.prod(steps) >= LEAST_PICTURES)


@given(any_steps, st.integers(0, 2**31))
def test_levels_and_positions_are_one_and_the_same(steps: tuple[int, ...], seed: int) -> None:
    grid = Grid(steps)
    positions = np.random.default_rng(seed).integers(0, grid.size, 20)
    levels = grid.levels_of(positions)
    assert np.array_equal(grid.index_of(levels), positions)
    factors = grid.at(levels)
    assert (factors >= 0).all()
    assert (factors < np.array(FACTOR_SIZES)).all()


@given(any_steps)
def test_each_level_is_another_value_and_they_rise(steps: tuple[int, ...]) -> None:
    grid = Grid(steps)
    for factor, count in enumerate(steps):
        levels = np.zeros((count, 5), np.int64)
        levels[:, factor] = np.arange(count)
        values = grid.at(levels)[:, factor]
        assert (np.diff(values) > 0).all()
        if count == 1:
            assert values[0] == FIXED[factor]
        elif factor != 2:
            assert (values[0], values[-1]) == (0, FACTOR_SIZES[factor] - 1)


def test_the_full_grid_is_the_data_set_s_own() -> None:
    grid = Grid()
    positions = np.arange(0, GRID_SIZE, 997)
    assert grid.size == GRID_SIZE
    assert np.array_equal(grid.at(grid.levels_of(positions)), factors_of(positions))


def test_few_rotations_go_round_evenly_without_coming_back() -> None:
    assert Grid((1, 1, 4, 1, 30)).at(np.array([[0, 0, level, 0, 0] for level in range(4)]))[:, 2].tolist() == [0, 10, 20, 29]


def test_which_factors_vary() -> None:
    assert Grid((1, 6, 1, 2, 32)).varying == (1, 3, 4)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((1, 1, 1, 1, 1), "1 different picture"),
        ((3, 3, 1, 1, 1), "9 different pictures; at least 100 are needed"),
        ((3, 6, 40, 32), "five numbers"),
        ((4, 6, 40, 32, 32), "shape can have 1 to 3"),
        ((3, 6, 0, 32, 32), "rotation can have 1 to 40"),
    ],
)
def test_steps_that_cannot_be_are_refused(steps: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Grid(steps)


@settings(max_examples=10)
@given(st.sampled_from([(1, 1, 1, 10, 10), (1, 3, 1, 6, 7), (3, 6, 4, 8, 8), (3, 6, 10, 11, 12), (3, 6, 10, 16, 16)]))
def test_no_picture_is_in_two_splits(steps: tuple[int, ...]) -> None:
    data = load_arrays("shapes", resolution=32, factor_steps=steps)
    seen = [{tuple(row) for row in part.factors.tolist()} for part in data if part.factors is not None]
    assert [len(part.images) for part in data] == [20_000, 2_000, 2_000]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    assert tuple(len(each) for each in seen) == Grid(steps).split_sizes(20_000, 2_000, 2_000)
    if math.prod(steps) < 24_000:
        assert len(seen[0] | seen[1] | seen[2]) == math.prod(steps)


@pytest.mark.parametrize(
    ("steps", "sizes"),
    [
        ((1, 1, 1, 10, 10), (60, 20, 20)),
        ((1, 6, 1, 5, 5), (110, 20, 20)),
        ((1, 6, 1, 16, 16), (1_230, 153, 153)),
        ((3, 6, 10, 11, 11), (17_780, 2_000, 2_000)),
        (None, (20_000, 2_000, 2_000)),
    ],
)
def test_how_many_different_pictures_are_in_the_splits(steps: tuple[int, ...] | None, sizes: tuple[int, int, int]) -> None:
    assert Grid(steps).split_sizes(20_000, 2_000, 2_000) == sizes


@given(any_steps, st.integers(0, 30_000), st.integers(0, 3_000), st.integers(0, 3_000))
def test_splits_never_have_more_than_their_size_or_than_there_is(
    steps: tuple[int, ...], train: int, validation: int, test: int
) -> None:
    grid = Grid(steps)
    found = grid.split_sizes(train, validation, test)
    assert all(0 <= mine <= size for mine, size in zip(found, (train, validation, test), strict=True))
    assert sum(found) <= grid.size
    assert all(mine >= min(size, 20) for mine, size in zip(found, (train, validation, test), strict=True))


def test_without_steps_the_data_are_what_they_were() -> None:
    whole, all_steps = load_arrays("shapes", resolution=32), load_arrays("shapes", resolution=32, factor_steps=FACTOR_SIZES)
    assert np.array_equal(whole.test.images, all_steps.test.images)
