"""The plan of a network: its layers and their sizes, worked out without torch.

The same plan is what :mod:`aecore.model` builds, what the Train page draws and counts, and what is handed to the browser.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aecore.config_sections import ArchitectureConfig, CodeConfig

Shape = tuple[int, ...]
"""Shape of one example, without the batch: (channels, height, width) or (units,)."""


@dataclass(frozen=True)
class Dense:
    """y = activation(W·x + b), W of shape (outputs, inputs). `tied`: W is the transpose of the encoder layer of that index.

    `top_k`: of each example's y only so many numbers, the largest, are kept; the others are 0.
    """

    inputs: int
    outputs: int
    activation: str
    tied: int | None = None
    top_k: int | None = None

    @property
    def parameters(self) -> int:
        return (0 if self.tied is not None else self.inputs * self.outputs) + self.outputs

    @property
    def shape(self) -> Shape:
        return (self.outputs,)


@dataclass(frozen=True)
class Conv2d:
    """A convolution that halves the picture, rounding up (down with an even filter), or with `stride` 1 keeps its size.

    `shape` is what comes out: (channels, height, width). `is_flat`: that of a sequence, a picture of one row: its filters are one
    pixel high, and only the width is halved.
    """

    channels: int
    shape: Shape
    kernel_size: int
    activation: str
    stride: int = 2
    is_flat: bool = False

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of a filter."""
        return (1 if self.is_flat else self.kernel_size), self.kernel_size

    @property
    def strides(self) -> tuple[int, int]:
        """From place to place of a filter, down and across."""
        return (1 if self.is_flat else self.stride), self.stride

    @property
    def parameters(self) -> int:
        return self.channels * self.shape[0] * prod(self.kernel) + self.shape[0]


@dataclass(frozen=True)
class ConvTranspose2d:
    """The transposed convolution of stride 2 that doubles the picture to exactly `shape`, with the output padding that needs.

    `is_flat`: see :class:`Conv2d`.
    """

    channels: int
    shape: Shape
    kernel_size: int
    output_padding: tuple[int, int]
    activation: str
    is_flat: bool = False

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of a filter."""
        return (1 if self.is_flat else self.kernel_size), self.kernel_size

    @property
    def strides(self) -> tuple[int, int]:
        """From place to place of a filter in the doubled picture, down and across."""
        return (1 if self.is_flat else 2), 2

    @property
    def parameters(self) -> int:
        return self.channels * self.shape[0] * prod(self.kernel) + self.shape[0]


@dataclass(frozen=True)
class Reshape:
    """The same numbers in another shape."""

    shape: Shape
    parameters: int = 0


Layer = Dense | Conv2d | ConvTranspose2d | Reshape


@dataclass(frozen=True)
class Plan:
    """Encoder and decoder as sequences of layers.

    The encoder's last layer has `code_size` outputs, or twice as many for a Gaussian code: the means, then the
    log-variances. `skips` are pairs (layer of the decoder, layer of the encoder): to what the former gives, before its
    activation, is added what the latter gave. `classes`: how many a linear classifier on the code tells apart; 0 where the
    run has none. It is no part of the autoencoder, and is not counted in `parameters`.
    """

    input_shape: Shape
    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    code_size: int
    gaussian: bool
    skips: tuple[tuple[int, int], ...] = ()
    classes: int = 0

    @property
    def input_size(self) -> int:
        """Numbers in one example."""
        return prod(self.input_shape)

    @property
    def parameters(self) -> int:
        """Numbers that training changes."""
        return sum(layer.parameters for layer in self.encoder + self.decoder)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """What an example becomes on its way: the picture, each layer's output, the code, and the picture again."""
        inner = [layer.shape for layer in self.encoder if not isinstance(layer, Reshape)]
        outer = [layer.shape for layer in self.decoder if not isinstance(layer, Reshape)]
        return (self.input_shape, *inner[:-1], (self.code_size,), *outer[:-1], self.input_shape)

    @property
    def activations(self) -> int:
        """Numbers that one image makes in all layers together, which training keeps for the backward pass."""
        return self.input_size + sum(prod(layer.shape) for layer in self.encoder + self.decoder)


def plan(architecture: ArchitectureConfig, code: CodeConfig, input_shape: Shape, classes: int = 0) -> Plan:
    """Lay out encoder and decoder for examples of `input_shape`, (channels, height, width), and a classifier of `classes`.

    A sequence of L time steps has height 1 and width L.
    """
    gaussian = code.kind == "gaussian"
    down: list[Layer] = []
    up: list[Layer] = []
    if architecture.kind != "dense":
        down, up, inner = _convolutions(architecture, input_shape)
    else:
        inner = input_shape
    width = prod(inner)
    sizes = [width, *architecture.hidden, code.size]
    encoder = [
        *down,
        Reshape((width,)),
        *_dense(sizes[:-1], architecture.activation),
        Dense(sizes[-2], code.size * (2 if gaussian else 1), code.activation, top_k=code.top_k),
    ]
    last = architecture.activation if up else architecture.output
    first_dense = len(down) + 1  # position in the encoder of its first dense layer, for tied weights
    decoder_sizes = sizes[::-1]
    decoder: list[Layer] = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(decoder_sizes)):
        final = index == len(sizes) - 2
        tied = first_dense + len(sizes) - 2 - index if architecture.tied else None
        decoder.append(Dense(inputs, outputs, last if final else architecture.activation, tied))
    # Before the convolutions that go up stand the dense layers and the reshape to the smallest picture.
    before = len(decoder)
    skips = tuple((before + index, len(down) - 1 - index) for index in range(len(down))) if architecture.skips else ()
    return Plan(
        input_shape=input_shape,
        encoder=tuple(encoder),
        decoder=(*decoder, Reshape(inner), *up),
        code_size=code.size,
        gaussian=gaussian,
        skips=skips,
        classes=classes,
    )


def _dense(sizes: Sequence[int], activation: str) -> list[Layer]:
    return [Dense(inputs, outputs, activation) for inputs, outputs in itertools.pairwise(sizes)]


def _convolutions(architecture: ArchitectureConfig, input_shape: Shape) -> tuple[list[Layer], list[Layer], Shape]:
    size, activation = architecture.kernel_size, architecture.activation
    is_flat = architecture.kind == "conv1d"
    down: list[Layer] = []
    shapes = [input_shape]
    if architecture.full_size_channels:
        shapes = [(architecture.full_size_channels, *input_shape[1:])]
        down.append(Conv2d(input_shape[0], shapes[0], size, activation, stride=1, is_flat=is_flat))
    for channels in architecture.channels:
        _, height, width = shapes[-1]
        # Padding is (k − 1) // 2: an odd filter rounds up, an even one down.
        up_to = size % 2
        shapes.append((channels, height if is_flat else (height + up_to) // 2, (width + up_to) // 2))
    down += [Conv2d(before[0], after, size, activation, is_flat=is_flat) for before, after in itertools.pairwise(shapes)]
    up: list[Layer] = []
    for small, large in zip(shapes[:0:-1], shapes[-2::-1], strict=True):
        # A transposed convolution of stride 2 with this padding gives 2n - 1 pixels, of an even filter 2n; the rest is padded.
        given = size % 2
        padding = (0 if is_flat else large[1] - (2 * small[1] - given), large[2] - (2 * small[2] - given))
        after = architecture.output if large is input_shape else activation
        up.append(ConvTranspose2d(small[0], large, size, padding, after, is_flat=is_flat))
    if architecture.full_size_channels:
        up.append(Conv2d(shapes[0][0], input_shape, size, architecture.output, stride=1, is_flat=is_flat))
    return down, up, shapes[-1]
