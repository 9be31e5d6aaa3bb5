"""Runs made small enough to come with the app are still whole runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aecore.checkpoint import load_model
from aecore.evaluation import evaluate
from aecore.frames import kept_frames
from aecore.metrics_log import MetricsReader
from aecore.moments import kept_steps, moments_path, pictured_steps, read_traversals
from aecore.recording import load_kept
from aecore.shipped_sweeps import slim
from aecore.slimming import thin_curve, thin_frames
from tests.tiny import trained_sweep


def test_a_member_is_smaller_and_its_numbers_are_those_of_its_weights(tmp_path: Path) -> None:
    run = trained_sweep(tmp_path / "sweep").runs[0]
    total = run.config.total_steps
    before, last = run.model_path.stat().st_size, read_traversals(run, total)
    slim(run)
    assert run.model_path.stat().st_size < 0.6 * before
    test = evaluate(load_model(run), run.config, load_kept(run.config.data).test)
    assert run.status.test == test
    assert not run.frames_folder.exists()
    kept = pictured_steps(run)
    assert {0, total} <= set(kept) <= set(kept_steps(total))
    rounded = read_traversals(run, total)
    assert last is not None
    assert rounded is not None
    assert np.abs(rounded.astype(int) - last).max() <= 4
    for path in (run.metrics_path, moments_path(run)):
        reader = MetricsReader(path)
        reader.read()
        assert reader.rows[-1][0] == total


def test_a_long_curve_keeps_its_ends_and_its_validations(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    rows = [f"{step},{step / 2},{step / 3 if step % 2 == 0 else ''}\n" for step in range(1001)]
    path.write_text("".join(["step,train_loss,val_loss\n", *rows]))
    thin_curve(path)
    reader = MetricsReader(path)
    reader.read()
    assert len(reader.rows) == 150
    assert (reader.rows[0][0], reader.rows[-1][0]) == (0, 1000)
    assert all(row[-1] is not None for row in reader.rows)


def test_every_second_frame_stays_and_the_last(tmp_path: Path) -> None:
    for step in (0, 1, 2, 5, 9, 12):
        (tmp_path / f"{step:08d}.safetensors").write_bytes(b"")
    (tmp_path / "live.safetensors").write_bytes(b"")
    thin_frames(tmp_path)
    assert kept_frames(tmp_path) == [0, 2, 9, 12]
    assert (tmp_path / "live.safetensors").exists()


def test_the_frames_of_wanted_steps_stay(tmp_path: Path) -> None:
    for step in (0, 1, 2, 5, 9, 12):
        (tmp_path / f"{step:08d}.safetensors").write_bytes(b"")
    thin_frames(tmp_path, wanted=(1, 7))
    assert kept_frames(tmp_path) == [0, 1, 2, 9, 12]
