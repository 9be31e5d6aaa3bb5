"""Runs made small enough to come with the app are still whole runs."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from aecore.checkpoint import load_model
from aecore.data.kept import load_kept
from aecore.evaluation import evaluate
from aecore.frames import Frame, kept_frames, read_frame, write_frame
from aecore.metrics_log import MetricsReader
from aecore.moments import kept_steps, moments_path, pictured_steps, read_traversals
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


def frames(folder: Path, steps: list[int]) -> None:
    for step in steps:
        write_frame(folder, Frame(step, np.zeros((1, 1, 2, 2), np.uint8), np.zeros((1, 2), np.float32)), keep=True)


def test_few_frames_stay_the_first_and_the_last_among_them(tmp_path: Path) -> None:
    frames(tmp_path, list(range(0, 400, 10)))
    thin_frames(tmp_path)
    left = kept_frames(tmp_path)
    assert len(left) == 11
    assert (left[0], left[-1]) == (0, 390)
    assert max(after - before for before, after in itertools.pairwise(left)) <= 40
    last = read_frame(tmp_path)
    assert last is not None, "what is shown of a run that is over"
    assert last.step == 390


def test_the_frames_of_wanted_steps_stay_and_few_are_left_alone(tmp_path: Path) -> None:
    frames(tmp_path, list(range(0, 400, 10)))
    thin_frames(tmp_path, wanted=(70, 77))
    assert len(kept_frames(tmp_path)) == 12
    assert 70 in kept_frames(tmp_path)
    (tmp_path / "few").mkdir()
    frames(tmp_path / "few", [0, 1, 2])
    thin_frames(tmp_path / "few")
    assert kept_frames(tmp_path / "few") == [0, 1, 2]
