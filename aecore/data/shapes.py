"""White sprites on black whose five generating factors are known: a data set in the manner of dSprites.

Every image is one choice of shape, scale, rotation, x and y, so a latent code can be compared with the truth.
After Matthey, Higgins, Hassabis and Lerchner (2017), "dSprites: disentanglement testing sprites dataset",
https://github.com/google-deepmind/dsprites-dataset; the geometry below is this project's own.

Lengths are pixels of the 64-pixel image, x runs right and y runs down, and pixel i covers [i, i + 1).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHAPE_NAMES = ("square", "ellipse", "heart")
FACTOR_NAMES = ("shape", "scale", "rotation", "x", "y")
FACTOR_SIZES = (3, 6, 40, 32, 32)
IMAGE_SIZES = (64, 32)
GRID_SIZE = math.prod(FACTOR_SIZES)

# Rotation 39 is a full turn and so the same picture as rotation 0: dSprites has this duplicate, and keeping
# it keeps the grid (and every published index into it) the same size. One step of x or y is one pixel, and
# 16.5 ... 47.5 is centred in the image.
FACTOR_VALUES: tuple[Floats, ...] = (
    np.arange(3.0),
    np.linspace(0.5, 1.0, 6),
    np.linspace(0.0, 2.0 * math.pi, 40),
    (16.5 + np.arange(32)) / 64,
    (16.5 + np.arange(32)) / 64,
)
"""What each step means: shape number, scale, clockwise radians, centre x and centre y in image widths."""

# The three shapes have the same area at the same scale, so that no pixel count gives the shape away.
# 21 is odd: an upright square that is centred on a pixel then ends on pixel borders.
SQUARE_SIDE = 21.0
AREA = SQUARE_SIDE**2
ELLIPSE_MAJOR = 16.0  # the largest radius of all: less than 16.5, so every sprite lies inside its image
ELLIPSE_MINOR = AREA / (math.pi * ELLIPSE_MAJOR)
# A heart is a square standing on its corner and half a disc on each of its two upper sides.
HEART_SIDE = math.sqrt(AREA / (1 + math.pi / 4))
# How far the centre of the heart's square lies below the heart's centre of mass (half-disc centroid: 4r /
# 3π).
HEART_DROP = HEART_SIDE * (1 / 2 + 2 / (3 * math.pi)) / math.sqrt(2) * (math.pi / 4) / (1 + math.pi / 4)

_PATCH = 33  # pixels that a sprite centred on a pixel can touch, per axis
_BANK = 95  # 64 + 31: all windows of 64 pixels around a sprite that 32 positions can ask for
_SUBSAMPLES = 8  # per axis and pixel, along a sprite's edge


# Each shape is a level function: negative inside, and never changing faster than the distance walked
# (1-Lipschitz), so its absolute value never exceeds the distance to the edge.
def _square(u: Floats, v: Floats) -> Floats:
    return np.maximum(np.abs(u), np.abs(v)) - SQUARE_SIDE / 2


def _ellipse(u: Floats, v: Floats) -> Floats:
    return (np.sqrt((u / ELLIPSE_MAJOR) ** 2 + (v / ELLIPSE_MINOR) ** 2) - 1) * ELLIPSE_MINOR


def _heart(u: Floats, v: Floats) -> Floats:
    u, v = np.abs(u), v - HEART_DROP
    corner = (u + np.abs(v)) / math.sqrt(2) - HEART_SIDE / 2
    lobe = HEART_SIDE / math.sqrt(8)
    return np.minimum(corner, np.sqrt((u - lobe) ** 2 + (v + lobe) ** 2) - HEART_SIDE / 2)


_LEVELS: tuple[Callable[[Floats, Floats], Floats], ...] = (_square, _ellipse, _heart)


def _level(shape: int, scale: Floats, rotation: Floats, dx: Floats, dy: Floats) -> Floats:
    """Level of points at (dx, dy) from the sprite's centre, in pixels; the arguments broadcast."""
    cosine, sine = np.cos(rotation), np.sin(rotation)
    u, v = (dx * cosine + dy * sine) / scale, (dy * cosine - dx * sine) / scale
    return _LEVELS[shape](u, v) * scale


def coverage(shape: int, scale: Floats, rotation: Floats, dx: Floats, dy: Floats) -> Floats:
    """How much of each 1x1 pixel the sprite covers, 0 to 1 in steps of 1/64.

    `scale` and `rotation` (radians, clockwise) have shape (N,); `dx` and `dy` (pixel centres relative to the
    sprite's centre, in pixels) have shape (P,). Returns (N, P).
    """
    level = _level(shape, scale[:, None], rotation[:, None], dx, dy)
    covered = (level < 0).astype(np.float64)
    # A pixel's corners are √½ from its centre: only pixels nearer to the edge than that are partly covered.
    sprite, pixel = np.nonzero(np.abs(level) <= math.sqrt(0.5))
    steps = (np.arange(_SUBSAMPLES) + 0.5) / _SUBSAMPLES - 0.5
    down, right = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    inside = _level(shape, scale[sprite, None], rotation[sprite, None], dx[pixel, None] + right, dy[pixel, None] + down)
    covered[sprite, pixel] = (inside < 0).mean(axis=1)
    return covered


