"""What training makes small: a reconstruction term and penalties, each a few lines with its formula.

Every term is summed over pixels (or code dimensions) and averaged over the images of a batch, so that batches of any
size and data sets of any length give comparable numbers: nats an image for the Bernoulli likelihood and the KL term.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from aecore.config_sections import ObjectiveConfig
from aecore.model import Autoencoder, Output
from aecore.penalties import contraction, l1, sparse_kl
from aecore.total_correlation import total_correlation


def bernoulli(pixels: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy, −Σ x·log x̂ + (1−x)·log(1−x̂) with x̂ = sigmoid(`pixels`), in nats an image.

    With s = `pixels` this is Σ softplus(s) − x·s, which stays finite for every s. Both arguments (B, …); returns a scalar.
    """
    return (functional.softplus(pixels).sum() - torch.dot(pixels.flatten(), target.flatten())) / len(target)


def squared_error(reconstruction: Tensor, target: Tensor) -> Tensor:
    """Σ (x − x̂)² an image, both (B, …), a scalar.

    Up to a constant this is −log p(x) in nats for a Gaussian likelihood of variance ½ around x̂.
    """
    return functional.mse_loss(reconstruction, target, reduction="sum") / len(target)


def absolute_error(reconstruction: Tensor, target: Tensor) -> Tensor:
    """Σ |x − x̂| an image, both (B, …), a scalar.

    Up to a constant this is −log p(x) in nats for a Laplace likelihood of scale 1 around x̂.
    """
    return functional.l1_loss(reconstruction, target, reduction="sum") / len(target)


def pixel_error(reconstruction: Tensor, target: Tensor, kind: str) -> Tensor:
    """The error named by the configuration where pixels are numbers: `mse` or `mae`."""
    return absolute_error(reconstruction, target) if kind == "mae" else squared_error(reconstruction, target)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = −½ Σ (1 + log σ² − μ² − σ²), nats an image (Kingma & Welling 2014, appendix B).

    Both arguments (B, D); returns a scalar, the mean over B of the sum over D.
    """
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum() / len(mean)


def half_squared_weights(modules: Iterable[nn.Module]) -> Tensor:
    """½ Σ w² over all weights, not the biases (Goodfellow et al. 2016, section 7.1.1)."""
    squares = [
        module.weight.square().sum() for module in modules if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
    ]
    return 0.5 * torch.stack(squares).sum()


def reconstruction_term(model: Autoencoder, output: Output, target: Tensor, kind: str) -> Tensor:
    """The reconstruction term named by the configuration (`bce`, `mse` or `mae`)."""
    if kind == "bce":
        return bernoulli(output.pixels, target)
    return pixel_error(model.activate(output.pixels), target, kind)


def capacity_at(objective: ObjectiveConfig, progress: float) -> float:
    """C in nats after the share `progress` (0..1) of all steps: it rises evenly from 0, then stays (Burgess et al. 2018, 5)."""
    return objective.capacity * min(1.0, progress / objective.capacity_rise)


def terms(
    model: Autoencoder,
    inputs: Tensor,
    output: Output,
    target: Tensor,
    objective: ObjectiveConfig,
    *,
    progress: float,
    data_size: int,
    whole: Tensor | None = None,
) -> dict[str, Tensor]:
    """Every term by its own name, unweighted, and their weighted sum as `loss`; all scalars.

    inputs: what the network was given, target: what it is to answer, both (B, C, H, W). progress: share of all training steps
    that is done, 0..1; data_size: images in the training set; whole: see :func:`~aecore.penalties.sparse_kl`.

    `loss` = reconstruction + penalty + λ·weight_decay, where the penalty of a Gaussian code is

    - β·kl (Kingma & Welling 2014 with β = 1; Higgins et al. 2017, equation 4, with the sign of a loss),
    - γ·|kl − C| with the C of :func:`capacity_at` (Burgess et al. 2018, equation 8), or
    - kl + (β − 1)·total_correlation (Chen et al. 2018, equation 4 with α = γ = 1),

    and that of a vector code is :func:`code_penalties`.
    """
    parts = {"reconstruction": reconstruction_term(model, output, target, objective.reconstruction)}
    loss = parts["reconstruction"]
    mean, log_variance = output.encoding.mean, output.encoding.log_variance
    if log_variance is not None:
        kl = parts["kl"] = kl_to_standard_normal(mean, log_variance)
        match objective.divergence:
            case "kl":
                loss = loss + objective.beta * kl
            case "capacity":
                parts["capacity"] = torch.full_like(kl, capacity_at(objective, progress))
                loss = loss + objective.gamma * (kl - parts["capacity"]).abs()
            case "total-correlation":
                parts["total_correlation"] = total_correlation(output.code, mean, log_variance, data_size)
                loss = loss + kl + (objective.beta - 1) * parts["total_correlation"]
    else:
        activation = getattr(model.plan.encoder[-1], "activation", "linear")
        penalties, weighted = code_penalties(mean, activation, list(model.encoder[1:]), inputs.flatten(1), objective, whole)
        parts |= penalties
        loss = loss + weighted
    if objective.weight_decay:
        parts["weight_decay"] = half_squared_weights([*model.encoder.modules(), *model.decoder.modules()])
        loss = loss + objective.weight_decay * parts["weight_decay"]
    return {"loss": loss, **parts}


def code_penalties(
    code: Tensor,
    activation: str,
    layers: Sequence[nn.Module],
    inputs: Tensor,
    objective: ObjectiveConfig,
    whole: Tensor | None = None,
) -> tuple[dict[str, Tensor], Tensor]:
    """What a vector code costs: its penalties by name, unweighted, and their weighted sum, a scalar.

    - `sparsity`: :func:`~aecore.penalties.sparse_kl` or :func:`~aecore.penalties.l1` of the code (B, D),
    - `contraction`: :func:`~aecore.penalties.contraction` of the dense `layers` that made it from `inputs` (B, I).
    """
    parts: dict[str, Tensor] = {}
    weighted = code.new_zeros(())
    if objective.sparsity != "none":
        is_kl = objective.sparsity == "kl"
        parts["sparsity"] = sparse_kl(code, objective.sparsity_target, activation, whole) if is_kl else l1(code)
        weighted = weighted + objective.sparsity_weight * parts["sparsity"]
    if objective.contractive:
        parts["contraction"] = contraction(layers, inputs)
        weighted = weighted + objective.contractive * parts["contraction"]
    return parts, weighted


_OWN_TERM = {"kl": (), "capacity": ("capacity",), "total-correlation": ("total_correlation",)}


def penalty_names(objective: ObjectiveConfig) -> tuple[str, ...]:
    """The names that :func:`code_penalties` uses, in its order."""
    return (*(("sparsity",) if objective.sparsity != "none" else ()), *(("contraction",) if objective.contractive else ()))


def term_names(gaussian: bool, objective: ObjectiveConfig) -> tuple[str, ...]:
    """The names that :func:`terms` uses, in its order, for a configuration."""
    of_code = ("kl", *_OWN_TERM[objective.divergence]) if gaussian else penalty_names(objective)
    return ("loss", "reconstruction", *of_code, *(("weight_decay",) if objective.weight_decay else ()))
