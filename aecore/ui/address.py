"""The address bar holds the whole experiment: every setting that is not the usual one, the preset it began with, the run shown.

This is done by hand rather than with widgets bound to the query, because a preset changes many widgets at once, lists of
layers are many widgets and one setting, and every value has to pass `RunConfig`'s validation before a widget may show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.presets import PRESETS
from aecore.runs import find_run

USUAL_PRESET = "vanilla"


@dataclass(frozen=True)
class Experiment:
    """What the Train page is about: a configuration, the preset it began with, and the run on show ("" for none)."""

    config: RunConfig
    preset: str
    run: str = ""


def write(experiment: Experiment) -> dict[str, str]:
    """The query of an experiment; :func:`read` undoes it exactly."""
    settings = experiment.config.to_query()
    # An address with a preset and no setting means that preset as it is; so a configuration that is all usual says one thing.
    settings = settings or {"epochs": str(experiment.config.epochs)}
    return {"preset": experiment.preset, **settings, **({"run": experiment.run} if experiment.run else {})}


def read(query: Mapping[str, str]) -> tuple[Experiment, list[str]]:
    """The experiment of a query, and sentences about what in it could not be used.

    With no setting at all, the run's own configuration counts, else the preset's, else that of the usual preset.
    """
    problems: list[str] = []
    name = query.get("preset", USUAL_PRESET)
    if name not in PRESETS:
        problems.append(f"The address names a preset, “{name}”, that does not exist; {USUAL_PRESET} is used.")
        name = USUAL_PRESET
    token = query.get("run", "")
    run = find_run(token) if token else None
    if token and run is None:
        problems.append(
            "The run in this address is not on this server. Its settings are below: press Train to make the same run here."
        )
    config = run.config if run is not None else PRESETS[name].config
    if query.keys() & RunConfig.settings().keys():
        try:
            config = RunConfig.from_query(query)
        except ConfigError as error:
            problems += [f"In the address: {problem}" for problem in error.problems]
    return Experiment(config, name, token if run is not None else ""), problems
