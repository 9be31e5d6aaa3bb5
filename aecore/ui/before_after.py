"""Two pictures over each other with a divider that one drags, in the browser."""

import hashlib

import streamlit as st

from aecore.ui.bytes_block import bytes_block
from aecore.ui.components import source

# The files of the browser's side, in the order in which they are joined.
STYLES = ("controls.css", "before_after.css")
SCRIPTS = ("canvas.js", "pixels.js", "before_after.js")

_BEFORE_AFTER = st.components.v2.component(
    "before_after",
    html=source("before_after.html"),
    css=source(*STYLES),
    js=source(*SCRIPTS),
)


def before_after(before: bytes, after: bytes, *, size: tuple[int, int], before_title: str, after_title: str, key: str) -> None:
    """Show `before` on the left of a divider and `after` on its right; dragging it sends nothing to the server.

    before, after: two pictures of the same size, encoded as PNG, JPEG or WebP.
    size: the width and the height of the pictures in pixels, so that their room is there before they are.
    before_title, after_title: what to call them, in a word or two.
    key: the identity; new pictures under the same key keep the divider where it is.
    Raises ValueError for a size below 1 and for another kind of picture.
    """
    data = pack(before, after, size=size, before_title=before_title, after_title=after_title)
    _BEFORE_AFTER(key=key, data=data)


def pack(before: bytes, after: bytes, *, size: tuple[int, int], before_title: str, after_title: str) -> bytes:
    """Join all that the browser needs into one block of bytes.

    Arguments and errors are those of before_after.
    """
    width, height = size
    if width < 1 or height < 1:
        raise ValueError(f"A picture cannot have {width} x {height} pixels.")
    facts = {"before": _facts(before, before_title), "after": _facts(after, after_title)}
    return bytes_block({"width": width, "height": height, **facts}, before, after)


def _facts(picture: bytes, title: str) -> dict[str, str]:
    # By the digest the browser knows without comparing megabytes that a rerun brought the same picture again.
    digest = hashlib.blake2b(picture, digest_size=16).hexdigest()
    return {"title": title, "type": _media_type(picture), "digest": digest}


def _media_type(picture: bytes) -> str:
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if picture.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if picture.startswith(b"RIFF") and picture[8:12] == b"WEBP":
        return "image/webp"
    raise ValueError("Only PNG, JPEG and WebP pictures can be compared.")
