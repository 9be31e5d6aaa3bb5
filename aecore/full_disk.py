"""A full disk stops nothing that runs: what cannot be written waits in memory, and is written when there is room.

While a run is recorded (:mod:`aecore.recording`), and while the engine notes what it is asked, :func:`holding` is in force:
:func:`aecore.runs.replace_file` then keeps here what the disk has no room for, the newest content of each file. Whoever reads
such a file in the same process gets what waits. A worker tells its engine the states of its runs that it could not write
(:meth:`Waiting.note`), so that people see them.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

FULL = "The disk of this server is full."
"""The beginning of every sentence about it."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_holding: ContextVar[bool] = ContextVar("holding", default=False)


def is_full(error: BaseException) -> bool:
    """Whether a file could not be written because there is no room on the disk, or a quota is used up."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


@contextmanager
def holding(on: bool = True) -> Iterator[None]:
    """In this thread, what a full disk does not take waits in memory; elsewhere, or if not `on`, it is an OSError as usual."""
    before = _holding.set(on)
    try:
        yield
    finally:
        _holding.reset(before)


class Waiting:
    """The contents of files that wait for room, by path, in this process. Thread-safe."""

    def __init__(self) -> None:
        self._contents: dict[Path, bytes] = {}
        self._lock = threading.Lock()

    def keep(self, path: Path, content: bytes, error: OSError) -> bool:
        """Keep what could not be written because of `error`, if that is the disk and somebody is holding; whether it was kept."""
        if not (is_full(error) and _holding.get()):
            return False
        self.show(path, content)
        return True

    def show(self, path: Path, content: bytes) -> None:
        """Have the readers of this process see this content."""
        with self._lock:
            self._contents[path] = content

    def note(self, path: Path, content: str) -> None:
        """As :meth:`show`, of what another process says; "" where it was able to write it."""
        if content:
            self.show(path, content.encode())
        else:
            self.forget(path)

    def content(self, path: Path) -> bytes | None:
        """What waits to be written there, or None."""
        return self._contents.get(path)

    def paths(self, folder: Path | None = None) -> list[Path]:
        """The files that wait, all or those in a folder and its subfolders."""
        with self._lock:
            return [path for path in self._contents if folder is None or folder in path.parents]

    def forget(self, path: Path) -> None:
        """What waits there is not wanted any more, or written."""
        with self._lock:
            self._contents.pop(path, None)

    def write(self, paths: list[Path], write: Callable[[Path, bytes], None]) -> bool:
        """Try to write these files, the smallest first; whether all of them are written. What is gone meanwhile is forgotten."""
        sized = [(path, content) for path in paths if (content := self.content(path)) is not None]
        for path, content in sorted(sized, key=lambda pair: len(pair[1])):
            try:
                write(path, content)
            except FileNotFoundError:
                pass  # its folder is gone: there is nobody to keep it for
            except OSError as error:
                if not is_full(error):
                    raise
                return False
            with self._lock:
                if self._contents.get(path) is content:
                    del self._contents[path]
        return True


WAITING = Waiting()
"""The one of this process."""


def read(path: Path) -> bytes:
    """A file's content, also where it still waits to be written. Raises OSError."""
    content = WAITING.content(path)
    return path.read_bytes() if content is None else content


def remove(path: Path) -> None:
    """Remove a file, also where it still waits to be written."""
    WAITING.forget(path)
    path.unlink(missing_ok=True)


def touch(path: Path) -> None:
    """Set a file's time to now, if there is room for it."""
    with suppress(OSError):
        path.touch()
