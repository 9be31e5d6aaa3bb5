"""The picture denoiser: its training decreases the error, it is the one that its files say, and it helps on what it never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aecore.metrics.picture_quality import psnr
from aecore.pictures.about import about_shipped
from aecore.pictures.noise_level import estimate_noise
from aecore.pictures.quality import LEVELS, Score, section
from aecore.pictures.shipped import load_shipped, make
from aecore.pictures.sources import HELD_OUT, TRAINING, bundled_picture
from aecore.pictures.tiles import add_noise, denoise_picture
from aecore.pictures.training import Settings, train


def decibels(
    clean: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], other: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> float:
    return float(psnr(clean[None].astype(float) / 255, other[None].astype(float) / 255)[0])


def test_training_learns_and_one_seed_makes_one_network() -> None:
    settings = Settings(steps=40, batch_size=2, side=32, learning_rate=2e-3, seed=3)
    losses: list[float] = []
    first = train(settings, lambda progress: losses.append(progress.loss))
    again = train(settings)
    assert len(losses) == 1
    assert all(torch.equal(one, other) for one, other in zip(first.parameters(), again.parameters(), strict=True))
    other = train(Settings(steps=40, batch_size=2, side=32, learning_rate=2e-3, seed=4))
    assert not all(torch.equal(one, two) for one, two in zip(first.parameters(), other.parameters(), strict=True))


def test_what_is_made_can_be_loaded_and_says_what_it_was_trained_on(tmp_path: Path) -> None:
    about = make(Settings(steps=3, batch_size=2, side=32), tmp_path)
    assert about == about_shipped(tmp_path)
    assert set(about["trained_on"]) == set(TRAINING)
    network = load_shipped(tmp_path)
    assert sum(parameter.numel() for parameter in network.parameters()) == about["parameters"]
    with pytest.raises(FileNotFoundError, match="checkpoints picture-denoiser"):
        load_shipped(tmp_path / "none")


def test_the_shipped_one_was_never_trained_on_what_judges_it() -> None:
    about = about_shipped()
    assert set(about["trained_on"].values()) == {"/".join(source) for source in TRAINING.values()}
    assert not set(about["trained_on"].values()) & {"/".join(source) for source in HELD_OUT.values()}
    assert not set(TRAINING.values()) & set(HELD_OUT.values())
    assert about["settings"] == {"steps": 3600, "batch_size": 16, "side": 64, "learning_rate": 0.0015, "seed": 0}


@pytest.mark.parametrize("name", HELD_OUT)
def test_the_shipped_one_takes_noise_away_and_leaves_clean_pictures(name: str) -> None:
    clean = bundled_picture(HELD_OUT[name])[100:260, 100:260]
    noisy = add_noise(clean, 25 / 255, seed=0)
    network = load_shipped()
    assert decibels(clean, denoise_picture(network, noisy, 25 / 255)) > decibels(clean, noisy) + 7
    assert decibels(clean, denoise_picture(network, clean, 0.0)) > 35


@pytest.mark.parametrize("sigma", [10, 25])
def test_the_noise_is_measured_about_right(sigma: int) -> None:
    smooth = np.linspace(60, 190, 300)[None, :, None].repeat(200, 0).repeat(3, 2).astype(np.uint8)
    assert abs(255 * estimate_noise(add_noise(smooth, sigma / 255, seed=1)) - sigma) < 0.1 * sigma
    assert estimate_noise(np.full((20, 20, 3), 7, np.uint8)) < 1e-9


def test_the_table_says_who_is_ahead_by_how_much() -> None:
    scores = [
        Score(name, sigma, method, decibel, 0.9)
        for sigma in LEVELS
        for name in HELD_OUT
        for method, decibel in (("Median", 27.0), ("Picture denoiser", 30.5))
    ]
    text = section(scores, "Measured now.")
    assert text.count("| Median | 27.00 / 0.900") == len(LEVELS)
    assert text.count("| +3.50 |") == len(LEVELS)
    assert all(name in text for name in (*TRAINING, *HELD_OUT))
