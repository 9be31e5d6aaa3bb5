"""What lives as long as the server: the training engine, the desks for work that pages ask for, and a cookie that tells
browsers apart."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from http.cookies import SimpleCookie
from typing import TypeGuard

import anyio.to_thread
import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aecore.engine import Engine
from aecore.masked_log import mask_tokens
from aecore.tasks.desk import TaskDesk

COOKIE = "aecore_person"
_TOKEN = re.compile(r"[0-9a-f]{32}")


@cache
def engine() -> Engine:
    """The one engine of this server process."""
    return Engine()


@cache
def task_desk() -> TaskDesk:
    """The one desk of this server process; its own process starts with the first job."""
    return TaskDesk()


@cache
def measuring_desk() -> TaskDesk:
    """A second desk, for measuring that takes minutes: with it on the first one, everybody would wait for somebody's sweep."""
    return TaskDesk()


@cache
def study_desk() -> TaskDesk:
    """A third desk, for studies that train networks and may take an hour."""
    return TaskDesk()


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[dict[str, object]]:
    """Start the engine with the server, and stop all that works with the server, so that no process outlives it."""
    mask_tokens()
    # People's pictures are to stay in memory; starlette would put an upload of more than a megabyte into a file meanwhile.
    MultiPartParser.spool_max_size = int(st.get_option("server.maxUploadSize")) << 20
    running = engine()
    running.start()
    try:
        yield {}
    finally:
        for desk in (task_desk(), measuring_desk(), study_desk()):
            await anyio.to_thread.run_sync(desk.close)
        await anyio.to_thread.run_sync(running.close)


def person() -> str:
    """Who is asking: a hash of this browser's cookie (the token itself is never stored).

    A browser that keeps no cookies is somebody else in each of its tabs, and after each reload: nobody else may have its runs.
    """
    cookies = st.context.cookies
    return person_of(cookies) if is_browser_token(cookies.get(COOKIE)) else _hash(f"session {session()}")


def person_of(cookies: Mapping[str, str]) -> str:
    """Whose request it is that has these cookies; nobody's, who owns nothing, where there is no token among them."""
    token = cookies.get(COOKIE)
    return _hash(token if is_browser_token(token) else "")


def session() -> str:
    """Which tab is asking: Streamlit's own name of it, which nobody can guess; "" outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_browser_token(token: object) -> TypeGuard[str]:
    """Whether a cookie's value is one that this app has given a browser."""
    return isinstance(token, str) and _TOKEN.fullmatch(token) is not None


class PersonCookie:
    """Gives each browser a long random token when it first opens a page, so that runs and the queue belong to somebody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _has_token(scope):
            await self._app(scope, receive, send)
            return
        # Only with the page itself: its many small files are asked for together and would each set another token.
        wants_page = any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
        secure = "; Secure" if scope.get("scheme") == "https" else ""

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and wants_page:
                cookie = f"{COOKIE}={secrets.token_hex(16)}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}"
                message["headers"] = [*message.get("headers", []), (b"set-cookie", cookie.encode())]
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _has_token(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"cookie":
            jar: SimpleCookie = SimpleCookie(value.decode("latin-1"))
            if COOKIE in jar and _TOKEN.fullmatch(jar[COOKIE].value):
                return True
    return False
