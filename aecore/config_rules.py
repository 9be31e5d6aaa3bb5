"""What settings of a run must not be together: each rule raises ValueError with a sentence that says what to change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aecore.data.catalogue import Card
from aecore.data.shape_grid import Grid

if TYPE_CHECKING:
    from aecore.config import RunConfig

MAX_PARAMETERS = 20_000_000
"""A network of this size trains, slowly, on one core and saves in under a second; beyond it one run would starve a class."""

MAX_ACTIVATIONS = 150_000_000
"""Numbers that one batch may make in all layers together: 0.6 GB, and as much again for their gradients."""

LEAST_EXAMPLES = 10
"""With fewer there is nothing to be learned that would hold for others."""

LBFGS_HISTORY = 20
"""Steps that L-BFGS remembers: a rule of thumb is 3 to 20 (Nocedal & Wright 2006, section 7.2)."""

MAX_LBFGS_PARAMETERS = 5_000_000
"""A step and the change of its gradient are remembered for every parameter: 0.8 GB."""

BOUNDED = ("sigmoid", "tanh")
"""Activations whose range has two ends, so that a mean activation can be said to be a share of it."""


def check(config: RunConfig, chosen: Card) -> None:
    """All rules; `chosen` is the card of the run's data."""
    for rule in (
        _network,
        _examples,
        _convolutions,
        _data,
        _divergence,
        _code,
        _sparsity,
        _contraction,
        _schedule,
        _lbfgs,
        _size,
    ):
        rule(config, chosen)


def _network(config: RunConfig, chosen: Card) -> None:
    architecture = config.architecture
    if config.objective.reconstruction == "bce" and architecture.output != "sigmoid":
        raise ValueError(
            "Binary cross-entropy needs reconstructed pixels between 0 and 1: set the output to sigmoid, or the loss to mse."
        )
    if config.code.kind == "gaussian" and config.code.activation != "linear":
        raise ValueError("A Gaussian code has no activation of its own: set code.activation to linear.")
    if architecture.tied and architecture.kind != "dense":
        raise ValueError("Tied weights are for dense layers: set architecture.kind to dense, or architecture.tied to false.")
    if architecture.skips and architecture.kind != "conv2d":
        raise ValueError("Skip connections are for convolutions: set architecture.kind to conv2d or architecture.skips to false.")
    if architecture.skips and config.code.kind == "gaussian":
        raise ValueError(
            "Skip connections lead around the code, so that a Gaussian code would have nothing to say: "
            "set architecture.skips to false, or code.kind to vector."
        )


def _examples(config: RunConfig, chosen: Card) -> None:
    kind = config.architecture.kind
    if chosen.is_sequence and kind == "conv2d":
        raise ValueError("These data are sequences: set architecture.kind to conv1d or dense.")
    if not chosen.is_sequence and kind == "conv1d":
        raise ValueError("Convolutions in one dimension are for sequences: set architecture.kind to conv2d or dense.")
    if chosen.is_sequence and config.objective.reconstruction == "bce":
        raise ValueError(
            "The values of a sequence are numbers, not probabilities, and cross-entropy cannot compare them: set "
            "objective.reconstruction to mse or mae."
        )
    if chosen.is_sequence and config.corruption.kind in ("patches", "salt-and-pepper", "mixed"):
        raise ValueError(
            f"“{config.corruption.kind}” noise is for pictures: set corruption.kind to gaussian, masking or none for sequences."
        )


def _convolutions(config: RunConfig, chosen: Card) -> None:
    architecture = config.architecture
    if architecture.kind == "dense":
        return
    is_flat = architecture.kind == "conv1d"
    smallest = chosen.width if is_flat else min(chosen.height, chosen.width)
    # An even filter rounds down where the others round up.
    most = smallest.bit_length() - 1 if architecture.kernel_size == 4 else (smallest - 1).bit_length()
    if len(architecture.channels) > most:
        what, least = f"a picture of {chosen.height}×{chosen.width} pixels", "pixel"
        if is_flat:
            what, least = f"a sequence of {chosen.width} time steps", "time step"
        raise ValueError(f"{len(architecture.channels)} convolutions halve {what} to less than one {least}: use {most} at most.")
    if architecture.kernel_size == 4 and architecture.full_size_channels:
        filters = "4 time steps" if is_flat else "4×4 pixels"
        raise ValueError(
            f"Filters of {filters} have no middle and cannot keep a picture's size: set architecture.full_size_channels "
            "to 0, or architecture.kernel_size to 3 or 5."
        )


def _data(config: RunConfig, chosen: Card) -> None:
    steps, classes = config.data.factor_steps, config.data.classes
    if steps is not None:
        if not chosen.factor_names:
            raise ValueError(f"Nothing is known of the factors of {chosen.title}: leave data.factor_steps empty.")
        Grid(steps)
    if classes is not None:
        count = len(chosen.classes)
        if not chosen.is_labelled:
            raise ValueError("Nothing is known of the classes of these data: leave data.classes empty.")
        if not classes or len(set(classes)) < len(classes) or not all(0 <= each < count for each in classes):
            raise ValueError(
                f"The classes of {chosen.title} are 0 to {count - 1}: name some of them in data.classes, each once, e.g. 0-1."
            )
        if chosen.train_counts and sum(chosen.train_counts[each] for each in classes) < LEAST_EXAMPLES:
            names = ", ".join(chosen.classes[each] for each in classes)
            raise ValueError(
                f"Fewer than {LEAST_EXAMPLES} training examples of {chosen.title} are of the class {names}: name another one."
            )
        if steps is not None:
            raise ValueError("The steps of the factors decide which shapes there are: leave data.classes empty.")


