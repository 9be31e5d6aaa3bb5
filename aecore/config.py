"""`RunConfig`: everything that defines a run, with bounds that protect the server and messages that a student understands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Self, get_args

from pydantic import Field, ValidationError, model_validator
from pydantic_core import from_json

from aecore.config_errors import ConfigError, explain, no_such_setting
from aecore.config_format import FORMAT, upgraded
from aecore.config_rules import check
from aecore.config_sections import (
    ArchitectureConfig,
    CodeConfig,
    CorruptionConfig,
    DataConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
    Section,
)
from aecore.data.catalogue import CARDS, Card, UnknownDataError, card
from aecore.layers import Plan, plan
from aecore.stages import Stage, stages


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
    schedule: ScheduleConfig = ScheduleConfig()
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
        check(self, chosen)
        return self

    def plan_for(self, chosen: Card) -> Plan:
        """The network's layers for images of that card."""
        classes = len(chosen.classes) if self.schedule.classifier_epochs else 0
        return plan(self.architecture, self.code, (chosen.channels, chosen.height, chosen.width), classes)

    @property
    def card(self) -> Card:
        """The card of this run's data, at this run's image size."""
        return card(self.data.name, self.data.resolution)

    @property
    def plan(self) -> Plan:
        """The network's layers, without torch: sizes, parameter counts, and what :mod:`aecore.model` builds."""
        return self.plan_for(self.card)

    @property
    def train_size(self) -> int:
        """How many training images an epoch has."""
        size, classes = self.card.train, self.data.classes
        if classes is not None:
            counts = self.card.train_counts
            some = sum(counts[each] for each in classes) if counts else round(size * len(classes) / len(self.card.classes))
            size = max(1, some)
        return size if self.data.train_images is None else min(size, self.data.train_images)

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch; the last one may be smaller. L-BFGS makes one step of all images."""
        if self.optimizer.kind == "lbfgs":
            return 1
        return -(-self.train_size // self.batch_size)

    @property
    def total_steps(self) -> int:
        """Batches from beginning to end, in all stages together."""
        return self.stages[-1].last_step

    @property
    def total_epochs(self) -> int:
        """Epochs from beginning to end, in all stages together."""
        return self.total_steps // self.steps_per_epoch

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What is trained when."""
        return stages(self)

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
        """A configuration from the text that :meth:`to_json` made, also in older formats. Raises ConfigError."""
        try:
            # Half of a pair of surrogates, which Python's text may hold, is no text for anybody else.
            values = from_json(text.encode(errors="replace") if isinstance(text, str) else text, allow_inf_nan=False)
        except ValueError as error:
            raise ConfigError([f"This is not a configuration: it is not valid JSON ({error})."]) from None
        if not isinstance(values, dict):
            raise ConfigError(["A configuration must be a group of settings with names and values."])
        return cls.parse(upgraded(values))

    def to_json(self) -> str:
        """The complete configuration as indented JSON, with the number of its format."""
        return json.dumps({"format": FORMAT} | self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"

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
