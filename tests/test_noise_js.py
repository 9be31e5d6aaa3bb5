"""noise.js: the noise that the browser makes is the noise that training makes, and its strength only makes it grow."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from playwright.sync_api import Browser, Page
from skimage.metrics import peak_signal_noise_ratio

from aecore.config_sections import NOISE_KINDS, CorruptionConfig
from aecore.corruption import corrupt as corrupt_in_training
from aecore.noise import PixelNoise
from aecore.ui.components import source

Floats = npt.NDArray[np.float64]
psnr_of: Callable[..., float] = peak_signal_noise_ratio

SHAPE = (3, 64, 50)
SHARED_BY_PIXEL = ("masking", "patches", "salt-and-pepper")
LEVELS = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
NOISE = """([shape, kind, seed, picture, levels]) => {
  const [channels, height, width] = shape
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0))
  const text = (numbers) => {
    const bytes = new Uint8Array(Float32Array.from(numbers).buffer)
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  }
  const noise = drawNoise(kind, { channels, height, width }, seed)
  return [noise.values, ...levels.map((level) => corrupt(new Float32Array(bytes.buffer.slice(0)), noise, level))].map(text)
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("canvas.js", "pixels.js", "random.js", "noise.js"))
    yield page
    page.close()


def picture() -> Floats:
    """Any picture without pure black or white, so that one sees what was hit."""
    return np.random.default_rng(0).uniform(0.1, 0.9, SHAPE).astype(np.float32).astype(np.float64)


def noise(page: Page, kind: str, seed: int, clean: Floats, *levels: float) -> tuple[Floats, list[Floats]]:
    """The random numbers, and the noisy picture at each level, as the browser makes them."""
    # As text: Playwright takes a hundred times as long for a list of numbers.
    picture = base64.b64encode(clean.astype("<f4").tobytes()).decode()
    texts = page.evaluate(NOISE, [list(clean.shape), kind, seed, picture, list(levels)])
    values, *noisy = (np.frombuffer(base64.b64decode(text), "<f4").astype(float).reshape(clean.shape) for text in texts)
    return values, noisy


def test_the_browser_knows_the_same_kinds_as_python(page: Page) -> None:
    assert page.evaluate("NOISE_KINDS") == list(NOISE_KINDS)


def test_gaussian_noise_is_added_and_clipped(page: Page) -> None:
    clean = picture()
    epsilon, noisy = noise(page, "gaussian", 3, clean, *LEVELS)
    for level, answer in zip(LEVELS, noisy, strict=True):
        np.testing.assert_allclose(answer, np.clip(clean + level * epsilon, 0, 1), atol=1e-6)
    shares = np.linspace(0.02, 0.98, 25)
    quantiles = torch.special.ndtri(torch.from_numpy(shares)).numpy()
    np.testing.assert_allclose(np.quantile(epsilon, shares), quantiles, atol=0.06)
    assert (epsilon.mean(), epsilon.std()) == pytest.approx((0, 1), abs=0.03)
    assert abs(np.corrcoef(epsilon.ravel()[:-1], epsilon.ravel()[1:])[0, 1]) < 4 / np.sqrt(epsilon.size)


@pytest.mark.parametrize("kind", SHARED_BY_PIXEL)
def test_only_pixels_that_are_hit_change(page: Page, kind: str) -> None:
    clean = picture()
    for answer in noise(page, kind, 5, clean, *LEVELS)[1]:
        hit = answer != clean
        assert set(np.unique(answer[hit])) <= ({0.0, 1.0} if kind == "salt-and-pepper" else {0.0})


@pytest.mark.parametrize("kind", SHARED_BY_PIXEL)
def test_a_stronger_noise_is_the_same_noise_and_more(page: Page, kind: str) -> None:
    clean = picture()
    noisy = noise(page, kind, 5, clean, *LEVELS)[1]
    assert (noisy[0] == clean).all()
    assert (noisy[-1] != clean).all()
    for weaker, stronger in itertools.pairwise(noisy):
        hit = weaker != clean
        assert (stronger[hit] == weaker[hit]).all()
        assert (stronger != clean).sum() > hit.sum()


@pytest.mark.parametrize("kind", ["masking", "salt-and-pepper"])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_the_share_of_pixels_hit_is_the_level(page: Page, kind: str, level: float) -> None:
    clean = picture()
    answer = noise(page, kind, 7, clean, level)[1][0]
    assert_share(answer != clean, level)
    if kind == "salt-and-pepper":
        assert_share(answer[answer != clean], 0.5)


