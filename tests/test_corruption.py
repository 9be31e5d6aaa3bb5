"""Noise on pixels: how many are hit, by how much, and that the others stay as they were."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aecore.config_sections import CorruptionConfig
from aecore.corruption import corrupt
from aecore.noise import LEVELS, PixelNoise

KINDS = ["none", "gaussian", "masking", "salt-and-pepper"]
COUNT = 200_000
shapes = st.lists(st.integers(1, 6), min_size=1, max_size=4)
levels = st.floats(0, 1)
seeds = st.integers(0, 2**63 - 1)


def noisy(images: Tensor, kind: str, level: float, seed: int = 0) -> Tensor:
    return corrupt(images, CorruptionConfig.model_validate({"kind": kind, "level": level}), PixelNoise(seed))


def near(share: float, expected: float) -> bool:
    """Within five standard errors of a share of COUNT independent trials."""
    return abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / COUNT)


def grey() -> Tensor:
    """Many different greys, none of them 0 or 1."""
    return torch.rand(COUNT, generator=torch.Generator().manual_seed(9)) * 0.8 + 0.1


@given(st.sampled_from(KINDS), shapes, levels, seeds)
def test_pixels_stay_pixels_and_the_seed_decides(kind: str, shape: list[int], level: float, seed: int) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(seed % 1000))
    before = images.clone()
    result = noisy(images, kind, level, seed)
    assert (result.shape, result.dtype) == (images.shape, images.dtype)
    assert result.min() >= 0
    assert result.max() <= 1
    assert torch.equal(images, before)
    assert torch.equal(result, noisy(images, kind, level, seed))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_other_seeds_and_later_batches_get_other_noise(kind: str) -> None:
    images = torch.full((100,), 0.5)
    noise = PixelNoise(1)
    settings = CorruptionConfig.model_validate({"kind": kind, "level": 0.5})
    first, second = corrupt(images, settings, noise), corrupt(images, settings, noise)
    assert not torch.equal(first, second)
    assert not torch.equal(first, noisy(images, kind, 0.5, seed=2))


@given(st.sampled_from(KINDS), shapes, levels)
def test_no_noise_or_none_of_it_gives_the_images_themselves(kind: str, shape: list[int], level: float) -> None:
    images = torch.rand(shape)
    assert noisy(images, kind, 0.0) is images
    assert noisy(images, "none", level) is images


@pytest.mark.parametrize("level", [0.05, 0.3, 0.5, 0.9])
def test_masking_blackens_its_share_and_leaves_the_others_alone(level: float) -> None:
    images = grey()
    result = noisy(images, "masking", level)
    hit = result == 0
    assert near(hit.float().mean().item(), level)
    assert torch.equal(result[~hit], images[~hit])  # not rescaled, unlike nn.Dropout


@pytest.mark.parametrize("level", [0.05, 0.3, 0.5, 0.9])
def test_salt_and_pepper_share_what_is_hit_equally(level: float) -> None:
    images = grey()
    result = noisy(images, "salt-and-pepper", level)
    assert near((result == 0).float().mean().item(), level / 2)
    assert near((result == 1).float().mean().item(), level / 2)
    spared = (result > 0) & (result < 1)
    assert torch.equal(result[spared], images[spared])


@pytest.mark.parametrize("kind", ["masking", "salt-and-pepper"])
def test_at_level_1_no_pixel_is_spared(kind: str) -> None:
    result = noisy(grey(), kind, 1.0)
    assert set(result.tolist()) == ({0.0} if kind == "masking" else {0.0, 1.0})


@pytest.mark.parametrize("sigma", [0.02, 0.1])
def test_gaussian_noise_has_mean_0_and_its_standard_deviation(sigma: float) -> None:
    images = torch.full((COUNT,), 0.5)  # 0 and 1 are five standard deviations away: nothing is clipped
    errors = (noisy(images, "gaussian", sigma) - images).double()
    assert abs(errors.mean().item()) < 5 * sigma / math.sqrt(COUNT)
    assert abs(errors.std().item() / sigma - 1) < 5 / math.sqrt(2 * COUNT) + 1e-3
    assert near((errors.abs() < sigma).double().mean().item(), 0.682689)
    assert near((errors.abs() < 2 * sigma).double().mean().item(), 0.954500)


def test_gaussian_noise_is_clipped() -> None:
    result = noisy(torch.full((COUNT,), 0.5), "gaussian", 1.0)
    beyond = 0.308538  # P(ε > ½)
    assert near((result == 0).float().mean().item(), beyond)
    assert near((result == 1).float().mean().item(), beyond)


# --- the stream of random numbers below ---------------------------------------------------------------------------------


def test_the_table_of_the_normal_distribution_is_one() -> None:
    # A stream long enough would visit all its levels equally; the levels themselves must have the moments.
    levels = torch.unique(PixelNoise(0).normal(torch.empty(LEVELS * 20), 1.0).double())
    assert len(levels) > 0.999 * LEVELS
    assert levels.mean().item() == pytest.approx(0, abs=1e-3)
    assert levels.var().item() == pytest.approx(1, abs=2e-3)
    assert levels.abs().max() < 4.4


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), seeds)
def test_a_restored_place_goes_on_with_the_same_numbers(sizes: list[int], seed: int) -> None:
    noise = PixelNoise(seed)
    for size in sizes:
        noise.normal(torch.empty(size), 1.0)
    other = PixelNoise(0)
    other.set_state(noise.state())
    for size in (3, 8, 1):
        assert torch.equal(noise.normal(torch.empty(size), 1.0), other.normal(torch.empty(size), 1.0))
        assert torch.equal(noise.share(torch.empty(size), 0.5), other.share(torch.empty(size), 0.5))


def test_neighbours_are_independent() -> None:
    # Four pixels share one 64-bit draw: no lag of a few pixels may show.
    values = PixelNoise(3).normal(torch.empty(COUNT), 1.0).double()
    for lag in range(1, 9):
        assert abs((values[:-lag] * values[lag:]).mean().item()) < 5 / math.sqrt(COUNT)


def ranged(kind: str, low: float, high: float) -> CorruptionConfig:
    return CorruptionConfig.model_validate({"kind": kind, "level_from": low, "level": high})


def test_dropped_squares_are_whole_and_hit_every_pixel_as_often() -> None:
    images = torch.full((4000, 2, 28, 28), 0.5)
    result = noisy(images, "patches", 0.3)
    dropped = result == 0
    assert torch.equal(dropped, result != 0.5)
    assert torch.equal(dropped[:, 0], dropped[:, 1])
    # Each pixel of each image is one trial; 4,000 images give each pixel a standard error of 0.0072.
    assert (dropped.float().mean(0) - 0.3).abs().max() < 5 * math.sqrt(0.3 * 0.7 / 4000)
    # In one image the borders between dropped and kept pixels lie on a grid of 7: one place modulo 7 a direction.
    for image in dropped[:50, 0]:
        for changes in ((image[1:] != image[:-1]).any(1), (image[:, 1:] != image[:, :-1]).any(0)):
            assert len({int(place) % 7 for place in changes.nonzero()}) <= 1


@pytest.mark.parametrize("kind", ["masking", "patches", "salt-and-pepper"])
def test_a_range_gives_each_image_a_level_of_its_own(kind: str) -> None:
    images = torch.full((3000, 1, 28, 28), 0.5)
    result = corrupt(images, ranged(kind, 0.2, 0.6), PixelNoise(3))
    shares = (result != 0.5).float().mean((1, 2, 3))
    # Evenly drawn from 0.2 to 0.6: mean 0.4, variance 0.4²/12, plus that of the pixels (of the 16 to 25 squares).
    assert abs(shares.mean() - 0.4) < 0.02
    assert shares.var() > 0.4**2 / 12
    if kind != "patches":
        assert shares.min() > 0.1
        assert shares.max() < 0.7
        assert abs(shares.var() - 0.4**2 / 12 - 0.24 / 784) < 0.0015


def test_a_range_of_gaussian_noise() -> None:
    images = torch.full((2000, 1, 28, 28), 0.5)
    spread = corrupt(images, ranged("gaussian", 0.02, 0.1), PixelNoise(4)).std((1, 2, 3))
    assert abs(spread.mean() - 0.06) < 0.002
    assert abs(spread.std() - 0.08 / math.sqrt(12)) < 0.002


def test_mixed_noise_gives_each_kind_to_a_quarter_of_the_images() -> None:
    images = torch.full((4000, 1, 28, 28), 0.5)
    result = noisy(images, "mixed", 0.3)
    values = [set(image.unique().tolist()) for image in result]
    salted = sum(found == {0.0, 0.5, 1.0} for found in values)
    shifted = sum(len(found) > 3 for found in values)
    masked = sum(found <= {0.0, 0.5} for found in values)
    assert salted + shifted + masked == 4000
    for count, share in ((salted, 0.25), (shifted, 0.25), (masked, 0.5)):
        assert abs(count / 4000 - share) < 5 * math.sqrt(share * (1 - share) / 4000)


def test_mixed_noise_over_a_range_is_decided_by_the_seed() -> None:
    images = torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    noise = ranged("mixed", 0, 0.8)
    first = corrupt(images, noise, PixelNoise(5))
    assert torch.equal(first, corrupt(images, noise, PixelNoise(5)))
    assert not torch.equal(first, corrupt(images, noise, PixelNoise(6)))


def test_a_range_that_goes_down_is_refused() -> None:
    with pytest.raises(ValueError, match="exchange the two"):
        ranged("gaussian", 0.6, 0.5)
