"""A plan made into a torch module: one class for every autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from aecore.layers import Conv2d, ConvTranspose2d, Dense, Layer, Plan

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass
class Encoding:
    """What the encoder says of a batch: `mean` (B, D), and `log_variance` (B, D) where the code is Gaussian."""

    mean: Tensor
    log_variance: Tensor | None = None

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """A code (B, D): the vector itself, or mean + σ·ε with ε ~ N(0, I) (Kingma & Welling 2014, section 2.4)."""
        if self.log_variance is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + torch.exp(0.5 * self.log_variance) * noise


@dataclass
class Output:
    """One pass through the network: the encoding, the code that was drawn from it, and the decoder's answer.

    `pixels` is the decoder's last layer *before* its output activation, (B, C, H, W): losses are stabler from there.
    """

    encoding: Encoding
    code: Tensor
    pixels: Tensor


class TopK(nn.Module):
    """Of each row of (B, D) the k largest numbers, the others 0 (Makhzani & Frey 2014, "k-Sparse autoencoders", section 2.1).

    Exactly k are kept also where numbers are equal; the gradient reaches only these.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, numbers: Tensor) -> Tensor:
        kept = numbers.topk(self.count, dim=1).indices
        return numbers * torch.zeros_like(numbers).scatter_(1, kept, 1.0)


class TiedLinear(nn.Module):
    """y = Wᵀ·x + b with the W of an encoder layer. Of a Gaussian code's layer only the rows of the means are used."""

    def __init__(self, source: nn.Linear, rows: int) -> None:
        super().__init__()
        # Kept out of the module's registry, or the same weights would be saved and optimised twice.
        self._source = (source,)
        self._rows = rows
        self.bias = nn.Parameter(torch.zeros(source.in_features))

    @property
    def weight(self) -> Tensor:
        return self._source[0].weight[: self._rows].t()

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight, self.bias)


class Autoencoder(nn.Module):
    """Encoder, code and decoder as a :class:`~aecore.layers.Plan` lays them out.

    Takes and returns images of shape (B, C, H, W) with values 0..1. `classifier`, where the plan has classes, takes codes
    (B, D) to one number for each class, before the softmax.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        encoder = [_module(layer, []) for layer in plan.encoder]
        self.encoder = nn.Sequential(*(_activated(m, layer) for m, layer in zip(encoder, plan.encoder, strict=True)))
        decoder = [_module(layer, encoder) for layer in plan.decoder]
        final = max(i for i, layer in enumerate(plan.decoder) if layer.parameters)
        self.decoder = nn.Sequential(
            *(m if i == final else _activated(m, layer) for i, (m, layer) in enumerate(zip(decoder, plan.decoder, strict=True)))
        )
        self.output_activation = getattr(plan.decoder[final], "activation", "linear")
        for module, layer in zip(encoder + decoder, plan.encoder + plan.decoder, strict=True):
            _initialise(module, getattr(layer, "activation", "linear"))
        self.classifier = nn.Linear(plan.code_size, plan.classes) if plan.classes else None
        if self.classifier is not None:
            nn.init.zeros_(self.classifier.weight)  # all classes equally likely
            nn.init.zeros_(self.classifier.bias)

    def encode(self, images: Tensor) -> Encoding:
        """Images (B, C, H, W) to their codes."""
        return self._encode(images)[0]

    def decode(self, code: Tensor) -> Tensor:
        """Codes (B, D) to images (B, C, H, W). Skip connections, if there are any, carry nothing: this is the code's own part."""
        return self.activate(self.decoder(code))

    def activate(self, pixels: Tensor) -> Tensor:
        """The output activation, applied to the decoder's raw `pixels`."""
        return torch.sigmoid(pixels) if self.output_activation == "sigmoid" else pixels

    def reconstruct(self, images: Tensor) -> Tensor:
        """Images to their reconstructions, from the code itself or the mean of a Gaussian code: no randomness."""
        encoding, features = self._encode(images)
        return self.activate(self._decode(encoding.mean, features))

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Output:
        """One pass with a sampled code, as training needs it."""
        encoding, features = self._encode(images)
        code = encoding.sample(generator)
        return Output(encoding, code, self._decode(code, features))

    def _encode(self, images: Tensor) -> tuple[Encoding, dict[int, Tensor]]:
        """The codes, and by layer of the encoder what skip connections take from it."""
        taken = {source for _, source in self.plan.skips}
        features: dict[int, Tensor] = {}
        numbers = images
        for index, module in enumerate(self.encoder):
            numbers = module(numbers)
            if index in taken:
                features[index] = numbers
        if not self.plan.gaussian:
            return Encoding(numbers), features
        mean, log_variance = numbers.chunk(2, dim=1)
        return Encoding(mean, log_variance), features

    def _decode(self, code: Tensor, features: dict[int, Tensor]) -> Tensor:
        """Codes to raw pixels, with what the skip connections bring."""
        skips = dict(self.plan.skips)
        numbers = code
        for index, module in enumerate(self.decoder):
            if index not in skips:
                numbers = module(numbers)
            elif isinstance(module, nn.Sequential):
                layer, activation = module
                numbers = activation(layer(numbers) + features[skips[index]])
            else:
                numbers = module(numbers) + features[skips[index]]
        return numbers


def build(plan: Plan, seed: int) -> Autoencoder:
    """The network with its first weights drawn from `seed`, whatever else has used torch's random numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Autoencoder(plan)


def _module(layer: Layer, encoder: list[nn.Module]) -> nn.Module:
    match layer:
        case Dense(tied=None):
            return nn.Linear(layer.inputs, layer.outputs)
        case Dense(tied=int(index)):
            source = encoder[index]
            assert isinstance(source, nn.Linear)
            return TiedLinear(source, layer.inputs)
        case Conv2d():
            return nn.Conv2d(layer.channels, layer.shape[0], layer.kernel, stride=layer.strides, padding=_padding(layer))
        case ConvTranspose2d():
            return nn.ConvTranspose2d(
                layer.channels,
                layer.shape[0],
                layer.kernel,
                stride=layer.strides,
                padding=_padding(layer),
                output_padding=layer.output_padding,
            )
        case _:
            return nn.Flatten() if len(layer.shape) == 1 else nn.Unflatten(1, layer.shape)


def _padding(layer: Conv2d | ConvTranspose2d) -> tuple[int, int]:
    down, across = layer.kernel
    return (down - 1) // 2, (across - 1) // 2


def _activated(module: nn.Module, layer: Layer) -> nn.Module:
    activation, top_k = getattr(layer, "activation", "linear"), getattr(layer, "top_k", None)
    after = [ACTIVATIONS[activation]()] if activation != "linear" else []
    after += [TopK(top_k)] if top_k is not None else []
    return nn.Sequential(module, *after) if after else module


def _initialise(module: nn.Module, activation: str) -> None:
    """He et al. (2015) for the rectifiers, Glorot & Bengio (2010) for the others; biases zero."""
    if not isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        return
    if activation in {"relu", "leaky_relu", "gelu", "silu"}:
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(module.weight)
    assert module.bias is not None
    nn.init.zeros_(module.bias)
