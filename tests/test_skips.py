"""Skip connections: what is added, where, and where they cannot be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.model import build
from aecore.training import Trainer
from aecore.ui.architecture_drawing import architecture_svg
from tests import tiny

SKIPPING = {"architecture.kind": "conv2d", "architecture.channels": (4, 6), "architecture.skips": True, "code.size": 5}


def layer(module: nn.Module) -> nn.Module:
    """The layer of a pair of layer and activation."""
    return module[0] if isinstance(module, nn.Sequential) else module


@torch.no_grad()
def test_each_decoder_layer_gets_what_the_encoder_had_at_its_size() -> None:
    config = RunConfig().with_settings(SKIPPING)
    model = build(config.plan, seed=3)
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    fine = torch.relu(layer(model.encoder[0])(images))
    coarse = torch.relu(layer(model.encoder[1])(fine))
    code = layer(model.encoder[3])(coarse.flatten(1))
    up = torch.relu(layer(model.decoder[0])(code)).reshape(-1, 6, 7, 7) + coarse
    up = torch.relu(layer(model.decoder[2])(up) + fine)
    expected = torch.sigmoid(layer(model.decoder[3])(up))
    assert torch.allclose(model.reconstruct(images), expected, atol=1e-6)
    assert torch.allclose(model.activate(model(images).pixels), expected, atol=1e-6)
    assert torch.equal(model.encode(images).mean, code)


@torch.no_grad()
def test_the_code_alone_is_decoded_without_them() -> None:
    config = RunConfig().with_settings(SKIPPING)
    with_skips = build(config.plan, seed=3)
    without = build(config.with_settings({"architecture.skips": False}).plan, seed=3)
    code = torch.randn(2, 5, generator=torch.Generator().manual_seed(1))
    images = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    assert torch.equal(with_skips.decode(code), without.decode(code))
    assert not torch.allclose(with_skips.reconstruct(images), without.reconstruct(images))
    assert config.plan.parameters == config.with_settings({"architecture.skips": False}).plan.parameters


def test_fine_detail_goes_around_a_small_code() -> None:
    def error(skips: bool) -> float:
        run = tiny.config(
            "convolutional",
            code__size=1,
            architecture__skips=skips,
            architecture__channels=(8, 8),
            epochs=60,
            optimizer__learning_rate=0.01,
        )
        trainer: Trainer = tiny.trainer(run)
        for _ in trainer.run():
            pass
        return trainer.evaluate(trainer.dataset.validation)["loss"]

    assert error(True) < 0.8 * error(False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"architecture.skips": True}, "Skip connections are for convolutions"),
        ({**SKIPPING, "code.kind": "gaussian"}, "lead around the code"),
    ],
)
def test_where_they_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RunConfig().with_settings(settings)


def test_they_are_drawn() -> None:
    config = RunConfig().with_settings(SKIPPING)
    drawing = architecture_svg(config.plan, "net")
    assert drawing.count("stroke-dasharray") == 2
    assert "skip connections" in drawing
    plain = architecture_svg(config.with_settings({"architecture.skips": False}).plan, "net")
    assert "stroke-dasharray" not in plain
