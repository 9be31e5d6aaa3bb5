"""A run of several stages in its folder: numbers at the end of each, and nothing lost by a stop at any moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aecore.checkpoint import load_model
from aecore.frames import kept_frames
from aecore.metrics_log import MetricsReader
from aecore.recording import Recorder
from aecore.runs import Run
from aecore.stage_numbers import drop_stages_after, keep_stage, stage_numbers
from tests.tiny import config, same_weights

GREEDY: dict[str, Any] = {
    "architecture__hidden": (10,),
    "architecture__activation": "sigmoid",
    "code__size": 6,
    "code__activation": "sigmoid",
    "objective__sparsity": "l1",
    "schedule__kind": "greedy",
    "schedule__layer_epochs": 1,
    "schedule__classifier_epochs": 2,
    "epochs": 2,
}
ENDS = {"layer_1": 3, "layer_2": 6, "whole": 12, "softmax": 18, "labels": 24}


def new(folder: Path) -> Run:
    return Run.create(config(**GREEDY), folder)


def columns(run: Run) -> dict[str, list[float | None]]:
    reader = MetricsReader(run.metrics_path)
    reader.read()
    return {name: [row[index] for row in reader.rows] for index, name in enumerate(reader.columns)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Trained without a stop."""
    run = new(tmp_path_factory.mktemp("whole") / "run")
    status = Recorder(run).record()
    assert status.state == "finished"
    return run


def test_each_stage_leaves_its_test_numbers(whole: Run) -> None:
    kept = stage_numbers(whole)
    assert {numbers.name: numbers.step for numbers in kept} == ENDS
    for numbers in kept:
        assert numbers.test["mse"] > 0
        assert numbers.test["bce"] > 0
        assert ("accuracy" in numbers.test) == (numbers.name in ("softmax", "labels"))
    assert kept[-1].test == whole.status.test
    assert kept[-1].test["accuracy"] != kept[-2].test["accuracy"] or kept[-1].test["mse"] != kept[-2].test["mse"]


def test_the_status_counts_all_stages(whole: Run) -> None:
    assert (whole.status.step, whole.status.steps) == (24, 24)
    assert (whole.status.epoch, whole.status.epochs) == (8, 8)


def test_the_metrics_have_each_stage_s_own_loss_in_its_time_only(whole: Run) -> None:
    found = columns(whole)
    steps = [int(step or 0) for step in found["step"]]
    assert steps == sorted(set(steps)), "one row a step"
    first = 0
    for name, last in ENDS.items():
        own = "reconstruction" if name == "whole" else name
        for part in ("train", "val"):
            inside = [value for value, step in zip(found[f"{part}_{own}"], steps, strict=True) if first < step <= last]
            outside = [
                value for value, step in zip(found[f"{part}_{own}"], steps, strict=True) if step > last or 0 < step <= first
            ]
            assert inside[-1] is not None
            if (part, own) != ("val", "reconstruction"):
                assert not any(value is not None for value in outside)
        end = steps.index(last)
        assert found["val_reconstruction"][end] is not None, "measured in every stage"
        assert found["val_loss"][end] is not None
        first = last
    accuracies = [value for value, step in zip(found["train_accuracy"], steps, strict=True) if step <= ENDS["whole"]]
    assert not any(value is not None for value in accuracies)


def test_a_frame_is_kept_of_the_end_of_each_stage(whole: Run) -> None:
    assert set(ENDS.values()) <= set(kept_frames(whole.frames_folder))


def interrupted(run: Run, when: Callable[[Recorder], bool]) -> Run:
    """Train until `when` is true the first time, leave, and go on to the end."""
    recorder = Recorder(run, leave=lambda: "interrupted" if recorder.trainer is not None and when(recorder) else None)
    assert recorder.record().state == "interrupted"
    assert Recorder(run).record().state == "finished"
    return run


def is_measuring(recorder: Recorder, step: int) -> bool:
    assert recorder.trainer is not None
    return recorder.trainer.step == step and "Measuring" in str(recorder.status.preparing)


@pytest.mark.parametrize("step", ENDS.values(), ids=ENDS)
def test_a_stop_while_the_end_of_a_stage_is_measured_loses_nothing(step: int, whole: Run, tmp_path: Path) -> None:
    run = interrupted(new(tmp_path / "run"), lambda recorder: is_measuring(recorder, step))
    assert stage_numbers(run) == stage_numbers(whole)
    assert same_weights(load_model(run), load_model(whole))
    found = columns(run)
    for name in ("train_layer_1", "train_layer_2", "train_softmax", "train_labels", "train_loss"):
        assert [value for value in found[name] if value is not None][-1] == [
            value for value in columns(whole)[name] if value is not None
        ][-1]


def test_a_run_that_begins_again_forgets_the_stages_that_had_ended(whole: Run, tmp_path: Path) -> None:
    run = new(tmp_path / "run")
    other = whole.config.stages[1]
    keep_stage(run, other, {"mse": 99.0})  # of a life that was lost before it was saved
    assert Recorder(run).record().state == "finished"
    assert stage_numbers(run) == stage_numbers(whole)
    assert 6 in [int(step or 0) for step in columns(run)["step"]]


def test_numbers_of_stages_are_kept_dropped_and_replaced(tmp_path: Path) -> None:
    run = new(tmp_path / "run")
    first, second, third, *_ = run.config.stages
    assert stage_numbers(run) == []
    drop_stages_after(run, -1)
    assert not (run.folder / "stages.json").exists()
    for stage, value in ((first, 3.0), (second, 2.0), (third, 1.0), (second, 5.0)):
        keep_stage(run, stage, {"mse": value})
    assert [(numbers.name, numbers.step, numbers.test) for numbers in stage_numbers(run)] == [
        ("layer_1", 3, {"mse": 3.0}),
        ("layer_2", 6, {"mse": 5.0}),
    ]
    drop_stages_after(run, 5)
    assert [numbers.name for numbers in stage_numbers(run)] == ["layer_1"]
    drop_stages_after(run, -1)
    assert stage_numbers(run) == []


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"name": "whole"}]', '[{"unknown": 1}]'])
def test_a_damaged_file_of_stages_is_none(text: str, tmp_path: Path) -> None:
    run = new(tmp_path / "run")
    (run.folder / "stages.json").write_text(text)
    assert stage_numbers(run) == []


def test_a_run_of_one_stage_has_no_numbers_of_stages(tmp_path: Path) -> None:
    run = Run.create(config(epochs=1), tmp_path / "run")
    assert Recorder(run).record().state == "finished"
    assert stage_numbers(run) == []
