"""The address bar holds the whole experiment: every setting that is not the usual one, the preset it began with, the run shown.

This is done by hand rather than with widgets bound to the query, because a preset changes many widgets at once, lists of
layers are many widgets and one setting, and every value has to pass `RunConfig`'s validation before a widget may show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aecore.config import RunConfig
from aecore.config_errors import ConfigError, no_such_setting
from aecore.presets import PRESETS, for_data
from aecore.runs import find_run
from aecore.ui.run_config import config_of

USUAL_PRESET = "vanilla"


@dataclass(frozen=True)
class Experiment:
    """What the Train page is about: a configuration, the preset it began with, and the run on show ("" for none)."""

    config: RunConfig
    preset: str
    run: str = ""


def write(experiment: Experiment) -> dict[str, str]:
    """The query of an experiment; :func:`read` undoes it exactly.

    It names every setting that differs from the preset, and every one that differs from what is usual: so an address also
    means the same run where a preset has been changed since.
    """
    query = experiment.config.to_query()
    query |= experiment.config.query_of(experiment.config.differences(PRESETS[experiment.preset].config))
    return {"preset": experiment.preset, **query, **({"run": experiment.run} if experiment.run else {})}


def read(query: Mapping[str, str]) -> tuple[Experiment, list[str]]:
    """The experiment of a query, and sentences about what in it could not be used.

    Settings that are not named are those of the preset that is named; with no setting and no preset, those of the run. Where
    data are named, those that the data cannot have are such as they can.
    """
    known = RunConfig.settings()
    problems = [no_such_setting(name, known) for name in query if name not in known and name not in ("preset", "run")]
    name = query.get("preset", USUAL_PRESET)
    if name not in PRESETS:
        problems.append(f"The address names a preset, “{name[:40]}”, that does not exist; {USUAL_PRESET} is used.")
        name = USUAL_PRESET
    config = PRESETS[name].config
    settings = {key: value for key, value in query.items() if key in known}
    token = query.get("run", "")
    run = find_run(token) if token else None
    of_run = config_of(run) if run is not None else None
    if run is not None and of_run is not None and not settings and "preset" not in query:
        config = of_run
        started_from = run.about.name.split(" · ")[0]
        name = started_from if started_from in PRESETS else name
    is_valid = True
    try:
        config = for_data(config, settings) if "data.name" in settings else config.with_settings(settings)
    except ConfigError as error:
        is_valid = False
        problems += [f"In the address: {problem}" for problem in error.problems]
        problems.append(f"The settings of the address are not used; those of the preset {PRESETS[name].title} are.")
    if token and of_run is None:
        hope = " The address does not say its settings."
        if settings:
            hope = " Its settings are here: press Train to make the same run." if is_valid else ""
        problems.append(f"The run in this address is not on this server.{hope}")
    return Experiment(config, name, token if of_run is not None else ""), problems
