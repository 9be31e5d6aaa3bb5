"""Measure how a run uses its code and how likely it finds test pictures: see :class:`~aecore.latent_numbers.LatentNumbers`."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from aecore.checkpoint import load_model
from aecore.config import RunConfig
from aecore.data.loading import Split
from aecore.evaluation import evaluate
from aecore.latent_numbers import Bound, LatentNumbers, digest
from aecore.metrics.latent import importance_bound, kl_per_dimension, log_weights, variance_of_means
from aecore.model import Autoencoder, Encoding
from aecore.runs import Run
from aecore.training import random_seed, scaled

Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, at every batch."""

_BROKEN = "The weights of this network have grown beyond all bounds: there is nothing to measure. Train it again."
_BOUND = 6  # a stream of random numbers of its own, beside those of training, evaluation and painting
_BATCH = 250
_ENCODING_SHARE = 0.3  # of the time, roughly


def measure(
    run: Run,
    test: Split,
    *,
    samples: int = 100,
    bound_images: int = 500,
    poll: Poll = lambda done, what: None,
    path: Path | None = None,
) -> LatentNumbers:
    """Measure on all of `test`; the bound with up to `samples` codes for each of its first `bound_images` pictures.

    path: of the weights, where they are not those of the finished run. The numbers are the same at every call. Raises what
    :func:`~aecore.checkpoint.load_model` does, and ValueError where `samples` or `bound_images` is less than 1 or the network
    answers with numbers that are not finite.
    """
    if samples < 1 or bound_images < 1:
        raise ValueError("At least one sample and one picture are needed to estimate a likelihood.")
    path = path or run.model_path
    config, weights = run.config, digest(path.read_bytes()) if path.is_file() else ""
    model = load_model(run, path=path)
    if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
        raise ValueError(_BROKEN)
    gaussian = config.code.kind == "gaussian"
    share = _ENCODING_SHARE if gaussian else 1.0
    clean = config.with_settings({"corruption.kind": "none"})  # of a denoising network too: what is measured is its code
    numbers = evaluate(model, clean, test, lambda done: poll(share * done / 2, "Reconstructing test pictures"))
    encoding = _encode(model, test, lambda done: poll(share * (1 + done) / 2, "Encoding test pictures"))
    chosen = test.take(bound_images)
    bounds = _bounds(model, config, chosen, samples, share, poll) if gaussian else ()
    kl = None if encoding.log_variance is None else kl_per_dimension(encoding.mean, encoding.log_variance)
    if not math.isfinite(sum([*numbers.values(), float(encoding.mean.sum()), *(bound.mean for bound in bounds)])):
        raise ValueError(_BROKEN)
    return LatentNumbers(
        images=len(test),
        mse=numbers["mse"],
        variance=tuple(variance_of_means(encoding.mean).tolist()),
        kl=None if kl is None else tuple(kl.tolist()),
        reconstruction=numbers.get("reconstruction"),
        neg_elbo=numbers.get("neg_elbo"),
        bounds=bounds,
        bound_images=len(chosen) if bounds else 0,
        step=run.status.step,
        weights=weights,
    )


@torch.no_grad()
def _encode(model: Autoencoder, split: Split, poll: Callable[[float], None]) -> Encoding:
    """The clean pictures' codes, in double precision: sums over ten thousand of them are taken."""
    means: list[Tensor] = []
    log_variances: list[Tensor] = []
    for start in range(0, len(split), _BATCH):
        poll(start / len(split))
        encoding = model.encode(scaled(split.images[start : start + _BATCH], torch.device("cpu")))
        means.append(encoding.mean.double())
        if encoding.log_variance is not None:
            log_variances.append(encoding.log_variance.double())
    return Encoding(torch.cat(means), torch.cat(log_variances) if log_variances else None)


def _bounds(model: Autoencoder, config: RunConfig, split: Split, samples: int, start_at: float, poll: Poll) -> tuple[Bound, ...]:
    """The bound for 1, 2, 5, 10, … and `samples` codes a picture: all from the same codes, so that the curve shows K alone."""
    steps = [factor * 10**power for power in range(6) for factor in (1, 2, 5)]
    counts = [*(count for count in steps if count < samples), samples]
    generator = torch.Generator().manual_seed(random_seed(config.seed, _BOUND))
    found: dict[int, list[Tensor]] = {count: [] for count in counts}
    size = max(1, min(_BATCH, len(split)))
    for start in range(0, len(split), size):
        images = scaled(split.images[start : start + size], torch.device("cpu"))
        rows: list[Tensor] = []
        while len(rows) < samples:
            done = (start + size * len(rows) / samples) / len(split)
            poll(start_at + (1 - start_at) * min(1.0, done), "Estimating the likelihood")
            rows += log_weights(model, images, min(20, samples - len(rows)), config.objective.reconstruction, generator).double()
        weights = torch.stack(rows)
        for count in counts:
            found[count].append(importance_bound(weights[:count]))
    return tuple(_bound(count, torch.cat(parts)) for count, parts in found.items())


def _bound(samples: int, values: Tensor) -> Bound:
    error = float(values.std() / len(values) ** 0.5) if len(values) > 1 else 0.0
    return Bound(samples, float(values.mean()), error)
