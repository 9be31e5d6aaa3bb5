"""The route that makes a GIF of frames that the browser has drawn: it sends them, and gets the file back.

It bypasses Streamlit's own checks, so: nothing is kept, only pages of this server may ask, and what is asked for is bounded.
"""

from __future__ import annotations

from threading import BoundedSemaphore
from urllib.parse import urlsplit

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.pictures.animation import LONGEST, SHORTEST, gif

MOST_BYTES = 4 << 20
"""The most bytes that may be sent."""
MOST_FRAMES = 200
MOST_PIXELS = 1024
"""The longest side of the GIF."""
AT_A_TIME = 2
"""So many GIFs are made at once; who comes then is asked to try again."""

MOST_DRAWN = 60_000_000
"""The most pixels that all frames may have together, once they are enlarged: several times what the app asks for."""

_NOT_KEPT = {"Cache-Control": "no-store"}
_FREE = BoundedSemaphore(AT_A_TIME)


class _RefusedError(ValueError):
    """What was asked for is not done; the message is a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def make_gif(request: Request) -> Response:
    """POST /api/gif?frames=<N>&height=<H>&width=<W>&channels=<1|3>&milliseconds=<M>&scale=<S>: the GIF of these frames.

    The body is the frames as raw bytes, (N, H, W) or (N, H, W, 3). See :func:`aecore.pictures.animation.gif`.
    """
    try:
        _same_origin(request.headers)
        shape, milliseconds, scale = _wanted(request.query_params)
        body = await _body(request, int(np.prod(shape)))
        frames = np.frombuffer(body, np.uint8).reshape(shape)
        content = await run_in_threadpool(_made, frames[..., 0] if shape[3] == 1 else frames, milliseconds, scale)
    except _RefusedError as refused:
        return JSONResponse({"error": str(refused)}, refused.status, headers=_NOT_KEPT)
    except ClientDisconnect:
        return Response(status_code=400, headers=_NOT_KEPT)  # nobody is there to read it
    return Response(content, media_type="image/gif", headers=_NOT_KEPT)


def _same_origin(headers: Headers) -> None:
    """Refuse what another site's page sends. Browsers say which site a page is of, older ones by its address alone."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_ours = origin is None or _host(origin) == headers.get("host") if site is None else site == "same-origin"
    if not is_ours:
        raise _RefusedError(403, "GIFs are made for pages of this server only.")


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # not an address at all
        return ""


def _wanted(query: QueryParams) -> tuple[tuple[int, int, int, int], int, int]:
    """The frames' shape (N, H, W, C), the milliseconds a frame, and the enlargement."""
    scale = _number(query, "scale", 1, MOST_PIXELS)
    most = MOST_PIXELS // scale
    height, width = _number(query, "height", 1, most), _number(query, "width", 1, most)
    channels = _number(query, "channels", 1, 3)
    if channels == 2:
        raise _RefusedError(400, "Pictures have 1 channel (grey) or 3 (red, green, blue), not 2.")
    shape = _number(query, "frames", 1, MOST_FRAMES), height, width, channels
    if shape[0] * height * width * scale**2 > MOST_DRAWN:
        raise _RefusedError(413, "This GIF would be too large: ask for fewer frames, or for a smaller enlargement.")
    return shape, _number(query, "milliseconds", SHORTEST, LONGEST), scale


def _number(query: QueryParams, name: str, least: int, most: int) -> int:
    text = query.get(name, "")
    # A long row of digits is not worth reading, and Python reads digits of every script.
    if text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most:
        return int(text)
    raise _RefusedError(400, f"{name} must be a whole number from {least} to {most:,}.")


async def _body(request: Request, size: int) -> bytes:
    """The body, which must have this many bytes. Reading ends as soon as there are too many."""
    if size > MOST_BYTES or _declared(request) > MOST_BYTES:
        raise _RefusedError(413, f"These frames are too large: at most {MOST_BYTES >> 20} MB can be sent.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > size:
            raise _RefusedError(413, f"There are more than the {size:,} bytes of frames of this shape.")
    if len(body) < size:
        raise _RefusedError(400, f"There are {len(body):,} bytes, and frames of this shape have {size:,}.")
    return bytes(body)


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _made(frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], milliseconds: int, scale: int) -> bytes:
    if not _FREE.acquire(blocking=False):
        raise _RefusedError(503, "The server is making other GIFs at the moment: try again in a few seconds.")
    try:
        return gif(frames, milliseconds, scale)
    finally:
        _FREE.release()


ROUTES = [Route("/api/gif", make_gif, methods=["POST"])]
