"""PSNR and SSIM: closed forms, scikit-image's answers, and pictures that are the same."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from aecore.metrics.picture_quality import PSNR_CAP, SSIM_SIDE, decibels, psnr, squared_error, ssim

Floats = NDArray[np.float32]


def pair(count: int = 5, channels: int = 1, seed: int = 0) -> tuple[Floats, Floats]:
    """Smooth pictures with sharp bars, and noisy copies, each with a noise of its own strength."""
    generator = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, 28 * 32, dtype=np.float32).reshape(28, 32)
    clean = np.stack([np.roll(ramp, 5 * index, 1) for index in range(count * channels)]).reshape(count, channels, 28, 32)
    clean[:, :, 10:14] = 1
    levels = np.linspace(0.05, 0.6, count).reshape(-1, 1, 1, 1)
    return clean, np.clip(clean + generator.normal(0, levels, clean.shape), 0, 1).astype(np.float32)


@pytest.mark.parametrize("offset", [0.5, 0.1, 0.01])
def test_psnr_of_a_constant_offset_is_its_closed_form(offset: float) -> None:
    clean = np.full((3, 1, 12, 14), 0.25)
    assert psnr(clean, clean + offset) == pytest.approx([-20 * log10(offset)] * 3)


def test_psnr_of_one_wrong_pixel_counts_all_pixels_and_channels() -> None:
    clean = np.zeros((2, 3, 12, 12), np.float32)
    denoised = clean.copy()
    denoised[1, 2, 3, 4] = 1
    assert psnr(clean, denoised) == pytest.approx([PSNR_CAP, 10 * log10(3 * 12 * 12)])


@pytest.mark.parametrize("channels", [1, 3])
def test_both_are_scikit_images(channels: int) -> None:
    clean, noisy = pair(channels=channels)
    expected = [peak_signal_noise_ratio(a, b, data_range=1) for a, b in zip(clean, noisy, strict=True)]  # type: ignore[no-untyped-call]
    assert psnr(clean, noisy) == pytest.approx(expected, abs=1e-5)
    similarity: Callable[..., float] = structural_similarity
    paper: dict[str, Any] = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    expected = [
        np.mean([similarity(*planes, **paper) for planes in zip(a, b, strict=True)]) for a, b in zip(clean, noisy, strict=True)
    ]
    assert ssim(clean, noisy) == pytest.approx(expected, abs=1e-6)
    assert min(expected) < 0.9


def test_the_same_picture_has_the_highest_psnr_and_an_ssim_of_one() -> None:
    clean, _ = pair()
    assert psnr(clean, clean) == pytest.approx([PSNR_CAP] * 5)
    assert ssim(clean, clean) == pytest.approx([1] * 5)
    assert np.isfinite(psnr(clean, clean).mean())


def test_the_cap_is_the_error_of_rounding_to_256_levels() -> None:
    values = np.random.default_rng(1).random((4, 1, 200, 200))
    rounded = np.rint(values * 255) / 255
    # Just at the cap: the mean squared error of rounding is (1/255)²/12.
    assert -10 * np.log10(np.mean((values - rounded) ** 2)) == pytest.approx(PSNR_CAP, abs=0.05)
    assert psnr(values, rounded).max() <= PSNR_CAP


def test_psnr_of_the_mean_error_is_not_the_mean_psnr() -> None:
    clean, noisy = pair()
    error = squared_error(clean, noisy)
    assert decibels(error) == pytest.approx(psnr(clean, noisy))
    assert decibels(error.mean()) < psnr(clean, noisy).mean()


def test_more_noise_is_worse_in_both() -> None:
    clean, noisy = pair()
    assert all(np.diff(psnr(clean, noisy)) < 0)
    assert all(np.diff(ssim(clean, noisy)) < 0)


def test_pictures_that_cannot_be_compared_are_refused() -> None:
    clean, noisy = pair()
    for measure in (psnr, ssim):
        with pytest.raises(ValueError, match="one shape"):
            measure(clean, noisy[:, :, :, 1:])
        with pytest.raises(ValueError, match="one shape"):
            measure(clean[0], noisy[0])
    small = np.zeros((1, 1, SSIM_SIDE - 1, 40))
    with pytest.raises(ValueError, match="11×11"):
        ssim(small, small)
