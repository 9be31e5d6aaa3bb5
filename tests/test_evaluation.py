"""The numbers a network is judged by, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from aecore.corruption import corrupt
from aecore.evaluation import evaluate
from aecore.model import Autoencoder
from aecore.noise import PixelNoise
from aecore.objective import kl_to_standard_normal
from tests.tiny import config, split, trainer

TEST = split(60, 9)


def trained(base: str | None, **values: Any) -> tuple[Autoencoder, Any]:
    run = config(base, **values)
    running = trainer(run)
    for _ in running.run():
        pass
    return running.model, run


def by_hand(model: Autoencoder, answer: Tensor | None = None) -> dict[str, float]:
    """Both numbers per pixel, in double precision, of an answer, else of the reconstruction from clean inputs."""
    x = TEST.images.numpy().astype(np.float64) / 255
    with torch.no_grad():
        y = (model.reconstruct(TEST.images / 255) if answer is None else answer).numpy().astype(np.float64)
    inside = np.clip(y, 1e-45, 1 - 1e-16)
    bce = -(x * np.maximum(np.log(inside), -100) + (1 - x) * np.maximum(np.log(1 - inside), -100))
    return {"mse": float(((x - y) ** 2).mean()), "bce": float(bce.mean())}


@pytest.mark.parametrize("base", ["vanilla", "convolutional", "deep"])
def test_errors_are_means_over_pixels(base: str) -> None:
    model, run = trained(base)
    measured = evaluate(model, run, TEST)
    assert measured == pytest.approx(by_hand(model), rel=1e-4)
    assert list(measured) == ["mse", "bce"]


def test_a_linear_output_has_its_own_squared_error_and_a_finite_cross_entropy() -> None:
    model, run = trained("vanilla", architecture__output="linear", objective__reconstruction="mse")
    with torch.no_grad():
        assert model.reconstruct(TEST.images / 255).min() < 0
    measured = evaluate(model, run, TEST)
    assert measured["mse"] == pytest.approx(by_hand(model)["mse"], rel=1e-4)
    assert 0 < measured["bce"] < 100


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_a_vae_has_the_bound_of_its_likelihood_without_beta(loss: str) -> None:
    model, run = trained("vae", architecture__hidden=(30,), objective__beta=7, objective__reconstruction=loss)
    measured = evaluate(model, run, TEST)
    assert list(measured) == ["mse", "bce", "reconstruction", "kl", "neg_elbo"]
    assert measured["neg_elbo"] == pytest.approx(measured["reconstruction"] + measured["kl"])
    with torch.no_grad():
        encoding = model.encode(TEST.images / 255)
    assert encoding.log_variance is not None
    posterior = Normal(encoding.mean, (encoding.log_variance / 2).exp())
    expected = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).mean().item()
    assert measured["kl"] == pytest.approx(expected, rel=1e-4)
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():  # other samples of the same codes: numbers that scatter around this one
        others = [784 * by_hand(model, model.decode(encoding.sample(random)))[loss] for _ in range(60)]
    assert abs(measured["reconstruction"] - np.mean(others)) < 4 * np.std(others)
    assert abs(measured["reconstruction"] / (784 * measured[loss]) - 1) > 0.015
    assert {name: measured[name] for name in ("mse", "bce")} == pytest.approx(by_hand(model), rel=1e-4)


@pytest.mark.parametrize("kind", ["gaussian", "masking", "salt-and-pepper"])
def test_a_denoising_network_is_measured_with_noise_and_without(kind: str) -> None:
    model, run = trained("vanilla", corruption__kind=kind, corruption__level=0.5, epochs=20)
    measured = evaluate(model, run, TEST)
    assert list(measured) == ["mse", "bce", "mse_clean_input", "bce_clean_input"]
    clean = {name: measured[f"{name}_clean_input"] for name in ("mse", "bce")}
    assert clean == pytest.approx(by_hand(model), rel=1e-4)
    with torch.no_grad():  # other noise of the same kind: nearly the same number, and not that of clean inputs
        inputs = corrupt(TEST.images / 255, run.corruption, PixelNoise(1))
        noisy = by_hand(model, model.reconstruct(inputs))
    for name in ("mse", "bce"):
        assert measured[name] == pytest.approx(noisy[name], rel=0.02)
        assert abs(measured[name] / clean[name] - 1) > 0.04
    assert evaluate(model, run, TEST) == measured
    assert evaluate(model, run.with_settings({"seed": 5}), TEST)["mse"] != measured["mse"]


def test_the_bound_of_a_denoising_vae_is_that_of_noisy_images() -> None:
    model, run = trained("vae", architecture__hidden=(30,), corruption__kind="masking", corruption__level=0.5)
    measured = evaluate(model, run, TEST)

    def kl(inputs: Tensor) -> float:
        with torch.no_grad():
            encoding = model.encode(inputs)
        assert encoding.log_variance is not None
        return kl_to_standard_normal(encoding.mean, encoding.log_variance).item()

    images = TEST.images / 255
    noisy = [kl(corrupt(images, run.corruption, PixelNoise(seed))) for seed in range(8)]
    assert measured["kl"] == pytest.approx(np.mean(noisy), rel=0.15)  # it varies with the noise: by 5 % from seed to seed
    assert kl(images) > 1.3 * max(noisy)


@pytest.mark.parametrize(
    ("base", "values"), [("vanilla", {}), ("denoising-gaussian", {}), ("vae", {"architecture__hidden": (9,)})]
)
def test_the_size_of_the_batches_does_not_matter(base: str, values: dict[str, Any]) -> None:
    model, run = trained(base, **values)
    whole = evaluate(model, run, TEST, batch_size=60)
    for size in (7, 25, 1000):
        measured = evaluate(model, run, TEST, batch_size=size)
        sampled = {"reconstruction", "neg_elbo"}  # codes drawn in another order
        for name, value in whole.items():
            assert measured[name] == pytest.approx(value, rel=0.05 if name in sampled else 1e-5), name


def test_whoever_waits_is_told_the_share_done_and_the_weights_stay() -> None:
    model, run = trained("vanilla")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    told: list[float] = []
    evaluate(model, run, TEST, told.append, batch_size=15)
    assert told == [0, 0.25, 0.5, 0.75]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())
