"""The network that is handed to the browser is the one that was trained, and the browser computes what torch computes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Error, Page

from aecore.checkpoint import load_model, save_model
from aecore.config import RunConfig, choices
from aecore.config_sections import ArchitectureConfig, CodeConfig
from aecore.layers import Shape, plan
from aecore.model import Autoencoder, build
from aecore.presets import PRESETS
from aecore.runs import Run
from aecore.ui.browser_network import browser_network, describe_network
from aecore.ui.components import source

Numbers = np.ndarray[Any, Any]
Described = tuple[dict[str, Any], bytes]

ACTIVATIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
RUN = """([description, weights, pictures]) => {
  const network = makeNetwork(description, Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)))
  const answers = pictures.map((picture) => {
    const { mean, logVariance } = network.encode(Float32Array.from(picture))
    const reconstruction = network.reconstruct(Float32Array.from(picture))
    return [mean, logVariance, network.decode(mean), reconstruction].map((values) => values && [...values])
  })
  return { inputs: network.inputs, codeSize: network.codeSize, answers }
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("network.js"))
    yield page
    page.close()


def shaken(model: Autoencoder) -> Autoencoder:
    """The network with every number moved a little, so that no bias is zero."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return model


def images(shape: Shape, count: int = 3) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(2))


def saved(config: RunConfig, folder: Path) -> tuple[Run, Autoencoder]:
    """A run with a network that looks trained."""
    run = Run.create(config, folder)
    model = shaken(build(config.plan, seed=7))
    save_model(run, model)
    return run, model


@torch.no_grad()
def assert_browser_agrees(page: Page, described: Described, model: Autoencoder) -> None:
    x = images(model.plan.input_shape)
    description, weights = described
    result = page.evaluate(RUN, [description, base64.b64encode(weights).decode(), x.flatten(1).tolist()])
    assert (result["inputs"], result["codeSize"]) == (model.plan.input_size, model.plan.code_size)
    means, log_variances, decoded, reconstructions = zip(*result["answers"], strict=True)
    expected = model.encode(x)
    compare(means, expected.mean)
    if expected.log_variance is None:
        assert log_variances == (None,) * len(x)
    else:
        compare(log_variances, expected.log_variance)
    compare(decoded, model.decode(expected.mean).flatten(1))
    compare(reconstructions, model.reconstruct(x).flatten(1))


def compare(numbers: Any, expected: torch.Tensor) -> None:
    assert expected.std() > 1e-3, "all the same: nothing would be compared"
    torch.testing.assert_close(torch.tensor(numbers), expected, atol=1e-4, rtol=0)


def forward(layers: list[dict[str, Any]], weights: bytes, x: Numbers) -> Numbers:
    numbers = np.frombuffer(weights, "<f4")
    for layer in layers:
        inputs, outputs = layer["inputs"], layer["outputs"]
        stored = numbers[layer["weight"] : layer["weight"] + inputs * outputs]
        matrix = stored.reshape(inputs, outputs).T if "tied" in layer else stored.reshape(outputs, inputs)
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
    run, model = saved(config, tmp_path / "run")
    description, weights = browser_network(run)

    x = images(config.plan.input_shape, count=6)
    encoding = model.encode(x)
    code = forward(description["encoder"], weights, x.flatten(1).numpy())
    assert np.allclose(code[:, : config.code.size], encoding.mean.detach().numpy(), atol=1e-4)
    assert description["gaussian"] == (encoding.log_variance is not None)
    if encoding.log_variance is not None:
        assert np.allclose(code[:, config.code.size :], encoding.log_variance.detach().numpy(), atol=1e-4)
    pixels = forward(description["decoder"], weights, encoding.mean.detach().numpy())
    assert np.allclose(pixels, model.decode(encoding.mean).detach().flatten(1).numpy(), atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_the_browser_agrees_with_torch_on_every_preset(page: Page, name: str, tmp_path: Path) -> None:
    run, model = saved(PRESETS[name].config, tmp_path / "run")
    assert_browser_agrees(page, browser_network(run), model)


@pytest.mark.parametrize(
    "settings",
    [
        {"architecture.channels": "3-5-6"},  # 28 → 14 → 7 → 4
        {"architecture.channels": "2-3-4-5-6", "architecture.kernel_size": 5},  # … → 2 → 1
        {
            "architecture.channels": "8",
            "architecture.hidden": "40-20",
            "architecture.output": "linear",
            "objective.reconstruction": "mse",
        },
        {"architecture.channels": "4-6", "code.kind": "gaussian", "code.size": 5},
        {"architecture.channels": "4-6", "architecture.skips": True},
        {
            "architecture.channels": "3-5-6",
            "architecture.skips": True,
            "architecture.hidden": "40",
            "architecture.kernel_size": 5,
        },
        {"architecture.channels": "32-64", "code.size": 256, "code.activation": "relu"},
        {"architecture.channels": "5-6-7-8", "architecture.kernel_size": 5, "data.name": "shapes", "data.resolution": 64},
        {"architecture.kind": "dense", "architecture.hidden": "40", "architecture.tied": True},
        {"architecture.kind": "dense", "architecture.tied": True, "code.kind": "gaussian", "code.size": 3},
    ],
)
def test_the_browser_agrees_with_torch_on_other_shapes(page: Page, settings: dict[str, Any], tmp_path: Path) -> None:
    config = RunConfig().with_settings({"architecture.kind": "conv2d"} | settings)
    run, model = saved(config, tmp_path / "run")
    assert_browser_agrees(page, browser_network(run), model)


@pytest.mark.parametrize("activation", choices("architecture.activation"))
def test_the_browser_agrees_with_torch_on_pictures_of_any_shape_and_colour(page: Page, activation: Any) -> None:
    architecture = ArchitectureConfig(kind="conv2d", channels=(4, 6), hidden=(9,), kernel_size=5, activation=activation)
    layers = plan(architecture, CodeConfig(size=3), (3, 13, 10))
    model = shaken(build(layers, seed=3))
    tensors = {name: value.numpy() for name, value in model.state_dict().items()}
    assert_browser_agrees(page, describe_network(layers, tensors), model)


def test_what_skip_connections_bring_is_not_in_the_code(page: Page, tmp_path: Path) -> None:
    run, model = saved(RunConfig().with_settings({"architecture.kind": "conv2d", "architecture.skips": True}), tmp_path / "run")
    x = images(model.plan.input_shape)
    with torch.no_grad():
        assert not torch.allclose(model.decode(model.encode(x).mean), model.reconstruct(x), atol=1e-2)
    description, weights = browser_network(run)
    description["decoder"][-1]["skip"] = 0  # the picture is larger than what the first layer answers
    with pytest.raises(Error, match="A skip connection does not fit"):
        page.evaluate(RUN, [description, base64.b64encode(weights).decode(), x.flatten(1).tolist()])


def test_weights_saved_as_16_bit_numbers_are_sent_as_32_bit_numbers(page: Page, tmp_path: Path) -> None:
    config = PRESETS["convolutional"].config
    run, model = saved(config, tmp_path / "run")
    save_model(run, model.half())
    described = browser_network(run)
    assert len(described[1]) == 4 * config.plan.parameters
    assert_browser_agrees(page, described, load_model(run))
