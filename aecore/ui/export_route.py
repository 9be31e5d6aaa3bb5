"""The route that makes a GIF of frames that the browser has drawn: it sends them, and gets the file back.

It bypasses Streamlit's own checks, so: nothing is kept, only pages of this server may ask, and what is asked for is bounded.
"""

from __future__ import annotations

from threading import BoundedSemaphore

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.pictures.animation import LONGEST, SHORTEST, gif
from aecore.ui.request_checks import NOT_KEPT, RefusedError, bounded_body, declared_bytes, same_origin

MOST_BYTES = 4 << 20
"""The most bytes that may be sent."""
MOST_FRAMES = 200
MOST_PIXELS = 1024
"""The longest side of the GIF."""
AT_A_TIME = 2
"""So many GIFs are made at once; who comes then is asked to try again."""

MOST_DRAWN = 60_000_000
"""The most pixels that all frames may have together, once they are enlarged: several times what the app asks for."""

_FREE = BoundedSemaphore(AT_A_TIME)


async def make_gif(request: Request) -> Response:
    """POST /api/gif?frames=<N>&height=<H>&width=<W>&channels=<1|3>&milliseconds=<M>&scale=<S>: the GIF of these frames.

    The body is the frames as raw bytes, (N, H, W) or (N, H, W, 3). See :func:`aecore.pictures.animation.gif`.
    """
    try:
        same_origin(request.headers, "GIFs are made for pages of this server only.")
        shape, milliseconds, scale = _wanted(request.query_params)
        body = await _body(request, int(np.prod(shape)))
        frames = np.frombuffer(body, np.uint8).reshape(shape)
        content = await run_in_threadpool(_made, frames[..., 0] if shape[3] == 1 else frames, milliseconds, scale)
    except RefusedError as refused:
        return JSONResponse({"error": str(refused)}, refused.status, headers=NOT_KEPT)
    except ClientDisconnect:
        return Response(status_code=400, headers=NOT_KEPT)  # nobody is there to read it
    return Response(content, media_type="image/gif", headers=NOT_KEPT)


def _wanted(query: QueryParams) -> tuple[tuple[int, int, int, int], int, int]:
    """The frames' shape (N, H, W, C), the milliseconds a frame, and the enlargement."""
    scale = _number(query, "scale", 1, MOST_PIXELS)
    most = MOST_PIXELS // scale
    height, width = _number(query, "height", 1, most), _number(query, "width", 1, most)
    channels = _number(query, "channels", 1, 3)
    if channels == 2:
        raise RefusedError(400, "Pictures have 1 channel (grey) or 3 (red, green, blue), not 2.")
    shape = _number(query, "frames", 1, MOST_FRAMES), height, width, channels
    if shape[0] * height * width * scale**2 > MOST_DRAWN:
        raise RefusedError(413, "This GIF would be too large: ask for fewer frames, or for a smaller enlargement.")
    return shape, _number(query, "milliseconds", SHORTEST, LONGEST), scale


def _number(query: QueryParams, name: str, least: int, most: int) -> int:
    text = query.get(name, "")
    # A long row of digits is not worth reading, and Python reads digits of every script.
    if text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most:
        return int(text)
    raise RefusedError(400, f"{name} must be a whole number from {least} to {most:,}.")


async def _body(request: Request, size: int) -> bytes:
    """The body, which must have this many bytes. Reading ends as soon as there are too many."""
    if size > MOST_BYTES or declared_bytes(request) > MOST_BYTES:
        raise RefusedError(413, f"These frames are too large: at most {MOST_BYTES >> 20} MB can be sent.")
    body = await bounded_body(request, size, f"There are more than the {size:,} bytes of frames of this shape.")
    if len(body) < size:
        raise RefusedError(400, f"There are {len(body):,} bytes, and frames of this shape have {size:,}.")
    return body


def _made(frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], milliseconds: int, scale: int) -> bytes:
    if not _FREE.acquire(blocking=False):
        raise RefusedError(503, "The server is making other GIFs at the moment: try again in a few seconds.")
    try:
        return gif(frames, milliseconds, scale)
    finally:
        _FREE.release()


ROUTES = [Route("/api/gif", make_gif, methods=["POST"])]
