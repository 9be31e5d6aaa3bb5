"""A crop of white ink on black, made into what MNIST's pictures are.

LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition" (1998), section III.A: "The
images were size normalized to fit in a 20×20 pixel box while preserving their aspect ratio. The resulting images contain
grey levels as result of the antialiasing … The images were centered in a 28×28 image by computing the center of mass of
the pixels, and translating the image so as to position this point at the center of the 28×28 field."

In the published files that centre is the middle of pixel 14 (counted from 0), to half a pixel: of all 5,000 bundled
digits the centre of mass lies within 13.5 … 14.5 in both directions, none outside. So the translation is by whole pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]

BOX = 20
"""Longest side of a digit, in pixels."""
FIELD = 28
"""Side of the picture, in pixels."""
CENTRE = 14
"""Where the centre of mass is put, in pixels from the middle of the first one."""

_MARGIN = (FIELD - BOX) // 2
_FULL_SHARE = 95  # percentile of the ink that is made fully white


def scaled_to_box(crop: Bytes) -> Bytes:
    """The crop (h, w), scaled so that its longer side is 20, in the middle of a uint8 (28, 28) black picture.

    The crop's edges are taken to be the ink's. Grey levels are means over the pixels covered. Ink that has become grey by
    that, because it is thin, is brightened so that its whitest pixels are white.
    """
    height, width = crop.shape
    scale = BOX / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    small = crop
    if (rows, columns) != crop.shape:
        how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        small = np.asarray(Image.fromarray(crop).resize((columns, rows), how))
    field = np.zeros((FIELD, FIELD), np.uint8)
    top, left = _MARGIN + (BOX - rows) // 2, _MARGIN + (BOX - columns) // 2
    field[top : top + rows, left : left + columns] = _full(small)
    return field


def centred(scaled: Bytes) -> Bytes:
    """The picture, uint8 (28, 28), moved by whole pixels so that its centre of mass is in the middle of pixel 14.

    It is moved no further than the edge of the picture: ink is never cut off.
    """
    weight = scaled.astype(np.float64)
    total = weight.sum()
    if total == 0:
        return scaled
    for axis in (0, 1):
        ink = weight.sum(axis=1 - axis)
        used = np.flatnonzero(ink)
        shift = round(CENTRE - float(ink @ np.arange(FIELD)) / total)
        shift = min(max(shift, -int(used[0])), FIELD - 1 - int(used[-1]))
        # Nothing but black goes round the edge.
        scaled = np.roll(scaled, shift, axis)
    return scaled


def _full(small: Bytes) -> Bytes:
    """The picture brightened until its whitest ink is white; what is white already stays as it is."""
    ink = small[small > 0]
    top = float(np.percentile(ink, _FULL_SHARE)) if len(ink) else 0.0
    if top == 0 or top >= 250:
        return small
    return np.asarray(np.minimum(np.rint(small * (255 / top)), 255), np.uint8)
