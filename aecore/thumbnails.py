"""A small picture that tells a run from others: what went into its network, over what came out. Without torch, for the server."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from aecore.frames import Gallery, read_frame, read_gallery
from aecore.moments import pictured_steps, read_traversals
from aecore.runs import Run
from aecore.sweeps import Sweep

Bytes = npt.NDArray[np.uint8]

CELLS = 8
"""Pictures in a row."""
GAP = 1
"""Transparent pixels between pictures."""
MOST_SIDE = 64
"""Larger pictures are shown by every second, third, … pixel."""

LINES = 4
"""Sequences, in two rows of two."""
LINE_WIDTH, LINE_HEIGHT = 144, 54
LINE_GAP = 8
_FINER = 4  # lines are drawn so many times larger, and then made smaller: their edges are smooth
_ORIGINAL, _RECONSTRUCTION = (100, 106, 120, 255), (63, 144, 218, 255)  # to be seen on white and on black


def thumbnail(entry: Run | Sweep) -> bytes | None:
    """A PNG with transparent gaps; None where a run has no pictures (yet).

    Pictures: CELLS of its gallery as they are, and below them as the network draws them; of a sweep, what two numbers of a code
    draw. Sequences: LINES of them, thin and grey as they are, over thick and blue as the network draws them.
    """
    if isinstance(entry, Sweep):
        rows = next((rows for run in entry.runs if (rows := _traversed(run)) is not None), None)
        return None if rows is None else _png(_mosaic(*rows))
    gallery, frame = read_gallery(entry.frames_folder), read_frame(entry.frames_folder)
    if gallery is None:
        return None
    chosen = _of_each_class(gallery)
    shown = gallery.originals[chosen]
    drawn = None
    if frame is not None and frame.reconstructions.shape == gallery.originals.shape:
        drawn = frame.reconstructions[chosen]
    if shown.shape[2] == 1:
        return _png(_lines(shown[:LINES, 0, 0], None if drawn is None else drawn[:LINES, 0, 0]))
    return _png(_mosaic(shown, np.zeros_like(shown) if drawn is None else drawn))


def _of_each_class(gallery: Gallery) -> list[int]:
    """Positions of CELLS pictures: the first of each class, then the second of each, …; those in the order of their classes."""
    seen: dict[int, int] = {}
    rounds = []
    for place, label in enumerate(gallery.labels.tolist()):
        rounds.append((seen.get(label, 0), label, place))
        seen[label] = seen.get(label, 0) + 1
    return [place for _, _, place in sorted(rounds)[:CELLS]]


def _traversed(run: Run) -> tuple[Bytes, Bytes] | None:
    """What the two most used numbers of a code draw as they go from low to high: (N, C, H, W) each, N up to CELLS."""
    steps = pictured_steps(run)
    pictures = read_traversals(run, steps[-1]) if steps else None
    if pictures is None or pictures.ndim != 5:
        return None
    use = pictures.astype(np.float32).std(axis=1).mean(axis=(1, 2, 3))
    most = np.argsort(-use, kind="stable")[:2]
    places = np.unique(np.linspace(0, pictures.shape[1] - 1, CELLS).round().astype(int))
    return pictures[most[0]][places], pictures[most[-1]][places]


def _mosaic(above: Bytes, below: Bytes) -> Image.Image:
    """Two rows of pictures (N, C, H, W), with transparent gaps."""
    every = -(-max(above.shape[2:]) // MOST_SIDE)
    above, below = above[..., ::every, ::every], below[..., ::every, ::every]
    count, channels, height, width = above.shape
    canvas = np.zeros((2 * height + GAP, count * (width + GAP) - GAP, 4), np.uint8)
    for row, pictures in enumerate((above, below)):
        for column, picture in enumerate(pictures):
            top, left = row * (height + GAP), column * (width + GAP)
            colours = picture if channels == 3 else np.repeat(picture[:1], 3, axis=0)
            canvas[top : top + height, left : left + width, :3] = colours.transpose(1, 2, 0)
            canvas[top : top + height, left : left + width, 3] = 255
    is_grey = (canvas[..., 0] == canvas[..., 1]).all() and (canvas[..., 1] == canvas[..., 2]).all()
    return Image.fromarray(canvas[..., [0, 3]] if is_grey else canvas)


def _lines(originals: Bytes, drawn: Bytes | None) -> Image.Image:
    """Up to LINES sequences (N, W) of 0..255, each in a cell of LINE_WIDTH × LINE_HEIGHT."""
    columns = 2
    rows = -(-len(originals) // columns)
    size = columns * (LINE_WIDTH + LINE_GAP) - LINE_GAP, rows * (LINE_HEIGHT + LINE_GAP) - LINE_GAP
    image = Image.new("RGBA", (size[0] * _FINER, size[1] * _FINER), (*_RECONSTRUCTION[:3], 0))
    pen = ImageDraw.Draw(image)
    for cell in range(len(originals)):
        left, top = (cell % columns) * (LINE_WIDTH + LINE_GAP), (cell // columns) * (LINE_HEIGHT + LINE_GAP)
        for values, colour, thickness in ((drawn, _RECONSTRUCTION, 3.0), (originals, _ORIGINAL, 1.25)):
            if values is not None:
                across = np.linspace(left + 2, left + LINE_WIDTH - 2, values.shape[1])
                down = top + 2 + (LINE_HEIGHT - 4) * (1 - values[cell] / 255)
                points = [(x * _FINER, y * _FINER) for x, y in zip(across.tolist(), down.tolist(), strict=True)]
                pen.line(points, colour, round(thickness * _FINER), joint="curve")
    return image.resize(size, Image.Resampling.BOX)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
