"""Draw the frames of a run from its network: a fixed gallery's reconstructions, and codes on a plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aecore.corruption import corrupt
from aecore.data.loading import Split
from aecore.frames import FRAMES_BYTES, Bytes, Floats, Frame, Gallery, kept_frames, plane, read_frame, write_frame, write_gallery
from aecore.layers import Reshape
from aecore.model import Autoencoder
from aecore.noise import PixelNoise
from aecore.training import Trainer, random_seed, scaled

GALLERY_SIZE = 20
POINTS = 300
KEEP_FACTOR = 1.2
"""A frame is kept for looking back when this many times more steps are done than at the last one: about 60 a run. Where
frames are large, the factor is larger."""
KEPT_BYTES = FRAMES_BYTES // 2
"""The most bytes that kept frames may take; the other half is for weights. See :mod:`aecore.weight_snapshots`."""
FILTERS = 12
"""Units or filters of the first layer that a frame shows."""

_HEADER = 400  # bytes of a frame's file beside its arrays
_GALLERY_NOISE = 5  # a stream of random numbers of its own, beside those of training and evaluation


class Painter:
    """Paints a trainer's network into `folder`, always with the same validation images, so that frames can be compared."""

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._trainer = trainer
        self._folder = folder
        config, validation = trainer.config, trainer.dataset.validation
        chosen = gallery_indices(validation, GALLERY_SIZE)
        self._originals = scaled(validation.images[chosen], trainer.device)
        noise = PixelNoise(random_seed(config.seed, _GALLERY_NOISE))
        self._inputs = corrupt(self._originals, config.corruption, noise)
        self._points = scaled(validation.images[:POINTS], trainer.device)
        last = read_frame(folder)
        self._positions: Floats | None = None if last is None else last.positions
        size = sum(array.nbytes for array in (as_bytes(self._originals), first_filters(trainer.model)))
        frame_bytes = size + 2 * 4 * len(self._points) + _HEADER
        self._factor = keep_factor(trainer.total_steps, frame_bytes, KEPT_BYTES, extra=len(trainer.stages))
        self._next_kept = next_kept(max(kept_frames(folder), default=-1), self._factor)
        gallery = Gallery(
            originals=as_bytes(self._originals),
            corrupted=None if config.corruption.kind == "none" else as_bytes(self._inputs),
            labels=validation.labels[chosen].numpy().astype(np.uint8),
            point_labels=validation.labels[:POINTS].numpy().astype(np.uint8),
            positions_kind="code" if config.code.size == 2 and len(trainer.stages) == 1 else "pca",
        )
        write_gallery(folder, gallery)

    @property
    def wants_to_keep(self) -> bool:
        """Whether the present step is due to be kept."""
        return self._trainer.step >= self._next_kept

    @torch.no_grad()
    def paint(self, *, keep: bool = False) -> None:
        """Replace the live frame; keep a copy where asked or due."""
        model, step = self._trainer.task.network, self._trainer.step
        self._positions = plane(model.encode(self._points).mean.float().cpu().numpy(), self._positions)
        filters = first_filters(self._trainer.model)
        frame = Frame(step, as_bytes(model.reconstruct(self._inputs)), self._positions, filters)
        keep = keep or self.wants_to_keep
        if keep:
            self._next_kept = next_kept(step, self._factor)
        write_frame(self._folder, frame, keep=keep)


def gallery_indices(split: Split, count: int) -> Tensor:
    """The first images of every class in turn, `count` in all: the same for every run on this data."""
    labels = split.labels.numpy()
    turns = np.zeros(len(labels), np.int64)  # 0 for the first image of its class, 1 for the second, …
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        turns[mine] = np.arange(len(mine))
    return torch.from_numpy(np.lexsort((labels, turns))[:count].copy())


def next_kept(step: int, factor: float) -> int:
    """The step of the first frame to be kept after that of `step`."""
    return max(step + 1, int(step * factor))


def keep_factor(steps: int, frame_bytes: int, most: int, extra: int = 1) -> float:
    """The smallest of a few factors, KEEP_FACTOR first, with which the frames of a run of `steps` take at most `most` bytes.

    extra: frames that are kept whatever their step: at the end of each stage.
    """
    factor = KEEP_FACTOR
    while (_count_kept(steps, factor) + extra) * frame_bytes > most and factor < steps:
        factor *= KEEP_FACTOR
    return factor


def _count_kept(steps: int, factor: float) -> int:
    count, step = 0, 0
    while step <= steps:
        count, step = count + 1, next_kept(step, factor)
    return count


@torch.no_grad()
def first_filters(model: Autoencoder) -> Bytes:
    """What the first units of the first layer look for, as :class:`~aecore.frames.Frame` has it."""
    plan = model.plan
    index = next(place for place, layer in enumerate(plan.encoder) if not isinstance(layer, Reshape))
    weights = next(value for name, value in model.encoder[index].named_parameters() if name.endswith("weight"))[:FILTERS]
    pictures = weights.reshape(len(weights), *plan.input_shape) if weights.ndim == 2 else weights
    largest = pictures.abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-30)
    # A training that diverges has weights that are no numbers; what is drawn of them does not matter, but must not stop it.
    return (128 + 127 * (pictures / largest).nan_to_num()).clamp(0, 255).round().to(torch.uint8).cpu().numpy()


def as_bytes(images: Tensor) -> Bytes:
    """Images or sequences of any shape in the scale of 0..1 as whole numbers 0..255."""
    # Of sequences, what lies beyond their scale is drawn at its end: frames are for looking at, not for measuring.
    return (images.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
