"""Several runs side by side: the settings in which they differ, what they have in common, and their test numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aecore.config import RunConfig
from aecore.runs import Status
from aecore.test_numbers import TEST_NUMBERS, may_be_compared, title_of

MOST_COMPARED = 8
"""Runs side by side: as many as a table has room for, and colours that can be told apart."""


@dataclass(frozen=True)
class Line:
    """One line of a table: its title, a text for each run ("" where it has none), and which of the runs is best, if one is."""

    name: str
    title: str
    texts: tuple[str, ...]
    best: int | None = None


def differences(configs: Sequence[RunConfig]) -> list[Line]:
    """The settings that are not the same in all, in the order in which a configuration has them."""
    flats = [_of_use(config) for config in configs]
    fields = RunConfig.settings()
    lines = []
    for name, field in fields.items():
        values = [flat[name] for flat in flats]
        if any(value != values[0] for value in values):
            lines.append(Line(name, field.title, tuple(setting_text(value) for value in values)))
    return lines


def _of_use(config: RunConfig) -> dict[str, object]:
    """The settings by dotted name, None for those that mean nothing beside the others."""
    idle = ("corruption.level", "corruption.level_from") if config.corruption.kind == "none" else ()
    return config.flat() | dict.fromkeys(idle)


def in_common(configs: Sequence[RunConfig]) -> list[tuple[str, str]]:
    """Title and text of the settings that all share and that are not the usual ones."""
    flats = [config.flat() for config in configs]
    usual, fields = RunConfig().flat(), RunConfig.settings()
    shared = [name for name in fields if all(flat[name] == flats[0][name] for flat in flats)]
    return [(fields[name].title, setting_text(flats[0][name])) for name in shared if flats[0][name] != usual[name]]


def number_lines(configs: Sequence[RunConfig], statuses: Sequence[Status]) -> list[Line]:
    """The test numbers that some of the runs have. One is best only where all that have the number may be compared."""
    lines = []
    for name, number in TEST_NUMBERS.items():
        tests: list[Mapping[str, float]] = [status.test or {} for status in statuses]
        having = [index for index, test in enumerate(tests) if name in test]
        if not having:
            continue
        best = None
        comparable = all(may_be_compared(configs[having[0]], configs[index]) for index in having)
        if comparable and len(having) > 1 and number.lower_is_better is not None:
            order = sorted(having, key=lambda index: tests[index][name], reverse=not number.lower_is_better)
            best = order[0] if tests[order[0]][name] != tests[order[1]][name] else None
        texts = tuple(f"{test[name]:.4g}" if name in test else "" for test in tests)
        lines.append(Line(name, title_of(name, configs[having[0]]), texts, best))
    return lines


def effort_lines(configs: Sequence[RunConfig], statuses: Sequence[Status]) -> list[Line]:
    """What each run is and took: its size, its code, its steps and the seconds of training."""
    plans = [config.plan for config in configs]
    return [
        Line("parameters", "Parameters", tuple(f"{plan.parameters:,}" for plan in plans)),
        Line("code", "Numbers in the code", tuple(f"{plan.code_size:,}" for plan in plans)),
        Line("steps", "Steps", tuple(f"{status.step:,}" for status in statuses)),
        Line("seconds", "Seconds of training", tuple(f"{status.seconds:,.1f}" for status in statuses)),
    ]


def why_not_compared(configs: Sequence[RunConfig], statuses: Sequence[Status]) -> str:
    """A sentence where nothing is marked as best although several runs have test numbers; else ""."""
    having = [config for config, status in zip(configs, statuses, strict=True) if status.test]
    if len(having) < 2 or all(may_be_compared(having[0], other) for other in having):
        return ""
    return "Nothing is marked as the best among runs that were tested on different data, or with different noise."


def setting_text(value: object) -> str:
    """A setting's value for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "-".join(str(part) for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
