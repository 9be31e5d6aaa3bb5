"""Noise on real pictures and the answers of trained networks, live in the browser while a slider moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.config_sections import NOISE_KINDS
from aecore.ui.bytes_block import bytes_block
from aecore.ui.components import source

MOST_NETWORKS = 3

# The files of the browser's side, in the order in which they are joined.
STYLES = ("controls.css", "range.css", "thumbnails.css", "save_chart.css", "denoise_live.css")
SCRIPTS = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "curve.js",
    "pixels.js",
    "random.js",
    "noise.js",
    "network.js",
    "idle_work.js",
    "psnr_chart.js",
    "denoise_live.js",
)

_DENOISE_LIVE = st.components.v2.component(
    "denoise_live", html=source("denoise_live.html"), css=source(*STYLES), js=source(*SCRIPTS)
)


@dataclass(frozen=True)
class ShownNetwork:
    """A network to compare, as it is shown and as the browser computes it.

    name, note: what it is, and how it was trained, in a few words each.
    description, weights: what :func:`~aecore.ui.browser_network.browser_network` returns.
    """

    name: str
    note: str
    description: dict[str, Any]
    weights: bytes


def denoise_live(
    networks: Sequence[ShownNetwork],
    images: npt.NDArray[np.uint8],
    labels: Sequence[str],
    *,
    key: str,
    kind: str = "gaussian",
    level: float = 0.5,
    clean_title: str = "Clean picture",
) -> None:
    """Show pictures to pick from, noise with a strength to slide, and each network's answer with its PSNR.

    The browser is given the networks once and computes all by itself; sliding sends nothing to the server.

    networks: 1 to 3, for pictures of this size.
    images: (N, C, H, W), 0 (black) to 255 (white); C is 1 (grey) or 3 (red, green, blue).
    labels: what each picture shows, in a word or two, for those who do not see it.
    key: the identity; what the person chose stays under the same key, also when networks or pictures change.
    kind, level: where it starts: one of NOISE_KINDS; σ for Gaussian noise, for the others the share of pixels hit, 0 to 1.
    clean_title: what to call the picture without noise.
    Raises ValueError with a sentence when these do not fit together.
    """
    _DENOISE_LIVE(key=key, data=pack(networks, images, labels, kind=kind, level=level, clean_title=clean_title))


def pack(
    networks: Sequence[ShownNetwork],
    images: npt.NDArray[np.uint8],
    labels: Sequence[str],
    *,
    kind: str = "gaussian",
    level: float = 0.5,
    clean_title: str = "Clean picture",
) -> bytes:
    """Join all that the browser needs into one block of bytes.

    Arguments and errors are those of denoise_live.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"Pictures are bytes of shape (N, 1 or 3, H, W), not {images.dtype} of shape {images.shape}.")
    count, channels, height, width = images.shape
    if count == 0 or len(labels) != count:
        raise ValueError(f"There are {count} pictures and {len(labels)} labels: one label for each picture, at least one.")
    if not 1 <= len(networks) <= MOST_NETWORKS:
        raise ValueError(f"1 to {MOST_NETWORKS} networks can be shown, not {len(networks)}.")
    pixels = channels * height * width
    for network in networks:
        inputs = network.description["inputs"]
        if inputs != pixels:
            raise ValueError(f"“{network.name}” takes {inputs} numbers, but a picture has {pixels}.")
    if kind not in NOISE_KINDS:
        raise ValueError(f"There is no noise called “{kind}”: choose one of {', '.join(NOISE_KINDS)}.")
    if not 0 <= level <= 1:
        raise ValueError(f"The level of the noise is between 0 and 1, not {level}.")
    header = {
        "networks": [{"name": each.name, "note": each.note, "description": each.description} for each in networks],
        "labels": list(labels),
        "channels": channels,
        "height": height,
        "width": width,
        "kind": kind,
        "level": level,
        "clean_title": clean_title,
    }
    return bytes_block(header, images.tobytes(), *(network.weights for network in networks))
