"""What a person does with a run or a sweep that is kept: name, note, star, duplicate, delete and bring back.

Whose it is is checked here too: every function is given who asks. What cannot be done raises :class:`KeepingError`, whose
message is a sentence for people.
"""

from __future__ import annotations

import errno
import json
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock

from aecore.atlas import atlas_file
from aecore.engine_errors import LimitReachedError
from aecore.limits import DELETED_KEPT
from aecore.runs import ACTIVE, SWEEP_FILE, About, Run, replace_file, runs_root
from aecore.set_aside import Deleted, being_made, bring_back, deleted, set_aside
from aecore.set_aside import purge as purge
from aecore.shipped_runs import TITLES
from aecore.sweeps import Sweep
from aecore.usage import check_room, folder_bytes

NAME_LETTERS = 80
NOTE_LETTERS = 2_000
_READ = 20  # times as many letters are looked at: what comes after them is not

NOT_YOURS = "This belongs to somebody else: you can look at it, and keep a copy of your own."
_FROM_THE_APP = "This came with the app and stays as it is: duplicate it, and change the copy."
_MEMBER = "This run is part of a sweep: it is kept and deleted together with it."
_STILL_TRAINING = "“{name}” is still in training: stop it first."
_LEFT_OUT = frozenset({"control.json", "watched", "live_model.safetensors"})
"""What is of the moment only, and belongs to the run that it was asked of."""
_COPIED = " (copy)"

_CHANGING = Lock()

Entry = Run | Sweep


class KeepingError(ValueError):
    """What was asked for is not done; the message is a sentence for people. `status`: as an answer over HTTP."""

    def __init__(self, sentence: str, status: int = 409) -> None:
        super().__init__(sentence)
        self.status = status


# --- name, note, star -----------------------------------------------------------------------------------------------------


def rename(entry: Entry, name: str, *, owner: str) -> str:
    """Give it another name; returns the name as it is kept: one line without control characters. Raises KeepingError."""
    kept = " ".join(_clean(name[: _READ * NAME_LETTERS]).split())
    if not kept:
        raise KeepingError("A name needs at least one letter.", 400)
    if len(kept) > NAME_LETTERS:
        raise KeepingError(f"A name can have {NAME_LETTERS} letters, and this has more: make it shorter.", 400)
    _change(entry, owner, lambda about: replace(about, name=kept))
    return kept


def annotate(entry: Entry, note: str, *, owner: str) -> str:
    """Write a note, "" for none; returns it as it is kept. Raises KeepingError."""
    kept = "\n".join(line.rstrip() for line in _clean(note[: _READ * NOTE_LETTERS]).split("\n")).strip()
    if len(kept) > NOTE_LETTERS:
        raise KeepingError(f"A note can have {NOTE_LETTERS:,} letters, and this has more: make it shorter.", 400)
    _change(entry, owner, lambda about: replace(about, note=kept))
    return kept


def star(entry: Entry, starred: bool, *, owner: str) -> None:
    """Mark it as one to keep when room is needed, or take the mark away. Raises KeepingError."""
    _change(entry, owner, lambda about: replace(about, starred=starred))


def _change(entry: Entry, owner: str, change: Callable[[About], About]) -> None:
    check_owner(entry, owner)
    try:
        with _CHANGING:  # two of them at once would each write back what the other had changed
            entry.write_about(change(entry.about))
    except (OSError, ValueError) as error:
        raise KeepingError(f"This could not be written: {_why(error)}", 500) from None


def check_owner(entry: Entry, owner: str) -> None:
    """Raise KeepingError unless it is this person's own, and not a part of a sweep."""
    theirs = entry.about.owner
    if not theirs:
        raise KeepingError(_FROM_THE_APP, 403)
    if not owner or theirs != owner:
        raise KeepingError(NOT_YOURS, 403)
    if isinstance(entry, Run) and entry.sweep:
        raise KeepingError(_MEMBER)


def _clean(text: str) -> str:
    """Without what is no letter: control characters (but line breaks), halves of letters, and marks that turn text around."""
    lines = re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", text).replace("\t", " ")
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    kept = [sign for sign in lines if sign == "\n" or (unicodedata.category(sign) not in ("Cc", "Cs") and sign not in turning)]
    return unicodedata.normalize("NFC", "".join(kept))


# --- duplicate ------------------------------------------------------------------------------------------------------------


