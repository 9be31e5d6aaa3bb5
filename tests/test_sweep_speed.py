"""How long a sweep takes: measured steps, the arithmetic on them, and the words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.runs import Run, Status
from aecore.sweep_estimate import (
    HELD_OUT,
    STARTING,
    WATCHED,
    configs_to_measure,
    duration,
    estimate_words,
    seconds_left,
    seconds_of,
    speed_key,
)
from aecore.sweep_speed import seconds_per_step
from aecore.tasks.messages import TaskError
from aecore.tasks.sweep_speed import sweep_speed
from aecore.training import DivergedError
from tests.tiny import config, sweep_config


def test_a_step_is_measured_on_one_thread_and_the_number_of_threads_stays() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        small = seconds_per_step(config(architecture__hidden=(8,)), 0.05)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    large = seconds_per_step(config(architecture__hidden=(1024, 1024), batch_size=256), 0.05)
    assert 0 < 5 * small < large


def test_nothing_is_read_or_downloaded() -> None:
    assert seconds_per_step(config(data__name="mnist", architecture__hidden=(8,)), 0.01) > 0


def test_measuring_can_be_given_up() -> None:
    def enough() -> None:
        raise KeyboardInterrupt

    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        seconds_per_step(config(architecture__hidden=(8,)), 60, enough)
    assert torch.get_num_threads() == before


def test_the_task_measures_each_objective() -> None:
    sweep = sweep_config(objectives=("kl", "total-correlation", "capacity"), capacities=(2, 4))
    texts = {name: run.to_json() for name, run in configs_to_measure(sweep).items()}
    told: list[float] = []
    result, arrays = sweep_speed({"configs": texts, "seconds": 0.01}, [], lambda share, what: told.append(share))
    found = json.loads(result["json"])
    assert set(found) == {"kl", "total-correlation", "capacity"}
    assert all(0 < seconds < 1 for seconds in found.values())
    assert arrays == []
    assert told[0] == 0
    assert told == sorted(told)


def test_a_network_that_does_not_fit_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> float:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("aecore.tasks.sweep_speed.seconds_per_step", full)
    with pytest.raises(TaskError, match="smaller"):
        sweep_speed({"configs": {"kl": config().to_json()}}, [], lambda share, what: None)


def test_a_network_that_diverges_is_not_called_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def diverge(*_: object) -> float:
        raise DivergedError("The loss stopped being a finite number at step 3.")

    monkeypatch.setattr("aecore.tasks.sweep_speed.seconds_per_step", diverge)
    with pytest.raises(TaskError, match="finite number"):
        sweep_speed({"configs": {"kl": config().to_json()}}, [], lambda share, what: None)


def test_a_learning_rate_that_diverges_does_not_keep_from_measuring() -> None:
    assert seconds_per_step(config(architecture__hidden=(8,), optimizer__learning_rate=10.0, optimizer__kind="sgd"), 0.02) > 0


def test_only_what_changes_a_step_is_measured_anew() -> None:
    base = config(code__kind="gaussian")
    for same in ({"objective__beta": 9.0}, {"seed": 5}, {"epochs": 40}, {"optimizer__learning_rate": 1e-5}):
        assert speed_key(config(code__kind="gaussian", **same)) == speed_key(base)
    for other in ({"batch_size": 32}, {"architecture__hidden": (9,)}, {"objective__divergence": "capacity"}, {"code__size": 9}):
        assert speed_key(config(code__kind="gaussian", **other)) != speed_key(base)


# --- the arithmetic -----------------------------------------------------------------------------------------------------


def test_the_time_is_shared_by_the_workers_but_no_run_by_two() -> None:
    sweep = sweep_config()  # 4 runs of 6 steps of 16 pictures; 2,000 validation and 2,000 test pictures
    steps = 6 / WATCHED + HELD_OUT * 2 * 4000 / 16
    assert seconds_of(sweep, {"kl": 7.0}, 1) == pytest.approx(STARTING + 4 * 7 * steps)
    assert seconds_of(sweep, {"kl": 7.0}, 2) == pytest.approx(STARTING + 2 * 7 * steps)
    assert seconds_of(sweep, {"kl": 7.0}, 100) == pytest.approx(STARTING + 7 * steps)
    both = sweep_config(objectives=("kl", "total-correlation"))
    assert seconds_of(both, {"kl": 1.0, "total-correlation": 3.0}, 1) == pytest.approx(STARTING + (4 * 1 + 4 * 3) * steps)


def run_at(folder: Path, step: int, seconds: float) -> Run:
    run = Run.create(config(), folder)
    run.write_status(Status(state="running", step=step, steps=100, seconds=seconds))
    return run


def test_what_is_left_follows_from_what_was_measured(tmp_path: Path) -> None:
    fast = run_at(tmp_path / "fast", 50, 5.0)  # 0.1 s a step
    slow = run_at(tmp_path / "slow", 50, 15.0)  # 0.3 s a step
    new = run_at(tmp_path / "new", 0, 0.0)  # as the mean of the others
    assert seconds_left([new], 2) is None
    assert seconds_left([fast, slow], 1) == pytest.approx((5 + 15) / WATCHED)
    assert seconds_left([fast, slow], 2) == pytest.approx(15 / WATCHED)
    assert seconds_left([fast, slow, new], 1) == pytest.approx((5 + 15 + 20) / WATCHED)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (7.4, "7 s"),
        (42, "40 s"),
        (59.9, "60 s"),
        (60, "1 min"),
        (101, "1 min 40 s"),
        (594, "9 min 50 s"),
        (1490, "25 min"),
        (7790, "2 h 10 min"),
        (7200, "2 h"),
    ],
)
def test_a_time_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(0.1, 10**6))
def test_words_are_within_a_tenth_of_the_time(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    parts = duration(seconds).split()
    said = sum(int(count) * units[unit] for count, unit in zip(parts[::2], parts[1::2], strict=True))
    assert abs(said - seconds) <= max(1.0, 0.25 * min(seconds, 11), 0.1 * seconds)


def test_the_estimate_in_a_sentence() -> None:
    sweep = sweep_config()
    seconds = duration(seconds_of(sweep, {"kl": 0.2}, 2))
    assert (
        estimate_words(sweep, {"kl": 0.2}, 2)
        == f"About {seconds} for 4 runs on 2 cores (measured on this machine: 200 ms a step)."
    )
    both = sweep_config(objectives=("kl", "total-correlation"))
    words = estimate_words(both, {"kl": 0.0021, "total-correlation": 0.0034}, 1)
    assert words == "About 8 s for 8 runs on 1 core (measured on this machine: 2.1 to 3.4 ms a step)."
