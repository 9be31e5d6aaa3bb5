"""What a stage of training does with a batch: which weights it changes, and what it makes small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from aecore.config import RunConfig
from aecore.corruption import corrupt, corrupt_codes
from aecore.model import Autoencoder
from aecore.noise import PixelNoise
from aecore.objective import (
    bernoulli,
    code_penalties,
    half_squared_weights,
    penalty_names,
    pixel_error,
    reconstruction_term,
    squared_error,
    term_names,
    terms,
)
from aecore.shallow import Network, Shallow
from aecore.stages import Stage

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """What a stage is given: images (B, C, H, W), 0..1, their labels (B,), and where the noise on pixels and codes comes from.

    progress: share of the stage that is done, 0..1. whole: where these images are but a piece of a step, the mean of
    :meth:`Task.code` over all of its images, (D,).
    """

    images: Tensor
    labels: Tensor
    noise: PixelNoise
    code_noise: torch.Generator
    progress: float = 0.0
    whole: Tensor | None = None


class Task(Protocol):
    """One stage at work. `names` are those of :meth:`losses`, in order; the first is `loss`, which is made small."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def network(self) -> Network:
        """What can be shown of it."""
        ...

    def weights(self) -> list[nn.Parameter]:
        """What is trained; nothing else moves."""
        ...

    def code(self, images: Tensor, noise: PixelNoise) -> Tensor:
        """What the penalties are on, (B, D)."""
        ...

    def losses(self, batch: Batch) -> Losses:
        """Every term of a batch by name, all scalars: means over images."""
        ...


def task_of(stage: Stage, model: Autoencoder, config: RunConfig, data_size: int) -> Task:
    """The work of a stage. data_size: images in the training set."""
    match stage.kind:
        case "layer":
            return Layer(Shallow(model, stage.depth), config)
        case "whole":
            return Whole(model, config, data_size)
        case "softmax" | "labels":
            return Classifier(model, stage.kind)


def all_names(config: RunConfig) -> tuple[str, ...]:
    """The names of the terms of all stages of a run, each once, as its metrics have them."""
    whole = term_names(config.code.kind == "gaussian", config.objective)
    stages = [stage.name for stage in config.stages if stage.kind != "whole"]
    return (*whole, *stages, *(("accuracy",) if config.schedule.classifier_epochs else ()))


class Whole:
    """All layers together: :func:`~aecore.objective.terms`."""

    def __init__(self, model: Autoencoder, config: RunConfig, data_size: int) -> None:
        self.network = self.model = model
        self.names = term_names(config.code.kind == "gaussian", config.objective)
        self._config = config
        self._data_size = data_size

    def weights(self) -> list[nn.Parameter]:
        return [*self.model.encoder.parameters(), *self.model.decoder.parameters()]

    def code(self, images: Tensor, noise: PixelNoise) -> Tensor:
        return self.model.encode(corrupt(images, self._config.corruption, noise)).mean

    def losses(self, batch: Batch) -> Losses:
        given = corrupt(batch.images, self._config.corruption, batch.noise)
        return terms(
            self.model,
            given,
            self.model(given, batch.code_noise),
            batch.images,
            self._config.objective,
            progress=batch.progress,
            data_size=self._data_size,
            whole=batch.whole,
        )


