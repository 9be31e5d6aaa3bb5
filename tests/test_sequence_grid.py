"""Sequences in the grid: convolutions in one dimension, the absolute error, and what does not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Laplace
from torch.nn import functional

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.layers import Conv2d, ConvTranspose2d
from aecore.metrics.latent import log_likelihood
from aecore.model import build
from aecore.objective import absolute_error, reconstruction_term
from aecore.recording import Recorder
from aecore.runs import Run
from aecore.training import scaled
from tests.tiny import CPU, settings

SEQUENCES = settings(
    data__name="machine",
    architecture__kind="conv1d",
    architecture__channels=(4, 6),
    architecture__kernel_size=7,
    architecture__output="linear",
    objective__reconstruction="mae",
    code__size=5,
)


def sequences(**values: Any) -> RunConfig:
    return RunConfig().with_settings(SEQUENCES | settings(**values))


@torch.no_grad()
@pytest.mark.parametrize("kernel", [3, 4, 5, 7, 9])
def test_convolutions_of_one_row_are_torchs_in_one_dimension(kernel: int) -> None:
    config = sequences(architecture__kernel_size=kernel)
    model, plan = build(config.plan, 3), config.plan
    x = torch.randn(2, 3, 1, 256)
    first, last = plan.encoder[0], plan.decoder[-1]
    assert isinstance(first, Conv2d)
    assert isinstance(last, ConvTranspose2d)
    down, up = nn.Conv1d(3, 4, kernel, stride=2, padding=(kernel - 1) // 2), model.decoder[-1]
    weights = dict(model.encoder[0].named_parameters())
    down.weight.copy_(weights["0.weight"][:, :, 0])
    down.bias.copy_(weights["0.bias"])  # type: ignore[union-attr]
    torch.testing.assert_close(model.encoder[0](x)[:, :, 0], functional.relu(down(x[:, :, 0])))
    y = torch.randn(2, 4, 1, 128)
    assert isinstance(up, nn.ConvTranspose2d)
    back = functional.conv_transpose1d(
        y[:, :, 0], up.weight[:, :, 0], up.bias, stride=2, padding=(kernel - 1) // 2, output_padding=last.output_padding[1]
    )
    torch.testing.assert_close(up(y)[:, :, 0], back)


@pytest.mark.parametrize("length", [16, 17, 140, 4096])
def test_sequences_of_any_length_come_back_as_long(length: int) -> None:
    from aecore.layers import plan

    config = sequences()
    model = build(plan(config.architecture, config.code, (1, 1, length)), 0)
    assert model.reconstruct(torch.rand(3, 1, 1, length)).shape == (3, 1, 1, length)


@given(st.integers(1, 5), st.integers(0, 1000))
def test_the_absolute_error_is_a_laplace_likelihood_without_its_constant(count: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(count, 3, 1, 7, generator=generator).double() for _ in range(2))
    exact = -Laplace(y, 1.0).log_prob(x).sum() / count - 3 * 7 * torch.log(torch.tensor(2.0)).item()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(absolute_error(y, x), exact)


@torch.no_grad()
def test_the_runs_term_is_the_one_that_its_loss_names() -> None:
    config = sequences(code__kind="gaussian", code__activation="linear")
    model = build(config.plan, 0)
    x = torch.rand(4, 3, 1, 256)
    output = model(x, torch.Generator().manual_seed(0))
    assert reconstruction_term(model, output, x, "mae").item() == pytest.approx((output.pixels - x).abs().sum().item() / 4)
    each = log_likelihood(model, output.pixels, x, "mae")
    assert -each.mean().item() == pytest.approx(reconstruction_term(model, output, x, "mae").item(), rel=1e-5)


def test_sequences_are_not_brought_to_another_scale() -> None:
    x = torch.tensor([[-0.5, 0.25, 3.0]])
    assert torch.equal(scaled(x, CPU), x)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (settings(architecture__kind="conv2d"), "set architecture.kind to conv1d or dense"),
        (settings(objective__reconstruction="bce", architecture__output="sigmoid"), "set objective.reconstruction to mse or mae"),
        (settings(corruption__kind="patches"), "set corruption.kind to gaussian, masking or none"),
        (settings(data__name="digits"), "set architecture.kind to conv2d or dense"),
        (settings(architecture__channels=(2,) * 9), "can have at most 8 entries"),
        (settings(architecture__kernel_size=4, architecture__full_size_channels=3), "Filters of 4 time steps have no middle"),
        (settings(architecture__skips=True), "Skip connections are for convolutions"),
        (settings(data__classes=(7,)), "The classes of Machine are 0 to 4"),
    ],
)
def test_what_does_not_go_together_is_said(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        RunConfig().with_settings(SEQUENCES | values)


def test_an_epoch_of_some_classes_has_as_many_as_there_are() -> None:
    assert sequences(data__classes=(0,)).train_size == 6_000
    assert sequences(data__classes=(1, 2)).train_size == 500
    assert sequences().train_size == 7_000


def test_a_run_on_sequences_is_recorded_and_measured(tmp_path: Path) -> None:
    config = sequences(data__classes=(0,), data__train_images=40, batch_size=16, epochs=1, corruption__kind="gaussian")
    run = Run.create(config, tmp_path / "run")
    status = Recorder(run).record()
    assert status.state == "finished", status.reason
    assert status.test is not None
    assert set(status.test) == {"mse", "mae", "mse_clean_input", "mae_clean_input"}, "no cross-entropy of numbers"
    from aecore.frames import read_frame, read_gallery

    gallery, frame = read_gallery(run.frames_folder), read_frame(run.frames_folder)
    assert gallery is not None
    assert frame is not None
    assert gallery.originals.shape == frame.reconstructions.shape == (20, 3, 1, 256)
