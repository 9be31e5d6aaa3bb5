"""``python -m aecore export`` and ``import``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aecore.cli import main
from aecore.runs import Run
from tests import tiny
from tests.exchange_files import apart, together, trained, with_json


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("trained") / "run", tiny.config())


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The JSON in the last line of what was printed."""
    values: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


@pytest.mark.parametrize("ending", ["zip", "safetensors"])
def test_a_run_goes_and_comes_back_with_the_same_numbers(
    run: Run, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"mine.{ending}"
    assert main(["export", str(run.folder), "--out", str(file), "--json"]) == 0
    assert said(capsys) == {"file": str(file), "bytes": file.stat().st_size}
    assert main(["import", str(file), "--out", str(tmp_path / "back"), "--json"]) == 0
    result = said(capsys)
    assert result["same"] is True
    assert result["test"] == run.status.test
    assert main(["evaluate", str(tmp_path / "back"), "--json"]) == 0
    assert said(capsys)["test"] == run.status.test
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_numbers_that_are_not_found_again_are_both_shown(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.zip"
    assert main(["export", str(run.folder), "--out", str(file)]) == 0
    file.write_bytes(together(with_json(apart(file.read_bytes()), "status.json", test={"mse": 0.001, "bce": 0.1})))
    capsys.readouterr()
    assert main(["import", str(file), "--out", str(tmp_path / "back")]) == 0
    out = capsys.readouterr().out
    assert "differ" in out
    assert "in the file 0.001" in out
    assert Run(tmp_path / "back").status.test == run.status.test


def test_curves_and_onnx(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run.folder), "--out", str(tmp_path / "a.csv")]) == 0
    assert (tmp_path / "a.csv").read_bytes() == run.metrics_path.read_bytes()
    assert main(["export", str(run.folder), "--out", str(tmp_path / "a.onnx")]) == 0
    assert "differ from torch's by" in capsys.readouterr().out


def test_a_configuration_can_lie_beside(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, out = str(run.folder / "config.json"), str(tmp_path / "back")
    assert main(["import", str(run.model_path), "--config", config, "--out", out, "--unmeasured"]) == 0
    assert Run(tmp_path / "back").status.test is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["export", "nowhere", "--out", "a.zip"], "holds no run"),
        (["export", "{run}", "--out", "a.tar"], "must end in one of"),
        (["export", "{run}", "--out", "{tmp}/none/a.zip"], "There is no folder"),
        (["import", "{tmp}/none.zip", "--out", "{tmp}/back"], "could not be read"),
        (["import", "{run}/metrics.csv", "--out", "{tmp}/back"], "neither a zip of a run nor a safetensors file"),
        (["import", "{run}/model.safetensors", "--out", "{tmp}/back"], "choose the run's config.json"),
        (["import", "{run}/model.safetensors", "--config", "{run}/config.json", "--out", "{run}"], "is there already"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main([each.format(run=run.folder, tmp=tmp_path) for each in arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
