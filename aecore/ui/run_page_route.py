"""The route from which a run is taken away as a page that works by itself; see :mod:`aecore.ui.run_page`.

As with the other routes: a run is found only by its unguessable token, and nothing of it can be changed here. The page is always
a file to keep: opened in its place it would be a document of this server, so it is also told to run as nobody's.
"""

from __future__ import annotations

import re
from threading import BoundedSemaphore

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.runs import Run, find_run
from aecore.ui.run_page import RunPageError, run_page
from aecore.ui.run_page_words import name_on_page

AT_A_TIME = 2
"""So many pages are made at once; who comes then is asked to try again."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_FREE = BoundedSemaphore(AT_A_TIME)
_LONGEST_NAME = 60


async def page(request: Request) -> Response:
    """GET /api/runs/{token}/page.html: the page of a run, as a file."""
    run = find_run(request.path_params["token"])
    if run is None:
        return _sentence("There is no such run on this server (any more).", 404)
    return await run_in_threadpool(_page, run)


def _page(run: Run) -> Response:
    if not _FREE.acquire(blocking=False):
        return _sentence("The server is making other pages at the moment: try again in a few seconds.", 503)
    try:
        content = run_page(run)
    except RunPageError as error:
        return _sentence(str(error), 409)
    finally:
        _FREE.release()
    headers = _HEADERS | {
        "Content-Disposition": f'attachment; filename="{file_name(run)}"',
        "Content-Security-Policy": "sandbox allow-scripts",
    }
    return Response(content, media_type="text/html", headers=headers)


def file_name(run: Run) -> str:
    """A name for the page's file that every system takes: letters, digits and hyphens."""
    words = re.findall(r"[a-z0-9]+", name_on_page(run).lower())
    return f"{'-'.join(words)[:_LONGEST_NAME].strip('-') or 'run'}.html"


def _sentence(text: str, status: int) -> Response:
    return JSONResponse({"error": text}, status, headers=_HEADERS)


ROUTES = [Route("/api/runs/{token}/page.html", page)]
