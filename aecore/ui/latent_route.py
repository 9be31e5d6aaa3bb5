"""The routes from which the browser fetches a run's network and held-out pictures, for the views of its code space.

As with the live route: a run is found only by its unguessable token, and nothing of it can be changed here.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.atlas import Atlas, read_atlas
from aecore.full_disk import touch
from aecore.runs import ACTIVE, Run, Status, find_run
from aecore.ui.browser_network import browser_network
from aecore.ui.bytes_block import bytes_block

_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
_FOR_A_WHILE = {"Cache-Control": "private, max-age=3600"}
_NOT_KEPT = {"Cache-Control": "no-store"}
_NO_RUN = "This run is not on this server (any more): choose another one."
_GONE = "gone"  # what is said in the place of a state where there is no run
_WAITING = {
    "queued": "This run waits for its turn. Its weights appear here as soon as its training has begun.",
    "preparing": "This run is getting ready. Its weights appear here as soon as its training has begun.",
}
_COMING = "Getting the weights of this moment…"
_NEVER = "This run has no weights: its training ended before there were any. Choose another one, or train it again."


async def network(request: Request) -> Response:
    """GET /api/runs/{token}/network?stamp=<stamp> or ?have=<stamp>: the network of a run, as one block.

    `stamp`: of the weights that are wanted; the answer may then be kept for good, if these are still the newest ones.
    `have`: of the weights that are there already; the answer is 204 where there are no newer ones. It also says that somebody
    is watching, so that a run in training offers newer ones. The block's header has what `_facts` returns; its part is the
    weights.
    """
    run = find_run(request.path_params["token"])
    if run is None:
        return _sentence(_NO_RUN, _GONE)
    return await run_in_threadpool(_network, run, request.query_params.get("stamp"), request.query_params.get("have"))


def _network(run: Run, wanted: str | None, have: str | None) -> Response:
    status = run.status
    active = status.state in ACTIVE
    if active and wanted is None:
        touch(run.watched_path)
    path = run.newest_weights
    try:
        stamp = "" if path is None else str(path.stat().st_mtime_ns)
        if path is None:
            return _sentence(_why_not(status), status.state)
        if have == stamp:
            return Response(status_code=204, headers=_NOT_KEPT | {"X-Run-State": status.state})
        description, weights = _NETWORKS.get(run, path, stamp)
    except FileNotFoundError:  # replaced by those of the end in this very moment
        return _sentence(_COMING, status.state)
    facts = {"stamp": stamp, "state": status.state, "step": status.step, "description": description}
    headers = _FOR_GOOD if wanted == stamp and not active else _NOT_KEPT
    return _bytes(bytes_block(facts | _facts(run), weights), headers)


def _why_not(status: Status) -> str:
    """Why there are no weights (yet)."""
    if status.state in ACTIVE:
        return _WAITING.get(status.state, _COMING)
    return f"The training of this run has failed. {status.reason}" if status.state == "failed" and status.reason else _NEVER


def _facts(run: Run) -> dict[str, Any]:
    """What the views have to know of a run beside its network."""
    config = run.config
    channels, height, width = config.plan.input_shape
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "data": config.data.name,
        "reconstruction": config.objective.reconstruction,
        "beta": config.objective.kl_weight,
        "epoch": run.status.epoch,
    }


class _Networks:
    """The networks that were asked for last, one for each run: thirty people who look at one run have it packed once.

    most: bytes of weights that are kept, if it is more than one network.
    """

    def __init__(self, most: int = 128 << 20) -> None:
        self._kept: OrderedDict[Path, tuple[str, tuple[dict[str, Any], bytes]]] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, run: Run, path: Path, stamp: str) -> tuple[dict[str, Any], bytes]:
        """As :func:`browser_network` returns it, of the weights in `path`, whose time is `stamp`."""
        with self._lock:
            kept = self._kept.get(run.folder)
        network = kept[1] if kept is not None and kept[0] == stamp else browser_network(run, path)
        with self._lock:
            self._kept[run.folder] = (stamp, network)
            self._kept.move_to_end(run.folder)
            while len(self._kept) > 1 and sum(len(weights) for _, (_, weights) in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return network


_NETWORKS = _Networks()


async def atlas(request: Request) -> Response:
    """GET /api/runs/{token}/atlas: held-out pictures of a run as one block, whose part is the pictures, uint8 (P, C, H, W).

    Its header: `labels` (a class for each picture), `classes` (their names), `origin` ("test" or "validation"), `factors`:
    None, or `names` and `values`, K for each picture.
    """
    run = find_run(request.path_params["token"])
    if run is None:
        return _sentence(_NO_RUN, _GONE)
    found = await run_in_threadpool(read_atlas, run)
    if found is None:
        status = run.status
        missing = _why_not(status) if status.state in ACTIVE else "The pictures of this run are missing: choose another run."
        return _sentence(missing, status.state)
    accepts = "gzip" in request.headers.get("accept-encoding", "")
    return await run_in_threadpool(_atlas, run, found, accepts)


def _atlas(run: Run, found: Atlas, zipped: bool) -> Response:
    card = run.config.card
    factors = None
    if found.factors is not None:
        factors = {"names": list(card.factor_names), "values": found.factors.tolist()}
    header = {"labels": found.labels.tolist(), "classes": list(card.classes), "origin": found.origin, "factors": factors}
    block = bytes_block(header, found.images.tobytes())
    headers = _FOR_A_WHILE if found.origin == "test" else _NOT_KEPT  # else there may be more in a moment
    if zipped:  # pictures on black shrink to a sixth
        return _bytes(gzip.compress(block, 4), headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
    return _bytes(block, headers)


def _bytes(content: bytes, headers: dict[str, str]) -> Response:
    return Response(content, media_type="application/octet-stream", headers=headers)


def _sentence(text: str, state: str) -> Response:
    return JSONResponse({"error": text}, 404, headers=_NOT_KEPT | {"X-Run-State": state})


ROUTES = [Route("/api/runs/{token}/network", network), Route("/api/runs/{token}/atlas", atlas)]
