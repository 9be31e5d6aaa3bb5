"""Each term of the objective against its closed form, or against torch's own."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from aecore.model import build
from aecore.objective import bernoulli, half_squared_weights, kl_to_standard_normal, squared_error, term_names, terms
from tests.tiny import config

seeds = st.integers(0, 2**31)
batches = st.integers(1, 9)


def images(count: int, seed: int) -> torch.Tensor:
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


@given(batches, seeds, st.floats(0.01, 4))
def test_bernoulli_is_the_cross_entropy_summed_over_pixels(count: int, seed: int, scale: float) -> None:
    target = images(count, seed)
    pixels = scale * torch.randn(target.shape, generator=torch.Generator().manual_seed(seed))
    value = bernoulli(pixels, target)
    torch.testing.assert_close(value, functional.binary_cross_entropy_with_logits(pixels, target, reduction="sum") / count)
    x, p = target.double(), torch.sigmoid(pixels.double()).clamp(1e-12, 1 - 1e-12)
    direct = -(x * p.log() + (1 - x) * (1 - p).log()).sum() / count
    assert value.item() == pytest.approx(direct.item(), rel=1e-4)


def test_an_undecided_pixel_costs_log_2() -> None:
    assert bernoulli(torch.zeros(3, 5), torch.rand(3, 5)).item() == pytest.approx(5 * math.log(2))


@pytest.mark.parametrize("size", [88.0, 1e3, 1e4, 1e20])
def test_bernoulli_stays_finite_for_extreme_pixels(size: float) -> None:
    pixels = torch.tensor([[size, -size]], requires_grad=True)
    right, wrong = (bernoulli(pixels, torch.tensor([target])) for target in ([1.0, 0.0], [0.0, 1.0]))
    assert right.item() == 0
    assert wrong.item() == pytest.approx(2 * size)
    (slope,) = torch.autograd.grad(wrong, pixels)
    assert torch.equal(slope, torch.tensor([[1.0, -1.0]]))


@given(batches, seeds)
def test_squared_error_is_summed_over_pixels_and_averaged_over_images(count: int, seed: int) -> None:
    one, other = images(count, seed), images(count, seed + 1)
    expected = ((one.double() - other.double()) ** 2).sum().item() / count
    assert squared_error(one, other).item() == pytest.approx(expected, rel=1e-5)


@given(batches, st.integers(1, 20), seeds)
def test_kl_is_that_of_torch_s_distributions(count: int, size: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance = (2 * torch.randn(count, size, generator=generator) for _ in range(2))
    prior, posterior = Normal(0.0, 1.0), Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(posterior, prior).sum(1).mean()
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), expected, rtol=1e-4, atol=1e-5)


def test_kl_of_the_prior_itself_is_zero_and_of_a_shift_half_its_square() -> None:
    zeros = torch.zeros(4, 3)
    assert kl_to_standard_normal(zeros, zeros) == 0
    assert kl_to_standard_normal(zeros + 2, zeros).item() == pytest.approx(3 * 2)  # ½·2² for each of three numbers


@pytest.mark.parametrize("values", [{"architecture__hidden": (5,)}, {"architecture__kind": "conv2d"}])
def test_weight_decay_is_half_the_squared_weights_without_the_biases(values: dict[str, Any]) -> None:
    model = build(config(**values).plan, 0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.fill_(100.0)
    expected = sum(weight.double().square().sum().item() for weight in model.parameters() if weight.ndim > 1) / 2
    assert half_squared_weights(model.modules()).item() == pytest.approx(expected, rel=1e-5)


def test_weight_decay_counts_a_tied_weight_once() -> None:
    model = build(config(architecture__hidden=(5,), architecture__tied=True).plan, 0)
    encoder = [module.weight.double().square().sum().item() for module in model.modules() if isinstance(module, nn.Linear)]
    assert len(encoder) == 2
    assert half_squared_weights(model.modules()).item() == pytest.approx(sum(encoder) / 2, rel=1e-5)


CASES: list[tuple[str | None, dict[str, Any]]] = [
    (None, {}),
    (None, {"objective__reconstruction": "mse", "objective__weight_decay": 0.01}),
    ("vae", {"objective__beta": 3.5, "architecture__hidden": (9,)}),
    ("vae", {"objective__beta": 0, "objective__weight_decay": 0.2, "architecture__hidden": (9,)}),
    ("vae", {"objective__divergence": "capacity", "objective__capacity": 8, "architecture__hidden": (9,)}),
]
IN_A_BATCH: list[tuple[str | None, dict[str, Any]]] = [
    ("vae", {"objective__divergence": "total-correlation", "objective__beta": 6, "architecture__hidden": (9,)}),
]
"""Its estimate needs the other images of the batch."""


@pytest.mark.parametrize(("base", "values"), CASES + IN_A_BATCH)
def test_the_loss_is_the_weighted_sum_of_its_terms(base: str | None, values: dict[str, Any]) -> None:
    run = config(base, **values)
    objective, target = run.objective, images(6, 0)
    model = build(run.plan, 0)
    parts = terms(model, target, model(target, torch.Generator().manual_seed(0)), target, objective, progress=0.25, data_size=30)
    assert tuple(parts) == term_names(run.code.kind == "gaussian", objective)
    zero = torch.zeros(())
    penalty = objective.beta * parts.get("kl", zero)
    if "capacity" in parts:
        assert parts["capacity"] == 4.0  # of 8, after half of its rise
        penalty = objective.gamma * abs(parts["kl"] - 4.0)
    if "total_correlation" in parts:
        penalty = parts["kl"] + (objective.beta - 1) * parts["total_correlation"]
    expected = parts["reconstruction"] + penalty + objective.weight_decay * parts.get("weight_decay", zero)
    torch.testing.assert_close(parts["loss"], expected)


@pytest.mark.parametrize(("base", "values"), CASES)
@torch.no_grad()
def test_terms_are_means_over_images_however_they_are_cut_into_batches(base: str | None, values: dict[str, Any]) -> None:
    run = config(base, **values)
    target, model = images(12, 0), build(run.plan, 0)
    output = model(target, torch.Generator().manual_seed(0))
    whole = terms(model, target, output, target, run.objective, progress=0.25, data_size=30)
    summed = dict.fromkeys(whole, 0.0)
    for rows in (slice(0, 5), slice(5, 6), slice(6, 12)):
        part = copy_of(output, rows)
        for name, value in terms(model, target[rows], part, target[rows], run.objective, progress=0.25, data_size=30).items():
            summed[name] += value.item() * len(target[rows]) / 12
    assert summed == pytest.approx({name: value.item() for name, value in whole.items()}, rel=1e-5)


def copy_of(output: Any, rows: slice) -> Any:
    """The part of an output that belongs to some of its images."""
    encoding = output.encoding
    log_variance = None if encoding.log_variance is None else encoding.log_variance[rows]
    return type(output)(type(encoding)(encoding.mean[rows], log_variance), output.code[rows], output.pixels[rows])
