"""Networks as ONNX answer as torch does, whatever their architecture and however many pictures they are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from aecore.atlas import Atlas, write_atlas
from aecore.checkpoint import save_model
from aecore.exchange import onnx_export
from aecore.exchange.onnx_export import MOST_DIFFERENCE, WholeNetwork, export_onnx, largest_difference
from aecore.exchange.python_lines import with_onnx
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import file_name
from aecore.model import build
from aecore.runs import Run, Status
from aecore.tasks import exchange
from aecore.tasks.messages import TaskError
from tests import tiny
from tests.server import ROOT

NETWORKS: dict[str, dict[str, Any]] = {
    "dense": {"architecture__hidden": (12,)},
    "tied": {"architecture__hidden": (12,), "architecture__tied": True, "code__activation": "sigmoid"},
    "gaussian, tied": {"code__kind": "gaussian", "architecture__tied": True},
    "top_k": {"code__size": 20, "code__top_k": 3},
    "conv2d, skips": {"architecture__kind": "conv2d", "architecture__skips": True, "architecture__full_size_channels": 4},
    "conv2d, even": {"architecture__kind": "conv2d", "architecture__kernel_size": 4, "code__kind": "gaussian"},
    "conv1d": {"architecture__kind": "conv1d", "data__name": "machine", "objective__reconstruction": "mse"},
    "linear, classifier": {
        "schedule__classifier_epochs": 1,
        "architecture__output": "linear",
        "objective__reconstruction": "mse",
        "architecture__activation": "gelu",
    },
}


def made(folder: Path, **values: Any) -> Run:
    """A run with weights that nobody trained, and an atlas of random pictures."""
    config = tiny.config(None, **values)
    run = Run.create(config, folder, name="A network")
    save_model(run, build(config.plan, 3))
    run.write_status(Status(state="finished", step=config.total_steps, steps=config.total_steps))
    images = np.random.default_rng(1).integers(0, 256, (9, *config.plan.input_shape), np.uint8)
    write_atlas(run, Atlas(images, np.zeros(9, np.int64)))
    return run


@pytest.mark.parametrize("which", NETWORKS)
def test_the_file_answers_as_torch_does(which: str, tmp_path: Path) -> None:
    run = made(tmp_path / "run", **NETWORKS[which])
    file = export_onnx(run)
    assert (file.held_out, file.drawn) == (8, 5)
    assert file.difference <= 1e-5 < MOST_DIFFERENCE
    session = onnxruntime.InferenceSession(file.content)
    assert [each.name for each in session.get_inputs()] == ["images"]
    assert [each.name for each in session.get_outputs()] == ["reconstruction", "code"]
    model = build(run.config.plan, 3)
    for count in (1, 2, 17):
        images = torch.rand(count, *run.config.plan.input_shape)
        reconstruction, code = session.run(None, {"images": images.numpy()})
        with torch.no_grad():
            assert np.allclose(reconstruction, model.reconstruct(images), atol=1e-5)
            assert np.allclose(code, model.encode(images).mean, atol=1e-5)
        assert code.shape == (count, run.config.code.size)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, bytes]:
    """A network and its file."""
    run = made(tmp_path_factory.mktemp("plain") / "run")
    return run, export_onnx(run).content


def test_the_file_says_what_it_is_and_nothing_of_this_machine(plain: tuple[Run, bytes]) -> None:
    run, content = plain
    said = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert said == {"name": "A network", "config": run.config.to_json()}
    for place in (str(ROOT), str(Path(torch.__file__).parent), "aecore/"):
        assert place.encode() not in content


def test_a_file_that_answers_otherwise_is_not_given_away(
    plain: tuple[Run, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path / "run")
    save_model(run, build(run.config.plan, 4))
    monkeypatch.setattr(onnx_export, "_exported", lambda *arguments: plain[1])
    with pytest.raises(RefusedError, match="answers otherwise than torch"):
        export_onnx(run)


class Twice(nn.Module):
    """The same network with a code twice as large."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        reconstruction, code = self.inner(images)
        return reconstruction, 2 * code


def test_the_difference_is_a_share_of_the_largest_number(plain: tuple[Run, bytes]) -> None:
    run, content = plain
    network = WholeNetwork(build(run.config.plan, 3))
    images = np.random.default_rng(0).random((4, 1, 28, 28)).astype(np.float32)
    assert largest_difference(content, network, [images, images[:0]]) < 1e-5
    assert largest_difference(content, Twice(network), [images]) == pytest.approx(0.5, rel=1e-5)


def test_weights_that_are_no_numbers_are_not_given_away(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    model = build(run.config.plan, 3)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    save_model(run, model)
    with pytest.raises(RefusedError, match="answers otherwise than torch, by inf"):
        export_onnx(run)


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    run.model_path.unlink()
    with pytest.raises(RefusedError, match="none to take away"):
        export_onnx(run)
    run.model_path.write_bytes(b"damaged")
    with pytest.raises(RefusedError, match="is damaged"):
        export_onnx(run)


def test_the_lines_of_python_need_neither_torch_nor_this_app(tmp_path: Path) -> None:
    run = made(tmp_path / "run", **NETWORKS["conv1d"])
    (tmp_path / file_name(run, ".onnx")).write_bytes(export_onnx(run).content)
    lines = with_onnx(run) + "import sys\nassert 'torch' not in sys.modules and 'aecore' not in sys.modules\n"
    done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("code (5, 4) error")


def test_the_task_gives_the_file_and_its_difference(plain: tuple[Run, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    run, content = plain
    made_file = onnx_export.OnnxFile(content, 1e-7, 8, 5)
    monkeypatch.setattr(onnx_export, "export_onnx", lambda *arguments: made_file)
    monkeypatch.setattr(exchange, "find_run", lambda token: run if token == "mine" else None)
    result, (given,) = exchange.onnx({"run": "mine"}, [], lambda share, what: None)
    assert result == {"difference": 1e-7, "held_out": 8, "drawn": 5}
    assert given.tobytes() == content
    with pytest.raises(TaskError, match="is gone"):
        exchange.onnx({"run": "theirs"}, [], lambda share, what: None)
