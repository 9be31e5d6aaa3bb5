"""Draw the frames of a run from its network: a fixed gallery's reconstructions, and codes on a plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aecore.corruption import corrupt
from aecore.data.loading import Split
from aecore.frames import Bytes, Floats, Frame, Gallery, kept_frames, plane, read_frame, write_frame, write_gallery
from aecore.noise import PixelNoise
from aecore.training import Trainer, random_seed, scaled

GALLERY_SIZE = 20
POINTS = 300
KEEP_FACTOR = 1.2
"""A frame is kept for looking back when this many times more steps are done than at the last one: about 60 a run."""

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
        self._next_kept = _next_kept(max(kept_frames(folder), default=-1))
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
        frame = Frame(step, as_bytes(model.reconstruct(self._inputs)), self._positions)
        keep = keep or self.wants_to_keep
        if keep:
            self._next_kept = _next_kept(step)
        write_frame(self._folder, frame, keep=keep)


def gallery_indices(split: Split, count: int) -> Tensor:
    """The first images of every class in turn, `count` in all: the same for every run on this data."""
    labels = split.labels.numpy()
    turns = np.zeros(len(labels), np.int64)  # 0 for the first image of its class, 1 for the second, …
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        turns[mine] = np.arange(len(mine))
    return torch.from_numpy(np.lexsort((labels, turns))[:count].copy())


def _next_kept(step: int) -> int:
    return max(step + 1, int(step * KEEP_FACTOR))


def as_bytes(images: Tensor) -> Bytes:
    """Images or sequences of any shape in the scale of 0..1 as whole numbers 0..255."""
    # Of sequences, what lies beyond their scale is drawn at its end: frames are for looking at, not for measuring.
    return (images.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
