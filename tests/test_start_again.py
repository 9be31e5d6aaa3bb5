"""Starting again: which weights fit, that they arrive bit for bit, and that the new run begins where they were."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from aecore import runs
from aecore.checkpoint import load_model, pack_weights, save_model
from aecore.config import RunConfig
from aecore.engine import Engine, EngineError
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import check_takeable
from aecore.metrics_log import MetricsReader
from aecore.model import build
from aecore.pacing import Paced
from aecore.recording import Recorder
from aecore.runs import About, Run, Status, find_run, new_run
from aecore.snapshot_steps import snapshots, starting_points
from aecore.starting import Start, StartError, address_of, find_start, misfit, weights_of
from aecore.ui import address
from aecore.weights_file import read_weights
from tests import tiny

TOKEN = "d" * 32


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the digits over twelve steps whose weights were kept on the way."""
    config = tiny.config("vae", architecture__hidden=(12,), epochs=4, seed=3)
    run = Run.create(config, tmp_path_factory.mktemp("trained") / TOKEN, owner="somebody", name="vae · digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Paced, "due", property(lambda self: True))  # every row has its validation
        assert Recorder(run).record().state == "finished"
    return run.folder


@pytest.fixture
def source(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    shutil.copytree(trained, tmp_path / TOKEN)
    return Run(tmp_path / TOKEN)


def middle(run: Run) -> Start:
    """One of the moments whose weights were kept on the way."""
    steps = list(snapshots(run))
    found = find_start(address_of(run.token, steps[len(steps) // 2]))
    assert found is not None
    return found


def begun(run: Run, start: Start, name: str = "", **values: Any) -> Run:
    """A new run with other settings that begins there."""
    return new_run(run.config.with_settings(tiny.settings(**values)), name=name, start=(weights_of(start), start.words))


def rows_of(run: Run) -> list[dict[str, float | None]]:
    reader = MetricsReader(run.metrics_path)
    reader.read()
    return [dict(zip(reader.columns, row, strict=True)) for row in reader.rows]


# --- the weights --------------------------------------------------------------------------------------------------------


def test_the_weights_are_those_that_were_kept_bit_for_bit(source: Run) -> None:
    start = middle(source)
    kept, given = load_arrays(start.path.read_bytes()), load_arrays(weights_of(start))
    assert kept.keys() == given.keys()
    for name, value in kept.items():
        assert value.dtype == given[name].dtype == np.float16
        assert value.tobytes() == given[name].tobytes()
    assert start.precision == "half precision"
    run = begun(source, start)
    assert run.start_path.read_bytes() == weights_of(start)
    assert run.about.start == f"vae · digits, step {start.step}"


def test_the_last_weights_are_a_moment_too_and_packed_ones_are_unpacked(source: Run) -> None:
    last = source.status.step
    start = find_start(address_of(TOKEN, last))
    assert start is not None
    assert (start.path, start.precision) == (source.model_path, "full precision")
    pack_weights(source, 8)
    packed = find_start(address_of(TOKEN, last))
    assert packed is not None
    assert packed.precision == "rounded to fewer bits"
    given = load_arrays(weights_of(packed))
    for name, value in read_weights(source.model_path).items():
        np.testing.assert_array_equal(given[name], value)


def test_a_new_run_begins_where_the_weights_were(source: Run) -> None:
    losses = {row["step"]: row["val_loss"] for row in rows_of(source)}
    start = find_start(address_of(TOKEN, max(set(snapshots(source)) & set(losses))))
    assert start is not None
    run = begun(source, start, optimizer__learning_rate=1e-4, epochs=1)
    assert Recorder(run).record().state == "finished"
    first = rows_of(run)[0]
    assert first["step"] == 0
    then, now, fresh = losses[start.step], first["val_loss"], losses[0]
    assert then is not None
    assert now is not None
    assert fresh is not None
    assert abs(now - then) < 0.01 * then, "half precision"
    assert abs(fresh - then) > 0.05 * then


def test_its_first_weights_are_the_kept_ones(source: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    start = middle(source)
    run = begun(source, start, seed=9)
    first: dict[str, torch.Tensor] = {}
    genuine = Recorder._train

    def note(recorder: Recorder) -> None:
        first.update({name: value.clone() for name, value in recorder._trainer.model.state_dict().items()})
        genuine(recorder)

    monkeypatch.setattr(Recorder, "_train", note)
    Recorder(run).record()
    for name, value in load_model(source, path=start.path).state_dict().items():
        assert torch.equal(first[name], value), name


def test_a_run_that_is_resumed_does_not_begin_again(source: Run) -> None:
    straight, stopped = (begun(source, middle(source), epochs=2) for _ in range(2))
    Recorder(straight).record()
    leave = iter(["interrupted"])
    halfway = Recorder(stopped, leave=lambda: next(leave, None) if Run(stopped.folder).status.step >= 2 else None)
    assert halfway.record().state == "interrupted"
    assert 0 < stopped.status.step < stopped.config.total_steps
    assert Recorder(stopped).record().state == "finished"
    assert tiny.same_weights(load_model(stopped), load_model(straight))


def test_a_run_that_failed_before_its_first_save_begins_there_once_more(source: Run) -> None:
    run = begun(source, middle(source), epochs=1)
    assert Recorder(run).record().state == "finished"
    again = begun(source, middle(source), epochs=1)
    again.write_status(Status(state="failed", reason="The process ended."))
    assert Recorder(again).record().state == "finished"
    assert tiny.same_weights(load_model(run), load_model(again))


def test_damaged_weights_are_said_and_do_not_end_the_worker(source: Run) -> None:
    run = begun(source, middle(source))
    for content in (b"nothing", save_arrays({"other": np.zeros(3, np.float32)})):
        run.start_path.write_bytes(content)
        status = Recorder(run).record()
        assert (status.state, status.hopeless) == ("failed", True)
        assert "damaged" in status.reason


def test_weights_that_cannot_be_read_or_are_no_numbers_are_refused(source: Run) -> None:
    start = middle(source)
    weights = {name: value.copy() for name, value in load_arrays(start.path.read_bytes()).items()}
    next(iter(weights.values())).flat[0] = np.nan
    start.path.write_bytes(save_arrays(weights))
    with pytest.raises(StartError, match="diverged"):
        weights_of(start)
    start.path.write_bytes(b"\xff" * 50)
    with pytest.raises(StartError, match="cannot be read"):
        weights_of(start)
    start.path.unlink()
    with pytest.raises(StartError, match="cannot be read"):
        weights_of(start)


# --- the same network ---------------------------------------------------------------------------------------------------

BASE = tiny.config("vae", architecture__hidden=(12,))


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer.learning_rate": 0.05},
        {"corruption.kind": "gaussian", "corruption.level": 0.3},
        {"objective.beta": 4.0},
        {"epochs": 9, "batch_size": 7, "seed": 4},
        {"data.name": "mnist"},
        {"data.classes": (1, 2)},
        {"architecture.channels": (8,)},
    ],
)
def test_all_but_the_network_may_be_different(settings: dict[str, Any]) -> None:
    assert misfit(BASE.with_settings(settings), BASE) == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"code.size": 5}, "Code size was 4 and is 5"),
        ({"architecture.hidden": (12, 6)}, "Hidden layers was 12 and is 12-6"),
        ({"architecture.hidden": ()}, "Hidden layers was 12 and is none"),
        ({"architecture.activation": "tanh"}, "Activation was"),
        ({"code.kind": "vector"}, "Code was gaussian and is vector"),
        ({"data.name": "shapes", "data.resolution": 64}, "pictures of 28×28 pixels, and these data have pictures of 64×64"),
        ({"code.size": 5, "architecture.activation": "tanh"}, "; "),
    ],
)
def test_what_does_not_fit_is_said(settings: dict[str, Any], words: str) -> None:
    reason = misfit(BASE.with_settings(settings), BASE)
    assert words in reason
    assert reason.endswith(".")
    assert "Convolution" not in reason, "what a dense network has none of makes no difference"