def assert_share(hits: npt.NDArray[Any], probability: float) -> None:
    """Within three standard deviations of what independent chances give."""
    assert hits.mean() == pytest.approx(probability, abs=3 * np.sqrt(probability * (1 - probability) / hits.size))


@pytest.mark.parametrize(("shape", "side"), [((1, 28, 28), 7), ((3, 64, 50), 16), ((1, 3, 5), 1)])
def test_patches_are_squares_of_a_grid_at_any_place(page: Page, shape: tuple[int, int, int], side: int) -> None:
    clean = np.full(shape, 0.5)
    ours, theirs, hits = set(), set(), []
    for seed in range(150):
        values, (answer,) = noise(page, "patches", seedlike(seed), clean, 0.4)
        assert (values == values[0]).all(), "the channels share their squares"
        assert ((answer == 0) == (values < 0.4)).all()
        ours.add(origin(values[0], side))
        hits.append((answer == 0).mean())
    batch = torch.full((600, *shape), 0.5)
    for image in corrupt_in_training(batch, CorruptionConfig(kind="patches", level=0.4), PixelNoise(1)).numpy():
        theirs.add(origin(image[0], side))
    everywhere = set(itertools.product(range(side), repeat=2))
    assert ours <= everywhere
    assert {down for down, _ in ours} == {right for _, right in ours} == set(range(side))
    assert {each for each in theirs if None not in each} <= everywhere, "training's squares are as large"
    assert np.mean(hits) == pytest.approx(0.4, abs=4 * np.std(hits) / np.sqrt(len(hits))), "within four standard errors"


def seedlike(number: int) -> int:
    return number * 0x9E3779B1 % 2**31


def origin(values: npt.NDArray[Any], side: int) -> tuple[int | None, int | None]:
    """Where the squares begin, down and right; None where no line between two of them is seen."""
    places: list[int | None] = []
    for axis in (0, 1):
        lines = np.flatnonzero((np.diff(values, axis=axis) != 0).any(axis=1 - axis)) + 1
        assert len(set(lines % side)) <= 1, "lines that are not of one grid"
        places.append(int(lines[0]) % side if len(lines) else None)
    return places[0], places[1]


@pytest.mark.parametrize("kind", ["gaussian", "masking", "salt-and-pepper"])
@pytest.mark.parametrize("level", [0.2, 0.7])
def test_the_noise_is_like_that_of_training(page: Page, kind: Any, level: float) -> None:
    clean = np.repeat([[[0.0]], [[0.4]], [[1.0]]], 5000, axis=2)  # three shades, each in a channel of its own
    ours = noise(page, kind, 11, clean, level)[1][0]
    theirs = corrupt_in_training(torch.from_numpy(clean).float(), CorruptionConfig(kind=kind, level=level), PixelNoise(1)).numpy()
    for shade, one, other in zip((0.0, 0.4, 1.0), ours, theirs, strict=True):
        assert one.mean() == pytest.approx(other.mean(), abs=0.03), shade
        assert one.std() == pytest.approx(other.std(), abs=0.03), shade
        assert (one == 0).mean() == pytest.approx((other == 0).mean(), abs=0.03), shade
        assert (one == 1).mean() == pytest.approx((other == 1).mean(), abs=0.03), shade


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_a_seed_decides_the_noise(page: Page, kind: str) -> None:
    clean = picture()
    first, again, other = (noise(page, kind, seed, clean, 0.5)[1][0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_seeds_differ_when_any_of_their_numbers_does(page: Page) -> None:
    seeds = page.evaluate(
        """() => {
          const to = (count) => Array.from({ length: count }, (_, i) => i)
          return to(4).flatMap((kind) => to(40).flatMap((picked) => to(40).map((round) => seedOf(kind, picked, round))))
        }"""
    )
    assert len(set(seeds)) == 4 * 40 * 40


def test_psnr_is_that_of_scikit_image(page: Page) -> None:
    clean = picture()
    answer = noise(page, "gaussian", 1, clean, 0.3)[1][0]
    psnr = page.evaluate("([x, y]) => psnrOf(x, y)", [clean.ravel().tolist(), answer.ravel().tolist()])
    assert psnr == pytest.approx(psnr_of(clean, answer, data_range=1), abs=1e-6)
    assert page.evaluate("psnrOf([0.5, 1], [0.5, 1]) === Infinity")
