"""A run is a folder; this file owns its layout. The worker writes it, the app reads it; `control.json` goes the other way.

::

    config.json          the RunConfig
    about.json           whose it is (a hash), when it was made, its name, its note; see :class:`About`
    status.json          what it is doing; see :class:`Status`
    metrics.csv          a row each time the losses are read; see :mod:`aecore.metrics_log`
    frames/              pictures of the training; see :mod:`aecore.frames`
    weights/             the weights at a few steps, in half precision; see :mod:`aecore.weight_snapshots`
    start.safetensors    the weights that it began with, where these are another run's
    model.safetensors    the weights; of a run that came with the app `model.safetensors.xz`, see :mod:`aecore.weights_file`
    live_model.safetensors  the weights of this moment, while somebody watches the run's code space
    watched              touched by the app each time somebody asks for those
    atlas.npz            held-out pictures; see :mod:`aecore.atlas`
    moments.csv          of a member of a sweep: its code while it trains; see :mod:`aecore.moments`
    moments/             and its traversals at steps that all members share
    resume.safetensors   all that is needed to go on exactly
    control.json         what the person asks of it; see :class:`Control`

Small files are replaced whole, so that a reader never sees half of one. A folder whose name begins with a dot is none that
anybody sees: see :mod:`aecore.set_aside`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar

from aecore import full_disk
from aecore.config import RunConfig
from aecore.full_disk import WAITING

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
ACTIVE = ("queued", "preparing", "running", "paused")
"""States in which a run is, or waits to be, with a worker."""
HEARTBEAT_LIMIT = 5.0
"""Seconds without a heartbeat after which an active run of no living engine counts as interrupted."""

SWEEP_FILE = "sweep.json"
"""What makes a folder a sweep; see :mod:`aecore.sweeps`."""

_MEMBER = "--"  # between the token of a sweep and that of a run in it
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,63}")


def runs_root() -> Path:
    """Where people's runs live: the environment variable AECORE_RUNS, else `checkpoints/runs`."""
    return Path(os.environ.get("AECORE_RUNS") or CHECKPOINTS / "runs")


@dataclass
class Status:
    """What a run is doing. `state` is queued · preparing · running · paused · stopped · finished · failed · interrupted."""

    state: str = "queued"
    reason: str = ""
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    epochs: int = 0
    seconds: float = 0.0  # of training alone
    images_per_second: float = 0.0
    preparing: dict[str, Any] | None = None  # {"what": …, "done": 0..1} while data is fetched or the test set measured
    test: dict[str, float] | None = None
    test_images: int = 0
    heartbeat: float = field(default_factory=time.time)  # seconds since 1970
    since: float = field(default_factory=time.time)  # when this state began
    ends_at: float = 0.0  # seconds of training after which it will be stopped; 0 where that is still to be decided, or never
    hopeless: bool = False  # failed in a way in which it would fail again: it diverged


@dataclass
class Control:
    """What the person asks of a run: `want` is run · pause · stop; `single_steps` counts the steps asked for while paused.

    asked: when, in seconds since 1970, so that the same asked once more is seen.
    """

    want: str = "run"
    single_steps: int = 0
    learning_rate: float | None = None
    asked: float = 0.0


@dataclass(frozen=True)
class About:
    """Whose run it is (a hash of the browser's token, "" for one that came with the app), when it was made, and its name.

    note: what its person wrote about it. starred: whether it is to be kept when room is needed. start: of a run that began with
    the weights of another one, in words (its name and the step). file: of a run that was brought back, the file's name.
    """

    owner: str = ""
    created: float = 0.0
    name: str = ""
    note: str = ""
    starred: bool = False
    start: str = ""
    file: str = ""


