"""Noise on the input of a denoising autoencoder (Vincent et al. 2010, section 3.3). Pixels are 0..1 before and after."""

from __future__ import annotations

import torch
from torch import Tensor

from aecore.config import CorruptionConfig


def corrupt(images: Tensor, corruption: CorruptionConfig, generator: torch.Generator) -> Tensor:
    """Corrupted copies of `images` (any shape, values 0..1); the images themselves when there is no noise.

    - gaussian: x + σ·ε, ε ~ N(0, 1), clipped to 0..1; `level` is σ.
    - masking: each pixel is 0 with probability p = `level`. The survivors keep their value: this is not `nn.Dropout`,
      which rescales them.
    - salt-and-pepper: each pixel is hit with probability p = `level`, and is then 0 or 1 with equal chance.
    """
    if corruption.kind == "none" or corruption.level == 0:
        return images
    if corruption.kind == "gaussian":
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        return torch.add(images, noise, alpha=corruption.level).clamp_(0, 1)
    chance = torch.rand(images.shape, generator=generator, device=images.device)
    if corruption.kind == "masking":
        return images * (chance >= corruption.level)
    # One draw decides both: below p/2 pepper, from p/2 to p salt, above p untouched.
    salted = torch.where(chance < corruption.level, torch.ones_like(images), images)
    return torch.where(chance < corruption.level / 2, torch.zeros_like(images), salted)
