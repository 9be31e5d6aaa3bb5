"""The desks of the server: long measuring keeps nobody waiting who wants something short, and all end with the server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from aecore.tasks.desk import MOST_JOBS_EACH, TaskDesk, TooManyJobsError
from aecore.ui import server


class EngineThatDoesNothing:
    """In the place of the engine of the server."""

    def start(self) -> None:
        """Start nothing."""

    def close(self) -> None:
        """End nothing."""


@pytest.fixture
def desks(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TaskDesk, TaskDesk]]:
    monkeypatch.setattr(TaskDesk, "_work", lambda desk: None)  # jobs wait for ever
    for made in (server.task_desk, server.measuring_desk, server.study_desk):
        made.cache_clear()
    yield server.task_desk(), server.measuring_desk()
    for made in (server.task_desk, server.measuring_desk, server.study_desk):
        made.cache_clear()


def test_a_queue_at_one_desk_is_none_at_the_other(desks: tuple[TaskDesk, TaskDesk]) -> None:
    short, long = desks
    for _ in range(MOST_JOBS_EACH):
        long.submit("disentangle", {}, owner="ada")
    with pytest.raises(TooManyJobsError) as full:
        long.submit("disentangle", {}, owner="ada")
    assert "picture" not in str(full.value)
    assert short.position(short.submit("denoise", {}, owner="ada")) == 0


def test_all_end_with_the_server(desks: tuple[TaskDesk, TaskDesk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "engine", EngineThatDoesNothing)

    async def serve() -> None:
        async with server.lifespan(None):
            assert not any(desk._closed for desk in desks)

    with ThreadPoolExecutor(1) as elsewhere:  # the browser tests keep an event loop running in this thread
        elsewhere.submit(anyio.run, serve).result()
    assert all(desk._closed for desk in (*desks, server.study_desk()))
