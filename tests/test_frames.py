"""Frames: codes on a plane, written and read again; and the pictures that a painter makes of a training."""

from __future__ import annotations

import lzma
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.frames import (
    FRAMES_BYTES,
    Floats,
    Frame,
    Gallery,
    drop_frames_after,
    kept_frames,
    pack_film,
    plane,
    read_film,
    read_frame,
    read_gallery,
    write_frame,
    write_gallery,
)
from aecore.model import build
from aecore.painting import FILTERS, KEEP_FACTOR, KEPT_BYTES, Painter, first_filters, gallery_indices, keep_factor, next_kept
from aecore.recording import load_kept
from aecore.training import Trainer
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


# --- how much is kept ---------------------------------------------------------------------------------------------------


@given(st.integers(1, 500_000), st.integers(1, KEPT_BYTES // 2), st.integers(1, 8))
def test_kept_frames_never_take_more_than_their_bytes(steps: int, frame_bytes: int, stages: int) -> None:
    factor = keep_factor(steps, frame_bytes, KEPT_BYTES, extra=stages)
    step, count = 0, stages
    while step <= steps:
        step, count = next_kept(step, factor), count + 1
    # Of frames of several megabytes there are the first one and those that are kept whatever their step.
    assert count * frame_bytes <= KEPT_BYTES or count <= stages + 3
    assert factor >= KEEP_FACTOR
    if (60 + stages) * frame_bytes < KEPT_BYTES and steps < 30_000:
        assert factor == KEEP_FACTOR


@pytest.mark.parametrize(
    ("settings", "data"),
    [
        ({"data.name": "shapes", "data.resolution": 64, "data.factor_steps": (1, 3, 1, 6, 6)}, None),
        ({"data.name": "heartbeats", "objective.reconstruction": "mse", "architecture.kind": "conv1d"}, None),
        ({}, dataset),
    ],
)
def test_the_frames_of_a_long_run_take_at_most_half_of_ten_megabytes(
    settings: dict[str, object], data: object, tmp_path: Path
) -> None:
    given_config = config("vae", architecture__hidden=(9,)).with_settings({**settings, "epochs": 500})
    loaded = dataset() if data is not None else load_kept(given_config.data)
    running = trainer(given_config, loaded)
    painter = Painter(running, tmp_path)
    painter.paint()
    size = (tmp_path / "00000000.safetensors").stat().st_size
    counted, step = 1, 0
    while step < running.total_steps:
        running.step = step
        if painter.wants_to_keep:
            # What the painter would do, without painting it.
            painter._next_kept = next_kept(step, painter._factor)
            counted += 1
        step = max(step + 1, painter._next_kept)
    gallery = (tmp_path / "gallery.safetensors").stat().st_size
    assert counted * size + gallery <= FRAMES_BYTES // 2
    assert counted > 15


# --- the filters --------------------------------------------------------------------------------------------------------


def first_layer(running: Trainer) -> torch.nn.Module:
    return next(module for module in running.model.encoder.modules() if isinstance(module, torch.nn.Linear | torch.nn.Conv2d))


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"architecture__hidden": (30,)}, (FILTERS, 1, 28, 28)),
        ({"architecture__hidden": (5,)}, (5, 1, 28, 28)),
        ({"architecture__kind": "conv2d", "architecture__channels": (16, 8), "architecture__kernel_size": 5}, (FILTERS, 1, 5, 5)),
        ({"architecture__kind": "conv2d", "architecture__channels": (3,), "architecture__full_size_channels": 2}, (2, 1, 3, 3)),
    ],
)
def test_the_first_filters_are_the_weights_around_grey(settings: dict[str, object], shape: tuple[int, ...]) -> None:
    running = trainer(config(None, **settings))
    layer = first_layer(running)
    count = shape[0]
    with torch.no_grad():
        weights = torch.linspace(-1, 1, layer.weight.numel()).reshape(layer.weight.shape)  # type: ignore[operator,union-attr,arg-type]
        weights[0] = 0.0
        weights[0].view(-1)[3] = -0.25
        layer.weight.copy_(weights)  # type: ignore[operator,union-attr]
    found = first_filters(running.model)
    assert found.shape == shape
    assert found.dtype == np.uint8
    first = found[0].reshape(-1)
    assert first[3] == 1, "the largest, and negative"
    assert (np.delete(first, 3) == 128).all(), "zero"
    for unit in range(1, count):
        mine = weights[unit].numpy().reshape(-1)
        expected = np.rint(128 + 127 * mine / np.abs(mine).max())
        assert np.abs(found[unit].reshape(-1) - expected).max() <= 1


