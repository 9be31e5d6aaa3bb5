"""The numbers by which a trained network is judged, on images that it never saw."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from aecore.config import RunConfig
from aecore.corruption import corrupt
from aecore.data.loading import Split
from aecore.model import Autoencoder
from aecore.objective import kl_to_standard_normal, reconstruction_term
from aecore.shallow import Network
from aecore.training import evaluation_noise, scaled

_TEST = 4  # a stream of random numbers of its own, beside those of training


@torch.no_grad()
def evaluate(
    model: Network,
    config: RunConfig,
    split: Split,
    poll: Callable[[float], None] = lambda done: None,
    batch_size: int = 250,
) -> dict[str, float]:
    """Test numbers of a model, or of its outermost layers, on a split; `poll` is told the share done (0..1) before each batch.

    - `mse`: mean squared error per pixel, pixels 0..1; `bce`, of pictures: binary cross-entropy per pixel, nats; `mae`, where the
      run made that small: mean absolute error per pixel. All compare the clean image with its reconstruction from the code (the
      mean of a Gaussian code, nothing sampled). If the run was trained with noise, the network is given noisy images here too,
      and `mse_clean_input`, `bce_clean_input` are the same with the clean image as input.
    - for a Gaussian code, `reconstruction` (the run's own reconstruction term with one sampled code an image), `kl` and
      their sum `neg_elbo`, an upper bound of −log p(x): nats an image, summed over pixels and code dimensions, β not
      applied. With squared error, up to the constant of a Gaussian likelihood of variance ½.
    """
    device = next((model if isinstance(model, Autoencoder) else model.model).parameters()).device
    pixel_noise, code_noise = evaluation_noise(config, _TEST, device)
    noisy = config.corruption.kind != "none"
    sums: dict[str, float] = {}

    def add(name: str, value: Tensor, weight: float) -> None:
        sums[name] = sums.get(name, 0.0) + float(value) * weight

    for start in range(0, len(split), batch_size):
        poll(start / len(split))
        images = scaled(split.images[start : start + batch_size], device)
        given = corrupt(images, config.corruption, pixel_noise)
        share = len(images) / len(split)
        for suffix, inputs in (("", given), ("_clean_input", images)) if noisy else (("", given),):
            reconstruction = model.reconstruct(inputs)
            add("mse" + suffix, functional.mse_loss(reconstruction, images), share)
            if config.objective.reconstruction == "mae":
                add("mae" + suffix, functional.l1_loss(reconstruction, images), share)
            if not config.card.is_sequence:  # whose values are no probabilities
                # A linear output can leave 0..1, where the cross-entropy is not defined; torch clips the logarithms at −100.
                add("bce" + suffix, functional.binary_cross_entropy(reconstruction.clamp(0, 1), images), share)
        if isinstance(model, Autoencoder) and config.code.kind == "gaussian":
            output = model(given, code_noise)
            assert output.encoding.log_variance is not None
            add("reconstruction", reconstruction_term(model, output, images, config.objective.reconstruction), share)
            add("kl", kl_to_standard_normal(output.encoding.mean, output.encoding.log_variance), share)
    if config.code.kind == "gaussian":
        sums["neg_elbo"] = sums["reconstruction"] + sums["kl"]
    return sums


@torch.no_grad()
def accuracy(model: Autoencoder, split: Split, batch_size: int = 250) -> float:
    """The share of a split's images whose class the model's classifier names, 0..1, without noise. The model must have one."""
    assert model.classifier is not None
    device = next(model.parameters()).device
    right = 0
    for start in range(0, len(split), batch_size):
        scores = model.classifier(model.encode(scaled(split.images[start : start + batch_size], device)).mean)
        right += int((scores.argmax(dim=1).cpu() == split.labels[start : start + batch_size]).sum())
    return right / len(split)
