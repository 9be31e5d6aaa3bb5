"""Work that a page waits for, done in one process of its own, one job after the other; torch-free on this side.

The process (:mod:`aecore.tasks.process`) is started with the first job and ended when none has come for a while: torch takes
half a gigabyte. A job's pictures go through a pipe; nothing is written to a disk.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from aecore.masked_log import print_error
from aecore.runs import CHECKPOINTS
from aecore.tasks.messages import Arrays, Message, read_message, write_message

IDLE = 300.0
"""Seconds without a job after which the process ends and gives its memory back."""
ABANDONED = 20.0
"""Seconds after which a job that nobody follows any more is stopped, unless its result is kept for later."""
MOST_JOBS = 40
"""Jobs that may wait in all, and…"""
MOST_JOBS_EACH = 2
"""…of one person: the queue is fair by being short."""


class TooManyJobsError(RuntimeError):
    """The queue is full; the message says so."""


@dataclass(eq=False)
class Job:
    """One piece of work. `state` is waiting · working · done · failed · cancelled; `error` is a sentence where it failed.

    `keep` is told the job when it is done: its result is then wanted also where nobody follows it any more.
    """

    task: str
    arguments: Message
    arrays: Arrays
    owner: str
    keep: Callable[[Job], None] | None = None
    state: str = "waiting"
    progress: float = 0.0
    what: str = ""
    result: Message = field(default_factory=dict)
    made: Arrays = field(default_factory=list)
    error: str = ""
    unwanted: bool = False
    sent: bool = False  # whether the process has been given it
    followed: float = field(default_factory=time.monotonic)  # when somebody last looked

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


class TaskDesk:
    """The queue in front of the process. All methods may be called from any thread."""

    def __init__(self, idle: float = IDLE) -> None:
        self._idle = idle
        self._jobs: deque[Job] = deque()
        self._present: Job | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(
        self,
        task: str,
        arguments: Message,
        arrays: Arrays | None = None,
        *,
        owner: str = "",
        keep: Callable[[Job], None] | None = None,
    ) -> Job:
        """Put a job at the end of the queue. Raises TooManyJobsError."""
        job = Job(task, arguments, arrays or [], owner, keep)
        with self._changed:
            waiting = [*self._jobs, *([self._present] if self._present and not self._present.unwanted else [])]
            if sum(other.owner == owner for other in waiting) >= MOST_JOBS_EACH:
                raise TooManyJobsError("Two things that you asked for are still being worked on: wait for one, or stop it.")
            if len(waiting) >= MOST_JOBS:
                raise TooManyJobsError("Too many people are waiting at the moment: try again in a minute.")
            self._jobs.append(job)
            self._start_thread()
            self._changed.notify_all()
        return job

    def wake(self) -> None:
        """Start the process now, for a job that is likely to come: it takes seconds. When none comes, it ends as after a job."""
        with self._changed:
            if not self._closed:
                self._start_thread()
        with suppress(BrokenPipeError):  # closed meanwhile
            self._running_process()

    def _start_thread(self) -> None:
        """With the lock held."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def position(self, job: Job) -> int:
        """How many jobs are before it; 0 where it is being worked on or over."""
        with self._changed:
            if job not in self._jobs:
                return 0
            return self._jobs.index(job) + (self._present is not None)

    def follow(self, job: Job) -> Iterator[Job]:
        """Yield the job now and whenever something happens, until it is over (which is yielded too).

        Also every half second when nothing does: a page that follows is left at such a moment only.
        """
        while True:
            over = job.over
            job.followed = time.monotonic()
            yield job
            if over:
                return
            with self._changed:
                if not job.over:
                    self._changed.wait(0.5)

    def cancel(self, job: Job) -> None:
        """Nobody wants the result any more: a waiting job leaves the queue, one that is worked on is stopped at its next step."""
        with self._changed:
            job.unwanted = True
            if job in self._jobs:
                self._jobs.remove(job)
                job.state, job.arrays = "cancelled", []
                self._changed.notify_all()
                return
            process = self._process if job is self._present and job.sent else None
        # Not with the lock held: the pipe may be full of somebody's picture, and all pages would wait for it.
        if process is not None:
            self._ask_to_stop(process)

    def close(self) -> None:
        """End the process; jobs that are not over fail."""
        with self._changed:
            self._closed = True
            self._end_process()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(10)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._do(job)
            except Exception as error:
                # Whatever it was: the pipe may be out of step, so the process ends; the thread must not, or all would wait.
                if not isinstance(error, OSError):
                    print_error()
                self._fail(job)
            with self._changed:
                self._present = None
                job.arrays = []  # the picture it was given is not needed any more
                self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            end = time.monotonic() + self._idle
            while not self._jobs and not self._closed:
                left = end - time.monotonic()
                if left <= 0:
                    self._end_process()
                    self._thread = None
                    return None
                self._changed.wait(left)
            if self._closed:
                for job in self._jobs:
                    job.state, job.error = "failed", "The server is going down."
                self._jobs.clear()
                self._changed.notify_all()
                return None
            job = self._present = self._jobs.popleft()
            job.state, job.what = "working", "Getting ready"
            job.unwanted = job.unwanted or _is_left(job)
            self._changed.notify_all()
            return job

    def _do(self, job: Job) -> None:
        process = self._running_process()
        assert process.stdout is not None
        self._write(process, {"task": job.task, "arguments": job.arguments}, job.arrays)
        with self._changed:
            job.sent = True
            unwanted = job.unwanted  # since before there was anybody to tell
        if unwanted:
            self._ask_to_stop(process)
        while True:
            received = read_message(process.stdout)
            if received is None:
                self._fail(job)
                return
            message, arrays = received
            if "result" in message:
                job.result, job.made = message["result"], arrays
                if job.keep is not None:
                    job.keep(job)  # before anybody who follows it can look for what was kept
            with self._changed:
                if "progress" in message:
                    job.progress, job.what = message["progress"], message["what"]
                elif "result" in message:
                    job.state, job.progress = "done", 1.0
                elif "error" in message:
                    job.state, job.error = "failed", message["error"]
                else:
                    job.state = "cancelled"
                self._changed.notify_all()
                if job.over:
                    return
                left = not job.unwanted and _is_left(job)
                job.unwanted = job.unwanted or left
            if left:
                self._ask_to_stop(process)

    def _ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(OSError, ValueError):  # where the process is gone, the thread that reads from it finds out
            self._write(process, {"cancel": True})

    def _write(self, process: subprocess.Popen[bytes], message: Message, arrays: Arrays | None = None) -> None:
        assert process.stdin is not None
        with self._writing:
            write_message(process.stdin, message, arrays)

    def _fail(self, job: Job) -> None:
        with self._changed:
            self._end_process()
            job.state = "failed"
            job.error = "The work was cut off (perhaps the memory ran out): try again, with a smaller picture or less at once."
            self._changed.notify_all()

    def _running_process(self) -> subprocess.Popen[bytes]:
        with self._changed:
            if self._closed:
                raise BrokenPipeError
            if self._process is None or self._process.poll() is not None:
                command = [sys.executable, "-m", "aecore.tasks.process"]
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKPOINTS.parent, start_new_session=True
                )
            return self._process

    def _end_process(self) -> None:
        """With the lock held."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def _is_left(job: Job) -> bool:
    """Whether nobody looks at it any more: the page was closed or reloaded."""
    return job.keep is None and time.monotonic() - job.followed > ABANDONED
