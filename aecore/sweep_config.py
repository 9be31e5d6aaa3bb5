"""`SweepConfig`: one experiment on the same data in the same order, with several weights of a regulariser and several seeds."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from aecore.config import RunConfig
from aecore.config_errors import ConfigError, explain
from aecore.config_sections import Section

Objective = Literal["kl", "total-correlation", "capacity"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)

NAMES: Mapping[str, str] = {"kl": "β-VAE", "total-correlation": "β-TCVAE", "capacity": "Capacity"}
"""What pages call the objectives."""
SYMBOLS: Mapping[str, str] = {"kl": "β", "total-correlation": "β", "capacity": "C"}
"""What an objective's value is called."""

MOST_RUNS = 48
LEAST_VALUES, MOST_VALUES = 2, 8
MOST_CODE_NUMBERS = 64
"""Pages draw and name every number of the code, of every run."""

_KEYS = {"kl": "beta", "total-correlation": "tc", "capacity": "capacity"}

Values = Annotated[tuple[float, ...], Field(max_length=MOST_VALUES)]


@dataclass(frozen=True)
class Arm:
    """One objective with one value of its weight: the runs of an arm differ in their seed alone."""

    objective: Objective
    value: float

    @property
    def key(self) -> str:
        """A short name for files and addresses: “beta-4”, “tc-0_5”, “capacity-10”."""
        return f"{_KEYS[self.objective]}-{self.value:g}".replace(".", "_").replace("+", "")

    @property
    def title(self) -> str:
        """For people: “β-VAE, β = 4”."""
        unit = " nats" if self.objective == "capacity" else ""
        return f"{NAMES[self.objective]}, {SYMBOLS[self.objective]} = {self.value:g}{unit}"

    def config(self, base: RunConfig, seed: int) -> RunConfig:
        """The configuration of one run."""
        value = "objective.capacity" if self.objective == "capacity" else "objective.beta"
        return base.with_settings({"objective.divergence": self.objective, value: self.value, "seed": seed})


class SweepConfig(Section):
    """A grid of runs: objectives × values × seeds, all else as in `base`.

    `betas` are the weights of the β-VAE and of the β-TCVAE, `capacities` the final C of the capacity objective, in nats. The
    seeds are base.seed, base.seed + 1, …; runs of the same seed have the same first weights, order of pictures and noise.
    """

    base: RunConfig
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=3, title="Objectives")] = ("kl",)
    betas: Values = Field((1.0, 2.0, 4.0, 8.0, 16.0), title="β")
    capacities: Values = Field((2.0, 5.0, 10.0, 20.0), title="Capacity C")
    seeds: int = Field(1, ge=1, le=10, title="Seeds", description="Runs of each value, which differ in all that is random.")

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if self.base.code.kind != "gaussian":
            raise ValueError("A sweep compares VAEs: set code.kind to gaussian.")
        if self.base.code.size > MOST_CODE_NUMBERS:
            raise ValueError(f"A sweep draws every number of the code: choose a code size of {MOST_CODE_NUMBERS} at most.")
        for objective in self.objectives:
            values = self.values_of(objective)
            if len(values) < LEAST_VALUES:
                raise ValueError(
                    f"Give at least {LEAST_VALUES} values of {SYMBOLS[objective]} for {NAMES[objective]}, to compare them."
                )
            if len({f"{value:g}" for value in values}) < len(values):
                raise ValueError(
                    f"The values of {SYMBOLS[objective]} must differ: {', '.join(f'{value:g}' for value in values)}."
                )
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError("Each objective can be chosen once.")
        count = len(self.arms) * self.seeds
        if count > MOST_RUNS:
            raise ValueError(f"These are {count} runs; {MOST_RUNS} are allowed. Choose fewer values, objectives or seeds.")
        for arm in self.arms:  # also checks each value against the bounds of its setting
            arm.config(self.base, self.base.seed + self.seeds - 1)
        return self

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> SweepConfig:
        """A sweep's configuration from plain values. Raises ConfigError, one sentence for each problem."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(explain(error, cls.model_fields)) from None

    def values_of(self, objective: str) -> tuple[float, ...]:
        """The values that an objective is given here."""
        return self.capacities if objective == "capacity" else self.betas

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Objective by objective, its values ascending."""
        return tuple(Arm(objective, value) for objective in self.objectives for value in sorted(self.values_of(objective)))

    @property
    def members(self) -> tuple[tuple[Arm, int], ...]:
        """Every run: its arm and its seed, the seeds of an arm side by side."""
        first = self.base.seed
        return tuple(itertools.product(self.arms, range(first, first + self.seeds)))
