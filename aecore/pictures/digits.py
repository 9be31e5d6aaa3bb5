"""Handwritten digits in a photo or a drawing: found, cut out, and made into pictures like those of MNIST."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aecore.pictures.errors import PictureError
from aecore.pictures.intake import luminance, thumbnail
from aecore.pictures.normalise import BOX, centred, scaled_to_box
from aecore.pictures.paper import Ink, find_ink, flat_paper, is_flat, local_paper
from aecore.pictures.pieces import Piece, ink_of, pieces_of

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MOST_DIGITS = 60
"""More are not looked for in one picture."""

_SEARCHED_SIDE = 1000  # pixels; larger pictures are reduced before digits are looked for
_NEIGHBOURHOODS = (0.5, 0.15)  # of the longest side, in which the grey of the paper is what most pixels have
_FULL_INK = 90  # percentile of a digit's ink that is made fully white
_NOISE_CUT = 2.0  # standard deviations of the paper that are made fully black
_NONE = (
    "No digit was found: write large and dark on plain paper, take the photo from straight above in even light, and try again."
)


class Digit(NamedTuple):
    """A digit and what was made of it.

    box: (top, left, bottom, right) in pixels of the picture given; bottom and right are just outside.
    crop: uint8 (h, w), white ink on black, at the size at which it was found.
    scaled: uint8 (28, 28), the crop scaled to a box of 20×20 in the middle.
    image: uint8 (28, 28), the same with its centre of mass in the centre: what a network that learned MNIST expects.
    """

    box: tuple[int, int, int, int]
    crop: Bytes
    scaled: Bytes
    image: Bytes


class Step(NamedTuple):
    """What was done, in words, and the picture after it, uint8 (h, w)."""

    title: str
    picture: Bytes


class Found(NamedTuple):
    """Digits in reading order, and the pictures on the way to them, in the order in which they were made."""

    digits: list[Digit]
    steps: tuple[Step, ...]


def find_digits(pixels: Bytes) -> Found:
    """Digits in a picture, uint8 (H, W, 3): dark on light or light on dark, at most MOST_DIGITS, in reading order.

    Raises PictureError with one sentence if nothing in the picture looks like a digit.
    """
    reduced = thumbnail(pixels, _SEARCHED_SIDE)
    grey = luminance(reduced)
    # How wide the strokes are is not known before they are found: the neighbourhood in which more is found is right.
    tries = [_search(grey, paper) for paper in _papers(grey)]
    ink, labels, pieces = max(tries, key=lambda one: sum(piece.height for piece in one.pieces))
    if not pieces:
        raise PictureError(_NONE)
    factors = np.tile(np.array(pixels.shape[:2]) / grey.shape, 2)
    digits = [_digit(piece, labels, ink, factors) for piece in pieces]
    kept = np.isin(labels, [label for piece in pieces for label in piece.labels])
    steps = (
        Step("Brightness only", _as_bytes(grey)),
        Step("Paper and shadows taken away", _as_bytes(ink.amount)),
        Step("Ink", _as_bytes(ink.mask)),
        Step("Digits", _as_bytes(kept)),
    )
    return Found(digits, steps)


class _Search(NamedTuple):
    ink: Ink
    labels: NDArray[np.intp]
    pieces: list[Piece]


def _papers(grey: Floats) -> list[Floats]:
    return [flat_paper(grey)] if is_flat(grey) else [local_paper(grey, part) for part in _NEIGHBOURHOODS]


def _search(grey: Floats, paper: Floats) -> _Search:
    ink = find_ink(grey, paper)
    return _Search(ink, *pieces_of(ink.mask, ink.amount, grey, MOST_DIGITS))


def _as_bytes(values: NDArray[np.float32] | NDArray[np.bool_]) -> Bytes:
    return np.rint(np.clip(values.astype(np.float32), 0, 1) * 255).astype(np.uint8)


def _digit(piece: Piece, labels: NDArray[np.intp], ink: Ink, factors: NDArray[np.float64]) -> Digit:
    (top, left, bottom, right), crop = _cut_out(piece, labels, ink)
    edges = np.array([top, left, bottom, right]) * factors
    box = int(edges[0]), int(edges[1]), int(np.ceil(edges[2])), int(np.ceil(edges[3]))
    scaled = scaled_to_box(crop)
    return Digit(box, crop, scaled, centred(scaled))


def _cut_out(piece: Piece, labels: NDArray[np.intp], ink: Ink) -> tuple[tuple[int, int, int, int], Bytes]:
    """The box (top, left, bottom, right) of the digit's ink, soft edges included, and the ink in it."""
    from scipy import ndimage

    # Soft edges reach a little beyond the mask; other digits' ink does not belong to them.
    reach = max(2, round(0.04 * piece.height))
    top, left = max(0, piece.box[0] - reach), max(0, piece.box[1] - reach)
    area = slice(top, piece.box[2] + reach), slice(left, piece.box[3] + reach)
    mine = np.isin(labels[area], piece.labels)
    near = ndimage.binary_dilation(mine, np.ones((3, 3)), iterations=reach) & (mine | (labels[area] == 0))
    amount = ink.amount[area]
    full = float(np.percentile(amount[mine], _FULL_INK))
    black = min(_NOISE_CUT * ink.noise, full / 2)
    values = np.where(near, np.clip((amount - black) / max(full - black, 1e-6), 0, 1), 0)
    # In a small picture a pixel's grey is how much of it the ink covers, so any grey belongs to the digit; in a large one
    # it is blur, and the edge of the ink is where half of it is reached.
    edge = float(np.clip(0.5 * (1 - BOX / max(ink_of(piece, labels).shape)), 0.004, 0.4))
    rows, columns = np.flatnonzero((values >= edge).any(1)), np.flatnonzero((values >= edge).any(0))
    inner = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    box = top + int(rows[0]), left + int(columns[0]), top + int(rows[-1]) + 1, left + int(columns[-1]) + 1
    return box, _as_bytes(values[inner].astype(np.float32))
