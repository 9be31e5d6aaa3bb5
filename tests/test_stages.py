"""What is trained when: stages follow each other without gaps, and each has names, steps and a schedule of its own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config import RunConfig
from aecore.stages import stage_at
from aecore.training import schedule_factor
from tests.tiny import config, settings, trainer

GREEDY = config(
    architecture__hidden=(8, 6), schedule__kind="greedy", schedule__layer_epochs=3, schedule__classifier_epochs=4, epochs=5
)


def test_a_greedy_run_has_a_stage_for_each_layer_then_the_whole_then_the_labels() -> None:
    each = 3  # 40 images in batches of 16
    assert [(stage.name, stage.depth, stage.first_step, stage.steps) for stage in GREEDY.stages] == [
        ("layer_1", 1, 0, 3 * each),
        ("layer_2", 2, 3 * each, 3 * each),
        ("layer_3", 3, 6 * each, 3 * each),
        ("whole", 3, 9 * each, 5 * each),
        ("softmax", 3, 14 * each, 4 * each),
        ("labels", 3, 18 * each, 4 * each),
    ]
    assert GREEDY.total_epochs == 22
    assert GREEDY.total_steps == 66
    titles = [stage.title for stage in GREEDY.stages]
    assert titles == ["Layer 1", "Layer 2", "Layer 3", "All layers", "Classifier", "Fine-tuning with labels"]


def test_a_usual_run_has_one_stage() -> None:
    (stage,) = config(architecture__hidden=(8, 6)).stages
    assert (stage.name, stage.first_step, stage.last_step, stage.depth) == ("whole", 0, 6, 3)


def test_labels_can_come_after_training_all_at_once_and_one_layer_can_be_greedy() -> None:
    labels = config(schedule__classifier_epochs=1)
    assert [stage.name for stage in labels.stages] == ["whole", "softmax", "labels"]
    assert [stage.name for stage in config(schedule__kind="greedy").stages] == ["layer_1", "whole"]


@st.composite
def scheduled(draw: st.DrawFn) -> RunConfig:
    values = settings(
        architecture__hidden=draw(st.lists(st.integers(1, 9), max_size=4)),
        schedule__kind=draw(st.sampled_from(["joint", "greedy"])),
        schedule__layer_epochs=draw(st.integers(1, 500)),
        schedule__classifier_epochs=draw(st.integers(0, 500)),
        optimizer__kind=draw(st.sampled_from(["adam", "lbfgs"])),
        batch_size=draw(st.integers(1, 100)),
        epochs=draw(st.integers(1, 500)),
        data__train_images=draw(st.integers(10, 4000)),
    )
    return RunConfig().with_settings(values)


@given(scheduled(), st.integers(0, 10**6))
def test_stages_follow_each_other_and_add_up(run: RunConfig, step: int) -> None:
    stages = run.stages
    assert stages[0].first_step == 0
    assert all(before.last_step == after.first_step for before, after in itertools.pairwise(stages))
    assert stages[-1].last_step == run.total_steps == sum(stage.steps for stage in stages)
    assert run.total_epochs * run.steps_per_epoch == run.total_steps
    assert all(stage.steps % run.steps_per_epoch == 0 for stage in stages), "each begins with an epoch"
    assert len({stage.name for stage in stages}) == len(stages)
    step %= run.total_steps
    stage = stages[stage_at(stages, step)]
    assert stage.first_step <= step < stage.last_step
    assert stage_at(stages, run.total_steps) == len(stages) - 1


def test_each_stage_goes_through_the_schedule_of_rates_once() -> None:
    running = trainer(GREEDY.with_settings({"optimizer.schedule": "cosine", "optimizer.learning_rate": 0.01}))
    rates, used = [running.current_rate], []
    for _ in running.run():
        used.append(running.optimizer.param_groups[0]["lr"])
        rates.append(running.current_rate)
    expected = [0.01 * schedule_factor("cosine", step / stage.steps) for stage in GREEDY.stages for step in range(stage.steps)]
    assert used == rates[:-1] == pytest.approx(expected)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert used[0] == used[9] == used[27] == 0.01


def test_the_share_of_a_stage_that_is_done_begins_anew_with_each() -> None:
    running = trainer(GREEDY)
    shares = []
    steps = running.run()
    for _ in range(12):
        next(steps)
        shares.append(running.progress)
    assert shares == pytest.approx([step / 9 for step in (1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3)])
