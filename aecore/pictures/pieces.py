"""Which strokes make one digit, which are none, and in what order digits are read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Integers = NDArray[np.intp]

_LEAST_HEIGHT = 0.012  # of the picture's longest side
_LEAST_PIXELS = 6  # tall
_SMALL = 0.6  # of the usual height: a shorter piece may be part of a digit beside it
_NARROW = 0.9  # width over height: two tall pieces that nearly touch and are no wider than this are one digit
_JOINED = 1.4  # times the usual height, or that of the larger piece: no digit made of pieces is taller
_SPECK = 0.4  # of the usual height: shorter and narrower things are no digits
_NEAR = 0.1  # of the usual height: how far apart two pieces of a digit may be
_ABOVE = 0.22  # the same for a piece right above or below the other
_INSIDE = 0.5  # share of the smaller box that lies within the other: then both are one digit
_WIDEST = 3.0  # width over height of a digit
_SLIMMEST = 0.02
_THICKEST = 0.7  # thickness of the stroke over the longer side; the thickest of 5,000 MNIST digits has 0.63
_UNCLEAR = 0.2  # share of the paper around a digit that may look like its ink
_FAINTEST = 0.4  # of the usual darkness
_RIM = 0.35  # share of the picture's rim that a digit in a picture cut close may touch
_MOST_HOLES = 5  # an 8 has two, a sloppy one more; a grid has hundreds
_HOLE = 0.0004  # of the digit's box: smaller ones are noise
_ACROSS = 60  # pixels; larger digits are measured at a part of their size
_AS_TALL = 2.2  # times the usual height


class Piece(NamedTuple):
    """A digit to be: its labels in the label picture, its box (top, left, bottom, right), its strength 0 … 1."""

    labels: tuple[int, ...]
    box: tuple[int, int, int, int]
    strength: float

    @property
    def height(self) -> int:
        return self.box[2] - self.box[0]

    @property
    def width(self) -> int:
        return self.box[3] - self.box[1]


def pieces_of(mask: Mask, amount: Floats, grey: Floats, most: int) -> tuple[Integers, list[Piece]]:
    """Labels (H, W) of the strokes in a mask, and the digits they make, in reading order; at most `most`.

    amount: how much ink there is; grey: the picture; both (H, W).
    """
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if not count:
        return labels, []
    least = max(_LEAST_PIXELS, _LEAST_HEIGHT * max(mask.shape))
    slices = ndimage.find_objects(labels)
    strengths = ndimage.mean(amount, labels, np.arange(1, count + 1))
    strokes = [
        Piece((index + 1,), (rows.start, columns.start, rows.stop, columns.stop), float(strengths[index]))
        for index, (rows, columns) in enumerate(slices)
        if max(rows.stop - rows.start, columns.stop - columns.start) >= least / 3
    ]
    strokes = _without_frame(strokes, labels)
    # Noise makes thousands of strokes; the tallest are the ones that matter.
    strokes = sorted(strokes, key=lambda piece: -piece.height)[: 8 * most]
    if not strokes:
        return labels, []
    usual = _usual_height(strokes)
    merged = _merged(strokes, labels, usual)
    digits = [piece for piece in merged if _is_digit(piece, labels, least) and _is_clear(piece, labels, grey)]
    digits = _alike(digits)
    digits = sorted(digits, key=lambda piece: -piece.height * piece.strength)[:most]
    return labels, in_reading_order(digits)


def in_reading_order(pieces: list[Piece]) -> list[Piece]:
    """Lines from top to bottom, each from left to right; a line may climb or fall slowly."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda one: one.box[1]):
        shares = [_overlap(piece.box[::2], line[-1].box[::2]) for line in lines]
        best = int(np.argmax(shares)) if shares else -1
        if best >= 0 and shares[best] >= 0.4:
            lines[best].append(piece)
        else:
            lines.append([piece])
    lines.sort(key=lambda line: float(np.mean([piece.box[0] + piece.box[2] for piece in line])))
    return [piece for line in lines for piece in line]


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Length that two intervals (start, stop) share, over the shorter one."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, shared) / max(1, min(one[1] - one[0], other[1] - other[0]))


def _usual_height(pieces: list[Piece]) -> float:
    """Median height, each piece counted by its size, so that specks count little."""
    heights = np.array([max(piece.height, piece.width / 2) for piece in pieces], float)
    order = np.argsort(heights)
    weights = np.cumsum(heights[order] ** 1.5)
    return float(heights[order][np.searchsorted(weights, weights[-1] / 2)])


def _without_frame(strokes: list[Piece], labels: Integers) -> list[Piece]:
    """Without what runs out of the picture (edges of the page, fingers, shadows), unless there is nothing else."""
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    leaving = np.bincount(rim, minlength=int(labels.max()) + 1) / len(rim)
    within = [piece for piece in strokes if not leaving[piece.labels[0]]]
    tallest = max((piece.height for piece in within), default=0)
    # A picture cut close around a digit has nothing but specks besides it.
    cut = [piece for piece in strokes if leaving[piece.labels[0]] and piece.height > 4 * tallest]
    return cut if len(cut) == 1 and leaving[cut[0].labels[0]] < _RIM else within


