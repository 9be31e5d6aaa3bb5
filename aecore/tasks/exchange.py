"""The tasks behind taking runs away and bringing them back: looking at a file, keeping it, measuring it, and ONNX."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from aecore.checkpoint import DamagedModelError
from aecore.data.downloads import DataUnavailableError
from aecore.engine_errors import LimitReachedError
from aecore.exchange.brought import keep_problem
from aecore.exchange.keeping import keep
from aecore.exchange.measuring import measure_brought
from aecore.exchange.reading import Found, read_run
from aecore.exchange.refused import RefusedError
from aecore.full_disk import FULL, is_full
from aecore.runs import Run, find_run
from aecore.tasks.features import one_thread
from aecore.tasks.messages import Arrays, Message, Report, TaskError


def look_at_file(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `file`, its name. arrays: the file, uint8, and a configuration beside it if there is one.

    Result: `json`, what :func:`summary` says.
    """
    report(0.0, "Looking at the file")
    return {"json": json.dumps(summary(_found(arguments, arrays, report)))}, []


def keep_file(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `file` and `owner`; arrays: as of :func:`look_at_file`. Result: `json` with the `token` of the run it now is."""
    found = _found(arguments, arrays, report)
    report(0.99, "Keeping it")
    try:
        run = keep(found, arguments["file"], owner=arguments["owner"])
    except LimitReachedError as error:
        raise TaskError(str(error)) from None
    except OSError as error:
        raise TaskError(
            f"{FULL if is_full(error) else 'The run could not be written.'} Nothing was kept: try again later."
        ) from None
    return {"json": json.dumps({"token": run.token})}, []


@one_thread()
def measure_brought_back(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run`, its token. Result: `json`, of a :class:`~aecore.exchange.brought.Brought`, which is kept with the run."""
    run = _run(arguments)
    try:
        try:
            known = measure_brought(run, report)
        except (DataUnavailableError, DamagedModelError, FileNotFoundError) as error:
            known = keep_problem(run, str(error))
    except OSError:
        raise TaskError("This run is gone, or cannot be written: nothing was measured.") from None
    return {"json": json.dumps(asdict(known))}, []


def onnx(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run`, its token. Result: `difference`, `held_out`, `drawn`; see :class:`~aecore.exchange.onnx_export.OnnxFile`.

    Arrays: the file, uint8.
    """
    from aecore.exchange.onnx_export import export_onnx  # brings a hundred megabytes along, which most people never need

    try:
        made = export_onnx(_run(arguments), report)
    except RefusedError as error:
        raise TaskError(str(error)) from None
    result = {"difference": made.difference, "held_out": made.held_out, "drawn": made.drawn}
    return result, [np.frombuffer(made.content, np.uint8)]


def summary(found: Found) -> dict[str, Any]:
    """What a page says of a run in a file before it is kept, as plain values."""
    return {
        "kind": found.kind,
        "config": found.config.to_json(),
        "facts": asdict(found.facts),
        "sizes": found.sizes,
        "rows": found.rows,
        "parameters": found.parameters,
        "atlas": 0 if found.atlas is None else len(found.atlas.images),
    }


def _found(arguments: Message, arrays: Arrays, report: Report) -> Found:
    content, *beside = (array.tobytes() for array in arrays)
    try:
        return read_run(content, arguments["file"], beside[0] if beside else None, report)
    except RefusedError as error:
        raise TaskError(str(error)) from None


def _run(arguments: Message) -> Run:
    run = find_run(arguments["run"])
    if run is None:
        raise TaskError("This run is gone: choose another one.")
    return run
