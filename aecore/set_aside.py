"""Folders of runs and sweeps that are not there (any more, or yet) for whoever looks: their names begin with a dot.

::

    .deleted-<token>-<when><hex>   deleted; can be brought back until it is purged. `when`: seconds since 1970, eight hex digits
    .unfinished-<hex>              being made beside: a copy, until it is whole and gets its own name
    .removing-<hex>                being removed for good

A folder gets and loses such a name by one renaming, so that whatever is cut off, a run is there whole or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aecore.limits import DELETED_KEPT
from aecore.runs import runs_root

UNFINISHED_KEPT = 3600.0
"""Seconds without a change after which something unfinished counts as cut off: nothing takes as long to make."""

_DELETED = re.compile(r"\.deleted-(?P<token>[A-Za-z0-9][A-Za-z0-9_-]{2,63})-(?P<when>[0-9a-f]{8})[0-9a-f]{8}")
_UNFINISHED = ".unfinished-"
_REMOVING = ".removing-"


@dataclass(frozen=True)
class Deleted:
    """A folder that was deleted: its token, and when, in seconds since 1970."""

    folder: Path
    token: str
    when: float


def set_aside(folder: Path) -> Deleted:
    """Take a folder away, at once for whoever looks. Raises OSError where that cannot be done; then it is still there."""
    when = int(time.time())
    gone = folder.with_name(f".deleted-{folder.name}-{when:08x}{secrets.token_hex(4)}")
    folder.rename(gone)
    return Deleted(gone, folder.name, when)


def deleted(root: Path | None = None) -> list[Deleted]:
    """What was deleted and can still be brought back, the last one first."""
    found = []
    for folder in _hidden(root):
        named = _DELETED.fullmatch(folder.name)
        if named is not None:
            found.append(Deleted(folder, named["token"], float(int(named["when"], 16))))
    return sorted(found, key=lambda each: -each.when)


def bring_back(gone: Deleted) -> Path:
    """Give a deleted folder its name again. Raises FileExistsError where there is one of that name, OSError where it is gone."""
    target = gone.folder.with_name(gone.token)
    if target.exists():  # a renaming would replace an empty folder
        raise FileExistsError(f"{target} is there already.")
    return gone.folder.rename(target)


@contextmanager
def being_made(target: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes `target` if nothing fails meanwhile, and else is removed."""
    beside = target.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    beside.mkdir(parents=True)
    try:
        yield beside
        if target.exists():
            raise FileExistsError(f"{target} is there already.")
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def purge(older_than: float = DELETED_KEPT, root: Path | None = None) -> int:
    """Remove for good what was deleted more than so many seconds ago, and what was cut off. Returns how many folders went.

    A folder that cannot be removed stays for the next time.
    """
    now = time.time()
    old = [each.folder for each in deleted(root) if now - each.when >= older_than]
    gone = 0
    for folder in _hidden(root):
        is_old = folder in old or folder.name.startswith(_REMOVING)
        if folder.name.startswith(_UNFINISHED):
            with suppress(OSError):
                is_old = now - folder.stat().st_mtime >= UNFINISHED_KEPT
        elif folder.name.startswith(".deleted-") and _DELETED.fullmatch(folder.name) is None:
            is_old = True  # as an earlier version named them, which kept none
        gone += is_old and _remove(folder)
    return gone


def make_room(bytes_wanted: int) -> None:
    """Remove for good what was deleted, the longest ago first, until so many bytes of the disk are free."""
    for gone in reversed(deleted()):
        if shutil.disk_usage(runs_root()).free >= bytes_wanted:
            return
        _remove(gone.folder)


def _remove(folder: Path) -> bool:
    """Remove a folder; another name first, lest half of it be brought back."""
    with suppress(OSError):
        if not folder.name.startswith(_REMOVING):
            folder = folder.rename(folder.with_name(f"{_REMOVING}{secrets.token_hex(8)}"))
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    return False


def _hidden(root: Path | None) -> list[Path]:
    with suppress(OSError), os.scandir(root or runs_root()) as entries:
        return [Path(entry.path) for entry in entries if entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)]
    return []
