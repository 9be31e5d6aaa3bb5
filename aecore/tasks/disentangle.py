"""The task behind the metrics of a sweep."""

from __future__ import annotations

from aecore.data.downloads import DataUnavailableError
from aecore.disentangle_measuring import measure_sweep
from aecore.sweeps import find_sweep
from aecore.tasks.messages import Arrays, Message, Report, TaskError


def disentangle(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `sweep` (its token) and `groups`, names of groups of metrics.

    The numbers are written into the runs' folders as they are found; the result's `json` is an empty object.
    """
    sweep = find_sweep(arguments["sweep"])
    if sweep is None:
        raise TaskError("This sweep is gone: choose another one.")
    try:
        measure_sweep(sweep, tuple(arguments["groups"]), poll=report)
    except (DataUnavailableError, FileNotFoundError, ValueError) as error:  # damaged weights are a ValueError
        raise TaskError(str(error)) from None
    return {"json": "{}"}, []
