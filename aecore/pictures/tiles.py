"""Denoise a picture of any size in tiles, without seams and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from aecore.pictures.network import STRIDE, PictureDenoiser, reach

TILE = 448
"""Height and width of a tile's own part, in pixels; with its surroundings the network's features take some 200 MB."""


@torch.inference_mode()
def denoise_picture(
    network: PictureDenoiser,
    pixels: npt.NDArray[np.uint8],
    sigma: float,
    *,
    tile: int = TILE,
    poll: Callable[[float], None] = lambda done: None,
) -> npt.NDArray[np.uint8]:
    """Denoise `pixels`, uint8 (H, W, 3), for noise of standard deviation `sigma` on pixels 0..1; returns the same shape and type.

    Each tile is computed with as much of its surroundings as can have any influence, so that the result is that of the whole
    picture at once. `tile` must be a multiple of STRIDE (else ValueError); `poll` is told the share done (0..1) before each
    tile, and may raise to stop.
    """
    if tile <= 0 or tile % STRIDE:
        raise ValueError(f"The tile must be a multiple of {STRIDE} pixels high, and is {tile}.")
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % STRIDE), (0, -width % STRIDE), (0, 0)), mode="edge")
    result = np.empty_like(pixels)
    margin = reach()
    corners = [(top, left) for top in range(0, height, tile) for left in range(0, width, tile)]
    strength = torch.tensor([sigma], dtype=torch.float32)
    for index, (top, left) in enumerate(corners):
        poll(index / len(corners))
        above, before = max(0, top - margin), max(0, left - margin)
        window = padded[above : top + tile + margin, before : left + tile + margin]
        given = torch.from_numpy(np.ascontiguousarray(window)).permute(2, 0, 1)[None].to(torch.float32).div_(255)
        clean = network(given.contiguous(memory_format=torch.channels_last), strength)[0]
        own = clean[:, top - above : top - above + tile, left - before : left - before + tile]
        own = own[:, : height - top, : width - left].clamp(0, 1).mul(255).round().to(torch.uint8)
        result[top : top + tile, left : left + tile] = own.permute(1, 2, 0).numpy()
    return result


def add_noise(pixels: npt.NDArray[np.uint8], sigma: float, seed: int) -> npt.NDArray[np.uint8]:
    """The picture with Gaussian noise of standard deviation `sigma` (pixels 0..1) on each number, clipped and rounded as a
    picture file would have it: uint8 (H, W, 3). Works through strips, so that a large picture needs little more memory."""
    random = np.random.default_rng(seed)
    noisy = np.empty_like(pixels)
    for top in range(0, len(pixels), 256):
        strip = pixels[top : top + 256]
        changed = strip + np.float32(255 * sigma) * random.standard_normal(strip.shape, dtype=np.float32)
        noisy[top : top + 256] = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return noisy
