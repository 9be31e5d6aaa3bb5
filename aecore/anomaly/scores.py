"""The scores by which a network tells anomalies: what its reconstruction misses, and for a VAE what its likelihood says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from aecore.anomaly.score_names import ABSOLUTE, NEG_ELBO, RELATIVE, SQUARED
from aecore.config import RunConfig
from aecore.metrics.latent import kl_each, log_likelihood
from aecore.model import Autoencoder
from aecore.training import random_seed, scaled

Floats = NDArray[np.float32]
Poll = Callable[[float], None]

_DRAWING = 11  # a stream of random numbers of its own, beside those of training and other measurements
_ELBO_SAMPLES = 4
_BATCH = 250


def names_of(config: RunConfig) -> tuple[str, ...]:
    """The scores that a run's network has, the one first that is shown first: of pictures the relative error, of sequences what
    training made small."""
    errors = (ABSOLUTE, SQUARED) if config.objective.reconstruction == "mae" else (SQUARED, ABSOLUTE)
    relative = () if config.card.is_sequence else (RELATIVE,)
    return (*relative, *errors, *((NEG_ELBO,) if config.code.kind == "gaussian" else ()))


@torch.no_grad()
def score(model: Autoencoder, config: RunConfig, images: Tensor, poll: Poll = lambda done: None) -> dict[str, Floats]:
    """The scores (N,) by name of images uint8 or float32 (N, C, H, W); `poll` is told the share done before each batch.

    −ELBO is the mean over a few sampled codes, always the same ones for the same images in the same order. Raises ValueError
    where a score is no finite number.
    """
    names = names_of(config)
    kept: dict[str, list[Tensor]] = {name: [] for name in names}
    generator = torch.Generator().manual_seed(random_seed(config.seed, _DRAWING))
    for start, given in _batches(images):
        poll(start / max(1, len(images)))
        answer = model.reconstruct(given)
        difference = (given - answer).flatten(1)
        kept[SQUARED].append(difference.square().sum(dim=1))
        kept[ABSOLUTE].append(difference.abs().sum(dim=1))
        if RELATIVE in kept:
            kept[RELATIVE].append(relative_error(given, answer))
        if NEG_ELBO in kept:
            kept[NEG_ELBO].append(_neg_elbo(model, given, config.objective.reconstruction, generator))
    found = {name: torch.cat(parts).numpy() if parts else np.zeros(0, np.float32) for name, parts in kept.items()}
    if not all(np.isfinite(each).all() for each in found.values()):
        raise ValueError("Its errors are not finite, as when training has diverged: train again with a smaller learning rate.")
    return found


def relative_error(images: Tensor, answers: Tensor) -> Tensor:
    """Σ (B(x) − B(x̂))² / √(Σ B(x)² + Σ B(x̂)²) of each image, (N,), where B is the mean over the 3×3 pixels around each, outside
    of the picture 0. Both arguments (N, C, H, W). Where both are all 0, so is the error.

    It lies half-way between an absolute and a relative error; found by trial on validation images of MNIST and Fashion-MNIST.
    """
    x, answer = (functional.avg_pool2d(each, 3, stride=1, padding=1).flatten(1) for each in (images, answers))
    size = (x.square().sum(dim=1) + answer.square().sum(dim=1)).sqrt()
    return (x - answer).square().sum(dim=1) / size.clamp_min(torch.finfo(size.dtype).tiny)


@torch.no_grad()
def reconstructions(model: Autoencoder, images: Tensor) -> Floats:
    """What the network makes of images (N, C, H, W): float32, as many."""
    parts = [model.reconstruct(given).numpy() for _, given in _batches(images)]
    return np.concatenate(parts) if parts else np.zeros(tuple(images.shape), np.float32)


def _batches(images: Tensor) -> Iterator[tuple[int, Tensor]]:
    for start in range(0, len(images), _BATCH):
        yield start, scaled(images[start : start + _BATCH], torch.device("cpu"))


def _neg_elbo(model: Autoencoder, given: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """−log p(x | z) + KL(q(z | x) ‖ p(z)) of each image, (N,), the first averaged over sampled codes z."""
    encoding = model.encode(given)
    assert encoding.log_variance is not None
    drawn = (model.decoder(encoding.sample(generator)) for _ in range(_ELBO_SAMPLES))
    likelihood = torch.stack([log_likelihood(model, pixels, given, kind) for pixels in drawn]).mean(dim=0)
    return kl_each(encoding.mean, encoding.log_variance).sum(dim=1) - likelihood
