"""``python -m aecore probe`` and ``bottleneck``, and the tasks behind the page: what they find, keep and refuse."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from aecore import recording
from aecore.atlas import atlas_of, write_atlas
from aecore.bottleneck_results import Bottleneck, key_of, partial
from aecore.checkpoint import save_model
from aecore.data import kept as data_kept
from aecore.data.loading import Dataset
from aecore.feature_maps_results import FeatureMaps
from aecore.model import build
from aecore.probe_results import Probe, kept
from aecore.runs import Run, runs_root
from aecore.tasks import features
from aecore.tasks.desk import TaskDesk
from aecore.tasks.messages import TaskError
from aecore.tasks.process import TASKS
from tests.test_cli import Capture, refusal, result, run
from tests.tiny import config, dataset


@pytest.fixture(autouse=True)
def tiny_data(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """In the place of every data set."""
    data = dataset(train=100, test=50)

    def load(*arguments: Any) -> Dataset:
        return data

    for module in (data_kept, recording, features):
        monkeypatch.setattr(module, "load_kept", load)
    return data


def a_run(folder: Path, **values: Any) -> Run:
    made = Run.create(config(**values), folder)
    save_model(made, build(made.config.plan, 0))
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return a_run(tmp_path / "run").folder


@pytest.fixture
def mine() -> Run:
    """A person's own run, that a task can find."""
    return a_run(runs_root() / f"mine-{secrets.token_hex(8)}", data__classes=(5, 6, 7, 8, 9))


# --- the command line ---------------------------------------------------------------------------------------------------


def test_a_probe_on_the_command_line(folder: Path, capsys: Capture) -> None:
    found = result(capsys, "probe", folder, "--labels", 20, "--draws", 2)
    for name in ("accuracy", "pixels_accuracy", "pca_accuracy"):
        assert 0 <= found[name] <= 1
        assert found[name.replace("accuracy", "deviation")] >= 0
    assert (found["labels"], found["draws"], found["classes"]) == (20, 2, list(range(10)))
    assert (found["data"], found["test_images"], found["train_images"], found["held_out"]) == ("digits", 50, 100, True)
    code, out, _ = run(capsys, "probe", folder, "--labels", 20, "--draws", 2)
    assert code == 0
    assert f"{100 * found['pixels_accuracy']:.2f} %" in out
    assert "on 50 images of digits, 20 labels, draws: 2" in out


def test_without_a_number_all_labels_are_used_once(folder: Path, capsys: Capture) -> None:
    found = result(capsys, "probe", folder, "--classes", "0-3")
    assert (found["labels"], found["draws"], found["classes"]) == (20, 1, [0, 3])
    assert found["deviation"] == 0
    assert (len(found["confusion"]["pixels"]), found["test_images"]) == (2, 10)


def test_digits_are_training_pictures_of_mnist(tmp_path: Path, capsys: Capture) -> None:
    made = a_run(tmp_path / "run", data__name="mnist")
    assert not result(capsys, "probe", made.folder, "--data", "digits", "--labels", 10, "--draws", 1)["held_out"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--labels", "5"], "5 labels are too few for 10 classes"),
        (["--labels", "5000"], "There are only 10 training images of class 0"),
        (["--labels", "0"], "--labels must be at least 1"),
        (["--draws", "0"], "1 to 100 times"),
        (["--classes", "4"], "name two of them at least"),
        (["--classes", "0-11"], "classes 0 to 9"),
        (["--classes", "cats"], "--classes needs whole numbers"),
        (["--data", "shapes"], "takes pictures of 1×28×28, these data are 1×64×64"),
        (["--data", "mnits"], "Did you mean 'mnist'?"),
    ],
)
def test_what_a_probe_refuses(folder: Path, capsys: Capture, arguments: list[str], sentence: str) -> None:
    assert sentence in refusal(capsys, "probe", folder, *arguments)


