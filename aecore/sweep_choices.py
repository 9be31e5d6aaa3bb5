"""A sweep in the few choices that a person makes, and the `SweepConfig` that they mean: for the page and the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aecore.config import RunConfig, bounds
from aecore.config_errors import ConfigError
from aecore.data.catalogue import PICTURES, card
from aecore.data.shapes import FACTOR_SIZES
from aecore.sweep_config import LEAST_VALUES, MOST_VALUES, NAMES, OBJECTIVES, SYMBOLS, SweepConfig

ARCHITECTURES: Mapping[str, tuple[str, Mapping[str, str | int]]] = MappingProxyType(
    {
        "conv": (
            "Burgess 2018",
            {
                "architecture.kind": "conv2d",
                "architecture.channels": "32-32-32-32",
                "architecture.kernel_size": 4,
                "architecture.hidden": "256-256",
            },
        ),
        "small": (
            "Small",
            {
                "architecture.kind": "conv2d",
                "architecture.channels": "16-16-32-32",
                "architecture.kernel_size": 4,
                "architecture.hidden": "128",
            },
        ),
        "dense": ("Dense", {"architecture.kind": "dense", "architecture.hidden": "256-256"}),
    }
)
"""By short name: what pages call a network, and its settings. The first is that of arXiv:1804.03599, appendix A, where 64×64
pictures have four convolutions of 32 filters of 4×4 pixels and two layers of 256 units; the small one has fewer of both."""

SHAPES = "shapes"
DATA = (SHAPES, *(name for name in PICTURES if name != SHAPES))
"""What can be learned from, the data with known factors first."""


@dataclass(frozen=True)
class Choices:
    """What is chosen of a sweep; the usual values are the first experiment that a person is offered.

    `resolution` is in pixels, of data that comes in several sizes. `factors`, of Shapes: the number of steps of shape, scale,
    rotation, x and y. `steps` is what is wished for: :meth:`config` takes whole epochs.
    """

    data: str = SHAPES
    resolution: int = 32
    factors: tuple[int, ...] = (1, 6, 1, 16, 16)
    objectives: tuple[str, ...] = ("kl",)
    betas: tuple[float, ...] = (1, 4, 16)
    capacities: tuple[float, ...] = (2, 5, 10, 20)
    gamma: float = 100.0
    seeds: int = 1
    architecture: str = "small"
    code_size: int = 6
    steps: int = 1200
    batch_size: int = 64
    learning_rate: float = 3e-3
    schedule: str = "cosine"
    activation: str = "relu"
    first_seed: int = 0

    def base(self, settings: Mapping[str, Any] = MappingProxyType({})) -> RunConfig:
        """What all runs share. `settings` by dotted name overrule these choices. Raises ConfigError."""
        if self.architecture not in ARCHITECTURES:
            raise ConfigError([f"There is no network called “{self.architecture}”. There are: {', '.join(ARCHITECTURES)}."])
        chosen: dict[str, Any] = {
            "data.name": self.data,
            "code.kind": "gaussian",
            "code.size": self.code_size,
            "objective.gamma": self.gamma,
            "batch_size": self.batch_size,
            "optimizer.learning_rate": self.learning_rate,
            "optimizer.schedule": self.schedule,
            "architecture.activation": self.activation,
            "seed": self.first_seed,
            **ARCHITECTURES[self.architecture][1],
        }
        data = card(str(settings.get("data.name", self.data)))
        if len(data.resolutions) > 1:
            chosen["data.resolution"] = self.resolution
        if data.factor_names and self.factors != FACTOR_SIZES:
            chosen["data.factor_steps"] = self.factors
        config = RunConfig().with_settings(chosen | dict(settings))
        return config if "epochs" in settings else with_steps(config, self.steps)

    def config(self, settings: Mapping[str, Any] = MappingProxyType({})) -> SweepConfig:
        """The sweep. Raises ConfigError (or UnknownDataError), one sentence for each problem."""
        unknown = [objective for objective in self.objectives if objective not in OBJECTIVES]
        if unknown:
            raise ConfigError([f"There is no objective called “{unknown[0]}”. There are: {', '.join(OBJECTIVES)}."])
        if not self.objectives:
            raise ConfigError([f"Choose at least one objective: {', '.join(NAMES.values())}."])
        # Values that no objective of this sweep uses are not looked at, and not kept.
        uses_capacity, uses_beta = "capacity" in self.objectives, set(self.objectives) != {"capacity"}
        values = {
            "base": self.base(settings).model_dump(),
            "objectives": self.objectives,
            **({"betas": self.betas} if uses_beta else {}),
            **({"capacities": self.capacities} if uses_capacity else {}),
            "seeds": self.seeds,
        }
        return SweepConfig.parse(values)


MINUTE = Choices()
"""What the page starts with: on two cores it shows what β does within two minutes."""

CLASSIC = Choices(factors=(3, 6, 10, 16, 16), betas=(1, 2, 4, 8, 16), seeds=3, code_size=10, steps=3130)
"""What comes with the app."""

PRESETS: Mapping[str, tuple[str, str, Choices]] = MappingProxyType(
    {
        "minute": ("A minute", "Three βs on shapes that change their size and place only.", MINUTE),
        "classic": ("The classic", "Five βs with three seeds each on Shapes, as in the sweep that comes with the app.", CLASSIC),
        "objectives": (
            "Three objectives",
            "β-VAE, β-TCVAE and rising capacity on the same pictures.",
            Choices(
                factors=(3, 6, 10, 16, 16),
                objectives=OBJECTIVES,
                betas=(1, 4, 16),
                capacities=(5, 10, 20),
                architecture="conv",
                code_size=10,
                steps=3000,
            ),
        ),
        "digits": (
            "Digits",
            "Handwritten digits, whose factors nobody knows.",
            Choices(data="digits", betas=(1, 4, 16), code_size=10, steps=1500),
        ),
    }
)
"""One-click starts: title, what it is, the choices."""


def with_steps(config: RunConfig, steps: int) -> RunConfig:
    """The configuration with about so many training steps: whole epochs, at least one, at most what is allowed.

    Where an epoch has more steps than that, only the first pictures are used, once. Raises ConfigError for less than one step.
    """
    if steps < 1:
        raise ConfigError([f"Give at least one training step, not {steps}."])
    if steps < config.steps_per_epoch:
        least, _ = bounds("data.train_images")
        return config.with_settings({"data.train_images": max(int(least or 1), steps * config.batch_size), "epochs": 1})
    _, most = bounds("epochs")
    return config.with_settings({"epochs": min(round(steps / config.steps_per_epoch), int(most or 1))})


def values_of(text: str, symbol: str) -> tuple[float, ...]:
    """The values in a text such as “1, 4, 16” or “1 4 16”, ascending. `symbol` is what they are called: β, C.

    Raises ConfigError with a sentence for what is no number, for less than two values and for more than eight.
    """
    values = []
    for part in re.split(r"[\s,;]+", text.strip()):
        try:
            values.append(float(part))
        except ValueError:
            values.append(math.nan)
        if not math.isfinite(values[-1]):
            what = f"“{part[:20]}” is no number" if part else f"There is no value of {symbol}"
            raise ConfigError([f"{what}: write {LEAST_VALUES} to {MOST_VALUES} values of {symbol} such as 1, 4, 16."])
    if not LEAST_VALUES <= len(values) <= MOST_VALUES:
        raise ConfigError([f"Write {LEAST_VALUES} to {MOST_VALUES} values of {symbol} to compare; these are {len(values)}."])
    return tuple(sorted(values))


def text_of(values: tuple[float, ...]) -> str:
    """The values as :func:`values_of` reads them."""
    return ", ".join(f"{value:g}" for value in values)


def spread(first: float, last: float, count: int, *, doubling: bool) -> tuple[float, ...]:
    """`count` values from `first` to `last`: each the same factor above the one before, or evenly. To three digits.

    Raises ConfigError where they cannot be: from 0 nothing can be doubled.
    """
    if not LEAST_VALUES <= count <= MOST_VALUES:
        raise ConfigError([f"A range can have {LEAST_VALUES} to {MOST_VALUES} values, not {count}."])
    if not first < last:
        raise ConfigError([f"A range goes up: its end, {last:g}, must be more than its start, {first:g}."])
    if doubling and first <= 0:
        raise ConfigError(["A range whose values grow by a factor has to start above 0: choose equal distances for one from 0."])
    shares = [place / (count - 1) for place in range(count)]
    if doubling:
        return tuple(float(f"{first * (last / first) ** share:.3g}") for share in shares)
    return tuple(float(f"{first + (last - first) * share:.3g}") for share in shares)


def sweep_name(config: SweepConfig) -> str:
    """A new sweep's name, e.g. “β-VAE, β = 1, 4, 16 · Shapes 32×32 · 3 seeds”."""
    card = config.base.card
    seeds = f" · {config.seeds} seeds" if config.seeds > 1 else ""
    return f"{arms_of(config)} · {card.title} {card.height}×{card.width}{seeds}"


def arms_of(config: SweepConfig) -> str:
    """What a sweep compares: “β-VAE and β-TCVAE, β = 1, 4; Capacity, C = 5, 10”."""
    groups: dict[tuple[str, tuple[float, ...]], list[str]] = {}
    for objective in config.objectives:
        groups.setdefault((SYMBOLS[objective], config.values_of(objective)), []).append(NAMES[objective])
    return "; ".join(f"{' and '.join(names)}, {symbol} = {text_of(values)}" for (symbol, values), names in groups.items())
