"""network.js against torch: the same numbers for the same weights, in a real browser."""

import base64
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page

NETWORK_JS = Path(__file__).parent.parent / "aecore" / "ui" / "components" / "network.js"
ACTIVATIONS = {
    "linear": torch.nn.Identity(),
    "relu": torch.nn.ReLU(),
    "leaky_relu": torch.nn.LeakyReLU(0.01),
    "gelu": torch.nn.GELU(),
    "silu": torch.nn.SiLU(),
    "tanh": torch.nn.Tanh(),
    "sigmoid": torch.nn.Sigmoid(),
}
Layer = tuple[torch.nn.Linear, str]

REFUSAL = """([description, count]) => {
  try {
    makeNetwork(description, new Float32Array(count))
  } catch (error) {
    return error.message
  }
}"""
RUN = """([description, weights, pictures, padding]) => {
  const bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0))
  // As inside a larger message, where a block may start anywhere.
  const shifted = new Uint8Array(bytes.length + padding)
  shifted.set(bytes, padding)
  const network = makeNetwork(description, shifted.subarray(padding))
  return pictures.map((picture) => {
    const { mean, logVariance } = network.encode(Float32Array.from(picture))
    return [mean, logVariance, network.decode(mean)].map((values) => values && [...values])
  })
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=NETWORK_JS.read_text())
    yield page
    page.close()


def stack(sizes: list[int], activations: list[str]) -> list[Layer]:
    widths = itertools.pairwise(sizes)
    layers = [(torch.nn.Linear(a, b), name) for (a, b), name in zip(widths, activations, strict=True)]
    for linear, _ in layers:  # far from zero, where the activations differ from one another
        torch.nn.init.normal_(linear.weight, std=2 / math.sqrt(linear.in_features))
        torch.nn.init.normal_(linear.bias)
    return layers


def forward(layers: list[Layer], x: torch.Tensor) -> torch.Tensor:
    for linear, name in layers:
        x = ACTIVATIONS[name](linear(x))
    return x


def describe(encoder: list[Layer], decoder: list[Layer]) -> tuple[dict[str, Any], bytes]:
    code_size = decoder[0][0].in_features
    description: dict[str, Any] = {
        "inputs": encoder[0][0].in_features,
        "code_size": code_size,
        "gaussian": encoder[-1][0].out_features == 2 * code_size,
    }
    blocks: list[torch.Tensor] = []
    for name, layers in {"encoder": encoder, "decoder": decoder}.items():
        description[name] = []
        for linear, activation in layers:
            start = sum(block.numel() for block in blocks)
            description[name].append(
                {
                    "kind": "dense",
                    "inputs": linear.in_features,
                    "outputs": linear.out_features,
                    "activation": activation,
                    "weight": start,
                    "bias": start + linear.weight.numel(),
                }
            )
            blocks += [linear.weight.detach(), linear.bias.detach()]
    return description, b"".join(block.numpy().astype("<f4").tobytes() for block in blocks)


def run(
    page: Page, encoder: list[Layer], decoder: list[Layer], x: torch.Tensor, padding: int = 0
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
    """Mean, log-variance and reconstruction, as the browser computes them."""
    description, weights = describe(encoder, decoder)
    answers = page.evaluate(RUN, [description, base64.b64encode(weights).decode(), x.tolist(), padding])
    means, log_variances, reconstructions = zip(*answers, strict=True)
    log_variance = None if log_variances[0] is None else torch.tensor(log_variances)
    return torch.tensor(means), log_variance, torch.tensor(reconstructions)


# Widths that are and are not multiples of four: the browser takes rows four at a time.
SIZES = {1: [30, 5], 2: [30, 17, 6], 3: [30, 20, 9, 3], 4: [30, 26, 15, 8, 1]}


@pytest.mark.parametrize("gaussian", [False, True], ids=["vector", "gaussian"])
@pytest.mark.parametrize("depth", SIZES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@torch.no_grad()
def test_same_numbers_as_torch(page: Page, activation: str, depth: int, gaussian: bool) -> None:
    torch.manual_seed(depth)
    sizes = SIZES[depth]
    code_size = sizes[-1]
    hidden = [activation] * (depth - 1)
    outer = [*sizes[:-1], 2 * code_size] if gaussian else sizes
    encoder = stack(outer, [*hidden, "linear" if gaussian else activation])
    decoder = stack(sizes[::-1], [*hidden, activation])
    x = torch.rand(4, sizes[0])

    mean, log_variance, reconstruction = run(page, encoder, decoder, x, padding=depth)

    expected = forward(encoder, x)
    torch.testing.assert_close(mean, expected[:, :code_size], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(reconstruction, forward(decoder, expected[:, :code_size].contiguous()), atol=1e-4, rtol=1e-4)
    if gaussian:
        assert log_variance is not None
        torch.testing.assert_close(log_variance, expected[:, code_size:], atol=1e-4, rtol=1e-4)
    else:
        assert log_variance is None


@torch.no_grad()
def test_a_network_of_the_usual_size(page: Page) -> None:
    torch.manual_seed(0)
    encoder = stack([784, 512, 256, 32], ["relu", "relu", "linear"])
    decoder = stack([32, 256, 512, 784], ["relu", "relu", "sigmoid"])
    x = torch.rand(3, 784)
    mean, _, reconstruction = run(page, encoder, decoder, x)
    expected = forward(encoder, x)
    torch.testing.assert_close(mean, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(reconstruction, forward(decoder, expected), atol=1e-4, rtol=1e-4)


def test_answers_stay_as_they_are_when_others_are_asked_for(page: Page) -> None:
    description, weights = describe(stack([6, 8], ["linear"]), stack([4, 6], ["sigmoid"]))
    description["gaussian"] = True
    assert page.evaluate(
        """([description, weights]) => {
          const network = makeNetwork(description, Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)))
          const [one, other] = [0, 1].map((value) => new Float32Array(network.inputs).fill(value))
          const ask = (x) => {
            const { mean, logVariance } = network.encode(x)
            return [mean, logVariance, network.decode(mean), network.reconstruct(x)]
          }
          const first = ask(one)
          const before = JSON.stringify(first)
          const second = JSON.stringify(ask(other))
          return [JSON.stringify(first) === before, second !== before, String(first[2]) === String(first[3])]
        }""",
        [description, base64.b64encode(weights).decode()],
    ) == [True, True, True]


def test_error_function_is_close_everywhere(page: Page) -> None:
    points = [i / 100 for i in range(-600, 601)]
    answers = page.evaluate("(points) => points.map(erf)", points)
    assert max(abs(answer - math.erf(point)) for point, answer in zip(points, answers, strict=True)) < 1e-6


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_huge_numbers_stay_numbers(page: Page, activation: str) -> None:
    points = [-1e30, -1000.0, 0.0, 1000.0, 1e30]
    answers = page.evaluate("([name, points]) => points.map(ACTIVATIONS[name])", [activation, points])
    expected = ACTIVATIONS[activation](torch.tensor(points))
    torch.testing.assert_close(torch.tensor(answers, dtype=torch.float32), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "attention"}, 'does not know the layer "attention"'),
        ({"activation": "toString"}, 'does not know the activation "toString"'),
        ({"weight": 10_000}, "weights end before a layer does"),
        ({"outputs": 3}, "4 numbers are needed where there are 3"),
        ({"inputs": 5}, "5 numbers are needed where there are 6"),
    ],
)
def test_what_it_cannot_run_is_said(page: Page, change: dict[str, Any], message: str) -> None:
    description, weights = describe(stack([6, 4], ["relu"]), stack([4, 6], ["sigmoid"]))
    description["encoder"][0] |= change
    assert message in page.evaluate(REFUSAL, [description, len(weights) // 4])
