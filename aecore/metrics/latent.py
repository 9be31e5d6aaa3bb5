"""How a network uses its code, and how likely a VAE finds the pictures: the formulas, on torch tensors.

As everywhere here, sums are over pixels and code numbers, in nats a picture. A likelihood of squared error is that of a
Gaussian of variance ½ without its constant: add −½·P·log π for pictures of P numbers to make it a density.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from aecore.model import Autoencoder, Encoding


def kl_per_dimension(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² − 1 − log σ²) of each code number, averaged over pictures (Kingma & Welling 2014, B).

    Both arguments (N, D); returns (D,), nats.
    """
    return kl_each(mean, log_variance).mean(dim=0)


def kl_each(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The same of each picture: (N, D), nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def variance_of_means(mean: Tensor) -> Tensor:
    """Var over pictures of each number's mean, the A_u of Burda, Grosse & Salakhutdinov (2016), section 5.2. (N, D) to (D,).

    Divides by N: the pictures are the data, not a sample of it.
    """
    return mean.var(dim=0, unbiased=False)


def log_prior(code: Tensor) -> Tensor:
    """log N(z; 0, I), (…, D) to (…,)."""
    return -0.5 * (code.square() + math.log(2 * math.pi)).sum(dim=-1)


def log_posterior(code: Tensor, encoding: Encoding) -> Tensor:
    """log q(z | x) = log N(z; μ, σ²), for codes (S, N, D) and an encoding of N pictures: (S, N)."""
    assert encoding.log_variance is not None
    squared = (code - encoding.mean).square() * torch.exp(-encoding.log_variance)
    return -0.5 * (squared + encoding.log_variance + math.log(2 * math.pi)).sum(dim=-1)


def log_likelihood(model: Autoencoder, pixels: Tensor, images: Tensor, kind: str) -> Tensor:
    """log p(x | z) of each picture: minus the run's reconstruction term (`bce`, `mse` or `mae`), without averaging.

    pixels: the decoder's raw answers (N, C, H, W), before the output activation; images: as many, 0..1. Returns (N,), nats.
    """
    if kind == "bce":
        each = functional.binary_cross_entropy_with_logits(pixels, images, reduction="none")
    else:
        error = functional.l1_loss if kind == "mae" else functional.mse_loss
        each = error(model.activate(pixels), images, reduction="none")
    return -each.flatten(1).sum(dim=1)


@torch.no_grad()
def log_weights(model: Autoencoder, images: Tensor, samples: int, kind: str, generator: torch.Generator) -> Tensor:
    """log p(x, z_s) − log q(z_s | x) for `samples` codes z_s ~ q(z | x) of each picture: (samples, N), nats.

    images: (N, C, H, W), 0..1. The mean over samples estimates the ELBO; see :func:`importance_bound` for more.
    """
    encoding = model.encode(images)
    rows = []
    for _ in range(samples):
        code = encoding.sample(generator)
        likelihood = log_likelihood(model, model.decoder(code), images, kind)
        rows.append(likelihood + log_prior(code) - log_posterior(code[None], encoding)[0])
    return torch.stack(rows)


def importance_bound(weights: Tensor) -> Tensor:
    """log (1/K) Σ_k w_k of each picture, from log w (K, N): (N,), nats.

    Burda, Grosse & Salakhutdinov (2016), equation 8: its expectation is a lower bound of log p(x) that never falls with K and
    reaches it as K → ∞. K = 1 is the ELBO.
    """
    return torch.logsumexp(weights, dim=0) - math.log(len(weights))