class Layer:
    """One layer and its mirror, as an autoencoder of one hidden layer on the codes of the layer below.

    Its loss is named after the layer. Of the first layer it is the run's own reconstruction term; of the others, which answer
    codes, the squared error, or where these are shares (sigmoid) and the run's loss is the cross-entropy, that (Vincent et al.
    2010, section 2.1). Noise is put on what the layer is given, as there in section 3.5; penalties are on what it answers.
    """

    def __init__(self, network: Shallow, config: RunConfig) -> None:
        self.network = network
        objective = config.objective
        self._name = f"layer_{network.depth}"
        decay = ("weight_decay",) if objective.weight_decay else ()
        self.names = ("loss", self._name, *penalty_names(objective), *decay)
        self._config = config
        below, above = config.architecture.activation, config.code.activation
        self._activation = above if network.depth == network.layers else below
        self._shares = objective.reconstruction == "bce" and below == "sigmoid"

    def weights(self) -> list[nn.Parameter]:
        encoder, decoder = self.network.layer
        return [*encoder.parameters(), *decoder.parameters()]

    def code(self, images: Tensor, noise: PixelNoise) -> Tensor:
        encoder, _ = self.network.layer
        code: Tensor = encoder(self._given(images, noise)[1])
        return code

    def _given(self, images: Tensor, noise: PixelNoise) -> tuple[Tensor, Tensor]:
        """What the layer is to answer, and what it is given: the same with noise; both (B, n)."""
        with torch.no_grad():
            target = self.network.below(images)
            with_noise = corrupt if self.network.depth == 1 else corrupt_codes
            return target, with_noise(target, self._config.corruption, noise)

    def losses(self, batch: Batch) -> Losses:
        encoder, decoder = self.network.layer
        objective, is_first = self._config.objective, self.network.depth == 1
        target, given = self._given(batch.images, batch.noise)
        code = encoder(given)
        answer = decoder(code)
        if is_first:
            error = self._pixels(answer, target)
        elif self._shares:
            error = functional.binary_cross_entropy(answer, target, reduction="sum") / len(target)
        else:
            error = squared_error(answer, target)
        penalties, weighted = code_penalties(code, self._activation, [encoder], given, objective, batch.whole)
        parts = {self._name: error, **penalties}
        loss = error + weighted
        if objective.weight_decay:
            parts["weight_decay"] = half_squared_weights([*encoder.modules(), *decoder.modules()])
            loss = loss + objective.weight_decay * parts["weight_decay"]
        return {"loss": loss, **parts}

    def _pixels(self, raw: Tensor, target: Tensor) -> Tensor:
        if self._config.objective.reconstruction == "bce":
            return bernoulli(raw, target)
        return pixel_error(self.network.model.activate(raw), target, self._config.objective.reconstruction)


class Classifier:
    """A softmax on the code: alone (`softmax`), or together with the encoder (`labels`). The cross-entropy, nats an image."""

    def __init__(self, model: Autoencoder, name: str) -> None:
        assert model.classifier is not None
        self.network = self.model = model
        self.names = ("loss", name, "accuracy")
        self._head = model.classifier
        self._name = name
        self._is_frozen = name == "softmax"

    def weights(self) -> list[nn.Parameter]:
        encoder: Iterable[nn.Parameter] = () if self._is_frozen else self.model.encoder.parameters()
        return [*encoder, *self._head.parameters()]

    def code(self, images: Tensor, noise: PixelNoise) -> Tensor:
        return self.model.encode(images).mean

    def losses(self, batch: Batch) -> Losses:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self._is_frozen):
            code = self.model.encode(batch.images).mean
        scores = self._head(code)
        loss = functional.cross_entropy(scores, batch.labels)
        return {"loss": loss, self._name: loss, "accuracy": (scores.argmax(dim=1) == batch.labels).float().mean()}


def reconstruction_of(network: Network, images: Tensor, given: Tensor, kind: str, code_noise: torch.Generator) -> Tensor:
    """The reconstruction term (`bce`, `mse` or `mae`), summed over pixels and averaged over images, of what a network shows.

    As in a stage that trains it: that of a whole network with a Gaussian code samples it.
    """
    if isinstance(network, Autoencoder):
        return reconstruction_term(network, network(given, code_noise), images, kind)
    answer = network.reconstruct(given)
    if kind == "bce":
        return functional.binary_cross_entropy(answer.clamp(0, 1), images, reduction="sum") / len(images)
    return pixel_error(answer, images, kind)
