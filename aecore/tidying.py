"""What a killed process may leave in the folder of runs, and its removal."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aecore.runs import SWEEP_FILE, Run, runs_root
from aecore.set_aside import UNFINISHED_KEPT, purge

BESIDE_KEPT = 60.0
"""Seconds after which a file that was to replace another one counts as cut off: writing one takes no longer."""

_BESIDE = re.compile(r"\..+\.[0-9]+\.[0-9a-f]{8}")  # as :func:`aecore.runs.write_beside` names them
_MADE_HERE = re.compile(r"[0-9a-f]{32}")


def tidy(beside_kept: float = BESIDE_KEPT, unfinished_kept: float = UNFINISHED_KEPT) -> None:
    """Remove what was deleted long ago, folders in which a run or a sweep was begun and never made, and files that were to
    replace others. Never touches what somebody else may have put there."""
    purge()
    now = time.time()
    for folder in _folders(runs_root()):
        if not _MADE_HERE.fullmatch(folder.name):
            continue
        # The file that makes a folder a run or a sweep is written last.
        if not (folder / "config.json").exists() and not (folder / SWEEP_FILE).exists():
            if now - _newest(folder) > unfinished_kept:
                shutil.rmtree(folder, ignore_errors=True)
            continue
        run = Run(folder)
        if run.resume_path.is_file() and run.status.state == "finished":  # cut off at its very end
            run.resume_path.unlink(missing_ok=True)
        for inner in (folder, *_folders(folder)):
            _remove_beside(inner, now - beside_kept)
            for innermost in _folders(inner) if inner != folder else ():
                _remove_beside(innermost, now - beside_kept)


def _remove_beside(folder: Path, before: float) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            if _BESIDE.fullmatch(path.name) and path.is_file():
                with suppress(OSError):
                    if path.stat().st_mtime < before:
                        path.unlink()


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]


def _newest(folder: Path) -> float:
    newest = time.time()
    with suppress(OSError):
        newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    return newest
