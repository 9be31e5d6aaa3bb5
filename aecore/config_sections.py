"""The settings of a run, section by section: each field with its title, its explanation and its bounds.

Pages, messages and the command line's help read them from here, so that they cannot disagree.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Activation = Literal["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid"]
CodeActivation = Literal["linear", "relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid"]


def _whole_numbers(value: object) -> object:
    """Accept «512-256», «512,256» and «512 256» for a list of layer sizes, as typed in a field, a URL or a shell."""
    if not isinstance(value, str):
        return value
    return [part for part in re.split(r"[\s,;x\[\]()-]+", value.strip()) if part]


def _or_none(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() in {"", "none", "all"} else value


def _number(value: object) -> object:
    """A choice between numbers is a number also where it was typed or came in a URL: pydantic would want exactly the 5."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,4}\s*", value) else value


def _dropout_is_masking(value: object) -> object:
    return "masking" if value == "dropout" else value


NOISE_KINDS = ("gaussian", "masking", "patches", "salt-and-pepper")
"""The kinds of noise that there are; `mixed` draws from these."""

Units = Annotated[int, Field(ge=1, le=4096)]
Channels = Annotated[int, Field(ge=1, le=256)]


class Section(BaseModel):
    """A group of settings: cannot be changed once made, knows no others, and holds no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class DataConfig(Section):
    """Which images are learned from."""

    name: str = Field("digits", max_length=100, title="Data", description="The set of images to learn from.")
    resolution: Annotated[Literal[28, 32, 64] | None, BeforeValidator(_or_none), BeforeValidator(_number)] = Field(
        None, title="Image size", description="Pixels a side, for data that comes in several sizes."
    )
    factor_steps: Annotated[tuple[int, ...] | None, BeforeValidator(_whole_numbers), BeforeValidator(_or_none)] = Field(
        None,
        title="Factor steps",
        description="Of Shapes: how many values of shape, scale, rotation, x and y there are, e.g. 3-6-40-32-32 (all of them). 1 "
        "holds a factor fixed.",
    )
    classes: Annotated[tuple[int, ...] | None, BeforeValidator(_whole_numbers), BeforeValidator(_or_none)] = Field(
        None,
        title="Classes",
        description="Learn from images of these classes only, e.g. 5-6-7-8-9, counted from 0. An epoch of pictures has as many "
        "as if all classes were equally frequent.",
    )
    train_images: Annotated[int | None, BeforeValidator(_or_none)] = Field(
        None,
        ge=10,
        le=1_000_000,
        title="Training images",
        description="Use only the first so many. With few, watch the validation curve part from the training curve.",
    )


class ArchitectureConfig(Section):
    """The encoder's layers; the decoder mirrors them."""

    kind: Literal["dense", "conv2d", "conv1d"] = Field(
        "dense",
        title="Architecture",
        description="Dense: every unit sees every pixel, or time step. Convolutional: small filters slide over the picture, or "
        "in one dimension (conv1d) along a sequence.",
    )
    hidden: Annotated[tuple[Units, ...], BeforeValidator(_whole_numbers)] = Field(
        (),
        max_length=8,
        title="Hidden layers",
        description="Units of each dense layer between picture and code, e.g. 512-256. The decoder has them in reverse.",
    )
    channels: Annotated[tuple[Channels, ...], BeforeValidator(_whole_numbers)] = Field(
        (16, 32),
        min_length=1,
        max_length=8,
        title="Convolution channels",
        description="Filters of each convolution, e.g. 16-32. Each halves the picture's height and width, or a sequence's "
        "length.",
    )
    full_size_channels: int = Field(
        0,
        ge=0,
        le=64,
        title="Full-size channels",
        description="Filters of a convolution before the first halving, and of one after the last doubling, at the picture's own "
        "size: for fine detail. 0: none. Convolutional only.",
    )
    kernel_size: Annotated[Literal[3, 4, 5, 7, 9], BeforeValidator(_number)] = Field(
        3,
        title="Filter size",
        description="Height and width of each filter in pixels, or its length in time steps. Convolutional only.",
    )
    activation: Activation = Field(
        "relu", title="Activation", description="The non-linearity after every layer but the code and the output."
    )
    tied: bool = Field(
        False,
        title="Tied weights",
        description="The decoder uses the encoder's weights, transposed: half the parameters. Dense only.",
    )
    skips: bool = Field(
        False,
        title="Skip connections",
        description="Each layer of the decoder also gets what the encoder had at that size, added to its own (Mao et al. 2016). "
        "Fine detail then passes around the code. Convolutional only.",
    )
    output: Literal["sigmoid", "linear"] = Field(
        "sigmoid",
        title="Output",
        description="Sigmoid keeps every reconstructed pixel between 0 and 1; linear leaves it free (squared error only).",
    )


