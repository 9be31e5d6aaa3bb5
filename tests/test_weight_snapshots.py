"""The weights that a run keeps on its way: at which steps, how large, and that a run that goes on forgets later ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load as load_arrays

from aecore.config_rules import MAX_PARAMETERS
from aecore.recording import Recorder
from aecore.runs import Run
from aecore.snapshot_steps import snapshots, starting_points
from aecore.training import Trainer
from aecore.weight_snapshots import BYTES, MOST, drop_snapshots_after, keep_snapshot, steps_to_keep
from tests import tiny


@given(st.integers(1, 2_000_000), st.integers(1, MAX_PARAMETERS))
def test_the_steps_ascend_end_before_the_last_and_fit(steps: int, parameters: int) -> None:
    kept = steps_to_keep(steps, parameters)
    assert list(kept) == sorted(set(kept))
    assert all(0 < step < steps for step in kept)
    assert len(kept) <= MOST
    assert len(kept) * 2 * parameters <= BYTES


@given(st.integers(100, 2_000_000))
def test_the_steps_grow_apart_and_a_small_network_has_the_most(steps: int) -> None:
    kept = steps_to_keep(steps, 10_000)
    gaps = np.diff(kept)
    assert len(kept) >= MOST - 3, "of few steps some are the same"
    assert (np.diff(gaps) >= -1).all(), "rounded"
    assert kept[0] <= 0.01 * steps + 1


def test_a_network_that_is_too_large_keeps_none() -> None:
    assert steps_to_keep(1000, BYTES // 2) == ()
    assert steps_to_keep(1000, BYTES // 2 - 4096) == (100,)
    assert steps_to_keep(1, 100) == ()


def test_a_run_keeps_them_at_exactly_those_steps_and_in_half_precision(tmp_path: Path) -> None:
    config = tiny.config("vae", architecture__hidden=(12,), epochs=8)
    run = Run.create(config, tmp_path / "run")
    seen: dict[int, dict[str, torch.Tensor]] = {}

    class Watched(Recorder):
        def _poll(self, between_steps: bool = False) -> bool:
            if self.trainer is not None and between_steps:
                state = self.trainer.model.state_dict()
                seen[self.trainer.step] = {name: value.clone() for name, value in state.items()}
            return super()._poll(between_steps)

    assert Watched(run).record().state == "finished"
    expected = steps_to_keep(config.total_steps, config.plan.parameters)
    assert tuple(snapshots(run)) == expected
    assert list(starting_points(run)) == [*expected, config.total_steps]
    for step, path in snapshots(run).items():
        kept = load_arrays(path.read_bytes())
        assert kept.keys() == seen[step].keys()
        for name, value in seen[step].items():
            np.testing.assert_array_equal(kept[name], value.numpy().astype(np.float16))
        assert path.stat().st_size <= 2 * config.plan.parameters + 4096


def test_later_ones_are_forgotten_by_a_run_that_goes_on_from_earlier(tmp_path: Path) -> None:
    run = Run.create(tiny.config(), tmp_path / "run")
    trainer = Trainer(run.config, tiny.dataset(), tiny.CPU)
    for step in (1, 5, 30):
        keep_snapshot(run, trainer.model, step)
    (run.weights_folder / "notes.txt").write_text("not weights")
    drop_snapshots_after(run, 5)
    assert list(snapshots(run)) == [1, 5]
    drop_snapshots_after(run, -1)
    assert list(snapshots(run)) == []


def test_a_run_that_is_resumed_has_all_of_them(tmp_path: Path) -> None:
    config = tiny.config("vae", architecture__hidden=(12,), epochs=8)
    run = Run.create(config, tmp_path / "run")
    middle = config.total_steps // 2
    asked = iter(["interrupted"])
    leaving = Recorder(run, leave=lambda: next(asked, None) if Run(run.folder).status.step >= middle else None)
    assert leaving.record().state == "interrupted"
    stopped = run.status.step
    assert 0 < stopped < config.total_steps
    assert all(step <= stopped for step in snapshots(run))
    keep_snapshot(run, leaving._trainer.model, config.total_steps - 1)  # of a life that a crash has cut off
    assert Recorder(run).record().state == "finished"
    assert tuple(snapshots(run)) == steps_to_keep(config.total_steps, config.plan.parameters)


def test_a_member_of_a_sweep_keeps_none(tmp_path: Path) -> None:
    sweep = tiny.trained_sweep(tmp_path / "sweep", seeds=1)
    assert all(not snapshots(run) for run in sweep.runs)