def _divergence(config: RunConfig, chosen: Card) -> None:
    if config.objective.divergence == "kl":
        return
    if config.code.kind != "gaussian":
        raise ValueError("This regulariser needs a Gaussian code: set code.kind to gaussian, or objective.divergence to kl.")
    if config.objective.divergence == "total-correlation":
        if config.batch_size < 2:
            raise ValueError("The total correlation is estimated from the images of a batch: use a batch size of 2 at least.")
        if config.batch_size**2 * config.code.size > MAX_ACTIVATIONS:
            most = math.isqrt(MAX_ACTIVATIONS // config.code.size)
            raise ValueError(
                f"The total correlation compares all images of a batch with each other in each of {config.code.size:,} code "
                f"numbers: use a batch size of {most:,} at most, or a smaller code."
            )


def _code(config: RunConfig, chosen: Card) -> None:
    kept = config.code.top_k
    if kept is None:
        return
    if config.code.kind == "gaussian":
        raise ValueError("Only numbers can be compared by size, not clouds: leave code.top_k empty, or set code.kind to vector.")
    if kept > config.code.size:
        raise ValueError(
            f"Of {config.code.size:,} numbers no {kept:,} can be kept: set code.top_k to {config.code.size:,} at most."
        )


def _sparsity(config: RunConfig, chosen: Card) -> None:
    if config.objective.sparsity == "none":
        return
    if config.code.kind == "gaussian":
        raise ValueError("A Gaussian code is held to its prior already: set objective.sparsity to none, or code.kind to vector.")
    if config.objective.sparsity == "l1":
        return
    # Trained greedily, each hidden layer is a code for a while.
    is_greedy = config.schedule.kind == "greedy" and config.architecture.hidden
    used = {"code.activation": config.code.activation} | (
        {"architecture.activation": config.architecture.activation} if is_greedy else {}
    )
    for name, activation in used.items():
        if activation not in BOUNDED:
            raise ValueError(
                f"The KL sparsity compares mean activations with ρ as shares of a range, and “{activation}” has none: set "
                f"{name} to sigmoid or tanh, or objective.sparsity to l1."
            )


def _contraction(config: RunConfig, chosen: Card) -> None:
    if not config.objective.contractive:
        return
    if config.architecture.kind != "dense" or config.code.kind == "gaussian":
        raise ValueError(
            "The contractive penalty is for dense layers and a vector code: set architecture.kind to dense and code.kind to "
            "vector, or objective.contractive to 0."
        )
    widest = max((*config.architecture.hidden, config.code.size))
    if config.architecture.hidden and config.batch_size * config.code.size * widest > MAX_ACTIVATIONS:
        most = max(1, MAX_ACTIVATIONS // (config.code.size * widest))
        raise ValueError(
            f"The contractive penalty needs, for each image, what each of {config.code.size:,} code numbers owes to each of "
            f"{widest:,} units: use a batch size of {most:,} at most, or smaller layers."
        )


def _schedule(config: RunConfig, chosen: Card) -> None:
    if config.schedule.kind != "greedy":
        return
    if config.architecture.kind != "dense":
        raise ValueError("Layer by layer is for dense layers: set architecture.kind to dense, or schedule.kind to joint.")
    if config.code.kind == "gaussian":
        raise ValueError("Layer by layer needs a vector code: set code.kind to vector, or schedule.kind to joint.")
    if config.corruption.kind not in ("none", "gaussian", "masking"):
        raise ValueError(
            f"The codes of a layer are no pictures, and cannot have “{config.corruption.kind}” noise: set corruption.kind to "
            "gaussian, masking or none, or schedule.kind to joint."
        )


def _lbfgs(config: RunConfig, chosen: Card) -> None:
    if config.optimizer.kind != "lbfgs":
        return
    if config.optimizer.schedule != "constant":
        raise ValueError("L-BFGS finds the length of its steps by itself: set optimizer.schedule to constant.")
    parameters = config.plan_for(chosen).parameters
    if parameters > MAX_LBFGS_PARAMETERS:
        raise ValueError(
            f"L-BFGS remembers its last {LBFGS_HISTORY} steps: this network's {parameters:,} parameters are too many for that, "
            f"{MAX_LBFGS_PARAMETERS:,} are allowed. Use smaller layers, or set optimizer.kind to adam."
        )


def _size(config: RunConfig, chosen: Card) -> None:
    plan = config.plan_for(chosen)
    if plan.parameters > MAX_PARAMETERS:
        raise ValueError(
            f"This network has {plan.parameters:,} parameters; {MAX_PARAMETERS:,} are allowed here. Use fewer or smaller layers."
        )
    activations = config.batch_size * plan.activations
    if activations > MAX_ACTIVATIONS:
        most = MAX_ACTIVATIONS // plan.activations
        raise ValueError(
            f"A batch of {config.batch_size:,} images makes {activations:,} numbers in this network's layers, more than the "
            f"memory allows here: use a batch size of {most:,} at most, or smaller layers."
        )
