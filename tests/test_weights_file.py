"""Weights in fewer bytes: how far they may be from what they were, and that nothing else is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors import SafetensorError
from safetensors.numpy import save_file

from aecore.checkpoint import load_model, pack_weights, save_model
from aecore.model import build
from aecore.runs import Run
from aecore.ui.browser_network import browser_network
from aecore.weights_file import packed, read_weights
from tests import tiny

Floats = npt.NDArray[np.float32]
_FLOATS = st.floats(-100, 100, width=32)


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=4, max_side=5), elements=_FLOATS), st.integers(2, 8))
def test_a_weight_of_few_bits_is_off_by_half_a_step_of_its_output_at_most(
    tmp_path_factory: pytest.TempPathFactory, value: Floats, bits: int
) -> None:
    path = tmp_path_factory.mktemp("weights") / "model.safetensors.xz"
    path.write_bytes(packed({"layer.weight": value}, bits=bits))
    found = read_weights(path)
    assert set(found) == {"layer.weight"}
    assert found["layer.weight"].shape == value.shape
    step = np.abs(value.reshape(len(value), -1)).max(axis=1) / (2 ** (bits - 1) - 1)
    error = np.abs(found["layer.weight"] - value).reshape(len(value), -1).max(axis=1)
    assert (error <= step / 2 * (1 + 1e-5) + 1e-30).all()


def test_biases_keep_their_bits(tmp_path: Path) -> None:
    bias = np.array([0.1, -3.3333333, 1e-8], np.float32)
    path = tmp_path / "w.safetensors.xz"
    path.write_bytes(packed({"bias": bias}, bits=8))
    assert np.array_equal(read_weights(path)["bias"], bias)
    path.write_bytes(packed({"bias": bias}, bits=16))
    assert np.array_equal(read_weights(path)["bias"], bias.astype(np.float16))


def test_a_plain_file_is_read_as_it_is(tmp_path: Path) -> None:
    weights = {"a": np.arange(6, dtype=np.float32).reshape(2, 3)}
    save_file(weights, tmp_path / "plain.safetensors")
    assert np.array_equal(read_weights(tmp_path / "plain.safetensors")["a"], weights["a"])


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", packed({"a": np.ones((2, 2), np.float32)}, bits=8)[:-20]], ids=["empty", "rubbish", "cut"]
)
def test_a_damaged_file_is_one_kind_of_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors.xz"
    path.write_bytes(content)
    with pytest.raises(SafetensorError):
        read_weights(path)


@pytest.mark.parametrize("preset", ["vanilla", "convolutional", "vae", "contractive"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_packed_run_is_read_by_torch_and_by_the_browser_alike(tmp_path: Path, preset: str, bits: int) -> None:
    config = tiny.config(preset)
    run = Run.create(config, tmp_path / "run")
    model = build(config.plan, 0)
    save_model(run, model)
    plain = run.model_path
    pack_weights(run, bits)
    assert not plain.exists()
    assert run.model_path.suffix == ".xz"
    loaded = load_model(run)
    for name, value in model.state_dict().items():
        assert np.allclose(loaded.state_dict()[name], value, atol=float(value.abs().max()) / 250)
    _, weights = browser_network(run)
    floats = np.frombuffer(weights, "<f4")
    assert len(floats) == sum(value.numel() for value in loaded.parameters())
    assert np.isin(loaded.state_dict()[next(iter(loaded.state_dict()))].numpy().ravel(), floats).all()