def test_a_probe_needs_a_run_with_weights(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert "holds no run" in refusal(capsys, "probe", tmp_path)
    Run(folder).model_path.unlink()
    assert "no trained weights" in refusal(capsys, "probe", folder, "--labels", 10)


def test_a_study_on_the_command_line(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "study.json"
    found = result(capsys, "bottleneck", "--sizes", "4-2", "--epochs", 1, "--out", out)
    study = Bottleneck.from_json(out.read_bytes())
    assert study.complete
    assert [point["size"] for point in found["points"]] == [2, 2, 2, 4, 4, 4]
    assert found["points"][0]["mse"] == study.points[0].mse
    code, text, _ = run(capsys, "bottleneck", "--sizes", "2", "--epochs", 1, "--out", out)
    assert code == 0
    assert text.count("2 numbers") == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--sizes", "2-many"], "--sizes needs whole numbers"),
        (["--sizes", "0-2"], "between 1 and 2,048"),
        (["--sizes", "2", "--epochs", "0"], "Epochs"),
        (["--data", "digit"], "Did you mean 'digits'?"),
    ],
)
def test_what_a_study_refuses(tmp_path: Path, capsys: Capture, arguments: list[str], sentence: str) -> None:
    assert sentence in refusal(capsys, "bottleneck", *arguments, "--out", tmp_path / "study.json")


# --- tasks --------------------------------------------------------------------------------------------------------------


def silent(done: float, what: str) -> None:
    """Nobody listens."""


def test_a_probe_is_kept_with_a_persons_own_run(mine: Run) -> None:
    arguments = {"run": mine.token, "labels": [10, 0], "draws": 2}
    for case, classes in (("all", tuple(range(10))), ("unseen", (0, 1, 2, 3, 4))):
        answer, arrays = features.probe(arguments | {"case": case}, [], silent)
        found = Probe.from_json(answer["json"])
        assert (found.case, found.classes, arrays) == (case, classes, [])
        assert kept(mine)[case] == found
    assert set(kept(mine)) == {"all", "unseen"}


def test_nothing_is_written_into_a_run_that_comes_with_the_app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "find_run", lambda token: Run(folder))
    answer, _ = features.probe({"run": "shipped", "case": "all", "labels": [10], "draws": 1}, [], silent)
    assert Probe.from_json(answer["json"]).case == "all"
    assert kept(Run(folder)) == {}
    with pytest.raises(TaskError, match="learned from images of all classes"):
        features.probe({"run": "shipped", "case": "unseen", "labels": [10], "draws": 1}, [], silent)
    with pytest.raises(TaskError, match="too few for 10 classes"):
        features.probe({"run": "shipped", "case": "all", "labels": [3], "draws": 1}, [], silent)


def test_a_run_that_is_gone_is_said() -> None:
    for task, arguments in (("probe", {"case": "all", "labels": [10], "draws": 1}), ("maps", {"method": "pca"})):
        with pytest.raises(TaskError, match="This run is gone"):
            TASKS[task](arguments | {"run": "nowhere"}, [], silent)


def test_a_study_can_be_read_while_it_is_made(tiny_data: Dataset) -> None:
    arguments = {"data": "digits", "sizes": [2, 3], "epochs": 1, "seed": 5}
    key = key_of("digits", [2, 3], 1, 5)
    seen: list[int] = []

    def report(done: float, what: str) -> None:
        present = partial(key)
        seen.append(-1 if present is None else len(present.points))

    answer, _ = TASKS["bottleneck"](arguments, [], report)
    study = Bottleneck.from_json(answer["json"])
    assert partial(key) == study
    assert seen == sorted(seen)
    assert {0, 1, 2, 3, 4, 5} <= set(seen)
    with pytest.raises(TaskError, match="between 1 and 2,048"):
        TASKS["bottleneck"](arguments | {"sizes": [0]}, [], silent)
    with pytest.raises(TaskError, match="no data set called"):
        TASKS["bottleneck"](arguments | {"data": "cats"}, [], silent)


def test_maps_come_from_the_process_that_pages_wait_for(mine: Run, tiny_data: Dataset) -> None:
    write_atlas(mine, atlas_of(tiny_data.test.images.numpy(), tiny_data.test.labels.numpy()))
    desk = TaskDesk()
    try:
        job = desk.submit("maps", {"run": mine.token, "method": "pca"})
        for _ in desk.follow(job):
            pass
        assert job.state == "done", job.error
        assert len(FeatureMaps.from_json(job.result["json"]).features) == 50
    finally:
        desk.close()
