"""The routes of the Runs page: everything that a person keeps in one answer, what is new in it, a picture of each, and changes.

They bypass Streamlit's own checks, so: the browser's cookie says who asks, only pages of this server may change anything, what
is sent is bounded, every change is checked against whose the run is, and nothing is cached but pictures.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore import limits
from aecore.keeping import (
    Entry,
    KeepingError,
    annotate,
    check_owner,
    delete,
    deleted_of,
    duplicate,
    name_of,
    purge,
    rename,
    restore,
    runs_in,
    star,
)
from aecore.run_summaries import Summaries
from aecore.runs import ACTIVE, find_run
from aecore.sweeps import find_sweep
from aecore.thumbnails import thumbnail
from aecore.ui.request_checks import NOT_KEPT, RefusedError, bounded_body, same_origin
from aecore.ui.server import COOKIE, engine, is_browser_token, person_of

MOST_TOKENS = limits.RUNS_EACH
"""Runs that one request may change."""
MOST_BYTES = 64 << 10
"""The most bytes of a request."""

_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
_NONE = "This is not on this server (any more)."
_NO_COOKIE = "This browser keeps no cookies for this page, so nothing here can be known to be yours: allow them, and reload."
_PURGE_EVERY = 600.0
_LET_GO_WITHIN = 3.0  # seconds for which a deletion waits for a worker to let the run go
_SHOWN_DELETED = 100

_SUMMARIES = Summaries()


# --- what there is --------------------------------------------------------------------------------------------------------


async def list_runs(request: Request) -> Response:
    """GET /api/runs?since=<version>&tokens=<stamp>: the runs and sweeps of who asks, and those that came with the app, as JSON.

    `runs`: what :mod:`aecore.run_summaries` says of each, those alone that have changed after `since`. `version`: to ask with
    the next time. `tokens`: all that there are, the newest first, and `tokens_stamp`; None where they are those of `tokens`.
    `queue`: by token, the place of each that waits. `deleted`: what can be brought back. `kept`: how much the person keeps, and
    the limits.
    """
    since = request.query_params.get("since", "0")
    if not (since.isascii() and since.isdigit() and len(since) <= 18):
        return _answer({"error": "since must be a version of an earlier answer."}, 400)
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    known = request.query_params.get("tokens", "")
    text = await run_in_threadpool(_list, _owner(request.cookies), int(since), known)
    _tidy()
    if zipped and len(text) > 2_000:
        packed = await run_in_threadpool(gzip.compress, text.encode(), 1)
        headers = NOT_KEPT | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(packed, media_type="application/json", headers=headers)
    return Response(text, media_type="application/json", headers=NOT_KEPT)


def _list(owner: str, since: int, known: str) -> str:
    summaries = _SUMMARIES.of(owner)
    tokens = [summary.token for summary in summaries]
    stamp = hashlib.sha256(",".join(tokens).encode()).hexdigest()[:16]
    waiting = {summary.token for summary in summaries if summary.values["state"] == "queued"}
    mine = [summary for summary in summaries if summary.owner]
    rest = {
        "version": max((summary.version for summary in summaries), default=0),
        "tokens": None if known == stamp else tokens,
        "tokens_stamp": stamp,
        "queue": {token: place for token, place in engine().positions().items() if token in waiting} if waiting else {},
        "deleted": [
            {"token": gone.token, "name": about.name or "Sweep", "seconds": round(time.time() - gone.when)}
            for gone, about in deleted_of(owner)[:_SHOWN_DELETED]
        ],
        "kept": {
            "runs": len(mine),
            "bytes": sum(int(summary.values["bytes"]) for summary in mine),
            "most_runs": limits.RUNS_EACH,
            "most_bytes": limits.BYTES_EACH,
        },
    }
    # The summaries are JSON already: a thousand of them are joined, not made again.
    changed = ",".join(summary.text for summary in summaries if summary.version > since)
    return json.dumps(rest, separators=(",", ":"))[:-1] + f',"runs":[{changed}]}}'


def _owner(cookies: Mapping[str, str]) -> str:
    """Who asks; "" for a browser without a cookie, which is nobody that could be told from others."""
    return person_of(cookies) if is_browser_token(cookies.get(COOKIE)) else ""


class _Purging:
    """Removes what was deleted long ago, now and then, in a thread of its own: nobody waits for it."""

    def __init__(self) -> None:
        self._next = 0.0
        self._lock = Lock()

    def __call__(self) -> None:
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + _PURGE_EVERY
        threading.Thread(target=purge, daemon=True).start()


_tidy = _Purging()


# --- pictures -------------------------------------------------------------------------------------------------------------


class _Thumbnails:
    """The pictures that were asked for last, by token and stamp."""

    def __init__(self, most: int = 1_000) -> None:
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, entry: Entry, stamp: str) -> bytes | None:
        key = (entry.token, stamp)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = thumbnail(entry)
        if made is not None:
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return made


_THUMBNAILS = _Thumbnails()


async def picture(request: Request) -> Response:
    """GET /api/runs/{token}/thumbnail.png?stamp=<stamp>: a small picture of a run or a sweep, see :mod:`aecore.thumbnails`.

    It may be kept for good under the stamp that its summary has; without the right one it is not kept.
    """
    return await run_in_threadpool(_picture, request.path_params["token"], request.query_params.get("stamp", ""))


def _picture(token: str, stamp: str) -> Response:
    entry = _find(token)
    if entry is None:
        return _answer({"error": _NONE}, 404)
    now = _SUMMARIES.stamp_of(entry)
    try:
        content = _THUMBNAILS.get(entry, now) if now else None
    except (OSError, ValueError, KeyError):  # it is being deleted, or its pictures are damaged
        content = None
    if content is None:
        return _answer({"error": "There is no picture of this run (yet)."}, 404)
    return Response(content, media_type="image/png", headers=_FOR_GOOD if stamp == now else NOT_KEPT)


# --- changes --------------------------------------------------------------------------------------------------------------


async def change(request: Request) -> Response:
    """POST /api/runs: {"action": …, "tokens": […], "value": …} changes these runs of who asks.

    Actions: rename and note (`value`: the text, for one run), star (`value`: true or false), duplicate, delete, restore. The
    answer: `done`, the tokens with which it was done; `made`, those of copies; `refused`, a sentence for each of the others; its
    status is that of the first refusal where nothing was done.
    """
    try:
        same_origin(request.headers, "Runs are changed by pages of this server only.")
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise RefusedError(415, "What is to be changed must be sent as JSON.")
        owner = _owner(request.cookies)
        if not owner:
            raise RefusedError(403, _NO_COOKIE)
        body = await bounded_body(request, MOST_BYTES, f"At most {MOST_BYTES >> 10} kB can be sent.")
        action, tokens, value = _wanted(body)
    except RefusedError as refused:
        return _answer({"error": str(refused)}, refused.status)
    except ClientDisconnect:
        return Response(status_code=400, headers=NOT_KEPT)  # nobody is there to read it
    return await run_in_threadpool(_change, action, tokens, value, owner)


def _wanted(body: bytes) -> tuple[str, list[str], Any]:
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "What is to be changed must be sent as JSON.") from None
    if not isinstance(wanted, dict) or not isinstance(wanted.get("action"), str) or wanted["action"] not in _ACTIONS:
        raise RefusedError(400, f"The action must be one of {', '.join(_ACTIONS)}.")
    action, tokens, value = wanted["action"], wanted.get("tokens"), wanted.get("value")
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, str) for token in tokens):
        raise RefusedError(400, "tokens must be a list of runs.")
    if len(tokens) > MOST_TOKENS:
        raise RefusedError(400, f"At most {MOST_TOKENS} runs can be changed at once.")
    if action in ("rename", "note") and (not isinstance(value, str) or len(tokens) > 1):
        raise RefusedError(400, "A text is given to one run.")
    if action == "star" and not isinstance(value, bool):
        raise RefusedError(400, "A star is given or taken: value must be true or false.")
    return action, list(dict.fromkeys(tokens)), value


def _change(action: str, tokens: list[str], value: Any, owner: str) -> Response:
    done, made, refused, status = [], [], [], 200
    for token in tokens:
        try:
            copy = _ACTIONS[action](token, value, owner)
            done.append(token)
            made += [copy] if copy else []
        except KeepingError as error:
            refused.append({"token": token, "sentence": str(error)})
            status = status if status != 200 else error.status
    answer: dict[str, Any] = {"done": done, "made": made, "refused": refused}
    return _answer(answer if done else answer | {"error": refused[0]["sentence"]}, 200 if done else status)


def _found(token: str) -> Entry:
    entry = _find(token)
    if entry is None:
        raise KeepingError(_NONE, 404)
    return entry


def _find(token: str) -> Entry | None:
    """A run or a sweep that somebody knows the token of."""
    return find_run(token) or find_sweep(token)


def _delete(token: str, owner: str) -> None:
    """As soon as no worker has it: one that was just stopped is let go a moment after its state says so."""
    entry = _found(token)
    check_owner(entry, owner)
    if any(run.status.state in ACTIVE for run in runs_in(entry)):
        raise KeepingError(f"“{name_of(entry)}” is still in training: stop it first.")
    end = time.monotonic() + _LET_GO_WITHIN
    while not engine().while_free(runs_in(entry), lambda: _set_aside(entry, owner)):
        if time.monotonic() > end:
            raise KeepingError(f"“{name_of(entry)}” is just ending: try again in a moment.")
        time.sleep(0.02)


def _set_aside(entry: Entry, owner: str) -> None:
    delete(entry, owner=owner)


_ACTIONS: dict[str, Callable[[str, Any, str], str | None]] = {
    "rename": lambda token, value, owner: _nothing(rename(_found(token), value, owner=owner)),
    "note": lambda token, value, owner: _nothing(annotate(_found(token), value, owner=owner)),
    "star": lambda token, value, owner: star(_found(token), value, owner=owner),
    "duplicate": lambda token, value, owner: duplicate(_found(token), owner).token,
    "delete": lambda token, value, owner: _delete(token, owner),
    "restore": lambda token, value, owner: _nothing(restore(token, owner)),
}
"""What can be done: token, value and who asks; returns the token of what was made, if anything was."""


def _nothing(done: object) -> None:
    """For what returns more than is wanted here."""


def _answer(content: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(content, status, headers=NOT_KEPT)


ROUTES = [
    Route("/api/runs", list_runs, methods=["GET"]),
    Route("/api/runs", change, methods=["POST"]),
    Route("/api/runs/{token}/thumbnail.png", picture),
]
