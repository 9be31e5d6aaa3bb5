"""Explore a trained autoencoder in the browser: pick a picture, drag its code, see the decoder answer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from aecore.ui.components import source

_EXPLORE_DIGIT = st.components.v2.component(
    "explore_digit",
    html=source("explore_digit.html"),
    css=source("explore_digit.css"),
    js=source("network.js", "explore_digit.js"),
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
    """Join all that the browser needs into one block: a component takes bytes only as the whole of its data.

    The block is the length of the header (4 bytes, little-endian), the header (JSON, UTF-8), weights, images.
    Arguments and errors are those of explore_digit.
    """
    pixels = height * width
    needed = len(labels) * pixels
    if not labels or len(images) != needed:
        raise ValueError(f"{len(labels)} labels need {needed} bytes of pictures, got {len(images)}.")
    inputs = network["encoder"][0]["inputs"]
    if inputs != pixels:
        raise ValueError(f"The network takes {inputs} numbers, but a picture has {pixels}.")
    header = json.dumps(
        {
            "network": network,
            "height": height,
            "width": width,
            "labels": [int(label) for label in labels],
            "weights": len(weights),
        }
    ).encode()
    return len(header).to_bytes(4, "little") + header + weights + images