class Run:
    """One run's folder. Reading never fails because somebody is writing.

    sweep: the token of the sweep that the run is a member of, whose folder its own lies in; see :mod:`aecore.sweeps`.
    """

    def __init__(self, folder: Path, sweep: str = "") -> None:
        self.folder = folder
        self.sweep = sweep

    @property
    def token(self) -> str:
        """The folder's name, after that of its sweep if it is in one: unguessable for runs that people make."""
        return f"{self.sweep}{_MEMBER}{self.folder.name}" if self.sweep else self.folder.name

    @classmethod
    def create(
        cls,
        config: RunConfig,
        folder: Path,
        *,
        owner: str = "",
        name: str = "",
        sweep: str = "",
        start: tuple[bytes, str] | None = None,
    ) -> Self:
        """Make the folder with its configuration. Raises FileExistsError if it holds a run already, or is no folder.

        start: the weights to begin with, the content of a safetensors file, and where they are from, in words; see
        :mod:`aecore.starting`.
        """
        if folder.is_file():
            raise FileExistsError(f"{folder} is a file: choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder, sweep)
        if run.exists:
            raise FileExistsError(f"{folder} already holds a run: choose another folder.")
        weights, words = start or (None, "")
        run.write_about(About(owner, time.time(), name, start=words))
        run.write_status(Status(steps=config.total_steps, epochs=config.total_epochs))
        if weights is not None:
            replace_file(run.start_path, weights)
        replace_file(folder / "config.json", config.to_json())
        return run

    @property
    def exists(self) -> bool:
        return (self.folder / "config.json").is_file()

    @property
    def config(self) -> RunConfig:
        return RunConfig.from_json((self.folder / "config.json").read_bytes())

    @property
    def about(self) -> About:
        return _read(self.folder / "about.json", About)

    def write_about(self, about: About) -> None:
        replace_file(self.folder / "about.json", json.dumps(asdict(about), indent=1))

    @property
    def status(self) -> Status:
        return _read(self.folder / "status.json", Status)

    def write_status(self, status: Status) -> None:
        replace_file(self.folder / "status.json", json.dumps(asdict(status)))

    @property
    def control(self) -> Control:
        return _read(self.folder / "control.json", Control)

    def write_control(self, control: Control) -> None:
        replace_file(self.folder / "control.json", json.dumps(asdict(control)))

    @property
    def resumable(self) -> bool:
        """Whether the run ended before its end and can go on: from where it was last saved, or from its start.

        One that was brought back from a file has no state to go on from, and its start would not lead where it was.
        """
        status = self.status
        can = status.state in ("stopped", "interrupted") or (status.state == "failed" and not status.hopeless)
        return can and (not self.about.file or self.resume_path.is_file())

    @property
    def status_path(self) -> Path:
        return self.folder / "status.json"

    @property
    def control_path(self) -> Path:
        return self.folder / "control.json"

    @property
    def model_path(self) -> Path:
        path = self.folder / "model.safetensors"
        packed = self.folder / "model.safetensors.xz"
        return packed if not path.is_file() and packed.is_file() else path

    @property
    def live_model_path(self) -> Path:
        return self.folder / "live_model.safetensors"

    @property
    def watched_path(self) -> Path:
        return self.folder / "watched"

    @property
    def start_path(self) -> Path:
        return self.folder / "start.safetensors"

    @property
    def weights_folder(self) -> Path:
        return self.folder / "weights"

    @property
    def atlas_path(self) -> Path:
        """The members of a sweep learn from the same data: their pictures lie beside them, once."""
        return (self.folder.parent if self.sweep else self.folder) / "atlas.npz"

    @property
    def newest_weights(self) -> Path | None:
        """The file of the newest weights that there are: of this moment, while somebody watches, or those that were saved."""
        stamps = {}
        for path in (self.model_path, self.live_model_path):
            with suppress(OSError):
                stamps[path] = path.stat().st_mtime_ns
        return max(stamps, key=lambda path: stamps[path]) if stamps else None

    @property
    def resume_path(self) -> Path:
        return self.folder / "resume.safetensors"

    @property
    def metrics_path(self) -> Path:
        return self.folder / "metrics.csv"

    @property
    def frames_folder(self) -> Path:
        return self.folder / "frames"


def new_run(config: RunConfig, *, owner: str = "", name: str = "", start: tuple[bytes, str] | None = None) -> Run:
    """A new folder under :func:`runs_root`, with a name that nobody can guess. start: see :meth:`Run.create`.

    Raises OSError, and then there is no such folder, where the disk is full.
    """
    folder = runs_root() / secrets.token_hex(16)
    try:
        return Run.create(config, folder, owner=owner, name=name, start=start)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find_run(token: str) -> Run | None:
    """The run of that token, made here or come with the app; None if there is none. Safe for any text from outside."""
    if not _TOKEN.fullmatch(token):
        return None
    sweep, is_member, member = token.partition(_MEMBER)
    for root in roots():
        run = Run(root / sweep / member, sweep) if is_member else Run(root / token)
        if run.exists:
            return run
    return None


def roots() -> tuple[Path, Path]:
    """The folders in which runs and sweeps lie: those that people make, and those that come with the app."""
    return runs_root(), CHECKPOINTS


def is_token(text: str) -> bool:
    """Whether a text from outside can be a token: then it names no other folder than one directly under the roots."""
    return _TOKEN.fullmatch(text) is not None and _MEMBER not in text


def shipped() -> list[Run]:
    """The trained runs that come with the app, without those of sweeps."""
    return list(_runs_in(CHECKPOINTS))


def shipped_run(name: str) -> Run | None:
    """The run of that name that comes with the app, or None."""
    run = Run(CHECKPOINTS / name)
    return run if run.exists else None


def runs_of(owner: str) -> list[Run]:
    """A person's runs, newest first, without those of sweeps."""
    mine = [(about.created, run) for run in _runs_in(runs_root()) if (about := kept_about(run)).owner == owner]
    return [run for _, run in sorted(mine, key=lambda pair: -pair[0])]


_abouts: dict[Path, tuple[int, About]] = {}


def kept_about(run: Run) -> About:
    """A run's `about`, read again only when its file has changed: every click of every person looks through all runs."""
    path = run.folder / "about.json"
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return About()
    kept = _abouts.get(path)
    if kept is None or kept[0] != stamp:
        kept = _abouts[path] = (stamp, run.about)
    return kept[1]


def all_runs() -> Iterator[Run]:
    """Every run under :func:`runs_root`, the members of sweeps too."""
    yield from _runs_in(runs_root())
    for sweep in sweep_folders(runs_root()):
        yield from members(sweep)


def sweep_folders(root: Path) -> Iterator[Path]:
    """The folders of the sweeps directly under a root."""
    if root.is_dir():
        for folder in sorted(root.iterdir()):
            if not folder.name.startswith(".") and (folder / SWEEP_FILE).is_file():
                yield folder


def members(sweep: Path) -> Iterator[Run]:
    """The runs in a sweep's folder."""
    for folder in sorted(sweep.iterdir()):
        if (folder / "config.json").is_file():
            yield Run(folder, sweep.name)


def _runs_in(root: Path) -> Iterator[Run]:
    if root.is_dir():
        for folder in sorted(root.iterdir()):
            if not folder.name.startswith(".") and (folder / "config.json").is_file():
                yield Run(folder)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never a part.

    Raises OSError where it cannot be written; where the disk is full and somebody is :func:`~aecore.full_disk.holding`, it waits.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        write_beside(path, data)
    except OSError as error:
        if not WAITING.keep(path, data, error):
            raise
    else:
        WAITING.forget(path)  # what is there now is newer


def write_beside(path: Path, data: bytes) -> None:
    """As :func:`replace_file`, but nothing waits. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


Record = TypeVar("Record", Status, Control, About)


def _read(path: Path, kind: type[Record]) -> Record:
    """The record in a file, with its usual values for all that is missing or unknown there (an older or newer version)."""
    values: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        loaded = json.loads(full_disk.read(path))
        if isinstance(loaded, dict):
            values = loaded
    known = {entry.name for entry in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})
