"""`RunConfig`: everything that defines a run, with bounds that protect the server and messages that a student understands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Self, get_args

from pydantic import Field, ValidationError, model_validator

from aecore.config_errors import ConfigError, explain, no_such_setting
from aecore.config_sections import (
    ArchitectureConfig,
    CodeConfig,
    CorruptionConfig,
    DataConfig,
    ObjectiveConfig,
    OptimizerConfig,
    Section,
)
from aecore.data.catalogue import CARDS, Card, UnknownDataError, card
from aecore.data.shape_grid import Grid
from aecore.layers import Plan, plan

MAX_PARAMETERS = 20_000_000
"""A network of this size trains, slowly, on one core and saves in under a second; beyond it one run would starve a class."""

MAX_ACTIVATIONS = 150_000_000
"""Numbers that one batch may make in all layers together: 0.6 GB, and as much again for their gradients."""


class RunConfig(Section):
    """Everything that defines a run: with the same code, data and seed it makes the same run again.

    Build one with :meth:`parse`, :meth:`from_json` or :meth:`from_query`, which raise
    :class:`~aecore.config_errors.ConfigError` with sentences for people; the bare constructor raises pydantic's own
    `ValidationError`.
    """

    data: DataConfig = DataConfig()
    architecture: ArchitectureConfig = ArchitectureConfig()
    code: CodeConfig = CodeConfig()
    corruption: CorruptionConfig = CorruptionConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    epochs: int = Field(20, ge=1, le=500, title="Epochs", description="How often training goes through all training images.")
    batch_size: int = Field(
        128, ge=1, le=4096, title="Batch size", description="Images a step. Large batches: fewer, smoother steps an epoch."
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**31,
        title="Seed",
        description="Decides every random choice: first weights, order of images, noise. The same seed makes the same run.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            chosen = card(self.data.name, self.data.resolution)
        except (UnknownDataError, ValueError) as error:
            raise ValueError(str(error)) from None
        if self.objective.reconstruction == "bce" and self.architecture.output != "sigmoid":
            raise ValueError(
                "Binary cross-entropy needs reconstructed pixels between 0 and 1: set the output to sigmoid, or the loss to mse."
            )
        if self.code.kind == "gaussian" and self.code.activation != "linear":
            raise ValueError("A Gaussian code has no activation of its own: set code.activation to linear.")
        if self.architecture.tied and self.architecture.kind != "dense":
            raise ValueError("Tied weights are for dense layers: set architecture.kind to dense, or architecture.tied to false.")
        if self.architecture.skips and self.architecture.kind != "conv2d":
            raise ValueError(
                "Skip connections are for convolutions: set architecture.kind to conv2d, or architecture.skips to false."
            )
        if self.architecture.skips and self.code.kind == "gaussian":
            raise ValueError(
                "Skip connections lead around the code, so that a Gaussian code would have nothing to say: "
                "set architecture.skips to false, or code.kind to vector."
            )
        if self.architecture.kind == "conv2d":
            smallest = min(chosen.height, chosen.width)
            # An even filter rounds down where the others round up.
            most = smallest.bit_length() - 1 if self.architecture.kernel_size == 4 else (smallest - 1).bit_length()
            if len(self.architecture.channels) > most:
                raise ValueError(
                    f"{len(self.architecture.channels)} convolutions halve a picture of {chosen.height}×{chosen.width} pixels to "
                    f"less than one pixel: use {most} at most."
                )
            if self.architecture.kernel_size == 4 and self.architecture.full_size_channels:
                raise ValueError(
                    "Filters of 4×4 pixels have no middle and cannot keep a picture's size: set architecture.full_size_channels "
                    "to 0, or architecture.kernel_size to 3 or 5."
                )
        self._check_factors(chosen)
        self._check_divergence()
        parameters = self._plan(chosen).parameters
        if parameters > MAX_PARAMETERS:
            raise ValueError(
                f"This network has {parameters:,} parameters; {MAX_PARAMETERS:,} are allowed here. Use fewer or smaller layers."
            )
        activations = self.batch_size * self._plan(chosen).activations
        if activations > MAX_ACTIVATIONS:
            most = MAX_ACTIVATIONS // self._plan(chosen).activations
            raise ValueError(
                f"A batch of {self.batch_size:,} images makes {activations:,} numbers in this network's layers, more than the "
                f"memory allows here: use a batch size of {most:,} at most, or smaller layers."
            )
        return self

    def _check_factors(self, chosen: Card) -> None:
        steps = self.data.factor_steps
        if steps is None:
            return
        if not chosen.factor_names:
            raise ValueError(f"Nothing is known of the factors of {chosen.title}: leave data.factor_steps empty.")
        Grid(steps)

    def _check_divergence(self) -> None:
        if self.objective.divergence == "kl":
            return
        if self.code.kind != "gaussian":
            raise ValueError("This regulariser needs a Gaussian code: set code.kind to gaussian, or objective.divergence to kl.")
        if self.objective.divergence == "total-correlation":
            if self.batch_size < 2:
                raise ValueError("The total correlation is estimated from the images of a batch: use a batch size of 2 at least.")
            if self.batch_size**2 * self.code.size > MAX_ACTIVATIONS:
                most = math.isqrt(MAX_ACTIVATIONS // self.code.size)
                raise ValueError(
                    f"The total correlation compares all images of a batch with each other in each of {self.code.size:,} code "
                    f"numbers: use a batch size of {most:,} at most, or a smaller code."
                )

    def _plan(self, chosen: Card) -> Plan:
        return plan(self.architecture, self.code, (chosen.channels, chosen.height, chosen.width))

    @property
    def card(self) -> Card:
        """The card of this run's data, at this run's image size."""
        return card(self.data.name, self.data.resolution)

    @property
    def plan(self) -> Plan:
        """The network's layers, without torch: sizes, parameter counts, and what :mod:`aecore.model` builds."""
        return self._plan(self.card)

    @property
    def train_size(self) -> int:
        """How many training images this run learns from."""
        size = self.card.train
        return size if self.data.train_images is None else min(size, self.data.train_images)

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch; the last one may be smaller."""
        return -(-self.train_size // self.batch_size)

    @property
    def total_steps(self) -> int:
        """Batches from beginning to end."""
        return self.steps_per_epoch * self.epochs

    # --- in and out -------------------------------------------------------------------------------------------------

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> RunConfig:
        """A configuration from nested plain values. Raises ConfigError, one sentence for each problem."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(explain(error, cls.settings())) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> RunConfig:
        """A configuration from the text that :meth:`to_json` made. Raises ConfigError."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ConfigError(explain(error, cls.settings())) from None

    def to_json(self) -> str:
        """The complete configuration as indented JSON."""
        return self.model_dump_json(indent=2) + "\n"

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted name, e.g. ``{"code.size": 32, "epochs": 20, …}``."""
        flat: dict[str, Any] = {}
        for name, value in self:
            if isinstance(value, Section):
                flat.update({f"{name}.{inner}": inner_value for inner, inner_value in value})
            else:
                flat[name] = value
        return flat

    def with_settings(self, settings: Mapping[str, Any]) -> RunConfig:
        """A copy with the settings given by dotted name (values may be text). Raises ConfigError, also for unknown names."""
        known = self.settings()
        unknown = [no_such_setting(name, known) for name in settings if name not in known]
        if unknown:
            raise ConfigError(unknown)
        values = self.model_dump()
        for name, value in settings.items():
            section, _, inner = name.rpartition(".")
            (values[section] if section else values)[inner] = value
        return self.parse(values)

    def to_query(self) -> dict[str, str]:
        """The settings that differ from `RunConfig()`, as text for a URL's query; :meth:`from_query` undoes it exactly."""
        return self.query_of(self.differences(RunConfig()))

    def query_of(self, names: Iterable[str]) -> dict[str, str]:
        """The named settings as text for a URL's query."""
        flat = self.flat()
        return {name: _as_text(flat[name]) for name in names}

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> RunConfig:
        """The configuration that :meth:`to_query` wrote; names that are no settings are left alone. Raises ConfigError."""
        known = cls.settings()
        return cls().with_settings({name: value for name, value in query.items() if name in known})

    def differences(self, other: RunConfig) -> dict[str, tuple[Any, Any]]:
        """By dotted name, the settings in which the two differ: (mine, the other's)."""
        theirs = other.flat()
        return {name: (value, theirs[name]) for name, value in self.flat().items() if value != theirs[name]}

    @classmethod
    def settings(cls) -> dict[str, Any]:
        """Every setting's field (title, description, bounds) by dotted name: the one source for pages, messages and help."""
        fields: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                fields.update({f"{name}.{inner}": inner_field for inner, inner_field in kind.model_fields.items()})
            else:
                fields[name] = field
        return fields


def choices(name: str) -> tuple[Any, ...]:
    """What a setting can be, e.g. ``choices("objective.reconstruction") == ("bce", "mse")``; () where it is a number."""
    if name == "data.name":
        return tuple(CARDS)
    return tuple(value for value in get_args(RunConfig.settings()[name].annotation) if isinstance(value, str | int))


def bounds(name: str) -> tuple[float | None, float | None]:
    """The smallest and largest value of a numeric setting, None where there is no bound (or where it is not included)."""
    limits: dict[str, float] = {}
    for rule in RunConfig.settings()[name].metadata:
        for key in ("ge", "le"):
            if hasattr(rule, key):
                limits[key] = getattr(rule, key)
    return limits.get("ge"), limits.get("le")


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return "-".join(str(part) for part in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return "" if value is None else str(value)
