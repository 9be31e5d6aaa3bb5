"""The browser computes what torch computes, for whatever network the app can train: architectures drawn by hypothesis."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import card
from aecore.model import Autoencoder, build
from aecore.ui.browser_network import describe_network
from aecore.ui.components import source
from tests.test_browser_network import RUN, images, shaken

ACTIVATIONS = ("relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid")


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("network.js"))
    yield page
    page.close()


@st.composite
def configs(draw: st.DrawFn) -> RunConfig:
    """Any architecture and code of the grid, small: dense or convolutional, tied, with skips, on 28, 32 or 64 pixels; or in one
    dimension, on sequences of one or three channels."""
    convolutional = draw(st.booleans())
    code = draw(st.sampled_from(["vector", "gaussian"]))
    some = [("digits", None), ("shapes", 32), ("shapes", 64), ("heartbeats", None), ("machine", None)]
    data, resolution = draw(st.sampled_from(some))
    is_sequence = card(data).is_sequence
    chosen: dict[str, Any] = {
        "data.name": data,
        "data.resolution": resolution,
        "architecture.kind": ("conv1d" if is_sequence else "conv2d") if convolutional else "dense",
        "architecture.hidden": tuple(draw(st.lists(st.integers(1, 40), max_size=3))),
        "architecture.activation": draw(st.sampled_from(ACTIVATIONS)),
        "architecture.output": draw(st.sampled_from(["sigmoid", "linear"])),
        "objective.reconstruction": "mse",
        "code.kind": code,
        "code.size": draw(st.integers(1, 24)),
        "code.activation": "linear" if code == "gaussian" else draw(st.sampled_from(["linear", *ACTIVATIONS])),
        "architecture.tied": draw(st.booleans()) and not convolutional,
        "code.top_k": draw(st.none() | st.integers(1, 24)) if code == "vector" else None,
    }
    if convolutional:
        chosen |= {
            "architecture.channels": tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))),
            "architecture.kernel_size": draw(st.sampled_from([3, 4, 5, 7, 9])),
            "architecture.full_size_channels": draw(st.integers(0, 6)),
            "architecture.skips": draw(st.booleans()) and not is_sequence,
        }
    try:
        return RunConfig().with_settings(chosen)
    except ConfigError:
        assume(False)
        raise


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(config=configs(), seed=st.integers(0, 1000))
@torch.no_grad()
def test_the_browser_agrees_with_torch(page: Page, config: RunConfig, seed: int) -> None:
    model: Autoencoder = shaken(build(config.plan, seed))
    tensors = {name: value.numpy() for name, value in model.state_dict().items()}
    description, weights = describe_network(config.plan, tensors)
    assert len(weights) == 4 * config.plan.parameters
    x = images(config.plan.input_shape, count=2)
    answers = page.evaluate(RUN, [description, base64.b64encode(weights).decode(), x.flatten(1).tolist()])["answers"]
    means, log_variances, decoded, reconstructions = zip(*answers, strict=True)
    expected = model.encode(x)
    parts = [(means, expected.mean), (decoded, model.decode(expected.mean).flatten(1))]
    parts.append((reconstructions, model.reconstruct(x).flatten(1)))
    if expected.log_variance is not None:
        parts.append((log_variances, expected.log_variance))
    for found, wanted in parts:
        torch.testing.assert_close(torch.tensor(found, dtype=torch.float32), wanted, atol=1e-4, rtol=0)


def test_every_choice_of_the_grid_can_be_drawn() -> None:
    """Were an activation or an architecture added, this says that the test above does not know it."""
    from aecore.config import choices

    known: dict[str, set[object]] = {"architecture.activation": set(ACTIVATIONS), "code.activation": {"linear", *ACTIVATIONS}}
    known |= {
        "architecture.kind": {"dense", "conv2d", "conv1d"},
        "code.kind": {"vector", "gaussian"},
        "architecture.kernel_size": {3, 4, 5, 7, 9},
    }
    for name, expected in known.items():
        assert set(choices(name)) == expected, name
    assert len(list(itertools.chain(*known.values()))) == 23
