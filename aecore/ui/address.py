"""The address bar holds the whole experiment: every setting that is not the usual one, the preset it began with, the run shown.

This is done by hand rather than with widgets bound to the query, because a preset changes many widgets at once, lists of
layers are many widgets and one setting, and every value has to pass `RunConfig`'s validation before a widget may show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aecore.config import RunConfig
from aecore.config_errors import ConfigError, no_such_setting
from aecore.config_format import FORMAT, upgraded
from aecore.nearest_preset import nearest_preset
from aecore.presets import PRESETS, for_data
from aecore.runs import Run, find_run
from aecore.starting import find_start
from aecore.ui.run_config import config_of

USUAL_PRESET = "vanilla"
_OTHERS = ("preset", "run", "start", "format")
"""What an address may have beside settings."""


@dataclass(frozen=True)
class Experiment:
    """What the Train page is about: a configuration, the preset it began with, and the run on show ("" for none).

    start: the weights that the next run begins with, as :mod:`aecore.starting` names them; "" for fresh ones.
    """

    config: RunConfig
    preset: str
    run: str = ""
    start: str = ""


def write(experiment: Experiment) -> dict[str, str]:
    """The query of an experiment; :func:`read` undoes it exactly.

    It names every setting that differs from the preset, and every one that differs from what is usual: so an address also
    means the same run where a preset has been changed since.
    """
    query = experiment.config.to_query()
    query |= experiment.config.query_of(experiment.config.differences(PRESETS[experiment.preset].config))
    others = {"run": experiment.run, "start": experiment.start}
    return {"preset": experiment.preset, **query, **{name: text for name, text in others.items() if text}}


def write_complete(experiment: Experiment) -> dict[str, str]:
    """The query of an experiment that means the same on any installation, whatever its version has for presets and usual values.

    :func:`write` leaves out what is usual in this version, which is enough for an address bar. Here every setting is named, and
    the number of the format, but no run and no weights, which other servers do not have.
    """
    config = experiment.config
    return {"format": str(FORMAT), "preset": experiment.preset, **config.query_of(config.flat())}


def read(query: Mapping[str, str]) -> tuple[Experiment, list[str]]:
    """The experiment of a query, and sentences about what in it could not be used.

    Settings that are not named are those of the preset that is named; with no setting and no preset, those of the run, or of the
    one whose weights are begun with. Where a format is, as in :func:`write_complete`, the preset is a name and no more, and the
    settings are read as those of that format. Where data are named, those that the data cannot have are such as they can.
    """
    known = RunConfig.settings()
    query, too_new = _in_this_format(query)
    problems = too_new + [no_such_setting(name, known) for name in query if name not in known and name not in _OTHERS]
    name = query.get("preset", USUAL_PRESET)
    if name not in PRESETS:
        if "format" not in query:  # where all settings are named, a preset is a name and no more
            problems.append(f"The address names a preset, “{name[:40]}”, that does not exist; {USUAL_PRESET} is used.")
        name = USUAL_PRESET
    config = RunConfig() if "format" in query else PRESETS[name].config
    settings = {key: value for key, value in query.items() if key in known}
    token = query.get("run", "")
    run = find_run(token) if token else None
    of_run = config_of(run) if run is not None else None
    start = find_start(query.get("start", ""))
    source = run if of_run is not None else start.run if start is not None else None
    if source is not None and not settings and "preset" not in query and (of_source := config_of(source)) is not None:
        config = of_source
        name = preset_of(source) or name
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
    if query.get("start") and start is None:
        problems.append("The weights to begin with that this address names are not on this server: the next run begins afresh.")
    return Experiment(config, name, token if of_run is not None else "", "" if start is None else start.address), problems


def _in_this_format(query: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """A query whose settings are made into those of the present format, if it names one; without them where that cannot be."""
    if "format" not in query:
        return dict(query), []
    own = {name: text for name, text in query.items() if name in _OTHERS}
    given = query["format"]
    # Settings are grouped in a file; in an address they are not.
    nested: dict[str, Any] = {"format": int(given) if given.isascii() and given.isdigit() and len(given) < 6 else given}
    for name, text in query.items():
        section, _, inner = name.rpartition(".")
        group = nested.setdefault(section, {}) if section else nested
        if name not in own and isinstance(group, dict):  # “seed.x” is no setting where “seed” is one
            group[inner] = text
    try:
        settings = upgraded(nested)
    except ConfigError as error:
        del own["format"]
        return own, [f"In the address: {problem}" for problem in error.problems]
    flat = {name: text for name, text in settings.items() if not isinstance(text, dict)}
    for section, inner in settings.items():
        if isinstance(inner, dict):
            flat |= {f"{section}.{name}": text for name, text in inner.items()}
    return own | flat, []


def preset_of(run: Run) -> str:
    """The preset that a run began with, as its name says; of one that was renamed the nearest; "" where that cannot be known."""
    config = config_of(run)
    return "" if config is None else nearest_preset(config, run.about.name)
