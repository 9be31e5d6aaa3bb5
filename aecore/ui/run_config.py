"""What a run was asked to do, for pages that show many runs again and again."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import UnknownDataError
from aecore.runs import Run


def config_of(run: Run) -> RunConfig | None:
    """A run's configuration, which never changes, read once; None where it cannot be read, or its data are somebody's own file
    that is gone. What could not be read is tried again the next time: the file may be back."""
    try:
        config = _read(run.folder)
        _ = config.card  # that a file is gone shows here, also where the configuration was read while it was there
    except (OSError, ConfigError, UnknownDataError):
        return None
    return config


@lru_cache(maxsize=2000)
def _read(folder: Path) -> RunConfig:
    return Run(folder).config
