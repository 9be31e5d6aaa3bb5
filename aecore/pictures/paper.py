"""Where a pen has been: how much each pixel of a photo of handwriting differs from the paper around it.

The paper of a photo is not white: it has shadows, a gradient, lines, an edge. It is taken to be what most pixels of a
large neighbourhood show (their median), which ink, thin as it is, does not move, and which follows the edge of a shadow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aecore.pictures.ruling import without_ruling

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WORKING_SIDE = 250  # pixels; the paper is estimated at this size
_TINY = 64  # a picture with no longer side has one digit and no shadow: its paper is one grey
_FLAT_SHARE = 0.4  # so has a drawing in which this share of the pixels has one grey, give or take one level
_LEVELS = 40  # grey levels at which the median's distribution is looked at
_LEAST_RANGE = 0.35  # contrast is relative to the brightness of the paper, but no darker paper than this is believed
_LEAST_CONTRAST = 0.06  # of a pixel that may be ink
_NOISE_FACTOR = 5.0  # standard deviations above the paper
_BLUR = 0.8  # pixels; takes noise, but little ink, out of large pictures


class Ink(NamedTuple):
    """Ink on paper, all arrays (H, W).

    amount: float32, at least 0; contrast to the paper relative to the most that is possible on it.
    mask: where there is ink, ruled lines left out.
    noise: standard deviation of `amount` on blank paper.
    """

    amount: Floats
    mask: Mask
    noise: float


def is_flat(grey: Floats) -> bool:
    """Whether the paper is one grey everywhere: in a drawing, or a picture too small for anything but one digit."""
    return max(grey.shape) <= _TINY or _commonest(grey)[1] >= _FLAT_SHARE


def flat_paper(grey: Floats) -> Floats:
    """The paper of a picture for which `is_flat` holds, (H, W)."""
    return np.full_like(grey, np.median(grey) if max(grey.shape) <= _TINY else _commonest(grey)[0])


def find_ink(grey: Floats, paper: Floats) -> Ink:
    """Ink in a picture of grey values 0 … 1, (H, W): dark on light or light on dark, whichever stands out more."""
    from scipy import ndimage

    difference = grey - paper
    # Cubes, since much noise must not outweigh a little ink.
    is_light = float((difference * difference * difference).sum(dtype=np.float64)) > 0
    most = np.maximum(1 - paper if is_light else paper, np.float32(_LEAST_RANGE))
    signed = np.asarray((difference if is_light else -difference) / most, np.float32)
    smooth: Floats = ndimage.gaussian_filter(signed, _BLUR) if max(grey.shape) > 4 * _TINY else signed
    floor = max(_LEAST_CONTRAST, _NOISE_FACTOR * _deviation(smooth))
    high = max(floor, _otsu(smooth[smooth > floor]))
    # Hysteresis (Canny 1986): faint pixels are ink where they hang on to clear ones.
    possible = without_ruling(smooth > max(floor, high / 2), smooth > floor)
    mask = ndimage.binary_propagation((smooth > high) & possible, mask=possible, structure=np.ones((3, 3)))
    return Ink(np.maximum(signed, 0).astype(np.float32), mask, _deviation(signed))


def _deviation(values: Floats) -> float:
    """Standard deviation of the values that most pixels have, from the median absolute deviation."""
    values = values[::2, ::2] if values.size > 100_000 else values
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _otsu(values: Floats) -> float:
    """The threshold that parts values best into two groups (Otsu 1979: greatest variance between them); 0 if none."""
    if not len(values):
        return 0.0
    counts, edges = np.histogram(values, 128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = np.nan_to_num(below * above * gap**2)
    return float(edges[1 + int(between.argmax())])


def _commonest(grey: Floats) -> tuple[float, float]:
    """The grey that most pixels have, and the share that has it, give or take one of 256 levels."""
    levels = np.bincount((grey.ravel() * 255 + 0.5).astype(np.intp), minlength=256)
    near = np.convolve(levels, np.ones(3), mode="same")
    return float(near.argmax()) / 255, float(near.max()) / grey.size


def local_paper(grey: Floats, neighbourhood: float) -> Floats:
    """The grey of the paper at each pixel, (H, W).

    neighbourhood: the side of the square whose median is taken, over the longest side of the picture. It must be several
    strokes wide; within half of it a corner of the page is taken for ink.
    """
    height, width = grey.shape
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    paper = _local_mean_of_paper(small, _local_median(small, int(max(size) * neighbourhood)))
    return np.asarray(Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _local_median(grey: Floats, side: int) -> Floats:
    """Median of the square neighbourhood of each pixel, from its distribution at some levels, so fast for any side."""
    from scipy import ndimage

    levels = np.unique(np.quantile(grey, np.linspace(0, 1, _LEVELS)).astype(np.float32))
    median = np.full_like(grey, levels[-1])
    found = np.zeros(grey.shape, bool)
    before = np.zeros_like(grey)  # share of the neighbourhood at or below the level before
    for index, level in enumerate(levels):
        share = ndimage.uniform_filter((grey <= level).astype(np.float32), side, mode="nearest")
        new = (share >= 0.5) & ~found
        if index:
            part = (0.5 - before[new]) / np.maximum(share[new] - before[new], 1e-6)
            median[new] = levels[index - 1] + part * (level - levels[index - 1])
        else:
            median[new] = level
        found |= new
        before = share
    return median


def _local_mean_of_paper(grey: Floats, paper: Floats) -> Floats:
    """The estimate made finer: the mean over a small neighbourhood of all pixels that are near the first estimate."""
    from scipy import ndimage

    difference = grey - paper
    # The first estimate is as coarse as its levels and, on a slope, off by more; ink is farther away than either.
    blank = np.abs(difference) < max(0.04, 3 * _deviation(difference))
    side = max(3, max(grey.shape) // 16)
    weight = ndimage.uniform_filter(blank.astype(np.float32), side, mode="nearest")
    total = ndimage.uniform_filter(np.where(blank, difference, 0).astype(np.float32), side, mode="nearest")
    return np.asarray(paper + total / np.maximum(weight, 0.05), np.float32)