class CodeConfig(Section):
    """The numbers in the middle, that each picture is squeezed into."""

    kind: Literal["vector", "gaussian"] = Field(
        "vector",
        title="Code",
        description="Vector: one point for each picture. Gaussian: a mean and a variance, sampled while training (a VAE).",
    )
    size: int = Field(32, ge=1, le=4096, title="Code size", description="How many numbers a picture is squeezed into.")
    activation: CodeActivation = Field(
        "linear", title="Code activation", description="The non-linearity of the code itself. A Gaussian code has none."
    )
    top_k: Annotated[int | None, BeforeValidator(_or_none)] = Field(
        None,
        ge=1,
        le=4096,
        title="Largest kept (k)",
        description="k-sparse: of each picture's code only the k largest numbers are kept, the others are 0 (Makhzani & Frey "
        "2014). Empty: all are kept.",
    )


class CorruptionConfig(Section):
    """Noise added to the input while training; the target stays clean (Vincent et al. 2010)."""

    kind: Annotated[
        Literal["none", "gaussian", "masking", "patches", "salt-and-pepper", "mixed"], BeforeValidator(_dropout_is_masking)
    ] = Field(
        "none",
        title="Noise",
        description="Gaussian adds a random number to each pixel; masking (dropout) turns pixels black; patches turns squares "
        "black; salt-and-pepper turns pixels black or white; mixed takes one of the four for each image.",
    )
    level: float = Field(
        0.3,
        ge=0,
        le=1,
        title="Noise level",
        description="Gaussian: the standard deviation σ (pixels are 0 to 1). The others: the share p of pixels hit.",
    )
    level_from: Annotated[float | None, BeforeValidator(_or_none)] = Field(
        None,
        ge=0,
        le=1,
        title="Lowest noise level",
        description="Makes a range: each image gets a level of its own between this and the noise level, so that one network "
        "learns to serve them all.",
    )

    @model_validator(mode="after")
    def _range_goes_up(self) -> Self:
        if self.level_from is not None and self.level_from > self.level:
            raise ValueError(
                f"The lowest noise level, {self.level_from:g}, is above the noise level, {self.level:g}: exchange the two."
            )
        return self

    @property
    def words(self) -> str:
        """The noise in a few words: “gaussian 0.5”, “mixed 0 to 1”, “none”."""
        if self.kind == "none":
            return "none"
        lowest = "" if self.level_from is None else f"{self.level_from:g} to "
        return f"{self.kind} {lowest}{self.level:g}"


