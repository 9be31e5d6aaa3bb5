"""Train the picture denoiser: ``python -m aecore checkpoints picture-denoiser`` makes the network of the app again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from aecore.pictures.network import PictureDenoiser
from aecore.pictures.sources import TRAINING, bundled_picture

STRONGEST = 75 / 255
"""The strongest noise that the network is trained for: the standard deviation σ, on pixels 0..1."""
_SCALES = (1.0, 0.75, 0.5)  # a smaller copy is sharper, and freer of the noise and the JPEG blocks of the original


@dataclass(frozen=True)
class Settings:
    """How long and how fast; the usual values take about half an hour on one core."""

    steps: int = 3600
    batch_size: int = 16
    side: int = 64
    learning_rate: float = 1.5e-3
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """Where the training is: `loss` is the mean absolute error of the last hundred steps, per pixel."""

    step: int
    steps: int
    loss: float


def train(settings: Settings, watch: Callable[[Progress], None] = lambda progress: None) -> PictureDenoiser:
    """Train on random squares of the pictures in :data:`aecore.pictures.sources.TRAINING`.

    Each square gets Gaussian noise of a σ of its own, evenly drawn from 0 to STRONGEST, and is clipped to 0..1 as pictures
    are; the network is told σ and asked for the clean square (mean absolute error, which Zhao et al. 2017, "Loss functions
    for image restoration with neural networks", found to serve PSNR at least as well as the squared error). One seed gives
    one network.
    """
    random = np.random.default_rng(settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = PictureDenoiser().to(memory_format=torch.channels_last)
    noise = torch.Generator().manual_seed(settings.seed)
    pictures = _pictures()
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=1e-4, fused=True)
    total, losses = 0.0, 0
    for step in range(settings.steps):
        clean = _squares(pictures, settings, random)
        sigma = torch.rand(len(clean), generator=noise) * STRONGEST
        noisy = (clean + sigma.view(-1, 1, 1, 1) * torch.randn(clean.shape, generator=noise)).clamp_(0, 1)
        loss = functional.l1_loss(network(noisy, sigma), clean)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * _factor(step / settings.steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total, losses = total + float(loss.detach()), losses + 1
        if losses == 100 or step == settings.steps - 1:
            watch(Progress(step + 1, settings.steps, total / losses))
            total, losses = 0.0, 0
    return network.eval()


def _factor(progress: float) -> float:
    """A short warm-up, then half a cosine down to 0."""
    rise = 0.03
    return progress / rise if progress < rise else 0.5 * (1 + math.cos(math.pi * (progress - rise) / (1 - rise)))


def _pictures() -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Every training picture at several sizes, uint8 (H, W, 3)."""
    scaled = []
    for source in TRAINING.values():
        picture = Image.fromarray(bundled_picture(source))
        for scale in _SCALES:
            size = (round(picture.width * scale), round(picture.height * scale))
            scaled.append(np.asarray(picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)))
    return scaled


def _squares(
    pictures: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]],
    settings: Settings,
    random: np.random.Generator,
) -> Tensor:
    """Random squares, mirrored, turned, with their colours exchanged: (B, 3, side, side), 0..1."""
    side = settings.side
    squares = []
    for which in random.integers(0, len(pictures), settings.batch_size):
        picture = pictures[which]
        top, left = (int(random.integers(0, length - side + 1)) for length in picture.shape[:2])
        square = np.rot90(picture[top : top + side, left : left + side], int(random.integers(4)))
        if random.integers(2):
            square = square[:, ::-1]
        squares.append(square[..., random.permutation(3)])
    stacked = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2)
    return stacked.to(torch.float32).mul_(1 / 255)
