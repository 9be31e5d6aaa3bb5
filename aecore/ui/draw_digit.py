"""A board to draw a digit on, in the browser."""

import base64
import binascii
from collections.abc import Mapping

import streamlit as st

from aecore.ui.components import source

SIDE = 280  # pixels, of the picture that the board hands over
MOST_BYTES = 200_000  # a full scribble is 30,000
# The files of the browser's side, in the order in which they are joined.
STYLES = ("controls.css", "draw_digit.css")
SCRIPTS = ("canvas.js", "board.js", "draw_digit.js")

_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + 2 * SIDE.to_bytes(4, "big")

_DRAW_DIGIT = st.components.v2.component(
    "draw_digit",
    html=source("draw_digit.html"),
    css=source(*STYLES),
    js=source(*SCRIPTS),
)


def draw_digit(*, key: str) -> bytes | None:
    """Show a drawing board, and return what is drawn on it: a PNG of 280 x 280 pixels, white ink on black.

    The page reruns when a stroke is finished or undone and when the board is cleared, not while a stroke is drawn.
    The drawing stays on the board through reruns.

    key: the board's identity.
    Returns None while nothing is drawn. Only size and beginning of the PNG are checked: decode it as one would an upload.
    """
    result = _DRAW_DIGIT(key=key, on_drawing_change=lambda: None)
    return picture_in(result.drawing)


def picture_in(drawing: object) -> bytes | None:
    """Return the PNG in what the browser says is drawn, {"png": base64 or None}, or None if there is none.

    The browser's word is not trusted: whatever is not a PNG of the board's size, in at most MOST_BYTES bytes, is None.
    """
    text = drawing.get("png") if isinstance(drawing, Mapping) else None
    if not isinstance(text, str) or len(text) > -(-MOST_BYTES // 3) * 4:
        return None
    try:
        png = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
        return None
    return png if png.startswith(_PNG_START) and len(png) <= MOST_BYTES else None
