"""The sprites against closed forms: areas, centres of mass, symmetries; and the grid of factors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.data import shapes
from aecore.data.shapes import (
    AREA,
    FACTOR_NAMES,
    FACTOR_SIZES,
    FACTOR_VALUES,
    GRID_SIZE,
    Shapes,
    coverage,
    factors_of,
    index_of,
    sample_factors,
)

Array = npt.NDArray[Any]

SQUARE, ELLIPSE, HEART = range(3)
SIZES = (64, 32)


def one(shape: int, scale: int = 5, rotation: int = 0, x: int = 16, y: int = 16) -> Array:
    return np.array([[shape, scale, rotation, x, y]])


def centre_of_mass(image: Array) -> tuple[float, float]:
    """x and y in pixels, pixel i at i + 0.5."""
    weights = image.astype(float)
    at = np.arange(len(image)) + 0.5
    return weights.sum(axis=0) @ at / weights.sum(), weights.sum(axis=1) @ at / weights.sum()


def test_the_factors_are_those_of_dsprites() -> None:
    assert FACTOR_NAMES == ("shape", "scale", "rotation", "x", "y")
    assert FACTOR_SIZES == tuple(len(values) for values in FACTOR_VALUES) == (3, 6, 40, 32, 32)
    assert GRID_SIZE == 737_280
    assert FACTOR_VALUES[1].tolist() == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert FACTOR_VALUES[2][[0, -1]].tolist() == pytest.approx([0, 2 * math.pi])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_antialiased_area_is_the_closed_form_at_every_scale_and_rotation(shape: int, size: int) -> None:
    # 21² for the square, π a b for the ellipse, s² (1 + π/4) for the heart: all are AREA times scale².
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(40), indexing="ij"), axis=-1).reshape(-1, 2)
    factors = np.column_stack([np.full(240, shape), grid, np.full(240, 7), np.full(240, 20)])
    areas = Shapes(size).draw(factors).sum(axis=(1, 2), dtype=float) / 255 * (64 / size) ** 2
    expected = AREA * FACTOR_VALUES[1][grid[:, 0]] ** 2
    # A side along the pixels can fall between two subsamples as a whole; a slanted one averages out.
    slanted = grid[:, 1] % 39 != 0
    np.testing.assert_allclose(areas, expected, rtol=0.02)
    np.testing.assert_allclose(areas[slanted], expected[slanted], rtol=0.006)


def test_the_closed_forms_behind_the_equal_areas() -> None:
    assert shapes.SQUARE_SIDE**2 == AREA
    assert pytest.approx(AREA) == math.pi * shapes.ELLIPSE_MAJOR * shapes.ELLIPSE_MINOR
    radius = shapes.HEART_SIDE / 2
    assert pytest.approx(AREA) == shapes.HEART_SIDE**2 + math.pi * radius**2


@pytest.mark.parametrize("scale", range(6))
def test_upright_square_has_its_side_in_both_directions(scale: int) -> None:
    side = shapes.SQUARE_SIDE * FACTOR_VALUES[1][scale]
    image = Shapes().draw(one(SQUARE, scale))[0] / 255
    # Pixel columns through the middle, and rows: their covered length is the side, to the 1/8 of a subsample.
    assert image[:, 32].sum() == pytest.approx(side, abs=0.13)
    assert image[32].sum() == pytest.approx(side, abs=0.13)


def test_the_largest_upright_binary_square_is_exactly_21_by_21() -> None:
    image = Shapes(antialias=False).draw(one(SQUARE))[0]
    expected = np.zeros((64, 64), np.uint8)
    expected[22:43, 22:43] = 255  # centre 32.5, half a side 10.5
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_binary_images_have_two_values_and_about_the_area(shape: int, size: int) -> None:
    rotations = np.array([one(shape, rotation=rotation)[0] for rotation in range(40)])
    images = Shapes(size, antialias=False).draw(rotations)
    assert set(np.unique(images)) == {0, 255}
    assert (images == 255).sum(axis=(1, 2)).mean() * (64 / size) ** 2 == pytest.approx(AREA, rel=0.03)


def test_binary_is_half_coverage() -> None:
    factors = sample_factors(50, np.random.default_rng(3))
    for size in SIZES:
        smooth, binary = Shapes(size).draw(factors), Shapes(size, antialias=False).draw(factors)
        np.testing.assert_array_equal(binary, np.where(smooth >= 128, 255, 0))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_centre_of_mass_follows_x_and_y_one_pixel_a_step(shape: int, size: int) -> None:
    draw = Shapes(size).draw
    for step in range(32):
        image = draw(one(shape, rotation=11, x=step, y=31 - step))[0]
        expected = np.array([16.5 + step, 47.5 - step]) * size / 64
        np.testing.assert_allclose(centre_of_mass(image), expected, atol=0.06)
    np.testing.assert_allclose(FACTOR_VALUES[3] * 64, 16.5 + np.arange(32))


@pytest.mark.parametrize("size", SIZES)
def test_every_sprite_lies_inside_its_image_wherever_it_is(size: int) -> None:
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(40), (0, 31), (0, 31), indexing="ij"), axis=-1)
    shape, rotation, x, y = grid.reshape(-1, 4).T
    images = Shapes(size).draw(np.column_stack([shape, np.full_like(shape, 5), rotation, x, y]))
    # The same mass everywhere: nothing is cut off. (At 32 pixels, rounding differs with the phase.)
    mass = images.sum(axis=(1, 2), dtype=float).reshape(-1, 4)
    np.testing.assert_allclose(mass, mass[:, :1].repeat(4, axis=1), rtol=0.002)


@pytest.mark.parametrize(("shape", "turn"), [(SQUARE, math.pi / 2), (ELLIPSE, math.pi), (HEART, 2 * math.pi), (SQUARE, math.pi)])
def test_turning_by_a_symmetric_angle_changes_nothing(shape: int, turn: float) -> None:
    dy, dx = (axis.ravel() for axis in np.mgrid[-16.0:17, -16.0:17])
    scale = np.ones(3)
    angles = np.array([0.3, 1.1, 2.0])
    before, after = coverage(shape, scale, angles, dx, dy), coverage(shape, scale, angles + turn, dx, dy)
    np.testing.assert_allclose(after, before, atol=1 / 64 + 1e-9)


def test_a_quarter_turn_is_clockwise() -> None:
    dy, dx = (axis.ravel() for axis in np.mgrid[-16.0:17, -16.0:17])
    upright, turned = coverage(HEART, np.ones(2), np.array([0, math.pi / 2]), dx, dy).reshape(2, 33, 33)
    np.testing.assert_allclose(turned, np.rot90(upright, k=-1), atol=2 / 64)
    assert not np.allclose(turned, upright, atol=0.5)


def test_the_upright_heart_is_mirror_symmetric_with_two_lobes_above_a_tip() -> None:
    image = Shapes().draw(one(HEART))[0][16:49, 16:49]  # centred on pixel 32
    np.testing.assert_array_equal(image, image[:, ::-1])
    rows = np.flatnonzero(image.any(axis=1))
    top, bottom = image[rows[0] + 1], image[rows[-1]]
    assert (np.diff((top > 0).astype(int)) == 1).sum() == 2
    assert 1 <= (bottom > 0).sum() <= 3


def test_the_last_rotation_repeats_the_first() -> None:
    draw = Shapes().draw
    for shape in range(3):
        np.testing.assert_array_equal(draw(one(shape, rotation=39)), draw(one(shape, rotation=0)))
        assert (draw(one(shape, rotation=38)) != draw(one(shape, rotation=0))).any()


@given(st.integers(0, GRID_SIZE - 1))
def test_an_image_from_the_bank_is_the_sprite_drawn_alone(index: int) -> None:
    factors = factors_of(np.array([index]))
    shape, scale, rotation, x, y = (values[i] for values, i in zip(FACTOR_VALUES, factors[0], strict=True))
    rows, columns = (axis.ravel() for axis in np.mgrid[0.5:64, 0.5:64])
    drawn = coverage(int(shape), np.array([scale]), np.array([rotation]), columns - 64 * x, rows - 64 * y).reshape(64, 64)
    np.testing.assert_array_equal(Shapes().draw(factors)[0], np.rint(drawn * 255))
    blocks = np.rint(drawn * 255).reshape(32, 2, 32, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(Shapes(32).draw(factors)[0], blocks, atol=0.5)


def test_supersampling_only_along_the_edge_loses_nothing() -> None:
    fine = (np.arange(33 * 8) + 0.5) / 8 - 16.5
    dy, dx = (axis.ravel() for axis in np.meshgrid(fine, fine, indexing="ij"))
    rows, columns = (axis.ravel() for axis in np.mgrid[-16.0:17, -16.0:17])
    for shape in range(3):
        inside = shapes._LEVELS[shape](dx / 0.9, dy / 0.9) < 0
        everywhere = inside.reshape(33, 8, 33, 8).mean(axis=(1, 3)).ravel()
        drawn = coverage(shape, np.array([0.9]), np.array([0.0]), columns, rows)[0]
        np.testing.assert_allclose(drawn, everywhere, atol=1e-12)


def test_images_are_deterministic_and_writable_and_their_own() -> None:
    factors = sample_factors(20, np.random.default_rng(0))
    first, second = Shapes().draw(factors), Shapes().draw(factors)
    assert first.shape == (20, 64, 64)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    first[:] = 0
    np.testing.assert_array_equal(Shapes().draw(factors), second)
    assert Shapes().draw(factors[:0]).shape == (0, 64, 64)


def test_sampled_factors_are_uniform_and_seeded() -> None:
    factors = sample_factors(6_000, np.random.default_rng(0))
    np.testing.assert_array_equal(factors, sample_factors(6_000, np.random.default_rng(0)))
    for column, size in zip(factors.T, FACTOR_SIZES, strict=True):
        counts = np.bincount(column, minlength=size)
        assert len(counts) == size
        assert np.abs(counts - 6_000 / size).max() < 5 * math.sqrt(6_000 / size)


@given(st.lists(st.integers(0, GRID_SIZE - 1), min_size=1, max_size=20))
def test_index_to_factors_and_back(indices: list[int]) -> None:
    factors = factors_of(np.array(indices))
    assert (factors >= 0).all()
    assert (factors < FACTOR_SIZES).all()
    assert index_of(factors).tolist() == indices


def test_y_is_the_fastest_factor() -> None:
    assert factors_of(np.array([0, 1, 32, GRID_SIZE - 1])).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
        [2, 5, 39, 31, 31],
    ]


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("wrong", ["below", "above"])
def test_factors_out_of_range_are_named(column: int, wrong: str) -> None:
    factors = one(SQUARE)
    factors[0, column] = -1 if wrong == "below" else FACTOR_SIZES[column]
    sentence = f"'{FACTOR_NAMES[column]}' must lie between 0 and {FACTOR_SIZES[column] - 1}"
    with pytest.raises(ValueError, match=sentence):
        Shapes().draw(factors)
    with pytest.raises(ValueError, match=sentence):
        index_of(factors)


@pytest.mark.parametrize("factors", [np.zeros(5, int), np.zeros((2, 4), int), np.zeros((2, 5))])
def test_factors_of_the_wrong_form_are_refused(factors: Array) -> None:
    with pytest.raises(ValueError, match="whole numbers in an array of shape"):
        Shapes().draw(factors)


@pytest.mark.parametrize("index", [-1, GRID_SIZE])
def test_positions_outside_the_grid_are_refused(index: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 737279"):
        factors_of(np.array([index]))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="64 or 32 pixels, not 48"):
        Shapes(48)


def test_the_speed_is_a_positive_number() -> None:
    assert shapes.images_per_second(count=10) > 0
