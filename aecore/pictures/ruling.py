"""Long thin straight lines: the ruling of a page, which joins the digits written on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_LEAST_LENGTH = 0.4  # of the side of the picture along which a line runs
_THICKEST = 0.012  # of the longest side
_SLOPES = np.linspace(-0.06, 0.06, 9)  # a page is held at most this askew, in pixels a pixel
_SMALLEST = 200  # pixels; smaller pictures are drawings without ruling
_MANY = 3  # fewer lines than this are ruling only if they run out of the picture


def without_ruling(mask: Mask, faint: Mask) -> Mask:
    """The mask (H, W) without ruled lines; ink that crosses a line stays whole.

    faint: the mask with all that differs from the paper at all; in it lines are whole that are dashes in `mask`.
    """
    if max(mask.shape) < _SMALLEST or not mask.any():
        return mask
    level = _without_horizontal(mask, faint)
    return np.ascontiguousarray(_without_horizontal(level.T, faint.T).T)


def _without_horizontal(mask: Mask, faint: Mask) -> Mask:
    from scipy import ndimage

    thickest = max(3, round(_THICKEST * max(mask.shape)))
    lines = _long_runs(faint)
    if not lines.any():
        return mask
    # Thicker ink is none of a line.
    lines &= mask & ~_opened(mask, thickest + 1, axis=0)
    rest = mask & ~lines
    # Where ink goes on above and below, the piece of line between belongs to it.
    bridge = ndimage.binary_closing(rest, np.ones((2 * thickest + 1, 1), bool))
    return np.asarray(rest | (lines & bridge), bool)


def _long_runs(mask: Mask) -> Mask:
    """Lines of nearly one direction, found in the mask at half its size and a little thickened."""
    from scipy import ndimage

    height, width = mask.shape
    half = np.pad(mask, ((0, height % 2), (0, width % 2))).reshape((height + 1) // 2, 2, (width + 1) // 2, 2).any((1, 3))
    thickened = ndimage.maximum_filter1d(half.view(np.uint8), 3, axis=0).astype(bool)
    length = int(_LEAST_LENGTH * half.shape[1])
    columns = np.arange(half.shape[1])
    found = np.zeros_like(half)
    for slope in _SLOPES:
        rows = (np.arange(half.shape[0])[:, None] + np.rint(slope * (columns - half.shape[1] / 2)).astype(int)) % half.shape[0]
        runs = _opened(thickened[rows, columns], length, axis=1)
        back = np.zeros_like(half)
        back[rows, columns] = runs
        found |= back
    labels, count = ndimage.label(found, np.ones((3, 3)))
    if count < _MANY:
        margin = max(1, half.shape[1] // 50)
        leaving = np.union1d(labels[:, :margin], labels[:, -margin:])
        found &= np.isin(labels, leaving)
    return np.repeat(np.repeat(found, 2, 0), 2, 1)[:height, :width]


def _opened(mask: Mask, length: int, axis: int) -> Mask:
    """Opening along one axis: the parts of the mask that belong to a run of at least `length` pixels."""
    from scipy import ndimage

    values: NDArray[Any] = np.ascontiguousarray(mask).view(np.uint8)
    # A run's minimum is found around its middle; an even length must grow back to the other side.
    eroded = ndimage.minimum_filter1d(values, length, axis=axis, mode="constant")
    return np.asarray(ndimage.maximum_filter1d(eroded, length, axis=axis, mode="constant", origin=length % 2 - 1), bool)