def duplicate(run: Entry, owner: str) -> Run:
    """A copy of a run that is over, also of one that came with the app or is somebody else's and was shared, as `owner`'s own.

    The copy appears whole or not at all. It has neither star nor note, which are its person's. Raises KeepingError.
    """
    if isinstance(run, Sweep):
        raise KeepingError("A sweep cannot be duplicated: set up another one like it on the Disentangle page.")
    about, status = run.about, run.status
    if status.state in ACTIVE:
        raise KeepingError(_STILL_TRAINING.format(name=name_of(run)))
    name = name_of(run).removesuffix(_COPIED)[: NAME_LETTERS - len(_COPIED)] + _COPIED
    target = runs_root() / secrets.token_hex(16)
    _check_room(owner, folder_bytes(str(run.folder)))
    try:
        with being_made(target) as beside:
            _copy(run.folder, beside)
            _copy_shared(run, beside)
            mine = replace(about, owner=owner, created=time.time(), name=name, note="", starred=False)
            replace_file(beside / "about.json", json.dumps(asdict(mine), indent=1))
            if not (beside / "config.json").is_file() or run.status != status:
                raise KeepingError(f"“{name_of(run)}” has changed meanwhile: try again.")
    except OSError as error:
        raise KeepingError(f"The copy could not be made: {_why(error)}", 507) from None
    return Run(target)


def _check_room(owner: str, size: int) -> None:
    try:
        check_room(owner, bytes=size)
    except LimitReachedError as error:
        raise KeepingError(str(error), 507) from None


def _copy(folder: Path, into: Path) -> None:
    """All files that are files, not links to elsewhere, of a folder and of those in it."""
    into.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _LEFT_OUT or path.is_symlink():
            continue
        if path.is_dir():
            _copy(path, into / path.name)
        elif path.is_file():
            with suppress(FileNotFoundError):  # a file may go while its folder is read
                shutil.copyfile(path, into / path.name)


def _copy_shared(run: Run, into: Path) -> None:
    """What the run has in common with others, and lies beside it."""
    shared = shared_atlas(run)
    if shared is not None and not (into / "atlas.npz").exists():
        shutil.copyfile(shared, into / "atlas.npz")


def shared_atlas(run: Run) -> Path | None:
    """The held-out pictures that a run has in common with others: those of a sweep, or of the app's runs on the same data."""
    path = atlas_file(run)
    return path if path.is_file() and path.parent != run.folder else None


# --- delete and bring back -------------------------------------------------------------------------------------------------


def delete(entry: Entry, *, owner: str) -> Deleted:
    """Take a run or a sweep away, at once for whoever looks; it can be brought back for a while. Raises KeepingError.

    The caller sees to it that no worker has it: see :meth:`aecore.engine.Engine.while_free`.
    """
    check_owner(entry, owner)
    if any(run.status.state in ACTIVE for run in runs_in(entry)):
        raise KeepingError(_STILL_TRAINING.format(name=name_of(entry)))
    try:
        return set_aside(entry.folder)
    except OSError as error:
        raise KeepingError(f"“{name_of(entry)}” could not be deleted: {_why(error)}", 500) from None


def deleted_of(owner: str) -> list[tuple[Deleted, About]]:
    """What a person deleted and can bring back, the last one first."""
    if not owner:
        return []
    now = time.time()
    each = [(gone, about_deleted(gone)) for gone in deleted() if now - gone.when < DELETED_KEPT]
    return [(gone, about) for gone, about in each if about.owner == owner]


def restore(token: str, owner: str) -> Entry:
    """Bring back what was deleted. Raises KeepingError."""
    gone = next((gone for gone, _ in deleted_of(owner) if gone.token == token), None)
    if gone is None:
        hours = f"{DELETED_KEPT / 3600:.0f}"
        raise KeepingError(f"This cannot be brought back: what is deleted is kept for {hours} hours, for who deleted it.", 404)
    _check_room(owner, folder_bytes(str(gone.folder)))
    try:
        folder = bring_back(gone)
    except OSError as error:
        raise KeepingError(f"This could not be brought back: {_why(error)}", 500) from None
    return Sweep(folder) if (folder / SWEEP_FILE).is_file() else Run(folder)


def about_deleted(gone: Deleted) -> About:
    """Whose it was and what it was called; nobody's where that cannot be read."""
    if not (gone.folder / SWEEP_FILE).is_file():
        return Run(gone.folder).about
    with suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads((gone.folder / SWEEP_FILE).read_bytes())
        return About(owner=str(record["owner"]), created=float(record["created"]), name=str(record["name"]))
    return About()


def runs_in(entry: Entry) -> tuple[Run, ...]:
    """The run itself, or those of a sweep."""
    return entry.runs if isinstance(entry, Sweep) else (entry,)


def name_of(entry: Entry) -> str:
    """What it is called."""
    return TITLES.get(entry.token) or entry.about.name or entry.token


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Delete runs that are not needed, and try again."
    return "the folder cannot be read or written. Try again."
