"""Frames: codes on a plane, written and read again; and the pictures that a painter makes of a training."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.frames import (
    Floats,
    Frame,
    Gallery,
    drop_frames_after,
    kept_frames,
    plane,
    read_frame,
    read_gallery,
    write_frame,
    write_gallery,
)
from aecore.painting import Painter, gallery_indices
from tests.tiny import config, dataset, split, trainer

RANDOM = np.random.default_rng(0)


def codes_of(count: int, size: int, seed: int = 0) -> Floats:
    """A cloud that is longer in some directions than in others, away from zero."""
    random = np.random.default_rng(seed)
    spread = random.normal(size=(count, size)) * np.linspace(3, 0.5, size)
    return (spread @ rotation(size, seed) + random.normal(size=size)).astype(np.float32)


def rotation(size: int, seed: int) -> npt.NDArray[np.float64]:
    return np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(size, size)))[0]


def distances(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    differences = points[:, None].astype(np.float64) - points[None]
    return np.asarray(np.sqrt((differences**2).sum(-1)))


# --- the plane ----------------------------------------------------------------------------------------------------------


def test_two_numbers_are_their_own_plane() -> None:
    codes = codes_of(30, 2)
    for before in (None, codes[::-1].copy()):
        assert np.array_equal(plane(codes, before), codes)


@given(st.integers(3, 40), st.integers(3, 40), st.integers(0, 99))
def test_more_numbers_are_shown_by_their_first_two_principal_components(count: int, size: int, seed: int) -> None:
    codes = codes_of(count, size, seed)
    positions = plane(codes, None)
    assert positions.shape == (count, 2)
    assert positions.dtype == np.dtype(np.float32)
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(distances(positions), distances(left[:, :2] * lengths[:2]), atol=2e-3)
    np.testing.assert_allclose((positions.astype(np.float64) ** 2).sum(axis=0), lengths[:2] ** 2, rtol=1e-3)
    np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize(("count", "size"), [(50, 6), (12, 30)])
def test_a_plane_is_turned_to_lie_as_the_last_one_did(count: int, size: int) -> None:
    codes = codes_of(count, size)
    before = plane(codes, None)
    for turned in (before[:, ::-1], before * [1, -1], before @ rotation(2, 5)):
        np.testing.assert_allclose(plane(codes, turned.astype(np.float32)), turned, atol=1e-4)
    # The same cloud in other coordinates has other principal directions, but must not jump on the screen.
    np.testing.assert_allclose(plane((codes @ rotation(size, 9)).astype(np.float32), before), before, atol=1e-3)


def test_a_small_step_moves_the_points_a_little() -> None:
    before = plane(codes_of(60, 8), None)
    moved = plane(codes_of(60, 8) + RANDOM.normal(0, 0.01, (60, 8)).astype(np.float32), before)
    assert np.abs(moved - before).max() < 0.2
    assert not np.array_equal(moved, before)


def test_positions_of_another_number_of_points_are_not_followed() -> None:
    codes = codes_of(20, 5)
    np.testing.assert_array_equal(plane(codes, np.ones((7, 2), np.float32)), plane(codes, None))


def test_a_single_number_lies_on_a_line() -> None:
    codes = np.array([[1.0], [2.0], [6.0]], np.float32)
    np.testing.assert_allclose(plane(codes, None), [[-2, 0], [-1, 0], [3, 0]])


@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("value", [0.0, 7.5])
def test_constant_codes_are_one_point(size: int, value: float) -> None:
    positions = plane(np.full((20, size), value, np.float32), None)
    np.testing.assert_array_equal(positions, np.zeros((20, 2)))
    np.testing.assert_allclose(plane(np.full((20, size), value, np.float32), positions), 0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("where", ["one", "column", "all"])
def test_codes_of_a_diverged_network_do_not_stop_the_drawing(size: int, value: float, where: str) -> None:
    codes = codes_of(20, size) if size > 1 else RANDOM.normal(size=(20, 1)).astype(np.float32)
    rows = slice(3, 4) if where == "one" else slice(None)
    codes[rows, : None if where == "all" else 1] = value
    before = plane(codes, None)
    for positions in (before, plane(codes, before)):
        assert positions.shape == (20, 2)
        assert np.isfinite(positions).all()


# --- files --------------------------------------------------------------------------------------------------------------


def frame(step: int) -> Frame:
    random = np.random.default_rng(step)
    return Frame(step, random.integers(0, 256, (4, 1, 5, 6), dtype=np.uint8), random.normal(size=(9, 2)).astype(np.float32))


def same_frame(one: Frame | None, other: Frame) -> bool:
    assert one is not None
    return (
        one.step == other.step
        and np.array_equal(one.reconstructions, other.reconstructions)
        and np.array_equal(one.positions, other.positions)
        and one.reconstructions.dtype == np.dtype(np.uint8)
        and one.positions.dtype == np.dtype(np.float32)
    )


def test_the_live_frame_is_the_last_and_only_some_are_kept(tmp_path: Path) -> None:
    assert read_frame(tmp_path) is None
    for step in (0, 5, 12):
        write_frame(tmp_path, frame(step), keep=step != 5)
        assert same_frame(read_frame(tmp_path), frame(step))
    assert kept_frames(tmp_path) == [0, 12]
    assert same_frame(read_frame(tmp_path, 0), frame(0))
    assert same_frame(read_frame(tmp_path, 12), frame(12))
    assert read_frame(tmp_path, 5) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000000.safetensors",
        "00000012.safetensors",
        "live.safetensors",
    ]


def test_kept_frames_are_in_the_order_of_their_steps(tmp_path: Path) -> None:
    for step in (100_000_000, 2, 10, 99_999_999):
        write_frame(tmp_path, frame(step), keep=True)
    (tmp_path / ".00000003.safetensors.17.abcd").write_bytes(b"half")  # beside its place, before it is renamed
    assert kept_frames(tmp_path) == [2, 10, 99_999_999, 100_000_000]
    drop_frames_after(tmp_path, 10)
    assert kept_frames(tmp_path) == [2, 10]
    drop_frames_after(tmp_path, -1)
    assert kept_frames(tmp_path) == []
    assert read_frame(tmp_path) is not None


def test_no_folder_has_no_frames(tmp_path: Path) -> None:
    missing = tmp_path / "frames"
    assert (kept_frames(missing), read_frame(missing), read_gallery(missing)) == ([], None, None)
    drop_frames_after(missing, 0)


@pytest.mark.parametrize("corrupted", [False, True])
@pytest.mark.parametrize("kind", ["code", "pca"])
def test_a_gallery_is_read_as_it_was_written(tmp_path: Path, kind: str, corrupted: bool) -> None:
    images = RANDOM.integers(0, 256, (4, 3, 5, 6), dtype=np.uint8)
    labels, points = (RANDOM.integers(0, 10, count, dtype=np.uint8) for count in (4, 9))
    write_gallery(tmp_path, Gallery(images, labels, points, kind, images[:, :, ::-1] if corrupted else None))
    gallery = read_gallery(tmp_path)
    assert gallery is not None
    assert gallery.positions_kind == kind
    for given_array, read in ((images, gallery.originals), (labels, gallery.labels), (points, gallery.point_labels)):
        np.testing.assert_array_equal(read, given_array)
    if corrupted:
        assert gallery.corrupted is not None
        np.testing.assert_array_equal(gallery.corrupted, images[:, :, ::-1])
    else:
        assert gallery.corrupted is None


@pytest.mark.parametrize("damage", [b"", b"not a frame", b"\xff" * 100])
def test_a_damaged_file_is_none(tmp_path: Path, damage: bytes) -> None:
    for name in ("live", "00000007", "gallery"):
        (tmp_path / f"{name}.safetensors").write_bytes(damage)
    assert (read_frame(tmp_path), read_frame(tmp_path, 7), read_gallery(tmp_path)) == (None, None, None)


def test_a_frame_that_was_cut_off_is_none(tmp_path: Path) -> None:
    write_frame(tmp_path, frame(1), keep=False)
    path = tmp_path / "live.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert read_frame(tmp_path) is None


# --- the painter --------------------------------------------------------------------------------------------------------


def test_a_painter_shows_the_same_validation_images_all_along(tmp_path: Path) -> None:
    data = dataset()
    running = trainer(config(corruption__kind="masking", corruption__level=0.5), data)
    painter = Painter(running, tmp_path / "frames")
    gallery = read_gallery(tmp_path / "frames")
    assert gallery is not None
    assert gallery.corrupted is not None
    chosen = gallery_indices(data.validation, 20)
    np.testing.assert_array_equal(gallery.originals, data.validation.images[chosen].numpy())
    np.testing.assert_array_equal(gallery.labels, [*range(10), *range(10)])
    hit = gallery.corrupted != gallery.originals
    assert hit.any()
    assert not gallery.corrupted[hit].any()

    for _ in running.run():
        painter.paint()
    last = read_frame(tmp_path / "frames")
    assert last is not None
    with torch.no_grad():
        pictures = running.model.reconstruct(torch.from_numpy(gallery.corrupted) / 255)
        codes = running.model.encode(data.validation.images / 255).mean.numpy()
    assert last.step == 6
    assert np.abs(last.reconstructions - 255 * pictures.numpy()).max() <= 0.51
    np.testing.assert_allclose(distances(last.positions), distances(plane(codes, None)), atol=1e-3)


def test_a_painter_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    running = trainer(config("vae", architecture__hidden=(9,)))
    Painter(running, tmp_path).paint()
    before = read_frame(tmp_path)
    Painter(running, tmp_path).paint()
    after = read_frame(tmp_path)
    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after.positions, before.positions, atol=1e-4)
    assert kept_frames(tmp_path) == [0]


def test_frames_are_kept_at_steps_that_grow_apart(tmp_path: Path) -> None:
    running = trainer(config())
    painter = Painter(running, tmp_path)
    for step in range(0, 400):
        running.step = step
        if painter.wants_to_keep:
            painter.paint()
    steps = kept_frames(tmp_path)
    assert steps[:6] == [0, 1, 2, 3, 4, 5]
    ratios = [later / earlier for earlier, later in pairwise(steps[7:])]
    assert all(1.1 < ratio <= 1.21 for ratio in ratios)
    assert len(steps) < 35


def test_the_gallery_has_each_class_in_turn_and_all_there_is_if_that_is_less() -> None:
    part = split(7)
    part.labels[:] = torch.tensor([1, 1, 1, 0, 0, 2, 1])
    assert gallery_indices(part, 5).tolist() == [3, 0, 5, 4, 1]
    assert sorted(gallery_indices(part, 99).tolist()) == list(range(7))
