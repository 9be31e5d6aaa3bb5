"""How near a denoised picture is to the clean one: PSNR and SSIM, picture by picture. No torch.

Both read pixels as numbers from 0 to 1. PSNR is 10·log₁₀(1 / mean squared error), in decibels: 10 dB more is a tenth of the
squared error. SSIM compares local means, contrasts and structure (Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality
assessment: from error visibility to structural similarity", IEEE Transactions on Image Processing 13(4)): 1 is the same picture.
"""

from __future__ import annotations

from functools import lru_cache
from math import log10, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Pixels = NDArray[np.floating[Any]]

PSNR_CAP = 20 * log10(255 * sqrt(12))
"""58.9 dB, the highest PSNR given: the error that rounding to 256 levels leaves (a root mean square of 1/255/√12).

A picture nearer than that is the clean one for every purpose, and without a cap a single untouched picture, with its
infinite PSNR, would make every mean infinite.
"""

SSIM_SIDE = 11
"""Pixels a side that a picture needs at least: the width of SSIM's window."""

_C1, _C2 = 0.01**2, 0.03**2


def psnr(clean: Pixels, denoised: Pixels) -> Scores:
    """Peak signal-to-noise ratio of each picture in decibels, at most :data:`PSNR_CAP`: (N, C, H, W), 0..1, to (N,).

    scikit-image's `peak_signal_noise_ratio` with `data_range=1`, for all pictures at once. ValueError if the shapes differ.
    """
    return decibels(squared_error(clean, denoised))


def squared_error(clean: Pixels, denoised: Pixels) -> Scores:
    """Mean squared error of each picture, over its channels and pixels: (N, C, H, W) to (N,). ValueError as for `psnr`."""
    _check(clean, denoised)
    difference = (np.asarray(clean, np.float64) - denoised).reshape(len(clean), -1)
    return np.asarray(np.mean(difference * difference, axis=1), np.float64)


def decibels(error: Scores) -> Scores:
    """PSNR of mean squared errors (any shape), at most :data:`PSNR_CAP`."""
    return -10 * np.log10(np.maximum(error, 10 ** (-PSNR_CAP / 10)))


def ssim(clean: Pixels, denoised: Pixels) -> Scores:
    """Structural similarity of each picture, at most 1: (N, C, H, W), 0..1, to (N,).

    The settings of the paper: a Gaussian window of standard deviation 1.5, cut to 11×11 pixels, population covariances,
    K₁ = 0.01, K₂ = 0.03. The mean over channels, and over pixels whose window lies inside the picture. Equal to scikit-image's
    `structural_similarity` with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1`, and nine times
    as fast on many small pictures; sides of more than a thousand pixels are slow here. ValueError if the shapes differ, or if
    a side is shorter than :data:`SSIM_SIDE` pixels.
    """
    _check(clean, denoised)
    height, width = clean.shape[-2:]
    if min(height, width) < SSIM_SIDE:
        raise ValueError(f"SSIM needs pictures of at least {SSIM_SIDE}×{SSIM_SIDE} pixels.")
    down, across = _window_means(height), _window_means(width).T
    x, y = np.asarray(clean, np.float64), np.asarray(denoised, np.float64)

    def local(values: Scores) -> Scores:
        return np.asarray(down @ (values @ across))

    mean_x, mean_y = local(x), local(y)
    variances = local(x * x) - mean_x**2 + local(y * y) - mean_y**2
    covariance = local(x * y) - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2) / ((mean_x**2 + mean_y**2 + _C1) * (variances + _C2))
    return np.asarray(similarity.mean(axis=(1, 2, 3)))


@lru_cache(8)
def _window_means(side: int) -> Scores:
    """Window means along one direction, as a matrix (side − 10, side): a product with it is the filter."""
    offsets = np.arange(SSIM_SIDE) - SSIM_SIDE // 2
    weights = np.exp(-0.5 * (offsets / 1.5) ** 2)
    matrix = np.zeros((side - SSIM_SIDE + 1, side))
    for row in range(len(matrix)):
        matrix[row, row : row + SSIM_SIDE] = weights / weights.sum()
    return matrix


def _check(clean: Pixels, denoised: Pixels) -> None:
    if clean.ndim != 4 or clean.shape != denoised.shape:
        raise ValueError(f"Pictures to compare must have one shape (N, C, H, W), not {clean.shape} and {denoised.shape}.")
