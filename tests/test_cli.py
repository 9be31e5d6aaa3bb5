"""The command line, in this process: what it prints, what it returns, and what it says when something cannot be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aecore import cli
from aecore.checkpoint import load_model
from aecore.config import RunConfig
from aecore.data import kept
from aecore.data.catalogue import card
from aecore.data.downloads import DataUnavailableError
from aecore.data.loading import Dataset
from aecore.evaluation import evaluate
from aecore.presets import PRESETS
from aecore.runs import Run, replace_file
from tests.tiny import dataset, split

SMALL = ["epochs=1", "data.train_images=256", "architecture.hidden=16"]
Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def result(capsys: Capture, *arguments: object) -> dict[str, Any]:
    """The JSON object of the last line, of a command that must succeed."""
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


def refusal(capsys: Capture, *arguments: object) -> str:
    """The one sentence, below a progress bar that may have been there, with which a command is refused."""
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    lines = [line for line in err.replace("\r", "\n").splitlines() if line.strip()]
    shown_by_bars = [line for line in lines if "%|" in line or "it/s" in line]
    (sentence,) = [line for line in lines if line not in shown_by_bars]
    assert sentence[-1] in ".?"
    return sentence


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vanilla run, trained by the command line."""
    folder = tmp_path_factory.mktemp("cli") / "vanilla"
    assert cli.main(["train", "vanilla", "--set", *SMALL, "--out", str(folder)]) == 0
    return folder


# --- presets ------------------------------------------------------------------------------------------------------------


def test_presets_are_listed_with_what_they_are(capsys: Capture) -> None:
    code, out, _ = run(capsys, "presets")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == list(PRESETS)
    assert all(row.summary in line for row, line in zip(PRESETS.values(), lines, strict=True))


def test_presets_as_json_hold_their_configurations(capsys: Capture) -> None:
    listed = result(capsys, "presets")
    assert list(listed) == list(PRESETS)
    assert {name: RunConfig.parse(row["config"]) for name, row in listed.items()} == {
        name: row.config for name, row in PRESETS.items()
    }


# --- train and evaluate -------------------------------------------------------------------------------------------------


