"""Explore a trained autoencoder in the browser: pick a picture, drag its code, see the decoder answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from aecore.ui.bytes_block import bytes_block
from aecore.ui.components import source

# The files of the browser's side, in the order in which they are joined.
STYLES = ("thumbnails.css", "explore_digit.css")
SCRIPTS = ("canvas.js", "pixels.js", "network.js", "explore_digit.js")

_EXPLORE_DIGIT = st.components.v2.component(
    "explore_digit",
    html=source("explore_digit.html"),
    css=source(*STYLES),
    js=source(*SCRIPTS),
)


def explore_digit(
    network: Mapping[str, Any],
    weights: bytes,
    images: bytes,
    labels: Sequence[int],
    *,
    height: int,
    width: int,
    key: str,
) -> None:
    """Show pictures to pick from, the code of the picked one as draggable bars, and its reconstruction.

    The browser is given the network once and computes all by itself; dragging sends nothing to the server.

    network: what browser_network returns: the layers of encoder and decoder, and where their numbers start.
    weights: the numbers of all layers, 32-bit floats, little-endian.
    images: one byte a pixel, 0 (black) to 255 (white), picture after picture, row by row, one channel.
    labels: the class of each picture; as many as there are pictures.
    height, width: the size of a picture in pixels.
    Raises ValueError when the pictures do not fit the labels, or the network does not fit the pictures.
    """
    _EXPLORE_DIGIT(key=key, data=pack(network, weights, images, labels, height=height, width=width))


def pack(
    network: Mapping[str, Any],
    weights: bytes,
    images: bytes,
    labels: Sequence[int],
    *,
    height: int,
    width: int,
) -> bytes:
    """Join all that the browser needs into one block of bytes.

    Arguments and errors are those of explore_digit.
    """
    pixels = height * width
    needed = len(labels) * pixels
    if not labels or len(images) != needed:
        raise ValueError(f"{len(labels)} labels need {needed} bytes of pictures, got {len(images)}.")
    inputs = network["inputs"]
    if inputs != pixels:
        raise ValueError(f"The network takes {inputs} numbers, but a picture has {pixels}.")
    header = {"network": network, "height": height, "width": width, "labels": [int(label) for label in labels]}
    return bytes_block(header, weights, images)
