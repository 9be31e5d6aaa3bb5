"""Small pictures, one after the other, as an animated GIF."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]

SHORTEST, LONGEST = 20, 10_000
"""Milliseconds a frame: browsers slow down what is faster, and the format counts in hundredths of a second."""

_COLOURS = 256  # of a GIF's frame


def gif(frames: Bytes, milliseconds: int, scale: int = 1) -> bytes:
    """The GIF file of an animation that starts again when it is over.

    frames: uint8 (N, H, W), grey, whose values all stay what they are; or (N, H, W, 3), red, green, blue, each frame with a
    palette of its own of at most 256 colours.
    milliseconds: how long each frame is shown, SHORTEST to LONGEST, rounded to hundredths of a second. Where frames that
    follow each other are equal, the file has one of them, shown for as long as all.
    scale: every pixel becomes a square of so many pixels a side, 1 or more.
    Raises ValueError with one sentence when these are not as they should be.
    """
    if frames.dtype != np.uint8 or frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[3] != 3):
        raise ValueError(f"Frames are bytes of shape (N, H, W) or (N, H, W, 3), not {frames.dtype} of shape {frames.shape}.")
    if frames.size == 0:
        raise ValueError(f"An animation needs at least one frame with at least one pixel, not the shape {frames.shape}.")
    if not SHORTEST <= milliseconds <= LONGEST:
        raise ValueError(f"A frame is shown for {SHORTEST} to {LONGEST:,} milliseconds, not for {milliseconds:,}.")
    if scale < 1:
        raise ValueError(f"Pictures are enlarged by a whole number from 1, not by {scale}.")
    first, *others = [_enlarged(frame, scale) for frame in frames]
    file = io.BytesIO()
    # Unoptimised: Pillow's optimisation makes the file 3 % smaller, takes twice as long, and shifts greys by one.
    how = {"duration": round(milliseconds, -1), "loop": 0, "optimize": False}
    first.save(file, "GIF", save_all=True, append_images=others, **how)
    return file.getvalue()


def _enlarged(frame: Bytes, scale: int) -> Image.Image:
    image = Image.fromarray(frame)
    if image.mode == "RGB":  # the colours are chosen before there are many pixels of each
        image = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
