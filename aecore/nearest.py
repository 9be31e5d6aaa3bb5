"""The training picture that is nearest to a picture: how one sees whether a network has made something new, or a copy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_BLOCK = 1 << 22
"""Pixels at once, in double precision: 32 megabytes."""
_ROUNDING = 1e-10
"""Of the squares' sum: far more than what a product of matrices can be wrong by, far less than what one grey level makes."""

Floats = npt.NDArray[np.float64]


def nearest(pictures: Tensor, training: Tensor, poll: Callable[[float], None] = lambda done: None) -> tuple[Tensor, Tensor]:
    """For each of the pictures (N, P), 0..1, the position of the nearest one of `training`, uint8 (M, …), and how far it is.

    The distance (N,), double precision, is the root mean square difference of their pixels, 0..1. All of `training` is
    searched; of several that are equally near it is the first. poll is told the share done, 0..1. Raises ValueError where
    the pictures do not have as many pixels, are not finite, or where there is nothing to search.
    """
    pixels = training.flatten(1)
    if not len(pixels) or pictures.shape[1] != pixels.shape[1]:
        raise ValueError(f"Pictures of {pictures.shape[1]} pixels cannot be looked for among {tuple(training.shape)}.")
    if not pictures.isfinite().all():
        raise ValueError("Pictures whose pixels are not finite are not near to anything.")
    levels = 255 * pictures.double()
    wanted = levels.numpy()
    index = np.zeros(len(levels), np.int64)
    best = np.full(len(levels), np.inf)
    rows = max(1, _BLOCK // pixels.shape[1])
    buffer = torch.empty((min(rows, len(pixels)), pixels.shape[1]), dtype=torch.float64)
    for start in range(0, len(pixels), rows):
        poll(start / len(pixels))
        part = pixels[start : start + rows]
        block = buffer[: len(part)].copy_(part)
        for picture, candidates in enumerate(_candidates(levels, block)):
            found, square = _first_nearest(wanted[picture], block.numpy(), candidates)
            if square < best[picture]:
                index[picture], best[picture] = start + found, square
    distance = np.sqrt(best / pixels.shape[1]) / 255
    return torch.from_numpy(index), torch.from_numpy(distance)


def _candidates(levels: Tensor, block: Tensor) -> list[npt.NDArray[np.int64]]:
    """For each picture the rows of the block that may be the nearest: one product for all, and what rounding leaves open."""
    ours, theirs = torch.linalg.vecdot(levels, levels), torch.linalg.vecdot(block, block)
    squares = torch.addmm(theirs[None, :], levels, block.T, alpha=-2)  # without |levels|², the same for a whole row
    margin = _ROUNDING * (ours + theirs.max() + 1)
    near = squares <= (squares.amin(1) + margin)[:, None]
    return [row.nonzero()[:, 0].numpy() for row in near]


def _first_nearest(picture: Floats, block: Floats, candidates: npt.NDArray[np.int64]) -> tuple[int, float]:
    """The candidate whose pixels differ least, by the differences themselves, and the sum of their squares."""
    squares = np.square(block[candidates] - picture).sum(axis=1)
    first = int(squares.argmin())
    return int(candidates[first]), float(squares[first])
