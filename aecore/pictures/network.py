"""The picture denoiser: a fully convolutional denoising autoencoder for colour pictures of any size.

Encoder and decoder mirror each other and are joined by additive skips at each resolution (Mao, Shen & Yang 2016, "Image
restoration using very deep convolutional encoder-decoder networks with symmetric skip connections"). As FFDNet (Zhang, Zuo &
Zhang 2018) it works on pixels regrouped 2×2 into channels and is told the noise's strength as one more channel, so that one
network serves every strength; as DnCNN (Zhang et al. 2017) it answers with the noise, which is then taken away.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = (48, 64, 96)
"""Features at a half, a quarter and an eighth of the picture's width."""
STRIDE: int = 2 ** len(CHANNELS)
"""The height and the width that the network takes are multiples of this."""


class PictureDenoiser(nn.Module):
    """Noisy pictures to clean ones."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3 * 4 + 1, CHANNELS[0], 3, padding=1)
        self.down = nn.ModuleList(_Residual(width) for width in CHANNELS)
        self.shrink = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in itertools.pairwise(CHANNELS))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in itertools.pairwise(CHANNELS))
        self.up = nn.ModuleList(_Residual(width) for width in CHANNELS[:-1])
        self.leave = nn.Conv2d(CHANNELS[0], 3 * 4, 3, padding=1)

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """Denoise `noisy` (B, 3, H, W), values 0..1, H and W multiples of STRIDE; `sigma` (B,) is the standard deviation of the
        noise on the same scale. Returns (B, 3, H, W), not clipped."""
        folded = functional.pixel_unshuffle(noisy, 2)
        strength = sigma.view(-1, 1, 1, 1).expand(-1, 1, *folded.shape[2:])
        features = self.enter(torch.cat([folded, strength], dim=1))
        skips = []
        for stage, shrink in zip(self.down[:-1], self.shrink, strict=True):
            features = stage(features)
            skips.append(features)
            features = shrink(features)
        features = self.down[-1](features)
        for stage, grow, skip in reversed(list(zip(self.up, self.grow, skips, strict=True))):
            features = stage(grow(features) + skip)
        return noisy - functional.pixel_shuffle(self.leave(features), 2)


class _Residual(nn.Module):
    """x + conv(relu(conv(x))), which begins as the identity (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.second(functional.relu(self.first(features)))
        return features + changed


def reach() -> int:
    """How far, in pixels, one pixel can change the answer at another; a multiple of STRIDE. Tiles must overlap as far.

    A 3×3 convolution reaches one cell further at its own resolution. Going to a coarser one rounds up to whole cells there.
    """
    cell, distance = 2, 2 + 2 * 2  # the enter convolution and the first stage, in cells of 2×2 pixels
    for _ in CHANNELS[1:]:
        cell *= 2
        distance = -(-distance // cell) * cell + 2 * cell
    for _ in CHANNELS[1:]:
        cell //= 2
        distance += 2 * cell + cell
    distance += 2
    cells = -(-distance // STRIDE)
    return cells * STRIDE
