"""Held-out pictures kept with a run, and the weights of this moment while somebody watches."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from aecore.atlas import ATLAS_SIZE, Atlas, atlas_of, read_atlas, write_atlas
from aecore.checkpoint import load_model, save_live_model, save_model
from aecore.data.loading import load
from aecore.frames import Gallery, write_gallery
from aecore.live_weights import WATCHED_FOR
from aecore.model import build
from aecore.recording import Recorder
from aecore.runs import Control, Run, Status
from tests import tiny


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tiny.config("vae", architecture__hidden=(12,)), tmp_path / "run")


def pictures(count: int, side: int = 8) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (count, 1, side, side), dtype=np.uint8)


@pytest.mark.parametrize("factors", [None, np.arange(24, dtype=np.int64).reshape(12, 2)])
def test_written_and_read_again(run: Run, factors: np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None) -> None:
    made = Atlas(pictures(12), np.arange(12) % 3, factors)
    write_atlas(run, made)
    found = read_atlas(run)
    assert found is not None
    assert found.origin == "test"
    np.testing.assert_array_equal(found.images, made.images)
    np.testing.assert_array_equal(found.labels, made.labels)
    assert (found.factors is None) == (factors is None)
    if factors is not None:
        np.testing.assert_array_equal(found.factors, factors)


def test_as_many_pictures_as_fit() -> None:
    small, large = pictures(600), pictures(4, 1024)
    assert len(atlas_of(small, np.arange(600)).images) == ATLAS_SIZE
    assert len(atlas_of(large, np.arange(4)).labels) == 2


@pytest.mark.parametrize("damage", [None, b"", b"PK\x03\x04 not a zip", b"no zip at all"])
def test_a_run_without_one_shows_its_gallery(run: Run, damage: bytes | None) -> None:
    assert read_atlas(run) is None
    run.frames_folder.mkdir(exist_ok=True)
    write_gallery(run.frames_folder, Gallery(pictures(5), np.arange(5, dtype=np.uint8), np.zeros(3, np.uint8), "pca"))
    if damage is not None:
        run.atlas_path.write_bytes(damage)
    found = read_atlas(run)
    assert found is not None
    assert found.origin == "validation"
    assert found.labels.tolist() == [0, 1, 2, 3, 4]


def test_training_keeps_the_first_test_pictures(run: Run) -> None:
    Recorder(run).record()
    found, test = read_atlas(run), load("digits").test
    assert found is not None
    np.testing.assert_array_equal(found.images, test.images[:ATLAS_SIZE].numpy())
    np.testing.assert_array_equal(found.labels, test.labels[:ATLAS_SIZE].numpy())


def test_shapes_keep_their_factors(tmp_path: Path) -> None:
    config = tiny.config("vae", architecture__hidden=(4,), data__name="shapes", data__resolution=32, epochs=1)
    run = Run.create(config, tmp_path / "run")
    Recorder(run).record()
    found = read_atlas(run)
    assert found is not None
    assert found.factors is not None
    assert found.factors.shape == (len(found.images), len(config.card.factor_names))


# --- weights of this moment -------------------------------------------------------------------------------------------


def steps_with_weights(run: Run, watched: float | None) -> list[int]:
    """The steps at which live weights were there, in a run that is watched since so many seconds ago."""
    if watched is not None:
        run.watched_path.touch()
        then = time.time() - watched
        os.utime(run.watched_path, (then, then))
    seen: list[int] = []

    def look(status: object) -> None:
        if run.live_model_path.is_file():
            seen.append(run.status.step)

    Recorder(run, watch=look).record()
    return seen


def test_weights_are_offered_while_somebody_watches(run: Run) -> None:
    seen = steps_with_weights(run, watched=0.0)
    assert seen[:1] == [0], "from the first moment on"
    assert not run.live_model_path.exists()
    assert run.newest_weights == run.model_path, "in the end only those of the end"


@pytest.mark.parametrize("watched", [None, WATCHED_FOR + 60])
def test_nobody_watches(run: Run, watched: float | None) -> None:
    assert steps_with_weights(run, watched) == []


def test_the_newest_weights(run: Run) -> None:
    assert run.newest_weights is None
    first, second = (build(run.config.plan, seed) for seed in (1, 2))
    save_model(run, first)
    save_live_model(run, second)
    later = run.model_path.stat().st_mtime_ns + 10_000_000
    os.utime(run.live_model_path, ns=(later, later))
    assert run.newest_weights == run.live_model_path
    assert tiny.same_weights(load_model(run, path=run.newest_weights), second)
    assert tiny.same_weights(load_model(run), first)
    save_model(run, second)
    assert run.newest_weights == run.model_path


def test_a_paused_run_offers_its_weights_when_somebody_comes_to_watch(run: Run) -> None:
    run.write_control(Control(want="pause"))

    def look(status: Status) -> None:
        if status.state == "paused" and not run.watched_path.exists():
            run.watched_path.touch()
        elif run.live_model_path.is_file():
            run.write_control(Control(want="stop"))

    status = Recorder(run, watch=look).record()
    assert status.state == "stopped"
    assert run.newest_weights == run.model_path
