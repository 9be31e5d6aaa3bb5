"""``python -m aecore sweep`` and ``evaluate --metrics``: what they make, print and refuse."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from aecore import cli
from aecore.disentangle_numbers import kept
from aecore.recording import Recorder
from aecore.runs import Run, Status
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep
from tests.server import ROOT, wait_for
from tests.test_cli import refusal, result, run

TINY = ["--resolution", "32", "--factors", "1-3-1-6-6", "--code", "3", "--steps", "12"]
SMALL = ["--set", "architecture.hidden=12", "data.train_images=100", "batch_size=25"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """A sweep of four runs by the command line in a process of its own: its folder, the JSON object, what stderr said."""
    folder = tmp_path_factory.mktemp("sweep") / "new" / "four"
    arguments = ["sweep", "--data", "shapes", "--beta", "4,1", "--seeds", "2", *TINY, *SMALL, "--processes", "1"]
    arguments += ["--out", str(folder), "--json"]
    done = subprocess.run([sys.executable, "-m", "aecore", *arguments], capture_output=True, text=True, cwd=ROOT, check=True)
    return folder, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_a_sweep_is_trained_into_its_folder(made: tuple[Path, dict[str, Any], str]) -> None:
    folder, answer, error = made
    sweep = Sweep(folder)
    assert SweepConfig.parse(answer["config"]) == sweep.config
    assert answer["folder"] == str(folder)
    assert answer["seconds"] > 0
    assert [row["name"] for row in answer["runs"]] == ["beta-1-seed-0", "beta-1-seed-1", "beta-4-seed-0", "beta-4-seed-1"]
    for row, member in zip(answer["runs"], sweep.members, strict=True):
        status = member.run.status
        assert (row["state"], row["steps"]) == ("finished", 12)
        assert row["test"] == status.test
        assert row["test_images"] == 2_000
        assert row["seconds"] == status.seconds > 0
        assert (row["objective"], row["value"], row["seed"]) == ("kl", member.arm.value, member.seed)
        base = sweep.config.base
        assert base.with_settings(row["differences"]) == member.run.config
    assert "48/48" in error.replace("\r", "\n") or "%|" in error, "a bar over all steps"


def test_the_metrics_of_a_sweep_are_measured_and_kept(made: tuple[Path, dict[str, Any], str], capsys: Capture) -> None:
    folder, answer, _ = made
    found = result(capsys, "evaluate", folder, "--metrics", "mig,udr")
    assert [row["name"] for row in found["runs"]] == [row["name"] for row in answer["runs"]]
    for row in found["runs"]:
        assert set(row["numbers"]) == {"mig", "udr"}
        numbers = kept(Run(folder / row["name"]))
        assert numbers is not None
        assert row["numbers"]["mig"]["value"] == numbers.numbers["mig"].value
        assert row["factors"] == ["scale", "x", "y"]
    code, out, _ = run(capsys, "evaluate", folder, "--metrics", "mig")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == [row["name"] for row in answer["runs"]]
    assert all("MIG 0." in line and " to " in line for line in out.splitlines())


def test_the_metrics_of_one_run(made: tuple[Path, dict[str, Any], str], capsys: Capture) -> None:
    folder = made[0] / "beta-4-seed-1"
    found = result(capsys, "evaluate", folder, "--metrics", "mig, sap")
    assert set(found["numbers"]) == {"mig", "sap"}
    assert found["folder"] == str(folder)
    assert result(capsys, "evaluate", folder)["test"] == Run(folder).status.test, "without --metrics as ever"


def test_what_cannot_be_measured_is_said(made: tuple[Path, dict[str, Any], str], tmp_path: Path, capsys: Capture) -> None:
    folder = made[0]
    assert refusal(capsys, "evaluate", folder, "--metrics", "mig,gim").startswith(
        "There is no metric called “gim”. There are: mig,"
    )
    assert "needs a name" in refusal(capsys, "evaluate", folder, "--metrics", "")
    assert "give the folder of a sweep" in refusal(capsys, "evaluate", folder / "beta-1-seed-0", "--metrics", "udr")
    assert "leave --data out" in refusal(capsys, "evaluate", folder, "--metrics", "mig", "--data", "digits")
    assert "neither a run nor a sweep" in refusal(capsys, "evaluate", tmp_path, "--metrics", "mig")
    assert "add --metrics" in refusal(capsys, "evaluate", folder)
    new = Sweep.create(Sweep(folder).config, tmp_path / "new")
    assert "train it to its end first" in refusal(capsys, "evaluate", new.folder, "--metrics", "mig")
    digits = ROOT / "checkpoints" / "vae-16d-mnist"
    for names in ("mig", "all"):
        assert "No factors are known of MNIST" in refusal(capsys, "evaluate", digits, "--metrics", names)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--beta", "1"], "these are 1"),
        (["--beta", "1,x"], "“x” is no number"),
        (["--objective", "elbo"], "no objective called “elbo”"),
        (["--objective", ""], "at least one objective"),
        (["--data", "shape"], "Did you mean 'shapes'?"),
        (["--factors", "3-6"], "give five numbers of steps"),
        (["--factors", "many"], "such as 3-6-10-16-16"),
        (["--architecture", "rnn"], "no network called “rnn”"),
        (["--set", "code.sise=2"], "Did you mean “code.size”"),
        (["--processes", "0"], "at least 1"),
        (["--seeds", "0"], "at least 1"),
        (["--resolution", "28"], "not in 28"),
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_made(
    tmp_path: Path, capsys: Capture, arguments: list[str], says: str
) -> None:
    folder = tmp_path / "sweep"
    assert says in refusal(capsys, "sweep", *arguments, "--out", folder)
    assert not folder.exists()


def test_steps_and_epochs_exclude_each_other(tmp_path: Path, capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        cli.main(["sweep", "--steps", "5", "--epochs", "5", "--out", str(tmp_path / "x")])
    assert "not allowed with" in capsys.readouterr().err


def test_a_folder_that_holds_something_is_not_overwritten(made: tuple[Path, dict[str, Any], str], capsys: Capture) -> None:
    folder = made[0]
    before = (folder / "sweep.json").read_bytes()
    assert refusal(capsys, "sweep", *TINY, "--out", folder) == f"{folder} is not empty: choose another folder."
    assert (folder / "sweep.json").read_bytes() == before


def test_ctrl_c_stops_cleanly_and_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    arguments = ["sweep", "--beta", "1,4", *TINY[:-2], "--epochs", "500", *SMALL, "--processes", "1", "--out", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "aecore", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in a shell's background they ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    sweep = Sweep(folder)
    wait_for(lambda: sweep.exists and all(member.status.step > 0 for member in sweep.runs), "both runs in training")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=90)
    assert process.returncode == 130
    assert error.splitlines()[-1].endswith("Stopped.")
    assert "Traceback" not in error
    assert {member.status.state for member in sweep.runs} == {"interrupted"}
    assert all(member.resume_path.is_file() for member in sweep.runs)


def command_of(arguments: list[str], folder: Path) -> list[str]:
    return ["sweep", *arguments, *TINY, *SMALL, "--out", str(folder)]


@pytest.fixture
def engine_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aecore.engine.Engine", EngineHere)


@pytest.fixture
def cut_off(made: tuple[Path, dict[str, Any], str], tmp_path: Path) -> tuple[Path, list[str]]:
    """A copy of the sweep of four, and the command that made it."""
    folder = tmp_path / "sweep"
    shutil.copytree(made[0], folder)
    return folder, command_of(["--beta", "4,1", "--seeds", "2"], folder)


@pytest.mark.usefixtures("engine_here")
def test_a_sweep_that_was_cut_off_goes_on_with_the_same_command(cut_off: tuple[Path, list[str]], capsys: Capture) -> None:
    folder, command = cut_off
    finished, interrupted, killed, _ = Sweep(folder).runs
    before = finished.status
    status = Recorder(interrupted, lambda: "interrupted").record()
    assert (status.state, interrupted.resume_path.is_file()) == ("interrupted", True)
    killed.write_status(Status(state="running", step=3, steps=12, heartbeat=time.time() - 60))
    answer = result(capsys, *command)
    assert [row["state"] for row in answer["runs"]] == ["finished"] * 4
    assert finished.status == before, "nothing is done again"
    assert [row["steps"] for row in answer["runs"]] == [12] * 4


@pytest.mark.usefixtures("engine_here")
def test_a_sweep_in_training_or_of_another_configuration_is_left_alone(cut_off: tuple[Path, list[str]], capsys: Capture) -> None:
    folder, command = cut_off
    assert "is not empty" in refusal(capsys, *command_of(["--beta", "1,4,8", "--seeds", "2"], folder))
    Sweep(folder).runs[0].write_status(Status(state="running", steps=12))
    assert "is in training" in refusal(capsys, *command)
    assert Sweep(folder).runs[0].status.state == "running"


def test_workers_that_cannot_start_are_given_up(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aecore.cli_sweep._PATIENCE", 1.0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    caught = refusal(capsys, *command_of(["--beta", "1,2"], tmp_path / "sweep"))
    assert caught.startswith("No process that trains could be started for 1 seconds.")
    runs = Sweep(tmp_path / "sweep").runs
    assert {member.status.state for member in runs} == {"interrupted"}
    assert all(member.resumable for member in runs)


@pytest.mark.usefixtures("engine_here")
def test_why_nothing_was_trained_names_the_run(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(engine: EngineHere, member: Run) -> None:
        member.write_status(Status(state="failed", reason="There is not enough memory."))

    monkeypatch.setattr(EngineHere, "resume", fail)
    caught = refusal(capsys, *command_of(["--beta", "1,2"], tmp_path / "sweep"))
    assert caught == "β-VAE, β = 1, seed 0: There is not enough memory."


@pytest.mark.usefixtures("engine_here")
def test_squared_errors_are_not_called_nats(tmp_path: Path, capsys: Capture) -> None:
    command = command_of(["--beta", "1,2", "--set", "objective.reconstruction=mse"], tmp_path / "sweep")
    code, out, error = run(capsys, *command)
    assert code == 0, error
    assert out.splitlines()[0].endswith("test images of shapes, reconstruction in squared error and kl in nats an image:")


class EngineHere:
    """An engine that trains in this process."""

    def __init__(self, slots: int | None) -> None:
        self.slots = slots

    def resume(self, run: Run) -> None:
        Recorder(run).record()

    def positions(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        """There is nothing to end."""


@pytest.mark.usefixtures("engine_here")
def test_people_get_a_table(tmp_path: Path, capsys: Capture) -> None:
    arguments = ["--beta", "1,2", "--objective", "kl,total-correlation", *TINY, *SMALL]
    code, out, error = run(capsys, "sweep", *arguments, "--out", tmp_path / "sweep")
    assert code == 0, error
    lines = out.splitlines()
    assert lines[0] == "on 2,000 test images of shapes, nats an image:"
    assert [line.split("  ")[1] for line in lines[1:-1]] == [
        "β-VAE, β = 1",
        "β-VAE, β = 2",
        "β-TCVAE, β = 1",
        "β-TCVAE, β = 2",
    ]
    assert all("reconstruction" in line and "kl" in line for line in lines[1:-1])
    assert lines[-1].endswith(f"the sweep is in {tmp_path / 'sweep'}")
