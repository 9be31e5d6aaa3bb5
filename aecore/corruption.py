"""Noise on the input of a denoising autoencoder (Vincent et al. 2010, section 3.3). Pixels are 0..1 before and after."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config_sections import NOISE_KINDS, CorruptionConfig
from aecore.noise import PixelNoise

PATCHES_ACROSS = 4
"""A dropped square is this part of the picture high: 7 pixels of 28, 16 of 64."""


def corrupt(images: Tensor, corruption: CorruptionConfig, noise: PixelNoise) -> Tensor:
    """Corrupted copies of `images` (any shape, values 0..1); the images themselves when there is no noise.

    - gaussian: x + σ·ε, ε ~ N(0, 1), clipped to 0..1; `level` is σ.
    - masking: each pixel is 0 with probability p = `level`. The survivors keep their value: this is not `nn.Dropout`,
      which rescales them.
    - patches: the same, but squares are dropped whole, a quarter of the picture high. They lie on a grid that is shifted
      at random for each image, so every pixel is hit with probability p. Needs images (B, C, H, W); channels share the squares.
    - salt-and-pepper: each pixel is hit with probability p = `level`, and is then 0 or 1 with equal chance.
    - mixed: each image gets one of the four, with equal chance. The first dimension counts images.

    With a range (`level_from`), each image gets a level of its own, evenly drawn from the range.
    """
    if corruption.kind == "none" or (corruption.level == 0 and corruption.level_from is None):
        return images
    level: float | Tensor = corruption.level
    if corruption.level_from is not None:
        level = corruption.level_from + (corruption.level - corruption.level_from) * _one_each(images, noise)
    if corruption.kind != "mixed":
        return _corrupt(images, corruption.kind, level, noise)
    corrupted = images.clone()
    kinds = (_one_each(images, noise) * len(NOISE_KINDS)).long().flatten()
    for index, kind in enumerate(NOISE_KINDS):
        chosen = (kinds == index).nonzero().flatten()
        if len(chosen):
            own_level = level[chosen] if isinstance(level, Tensor) else level
            corrupted[chosen] = _corrupt(images[chosen], kind, own_level, noise)
    return corrupted


def corrupt_codes(codes: Tensor, corruption: CorruptionConfig, noise: PixelNoise) -> Tensor:
    """Corrupted copies of the codes (B, D) that a layer is given where layers are trained one by one (Vincent et al. 2010, 3.5).

    As :func:`corrupt`, but codes have no ends to be clipped to. Raises ValueError for noise that only pictures can have.
    """
    if corruption.kind == "none":
        return codes
    if corruption.kind not in ("gaussian", "masking"):
        raise ValueError(f"Codes cannot have {corruption.kind} noise.")
    level: float | Tensor = corruption.level
    if corruption.level_from is not None:
        level = corruption.level_from + (corruption.level - corruption.level_from) * _one_each(codes, noise)
    if corruption.kind == "masking":
        return codes * noise.share(codes, 1 - level)
    return codes + noise.normal(codes, 1.0) * level


def _corrupt(images: Tensor, kind: str, level: float | Tensor, noise: PixelNoise) -> Tensor:
    """One kind of noise; `level` is one number, or one for each image in a shape that broadcasts."""
    if kind == "gaussian":
        scaled = noise.normal(images, level) if isinstance(level, float) else noise.normal(images, 1.0).mul_(level)
        return scaled.add_(images).clamp_(0, 1)
    if kind == "masking":
        return images * noise.share(images, 1 - level)
    if kind == "patches":
        return images * _squares(images, level, noise)
    hit = noise.share(images, level)
    return torch.lerp(images, noise.share(images, 0.5), hit)


def _squares(images: Tensor, level: float | Tensor, noise: PixelNoise) -> Tensor:
    """0.0 in dropped squares, else 1.0: (B, 1, H, W)."""
    count, _, height, width = images.shape
    side = max(1, round(height / PATCHES_ACROSS))
    rows, columns = -(-height // side) + 1, -(-width // side) + 1  # one more than fit, for the shift
    keep = noise.share(images.new_empty(count, rows, columns), 1 - (level[:, 0] if isinstance(level, Tensor) else level))
    shift = (noise.uniform(images.new_empty(2, count, 1)) * side).long()
    row = (torch.arange(height, device=images.device) + shift[0]) // side
    column = (torch.arange(width, device=images.device) + shift[1]) // side
    which = torch.arange(count, device=images.device)[:, None, None]
    return keep[which, row[:, :, None], column[:, None, :]][:, None]


def _one_each(images: Tensor, noise: PixelNoise) -> Tensor:
    """A number between 0 and 1 for each image, in a shape that broadcasts over its pixels."""
    return noise.uniform(images.new_empty(len(images), *[1] * (images.ndim - 1)))
