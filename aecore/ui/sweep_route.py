"""The routes from which the browser follows all runs of a sweep at once: what is new in them, and their kept traversals.

As with the live route of a run: a sweep is found only by its unguessable token (or the name of one that came with the app),
nothing can be changed here, answers are bounded and never cached.
"""

from __future__ import annotations

import gzip
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.config_errors import ConfigError
from aecore.metrics_log import MetricsReader, Row
from aecore.moments import Bytes, moments_path, pictured_steps, read_traversals
from aecore.runs import Run, Status
from aecore.sweep_config import MOST_RUNS
from aecore.sweeps import Sweep, find_sweep, overall_state
from aecore.ui.bytes_block import bytes_block
from aecore.ui.server import engine

LOSSES = (
    "step",
    "train_reconstruction",
    "train_kl",
    "val_reconstruction",
    "val_kl",
    "train_capacity",
    "train_total_correlation",
)
"""The columns of metrics.csv that are sent, those of them that there are."""
MOST_ROWS = 400
"""Rows of a run's table in one answer: of more, one of each few."""
MOST_CELLS = 120_000
"""Numbers of all runs' moments.csv in one answer."""
MOST_BYTES = 8 << 20
"""Traversals of all runs at one step, before they are compressed. Of larger codes only the most used numbers are sent."""

_NO_STORE = {"Cache-Control": "no-store"}
_NO_SWEEP = "This sweep is not on this server (any more): choose another one."
_READERS_KEPT = 8 * MOST_RUNS
_TEXT_AT_MOST = 64 * MOST_RUNS
_NOTHING = (-1, -1, -1)


class _Readers:
    """The readers of the tables that were looked at last, so that each look parses only what is new."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, tuple[MetricsReader, Lock]] = OrderedDict()
        self._lock = Lock()

    def rows(self, path: Path, since: float, most: int) -> tuple[list[str], list[Row]]:
        """The columns of the table, and at most so many of its rows after a step."""
        with self._lock:
            reader, lock = self._kept.setdefault(path, (MetricsReader(path), Lock()))
            self._kept.move_to_end(path)
            while len(self._kept) > _READERS_KEPT:
                self._kept.popitem(last=False)
        with lock:
            reader.read()
            return list(reader.columns), reader.since(since, most)

    def last_row(self, path: Path) -> dict[str, float | None]:
        """The values of the newest row, by column; empty before there is one."""
        columns, rows = self.rows(path, -1, 1)
        return dict(zip(columns, rows[-1], strict=True)) if rows else {}


_READERS = _Readers()


class _Queue:
    """The places of all waiting runs, asked of the engine once a second at most, however many people look at however many runs.

    clock: seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked = -math.inf
        self._places: dict[str, int] = {}
        self._lock = Lock()

    def places(self) -> dict[str, int]:
        """By a run's token: 1 for the next."""
        with self._lock:
            if self._clock() - self._asked >= 1:
                self._places, self._asked = engine().positions(), self._clock()
            return self._places


_QUEUE = _Queue()


