"""What people used before: denoisers that learn nothing, or only a mean and directions (PCA). No torch.

Each is blind, as a network is: it gets the noisy picture and nothing else, so it is not told which pixels were dropped. Each
has a grid of parameters from which :mod:`aecore.tuning` takes the best, and at one end of it leaves the picture alone.
scipy and scikit-image are imported where they are used, because importing them takes half a second.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from aecore.principal_components import PrincipalComponents

Floats = NDArray[np.float32]
Parameters = Mapping[str, str | float]
Grid = Mapping[str, tuple[str | float, ...]]

WINDOWS = ("1", "2×2", "plus 3", "3×3", "disc 5", "5×5", "disc 7")
"""The median's windows by size; a plus has 5 pixels, the discs 13 and 25 (scikit-image's disks of radius 2 and 3)."""


@dataclass(frozen=True)
class Method:
    """A denoiser, and what can be chosen in it.

    `grid` holds each parameter's values, in an order in which neighbours do nearly the same. `coarse` is the part of it that
    tuning looks at first; where there is a choice, its first entry leaves the picture alone. `slow` ones need
    milliseconds a picture. `listed` is False for what goes beyond the usual list. `numbers` is how many components a PCA has
    that stands beside a code of that size.
    """

    name: str
    title: str
    source: str
    grid: Grid
    coarse: tuple[Parameters, ...]
    function: Callable[[Floats, Parameters], Floats]
    slow: bool = False
    listed: bool = True
    numbers: int = 0

    def denoise(self, noisy: Floats, parameters: Parameters) -> Floats:
        """Noisy pictures (N, C, H, W), 0..1, to denoised ones, clipped to 0..1."""
        with warnings.catch_warnings():
            # PyWavelets warns of wavelets as long as the picture, which tuning tries and rejects by their result.
            warnings.simplefilter("ignore")
            return np.clip(self.function(noisy, parameters), 0, 1).astype(np.float32, copy=False)

    def knows(self, parameters: Parameters) -> bool:
        """Whether the parameters are points of the grid; those from an older file may not be."""
        return set(parameters) == set(self.grid) and all(value in self.grid[name] for name, value in parameters.items())


def _combinations(**values: Sequence[str | float]) -> tuple[Parameters, ...]:
    return tuple(dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))


def _one_by_one(denoise: Callable[..., Floats], noisy: Floats, settings: Parameters) -> Floats:
    """A function of scikit-image, picture by picture, with the colours of a picture treated together where it can do that."""
    if noisy.shape[1] > 1:
        return np.stack([denoise(picture, channel_axis=0, **settings) for picture in noisy])
    # As plain grey pictures: given a single channel, `denoise_nl_means` drops it and returns the picture transposed.
    return np.stack([denoise(picture, **settings) for picture in noisy[:, 0]])[:, None]


def _median(noisy: Floats, parameters: Parameters) -> Floats:
    from scipy.ndimage import median_filter

    window = _footprint(str(parameters["window"]))
    return noisy if window.size == 1 else np.asarray(median_filter(noisy, footprint=window[None, None]))


def _footprint(window: str) -> NDArray[np.uint8]:
    from skimage.morphology import disk

    discs = {"plus 3": 1, "disc 5": 2, "disc 7": 3}
    if window in discs:
        return np.asarray(disk(discs[window]))  # type: ignore[no-untyped-call]
    return np.ones((int(window[0]),) * 2, np.uint8)


def _blur(noisy: Floats, parameters: Parameters) -> Floats:
    from scipy.ndimage import gaussian_filter

    sigma = float(parameters["sigma"])
    return np.asarray(gaussian_filter(noisy, (0, 0, sigma, sigma)))


def _blur_and_stretch(noisy: Floats, parameters: Parameters) -> Floats:
    black, white = float(parameters["black"]), float(parameters["white"])
    return (_blur(noisy, parameters) - black) / max(white - black, 0.01)


def _total_variation(noisy: Floats, parameters: Parameters) -> Floats:
    from skimage.restoration import denoise_tv_chambolle

    return noisy if parameters["weight"] == 0 else _one_by_one(denoise_tv_chambolle, noisy, parameters)


def _non_local_means(noisy: Floats, parameters: Parameters) -> Floats:
    from skimage.restoration import denoise_nl_means

    return noisy if parameters["h"] == 0 else _one_by_one(denoise_nl_means, noisy, parameters)


def _wavelet(noisy: Floats, parameters: Parameters) -> Floats:
    from skimage.restoration import denoise_wavelet

    if parameters["sigma"] == 0:
        return noisy
    settings = {name: value for name, value in parameters.items() if name != "shifts"}
    steps = range(int(parameters["shifts"]) + 1)
    total = np.zeros_like(noisy)
    for down, right in product(steps, steps):  # the mean over shifts of the picture, which a wavelet does not treat alike
        shifted = _one_by_one(denoise_wavelet, np.roll(noisy, (down, right), (2, 3)), settings)
        total += np.roll(shifted, (-down, -right), (2, 3))
    return total / np.float32(len(steps) ** 2)


_SIGMAS = (0, *(round(0.3 + 0.1 * step, 1) for step in range(18)), 2.5, 3.0)
_WEIGHTS = (0, *(float(f"{weight:.2g}") for weight in np.geomspace(0.01, 2, 28)))
_STRENGTHS = (0, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.12, 0.15, 0.18, 0.22, 0.27, 0.33, 0.4, 0.5, 0.7, 1.0)
_NOISE = (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
_THRESHOLDS = (0, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5)
_SHRINKAGE = {"method": ("BayesShrink", "VisuShrink"), "mode": ("soft", "hard")}

WITHOUT_TRAINING = (
    Method(
        "median",
        "Median",
        "Tukey (1977), Exploratory data analysis; scipy.ndimage.median_filter",
        {"window": WINDOWS},
        _combinations(window=WINDOWS),
        _median,
    ),
    Method(
        "blur",
        "Gaussian blur",
        "scipy.ndimage.gaussian_filter",
        {"sigma": _SIGMAS},
        _combinations(sigma=_SIGMAS),
        _blur,
    ),
    Method(
        "total-variation",
        "Total variation",
        "Rudin, Osher and Fatemi (1992), Chambolle (2004); skimage.restoration.denoise_tv_chambolle",
        {"weight": _WEIGHTS},
        _combinations(weight=_WEIGHTS[::3]),
        _total_variation,
    ),
    Method(
        "non-local-means",
        "Non-local means",
        "Buades, Coll and Morel (2005); skimage.restoration.denoise_nl_means",
        {"patch_size": (3, 5, 7), "patch_distance": (3, 6, 10), "h": _STRENGTHS, "sigma": _NOISE},
        _combinations(patch_size=[5], patch_distance=[3], h=[0, 0.05, 0.1, 0.15, 0.22, 0.4], sigma=[0, 0.2]),
        _non_local_means,
        slow=True,
    ),
    Method(
        "wavelet",
        "Wavelet",
        "Donoho and Johnstone (1994), Chang, Yu and Vetterli (2000), shifts: Coifman and Donoho (1995); "
        "skimage.restoration.denoise_wavelet",
        {**_SHRINKAGE, "wavelet": ("db1", "db2", "sym4"), "wavelet_levels": (1, 2, 3), "sigma": _THRESHOLDS, "shifts": (0, 1)},
        _combinations(**_SHRINKAGE, wavelet=["db1", "sym4"], wavelet_levels=[1, 2], sigma=[0, 0.03, 0.08, 0.2, 0.3], shifts=[0]),
        _wavelet,
    ),
    Method(
        "blur-stretched",
        "Blur, then black and white points",
        "scipy.ndimage.gaussian_filter; grey levels stretched so that `black` becomes 0 and `white` 1",
        {
            "sigma": _SIGMAS,
            "black": tuple(round(0.025 * step, 3) for step in range(29)),
            "white": tuple(round(0.05 * step, 2) for step in range(2, 21)),
        },
        _combinations(sigma=[0, 0.4, 0.8, 1.2], black=[0, 0.2, 0.4], white=[1.0, 0.8, 0.6, 0.4]),
        _blur_and_stretch,
        listed=False,
    ),
)
"""The methods that need no clean pictures. The last one shows how much of the others' error is a matter of brightness:
clipped Gaussian noise turns black into grey, dropped pixels turn white into grey, and no filter turns them back."""


def classical_methods(train: NDArray[np.uint8], code_sizes: Iterable[int] = ()) -> tuple[Method, ...]:
    """All methods, those of PCA fitted (once, when first used) to clean training images, uint8 (N, C, H, W); where these have
    more than 1,024 pixels, to the first 1,500.

    PCA comes with as many numbers as each code size, and once more with the number of components tuned like the parameters
    of the others.
    """
    pixels = int(np.prod(train.shape[1:]))
    # Of large pictures not from all of them, which would take half a minute while somebody waits.
    learned_from = train if pixels <= _LARGE else train[:_LARGE_IMAGES]
    fitted = cache(lambda: PrincipalComponents.fit(learned_from))

    def project(noisy: Floats, parameters: Parameters) -> Floats:
        count = int(parameters["components"])
        return noisy if count == pixels else fitted().project(noisy, count)

    def method(name: str, title: str, counts: tuple[int, ...], numbers: int = 0) -> Method:
        coarse = _combinations(components=counts[::-1])  # all components leave the picture alone
        source = "Pearson (1901), Hotelling (1933); eigenvectors of the covariance of the clean training images"
        return Method(name, title, source, {"components": counts}, coarse, project, listed=numbers > 0, numbers=numbers)

    counts = (*(count for count in _COMPONENTS if count < pixels), pixels)
    sizes = sorted({min(size, pixels) for size in code_sizes})
    as_code = [method(f"pca-{size}", f"PCA, {size} numbers as in the code", (size,), size) for size in sizes]
    return (*WITHOUT_TRAINING, *as_code, method("pca", "PCA, best number of components", counts))


_LARGE, _LARGE_IMAGES = 1024, 1500
_COMPONENTS = (2, 4, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 75, 96, 128, 160, 200, 256, 300, 400, 500, 640)
