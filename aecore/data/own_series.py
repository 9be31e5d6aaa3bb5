"""Sequences from people's own files, kept under a name of their own.

The name is a hash of the content and of how it was cut, so the same file gives the same name, and nobody guesses another's. With
that name they are a data set like any other: a run's configuration, its resumption and its measurements need nothing else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aecore.data.catalogue import OWN_CARD, Card, own_folder, write_card
from aecore.data.series_file import SeriesTable
from aecore.data.series_parts import Parts
from aecore.data.series_preparing import Preparation, Prepared, indices, prepare, without_empty_labels

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

MOST_KEPT = 4 << 30
"""Bytes of all files together; beyond, those go that no run was trained on, the oldest first…"""
YOUNG = 3600.0
"""…but none that was kept or asked for within so many seconds: somebody may be about to train on it."""

_ARRAYS, _WHOLE, _ABOUT = "series.npz", "whole.npz", "about.json"


@dataclass(frozen=True)
class Whole:
    """A long series as it was read: values (T, C) in their own unit, and for each time step its class, or None."""

    values: Floats
    labels: Integers | None
    window: int


def keep_series(
    table: SeriesTable,
    title: str,
    preparation: Preparation | None = None,
    test: SeriesTable | None = None,
    *,
    is_lasting: bool = False,
) -> str:
    """Cut, split, scale and keep what was read; returns the name of the data set.

    test: a second file, of which all is the test part. is_lasting: never removed to make room, as for a run that lies elsewhere.
    Raises SeriesFileError where it cannot be done.
    """
    preparation = preparation or Preparation()
    table, test = without_empty_labels(table), None if test is None else without_empty_labels(test)
    name = _name(table, test, preparation, title)
    folder = own_folder(name)
    if (folder / OWN_CARD).is_file():
        folder.touch()
        return name
    prepared = prepare(table, test, preparation)
    beside = folder.with_name(f".{name}.{secrets.token_hex(4)}")
    beside.mkdir(parents=True, exist_ok=True)
    try:
        _write(beside, table, prepared)
        about = {"notes": [*table.notes, *prepared.notes], "has_test": test is not None, "is_lasting": is_lasting}
        (beside / _ABOUT).write_text(json.dumps(about | asdict(preparation)), encoding="utf-8")
        write_card(_card(name, title, table, prepared), beside)
        if folder.is_dir() and not (folder / OWN_CARD).is_file():
            shutil.rmtree(folder, ignore_errors=True)  # what is left of one that was being removed
        beside.rename(folder)
    except OSError:
        if not (folder / OWN_CARD).is_file():  # somebody else may have kept the same file meanwhile
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return name


def _write(folder: Path, table: SeriesTable, prepared: Prepared) -> None:
    arrays = {
        f"{part}_{what}": array
        for part, each in zip(("train", "validation", "test"), prepared.parts, strict=True)
        for what, array in (("images", each.images), ("labels", each.labels), ("rows", each.rows))
    }
    np.savez(folder / _ARRAYS, **arrays)
    if table.layout == "long":
        labels = {} if table.labels is None else {"labels": indices(table.labels, prepared.classes)}
        np.savez(folder / _WHOLE, values=table.values, **labels)  # type: ignore[arg-type]


def whole_series(name: str) -> Whole | None:
    """The long series that a data set was cut from; None where it was cut from none."""
    folder = own_folder(name)
    if not (folder / _WHOLE).is_file():
        return None
    with np.load(folder / _WHOLE, allow_pickle=False) as kept:
        labels = kept.get("labels")
        window = _about(name)["window"]
        return Whole(kept["values"], labels, int(window))


def holds_all_rows(name: str) -> bool:
    """Whether a data set is one file with a series a row, so that rows of any part can be tested which were not learned from."""
    about = _about(name)
    return bool(about) and not about.get("has_test") and not (own_folder(name) / _WHOLE).is_file()


def notes_of(name: str) -> tuple[str, ...]:
    """What was understood of the file, in sentences; none where it is gone."""
    return tuple(_about(name).get("notes", ()))


def _about(name: str) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((own_folder(name) / _ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
    return about


def make_room(used: Sequence[str], most: int = MOST_KEPT, young: float = YOUNG) -> bool:
    """Remove what is old and not in use until the rest has `most` bytes at most; whether it has.

    What a process that was killed has left half-made goes too.
    """
    root, now = own_folder("any").parent, time.time()
    found: list[tuple[float, int, Path]] = []
    for folder in root.glob("*series-*") if root.is_dir() else ():
        with suppress(OSError):  # somebody else removes it, too
            size = sum(path.stat().st_size for path in folder.iterdir())
            found.append((folder.stat().st_mtime, size, folder))
    total = sum(size for _, size, _ in found)
    for changed, size, folder in sorted(found):
        if now - changed < young or folder.name in used or _about(folder.name).get("is_lasting"):
            continue
        if folder.name.startswith(".") or total > most:
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
    return total <= most


def load_kept_parts(folder: Path) -> Parts:
    """The three parts, as they were kept. Raises OSError, ValueError or KeyError where they cannot be read."""
    with np.load(folder / _ARRAYS, allow_pickle=False) as kept:
        return Parts.of({key: kept[key] for key in kept})


def _card(name: str, title: str, table: SeriesTable, prepared: Prepared) -> Card:
    parts, scale, classes, _ = prepared
    channels, _, length = parts.train.images.shape[1:]
    kind = "One long series, cut into windows" if table.layout == "long" else "One series a row"
    return Card(
        name=name,
        title=title,
        description=f"{kind}, from a file of somebody's own.",
        channels=channels,
        height=1,
        width=length,
        classes=classes,
        train=len(parts.train.images),
        validation=len(parts.validation.images),
        test=len(parts.test.images),
        licence="Its owner's",
        source="A file that was uploaded or named",
        bundled=True,
        resolutions=(length,),
        channel_names=table.channel_names or ("Value",),
        scale=scale,
        train_counts=tuple(int((parts.train.labels == index).sum()) for index in range(len(classes))),
        is_labelled=table.labels is not None,
    )


def _name(table: SeriesTable, test: SeriesTable | None, preparation: Preparation, title: str) -> str:
    content = hashlib.sha256(json.dumps([title, asdict(preparation)]).encode())
    for each in (table, test):
        if each is not None:
            content.update(json.dumps([each.layout, each.values.shape, each.labels, each.channel_names]).encode())
            content.update(np.ascontiguousarray(each.values).tobytes())
    return f"series-{content.hexdigest()[:24]}"
