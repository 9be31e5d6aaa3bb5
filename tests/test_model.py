"""The network: tied weights, sampling, first weights, outputs."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from aecore.model import ACTIVATIONS, Autoencoder, Encoding, TiedLinear, build
from tests.tiny import config, same_weights

IMAGES = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def linears(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def tied_layers(model: Autoencoder) -> list[TiedLinear]:
    return [module for module in model.modules() if isinstance(module, TiedLinear)]


def untied_copy(tied: Autoencoder) -> Autoencoder:
    """The same function with the decoder's weights as weights of their own."""
    kind = "gaussian" if tied.plan.gaussian else "vector"
    model = build(config(architecture__hidden=(9, 6), code__kind=kind).plan, 3)
    count = len(tied_layers(tied))
    sources: list[tuple[Tensor, Tensor]] = [(module.weight, module.bias) for module in linears(tied)]
    sources += [(module.weight, module.bias) for module in tied_layers(tied)]
    assert len(sources) == 2 * count
    with torch.no_grad():
        for module, (weight, bias) in zip(linears(model), sources, strict=True):
            module.weight.copy_(weight)
            module.bias.copy_(bias)
    return model


# --- tied weights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["vector", "gaussian"])
def test_tied_weights_are_the_transpose_and_are_trained_through_both_uses(kind: str) -> None:
    tied = build(config(architecture__hidden=(9, 6), architecture__tied=True, code__kind=kind).plan, 0)
    free = untied_copy(tied)
    for model in (tied, free):
        model.reconstruct(IMAGES).square().sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(tied.reconstruct(IMAGES), free.reconstruct(IMAGES))
    own, mirrors = linears(free)[:3], linears(free)[:2:-1]
    for source, encoder, decoder in zip(linears(tied), own, mirrors, strict=True):
        assert source.weight.grad is not None
        assert encoder.weight.grad is not None
        assert decoder.weight.grad is not None
        expected = encoder.weight.grad.clone()
        expected[: decoder.weight.shape[1]] += decoder.weight.grad.t()  # of a Gaussian code's layer, the rows of the means
        torch.testing.assert_close(source.weight.grad, expected)
        assert decoder.weight.grad.abs().sum() > 0


def test_tied_weights_are_kept_once_and_follow_a_change() -> None:
    tied = build(config(architecture__hidden=(9,), architecture__tied=True).plan, 0)
    assert [tuple(value.shape) for value in tied.state_dict().values()] == [(9, 784), (9,), (4, 9), (4,), (9,), (784,)]
    other = build(tied.plan, 1)
    other.load_state_dict(tied.state_dict())
    assert torch.equal(other.reconstruct(IMAGES), tied.reconstruct(IMAGES))
    twin = copy.deepcopy(tied)
    with torch.no_grad():
        linears(twin)[0].weight.zero_()
    assert tied_layers(twin)[-1].weight.abs().sum() == 0
    assert tied_layers(tied)[-1].weight.abs().sum() > 0


# --- the Gaussian code --------------------------------------------------------------------------------------------------


def test_samples_have_the_mean_and_the_variance_that_the_encoder_says() -> None:
    count = 40_000
    mean, log_variance = torch.tensor([-2.0, 0.0, 5.0]), torch.tensor([-3.0, 0.0, 1.5])
    encoding = Encoding(mean.expand(count, 3), log_variance.expand(count, 3))
    samples = encoding.sample(torch.Generator().manual_seed(0)).double()
    variance = log_variance.double().exp()
    # Five standard errors: of a mean σ/√n, of a variance σ²·√(2/n).
    assert ((samples.mean(0) - mean).abs() < 5 * (variance / count).sqrt()).all()
    assert ((samples.var(0) - variance).abs() < 5 * variance * (2 / count) ** 0.5).all()
    assert (torch.corrcoef(samples.T) - torch.eye(3)).abs().max() < 5 / count**0.5


def test_the_gradient_flows_through_a_sample() -> None:
    mean, log_variance = torch.randn(5, 2, requires_grad=True), torch.randn(5, 2, requires_grad=True)
    sample = Encoding(mean, log_variance).sample(torch.Generator().manual_seed(0))
    slopes = torch.autograd.grad(sample.sum(), (mean, log_variance))
    torch.testing.assert_close(slopes[0], torch.ones(5, 2))
    torch.testing.assert_close(slopes[1], (sample - mean).detach() / 2)  # d(e^½v·ε)/dv = ½·e^½v·ε


