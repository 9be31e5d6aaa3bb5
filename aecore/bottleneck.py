"""The same data through codes of different sizes: what is lost, what it takes to store, and who learns to copy.

Each arm at each size is a network of its own, trained with :class:`~aecore.training.Trainer` (PCA: solved). They are made for
comparing sizes, not for the best error: each is trained so many epochs, with the settings of its arm at that size
(:func:`config_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aecore.bottleneck_results import (
    ARMS,
    HIDDEN,
    KEPT,
    LARGEST,
    SPARSE_FROM,
    Arm,
    Bottleneck,
    BottleneckPoint,
    check_amount,
    data_of,
    wanted,
)
from aecore.config import RunConfig
from aecore.data.loading import Dataset
from aecore.metrics.picture_quality import decibels
from aecore.principal_components import PrincipalComponents
from aecore.training import Trainer, random_seed, scaled

Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, in words; what it raises ends the work."""
Floats = NDArray[np.float32]

LEVELS = 256
"""8 bits a number."""

_SHUFFLE = 8  # a stream of random numbers of its own
_VARIES = 0.1  # standard deviation over the training images of a pixel that counts as one that varies
_RANGE_IMAGES = 10_000  # training images whose codes say in which range they lie
_QUANTILES = (0.001, 0.999)
_BATCH = 500

_SQUARED = {"objective.reconstruction": "mse", "optimizer.schedule": "one-cycle"}
_LINEAR = _SQUARED | {"architecture.output": "linear", "optimizer.learning_rate": 1e-2, "batch_size": 32}
_HIDDEN = _SQUARED | {"architecture.hidden": (HIDDEN,), "architecture.activation": "gelu", "optimizer.learning_rate": 3e-3}
_WIDE = _SQUARED | {"architecture.output": "linear", "code.activation": "relu", "optimizer.learning_rate": 1e-3, "batch_size": 64}


def config_of(arm: Arm, size: int, data: str, epochs: int, seed: int) -> RunConfig:
    """The configuration of a network, of any arm but PCA. Raises ConfigError.

    - linear: no hidden layer, nothing but sums, weights not tied, squared error: it can be no better than PCA and finds it.
    - autoencoder: a hidden layer of :data:`HIDDEN` GELUs on each side. From as many numbers on there is none, or that
      layer would be the bottleneck; the code itself has ReLUs then.
    - sparse: as the autoencoder of that size, but of each picture's code only the :data:`KEPT` largest numbers are kept.
    """
    settings = _LINEAR if arm == "linear" else _HIDDEN if size < SPARSE_FROM else _WIDE
    if arm == "sparse":
        settings = settings | {"code.top_k": min(KEPT, size)}
    pictures = data_of(data)
    chosen = {"data.name": pictures.name, "data.resolution": pictures.resolution, "code.size": size, "epochs": epochs}
    return RunConfig().with_settings(settings | chosen | {"seed": seed})


def measure(
    dataset: Dataset,
    sizes: Sequence[int],
    epochs: int,
    seed: int = 0,
    poll: Poll = lambda done, what: None,
    found: Callable[[Bottleneck], None] = lambda study: None,
) -> Bottleneck:
    """Train and measure all points; `found` is told the study so far after each, and before the first.

    dataset: that of :func:`~aecore.bottleneck_results.data_of`. Raises ConfigError for epochs or a seed that cannot be,
    ValueError for such sizes and for more work than a study may be, and :class:`~aecore.training.DivergedError`.
    """
    if not sizes or not all(1 <= size <= LARGEST for size in sizes):
        raise ValueError(f"Code sizes must lie between 1 and {LARGEST:,}: name some, e.g. 2-8-32.")
    check_amount(dataset.card.name, epochs)
    name, images = dataset.card.name, dataset.train.images
    pixels = images[0].numel()
    todo = wanted(sizes, pixels)
    for arm, size in todo:
        if arm != "pca":
            config_of(arm, size, name, epochs, seed)  # what cannot be is said before anything is trained
    study = Bottleneck(name, epochs, seed, len(images), len(dataset.test), pixels, (), tuple(sorted(set(sizes))))
    found(study)
    poll(0.0, "Principal components")
    components = PrincipalComponents.fit(images.numpy())
    pictures = _Pictures.of(dataset, seed)
    costs = [_cost(arm, size, pixels) for arm, size in todo]
    for index, (arm, size) in enumerate(todo):

        def tell(done: float, index: int = index, arm: Arm = arm, size: int = size) -> None:
            poll((sum(costs[:index]) + done * costs[index]) / sum(costs), f"{ARMS[arm]}, {size:,} numbers")

        tell(0.0)
        if arm == "pca":
            coder = _principal(components, size, tuple(images.shape[1:]))
        else:
            coder = _trained(config_of(arm, size, name, epochs, seed), dataset, tell)
        study = replace(study, points=(*study.points, pictures.point(coder, arm, size)))
        found(study)
    return study


