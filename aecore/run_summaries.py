"""Every run and sweep of a person, and those that came with the app, each in a few plain values: for a page that shows them all.

A summary is made again only when the run's status or its name has changed since, so that a thousand cost two thousand looks at
the time of a file.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from aecore import runs
from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import UnknownDataError
from aecore.metrics_log import MetricsReader
from aecore.nearest_preset import nearest_preset
from aecore.presets import PRESETS
from aecore.runs import ACTIVE, SWEEP_FILE, About, Run, Status
from aecore.shipped_runs import SHIPPED, TITLES
from aecore.sweep_config import NAMES
from aecore.sweeps import Sweep, overall_state
from aecore.test_numbers import TEST_NUMBERS, title_of
from aecore.usage import folder_bytes

CURVE_POINTS = 40
"""The most numbers of a curve."""
REASON_LETTERS = 200

_LIVE_EVERY = 4  # seconds for which the picture of a run under way stays the same
_NUMBER_DIGITS = 6

Values = dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """One run or sweep.

    version: larger than that of all summaries that were made before it, also by an earlier server.
    values: plain ones, see :func:`_of_run` and :func:`_of_sweep`; `text`: the same as JSON.
    """

    token: str
    owner: str
    version: int
    values: Values
    text: str


Stamp = tuple[int, ...]


@dataclass(frozen=True)
class _Owned:
    """Whose a folder is, by a file of it as it was at a time: sweep.json of a sweep, else about.json."""

    file: str
    time: int
    owner: str


class Summaries:
    """The summaries that were asked for, kept until the run has changed or is gone. Thread-safe."""

    def __init__(self) -> None:
        # By folder; of runs that nobody asked for it is known whose they are, and no more.
        self._owned: dict[str, _Owned] = {}
        self._kept: dict[str, tuple[Stamp, Summary]] = {}
        self._readers: dict[str, MetricsReader] = {}  # of runs under way
        self._lock = Lock()
        self._version = 0

    def of(self, owner: str) -> list[Summary]:
        """Of all that are this person's, and all that came with the app; the newest first. An owner "" has none."""
        with self._lock:
            mine = self._in(runs.runs_root(), owner) if owner else []
            theirs = self._in(runs.CHECKPOINTS, "")
        return sorted([*mine, *theirs], key=lambda summary: -summary.values["created"])

    def stamp_of(self, entry: Run | Sweep) -> str:
        """The stamp of the picture of a run or a sweep, also of one that is in nobody's list; "" where it has none."""
        run = entry.runs[0] if isinstance(entry, Sweep) else entry
        return _thumbnail_stamp(run, run.status)

    def _in(self, root: Path, owner: str) -> list[Summary]:
        """All of a person in a root; what is gone from there is forgotten."""
        paths: list[str] = []
        with suppress(OSError), os.scandir(root) as entries:
            paths = [entry.path for entry in entries if not entry.name.startswith(".")]
        within, there = str(root) + os.sep, set(paths)
        for path in [path for path in self._owned if path not in there and path.startswith(within)]:
            for known in (self._owned, self._kept, self._readers):
                known.pop(path, None)
        return [summary for path in paths if (summary := self._look(path, owner)) is not None]

    def _look(self, path: str, owner: str) -> Summary | None:
        """What is kept of a folder if nothing has changed since; else anew. None where there is nothing of that person."""
        owned = self._owned.get(path)
        file = owned.file if owned is not None else SWEEP_FILE if os.path.isfile(f"{path}/{SWEEP_FILE}") else "about.json"
        changed = _time(f"{path}/{file}")
        if not changed:
            return None
        if owned is None or owned.time != changed:
            owned = self._owned[path] = _Owned(file, changed, _owner(path, file))
        if owned.owner != owner:
            return None
        stamp = changed, *_times(path, file)
        kept = self._kept.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        summary = self._make(path, file)
        if summary is not None:
            self._kept[path] = stamp, summary
        return summary

    def _make(self, path: str, file: str) -> Summary | None:
        folder = Path(path)
        try:
            if file == SWEEP_FILE:
                sweep = Sweep(folder)
                about, values = sweep.about, _of_sweep(sweep)
            elif (folder / "config.json").is_file():
                run = Run(folder)
                about, status = run.about, run.status
                values = _of_run(run, about, status, self._reader(run, status))
            else:
                return None
        except (OSError, ConfigError, ValueError):  # it is being deleted, or nobody can read it
            return None
        self._version = max(self._version + 1, int(time.time() * 1e6))
        values |= _of_about(about) | {"token": folder.name, "version": self._version}
        values["name"] = (TITLES.get(folder.name) if not about.owner else None) or about.name or folder.name
        return Summary(folder.name, about.owner, self._version, values, json.dumps(values, separators=(",", ":")))

    def _reader(self, run: Run, status: Status) -> MetricsReader:
        """Of a run under way the same one each time: it then reads only what is new."""
        path = str(run.folder)
        reader = self._readers.pop(path, None) or MetricsReader(run.metrics_path)
        if status.state in ACTIVE:
            self._readers[path] = reader
        return reader


def _owner(path: str, file: str) -> str:
    """Whose a folder is; nobody's that could ask where that cannot be read."""
    with suppress(OSError, ValueError):
        record = json.loads(Path(path, file).read_bytes())
        if isinstance(record, dict):
            return str(record.get("owner", ""))
    return "?"


def _times(path: str, file: str) -> Stamp:
    """When the status of a run, or of each run of a sweep, was written."""
    if file != SWEEP_FILE:
        return (_time(f"{path}/status.json"),)
    with suppress(OSError), os.scandir(path) as entries:
        members = sorted(entry.path for entry in entries if entry.is_dir())
        return tuple(_time(f"{member}/status.json") for member in members)
    return ()


