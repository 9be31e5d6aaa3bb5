"""The trained runs that come with the app: ``python -m aecore checkpoints`` makes them again, from the code as it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from aecore.config import RunConfig
from aecore.presets import preset
from aecore.recording import Recorder
from aecore.runs import CHECKPOINTS, Run, Status

SHIPPED: dict[str, tuple[str, dict[str, str]]] = {
    "vanilla-mnist": ("vanilla", {"data.name": "mnist", "epochs": "20"}),
}
"""By name of the folder in `checkpoints/`: the preset, and what is changed in it."""


def shipped_config(name: str) -> RunConfig:
    """The configuration of a run that comes with the app."""
    base, settings = SHIPPED[name]
    return preset(base).config.with_settings(settings)


def make(name: str, watch: Callable[[Status], None] = lambda status: None) -> Status:
    """Train one anew and put it in the place of the one that is there, if it could be trained to its end."""
    with tempfile.TemporaryDirectory(dir=CHECKPOINTS, prefix=".making-") as beside:
        run = Run.create(shipped_config(name), Path(beside) / name, name=name)
        status = Recorder(run, watch=watch).record()
        if status.state == "finished":
            target = CHECKPOINTS / name
            shutil.rmtree(target, ignore_errors=True)
            run.folder.rename(target)
    return status