def _cost(arm: Arm, size: int, pixels: int) -> float:
    """How long a point takes, roughly, in arbitrary units."""
    if arm == "pca":
        return 50.0
    return 300.0 + (size if arm == "linear" else 256 + size)


@dataclass(frozen=True)
class Coder:
    """Pictures (N, C, H, W), 0..1, to codes (N, D), and back. `kept`: how many numbers of a code are not 0, at most."""

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    kept: int


def _principal(components: PrincipalComponents, size: int, shape: tuple[int, ...]) -> Coder:
    mean, rows = torch.from_numpy(components.mean), torch.from_numpy(components.components[:size].copy())
    return Coder(
        lambda images: (images.flatten(1) - mean) @ rows.T,
        lambda codes: (codes @ rows + mean).reshape(-1, *shape),
        size,
    )


def _trained(config: RunConfig, dataset: Dataset, tell: Callable[[float], None]) -> Coder:
    trainer = Trainer(config, dataset)
    for step in trainer.run():
        tell(step / trainer.total_steps)
    trainer.read_losses()
    model = trainer.model.to("cpu").eval()
    return Coder(lambda images: model.encode(images).mean, model.decode, config.code.top_k or config.code.size)


@dataclass(frozen=True)
class Quantiser:
    """Uniform rounding of code numbers to 256 levels between `low` and `high` (D,); a 0 that was not kept stays 0."""

    low: Floats
    high: Floats
    sparse: bool

    @classmethod
    def of(cls, codes: Floats, sparse: bool = False) -> Quantiser:
        """Each number's range: its 0.1 % and 99.9 % quantiles over codes (N, D); of a sparse code over those that are not 0."""
        if not sparse:
            low, high = np.quantile(codes, _QUANTILES, axis=0)
            return cls(low.astype(np.float32), high.astype(np.float32), sparse)
        ranges = [np.quantile(used, _QUANTILES) if len(used := column[column != 0]) else (0.0, 0.0) for column in codes.T]
        low, high = np.array(ranges, np.float32).T
        return cls(low, high, sparse)

    def rounded(self, codes: Floats) -> Floats:
        """The codes (N, D) as they are read back."""
        step = (self.high - self.low) / (LEVELS - 1)
        level = np.rint((np.clip(codes, self.low, self.high) - self.low) / np.where(step > 0, step, 1))
        found = (self.low + level * step).astype(np.float32)
        return np.where(codes == 0, np.float32(0), found) if self.sparse else found


def stored_bytes(size: int, kept: int) -> float:
    """What a code of `size` numbers takes at 8 bits each, bytes. Where only `kept` are not 0, those, and which they are: their
    places, or a bit for each number, whichever is less."""
    if kept == size:
        return float(size)
    return (8 * kept + min(kept * ceil(log2(size)), size)) / 8


@dataclass(frozen=True)
class _Pictures:
    """What coders are measured on: uint8 training images, test pictures and those with shuffled pixels, 0..1."""

    train: Tensor
    test: Tensor
    noise: Tensor

    @classmethod
    def of(cls, dataset: Dataset, seed: int) -> _Pictures:
        """The pixels are shuffled among those that vary: no network needs more than its biases for the others."""
        train, test = dataset.train.images[:_RANGE_IMAGES], scaled(dataset.test.images, torch.device("cpu"))
        varies = (scaled(train, torch.device("cpu")).flatten(1).std(0, correction=0) > _VARIES).numpy()
        flat = test.flatten(1).numpy().copy()
        flat[:, varies] = np.random.default_rng(random_seed(seed, _SHUFFLE)).permuted(flat[:, varies], axis=1)
        return cls(train, test, torch.from_numpy(flat).view_as(test))

    @torch.no_grad()
    def point(self, coder: Coder, arm: Arm, size: int) -> BottleneckPoint:
        """Measure a coder."""
        codes = [coder.encode(scaled(part, torch.device("cpu"))).numpy() for part in torch.split(self.train, _BATCH)]
        quantiser = Quantiser.of(np.concatenate(codes), sparse=coder.kept < size)
        quantised = self._error(self.test, coder, quantiser)
        return BottleneckPoint(
            arm=arm,
            size=size,
            mse=self._error(self.test, coder),
            psnr=float(decibels(np.float64(quantised))),  # type: ignore[arg-type]
            bytes_per_image=stored_bytes(size, coder.kept),
            noise_mse=self._error(self.noise, coder),
        )

    def _error(self, images: Tensor, coder: Coder, quantiser: Quantiser | None = None) -> float:
        """Mean squared error per pixel over images (N, C, H, W)."""
        total = 0.0
        for part in torch.split(images, _BATCH):
            codes = coder.encode(part)
            if quantiser is not None:
                codes = torch.from_numpy(quantiser.rounded(codes.numpy()))
            total += float((coder.decode(codes) - part).double().square().sum())
        return total / images.numel()
