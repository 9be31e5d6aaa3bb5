"""The total correlation against a Gaussian with a closed form, and the objectives of a sweep against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal, Normal

from aecore.objective import bernoulli, capacity_at, kl_to_standard_normal
from aecore.total_correlation import stratified_log_weights, total_correlation
from aecore.training import make_optimizer, scaled
from tests.tiny import config, same_weights, trainer


@given(st.integers(2, 40), st.integers(0, 5000))
def test_the_weights_of_an_estimate_sum_to_one(batch: int, more: int) -> None:
    weights = stratified_log_weights(batch, batch + more).exp()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(batch, dtype=torch.float64))
    assert (weights >= 0).all()


def test_the_weights_are_those_of_the_paper() -> None:
    """N = 10, M = 3 others: 1/N for the image itself, (N - M)/(N M) for one other, 1/M for the rest."""
    weights = stratified_log_weights(4, 10).exp()
    for row in range(4):
        assert sorted(weights[row].tolist()) == pytest.approx([1 / 10, 7 / 30, 1 / 3, 1 / 3])
        assert weights[row, row] == pytest.approx(1 / 10)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_total_correlation_of_correlated_codes_is_that_of_their_gaussian(correlation: float) -> None:
    """Means from N(0, S - s²I), posteriors of variance s²: together N(0, S), whose total correlation is -½ log det of S."""
    generator = torch.Generator().manual_seed(1)
    size, variance = 2500, 0.05
    wanted = torch.tensor([[1.0, correlation], [correlation, 1.0]], dtype=torch.float64)
    factor = torch.linalg.cholesky(wanted - variance * torch.eye(2, dtype=torch.float64))
    mean = torch.randn(size, 2, generator=generator, dtype=torch.float64) @ factor.T
    log_variance = torch.full_like(mean, math.log(variance))
    code = mean + math.sqrt(variance) * torch.randn(size, 2, generator=generator, dtype=torch.float64)
    found = total_correlation(code.float(), mean.float(), log_variance.float(), size)  # half the memory of double
    closed = -0.5 * math.log(1 - correlation**2)
    assert found.item() == pytest.approx(closed, rel=0.06, abs=0.02)


def test_total_correlation_is_what_its_definition_says_for_a_whole_data_set() -> None:
    """With all N images in the batch, q(z) by hand as the weighted sum of the posteriors' densities."""
    generator = torch.Generator().manual_seed(3)
    mean, log_variance = (torch.randn(6, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    code = mean + (0.5 * log_variance).exp() * torch.randn(6, 3, generator=generator, dtype=torch.float64)
    weights = stratified_log_weights(6, 20).exp()
    expected = 0.0
    for i in range(6):
        joint, marginals = 0.0, [0.0] * 3
        for j in range(6):
            deviation = (0.5 * log_variance[j]).exp()
            whole = MultivariateNormal(mean[j], torch.diag(deviation**2))
            density = whole.log_prob(code[i]).exp().item()  # type: ignore[no-untyped-call]
            joint += weights[i, j].item() * density
            each = Normal(mean[j], deviation).log_prob(code[i]).exp().tolist()  # type: ignore[no-untyped-call]
            marginals = [so_far + weights[i, j].item() * value for so_far, value in zip(marginals, each, strict=True)]
        expected += (math.log(joint) - sum(map(math.log, marginals))) / 6
    assert total_correlation(code, mean, log_variance, 20).item() == pytest.approx(expected, rel=1e-6)


def test_a_single_image_says_nothing_of_the_others() -> None:
    one = torch.ones(1, 4)
    assert total_correlation(one, one, one, 100).item() == 0


def test_the_capacity_rises_evenly_and_then_stays() -> None:
    objective = config("vae", objective__divergence="capacity", objective__capacity=20, objective__capacity_rise=0.5).objective
    assert [capacity_at(objective, progress) for progress in (0, 0.1, 0.25, 0.5, 0.75, 1)] == pytest.approx(
        [0, 4, 10, 20, 20, 20]
    )


@pytest.mark.parametrize("values", [{}, {"objective__divergence": "total-correlation"}])
def test_beta_one_is_the_vae_bit_for_bit(values: dict[str, str]) -> None:
    """Against a loop that knows no β: reconstruction + KL, and nothing else."""
    run = config("vae", architecture__hidden=(9,), objective__beta=1.0, **values)
    trained, by_hand = trainer(run), trainer(run)
    for _ in trained.run():
        pass
    optimizer = make_optimizer(list(by_hand.model.parameters()), run.optimizer)
    noise = torch.Generator().manual_seed(int(by_hand._code_noise.initial_seed()))
    while by_hand.step < by_hand.total_steps:
        images, _ = by_hand.next_batch()
        output = by_hand.model(images, noise)
        assert output.encoding.log_variance is not None
        loss = bernoulli(output.pixels, images) + kl_to_standard_normal(output.encoding.mean, output.encoding.log_variance)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimizer.param_groups:
            group["lr"] = by_hand.current_rate
        optimizer.step()
        by_hand.step += 1
    assert same_weights(trained.model, by_hand.model)


@pytest.mark.parametrize("divergence", ["capacity", "total-correlation"])
def test_other_regularisers_train_otherwise(divergence: str) -> None:
    plain, other = (trainer(config("vae", objective__beta=4, objective__divergence=kind)) for kind in ("kl", divergence))
    for running in (plain, other):
        for _ in running.run():
            pass
    assert not same_weights(plain.model, other.model)
    measured = other.evaluate(other.dataset.validation)
    assert all(math.isfinite(value) for value in measured.values())


def test_a_strong_capacity_term_holds_the_kl_at_its_capacity() -> None:
    run = config(
        "vae",
        architecture__hidden=(32,),
        epochs=300,
        optimizer__schedule="constant",
        objective__divergence="capacity",
        objective__capacity=3,
        objective__gamma=1000,
        objective__capacity_rise=0.3,
    )
    running = trainer(run)
    for _ in running.run():
        pass
    images = scaled(running.dataset.train.images, running.device)
    encoding = running.model.encode(images)
    assert encoding.log_variance is not None
    assert kl_to_standard_normal(encoding.mean, encoding.log_variance).item() == pytest.approx(3, abs=0.6)