class _Compressed:
    """The compressed traversals of finished sweeps that were asked for last: thirty people who look at one have it packed once.

    most: bytes that are kept, if it is more than one answer.
    """

    def __init__(self, most: int = 32 << 20) -> None:
        self._kept: OrderedDict[tuple[Path, int], tuple[list[Status], bytes]] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, sweep: Sweep, step: int, make: Callable[[], bytes]) -> bytes:
        """What `make` returns of all runs of the sweep at this step; kept if all are finished, until any is not what it was."""
        statuses = [run.status for run in sweep.runs]
        if any(status.state != "finished" for status in statuses):
            return make()
        key = (sweep.folder, step)
        with self._lock:
            kept = self._kept.get(key)
        block = kept[1] if kept is not None and kept[0] == statuses else make()
        with self._lock:
            self._kept[key] = (statuses, block)
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(len(block) for _, block in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return block


_COMPRESSED = _Compressed()


async def live(request: Request) -> Response:
    """GET /api/sweeps/{token}/live?since=<losses>:<code>:<kept>,…: what is new in every run after those steps, as JSON.

    `since` has three steps for each run, in the order of :attr:`Sweep.members`: of the last row of its losses, of the last row
    of its moments, and of its last kept traversals; −1, or nothing at all, for all there is. The answer has the sweep's `state`
    (see :func:`~aecore.sweeps.overall_state`), how many runs train at a time (`slots`), and of each run what `_news` returns,
    and while it waits its place in the `queue`.
    """
    sweep = find_sweep(request.path_params["token"])
    if sweep is None:
        return _sentence(_NO_SWEEP, 404)
    since = _steps(request.query_params.get("since", ""))
    if since is None:
        return _sentence("since must be three step numbers for each run, such as 10:8:5,10:8:5.", 400)
    try:
        return JSONResponse(await run_in_threadpool(_live, sweep, since), headers=_NO_STORE)
    except ConfigError:
        return _sentence(_NO_SWEEP, 404)


def _live(sweep: Sweep, since: list[tuple[int, int, int]]) -> dict[str, Any]:
    runs = sweep.runs
    since = [*since, *[_NOTHING] * (len(runs) - len(since))]
    news = [_news(run, steps, len(runs)) for run, steps in zip(runs, since, strict=False)]
    waiting = [entry["state"] == "queued" for entry in news]
    places = _QUEUE.places() if any(waiting) else {}
    for run, entry, waits in zip(runs, news, waiting, strict=True):
        entry["queue"] = places.get(run.token) if waits else None
    return {"state": overall_state([entry["state"] for entry in news]), "slots": engine().slots, "members": news}


def _news(run: Run, since: tuple[int, int, int], runs: int) -> dict[str, Any]:
    """State and progress of a run; new rows of its losses and of its moments, with their columns; newly kept steps."""
    # The status first: a run that ends in between is then asked once more, rather than losing its last rows.
    status = run.status
    after_losses, after_code, after_kept = since
    columns, rows = _READERS.rows(run.metrics_path, after_losses, MOST_ROWS)
    wanted = [columns.index(name) for name in LOSSES if name in columns]
    code_columns, code_rows = _READERS.rows(moments_path(run), after_code, MOST_ROWS)
    most = max(1, MOST_CELLS // max(1, runs * len(code_columns)))
    return {
        "state": status.state,
        "reason": status.reason,
        "step": status.step,
        "steps": status.steps,
        "loss_columns": [columns[place] for place in wanted],
        "loss_rows": [[_finite(row[place]) for place in wanted] for row in rows],
        "code_columns": code_columns,
        "code_rows": [[_finite(value) for value in row] for row in _thinned(code_rows, most)],
        "kept": [step for step in pictured_steps(run) if step > after_kept],
    }


async def moments(request: Request) -> Response:
    """GET /api/sweeps/{token}/moments?step=<step>&members=<i>,<i>,…: the traversals kept after a step, as one block.

    `members`: positions in :attr:`Sweep.members`; all where it is missing. The block's header: `step`, the `shape` of one
    number's traversal (STEPS_ACROSS, C, H, W), and `runs`: for each run that kept this step its `member` and the `numbers` of
    its code that are sent, counted from 0, ascending. Its parts: the pictures of each of those runs, uint8 (numbers, *shape).
    """
    sweep = find_sweep(request.path_params["token"])
    if sweep is None:
        return _sentence(_NO_SWEEP, 404)
    query = request.query_params
    try:
        step = int(query["step"])
        members = None if "members" not in query else {int(text) for text in query["members"][:_TEXT_AT_MOST].split(",")}
    except (KeyError, ValueError):
        return _sentence("step must be a step number, and members positions of runs, such as 0,3,4.", 400)
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    try:
        block = await run_in_threadpool(_packed if zipped else _moments, sweep, step, members)
    except ConfigError:
        return _sentence(_NO_SWEEP, 404)
    headers = _NO_STORE | ({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"} if zipped else {})
    return Response(block, media_type="application/octet-stream", headers=headers)


def _packed(sweep: Sweep, step: int, members: set[int] | None) -> bytes:
    """As `_moments`, compressed."""

    def pack() -> bytes:
        return gzip.compress(_moments(sweep, step, members), 1)  # more effort saves next to nothing

    return _COMPRESSED.get(sweep, step, pack) if members is None else pack()


def _moments(sweep: Sweep, step: int, members: set[int] | None) -> bytes:
    runs = sweep.runs
    shape: tuple[int, ...] = ()
    entries, parts = [], []
    for member, run in enumerate(runs):
        if members is not None and member not in members:
            continue
        traversals = read_traversals(run, step)
        if traversals is None or traversals.ndim != 5 or shape not in ((), traversals.shape[1:]):
            continue
        shape = traversals.shape[1:]
        numbers = _most_used(run, traversals, MOST_BYTES // len(runs))
        entries.append({"member": member, "numbers": numbers})
        parts.append(traversals[numbers].tobytes())
    return bytes_block({"step": step, "shape": list(shape), "runs": entries}, *parts)


def _most_used(run: Run, traversals: Bytes, most_bytes: int) -> list[int]:
    """The numbers of the code, counted from 0, whose pictures fit: by KL in the newest row of the moments; ascending."""
    count = max(1, most_bytes // traversals[0].nbytes)
    if len(traversals) <= count:
        return list(range(len(traversals)))
    newest = _READERS.last_row(moments_path(run))
    use = [newest.get(f"kl_{number + 1}") or 0.0 for number in range(len(traversals))]
    return sorted(sorted(range(len(use)), key=lambda number: -use[number])[:count])


def _steps(text: str) -> list[tuple[int, int, int]] | None:
    """The steps in `since`; None where they are not what they should be."""
    if not text:
        return []
    if len(text) > _TEXT_AT_MOST:
        return None
    try:
        return [(int(losses), int(code), int(kept)) for losses, code, kept in (part.split(":") for part in text.split(","))]
    except ValueError:
        return None


def _thinned(rows: list[Row], most: int) -> list[Row]:
    """At most so many of the rows, evenly, the last among them."""
    every = -(-len(rows) // most) if rows else 1
    return rows[(len(rows) - 1) % every :: every]


def _finite(value: float | None) -> float | None:
    """JSON has no infinities; a gap in the curve says the same."""
    return value if value is not None and math.isfinite(value) else None


def _sentence(text: str, status: int) -> Response:
    return JSONResponse({"error": text}, status, headers=_NO_STORE)


ROUTES = [Route("/api/sweeps/{token}/live", live), Route("/api/sweeps/{token}/moments", moments)]
