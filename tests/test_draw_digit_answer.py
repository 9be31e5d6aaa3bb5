"""What the browser says was drawn: only a PNG of the board's size is believed."""

import base64
import io

import numpy as np
from PIL import Image

from aecore.ui.draw_digit import MOST_BYTES, SIDE, picture_in


def png(width: int, height: int, noise: bool = False) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256 if noise else 1, (height, width, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def said(content: bytes) -> dict[str, str]:
    return {"png": base64.b64encode(content).decode()}


def test_only_a_picture_of_the_board_is_taken() -> None:
    good = png(SIDE, SIDE)
    assert picture_in(said(good)) == good
    jpeg = io.BytesIO()
    Image.new("L", (SIDE, SIDE)).save(jpeg, "JPEG")
    bad = [png(30_000, 1), png(SIDE, SIDE + 1), jpeg.getvalue(), b"", good[8:]]
    for content in bad:
        assert picture_in(said(content)) is None
    for word in ("no base64", "ä", good.decode("latin-1"), said(good)["png"] + "=", "\ud800"):
        assert picture_in({"png": word}) is None
    for drawing in (None, {}, {"png": None}, {"png": 7}, "png", [said(good)], 3.5):
        assert picture_in(drawing) is None


def test_a_picture_that_is_too_large_is_not_taken() -> None:
    noise = png(SIDE, SIDE, noise=True)
    assert len(noise) > MOST_BYTES
    assert picture_in(said(noise)) is None
    good = png(SIDE, SIDE)
    just_right = good + bytes(MOST_BYTES - len(good))
    assert picture_in(said(just_right)) == just_right
    assert picture_in(said(just_right + b"\0")) is None
