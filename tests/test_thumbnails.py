"""The small picture of a run: its gallery over what its network makes of it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from aecore.frames import Frame, Gallery, write_frame, write_gallery
from aecore.runs import Run
from aecore.sweeps import Sweep
from aecore.thumbnails import CELLS, GAP, thumbnail
from tests import tiny

Bytes = npt.NDArray[np.uint8]


def run_with(folder: Path, shape: tuple[int, int, int], count: int = 20, drawn: bool = True) -> tuple[Run, Bytes, Bytes]:
    rng = np.random.default_rng(0)
    originals = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    reconstructions = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    run = Run.create(tiny.config(), folder)
    run.frames_folder.mkdir()
    labels = (np.arange(count) % 10).astype(np.uint8)
    write_gallery(run.frames_folder, Gallery(originals, labels, labels, "pca"))
    if drawn:
        write_frame(run.frames_folder, Frame(3, reconstructions, np.zeros((2, 2), np.float32)), keep=True)
    return run, originals, reconstructions


def pixels(content: bytes | None) -> Bytes:
    assert content is not None
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_shown_pixel_by_pixel(tmp_path: Path, channels: int) -> None:
    run, originals, reconstructions = run_with(tmp_path / "run", (channels, 6, 5))
    shown = pixels(thumbnail(run))
    assert shown.shape == (2 * 6 + GAP, CELLS * (5 + GAP) - GAP, 4)
    for cell in range(CELLS):  # the first of each class
        left = cell * (5 + GAP)
        for top, pictures in ((0, originals), (6 + GAP, reconstructions)):
            expected = np.broadcast_to(pictures[cell].transpose(1, 2, 0), (6, 5, 3))
            np.testing.assert_array_equal(shown[top : top + 6, left : left + 5, :3], expected)
    assert (shown[6, :, 3] == 0).all()
    assert (shown[:, 5, 3] == 0).all()


def test_large_pictures_become_smaller(tmp_path: Path) -> None:
    run, originals, _ = run_with(tmp_path / "run", (1, 100, 100), count=3)
    shown = pixels(thumbnail(run))
    assert shown.shape[:2] == (101, 3 * 51 - 1)
    np.testing.assert_array_equal(shown[:50, :50, 0], originals[0, 0, ::2, ::2])


def test_sequences_are_lines(tmp_path: Path) -> None:
    run, _, _ = run_with(tmp_path / "run", (2, 1, 64))
    shown = pixels(thumbnail(run))
    assert shown.shape[1] > 200
    assert 0.02 < (shown[..., 3] > 0).mean() < 0.6  # lines on nothing
    assert len(np.unique(shown[shown[..., 3] == 255][:, :3], axis=0)) > 1  # two colours


def test_a_run_without_pictures(tmp_path: Path) -> None:
    assert thumbnail(Run.create(tiny.config(), tmp_path / "run")) is None
    run, originals, _ = run_with(tmp_path / "other", (1, 4, 4), drawn=False)
    shown = pixels(thumbnail(run))
    np.testing.assert_array_equal(shown[:4, :4, 0], originals[0, 0])
    assert (shown[5:, :4, 0] == 0).all()


def test_a_sweep_shows_what_its_numbers_draw(tmp_path: Path) -> None:
    sweep = tiny.trained_sweep(tmp_path / "sweep")
    shown = pixels(thumbnail(sweep))
    assert shown.shape[0] == 2 * 32 + GAP
    assert thumbnail(Sweep.create(tiny.sweep_config(), tmp_path / "new")) is None
