"""The process that pages wait for: jobs in order, progress, stopping, and what happens when the process dies."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from aecore.tasks.desk import MOST_JOBS, MOST_JOBS_EACH, Job, TaskDesk, TooManyJobsError
from aecore.tasks.messages import read_message, write_message
from tests.server import wait_for

# A grey wall with noise of a tenth of the whole range.
PICTURE = np.random.default_rng(0).normal(128, 25, (64, 48, 3)).clip(0, 255).astype(np.uint8)
WANTED = {"added": 0.0, "strength": 0.1}


@pytest.fixture(scope="module")
def others() -> set[int]:
    """Processes of desks that other tests left open."""
    return {process.pid for process in processes()}


@pytest.fixture(scope="module")
def desk(others: set[int]) -> Iterator[TaskDesk]:
    opened = TaskDesk()
    yield opened
    opened.close()


def finish(desk: TaskDesk, job: Job) -> Job:
    for _ in desk.follow(job):
        pass
    return job


def processes() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "aecore.tasks.process" in child.cmdline():
                found.append(child)
    return found


kinds = st.sampled_from([np.uint8, np.float32, np.int64])
shapes = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
dictionaries = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)


@given(dictionaries, st.lists(kinds.flatmap(lambda kind: arrays_of.arrays(kind, shapes)), max_size=3))
def test_messages_come_out_as_they_went_in(message: dict[str, Any], sent: list[np.ndarray[Any, Any]]) -> None:
    message.pop("arrays", None)
    stream = io.BytesIO()
    write_message(stream, message, sent)
    whole = stream.getvalue()
    received = read_message(io.BytesIO(whole))
    assert received is not None
    assert received[0] == json.loads(json.dumps(message))
    assert len(received[1]) == len(sent)
    for one, other in zip(received[1], sent, strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    assert read_message(io.BytesIO(whole[:-1])) is None


def test_a_picture_comes_back_denoised_with_progress(desk: TaskDesk) -> None:
    job = desk.submit("denoise", WANTED, [PICTURE])
    states = [(seen.state, seen.progress) for seen in desk.follow(job)]
    assert states[-1] == ("done", 1.0)
    assert [share for _, share in states] == sorted(share for _, share in states)
    made, *_ = job.made
    assert made.shape == PICTURE.shape
    assert made.std() < PICTURE.std() / 3
    assert not job.arrays


def test_a_task_that_fails_says_so_and_the_next_one_works(desk: TaskDesk) -> None:
    broken = finish(desk, desk.submit("denoise", {}, [PICTURE]))
    assert broken.state == "failed"
    assert "KeyError" in broken.error
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"


def test_jobs_wait_in_line_and_can_be_taken_back(desk: TaskDesk) -> None:
    large = np.tile(PICTURE, (30, 40, 1))
    first = desk.submit("denoise", WANTED, [large], owner="one")
    second = desk.submit("denoise", WANTED, [PICTURE], owner="one")
    third = desk.submit("denoise", WANTED, [PICTURE], owner="other")
    with pytest.raises(TooManyJobsError, match="wait for one"):
        desk.submit("denoise", WANTED, [PICTURE], owner="one")
    assert MOST_JOBS_EACH == 2
    wait_for(lambda: first.state == "working", "the first job")
    assert (desk.position(second), desk.position(third)) == (1, 2)
    desk.cancel(second)
    assert second.state == "cancelled"
    assert desk.position(third) == 1
    desk.cancel(first)
    assert finish(desk, first).state == "cancelled"
    assert finish(desk, third).state == "done"


def test_the_queue_is_bounded() -> None:
    desk = TaskDesk()
    jobs = [desk.submit("denoise", WANTED, [PICTURE], owner=str(number)) for number in range(MOST_JOBS)]
    with pytest.raises(TooManyJobsError, match="in a minute"):
        desk.submit("denoise", WANTED, [PICTURE], owner="late")
    desk.close()
    assert all(job.state == "failed" for job in jobs)


def test_a_killed_process_fails_its_job_and_the_next_gets_a_new_one(others: set[int], desk: TaskDesk) -> None:
    finish(desk, desk.submit("denoise", WANTED, [PICTURE]))
    (process,) = (one for one in processes() if one.pid not in others)
    os.kill(process.pid, signal.SIGSTOP)
    job = desk.submit("denoise", WANTED, [PICTURE])
    wait_for(lambda: job.state == "working", "the job")
    os.kill(process.pid, signal.SIGKILL)
    assert finish(desk, job).state == "failed"
    assert "try again" in job.error
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"
    (new,) = (one for one in processes() if one.pid not in others)
    assert new.pid != process.pid


def test_the_process_ends_when_idle_and_when_closed() -> None:
    before = {process.pid for process in processes()}

    def mine() -> set[int]:
        return {process.pid for process in processes()} - before

    desk = TaskDesk(idle=0.2)
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"
    wait_for(lambda: not mine(), "the end of the idle process")
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"
    desk.close()
    assert not mine()
    late = desk.submit("denoise", WANTED, [PICTURE])
    assert finish(desk, late).state == "failed"


def test_a_process_that_was_woken_serves_the_next_job_and_ends_like_any_other() -> None:
    before = {process.pid for process in processes()}

    def mine() -> set[int]:
        return {process.pid for process in processes()} - before

    desk = TaskDesk(idle=5.0)
    desk.wake()
    desk.wake()
    (woken,) = mine()
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"
    assert mine() in ({woken}, set())
    wait_for(lambda: not mine(), "the end of the idle process")
    desk.close()
    desk.wake()
    assert not mine(), "one that is closed starts nothing"


def test_a_job_can_be_taken_back_before_the_process_is_there() -> None:
    desk = TaskDesk()
    job = desk.submit("denoise", WANTED, [np.tile(PICTURE, (20, 20, 1))])
    wait_for(lambda: job.state == "working", "the job")
    desk.cancel(job)
    assert finish(desk, job).state == "cancelled"
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"
    desk.close()


def test_a_message_that_cannot_be_sent_fails_its_job_alone(desk: TaskDesk) -> None:
    broken = finish(desk, desk.submit("denoise", {"added": object()}, [PICTURE]))
    assert broken.state == "failed"
    assert finish(desk, desk.submit("denoise", WANTED, [PICTURE])).state == "done"


def test_what_nobody_follows_is_stopped_unless_it_is_kept(desk: TaskDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aecore.tasks.desk.ABANDONED", 0.0)
    left = desk.submit("denoise", WANTED, [PICTURE])
    wait_for(lambda: left.over, "the end of a job that nobody follows")
    assert left.state == "cancelled"
    kept: list[Job] = []
    wanted = desk.submit("denoise", WANTED, [PICTURE], keep=kept.append)
    wait_for(lambda: bool(kept), "the result")
    assert kept == [wanted]
    assert wanted.state == "done"