def test_the_filters_of_a_sequence_are_as_long_as_they_are() -> None:
    base = config("anomalies-sequences", architecture__kind="conv1d", architecture__kernel_size=7, architecture__channels=(4, 4))
    model = build(base.plan, 1)
    found = first_filters(model)
    weight = next(model.encoder[0].parameters()).detach().numpy()
    assert found.shape == (4, weight.shape[1], 1, 7)
    largest = np.abs(weight).max(axis=(1, 2, 3), keepdims=True)
    assert np.abs(found - np.rint(128 + 127 * weight / largest)).max() <= 1


def test_a_layer_of_zeros_and_one_that_diverged_are_drawn_too() -> None:
    running = trainer(config())
    layer = first_layer(running)
    with torch.no_grad():
        layer.weight.zero_()  # type: ignore[operator,union-attr]
        assert (first_filters(running.model) == 128).all()
        layer.weight.fill_(float("nan"))  # type: ignore[operator,union-attr]
        assert (first_filters(running.model) == 128).all()


# --- films --------------------------------------------------------------------------------------------------------------


def with_filters(step: int) -> Frame:
    filters = np.random.default_rng(step + 99).integers(0, 256, (3, 1, 5, 6), dtype=np.uint8)
    return replace(frame(step), filters=filters)


def test_a_film_is_all_frames_and_those_after_a_step(tmp_path: Path) -> None:
    assert read_film(tmp_path) is None
    for step in (0, 3, 11):
        write_frame(tmp_path, with_filters(step), keep=True)
    film = read_film(tmp_path)
    assert film is not None
    assert film.steps.tolist() == [0, 3, 11]
    for index, step in enumerate((0, 3, 11)):
        assert same_frame(film.frame(index), frame(step))
    later = read_film(tmp_path, after=3)
    assert later is not None
    assert later.steps.tolist() == [11]
    assert read_film(tmp_path, after=11) is None


@pytest.mark.parametrize("filters", [True, False])
def test_a_packed_film_has_nearly_the_same_greys_and_leaves_no_other_files(tmp_path: Path, filters: bool) -> None:
    frames = [with_filters(step) if filters else frame(step) for step in (0, 7, 20)]
    for each in frames:
        write_frame(tmp_path, each, keep=True)
    film = read_film(tmp_path)
    assert film is not None
    pack_film(tmp_path, film)
    assert [path.name for path in tmp_path.iterdir()] == ["film.safetensors.xz"]
    assert kept_frames(tmp_path) == [0, 7, 20]
    packed = read_film(tmp_path)
    assert packed is not None
    assert packed.steps.tolist() == [0, 7, 20]
    assert np.abs(packed.reconstructions.astype(int) - film.reconstructions).max() <= 4
    np.testing.assert_allclose(packed.positions, film.positions, atol=2e-3)
    if filters:
        assert packed.filters is not None
        assert film.filters is not None
        assert np.abs(packed.filters.astype(int) - film.filters).max() <= 4
        assert (packed.filters[film.filters == 128] == 128).all(), "zero stays zero"
    else:
        assert packed.filters is None
    last, middle = read_frame(tmp_path), read_frame(tmp_path, 7)
    assert last is not None
    assert middle is not None
    assert (last.step, middle.step) == (20, 7)
    assert read_frame(tmp_path, 8) is None
    after = read_film(tmp_path, after=7)
    assert after is not None
    assert after.steps.tolist() == [20]
    assert read_film(tmp_path, after=20) is None


def test_a_packed_film_that_is_damaged_is_none(tmp_path: Path) -> None:
    for damage in (b"", b"no film", lzma.compress(b"no film")):
        (tmp_path / "film.safetensors.xz").write_bytes(damage)
        assert read_film(tmp_path) is None
        assert kept_frames(tmp_path) == []
