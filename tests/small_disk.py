"""A disk with little room, for tests: what is written in this process fails as on a real one, after so many bytes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aecore.metrics_log import RowFile


class SmallDisk:
    """Room for `room` more bytes; files that are removed or replaced give none back. A write that fails leaves its first part."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: float) -> None:
        self.room = room
        self.failed: list[str] = []  # the names of the files that could not be written
        write_bytes, make_folder, append = Path.write_bytes, Path.mkdir, RowFile._write

        def written(path: Path, data: bytes) -> int:
            fits = self._take(len(data), path.name)
            write_bytes(path, data[:fits])
            return self._whole(fits, len(data))

        def made(path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
            if not path.is_dir():
                self._whole(self._take(1, path.name), 1)
            make_folder(path, mode, parents, exist_ok)

        def appended(rows: RowFile, content: bytearray) -> int:
            fits = self._take(len(content), "rows")
            return append(rows, content[:fits]) if fits else self._whole(0, 1)

        monkeypatch.setattr(Path, "write_bytes", written)
        monkeypatch.setattr(Path, "mkdir", made)
        monkeypatch.setattr(RowFile, "_write", appended)

    def _take(self, size: int, name: str) -> int:
        fits = int(min(size, self.room))
        self.room -= fits
        if fits < size:
            self.failed.append(name)
        return fits

    @staticmethod
    def _whole(fits: int, size: int) -> int:
        if fits < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return fits


def after(count: int, do: Callable[[], None]) -> Callable[[float], None]:
    """A `rest` that does something when it is called for the `count`-th time, and takes no time."""
    calls = 0

    def rest(seconds: float) -> None:
        nonlocal calls
        calls += 1
        if calls == count:
            do()

    return rest
