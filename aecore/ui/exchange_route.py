"""The routes from which a run is taken away: all of it as a zip, its weights, its curves. See :mod:`aecore.exchange.taking`.

They bypass Streamlit's own checks, so: a run is found only by its unguessable token (or the name of one that came with the app),
nothing can be changed here, answers are made piece by piece while they are sent and never cached, and who does not take what is
sent is let go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import BoundedSemaphore
from urllib.parse import quote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import curves, file_name, weights_file, zip_pieces
from aecore.runs import Run, find_run

AT_A_TIME = 8
"""So many files are sent at once; who comes then is asked to try again."""
PATIENCE = 20.0
"""Seconds that a browser may take for a piece of a quarter of a megabyte."""
LONGEST = 600.0
"""Seconds that it may take for all of a file."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_FREE = BoundedSemaphore(AT_A_TIME)

Taken = Callable[[Run], tuple[int | None, Iterator[bytes]]]


class _Sent(StreamingResponse):
    """A file in pieces, each of which must be taken in time; then another may be sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            # Nobody is there any more, or nobody takes it: the server closes what has no end.
            with suppress(ClientDisconnect, TimeoutError), anyio.fail_after(LONGEST):
                await super().__call__(scope, receive, send)
        finally:
            _FREE.release()

    async def stream_response(self, send: Send) -> None:
        async def in_time(message: object) -> None:
            with anyio.fail_after(PATIENCE):
                await send(message)  # type: ignore[arg-type]

        await super().stream_response(in_time)


async def take_zip(request: Request) -> Response:
    """GET /api/runs/{token}/run.zip: all of a run."""
    return await _answer(request, lambda run: (None, zip_pieces(run)), ".zip", "application/zip")


async def take_weights(request: Request) -> Response:
    """GET /api/runs/{token}/model.safetensors: its weights, with its configuration in their metadata."""
    return await _answer(request, weights_file, ".safetensors", "application/octet-stream")


async def take_curves(request: Request) -> Response:
    """GET /api/runs/{token}/metrics.csv: its curves, also while it trains."""
    return await _answer(request, curves, ".csv", "text/csv; charset=utf-8")


async def _answer(request: Request, take: Taken, ending: str, kind: str) -> Response:
    run = find_run(request.path_params["token"])
    if run is None:
        return _sentence("There is no such run on this server (any more).", 404)
    if not _FREE.acquire(blocking=False):
        return _sentence("The server is sending other files at the moment: try again in a few seconds.", 503)
    try:
        size, pieces = await run_in_threadpool(take, run)
        headers = _HEADERS | {"Content-Disposition": await run_in_threadpool(disposition, run, ending)}
    except RefusedError as error:
        _FREE.release()
        return _sentence(str(error), 409)
    except BaseException:
        _FREE.release()
        raise
    if size is not None:
        headers["Content-Length"] = str(size)
    return _Sent(pieces, media_type=kind, headers=headers)


def disposition(run: Run, ending: str) -> str:
    """The header that names the file: in letters that every system takes, and as its person wrote it for those that know more."""
    name = "".join(letter for letter in run.about.name if letter.isprintable() and letter not in '/\\:*?"<>|')[:80].strip(" .")
    plain = f'attachment; filename="{file_name(run, ending)}"'
    return plain if not name else f"{plain}; filename*=UTF-8''{quote(name + ending, safe='')}"


def _sentence(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, headers=_HEADERS)


ROUTES = [
    Route("/api/runs/{token}/run.zip", take_zip, methods=["GET"]),
    Route("/api/runs/{token}/model.safetensors", take_weights, methods=["GET"]),
    Route("/api/runs/{token}/metrics.csv", take_curves, methods=["GET"]),
]
