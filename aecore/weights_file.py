"""Weights on disk: safetensors, and for the runs that come with the app the same in fewer bytes. numpy only.

A packed file is a safetensors file compressed by xz, whose matrices and filters may be whole numbers of few bits: then it has
beside `name` a tensor `name:scale` with one float for each output, and the weight is their product (symmetric quantization
for each output channel, as in Jacob et al. 2018, section 3, with zero-point 0).
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

Weights = dict[str, npt.NDArray[Any]]

PACKED = ".xz"
"""How the name of a packed file ends."""

STEP = "step"
"""What the step is called at which a run had these weights, in the file's metadata."""

_SCALE = ":scale"


def read_weights(path: Path) -> Weights:
    """The tensors of a file by name, floats as they are stored (16 or 32 bits), those of fewer bits as float32.

    Raises OSError, or SafetensorError where the file is damaged.
    """
    content = path.read_bytes()
    if path.suffix == PACKED:
        try:
            content = lzma.decompress(content)
        except lzma.LZMAError as error:
            raise SafetensorError(str(error)) from None
    tensors = load_arrays(content)
    return {name: _restored(name, value, tensors) for name, value in tensors.items() if not name.endswith(_SCALE)}


def step_of(path: Path) -> int | None:
    """The step at which a run had the weights of a plain file; None where it does not say, or cannot be read."""
    with suppress(OSError, SafetensorError, ValueError), safe_open(path, framework="numpy") as file:
        return int((file.metadata() or {})[STEP]) if STEP in (file.metadata() or {}) else None
    return None


def packed(weights: Mapping[str, npt.NDArray[Any]], *, bits: int) -> bytes:
    """The content of a packed file, matrices and filters in 2 to 8 bits, biases then in 32; or all of them in 16 bits."""
    if bits == 16:
        tensors: Weights = {name: value.astype(np.float16) for name, value in weights.items()}
    else:
        tensors = {}
        for name, value in weights.items():
            tensors |= _quantized(name, value.astype(np.float32), bits) if value.ndim > 1 else {name: value.astype(np.float32)}
    return lzma.compress(save_arrays({name: np.ascontiguousarray(value) for name, value in tensors.items()}), preset=9)


def _quantized(name: str, value: npt.NDArray[np.float32], bits: int) -> Weights:
    rows = value.reshape(len(value), -1)
    # The largest whole number that has a negative twin. Numbers of fewer bits take bytes too, which xz makes smaller.
    scale = np.abs(rows).max(axis=1) / (2 ** (bits - 1) - 1)
    scale[scale == 0] = 1
    return {name: np.rint(rows / scale[:, None]).astype(np.int8).reshape(value.shape), name + _SCALE: scale.astype(np.float32)}


def _restored(name: str, value: npt.NDArray[Any], tensors: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if value.dtype != np.int8:
        return value
    scale: npt.NDArray[np.float32] = tensors[name + _SCALE]
    restored: npt.NDArray[np.float32] = value.astype(np.float32) * scale.reshape(-1, *(1 for _ in value.shape[1:]))
    return restored