@lru_cache(maxsize=4)
def _bank(size: int, antialias: bool) -> Bytes:
    """Every (shape, scale, rotation) once, centred on black: (720, 95, 95), or (720, 94, 94) for 32 pixels.

    At 32 pixels, entry [i, j] is the mean of a 2x2 block that starts at [i, j], so that an image is every
    second row and column of a window, whether the sprite's position is a whole or a half pixel.
    """
    reach = np.arange(_PATCH) - _PATCH // 2
    dy, dx = (grid.ravel().astype(np.float64) for grid in np.meshgrid(reach, reach, indexing="ij"))
    scale, rotation = (grid.ravel() for grid in np.meshgrid(*FACTOR_VALUES[1:3], indexing="ij"))
    patches = np.concatenate([coverage(shape, scale, rotation, dx, dy) for shape in range(len(SHAPE_NAMES))])
    bank = np.zeros((len(patches), _BANK, _BANK), np.uint8)
    margin = (_BANK - _PATCH) // 2
    bank[:, margin:-margin, margin:-margin] = np.rint(patches * 255).reshape(-1, _PATCH, _PATCH)
    if size == 32:
        wide = bank.astype(np.uint16)
        rows = wide[:, :-1] + wide[:, 1:]
        bank = ((rows[:, :, :-1] + rows[:, :, 1:] + 2) // 4).astype(np.uint8)
    if not antialias:
        bank = np.where(bank >= 128, np.uint8(255), np.uint8(0))
    bank.setflags(write=False)
    return bank


def _checked(factors: NDArray[np.integer]) -> Integers:
    """The factors as int64 (N, 5), or ValueError with a sentence."""
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] != 5 or not np.issubdtype(factors.dtype, np.integer):
        raise ValueError(f"Factors must be whole numbers in an array of shape (N, 5), not {factors.dtype} {factors.shape}.")
    for name, size, column in zip(FACTOR_NAMES, FACTOR_SIZES, factors.T, strict=True):
        if column.size and not (column.min() >= 0 and column.max() < size):
            raise ValueError(f"Factor '{name}' must lie between 0 and {size - 1}.")
    return factors.astype(np.int64)


def factors_of(index: NDArray[np.integer]) -> Integers:
    """Factors (N, 5) of grid positions (N,), counted 0 to 737,279 with y fastest; ValueError if outside."""
    index = np.asarray(index)
    if index.size and not (index.min() >= 0 and index.max() < GRID_SIZE):
        raise ValueError(f"Positions in the grid must lie between 0 and {GRID_SIZE - 1}.")
    return np.stack(np.unravel_index(index.astype(np.int64), FACTOR_SIZES), axis=-1).astype(np.int64)


def index_of(factors: NDArray[np.integer]) -> Integers:
    """Grid positions (N,) of factors (N, 5): `factors_of` undone; ValueError for factors out of range."""
    columns = tuple(_checked(factors).T)
    return np.asarray(np.ravel_multi_index(columns, FACTOR_SIZES), np.int64)


class Shapes:
    """The sprites as a generator of images at one size (64 or 32 pixels).

    With `antialias` a pixel's value is 255 times the covered part of it; without, pixels that are at least
    half covered are 255 and all others 0. The same factors always give the same image.
    """

    def __init__(self, size: int = 64, antialias: bool = True) -> None:
        if size not in IMAGE_SIZES:
            raise ValueError(f"Shapes come in 64 or 32 pixels, not {size}.")
        self.size = size
        self.antialias = antialias
        step = 64 // size
        windows = sliding_window_view(_bank(size, antialias), (65 - step, 65 - step), axis=(1, 2))
        self._windows = windows[:, :, :, ::step, ::step]

    def draw(self, factors: NDArray[np.integer]) -> Bytes:
        """Images uint8 (N, size, size) of factors (N, 5); ValueError for factors out of range."""
        shape, scale, rotation, x, y = _checked(factors).T
        sprite = (shape * FACTOR_SIZES[1] + scale) * FACTOR_SIZES[2] + rotation
        # The further right the sprite, the further left in the bank its window starts.
        images: Bytes = self._windows[sprite, 31 - y, 31 - x]
        return np.ascontiguousarray(images)


def sample_factors(count: int, rng: np.random.Generator) -> Integers:
    """Factors (count, 5), each drawn uniformly and independently (so an image may come twice)."""
    return rng.integers(0, FACTOR_SIZES, size=(count, len(FACTOR_SIZES)), dtype=np.int64)


def images_per_second(count: int = 20_000, size: int = 64) -> float:
    """Measured speed of drawing `count` random images, the rendering of all sprites included."""
    factors = sample_factors(count, np.random.default_rng(0))
    _bank.cache_clear()
    start = time.perf_counter()
    Shapes(size).draw(factors)
    return count / (time.perf_counter() - start)
