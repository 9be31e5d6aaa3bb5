"""How much a person keeps, how much all keep together, and whether there is room for more.

Whatever makes runs (training, a duplicate, a file that is brought back) asks :func:`check_room` first.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from aecore import limits
from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.engine_errors import LimitReachedError
from aecore.full_disk import FULL
from aecore.runs import ACTIVE, SWEEP_FILE, Run, kept_about, runs_root
from aecore.set_aside import make_room
from aecore.sweeps import Sweep, owner_of

_COPIES = 4
"""Times that the weights of a run in training are on the disk: the weights, and what is needed to go on (Adam has two more)."""
_FLOAT = 4


@dataclass(frozen=True)
class Kept:
    """One run, or one sweep with all its runs: its token, whose it is, and what it takes."""

    token: str
    owner: str
    bytes: int
    is_sweep: bool


@dataclass(frozen=True)
class Usage:
    """What is kept: `runs` (a sweep counts as one) and the `bytes` that they take."""

    runs: int
    bytes: int


def usage_of(owner: str) -> Usage:
    """What a person keeps."""
    return _sum([kept for kept in _all_kept() if kept.owner == owner])


def usage_in_all() -> Usage:
    """What all people keep."""
    return _sum(list(_all_kept()))


def oldest_unstarred(owner: str) -> list[Kept]:
    """What of a person may go when room is needed: runs and sweeps that have ended, without a star, the oldest first."""
    return _removable([kept for kept in _all_kept() if kept.owner == owner])


def training_bytes(config: RunConfig) -> int:
    """About what a run takes while it trains."""
    return _COPIES * _FLOAT * config.plan.parameters


def check_room(owner: str, *, runs: int = 1, bytes: int = 0, make: bool = True) -> None:
    """Whether a person may keep `runs` more, of so many bytes. Raises LimitReachedError, whose message says what to do.

    Where the disk is full, what was deleted and could still be brought back goes first, unless `make` is false: for a question
    alone.
    """
    kept = list(_all_kept())
    mine = [each for each in kept if each.owner == owner]
    here, everywhere = _sum(mine), _sum(kept)
    too_many = max(here.runs + runs - limits.RUNS_EACH, everywhere.runs + runs - limits.RUNS_IN_ALL)
    too_large = max(here.bytes + bytes - limits.BYTES_EACH, everywhere.bytes + bytes - limits.BYTES_IN_ALL)
    missing = bytes + limits.BYTES_LEFT_FREE - _free_bytes()
    if missing > 0 and make:
        make_room(bytes + limits.BYTES_LEFT_FREE)
        missing = bytes + limits.BYTES_LEFT_FREE - _free_bytes()
    if here.runs + runs > limits.RUNS_EACH:
        problem = f"You keep {here.runs:,} runs, and one person may keep {limits.RUNS_EACH:,}."
    elif here.bytes + bytes > limits.BYTES_EACH:
        problem = f"Your runs take {size(here.bytes)}, and with {size(bytes)} more this is over the {size(limits.BYTES_EACH)} "
        problem += "of one person."
    elif too_many > 0:
        problem = f"This server keeps {everywhere.runs:,} runs of all people together, and {limits.RUNS_IN_ALL:,} is the most."
    elif too_large > 0:
        problem = f"The runs on this server take {size(everywhere.bytes)} together, and {size(limits.BYTES_IN_ALL)} is the most."
    elif missing > 0:
        problem = FULL
    else:
        return
    raise _no_room(problem, mine, max(0, too_many), max(0, too_large, missing), (runs, bytes))


def _no_room(problem: str, mine: list[Kept], runs: int, bytes: int, wanted: tuple[int, int]) -> LimitReachedError:
    """The error that offers as many of the oldest as make room for so many runs and bytes. wanted: as the error keeps it."""
    chosen: list[Kept] = []
    freed = 0
    for kept in _removable(mine):
        if len(chosen) >= max(runs, limits.REMOVAL_OFFERED) and freed >= bytes:
            break
        chosen.append(kept)
        freed += kept.bytes
    if len(chosen) < runs or freed < bytes:
        return LimitReachedError(f"{problem} Delete runs that you do not need, or ask whoever runs this server for more room.")
    count = "oldest unstarred run" if len(chosen) == 1 else f"{len(chosen)} oldest unstarred runs"
    return LimitReachedError(
        f"{problem} Removing your {count} frees {size(freed)}; star those that are to stay.",
        [kept.token for kept in chosen],
        freed,
        wanted,
    )


def size(count: int) -> str:
    """Bytes in words: “12.3 MB”."""
    value, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "bytes" or value >= 100 else f"{value:.1f} {units[0]}"


def _sum(kept: list[Kept]) -> Usage:
    return Usage(len(kept), sum(each.bytes for each in kept))


def _removable(mine: list[Kept]) -> list[Kept]:
    ended: list[tuple[float, Kept]] = []
    for kept in mine:
        folder = runs_root() / kept.token
        with suppress(ConfigError):  # a sweep that cannot be read is not for this
            thing = Sweep(folder) if kept.is_sweep else Run(folder)
            about = thing.about
            active = thing.active if isinstance(thing, Sweep) else thing.status.state in ACTIVE
            if not about.starred and not active:
                ended.append((about.created, kept))
    return [kept for _, kept in sorted(ended, key=lambda pair: pair[0])]


def _free_bytes() -> int:
    root = runs_root()
    while not root.exists():
        root = root.parent
    return shutil.disk_usage(root).free


def _all_kept() -> Iterator[Kept]:
    with suppress(FileNotFoundError), os.scandir(runs_root()) as entries:
        for entry in entries:
            # Names with a dot are no runs: what is being made, and what was deleted and waits to be gone.
            if not entry.name.startswith("."):
                kept = _kept_at(entry.path)
                if kept is not None:
                    yield kept


_known: dict[str, tuple[int, Kept | None]] = {}
_MOST_KNOWN = 50_000  # folders, many of them gone, after which all is looked at anew
_SETTLED = 50_000_000
"""Nanoseconds after which another change of a folder has another time."""


def _kept_at(folder: str) -> Kept | None:
    """What lies in a folder. Looked at again only when a file directly in it was made, replaced or removed.

    A run in training replaces its status several times a second; of one that has ended nothing else changes much.
    """
    try:
        status = os.stat(folder)
    except OSError:
        return None
    known = _known.get(folder)
    if known is not None and known[0] == status.st_mtime_ns:
        return known[1] if known[1] is None or not known[1].is_sweep else replace(known[1], bytes=_sweep_bytes(folder))
    kept = _look(folder) if S_ISDIR(status.st_mode) else None
    if len(_known) > _MOST_KNOWN:
        _known.clear()
        _members.clear()
    if time.time_ns() - status.st_mtime_ns > _SETTLED:
        _known[folder] = (status.st_mtime_ns, kept)
    return kept


def _look(folder: str) -> Kept | None:
    path = Path(folder)
    if os.path.exists(os.path.join(folder, "config.json")):
        return Kept(path.name, kept_about(Run(path)).owner, folder_bytes(folder), False)
    owner = owner_of(path) if os.path.exists(os.path.join(folder, SWEEP_FILE)) else None
    return None if owner is None else Kept(path.name, owner, _sweep_bytes(folder), True)


def _sweep_bytes(folder: str) -> int:
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += _member_bytes(entry.path)
            else:
                total += entry.stat(follow_symlinks=False).st_size
    return total


_members: dict[str, tuple[int, int]] = {}


def _member_bytes(folder: str) -> int:
    stamp = os.stat(folder).st_mtime_ns
    known = _members.get(folder)
    if known is not None and known[0] == stamp:
        return known[1]
    count = folder_bytes(folder)
    if time.time_ns() - stamp > _SETTLED:
        _members[folder] = (stamp, count)
    return count


def folder_bytes(folder: str) -> int:
    """The bytes of all files in a folder and its subfolders; links are not followed."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # replaced at this moment
                status = entry.stat(follow_symlinks=False)
                if S_ISREG(status.st_mode):
                    total += status.st_size
                elif S_ISDIR(status.st_mode):
                    total += folder_bytes(entry.path)
    return total
