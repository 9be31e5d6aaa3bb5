"""The plan, worked out without torch, against the network that torch makes of it: the same sizes, for any architecture."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.config_sections import ArchitectureConfig, CodeConfig
from aecore.layers import Conv2d, ConvTranspose2d, Dense, Plan, Reshape, plan
from aecore.model import build
from tests.tiny import config

sides = st.sampled_from([28, 32, 64]) | st.integers(1, 40)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any architecture, for pictures of any height and width, also unequal and odd ones, and for sequences of any length."""
    conv = draw(st.booleans())
    flat = draw(st.booleans())
    shape = (draw(st.integers(1, 3)), 1 if flat else draw(sides), draw(sides))
    smallest = shape[2] if flat else min(shape[1:])
    kernel = draw(st.sampled_from([3, 4, 5, 7, 9] if smallest > 1 else [3, 5, 7, 9]))
    most = smallest.bit_length() - 1 if kernel == 4 else max(1, (smallest - 1).bit_length())
    architecture = ArchitectureConfig.model_validate(
        {
            "kind": ("conv1d" if flat else "conv2d") if conv else "dense",
            "hidden": draw(st.lists(st.integers(1, 20), max_size=4)),
            "channels": draw(st.lists(st.integers(1, 6), min_size=1, max_size=min(most, 5))),
            "kernel_size": kernel,
            "tied": not conv and draw(st.booleans()),
        }
    )
    code = CodeConfig.model_validate({"kind": draw(st.sampled_from(["vector", "gaussian"])), "size": draw(st.integers(1, 12))})
    return plan(architecture, code, shape)


@given(plans(), st.integers(1, 3))
@torch.no_grad()
def test_the_network_has_the_parameters_and_the_shapes_of_its_plan(drawn: Plan, batch: int) -> None:
    model = build(drawn, 0)
    assert sum(weight.numel() for weight in model.parameters()) == drawn.parameters
    images = torch.rand(batch, *drawn.input_shape)
    assert drawn.input_size == images[0].numel()
    output = model(images)
    assert output.pixels.shape == images.shape
    assert output.code.shape == (batch, drawn.code_size)
    assert (output.encoding.log_variance is not None) == drawn.gaussian
    assert model.reconstruct(images).shape == images.shape


@given(plans())
@torch.no_grad()
def test_every_layer_has_the_shape_that_its_plan_says(drawn: Plan) -> None:
    model = build(drawn, 0)
    flow = torch.rand(2, *drawn.input_shape)
    for module, layer in zip(model.encoder, drawn.encoder, strict=True):
        flow = module(flow)
        assert flow.shape[1:] == layer.shape
    flow = flow[:, : drawn.code_size]
    for module, layer in zip(model.decoder, drawn.decoder, strict=True):
        flow = module(flow)
        assert flow.shape[1:] == layer.shape


def test_the_decoder_mirrors_the_encoder() -> None:
    laid_out = config(architecture__hidden=(30, 20), code__size=5).plan
    assert laid_out.encoder == (Reshape((784,)), Dense(784, 30, "relu"), Dense(30, 20, "relu"), Dense(20, 5, "linear"))
    decoder = (Dense(5, 20, "relu"), Dense(20, 30, "relu"), Dense(30, 784, "sigmoid"), Reshape((1, 28, 28)))
    assert laid_out.decoder == decoder


def test_convolutions_halve_and_double_exactly() -> None:
    laid_out = config("convolutional", architecture__channels=(3, 4, 6), code__size=5).plan
    assert laid_out.encoder == (
        Conv2d(1, (3, 14, 14), 3, "relu"),
        Conv2d(3, (4, 7, 7), 3, "relu"),
        Conv2d(4, (6, 4, 4), 3, "relu"),
        Reshape((96,)),
        Dense(96, 5, "linear"),
    )
    assert laid_out.decoder == (
        Dense(5, 96, "relu"),
        Reshape((6, 4, 4)),
        ConvTranspose2d(6, (4, 7, 7), 3, (0, 0), "relu"),
        ConvTranspose2d(4, (3, 14, 14), 3, (1, 1), "relu"),
        ConvTranspose2d(3, (1, 28, 28), 3, (1, 1), "sigmoid"),
    )


def test_tied_layers_point_at_their_mirror_and_count_their_bias_only() -> None:
    laid_out = config(architecture__hidden=(30, 20), architecture__tied=True, code__size=5).plan
    dense = [layer for layer in laid_out.decoder if isinstance(layer, Dense)]
    for layer in dense:
        assert layer.tied is not None
        mirror = laid_out.encoder[layer.tied]
        assert isinstance(mirror, Dense)
        assert (mirror.inputs, mirror.outputs) == (layer.outputs, layer.inputs)
        assert layer.parameters == layer.outputs
    untied = config(architecture__hidden=(30, 20), code__size=5).plan
    assert untied.parameters - laid_out.parameters == 784 * 30 + 30 * 20 + 20 * 5


@pytest.mark.parametrize("values", [{}, {"architecture__kind": "conv2d"}])
def test_a_gaussian_code_doubles_only_what_the_encoder_says_last(values: dict[str, Any]) -> None:
    vector, gaussian = config(**values).plan, config(**values, code__kind="gaussian").plan
    assert gaussian.encoder[-1].shape == (2 * vector.code_size,)
    assert gaussian.encoder[:-1] == vector.encoder[:-1]
    assert gaussian.decoder == vector.decoder


def test_a_configuration_and_its_plan_need_no_torch() -> None:
    code = (
        "import sys; from aecore.presets import PRESETS; [p.config.plan.parameters for p in PRESETS.values()]; import aecore.cli"
    )
    code += "; print([name for name in ('torch', 'torchvision', 'streamlit', 'plotly') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