def test_a_classifier_more_is_another_network() -> None:
    base = tiny.config(None, architecture__hidden=(12,), code__size=6)
    reason = misfit(base.with_settings({"schedule.classifier_epochs": 1}), base)
    assert "classifier had 0 classes and has 10" in reason


# --- where it is asked for ----------------------------------------------------------------------------------------------


def test_a_run_is_whole_before_anybody_can_find_it(source: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    genuine = runs.replace_file

    def note(path: Path, content: str | bytes) -> None:
        written.append(path.name)
        genuine(path, content)

    monkeypatch.setattr(runs, "replace_file", note)
    begun(source, middle(source))
    assert written[-1] == "config.json"
    assert "start.safetensors" in written


def test_the_engine_makes_such_a_run_and_says_why_not(source: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(1)
    monkeypatch.setattr(engine, "_enqueue", lambda runs, owner: None)
    start = middle(source)
    run = engine.submit(source.config.with_settings({"objective.beta": 3.0}), owner="me", name="mine", start=start)
    assert run.start_path.read_bytes() == weights_of(start)
    assert run.about == About("me", run.about.created, "mine", start=start.words)
    with pytest.raises(EngineError, match="Code size was 4 and is 7"):
        engine.submit(source.config.with_settings({"code.size": 7}), owner="me", start=start)
    start.path.write_bytes(b"")
    with pytest.raises(EngineError, match="cannot be read"):
        engine.submit(source.config, owner="me", start=start)
    assert len(list(runs.runs_of("me"))) == 1
    plain = engine.submit(source.config, owner="me")
    assert (plain.start_path.exists(), plain.about.start) == (False, "")


def test_an_address_names_weights_and_survives_the_way_there_and_back(source: Run) -> None:
    start = middle(source)
    experiment = address.Experiment(source.config.with_settings({"epochs": 7}), "vae", start=start.address)
    assert address.read(address.write(experiment)) == (experiment, [])
    alone, problems = address.read({"start": start.address})
    assert (alone.config, alone.preset, alone.start, problems) == (source.config, "vae", start.address, [])
    both = address.Experiment(source.config, "vae", source.token, start.address)
    assert address.read(address.write(both)) == (both, [])


MISSING = ("", "-1", "1e3", "9999", "9" * 50)


@pytest.mark.parametrize("text", ["x", "@", "../..@3", *(f"{TOKEN}@{step}" for step in MISSING)])
def test_weights_that_are_not_there_are_said(source: Run, text: str) -> None:
    assert find_start(text) is None
    experiment, problems = address.read({"preset": "vae", "start": text})
    assert experiment.start == ""
    assert "begins afresh" in " ".join(problems)


def test_a_run_in_training_can_be_started_from_where_its_weights_were_kept(source: Run) -> None:
    last = source.status.step
    source.write_status(Status(state="running", step=last))
    assert last not in starting_points(source)
    assert find_start(address_of(TOKEN, next(iter(snapshots(source))))) is not None


def test_the_folder_alone_is_enough(source: Run) -> None:
    run = begun(source, middle(source), epochs=1)
    shutil.rmtree(source.folder)
    assert find_run(TOKEN) is None
    assert Recorder(run).record().state == "finished"
    assert RunConfig.from_json(json.dumps(json.loads((run.folder / "config.json").read_text()))) == run.config


def test_weights_of_an_earlier_stop_are_those_of_its_step(tmp_path: Path) -> None:
    """A run that was stopped, went on and was cut off still has the weights of the stop only."""
    run = Run.create(tiny.config(), tmp_path / "run")
    save_model(run, build(run.config.plan, 0), 2)
    for state, step, found in (
        ("stopped", 2, [2]),
        ("interrupted", 5, [2]),
        ("failed", 5, [2]),
        ("stopped", 5, [2]),
        ("running", 5, []),
    ):
        run.write_status(Status(state=state, step=step, steps=6))
        assert list(starting_points(run)) == found
    run.write_status(Status(state="stopped", step=5, steps=6))
    with pytest.raises(RefusedError, match="those of step 2"):
        check_takeable(run)


def test_weights_of_an_earlier_version_are_those_of_the_end(tmp_path: Path) -> None:
    run = Run.create(tiny.config(), tmp_path / "run")
    save_model(run, build(run.config.plan, 0))
    run.write_status(Status(state="finished", step=6, steps=6))
    assert list(starting_points(run)) == [6]
    run.write_status(Status(state="interrupted", step=5, steps=6))
    assert list(starting_points(run)) == [], "nobody knows of which step they are"
