"""A sweep is a folder of runs that belong together; this file owns its layout.

::

    sweep.json           the SweepConfig, who asked for it (a hash), when, its name, a note, a star
    atlas.npz            held-out pictures, the same for all its runs
    beta-4-seed-1/       a run; see :mod:`aecore.runs`
    …
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aecore.config_errors import ConfigError
from aecore.runs import ACTIVE, CHECKPOINTS, SWEEP_FILE, About, Run, is_token, replace_file, roots, runs_root, sweep_folders
from aecore.set_aside import Deleted, set_aside
from aecore.sweep_config import Arm, SweepConfig

STATES = ("running", "paused", "queued", "failed", "interrupted", "stopped", "finished")
"""What a sweep is doing as a whole: the first of these that is the state of one of its runs."""


def overall_state(states: Sequence[str]) -> str:
    """The state of a sweep whose runs are in these states, one of :data:`STATES`. A run that gets ready counts as running."""
    present = {"running" if state == "preparing" else state for state in states}
    return next(state for state in STATES if state in present)


@dataclass(frozen=True)
class Member:
    """One run of a sweep: what is special about it, and its folder."""

    arm: Arm
    seed: int
    run: Run


class Sweep:
    """One sweep's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, config: SweepConfig, folder: Path, *, owner: str = "", name: str = "") -> Sweep:
        """Make the folder, with a run for each member. Raises FileExistsError if it holds something already, or is no folder."""
        if folder.is_file():
            raise FileExistsError(f"{folder} is a file: choose another folder.")
        if folder.is_dir() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty: choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        for arm, seed in config.members:
            Run.create(
                arm.config(config.base, seed), folder / member_name(arm, seed), owner=owner, name=arm.title, sweep=folder.name
            )
        record = {"format": 1, "config": config.model_dump(mode="json"), "owner": owner, "created": time.time(), "name": name}
        replace_file(folder / SWEEP_FILE, json.dumps(record, indent=1))  # last: a sweep that is there is whole
        return cls(folder)

    @property
    def token(self) -> str:
        """The folder's name: unguessable for sweeps that people make."""
        return self.folder.name

    @property
    def exists(self) -> bool:
        return (self.folder / SWEEP_FILE).is_file()

    @property
    def config(self) -> SweepConfig:
        """Raises ConfigError where the folder holds none that can be read."""
        return _record(self.folder)[0]

    @property
    def about(self) -> About:
        return _record(self.folder)[1]

    @property
    def members(self) -> tuple[Member, ...]:
        """All runs, in the order of :attr:`SweepConfig.members`."""
        return tuple(
            Member(arm, seed, Run(self.folder / member_name(arm, seed), self.token)) for arm, seed in self.config.members
        )

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of all members."""
        return tuple(member.run for member in self.members)

    @property
    def active(self) -> bool:
        """Whether some of its runs are, or wait to be, with a worker."""
        return any(run.status.state in ACTIVE for run in self.runs)

    @property
    def finished(self) -> tuple[Member, ...]:
        """The members whose training came to its end."""
        return tuple(member for member in self.members if member.run.status.state == "finished")

    def write_about(self, about: About) -> None:
        """Only its name, its note and its star can change. Raises OSError or ValueError where there is no such file."""
        path = self.folder / SWEEP_FILE
        record = json.loads(path.read_bytes()) | {"name": about.name, "note": about.note, "starred": about.starred}
        replace_file(path, json.dumps(record, indent=1))

    def delete(self) -> Deleted:
        """Take the folder away with all that is in it, at once for whoever looks. Only where none of its runs is with a worker.

        It can be brought back for a while: see :mod:`aecore.set_aside`. Raises OSError.
        """
        return set_aside(self.folder)


def member_name(arm: Arm, seed: int) -> str:
    """The folder of a run within its sweep's."""
    return f"{arm.key}-seed-{seed}"


def new_sweep(config: SweepConfig, *, owner: str = "", name: str = "") -> Sweep:
    """A new folder under :func:`~aecore.runs.runs_root`, with a name that nobody can guess."""
    folder = runs_root() / secrets.token_hex(16)
    try:
        return Sweep.create(config, folder, owner=owner, name=name)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find_sweep(token: str) -> Sweep | None:
    """The sweep of that token, made here or come with the app; None if there is none. Safe for any text from outside."""
    if not is_token(token):
        return None
    return next((sweep for root in roots() if (sweep := Sweep(root / token)).exists), None)


def shipped_sweeps() -> list[Sweep]:
    """The finished sweeps that come with the app."""
    return list(_readable(CHECKPOINTS))


def sweeps_of(owner: str) -> list[Sweep]:
    """A person's sweeps, newest first."""
    return sorted(_readable(runs_root(), owner), key=lambda sweep: -sweep.about.created)


def _readable(root: Path, owner: str | None = None) -> Iterator[Sweep]:
    """The sweeps in a root, only those of `owner` where one is given."""
    for folder in sweep_folders(root):
        if owner is not None and owner_of(folder) != owner:
            continue
        try:
            _record(folder)
        except ConfigError:
            continue
        yield Sweep(folder)


def _record(folder: Path) -> tuple[SweepConfig, About]:
    path = folder / SWEEP_FILE
    try:
        return _parsed(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError([f"{folder} holds no sweep that can be read ({SWEEP_FILE})."]) from None


def owner_of(folder: Path) -> str | None:
    """Whose sweep a folder is, if that can be read."""
    path = folder / SWEEP_FILE
    try:
        return _read_owner(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=1 << 16)
def _read_owner(path: Path, stamp: int) -> str:
    """The owner alone: every click of every person looks through all sweeps, and checking a configuration is slow."""
    return str(json.loads(path.read_bytes())["owner"])


@lru_cache(maxsize=4096)
def _parsed(path: Path, stamp: int) -> tuple[SweepConfig, About]:
    """A sweep's file, read again only when it has changed."""
    record: dict[str, Any] = json.loads(path.read_bytes())
    about = About(
        owner=str(record["owner"]),
        created=float(record["created"]),
        name=str(record["name"]),
        note=str(record.get("note", "")),
        starred=record.get("starred") is True,
    )
    return SweepConfig.parse(record["config"]), about
