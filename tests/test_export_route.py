"""The route that makes GIFs: what it answers, and what it refuses."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aecore.pictures.animation import gif
from aecore.ui import export_route
from aecore.ui.export_route import AT_A_TIME, MOST_BYTES, MOST_FRAMES, MOST_PIXELS, ROUTES

FRAMES = np.random.default_rng(0).integers(0, 256, (4, 6, 5), dtype=np.uint8)
QUERY = {"frames": 4, "height": 6, "width": 5, "channels": 1, "milliseconds": 100, "scale": 3}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=ROUTES)) as client:
        yield client


def ask(client: TestClient, body: Any = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
    content = FRAMES.tobytes() if body is None else body
    return client.post("/api/gif", params={**QUERY, **query}, content=content, headers=headers)


def assert_refused(response: Any, status: int, says: str) -> None:
    assert response.status_code == status
    assert says in response.json()["error"]
    assert response.json()["error"].endswith(".")
    assert response.headers["cache-control"] == "no-store"


def test_the_gif_of_the_frames(client: TestClient) -> None:
    response = ask(client)
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/gif"
    assert response.headers["cache-control"] == "no-store"
    assert response.content == gif(FRAMES, 100, 3)
    image = Image.open(io.BytesIO(response.content))
    assert (getattr(image, "n_frames", 1), image.size) == (4, (15, 18))
    np.testing.assert_array_equal(np.asarray(image.convert("L"))[::3, ::3], FRAMES[0])


def test_colours(client: TestClient) -> None:
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    frames[0, ..., 0] = 200
    frames[1, ..., 2] = 90
    response = ask(client, frames.tobytes(), frames=2, height=4, width=4, channels=3)
    assert response.content == gif(frames, 100, 3)


@pytest.mark.parametrize("name", QUERY)
@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "x", "٣", "9" * 30, "nan", "1e1"])
def test_numbers_that_are_none(client: TestClient, name: str, value: str) -> None:
    assert_refused(ask(client, None, None, **{name: value}), 400, name)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"frames": MOST_FRAMES + 1}, "frames"),
        ({"scale": MOST_PIXELS + 1}, "scale"),
        ({"scale": 1, "width": MOST_PIXELS + 1}, "width"),
        ({"scale": MOST_PIXELS // 6 + 1}, "height"),
        ({"milliseconds": 19}, "milliseconds"),
        ({"milliseconds": 10_001}, "milliseconds"),
        ({"channels": 2}, "channel"),
        ({"channels": 4}, "channels"),
    ],
)
def test_numbers_beyond_the_limits(client: TestClient, query: dict[str, int], name: str) -> None:
    assert_refused(ask(client, None, None, **query), 400, name)


def test_a_number_that_is_missing(client: TestClient) -> None:
    rest = {name: value for name, value in QUERY.items() if name != "width"}
    assert_refused(client.post("/api/gif", params=rest, content=FRAMES.tobytes()), 400, "width")


def test_the_most_frames_and_the_longest_side(client: TestClient) -> None:
    frames = np.zeros((MOST_FRAMES, 4, 1), np.uint8)
    frames[::2] = 255
    response = ask(client, frames.tobytes(), frames=MOST_FRAMES, height=4, width=1, scale=MOST_PIXELS // 4)
    image = Image.open(io.BytesIO(response.content))
    assert image.size[1] == MOST_PIXELS
    assert getattr(image, "n_frames", 1) == MOST_FRAMES


def test_too_few_and_too_many_bytes(client: TestClient) -> None:
    assert_refused(ask(client, FRAMES.tobytes()[:-1]), 400, "119 bytes")
    assert_refused(ask(client, FRAMES.tobytes() + b"x"), 413, "more than the 120 bytes")
    assert_refused(ask(client, b""), 400, "0 bytes")


def test_frames_that_are_too_large_are_refused_unread(client: TestClient) -> None:
    assert_refused(ask(client, frames=200, height=200, width=200, scale=1), 413, "at most 4 MB")
    assert_refused(ask(client, b"", headers={"Content-Length": str(MOST_BYTES + 1)}), 413, "at most 4 MB")


def test_reading_ends_when_there_is_too_much(client: TestClient) -> None:
    read = []

    def endless() -> Iterator[bytes]:
        for i in range(100_000):
            read.append(i)
            yield bytes(1000)

    async def ask_without_length() -> int:
        """The test client reads a whole body before it sends it, so the messages are made here."""
        sent: list[Any] = []
        parts = endless()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": next(parts), "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        query = "&".join(f"{name}={value}" for name, value in QUERY.items()).encode()
        scope = {"type": "http", "method": "POST", "path": "/api/gif", "query_string": query, "headers": []}
        await Starlette(routes=ROUTES)(scope, receive, send)
        status: int = sent[0]["status"]
        return status

    assert client.portal is not None
    assert client.portal.call(ask_without_length) == 413
    assert len(read) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind-a-proxy.example"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
        ({"Origin": "http://testserver"}, 200),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[x"}, 403),
    ],
)
def test_only_pages_of_this_server(client: TestClient, headers: dict[str, str], status: int) -> None:
    response = ask(client, headers=headers)
    assert response.status_code == status
    if status == 403:
        assert_refused(response, 403, "this server only")


def test_only_so_many_at_a_time(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    started, may_end = threading.Semaphore(0), threading.Event()

    def slow(*arguments: Any) -> bytes:
        started.release()
        assert may_end.wait(30)
        return b"GIF"

    monkeypatch.setattr(export_route, "gif", slow)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(client).status_code)) for _ in range(AT_A_TIME)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert started.acquire(timeout=30)
    assert_refused(ask(client), 503, "try again")
    may_end.set()
    for thread in threads:
        thread.join()
    assert answers == [200] * AT_A_TIME
    assert ask(client).status_code == 200, "there is room again"


def test_a_failure_leaves_room(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(export_route, "gif", broken)
        for _ in range(AT_A_TIME + 1):
            with pytest.raises(MemoryError):
                ask(client)
    assert ask(client).status_code == 200


def test_it_is_only_posted_to(client: TestClient) -> None:
    assert client.get("/api/gif", params=QUERY).status_code == 405


def test_what_would_grow_too_large_is_refused_before_it_is_made(client: TestClient) -> None:
    """A few kilobytes of frames may stand for gigabytes once they are enlarged."""
    assert_refused(ask(client, b"x", frames=200, height=10, width=10, scale=102), 413, "too large")