def test_train_makes_a_run_and_evaluate_measures_the_same(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "new" / "run"
    made = result(capsys, "train", "vanilla", "--set", *SMALL, "code.size=7", "--set", "seed=3", "--out", folder)
    assert set(made["test"]) == {"mse", "bce"}
    assert 0 < made["test"]["mse"] < 0.25
    assert 0 < made["test"]["bce"] < 1
    assert made["seconds"] > 0
    assert made["images_per_second"] == pytest.approx(256 / made["seconds"])
    assert (made["test_images"], made["data"], made["input"], made["folder"]) == (500, "digits", "clean", str(folder))

    stored = Run(folder)
    assert stored.config == RunConfig.parse(made["config"])
    assert (stored.config.code.size, stored.config.seed, stored.config.architecture.hidden) == (7, 3, (16,))
    assert made["parameters"] == stored.config.plan.parameters
    assert (stored.status.state, stored.status.step, stored.about.name) == ("finished", 2, "vanilla")
    assert stored.status.test == made["test"]

    measured = result(capsys, "evaluate", folder)
    shared = set(made) - {"seconds", "images_per_second"}
    assert measured == {name: made[name] for name in shared}


def test_the_same_command_makes_the_same_numbers(tmp_path: Path, capsys: Capture) -> None:
    arguments = ["train", "denoising-dropout", "--set", *SMALL]
    tests = [result(capsys, *arguments, "--out", tmp_path / name)["test"] for name in ("one", "two")]
    assert tests[0] == tests[1]
    assert set(tests[0]) == {"mse", "bce", "mse_clean_input", "bce_clean_input"}


def test_a_vae_prints_its_bound_and_its_noise(tmp_path: Path, capsys: Capture) -> None:
    noise = ["corruption.kind=gaussian", "corruption.level=0.25"]
    code, out, _ = run(capsys, "train", "vae", "--set", *SMALL, *noise, "--out", tmp_path / "vae")
    assert code == 0
    names = ["mse", "bce", "mse_clean_input", "bce_clean_input", "reconstruction", "kl", "neg_elbo"]
    lines = out.splitlines()
    assert lines[0] == "on 500 test images of digits, input gaussian 0.25:"
    values = dict(line.split() for line in lines[1:-1])
    assert sorted(values) == sorted(names)
    assert float(values["neg_elbo"]) == pytest.approx(float(values["reconstruction"]) + float(values["kl"]), abs=1e-4)
    assert "s of training, " in lines[-1]
    assert lines[-1].endswith(f"images/s; the run is in {tmp_path / 'vae'}")


def test_evaluate_prints_the_numbers_for_people(trained: Path, capsys: Capture) -> None:
    code, out, _ = run(capsys, "evaluate", trained)
    assert code == 0
    mse = result(capsys, "evaluate", trained)["test"]["mse"]
    assert out.splitlines()[:2] == ["on 500 test images of digits, input clean:", f"  {'mse':<18} {mse:.5f}"]


def test_latent_measures_the_code_and_the_likelihood(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "run"
    made = result(capsys, "train", "vae", "--set", *SMALL, "code.size=3", "--out", folder)
    found = result(capsys, "latent", folder, "--samples", "4", "--images", "20")
    assert found["neg_elbo"] == pytest.approx(made["test"]["neg_elbo"])
    assert len(found["kl"]) == len(found["variance"]) == 3
    assert [bound["samples"] for bound in found["bounds"]] == [1, 2, 4]
    code, out, _ = run(capsys, "latent", folder, "--samples", "4", "--images", "20")
    assert code == 0
    assert (
        out.splitlines()[-1]
        == f"  log p(x) with      4 samples  {found['bounds'][-1]['mean']:.3f} ± {found['bounds'][-1]['error']:.3f}"
    )
    for wrong in (["latent", tmp_path / "nothing"], ["latent", folder, "--samples", "0"]):
        code, _, error = run(capsys, *wrong)
        assert code == 2
        assert "holds no run" in error or "at least 1" in error


def test_other_data_of_the_same_size_can_be_measured(trained: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def load(name: str, **_: object) -> Dataset:
        asked.append(name)
        return Dataset(card(name), *(split(count) for count in (10, 10, 30)))

    monkeypatch.setattr(kept, "load", load)
    measured = result(capsys, "evaluate", trained, "--data", "kmnist")
    assert asked == ["kmnist"]
    assert (measured["data"], measured["test_images"]) == ("kmnist", 30)
    assert measured["test"] == evaluate(load_model(Run(trained)), Run(trained).config, split(30))
    assert json.loads((trained / "config.json").read_text())["data"]["name"] == "digits"


# --- what cannot be done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["vanila"], "There is no preset called “vanila”. Did you mean “vanilla”?"),
        (["vanilla", "--data", "minst"], "There is no data set called 'minst'. Did you mean 'mnist'?"),
        (["vanilla", "--set", "code.sise=2"], "There is no setting called “code.sise”. Did you mean “code.size”?"),
        (["vanilla", "--set", "epochs"], "--set needs KEY=VALUE, for example --set code.size=20; “epochs” has no “=”."),
        (["vanilla", "--set", "=3"], "There is no setting called “”."),
        (["vanilla", "--set", "epochs=none"], "Epochs (epochs) must be a whole number; you gave 'none'."),
        (["vanilla", "--set", "architecture.output=linear"], "Binary cross-entropy needs reconstructed pixels between 0 and 1"),
        (["vanilla", "--threads", "0"], "--threads must be at least 1."),
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_made(
    tmp_path: Path, capsys: Capture, arguments: list[str], sentence: str
) -> None:
    folder = tmp_path / "run"
    assert sentence in refusal(capsys, "train", *arguments, "--out", folder)
    assert not folder.exists()


@pytest.mark.parametrize("arguments", [[], ["fly"], ["train"], ["train", "vanilla"], ["train", "vanilla", "--threads", "x"]])
def test_incomplete_commands_show_the_usage(capsys: Capture, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m aecore")


def test_a_folder_that_holds_a_run_is_not_overwritten(trained: Path, capsys: Capture) -> None:
    before = (trained / "model.safetensors").read_bytes()
    assert refusal(capsys, "train", "vae", "--out", trained) == f"{trained} already holds a run: choose another folder."
    assert (trained / "model.safetensors").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("in the way")
    file = tmp_path / "file"
    assert refusal(capsys, "train", "vanilla", "--out", file) == f"{file} is a file: choose another folder."
    sentence = refusal(capsys, "train", "vanilla", "--out", file / "run")
    assert sentence == f"The files could not be read or written: Not a directory ({file / 'run'})."


def test_what_holds_no_run_cannot_be_measured(tmp_path: Path, capsys: Capture) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        assert refusal(capsys, "evaluate", folder) == f"{folder} holds no run (there is no config.json in it)."


def test_a_run_without_weights_cannot_be_measured(tmp_path: Path, capsys: Capture) -> None:
    Run.create(RunConfig.parse({}), tmp_path / "run")
    assert "holds no trained weights (model.safetensors): train it first." in refusal(capsys, "evaluate", tmp_path / "run")


def test_a_broken_configuration_is_said(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "config.json").write_text("{")
    assert refusal(capsys, "evaluate", tmp_path).startswith("This is not a configuration: it is not valid JSON")


def copy_of(trained: Path, folder: Path) -> Run:
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((trained / name).read_bytes())
    return Run(folder)


@pytest.mark.parametrize("damage", ["empty", "garbage", "cut off", "another network"])
def test_damaged_weights_are_said(trained: Path, tmp_path: Path, capsys: Capture, damage: str) -> None:
    stored = copy_of(trained, tmp_path / "run")
    if damage == "another network":
        replace_file(stored.folder / "config.json", stored.config.with_settings({"architecture.hidden": "17"}).to_json())
    else:
        whole = stored.model_path.read_bytes()
        stored.model_path.write_bytes({"empty": b"", "garbage": b"weights" * 99, "cut off": whole[:-10]}[damage])
    sentence = refusal(capsys, "evaluate", stored.folder)
    assert sentence == f"{stored.model_path} is damaged, or belongs to another network: train the run again."


def test_data_of_another_size_cannot_be_measured(trained: Path, capsys: Capture) -> None:
    sentence = refusal(capsys, "evaluate", trained, "--data", "shapes")
    assert sentence == "This run takes images of 28×28 pixels; those of shapes are 64×64 pixels. Choose other data."


def test_data_that_cannot_be_had_are_said(
    trained: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str, **_: object) -> Dataset:
        raise DataUnavailableError(f"{name} could not be downloaded: try again later.")

    monkeypatch.setattr(kept, "load", load)
    monkeypatch.setattr("aecore.data.kept.load", load)
    assert refusal(capsys, "evaluate", trained, "--data", "mnist") == "mnist could not be downloaded: try again later."
    arguments = ["train", "vanilla", "--data", "mnist", "--out", tmp_path / "run"]
    assert refusal(capsys, *arguments) == "mnist could not be downloaded: try again later."


def test_a_run_that_diverges_is_said(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aecore.data.kept.load", lambda name, **_: dataset())
    values = ["objective.reconstruction=mse", "architecture.output=linear", "optimizer.kind=sgd", "optimizer.learning_rate=10"]
    values += ["architecture.hidden=20-20", "data.train_images=40", "batch_size=8", "epochs=20", "optimizer.schedule=constant"]
    sentence = refusal(capsys, "train", "vanilla", "--set", *values, "--out", tmp_path / "run")
    assert "training diverged. Try a smaller learning rate than 10." in sentence
    assert Run(tmp_path / "run").status.state == "failed"


def test_an_interruption_by_the_keyboard_is_not_an_error_with_a_traceback(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_presets", interrupted)
    assert run(capsys, "presets", "--json") == (130, "", "Stopped.\n")
