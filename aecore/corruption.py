"""Noise on the input of a denoising autoencoder (Vincent et al. 2010, section 3.3). Pixels are 0..1 before and after."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config_sections import CorruptionConfig
from aecore.noise import PixelNoise


def corrupt(images: Tensor, corruption: CorruptionConfig, noise: PixelNoise) -> Tensor:
    """Corrupted copies of `images` (any shape, values 0..1); the images themselves when there is no noise.

    - gaussian: x + σ·ε, ε ~ N(0, 1), clipped to 0..1; `level` is σ.
    - masking: each pixel is 0 with probability p = `level`. The survivors keep their value: this is not `nn.Dropout`,
      which rescales them.
    - salt-and-pepper: each pixel is hit with probability p = `level`, and is then 0 or 1 with equal chance.
    """
    if corruption.kind == "none" or corruption.level == 0:
        return images
    if corruption.kind == "gaussian":
        return noise.normal(images, corruption.level).add_(images).clamp_(0, 1)
    if corruption.kind == "masking":
        return images * noise.share(images, 1 - corruption.level)
    hit = noise.share(images, corruption.level)
    return torch.lerp(images, noise.share(images, 0.5), hit)
