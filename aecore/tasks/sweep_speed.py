"""The task behind the time that a sweep is said to take."""

from __future__ import annotations

import json
from functools import partial

from aecore.config import RunConfig
from aecore.sweep_speed import SECONDS, seconds_per_step
from aecore.tasks.messages import Arrays, Message, Report, TaskError
from aecore.training import DivergedError

_WHAT = "Measuring the speed of this machine"


def sweep_speed(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `configs`, the text of a :class:`~aecore.config.RunConfig` by the name of its objective.

    Result: `json`, the seconds a training step by that name.
    """
    found = {}
    configs = {name: RunConfig.from_json(text) for name, text in arguments["configs"].items()}
    seconds = float(arguments.get("seconds", SECONDS))
    for done, (name, config) in enumerate(configs.items()):
        tell = partial(report, done / len(configs), _WHAT)
        tell()
        try:
            found[name] = seconds_per_step(config, seconds, tell)
        except DivergedError:  # which is a RuntimeError too
            raise TaskError(
                "its loss stopped being a finite number while it was measured. Try a smaller β or γ, or another activation."
            ) from None
        except (RuntimeError, MemoryError):
            raise TaskError("this network is too large to be measured here. Choose a smaller one, or a smaller batch.") from None
    return {"json": json.dumps(found)}, []