def _merged(strokes: list[Piece], labels: Integers, usual: float) -> list[Piece]:
    """Strokes joined into digits: small pieces with the digit that they nearly touch, nested ones with their digit."""
    digits: list[Piece] = []
    # From large to small, so that a small piece meets the digits, not other small pieces, first.
    for stroke in sorted(strokes, key=lambda piece: -piece.height * piece.width):
        best, least = -1, 1.0
        for index, digit in enumerate(digits):
            distance = _apart(stroke, digit, labels, usual)
            if distance < least:
                best, least = index, distance
        if best >= 0:
            digits[best] = _joined(digits[best], stroke)
        else:
            digits.append(stroke)
    return digits


def _apart(stroke: Piece, digit: Piece, labels: Integers, usual: float) -> float:
    """Distance of a stroke from a digit, 1 and more if they do not belong together."""
    inside = _overlap(stroke.box[::2], digit.box[::2]) * _overlap(stroke.box[1::2], digit.box[1::2])
    if inside > _INSIDE:
        return 0.0
    joined = max(stroke.box[2], digit.box[2]) - min(stroke.box[0], digit.box[0])
    if joined > _JOINED * max(usual, digit.height):
        return 1.0
    wide = max(stroke.box[3], digit.box[3]) - min(stroke.box[1], digit.box[1])
    # Two strokes of a 4 are both tall; two digits side by side are wide.
    if stroke.height > _SMALL * max(usual, digit.height) and wide > _NARROW * joined:
        return 1.0
    above = _overlap(stroke.box[1::2], digit.box[1::2]) > _INSIDE
    reach = (_ABOVE if above else _NEAR) * max(usual, digit.height)
    gap = max(
        stroke.box[0] - digit.box[2], digit.box[0] - stroke.box[2], stroke.box[1] - digit.box[3], digit.box[1] - stroke.box[3]
    )
    return 1.0 if gap > reach else _pixel_gap(stroke, digit, labels, reach) / reach


def _pixel_gap(stroke: Piece, digit: Piece, labels: Integers, reach: float) -> float:
    """The distance of the nearest ink of two pieces in pixels, infinite beyond `reach`."""
    from scipy import ndimage

    around = int(reach) + 1
    top, left = max(0, stroke.box[0] - around), max(0, stroke.box[1] - around)
    part = labels[top : stroke.box[2] + around, left : stroke.box[3] + around]
    other = np.isin(part, digit.labels)
    if not other.any():
        return float("inf")
    return float(ndimage.distance_transform_edt(~np.isin(part, stroke.labels))[other].min())


def _joined(one: Piece, other: Piece) -> Piece:
    starts = [min(one.box[side], other.box[side]) for side in (0, 1)]
    stops = [max(one.box[side], other.box[side]) for side in (2, 3)]
    strength = max(one.strength, other.strength)
    return Piece((*one.labels, *other.labels), (starts[0], starts[1], stops[0], stops[1]), strength)


def _is_digit(piece: Piece, labels: Integers, least: float) -> bool:
    """Whether a piece is large enough, no line, no blot and no grid."""
    from scipy import ndimage

    if piece.height < least or not _SLIMMEST <= piece.width / piece.height <= _WIDEST:
        return False
    ink = ink_of(piece, labels)
    coarse = max(1, max(ink.shape) // _ACROSS)
    if 2 * coarse * _depth(ink[::coarse, ::coarse]).max() > _THICKEST * max(ink.shape):
        return False
    holes, _ = ndimage.label(np.pad(~ink, 1, constant_values=True))
    sizes = np.bincount(holes.ravel(), minlength=2)[1:]
    return int((sizes > max(1, _HOLE * ink.size)).sum()) - 1 <= _MOST_HOLES


def _is_clear(piece: Piece, labels: Integers, grey: Floats) -> bool:
    """Whether the paper in and around the piece's box has another grey than its ink.

    It has not where the paper was misjudged: at the corners of a page, or within a stroke as thick as the neighbourhood.
    """
    from scipy import ndimage

    margin = 2 + piece.height // 10
    top, left, bottom, right = piece.box
    area = slice(max(0, top - margin), bottom + margin), slice(max(0, left - margin), right + margin)
    part, values = labels[area], grey[area]
    mine = np.isin(part, piece.labels)
    paper = ~ndimage.binary_dilation(part > 0, np.ones((3, 3)), iterations=2)
    if not paper.any():
        paper = part == 0
    if not paper.any():
        return False
    ink, ground = float(np.median(values[mine])), float(np.median(values[paper]))
    alike = np.abs(values[paper] - ink) < np.abs(values[paper] - ground)
    return float(alike.mean()) <= _UNCLEAR


def _alike(pieces: list[Piece]) -> list[Piece]:
    """Without specks, smudges and giants: things much smaller, fainter or larger than what is there most."""
    if not pieces:
        return []
    usual = _usual_height(pieces)
    strength = float(np.median([piece.strength for piece in pieces if piece.height >= _SPECK * usual]))
    return [
        piece for piece in pieces if _SPECK * usual <= piece.height <= _AS_TALL * usual and piece.strength >= _FAINTEST * strength
    ]


def ink_of(piece: Piece, labels: Integers) -> Mask:
    """Where the piece has ink, within its box."""
    top, left, bottom, right = piece.box
    return np.isin(labels[top:bottom, left:right], piece.labels)


def _depth(ink: Mask) -> NDArray[np.float64]:
    """Distance of each inked pixel from the paper, to the edge between pixels; 0 on paper."""
    from scipy import ndimage

    distance = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    return np.asarray(np.where(ink, distance - 0.5, 0))
