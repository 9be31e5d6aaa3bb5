"""KL, active units and the importance-weighted bound, against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.checkpoint import save_model
from aecore.evaluation import evaluate
from aecore.latent_measuring import measure
from aecore.latent_numbers import ACTIVE_VARIANCE, LatentNumbers, digest, from_json, keep, kept, to_json
from aecore.metrics.latent import importance_bound, kl_per_dimension, log_prior, log_weights, variance_of_means
from aecore.model import Autoencoder, build
from aecore.objective import kl_to_standard_normal
from aecore.runs import Run, Status
from tests import tiny

PIXELS = 784
NOISE = 0.5  # variance of the likelihood that squared error stands for


class LinearGaussian:
    """p(z) = N(0, I), p(x | z) = N(Wz + b, ½ I): everything about it is known in closed form."""

    def __init__(self, size: int = 3) -> None:
        self.config = tiny.config(
            code__kind="gaussian", code__size=size, architecture__output="linear", objective__reconstruction="mse"
        )
        generator = torch.Generator().manual_seed(3)
        # Columns that point much the same way: the codes of a picture then depend on each other, and no diagonal fits.
        self.weight = 0.05 * torch.randn(PIXELS, size, generator=generator) + 0.06 * torch.randn(PIXELS, 1, generator=generator)
        self.bias = 0.1 * torch.randn(PIXELS, generator=generator)
        self.model = build(self.config.plan, 0)
        encoder, decoder = (
            next(module for module in part.modules() if isinstance(module, torch.nn.Linear))
            for part in (self.model.encoder, self.model.decoder)
        )
        precision = torch.eye(size, dtype=torch.float64) + self.weight.double().T @ self.weight.double() / NOISE
        self.covariance = torch.linalg.inv(precision)
        with torch.no_grad():
            decoder.weight.copy_(self.weight)
            decoder.bias.copy_(self.bias)
            # The posterior's mean; its variance cannot depend on the picture, and its covariance is taken as diagonal.
            means = (self.covariance @ self.weight.double().T / NOISE).float()
            encoder.weight.copy_(torch.cat([means, torch.zeros_like(means)]))
            encoder.bias.copy_(torch.cat([-means @ self.bias, torch.log(1 / torch.diagonal(precision)).float()]))

    def images(self, count: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(4)
        codes = torch.randn(count, self.weight.shape[1], generator=generator)
        noise = math.sqrt(NOISE) * torch.randn(count, PIXELS, generator=generator)
        return (codes @ self.weight.T + self.bias + noise).reshape(-1, 1, 28, 28)

    def log_likelihood(self, images: torch.Tensor) -> torch.Tensor:
        """log p(x), exactly, without the constant that squared error leaves out."""
        covariance = self.weight.double() @ self.weight.double().T + NOISE * torch.eye(PIXELS, dtype=torch.float64)
        marginal = torch.distributions.MultivariateNormal(self.bias.double(), covariance)
        density: torch.Tensor = marginal.log_prob(images.flatten(1).double())  # type: ignore[no-untyped-call]
        return density + 0.5 * PIXELS * math.log(math.pi)


def weights_of(case: LinearGaussian, images: torch.Tensor, samples: int) -> torch.Tensor:
    return log_weights(case.model, images, samples, "mse", torch.Generator().manual_seed(5))


def test_with_one_number_the_exact_posterior_gives_the_exact_likelihood_from_any_sample() -> None:
    case = LinearGaussian(size=1)
    images = case.images(6)
    weights = weights_of(case, images, 4)
    expected = case.log_likelihood(images)
    torch.testing.assert_close(weights.double(), expected.expand(4, 6), atol=5e-3, rtol=0)


def test_the_bound_rises_to_the_likelihood_of_a_linear_gaussian_model() -> None:
    case = LinearGaussian()
    images = case.images(40)
    weights = weights_of(case, images, 3000).double()
    expected = case.log_likelihood(images).mean()
    bounds = [float(importance_bound(weights[:count]).mean()) for count in (1, 10, 3000)]
    assert bounds[0] < bounds[1] < bounds[2] < float(expected) + 0.02
    assert bounds[2] == pytest.approx(float(expected), abs=0.02)
    # The gap of K = 1 is the KL of the posteriors: of N(m, diag(1/Λ)) from N(m, Λ⁻¹).
    precision = torch.linalg.inv(case.covariance)
    gap = 0.5 * float(torch.logdet(case.covariance) + torch.log(torch.diagonal(precision)).sum())
    assert float(expected) - float(weights.mean()) == pytest.approx(gap, abs=0.05)


@given(st.lists(st.floats(-800, 50), min_size=1, max_size=20), st.floats(-1000, 1000))
def test_the_bound_is_a_mean_in_the_world_of_probabilities(values: list[float], shift: float) -> None:
    weights = torch.tensor(values, dtype=torch.float64)[:, None]
    bound = float(importance_bound(weights))
    assert min(values) - 1e-9 <= bound <= max(values) + 1e-9
    assert bound >= np.mean(values) - 1e-9  # Jensen
    assert float(importance_bound(weights + shift)) == pytest.approx(bound + shift, abs=1e-6)


def test_the_priors_density() -> None:
    codes = torch.randn(5, 7, 3)
    expected = torch.distributions.Normal(0, 1).log_prob(codes).sum(-1)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(log_prior(codes), expected)


def test_kl_of_each_number_adds_up_to_the_loss_and_is_torchs() -> None:
    mean, log_variance = torch.randn(50, 6), torch.randn(50, 6)
    found = kl_per_dimension(mean, log_variance)
    assert float(found.sum()) == pytest.approx(float(kl_to_standard_normal(mean, log_variance)), rel=1e-5)
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).mean(0)
    torch.testing.assert_close(found, expected)


def test_active_numbers_are_those_whose_mean_varies_enough() -> None:
    spread = torch.tensor([0.0, math.sqrt(ACTIVE_VARIANCE) * 0.98, math.sqrt(ACTIVE_VARIANCE) * 1.02, 2.0])
    mean = torch.tensor([[-1.0], [1.0]]) * spread
    variance = variance_of_means(mean)
    torch.testing.assert_close(variance, spread.square())
    assert numbers(variance=tuple(variance.tolist())).active == (False, False, True, True)


def numbers(**values: object) -> LatentNumbers:
    usual = {"images": 5, "mse": 0.1, "variance": (1.0,), "kl": None, "reconstruction": None, "neg_elbo": None}
    usual |= {"bounds": (), "bound_images": 0, "step": 3, "weights": "w"}
    return LatentNumbers(**usual | values)  # type: ignore[arg-type]


# --- a whole run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., tuple[Run, Autoencoder]]:
    def make(**settings: object) -> tuple[Run, Autoencoder]:
        config = tiny.config("vae", **{"architecture__hidden": (12,), **settings})
        run = Run.create(config, tmp_path / "run")
        model = build(config.plan, 1)
        save_model(run, model)
        run.write_status(Status(state="finished", step=17))
        return run, model

    return make


def test_measuring_a_run(make_run: Callable[..., tuple[Run, Autoencoder]]) -> None:
    run, model = make_run()
    test = tiny.split(30, 3)
    told: list[float] = []
    found = measure(run, test, samples=12, bound_images=20, poll=lambda done, what: told.append(done))
    expected = evaluate(model, run.config, test)
    assert found.neg_elbo == pytest.approx(expected["neg_elbo"])
    assert found.mse == pytest.approx(expected["mse"])
    assert found.kl is not None
    assert sum(found.kl) == pytest.approx(expected["kl"], rel=1e-4)
    assert len(found.variance) == run.config.code.size
    assert found.step == 17
    assert [bound.samples for bound in found.bounds] == [1, 2, 5, 10, 12]
    assert found.bound_images == 20
    means = [bound.mean for bound in found.bounds]
    assert means == sorted(means)
    assert all(bound.error > 0 for bound in found.bounds)
    assert told == sorted(told)
    assert told[0] >= 0
    assert told[-1] <= 1
    assert measure(run, test, samples=12, bound_images=20) == found, "measured twice, the same numbers"


def test_a_plain_code_has_no_likelihood(make_run: Callable[..., tuple[Run, Autoencoder]]) -> None:
    run, _ = make_run(code__kind="vector")
    found = measure(run, tiny.split(10, 3))
    assert found.kl is None
    assert found.neg_elbo is None
    assert found.bounds == ()
    assert len(found.variance) == run.config.code.size


def test_a_denoising_network_is_measured_without_noise(make_run: Callable[..., tuple[Run, Autoencoder]]) -> None:
    run, model = make_run(corruption__kind="gaussian", corruption__level=0.9)
    test = tiny.split(10, 3)
    found = measure(run, test, samples=1, bound_images=1)
    assert found.mse == pytest.approx(evaluate(model, run.config, test)["mse_clean_input"])


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"bound_images": 0}])
def test_nothing_to_measure_with(make_run: Callable[..., tuple[Run, Autoencoder]], wrong: dict[str, int]) -> None:
    run, _ = make_run()
    with pytest.raises(ValueError, match="At least one"):
        measure(run, tiny.split(4), **wrong)  # type: ignore[arg-type]


def test_a_network_that_has_diverged_cannot_be_measured(make_run: Callable[..., tuple[Run, Autoencoder]]) -> None:
    run, model = make_run()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
    save_model(run, model)
    with pytest.raises(ValueError, match="grown beyond all bounds"):
        measure(run, tiny.split(4, 3), samples=1, bound_images=2)


def test_what_was_measured_is_kept_with_the_weights_it_is_of(make_run: Callable[..., tuple[Run, Autoencoder]]) -> None:
    run, _ = make_run()
    assert kept(run) is None
    found = measure(run, tiny.split(10, 3), samples=2, bound_images=5)
    assert found.weights == digest(run.model_path.read_bytes())
    keep(run, found)
    assert kept(run) == found == from_json(to_json(found))
    save_model(run, build(run.config.plan, 2))
    assert kept(run) is None, "of other weights"
    (run.folder / "latent.json").write_text("{")
    assert kept(run) is None
