"""The route from which the browser fetches what is new in a run: rows, a frame, the state. No page is rerun for it.

It bypasses Streamlit's own checks, so: a run is found only by its unguessable token (or the name of one that came with the
app), nothing can be changed here, answers are bounded and never cached.
"""

from __future__ import annotations

import base64
import math
from collections import OrderedDict
from dataclasses import asdict
from threading import Lock
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.config import RunConfig
from aecore.frames import Frame, Gallery, read_frame, read_gallery
from aecore.metrics_log import MetricsReader
from aecore.runs import Run, Status, find_run
from aecore.ui.run_config import config_of
from aecore.ui.server import engine

_NO_STORE = {"Cache-Control": "no-store"}
_READERS_KEPT = 256


class _Readers:
    """The metrics readers of the runs that were looked at last, so that each look parses only what is new."""

    def __init__(self) -> None:
        self._readers: OrderedDict[str, tuple[MetricsReader, Lock]] = OrderedDict()
        self._lock = Lock()

    def rows(self, run: Run, since: float) -> tuple[list[str], list[list[float | None]]]:
        with self._lock:
            reader, lock = self._readers.get(run.token) or (MetricsReader(run.metrics_path), Lock())
            self._readers[run.token] = (reader, lock)
            self._readers.move_to_end(run.token)
            while len(self._readers) > _READERS_KEPT:
                self._readers.popitem(last=False)
        with lock:
            reader.read()
            return list(reader.columns), reader.since(since)


_READERS = _Readers()


def rows_after(run: Run, step: float) -> tuple[list[str], list[list[float | None]]]:
    """The columns of a run's metrics and its rows after a step, no more than a MetricsReader's `since` gives."""
    return _READERS.rows(run, step)


async def live(request: Request) -> Response:
    """GET /api/runs/{token}/live?since=<step>&frame=<step>&gallery=<0|1>: what is new after those steps, as JSON.

    Without `frame` (for runs that are only laid over a chart) no frame is sent.
    """
    run = find_run(request.path_params["token"])
    if run is None or await run_in_threadpool(config_of, run) is None:
        return JSONResponse({"error": "There is no such run on this server (any more)."}, 404, headers=_NO_STORE)
    query = request.query_params
    try:
        since, frame = float(query.get("since", "-1")), int(query["frame"]) if "frame" in query else None
    except ValueError:
        return JSONResponse({"error": "since and frame must be step numbers."}, 400, headers=_NO_STORE)
    content = await run_in_threadpool(_answer, run, since, frame, query.get("gallery") == "1")
    return JSONResponse(content, headers=_NO_STORE)


def _answer(run: Run, since: float, frame_step: int | None, with_gallery: bool) -> dict[str, Any]:
    # The status first: a run that ends in between is then asked once more, rather than losing its last rows.
    status = run.status
    columns, rows = _READERS.rows(run, since)
    frame = None if frame_step is None else read_frame(run.frames_folder)
    gallery = read_gallery(run.frames_folder) if with_gallery else None
    config = config_of(run)
    return {
        "token": run.token,
        "status": asdict(status)
        | {"queue": engine().position(run) if status.state == "queued" else None, "slots": engine().slots},
        "columns": columns,
        "rows": [[_finite(value) for value in row] for row in rows],
        "frame": None if frame is None or frame.step == frame_step else _frame(frame, status),
        "gallery": None if gallery is None or config is None else _gallery(config, gallery),
    }


def _frame(frame: Frame, status: Status) -> dict[str, Any]:
    return {
        "step": frame.step,
        "epoch": frame.step / max(1, status.steps) * status.epochs,
        "reconstructions": _base64(frame.reconstructions),
        "positions": _base64(frame.positions.astype("<f4")),
    }


def _gallery(config: RunConfig, gallery: Gallery) -> dict[str, Any]:
    count, channels, height, width = gallery.originals.shape
    return {
        "count": count,
        "channels": channels,
        "height": height,
        "width": width,
        "originals": _base64(gallery.originals),
        "corrupted": None if gallery.corrupted is None else _base64(gallery.corrupted),
        "labels": gallery.labels.tolist(),
        "point_labels": _base64(gallery.point_labels),
        "classes": list(config.card.classes),
        "code_size": config.code.size,
        "positions_kind": gallery.positions_kind,
    }


def _base64(array: np.ndarray[Any, np.dtype[Any]]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _finite(value: float | None) -> float | None:
    """JSON has no infinities; a gap in the curve says the same."""
    return value if value is not None and math.isfinite(value) else None


ROUTES = [Route("/api/runs/{token}/live", live)]
