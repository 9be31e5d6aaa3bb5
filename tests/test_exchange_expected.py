"""The names and shapes that weights must have, worked out without torch, are those that torch gives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.exchange.expected import expected_weights
from aecore.model import Autoencoder
from aecore.presets import PRESETS


def shapes_of(config: RunConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in Autoencoder(config.plan).state_dict().items()}


@pytest.mark.parametrize("name", PRESETS)
def test_expected_weights_are_those_of_torch(name: str) -> None:
    config = PRESETS[name].config
    assert expected_weights(config.plan) == shapes_of(config)


@given(
    kind=st.sampled_from(["dense", "conv2d", "conv1d"]),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    tied=st.booleans(),
    skips=st.booleans(),
    gaussian=st.booleans(),
    activation=st.sampled_from(["linear", "relu", "sigmoid"]),
    top_k=st.sampled_from([None, 2]),
    full_size=st.sampled_from([0, 3]),
    output=st.sampled_from(["sigmoid", "linear"]),
    labels=st.sampled_from([0, 1]),
)
def test_expected_weights_of_any_network(
    kind: str,
    hidden: list[int],
    tied: bool,
    skips: bool,
    gaussian: bool,
    activation: str,
    top_k: int | None,
    full_size: int,
    output: str,
    labels: int,
) -> None:
    values = {
        "data": {"name": "machine" if kind == "conv1d" else "digits"},
        "architecture": {
            "kind": kind,
            "hidden": hidden,
            "tied": tied,
            "skips": skips,
            "channels": [3, 4],
            "full_size_channels": full_size,
            "output": output,
        },
        "code": {"kind": "gaussian" if gaussian else "vector", "size": 4, "activation": activation, "top_k": top_k},
        "objective": {"reconstruction": "mse"},
        "schedule": {"classifier_epochs": labels},
    }
    try:
        config = RunConfig.parse(values)
    except ConfigError:
        return
    assert expected_weights(config.plan) == shapes_of(config)
