"""``python -m aecore picture-table``: the picture denoiser against classical ones, on photographs that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aecore.classical import WITHOUT_TRAINING, Floats, Method
from aecore.metrics.picture_quality import psnr, ssim
from aecore.pictures.network import PictureDenoiser
from aecore.pictures.sources import HELD_OUT, TRAINING, bundled_picture
from aecore.pictures.tiles import add_noise, denoise_picture
from aecore.quality_document import markdown_table
from aecore.tuning import tune

LEVELS = (15, 25, 50)
"""Standard deviations of the noise, of 255: those at which denoisers of colour pictures are usually compared."""
_TUNED_ON = 192  # pixels a side of the part of each photograph on which its parameters are tuned


@dataclass(frozen=True)
class Score:
    """One method on one photograph with noise `sigma` (of 255): PSNR in dB, SSIM, and the parameters it was given."""

    photograph: str
    sigma: int
    method: str
    psnr: float
    ssim: float
    parameters: str = ""


def measure(network: PictureDenoiser, tell: Callable[[float, str], None] = lambda done, what: None) -> list[Score]:
    """Every method on every photograph of :data:`aecore.pictures.sources.HELD_OUT` at every level.

    The noise is added as :func:`aecore.pictures.tiles.add_noise` does: Gaussian, clipped and rounded to 8 bits. A classical
    method gets the parameters that are best for this very photograph and noise, found with the clean picture at hand on the
    middle of it: more than anybody who has only the noisy one could do. The network is told σ and nothing else.
    """
    scores: list[Score] = []
    wanted = [(name, sigma) for sigma in LEVELS for name in HELD_OUT]
    for place, (name, sigma) in enumerate(wanted):
        clean = bundled_picture(HELD_OUT[name])
        noisy = add_noise(clean, sigma / 255, seed=place)
        tell(place / len(wanted), f"{name}, σ = {sigma}")
        scores.append(_score(name, sigma, "The noisy picture", clean, noisy))
        for method in WITHOUT_TRAINING:
            if method.listed:
                denoised, parameters = _at_its_best(method, clean, noisy)
                scores.append(_score(name, sigma, method.title, clean, denoised, parameters))
        scores.append(_score(name, sigma, "Picture denoiser", clean, denoise_picture(network, noisy, sigma / 255)))
    return scores


def _at_its_best(method: Method, clean: npt.NDArray[np.uint8], noisy: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], str]:
    top, left = ((length - _TUNED_ON) // 2 for length in clean.shape[:2])
    part = (slice(top, top + _TUNED_ON), slice(left, left + _TUNED_ON))
    parameters, _ = tune(method, _batch(clean[part]), _batch(noisy[part]))
    denoised = method.denoise(_batch(noisy), parameters)[0].transpose(1, 2, 0)
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in parameters.items())
    return np.rint(255 * denoised).astype(np.uint8), words


def _batch(pixels: npt.NDArray[np.uint8]) -> Floats:
    """uint8 (H, W, 3) as (1, 3, H, W), 0..1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def _score(
    name: str, sigma: int, method: str, clean: npt.NDArray[np.uint8], denoised: npt.NDArray[np.uint8], parameters: str = ""
) -> Score:
    pair = _batch(clean), _batch(denoised)
    return Score(name, sigma, method, float(psnr(*pair)[0]), float(ssim(*pair)[0]), parameters)


def section(scores: list[Score], measured: str) -> str:
    """The section of the document: a table for each level, and how far the network is from the others."""
    trained, held_out = (", ".join(f"{name} ({place[0]})" for name, place in part.items()) for part in (TRAINING, HELD_OUT))
    parts = [
        "## Photographs",
        measured,
        f"The picture denoiser learned from: {trained}. It was never trained on the photographs below, nor was any setting of it "
        f"chosen by them: {held_out}.\n\nThe noise is Gaussian with standard deviation σ on each of the three colours, clipped "
        "and rounded to 8 bits. Each classical method has the parameters that are best for this very photograph and noise, found "
        f"on the {_TUNED_ON}×{_TUNED_ON} pixels in its middle with the clean picture at hand: that is more than somebody with "
        "the noisy picture alone can do. The network is told σ. PSNR in dB / SSIM.",
    ]
    methods = list(dict.fromkeys(score.method for score in scores))
    for sigma in LEVELS:
        found = {(score.method, score.photograph): score for score in scores if score.sigma == sigma}
        means = {method: float(np.mean([found[method, name].psnr for name in HELD_OUT])) for method in methods}
        rows = [
            [
                method,
                *(f"{found[method, name].psnr:.2f} / {found[method, name].ssim:.3f}" for name in HELD_OUT),
                f"{means[method]:.2f}",
                f"{means['Picture denoiser'] - means[method]:+.2f}",
            ]
            for method in methods
        ]
        head = ["Method", *HELD_OUT, "Mean PSNR", "Network minus this"]
        parts += [f"### σ = {sigma} of 255", markdown_table(head, rows)]
    return "\n\n".join(parts)
