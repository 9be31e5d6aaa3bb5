"""A trained network as the browser's own arithmetic takes it: a description of its layers, and its weights in one block."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from aecore.layers import Conv2d, ConvTranspose2d, Dense, Layer, Plan, Reshape, Shape
from aecore.runs import Run
from aecore.weights_file import read_weights


def browser_network(run: Run, weights: Path | None = None) -> tuple[dict[str, Any], bytes]:
    """The network of a run, without torch, as :func:`describe_network` returns it; `weights` in a file of their own, if given."""
    return describe_network(run.config.plan, read_weights(weights or run.model_path))


def describe_network(plan: Plan, tensors: Mapping[str, npt.NDArray[Any]]) -> tuple[dict[str, Any], bytes]:
    """The network of a plan with the weights that torch calls by these names.

    Returns the description and the weights: float32, little-endian, whatever precision they came in.

    The description is ``{"inputs": numbers in a picture, "code_size": numbers in its code, "gaussian": bool,
    "encoder": [layer, …], "decoder": [layer, …]}``. A layer has `kind` ("dense", "conv2d" or "conv_transpose2d"),
    `inputs` and `outputs` (how many numbers), `activation`, and the positions of its `weight`, in torch's order, and its
    `bias`, counted in floats. Of a dense layer with `top_k` only so many numbers are kept, the largest.
    A `tied` dense layer uses the first `inputs` rows of an encoder's weight, transposed.
    Convolutions, all with padding (kernel - 1) / 2 rounded down, also have `input_shape` and `output_shape` (channels,
    height, width), `kernel_size` and, where they are not transposed, `stride` (the others have 2); `is_flat` where the filters
    are one pixel high and neither pad nor stride downwards, as those of a sequence. Where a skip connection ends,
    the layer has as `skip` the position in "encoder" of the layer whose answer is added before the activation. Layers that only
    reshape are left out, but where a skip connection ends there is a layer of kind "add" with `inputs`, `outputs` and `skip`
    only.
    """
    blocks: list[npt.NDArray[np.float32]] = []
    place = 0

    def put(array: npt.NDArray[Any]) -> int:
        nonlocal place
        start = place
        blocks.append(np.ascontiguousarray(array, np.float32).ravel())
        place += blocks[-1].size
        return start

    def tensor(part: str, index: int, name: str) -> npt.NDArray[Any]:
        # A layer with an activation is a pair in torch's module, and its tensors are named after the first of the two.
        keys = (f"{part}.{index}.{name}", f"{part}.{index}.0.{name}")
        return next(tensors[key] for key in keys if key in tensors)

    in_encoder: dict[int, int] = {}  # where the weights of the encoder's layers are

    def weight(part: str, index: int, layer: Layer) -> dict[str, Any]:
        if isinstance(layer, Dense) and layer.tied is not None:  # sent once
            return {"weight": in_encoder[layer.tied], "tied": True}
        start = put(tensor(part, index, "weight"))
        if part == "encoder":
            in_encoder[index] = start
        return {"weight": start}

    skips = dict(plan.skips)

    def skip(part: str, index: int) -> dict[str, int]:
        if part == "encoder" or index not in skips:
            return {}
        return {"skip": sum(not isinstance(layer, Reshape) for layer in plan.encoder[: skips[index]])}

    def describe(part: str, layers: tuple[Layer, ...], shape: Shape) -> list[dict[str, Any]]:
        described = []
        for index, layer in enumerate(layers):
            entry = {"inputs": prod(shape), "outputs": prod(layer.shape), **skip(part, index)}
            if not isinstance(layer, Reshape):
                weights = {**weight(part, index, layer), "bias": put(tensor(part, index, "bias"))}
                described.append({**_geometry(layer, shape), **entry, "activation": layer.activation, **weights, **_kept(layer)})
            elif "skip" in entry:
                described.append({"kind": "add", **entry})
            shape = layer.shape
        return described

    description = {
        "inputs": plan.input_size,
        "code_size": plan.code_size,
        "gaussian": plan.gaussian,
        "encoder": describe("encoder", plan.encoder, plan.input_shape),
        "decoder": describe("decoder", plan.decoder, (plan.code_size,)),
    }
    return description, np.concatenate(blocks).astype("<f4").tobytes()


def _kept(layer: Layer) -> dict[str, int]:
    return {"top_k": layer.top_k} if isinstance(layer, Dense) and layer.top_k is not None else {}


def _geometry(layer: Dense | Conv2d | ConvTranspose2d, input_shape: Shape) -> dict[str, Any]:
    """What kind of layer it is, and the shapes that the browser needs to know beyond how many numbers there are."""
    match layer:
        case Dense():
            return {"kind": "dense"}
        case Conv2d():
            kind: dict[str, Any] = {"kind": "conv2d", "stride": layer.stride}
        case ConvTranspose2d():
            kind = {"kind": "conv_transpose2d"}
        case _:
            assert_never(layer)
    shapes = {"input_shape": list(input_shape), "output_shape": list(layer.shape)}
    return {**kind, **shapes, "kernel_size": layer.kernel_size, **({"is_flat": True} if layer.is_flat else {})}
