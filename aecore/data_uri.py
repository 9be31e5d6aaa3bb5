"""Small pictures inside the page itself: dozens of them would otherwise be dozens of requests."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image


def data_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """A picture, uint8 (H, W) or (H, W, 3), as a PNG in a `data:` address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
