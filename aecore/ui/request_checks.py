"""What the routes check that take something from a browser: who sends it, and how much. They bypass Streamlit's own checks."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

NOT_KEPT = {"Cache-Control": "no-store"}


class RefusedError(ValueError):
    """What was asked for is not done; the message is a sentence, and `status` that of the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def same_origin(headers: Headers, sentence: str) -> None:
    """Refuse what another site's page sends. Browsers say which site a page is of, older ones by its address alone."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_ours = origin is None or _host(origin) == headers.get("host") if site is None else site == "same-origin"
    if not is_ours:
        raise RefusedError(403, sentence)


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # not an address at all
        return ""


def declared_bytes(request: Request) -> int:
    """How long the body is to be, as its sender says; 0 where it says nothing."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


async def bounded_body(request: Request, most: int, sentence: str) -> bytes:
    """The body. Refused, and read no further, as soon as it has more than so many bytes."""
    if declared_bytes(request) > most:
        raise RefusedError(413, sentence)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise RefusedError(413, sentence)
    return bytes(body)
