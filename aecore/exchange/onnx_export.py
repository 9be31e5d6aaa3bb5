"""A network as ONNX, which runs without this app and without torch; compared with torch before it is given away."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from aecore.atlas import read_atlas
from aecore.checkpoint import DamagedModelError, load_model
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import check_takeable
from aecore.model import Autoencoder
from aecore.runs import Run
from aecore.tasks.messages import Report

MOST_DIFFERENCE = 1e-4
"""The largest difference from torch with which a file is given away, as a share of the largest number that torch gives."""
INPUT, OUTPUTS = "images", ("reconstruction", "code")
_HELD_OUT, _RANDOM, _SEED = 8, 5, 0


@dataclass(frozen=True)
class OnnxFile:
    """The file, and how far its answers are from torch's: the largest difference, as a share of the largest number.

    held_out, drawn: so many held-out pictures, and pictures of random numbers, were compared.
    """

    content: bytes
    difference: float
    held_out: int
    drawn: int


class WholeNetwork(nn.Module):
    """Images (B, C, H, W) to their reconstructions and their codes (B, D); of a Gaussian code the mean. No classifier."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.reconstruct(images), self.model.encode(images).mean


def export_onnx(run: Run, report: Report = lambda share, what: None) -> OnnxFile:
    """The network of a run. Raises RefusedError where it has no weights, or where the file would not answer as torch does."""
    check_takeable(run)
    report(0.0, "Reading the weights")
    try:
        network = WholeNetwork(load_model(run)).eval()
    except (FileNotFoundError, DamagedModelError) as error:
        raise RefusedError(str(error)) from None
    shape = run.config.plan.input_shape
    report(0.1, "Writing the network as ONNX")
    content = _exported(network, shape, run)
    report(0.7, "Comparing it with torch")
    atlas = read_atlas(run)
    images = np.zeros((0, *shape), np.uint8) if atlas is None else atlas.images[:_HELD_OUT]
    held_out = images.astype(np.float32) / np.float32(255)
    drawn = np.random.default_rng(_SEED).random((_RANDOM, *shape)).astype(np.float32)
    difference = largest_difference(content, network, [held_out, drawn, drawn[:1]])
    if not difference <= MOST_DIFFERENCE:
        raise RefusedError(
            f"The ONNX file of this network answers otherwise than torch, by {difference:.1e} of the largest number, and "
            f"{MOST_DIFFERENCE:g} is the most: it is not given away. Take the weights as safetensors."
        )
    return OnnxFile(content, difference, len(held_out), len(drawn))


def _exported(network: WholeNetwork, shape: tuple[int, ...], run: Run) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own parts
        program = torch.onnx.export(
            network,
            (torch.zeros(2, *shape),),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    made: onnx.ModelProto = program.model_proto
    # The exporter notes for each part where in whose files it was written: nobody's business, and half of a small file.
    graph = made.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
    for function in made.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]
    made.producer_name, made.doc_string = "Autoencoder Lab", ""
    onnx.helper.set_model_props(made, {"name": run.about.name, "config": run.config.to_json()})
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


@torch.no_grad()
def largest_difference(content: bytes, network: nn.Module, batches: list[npt.NDArray[np.float32]]) -> float:
    """The largest difference between the answers of a file and of torch, as a share of the largest number that torch gives.

    Each output by itself; batches of different sizes show that the size is free. Infinite where torch's numbers are not finite.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for batch in batches:
        if not len(batch):
            continue
        for given, wanted in zip(session.run(list(OUTPUTS), {INPUT: batch}), network(torch.from_numpy(batch)), strict=True):
            expected = wanted.numpy()
            if given.shape != expected.shape or not (np.isfinite(expected).all() and np.isfinite(given).all()):
                return float("inf")
            scale = max(float(np.abs(expected).max()), 1e-6)
            largest = max(largest, float(np.abs(given - expected).max()) / scale)
    return largest
