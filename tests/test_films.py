"""Films: how much of a training is kept, what the first filters are drawn as, and all frames in one, packed or not."""

from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.data.kept import load_kept
from aecore.frames import FRAMES_BYTES, Frame, kept_frames, pack_film, read_film, read_frame, write_frame
from aecore.model import build
from aecore.painting import FILTERS, KEEP_FACTOR, KEPT_BYTES, Painter, first_filters, keep_factor, next_kept
from aecore.training import Trainer
from tests.test_frames import frame, same_frame
from tests.tiny import config, dataset, trainer

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


def first_layer(running: Trainer) -> torch.nn.Linear | torch.nn.Conv2d:
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
        weights = torch.linspace(-1, 1, layer.weight.numel()).reshape(layer.weight.shape)
        weights[0] = 0.0
        weights[0].view(-1)[3] = -0.25
        layer.weight.copy_(weights)
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
        layer.weight.zero_()
        assert (first_filters(running.model) == 128).all()
        layer.weight.fill_(float("nan"))
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
