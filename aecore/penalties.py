"""Penalties on a vector code: sparsity and contraction. Each is a few lines with its formula and its source."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_LEAST = 1e-6  # mean activations are kept so far from the ends of their range, where the logarithms end


def sparse_kl(activations: Tensor, target: float, activation: str, whole: Tensor | None = None) -> Tensor:
    """Σ_j KL(ρ ‖ ρ̂_j) = Σ_j ρ·log(ρ/ρ̂_j) + (1−ρ)·log((1−ρ)/(1−ρ̂_j)), nats, a scalar (Ng 2011, "Sparse autoencoder").

    ρ̂_j is the mean of unit j over the batch, taken first, as a share of the range of `activation`: of a sigmoid the mean
    itself, of tanh (mean + 1)/2. activations: (B, D); target: ρ, 0..1. Where they are but a piece of the batch, `whole` is the
    mean of all of it, (D,): the penalty then is that of the whole batch, and so is the sum of the pieces' gradients, each
    weighted with its share of the images. Raises ValueError for an activation without a range.
    """
    mean = activations.mean(dim=0)
    if whole is not None:
        mean = whole + (mean - mean.detach())
    if activation == "tanh":
        mean = (mean + 1) / 2
    elif activation != "sigmoid":
        raise ValueError(f"The mean of “{activation}” is no share of a range.")
    mean = mean.clamp(_LEAST, 1 - _LEAST)
    silent, rho = 1 - mean, torch.as_tensor(target, dtype=mean.dtype, device=mean.device)
    return (torch.xlogy(rho, rho / mean) + torch.xlogy(1 - rho, (1 - rho) / silent)).sum()


def l1(activations: Tensor) -> Tensor:
    """Σ_j |h_j| an image, a scalar: (B, D) summed over D, averaged over B (Goodfellow et al. 2016, section 14.2.1)."""
    return activations.abs().sum() / len(activations)


def contraction(layers: Sequence[nn.Module], inputs: Tensor) -> Tensor:
    """‖∂h/∂x‖² an image: the squared Frobenius norm of the Jacobian of dense layers, averaged over the batch, a scalar.

    Rifai et al. (2011), "Contractive auto-encoders", equation 2; for one layer of sigmoids this is their
    Σ_j (h_j(1−h_j))² Σ_i W_ji², and for several it is exact too, not an estimate.
    layers: each an `nn.Linear`, or an `nn.Sequential` of one and what works on its numbers one by one.
    inputs: (B, I), what the first layer is given. Only the layers get gradients, not the inputs.
    """
    numbers = inputs.detach()
    slopes: list[Tensor] = []  # (B, outputs) of each layer: the derivative of what follows its product
    weights: list[Tensor] = []
    for layer in layers:
        linear, after = (layer[0], layer[1:]) if isinstance(layer, nn.Sequential) else (layer, nn.Sequential())
        assert isinstance(linear, nn.Linear)
        product = linear(numbers)
        if not product.requires_grad:
            product.requires_grad_()  # where nobody trains, as in a validation
        with torch.enable_grad():
            numbers = after(product)
            # What follows works on each number by itself, so the gradient of the sum is the derivative of each. (Of those
            # that top-k keeps; the choice itself has none.)
            (slope,) = torch.autograd.grad(numbers.sum(), product, create_graph=True)
        slopes.append(slope)
        weights.append(linear.weight)
    # From the code down: (B, D, n) tells what each code number owes to each unit. The first layer's weights are as long as the
    # picture, and are only needed in products with each other: ‖A·W‖² = Σ A ∘ (A·W·Wᵀ).
    owes = torch.diag_embed(slopes[-1]) if len(layers) > 1 else None
    for weight, slope in zip(weights[:0:-1], slopes[-2::-1], strict=True):
        assert owes is not None
        owes = (owes @ weight) * slope[:, None, :]
    first = weights[0]
    if owes is None:
        return (slopes[0].square() @ first.square().sum(dim=1)).sum() / len(inputs)
    return (owes * (owes @ (first @ first.t()))).sum() / len(inputs)
