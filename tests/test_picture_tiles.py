"""Tiles: the same picture as in one piece, whatever the size, and a reach that is neither too short nor much too long."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.pictures.network import STRIDE, PictureDenoiser, reach
from aecore.pictures.tiles import TILE, add_noise, denoise_picture


@pytest.fixture(scope="module")
def network() -> PictureDenoiser:
    """Weights large enough that every layer has a say."""
    torch.manual_seed(0)
    made = PictureDenoiser().eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if name.endswith("second.weight"):
                weight.normal_(0, 0.05)
    return made


def picture(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(200, 328), (203, 331), (129, 64), (8, 300), (1, 1)])
def test_tiled_is_untiled(network: PictureDenoiser, height: int, width: int) -> None:
    pixels = picture(height, width)
    whole = denoise_picture(network, pixels, 0.1, tile=1024).astype(int)
    tiled = denoise_picture(network, pixels, 0.1, tile=64).astype(int)
    assert tiled.shape == pixels.shape
    # Sums in another order can round one of 256 levels differently, here and there; a seam would be many levels high.
    assert np.abs(tiled - whole).max() <= 1
    assert (tiled != whole).mean() < 1e-3


def test_too_little_overlap_would_show(network: PictureDenoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = picture(200, 200)
    whole = denoise_picture(network, pixels, 0.1, tile=1024).astype(int)
    monkeypatch.setattr("aecore.pictures.tiles.reach", lambda: STRIDE)
    assert np.abs(denoise_picture(network, pixels, 0.1, tile=64).astype(int) - whole).max() > 1


def test_reach_is_the_furthest_influence(network: PictureDenoiser) -> None:
    side = 4 * (reach() // STRIDE) * STRIDE
    furthest = 0
    for place in (side // 2, side // 2 + 1, side // 2 + STRIDE - 1):
        noisy = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
        answer = network.double()(noisy, torch.tensor([0.1], dtype=torch.float64))
        answer[0, :, place, place].sum().backward()
        assert noisy.grad is not None
        felt = noisy.grad[0].abs().sum(0).nonzero() - place
        furthest = max(furthest, int(felt.abs().max()))
    network.float()
    assert furthest <= reach()
    assert reach() < furthest + 2 * STRIDE


def test_progress_and_stopping(network: PictureDenoiser) -> None:
    shares: list[float] = []
    denoise_picture(network, picture(100, 130), 0.1, tile=64, poll=shares.append)
    assert shares == [index / 6 for index in range(6)]

    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        denoise_picture(network, picture(10, 10), 0.1, poll=stop)


@pytest.mark.parametrize("tile", [0, -8, 60])
def test_a_tile_that_cannot_be_is_refused(network: PictureDenoiser, tile: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        denoise_picture(network, picture(10, 10), 0.1, tile=tile)
    assert TILE % STRIDE == 0


def test_added_noise_is_normal_clipped_and_rounded() -> None:
    grey = np.full((700, 500, 3), 128, np.uint8)
    noise = add_noise(grey, 25 / 255, seed=1).astype(float) - 128
    assert abs(noise.mean()) < 5 * 25 / np.sqrt(noise.size)
    assert abs(noise.std() - np.sqrt(25**2 + 1 / 12)) < 0.1  # rounding adds a twelfth
    white = add_noise(np.full((50, 50, 3), 255, np.uint8), 0.1, seed=2)
    assert abs((white == 255).mean() - 0.508) < 0.03  # half of it would be brighter than white


@given(st.integers(1, 300), st.integers(1, 30), st.floats(0, 1), st.integers(0, 2**32))
@settings(max_examples=20)
def test_noise_is_decided_by_its_seed(height: int, width: int, sigma: float, seed: int) -> None:
    pixels = picture(height, width)
    noisy = add_noise(pixels, sigma, seed)
    assert noisy.shape == pixels.shape
    assert np.array_equal(noisy, add_noise(pixels, sigma, seed))
    assert sigma > 0 or np.array_equal(noisy, pixels)
