"""A person's own picture, made into what a network knows from its data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aecore.data.catalogue import Card
from aecore.pictures.digits import find_digits
from aecore.pictures.errors import PictureError
from aecore.pictures.intake import Picture, luminance

Bytes = NDArray[np.uint8]

HANDWRITING = ("digits", "mnist", "emnist-letters", "kmnist")
"""Data sets of single characters, all made in the way of MNIST."""

_LEAST_CONTRAST = 8  # between the darkest and the lightest pixel; below it there is nothing to be seen
_BORDER = 0.04  # of a side: so far in reaches what counts as background


def for_network(picture: Picture, card: Card) -> list[tuple[str, Bytes]]:
    """The picture as input of a network that was trained on that data: names, and pictures uint8 (C, H, W).

    Of handwriting, every character that is found becomes one input, in reading order. Any other picture becomes one, whole, in
    the middle of a square of its own background; where that is lighter than the middle, light and dark are exchanged, since
    the data sets show light things on black, and the name says so.
    Raises PictureError with one sentence if there is nothing to be made of the picture.
    """
    if card.name in HANDWRITING:
        found = find_digits(picture.pixels).digits
        what = "digit" if card.classes[0] == "0" else "character"
        names = [what] if len(found) == 1 else [f"{what} {number}" for number in range(1, len(found) + 1)]
        return [(name, digit.image[None]) for name, digit in zip(names, found, strict=True)]
    return [_whole(picture.pixels, card)]


def _whole(pixels: Bytes, card: Card) -> tuple[str, Bytes]:
    grey = 255 * luminance(pixels)
    if grey.max() - grey.min() < _LEAST_CONTRAST:
        raise PictureError("The picture is the same all over: choose one that shows something.")
    values = np.rint(grey).astype(np.uint8) if card.channels == 1 else pixels
    border = _is_border(*values.shape[:2])
    name = "picture"
    if np.median(grey[border]) > grey[_middle(*grey.shape)].mean():
        values, name = 255 - values, "picture, light and dark exchanged"
    square = _square(values, np.median(values[border], axis=0).astype(np.uint8))
    small = np.asarray(_scaled(Image.fromarray(square), card.width, card.height))
    return name, small[None] if card.channels == 1 else np.ascontiguousarray(small.transpose(2, 0, 1))


def _is_border(height: int, width: int) -> NDArray[np.bool_]:
    down, across = max(1, round(_BORDER * height)), max(1, round(_BORDER * width))
    border = np.ones((height, width), np.bool_)
    border[down:-down, across:-across] = False
    return border


def _middle(height: int, width: int) -> tuple[slice, slice]:
    return slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)


def _square(values: Bytes, background: Bytes) -> Bytes:
    height, width = values.shape[:2]
    side = max(height, width)
    square = np.empty((side, side, *values.shape[2:]), np.uint8)
    square[:] = background
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = values
    return square


def _scaled(image: Image.Image, width: int, height: int) -> Image.Image:
    """Every pixel the mean of the area that it covers; where the picture is smaller than that, smooth between its pixels."""
    shrinks = image.width >= width and image.height >= height
    return image.resize((width, height), Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC)