def _time(path: str) -> int:
    """When a file was written, 0 where there is none."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


# --- what is said of one --------------------------------------------------------------------------------------------------


def _of_about(about: About) -> Values:
    return {
        "mine": bool(about.owner),
        "created": about.created,
        "starred": about.starred is True,
        "note": str(about.note),
        "start": str(about.start),
        "file": str(about.file),
    }


def _of_run(run: Run, about: About, status: Status, reader: MetricsReader) -> Values:
    """Of one run.

    `preset` and `data` are titles; `numbers`: key, name and value of each test number, or of the last validation's loss where
    there is none; `error`: the one that runs are ordered by; `curve`: the validation's loss over the training, None for gaps;
    `shape`: (channels, height, width) of an example; `thumbnail`: a stamp, another one when the picture is another.
    """
    values: Values = {"kind": "run", "runs": 1, "bytes": folder_bytes(str(run.folder)), "problem": ""}
    values |= _of_status(status) | {"thumbnail": _thumbnail_stamp(run, status)}
    reader.read()
    values["curve"] = curve(reader)
    try:
        config = run.config
        card = config.card
    except (ConfigError, UnknownDataError) as error:
        gone = {"preset": "", "data": "", "parameters": 0, "code": 0, "shape": [1, 1, 1], "numbers": [], "error": None}
        return values | gone | {"problem": f"This run cannot be shown any more. {error}"[:REASON_LETTERS]}
    shipped = SHIPPED.get(run.folder.name) if not about.owner else None
    plan = config.plan
    test = {key: value for key, value in (status.test or {}).items() if key in TEST_NUMBERS and math.isfinite(value)}
    numbers = [{"key": key, "name": title_of(key, config), "value": _short(test[key])} for key in TEST_NUMBERS if key in test]
    return values | {
        "preset": PRESETS[shipped[0] if shipped else nearest_preset(config, about.name)].title,
        "data": card.title,
        "parameters": plan.parameters,
        "code": plan.code_size,
        "shape": list(plan.input_shape),
        "numbers": numbers or _validation(config, values["curve"]),
        "error": _short(test["mse"] if "mse" in test else test["mae"]) if {"mse", "mae"} & test.keys() else None,
    }


def _of_sweep(sweep: Sweep) -> Values:
    """Of a sweep, which counts as one: as :func:`_of_run`, with how many `runs` it has and how many of them are `finished`."""
    config, statuses = sweep.config, [run.status for run in sweep.runs]
    first, plan = sweep.runs[0], config.base.plan
    together = Status(
        state=overall_state([status.state for status in statuses]),
        step=sum(status.step for status in statuses),
        steps=sum(status.steps for status in statuses),
        epoch=sum(status.epoch for status in statuses) / len(statuses),
        epochs=statuses[0].epochs,
        seconds=sum(status.seconds for status in statuses),
    )
    finished = sum(status.state == "finished" for status in statuses)
    return _of_status(together) | {
        "kind": "sweep",
        "runs": len(statuses),
        "finished": finished,
        "bytes": folder_bytes(str(sweep.folder)),
        "problem": "",
        "thumbnail": _thumbnail_stamp(first, statuses[0]),
        "curve": [],
        "preset": "Sweep of " + " and ".join(NAMES[objective] for objective in config.objectives),
        "data": config.base.card.title,
        "parameters": plan.parameters,
        "code": plan.code_size,
        "shape": list(plan.input_shape),
        "numbers": [],
        "error": None,
    }


def _of_status(status: Status) -> Values:
    return {
        "state": status.state,
        "reason": status.reason[:REASON_LETTERS],
        "step": status.step,
        "steps": status.steps,
        "epoch": _short(status.epoch),
        "epochs": status.epochs,
        "seconds": _short(status.seconds),
    }


def _validation(config: RunConfig, losses: Sequence[float | None]) -> list[Values]:
    """Of a run without test numbers: the last loss of the validation."""
    last = next((value for value in reversed(losses) if value is not None), None)
    unit = f"{config.objective.unit} a {'sequence' if config.card.is_sequence else 'picture'}"
    return [] if last is None else [{"key": "validation", "name": f"Validation loss, {unit}", "value": last}]


def curve(reader: MetricsReader) -> list[float | None]:
    """The validation's losses from the first to the last, evenly thinned to :data:`CURVE_POINTS`; None where one is no number."""
    if "val_loss" not in reader.columns:
        return []
    place = reader.telling_column
    losses = [row[place] for row in reader.rows if row[place] is not None]
    if len(losses) > CURVE_POINTS:
        losses = [losses[round(index * (len(losses) - 1) / (CURVE_POINTS - 1))] for index in range(CURVE_POINTS)]
    return [None if loss is None or not math.isfinite(loss) else _short(loss) for loss in losses]


def _thumbnail_stamp(run: Run, status: Status) -> str:
    """Another one when the pictures are others; "" before there are any."""
    if status.state in ACTIVE:
        return f"{_time(str(run.frames_folder / 'live.safetensors')) // (_LIVE_EVERY * 10**9):x}".strip("0")
    is_there = (run.frames_folder / "gallery.safetensors").is_file() or (run.sweep and (run.folder / "moments").is_dir())
    return f"{_time(str(run.status_path)):x}" if is_there else ""


def _short(value: float) -> float:
    """With as many digits as anybody reads; what is no number as 0, for JSON has none."""
    return float(f"{value:.{_NUMBER_DIGITS}g}") if math.isfinite(value) else 0.0
