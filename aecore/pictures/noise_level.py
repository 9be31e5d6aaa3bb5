"""How noisy a picture is, measured from the picture alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_MOST = 1500  # pixels a side: enough for the estimate, and quick for a large photograph


def estimate_noise(pixels: npt.NDArray[np.uint8]) -> float:
    """The standard deviation of Gaussian noise in `pixels`, uint8 (H, W, 3), on the scale of pixels 0..1.

    The median of the finest wavelet coefficients, over 0.6745 (Donoho & Johnstone 1994), by scikit-image, of the middle of a
    large picture; the mean over the three colours. Fine texture counts as noise, so a sharp clean photograph gets a little.
    """
    from skimage.restoration import estimate_sigma  # takes half a second to import, and only the task process needs it

    top, left = (max(0, (length - _MOST) // 2) for length in pixels.shape[:2])
    middle = pixels[top : top + _MOST, left : left + _MOST].astype(np.float32) / 255
    with np.errstate(all="ignore"):
        estimate = float(estimate_sigma(middle, channel_axis=-1, average_sigmas=True))  # type: ignore[no-untyped-call]
    return estimate if np.isfinite(estimate) else 0.0
