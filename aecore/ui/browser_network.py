"""A trained network as the browser's own arithmetic takes it: a description of its layers, and its weights in one block."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_arrays

from aecore.layers import Dense, Layer
from aecore.runs import Run


def browser_network(run: Run) -> tuple[dict[str, Any], bytes]:
    """The trained network of a run with dense layers, without torch.

    Returns the description (``{"encoder": [layer, …], "decoder": […]}``; a layer has `kind`, `inputs`, `outputs`,
    `activation`, and where its `weight`, row by row, and `bias` begin) and the weights: float32, little-endian; positions
    count floats. Raises ValueError for layers that the browser does not compute.
    """
    plan = run.config.plan
    tensors = load_arrays(run.model_path.read_bytes())
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

    def weight(part: str, index: int, layer: Dense) -> npt.NDArray[Any]:
        if layer.tied is not None:
            return tensor("encoder", layer.tied, "weight")[: layer.inputs].T
        return tensor(part, index, "weight")

    def describe(part: str, layers: tuple[Layer, ...]) -> list[dict[str, Any]]:
        described = []
        for index, layer in enumerate(layers):
            if isinstance(layer, Dense):
                described.append(
                    {
                        "kind": "dense",
                        "inputs": layer.inputs,
                        "outputs": layer.outputs,
                        "activation": layer.activation,
                        "weight": put(weight(part, index, layer)),
                        "bias": put(tensor(part, index, "bias")),
                    }
                )
            elif layer.parameters:
                raise ValueError(f"The browser does not compute layers of this kind yet: {type(layer).__name__}.")
        return described

    description = {"encoder": describe("encoder", plan.encoder), "decoder": describe("decoder", plan.decoder)}
    return description, np.concatenate(blocks).astype("<f4").tobytes()