class ObjectiveConfig(Section):
    """What training makes small."""

    reconstruction: Literal["bce", "mse", "mae"] = Field(
        "bce",
        title="Loss",
        description="Binary cross-entropy reads a pixel as a probability, squared and absolute error as a number; the absolute "
        "error minds single large deviations less. Summed over pixels, or time steps.",
    )
    divergence: Literal["kl", "capacity", "total-correlation"] = Field(
        "kl",
        title="Regulariser",
        description="How a Gaussian code is held to its prior. KL: β·KL (VAE, β-VAE). Capacity: γ·|KL − C| with a C that rises "
        "(Burgess et al. 2018). Total correlation: KL + (β − 1)·TC, which asks for independent numbers only (β-TCVAE, Chen et "
        "al. 2018).",
    )
    beta: float = Field(
        1.0,
        ge=0,
        le=1000,
        title="β",
        description="Weight of the KL divergence between codes and prior: 1 is the VAE, more is the β-VAE. For total "
        "correlation: its weight.",
    )
    capacity: float = Field(
        25.0,
        ge=0,
        le=1000,
        title="Capacity C",
        description="Nats that the code may carry in the end; C rises from 0 to there. For the capacity regulariser only.",
    )
    gamma: float = Field(
        100.0,
        ge=0,
        le=10_000,
        title="γ",
        description="Weight of the distance between KL and C. For the capacity regulariser only.",
    )
    capacity_rise: float = Field(
        0.5,
        gt=0,
        le=1,
        title="Rise of C",
        description="Share of the training in which C rises to its end. For the capacity regulariser only.",
    )
    sparsity: Literal["none", "kl", "l1"] = Field(
        "none",
        title="Sparsity",
        description="What keeps most of the code's units silent. KL: the mean activation of each unit is drawn to ρ. L1: the sum "
        "of all activations is a cost.",
    )
    sparsity_target: float = Field(
        0.05,
        gt=0,
        lt=1,
        title="ρ",
        description="Mean activation that each unit is drawn to: 0.05 means active for about every twentieth picture. KL only.",
    )
    sparsity_weight: float = Field(
        0.5, ge=0, le=1000, title="Sparsity weight", description="What the sparsity term counts beside the reconstruction."
    )
    contractive: float = Field(
        0.0,
        ge=0,
        le=1000,
        title="Contraction",
        description="λ of the penalty λ·‖∂code/∂picture‖²: small changes of the picture shall not move the code (Rifai et al. "
        "2011). 0: none.",
    )
    weight_decay: float = Field(
        0.0,
        ge=0,
        le=10,
        title="Weight decay",
        description="λ of the penalty ½·λ·(sum of squared weights), added to the loss.",
    )

    @property
    def unit(self) -> str:
        """What the reconstruction is counted in."""
        return {"bce": "nats", "mse": "squared error", "mae": "absolute error"}[self.reconstruction]

    @property
    def kl_weight(self) -> float:
        """What the KL of a single picture counts: β, or 1 where the regulariser is one of whole batches."""
        return self.beta if self.divergence == "kl" else 1.0

    @property
    def words(self) -> str:
        """What holds a Gaussian code to its prior, in one sentence; "" for the plain VAE."""
        if self.divergence == "capacity":
            return f"Its KL is held at a capacity C that rose to {self.capacity:g} nats (γ = {self.gamma:g})."
        if self.beta == 1:
            return ""
        part = "KL term" if self.divergence == "kl" else "total correlation"
        return f"Its {part} weighs β = {self.beta:g}."


class OptimizerConfig(Section):
    """How the weights follow the gradient."""

    kind: Literal["adam", "adamw", "sgd", "lbfgs"] = Field(
        "adam",
        title="Optimizer",
        description="Adam and AdamW adapt the step of each weight; SGD uses one step for all, with momentum. L-BFGS is the "
        "classic for small data: each step sees all images and searches along a line, so an epoch is one step.",
    )
    learning_rate: float = Field(
        1e-3, gt=0, le=10, title="Learning rate", description="Length of each step. Too small is slow; too large diverges."
    )
    schedule: Literal["constant", "cosine", "one-cycle"] = Field(
        "constant",
        title="Learning-rate schedule",
        description="Constant; cosine: falls smoothly to 0; one-cycle: rises for the first 30 % of training, then falls to 0.",
    )
    momentum: float = Field(0.9, ge=0, lt=1, title="Momentum", description="Share of the last step kept in the next. SGD only.")
    decoupled_decay: float = Field(
        0.01,
        ge=0,
        le=1,
        title="Decoupled weight decay",
        description="AdamW shrinks every weight by this times the learning rate at each step, apart from the loss. AdamW only.",
    )


class ScheduleConfig(Section):
    """What is trained when."""

    kind: Literal["joint", "greedy"] = Field(
        "joint",
        title="Schedule",
        description="All layers at once, or greedy: each layer first, as an autoencoder of one hidden layer on the codes of the "
        "layer below, the others frozen; then all together (Bengio et al. 2007; with noise: Vincent et al. 2010).",
    )
    layer_epochs: int = Field(
        10, ge=1, le=500, title="Epochs a layer", description="How long each layer is trained by itself. Greedy only."
    )
    classifier_epochs: int = Field(
        0,
        ge=0,
        le=500,
        title="Epochs with labels",
        description="After all else: so many epochs of a softmax classifier on the frozen code, and as many of it and the "
        "encoder together. 0: no labels are used.",
    )
