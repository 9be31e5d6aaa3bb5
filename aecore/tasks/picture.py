"""The task behind a person's own picture: denoise it in colour, at its own size."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from aecore.pictures.network import PictureDenoiser
from aecore.pictures.noise_level import estimate_noise
from aecore.pictures.shipped import load_shipped
from aecore.pictures.tiles import add_noise, denoise_picture
from aecore.pictures.training import STRONGEST
from aecore.tasks.messages import Arrays, Message, Report, TaskError

Bytes = npt.NDArray[np.uint8]

_LOSSLESS = 1_000_000  # pixels up to which a preview is a PNG; larger ones are shown as JPEG of high quality


@lru_cache(1)
def _network() -> PictureDenoiser:
    try:
        return load_shipped()
    except FileNotFoundError as error:
        raise TaskError(str(error)) from None


def denoise(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Denoise one picture, uint8 (H, W, 3), with the network that comes with the app.

    Arguments: `added`, the σ (pixels 0..1) of noise to add first; `strength`, the σ to tell the network, or None to measure it.
    Result: `measured` and `strength` (σ), and where noise was added `psnr_before` and `psnr_after` in dB against the picture
    that was given. Arrays: the denoised picture, uint8 (H, W, 3); the encoded picture before, and after, for showing.
    """
    (pixels,) = arrays
    report(0.0, "Preparing")
    noisy = add_noise(pixels, arguments["added"], seed=0) if arguments["added"] else pixels
    measured = estimate_noise(noisy)
    strength = measured if arguments["strength"] is None else arguments["strength"]
    denoised = denoise_picture(
        _network(), noisy, min(strength, STRONGEST), poll=lambda done: report(0.05 + 0.8 * done, "Denoising")
    )
    report(0.85, "Making it ready to show")
    result: Message = {"measured": measured, "strength": min(strength, STRONGEST)}
    if arguments["added"]:
        result |= {"psnr_before": _psnr(pixels, noisy), "psnr_after": _psnr(pixels, denoised)}
    before = _encoded(noisy)
    report(0.93, "Making it ready to show")
    return result, [denoised, before, _encoded(denoised)]


def _psnr(clean: Bytes, other: Bytes) -> float | None:
    """Peak signal-to-noise ratio in dB, of 8-bit pictures; None where the two are the same. In strips, to need little memory."""
    squares = sum(
        float(np.square(clean[top : top + 256].astype(np.float32) - other[top : top + 256]).sum(dtype=np.float64))
        for top in range(0, len(clean), 256)
    )
    return float(10 * np.log10(255**2 * clean.size / squares)) if squares else None


def _encoded(pixels: Bytes) -> Bytes:
    buffer = io.BytesIO()
    small = pixels.shape[0] * pixels.shape[1] <= _LOSSLESS
    Image.fromarray(pixels).save(buffer, "PNG" if small else "JPEG", **({} if small else {"quality": 92}))
    return np.frombuffer(buffer.getvalue(), np.uint8)