def test_sampling_is_decided_by_its_generator() -> None:
    encoding = Encoding(torch.zeros(4, 3), torch.zeros(4, 3))
    one, again, other = (encoding.sample(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_a_vector_is_its_own_sample() -> None:
    mean = torch.randn(4, 3)
    assert Encoding(mean).sample() is mean


def test_a_reconstruction_uses_the_mean_and_training_a_sample() -> None:
    model = build(config("vae", architecture__hidden=(12,)).plan, 0)
    output = model(IMAGES, torch.Generator().manual_seed(0))
    assert torch.equal(model.reconstruct(IMAGES), model.decode(model.encode(IMAGES).mean))
    assert torch.equal(model.activate(output.pixels), model.decode(output.code))
    assert not torch.equal(output.code, output.encoding.mean)


# --- outputs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dense", "conv2d"])
def test_a_sigmoid_output_lies_between_0_and_1_and_a_linear_one_is_free(kind: str) -> None:
    far = 100 * torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    sigmoid = build(config(architecture__kind=kind).plan, 0)
    linear = build(config(architecture__kind=kind, architecture__output="linear", objective__reconstruction="mse").plan, 0)
    pixels = sigmoid.decode(far)
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    torch.testing.assert_close(pixels, torch.sigmoid(sigmoid.decoder(far)))
    free = linear.decode(far)
    assert free.min() < 0
    assert free.max() > 1
    assert torch.equal(free, linear.decoder(far))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_the_activation_follows_every_layer_but_the_code_and_the_output(name: str) -> None:
    activation = "relu" if name == "linear" else name  # linear is for codes only
    plan = config(architecture__hidden=(7,), architecture__activation=activation, code__activation=name).plan
    model = build(plan, 0)
    first, second, third, last = linears(model)
    hidden, code = ACTIVATIONS[activation](), ACTIVATIONS[name]()
    expected = code(second(hidden(first(IMAGES.flatten(1)))))
    torch.testing.assert_close(model.encode(IMAGES).mean, expected)
    torch.testing.assert_close(model.decode(expected), torch.sigmoid(last(hidden(third(expected)))).view(3, 1, 28, 28))


# --- first weights ------------------------------------------------------------------------------------------------------


def test_the_seed_decides_the_first_weights_and_nothing_else_is_touched() -> None:
    plan = config("convolutional", code__size=8).plan
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = build(plan, 7)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(100)
    assert same_weights(one, build(plan, 7))
    assert not same_weights(one, build(plan, 8))


def uniform(weight: Tensor, variance: float) -> None:
    """Uniform with that variance: bounded by √(3·variance), and the sample's own variance within five standard errors."""
    values = weight.detach().double().flatten()
    assert values.abs().max() <= (3 * variance) ** 0.5 + 1e-6
    error = variance * (0.8 / len(values)) ** 0.5  # Var(x²) of a uniform variable is 4/5 of its variance squared
    assert abs(values.square().mean() - variance) < 5 * error
    assert abs(values.mean()) < 5 * (variance / len(values)) ** 0.5


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "silu"])
def test_rectified_layers_start_as_he_et_al_say(activation: str) -> None:
    model = build(config(architecture__hidden=(200,), architecture__activation=activation).plan, 0)
    uniform(linears(model)[0].weight, 2 / 784)
    conv = build(config("convolutional", architecture__channels=(20, 40), architecture__activation=activation).plan, 0)
    second = [module for module in conv.modules() if isinstance(module, nn.Conv2d)][1]
    uniform(second.weight, 2 / (20 * 9))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_other_layers_start_as_glorot_and_bengio_say(activation: str) -> None:
    model = build(config(architecture__hidden=(200,), architecture__activation=activation, code__size=30).plan, 0)
    for layer in linears(model):
        uniform(layer.weight, 2 / (layer.in_features + layer.out_features))


def test_biases_start_at_zero() -> None:
    models = [build(config(name).plan, 0) for name in ("deep", "convolutional", "vae")]
    models.append(build(config(architecture__hidden=(9,), architecture__tied=True).plan, 0))
    for model in models:
        biases = [weight for name, weight in model.named_parameters() if name.endswith("bias")]
        assert len(biases) >= 4
        assert all(not bias.any() for bias in biases)
