"""The weights that are handed to the browser are those of the trained network, in the order that the description says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aecore.checkpoint import save_model
from aecore.config import RunConfig
from aecore.model import build
from aecore.runs import Run
from aecore.ui.browser_network import browser_network

Numbers = np.ndarray[Any, Any]

ACTIVATIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def forward(layers: list[dict[str, Any]], weights: bytes, x: Numbers) -> Numbers:
    numbers = np.frombuffer(weights, "<f4")
    for layer in layers:
        inputs, outputs = layer["inputs"], layer["outputs"]
        matrix = numbers[layer["weight"] : layer["weight"] + inputs * outputs].reshape(outputs, inputs)
        bias = numbers[layer["bias"] : layer["bias"] + outputs]
        x = ACTIVATIONS[layer["activation"]](x @ matrix.T + bias)
    return x


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"architecture.hidden": "20-12", "architecture.activation": "tanh", "code.activation": "relu"},
        {"architecture.hidden": "20", "architecture.tied": True, "code.size": 5},
        {"architecture.hidden": "16", "code.kind": "gaussian", "code.size": 3, "architecture.tied": True},
    ],
)
def test_the_browser_gets_the_network_that_was_trained(settings: dict[str, Any], tmp_path: Path) -> None:
    config = RunConfig().with_settings(settings)
    run = Run.create(config, tmp_path / "run")
    model = build(config.plan, seed=7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)), alpha=0.05)
    save_model(run, model)
    description, weights = browser_network(run)

    images = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    encoding = model.encode(images)
    code = forward(description["encoder"], weights, images.flatten(1).numpy())
    assert np.allclose(code[:, : config.code.size], encoding.mean.detach().numpy(), atol=1e-4)
    if encoding.log_variance is not None:
        assert np.allclose(code[:, config.code.size :], encoding.log_variance.detach().numpy(), atol=1e-4)
    pixels = forward(description["decoder"], weights, encoding.mean.detach().numpy())
    assert np.allclose(pixels, model.decode(encoding.mean).detach().flatten(1).numpy(), atol=1e-4)


def test_layers_that_the_browser_does_not_compute_are_refused(tmp_path: Path) -> None:
    config = RunConfig().with_settings({"architecture.kind": "conv2d"})
    run = Run.create(config, tmp_path / "run")
    save_model(run, build(config.plan, seed=0))
    with pytest.raises(ValueError, match="Conv2d"):
        browser_network(run)
