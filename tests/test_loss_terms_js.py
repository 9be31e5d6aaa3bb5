"""loss_terms.js against torch and the objective that training uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page

from aecore.objective import bernoulli, kl_to_standard_normal, squared_error
from aecore.ui.components import source

TERMS = """([facts, picture, mean, logVariance, answer]) => {
  const floats = (values) => values && Float32Array.from(values)
  const encoding = { mean: floats(mean), logVariance: floats(logVariance) }
  const { klOfEach, ...terms } = lossTerms(facts, floats(picture), encoding, floats(answer))
  return { ...terms, klOfEach: klOfEach && [...klOfEach] }
}"""
TYPICAL = """([facts, pictures, means, logVariances]) => {
  const encodings = means.map((mean, i) => ({ mean, logVariance: logVariances?.[i] ?? null }))
  const steps = typicalTerms({ decode: (code) => pictures[0].map(() => code[0]) }, facts, pictures, encodings)
  let slices = 0
  for (;;) {
    const { done, value } = steps.next()
    if (done) return { ...value, slices }
    slices++
  }
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("canvas.js", "pixels.js", "code_statistics.js", "quantile.js", "loss_terms.js"))
    yield page
    page.close()


def terms(
    page: Page,
    kind: str,
    picture: torch.Tensor,
    answer: torch.Tensor,
    mean: torch.Tensor,
    log_variance: torch.Tensor | None = None,
    beta: float = 1.0,
) -> dict[str, Any]:
    facts = {"reconstruction": kind, "beta": beta}
    spread = None if log_variance is None else log_variance.tolist()
    found: dict[str, Any] = page.evaluate(TERMS, [facts, picture.tolist(), mean.tolist(), spread, answer.tolist()])
    return found


@pytest.mark.parametrize("scale", [0.5, 3.0, 8.0])
def test_bernoulli_is_that_of_training(page: Page, scale: float) -> None:
    torch.manual_seed(0)
    picture, pixels = torch.rand(784).round(decimals=2), scale * torch.randn(784)
    picture[:200], picture[200:400] = 0, 1
    ours = terms(page, "bce", picture, torch.sigmoid(pixels), torch.zeros(2))
    # An answer of 32 bits cannot come nearer to 1 than to seven digits: torch, which knows what went into the sigmoid, can.
    assert ours["reconstruction"] == pytest.approx(bernoulli(pixels[None], picture[None]).item(), rel=2e-2 if scale > 3 else 1e-5)
    assert ours["total"] == ours["reconstruction"]
    assert ours["kl"] is None
    assert ours["klOfEach"] is None


@pytest.mark.parametrize(("x", "p"), [(1, 0), (0, 1), (0.5, 0), (0.5, 1)])
def test_an_answer_that_is_surely_wrong_costs_much_but_not_infinitely_much(page: Page, x: float, p: float) -> None:
    cost = terms(page, "bce", torch.full((4,), x), torch.full((4,), p), torch.zeros(1))["reconstruction"]
    assert np.isfinite(cost)
    assert cost > 4 * 8


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_answer_that_is_surely_right_costs_nothing(page: Page, value: float) -> None:
    answer = torch.full((784,), value)
    assert terms(page, "bce", answer, answer, torch.zeros(1))["reconstruction"] == pytest.approx(0, abs=1e-4)


def test_squared_error_is_that_of_training(page: Page) -> None:
    torch.manual_seed(1)
    picture, answer = torch.rand(3 * 64 * 64), torch.rand(3 * 64 * 64)
    ours = terms(page, "mse", picture, answer, torch.zeros(3))
    assert ours["reconstruction"] == pytest.approx(squared_error(answer[None], picture[None]).item(), rel=1e-5)


@pytest.mark.parametrize(("size", "beta"), [(1, 1.0), (2, 4.0), (500, 0.25)])
def test_kl_and_total(page: Page, size: int, beta: float) -> None:
    torch.manual_seed(2)
    mean, log_variance = 2 * torch.randn(size), torch.randn(size)
    ours = terms(page, "mse", torch.zeros(4), torch.ones(4), mean, log_variance, beta)
    kl = kl_to_standard_normal(mean[None], log_variance[None]).item()
    assert ours["kl"] == pytest.approx(kl, rel=1e-5)
    assert ours["klOfEach"] == pytest.approx([kl_to_standard_normal(m, v).item() for m, v in _each(mean, log_variance)], abs=1e-5)
    assert ours["total"] == pytest.approx(4 + beta * kl, rel=1e-5)


def _each(mean: torch.Tensor, log_variance: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return zip(mean[:, None, None], log_variance[:, None, None], strict=True)


def test_numbers_of_a_network_that_has_diverged_do_not_stop_anything(page: Page) -> None:
    found = page.evaluate(
        """() => {
          const encoding = { mean: [NaN, 1], logVariance: [Infinity, 0] }
          const answers = [[NaN, 0], [Infinity, 0], [-Infinity, 0]]
          const facts = ["bce", "mse"].map((reconstruction) => ({ reconstruction, beta: 1 }))
          return facts.flatMap((each) => answers.map((answer) => lossTerms(each, [0, 1], encoding, answer).total))
        }"""
    )
    assert len(found) == 6
    assert not np.isfinite(found).any()


@pytest.mark.parametrize("gaussian", [True, False])
def test_a_typical_picture_is_the_median_and_is_found_in_slices(page: Page, gaussian: bool) -> None:
    rng = np.random.default_rng(3)
    pictures, means = rng.random((7, 6)), rng.random((7, 2))
    log_variances = rng.normal(size=(7, 2)) if gaussian else None
    facts = {"reconstruction": "mse", "beta": 2}
    given = [facts, pictures.tolist(), means.tolist(), log_variances.tolist() if log_variances is not None else None]
    found = page.evaluate(TYPICAL, given)
    reconstruction = ((pictures - means[:, :1]) ** 2).sum(1)
    kl = np.zeros(7)
    if log_variances is not None:
        kl = 0.5 * (means**2 + np.exp(log_variances) - 1 - log_variances).sum(1)
    assert found["slices"] == 7
    assert found["reconstruction"] == pytest.approx(np.median(reconstruction))
    assert found["kl"] == pytest.approx(np.median(kl))
    assert found["total"] == pytest.approx(np.median(reconstruction + 2 * kl))
