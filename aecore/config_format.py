"""The format of a run's config.json: which one a file has, and older ones made into the present one.

A file names its format. Since format 1, which did not, settings have only been added, each with a usual value that means what
runs did before; so a file of format 1 is complete once it is read. A setting that is renamed or changes its meaning makes a new
format, and a step in :func:`upgraded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aecore.config_errors import ConfigError

FORMAT = 2


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a file of this format or an older one, without its number. Raises ConfigError for what is none of these."""
    settings = dict(values)
    given = settings.pop("format", 1)
    if type(given) is not int or given < 1:
        raise ConfigError([f"The format of this configuration must be a whole number from 1 to {FORMAT}."])
    if given > FORMAT:
        newer = f"This configuration has format {given}, of a newer app; this one reads up to {FORMAT}: update the app."
        raise ConfigError([newer])
    return settings
