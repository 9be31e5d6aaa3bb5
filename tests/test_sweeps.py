"""Sweeps: their configurations, their folders, and how their runs are found."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.atlas import read_atlas
from aecore.config_errors import ConfigError
from aecore.config_sections import DataConfig
from aecore.data import kept
from aecore.metrics_log import MetricsReader
from aecore.moments import columns_of, kept_steps, moments_path, pictured_steps, read_traversals
from aecore.recording import Recorder
from aecore.runs import Run, Status, all_runs, find_run, runs_of, runs_root
from aecore.sweep_config import MOST_RUNS, Arm, SweepConfig
from aecore.sweeps import Sweep, find_sweep, new_sweep, sweeps_of
from aecore.turns import Turns
from tests.tiny import sweep_config, trained_sweep


def test_the_runs_of_a_sweep_differ_in_their_arm_and_seed_alone() -> None:
    config = sweep_config(objectives=("kl", "total-correlation", "capacity"), betas=(4, 1), capacities=(2, 5))
    configs = [arm.config(config.base, seed) for arm, seed in config.members]
    assert len(configs) == 12
    changed = {name for one in configs for name in config.base.differences(one)}
    assert changed == {"objective.divergence", "objective.beta", "objective.capacity", "seed"}
    assert [arm.key for arm in config.arms] == ["beta-1", "beta-4", "tc-1", "tc-4", "capacity-2", "capacity-5"]
    assert [run.seed for run in configs[:2]] == [0, 1]


@given(st.floats(0, 1000, allow_nan=False))
def test_every_key_is_a_name_of_a_folder(value: float) -> None:
    key = Arm("kl", value).key
    assert all(letter.isalnum() or letter in "-_" for letter in key)
    assert "--" not in key or "e-" in f"{value:g}"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"betas": (4,)}, "at least 2 values of β for β-VAE"),
        ({"betas": (1, 1.0)}, "must differ"),
        ({"betas": (1, 5000)}, "must be at most 1000"),
        ({"betas": (1, -1)}, "must be at least 0"),
        ({"betas": tuple(range(1, 10))}, "at most 8"),
        ({"objectives": ()}, "at least 1"),
        ({"objectives": ("kl", "kl")}, "chosen once"),
        ({"objectives": ("capacity",), "capacities": (3,)}, "at least 2 values of C"),
        ({"betas": (1, 2, 3, 4, 5, 6, 7, 8), "seeds": 10}, f"80 runs; {MOST_RUNS} are allowed"),
        ({"seeds": 0}, "must be at least 1"),
        ({"betas": "many"}, "must be"),
        ({"betas": (1, float("nan"))}, "ordinary number"),
        ({"base": {}}, "code.kind to gaussian"),
        ({"base": {"code": {"kind": "gaussian", "size": 65}}}, "choose a code size of 64 at most"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_a_sentence(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        sweep_config(**values)


def test_a_sweep_comes_back_from_its_folder(tmp_path: Path) -> None:
    config = sweep_config()
    made = Sweep.create(config, tmp_path / "one", owner="ada", name="First")
    again = Sweep(made.folder)
    assert again.config == config
    assert again.about.owner == "ada"
    assert [member.run.config for member in again.members] == [arm.config(config.base, seed) for arm, seed in config.members]
    with pytest.raises(FileExistsError, match="not empty"):
        Sweep.create(config, made.folder)


def test_a_damaged_sweep_is_no_sweep_of_anybody() -> None:
    sweep = new_sweep(sweep_config(), owner="zoe")
    assert [found.token for found in sweeps_of("zoe")] == [sweep.token]
    for text in ("", "{", "[]", json.dumps({"config": {}})):
        (sweep.folder / "sweep.json").write_text(text)
        assert sweeps_of("zoe") == []
        with pytest.raises(ConfigError, match="no sweep that can be read"):
            _ = Sweep(sweep.folder).config


def test_members_are_found_by_their_token_and_are_nobody_s_single_runs() -> None:
    sweep = new_sweep(sweep_config(), owner="eve")
    member = sweep.runs[0]
    found = find_run(member.token)
    assert found is not None
    assert (found.folder, found.token, found.sweep) == (member.folder, member.token, sweep.token)
    assert runs_of("eve") == []
    assert {run.token for run in sweep.runs} <= {run.token for run in all_runs()}
    assert find_sweep(sweep.token) is not None


@pytest.mark.parametrize("token", ["", "..", "a--..", "../x", "a/b", "a--b--c", "x" * 80, "--", "a--"])
def test_a_token_from_outside_leads_to_no_other_folder(token: str) -> None:
    (runs_root().parent / "config.json").write_text("{}")
    assert find_run(token) is None
    assert find_sweep(token) is None


@given(st.integers(1, 100_000))
def test_moments_are_kept_at_few_steps_that_spread_over_all(total: int) -> None:
    steps = kept_steps(total)
    assert steps[0] == 0 and steps[-1] == total  # noqa: PT018
    assert list(steps) == sorted(set(steps))
    assert len(steps) <= 45


def test_members_keep_moments_and_share_their_pictures(tmp_path: Path) -> None:
    sweep = trained_sweep(tmp_path / "sweep")
    assert (sweep.folder / "atlas.npz").is_file()
    total = sweep.runs[0].config.total_steps
    for run in sweep.runs:
        assert not (run.folder / "atlas.npz").exists()
        assert read_atlas(run) is not None
        assert pictured_steps(run) == list(kept_steps(total))
        reader = MetricsReader(moments_path(run))
        reader.read()
        assert reader.columns == columns_of(4, factors=True)
        assert reader.rows[-1][0] == total
        values = dict(zip(reader.columns, reader.rows[-1], strict=True))
        assert 0 <= (values["mig"] or 0) <= 1
        drawn = read_traversals(run, total)
        assert drawn is not None
        assert drawn.shape == (4, 7, 1, 32, 32)
        assert len(np.unique(drawn)) > 2


def test_a_member_that_goes_on_drops_the_moments_after_its_place(tmp_path: Path) -> None:
    sweep = Sweep.create(sweep_config(), tmp_path / "sweep")
    run = sweep.runs[0]

    stop_at = 3
    leave = iter(lambda: None, 1)
    recorder = Recorder(run, lambda: "interrupted" if run.status.step >= stop_at else next(leave))
    assert recorder.record().state == "interrupted"
    before = pictured_steps(run)
    assert Recorder(Run(run.folder, run.sweep)).record().state == "finished"
    assert pictured_steps(run) == list(kept_steps(run.config.total_steps))
    assert set(before) <= set(pictured_steps(run))
    reader = MetricsReader(moments_path(run))
    reader.read()
    steps = [row[0] or 0 for row in reader.rows]
    assert steps == sorted(steps)


def test_data_without_factors_has_moments_without_mig(tmp_path: Path) -> None:
    base = sweep_config().base.with_settings({"data.name": "digits", "data.resolution": None, "data.factor_steps": None})
    sweep = Sweep.create(SweepConfig.parse({"base": base.model_dump(), "betas": (1, 4)}), tmp_path / "digits")
    Recorder(sweep.runs[0]).record()
    reader = MetricsReader(moments_path(sweep.runs[0]))
    reader.read()
    assert reader.columns == columns_of(4, factors=False)


def test_runs_that_take_turns_load_their_pictures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, loads = Turns(0.001), []
    data = DataConfig(name="shapes", resolution=32, factor_steps=(1, 6, 1, 6, 6))

    def slow(name: str, *, progress: Callable[[str, float], None], **of: Any) -> str:
        loads.append(name)
        for step in range(20):
            time.sleep(0.002)
            progress("Reading", step / 20)  # here the others get their turn
        return "the pictures"

    monkeypatch.setattr(kept, "load", slow)
    found = []

    def work() -> None:
        with turns.taking_part("ada") as turn:
            found.append(kept.load_kept(data, lambda what, done: turn.check(), turn.rest))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    kept._datasets.popitem()
    assert loads == ["shapes"]
    assert [str(pictures) for pictures in found] == ["the pictures"] * 4


def test_what_failed_otherwise_than_by_diverging_can_go_on(tmp_path: Path) -> None:
    run = Sweep.create(sweep_config(), tmp_path / "sweep").runs[0]
    run.write_status(Status(state="failed", reason="no memory"))
    assert run.resumable
    run.write_status(Status(state="failed", reason="diverged", hopeless=True))
    assert not run.resumable
