"""Sequences from people's own files: what the reader found, cut into examples, split, scaled, and kept under a name of its own.

The name is a hash of the content and of how it was cut, so the same file gives the same name, and nobody guesses another's. With
that name they are a data set like any other: a run's configuration, its resumption and its measurements need nothing else.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aecore.data.catalogue import Card, own_folder, write_card
from aecore.data.series_file import MAX_LENGTH, MIN_LENGTH, SeriesFileError, SeriesTable
from aecore.data.series_parts import Parts, rows_parts, tested_parts, windows_parts

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

UNLABELLED = "Unlabelled"
MOST_KEPT = 4 << 30
"""Bytes of all files together; beyond, those that no run was trained on go first."""

_QUANTILES = (0.005, 0.995)
_MARGIN = 0.1  # of the range, so that a sigmoid need not reach its ends
_FARTHEST = 10.0  # ranges from the middle: what is farther is brought here, where it is an anomaly all the same


@dataclass(frozen=True)
class Preparation:
    """How a file becomes examples.

    window, stride: time steps of an example cut from a long series, and from one to the next. train_share: share of a long
    series, from its beginning, that is trained on. normalise: whether each example is brought to mean 0 and standard deviation 1
    by itself, as in the UCR archive, so that only its shape counts.
    """

    window: int = 128
    stride: int = 32
    train_share: float = 0.5
    normalise: bool = False

    def check(self) -> None:
        """Raises SeriesFileError, with a sentence, for what cannot be."""
        if not MIN_LENGTH <= self.window <= MAX_LENGTH:
            raise SeriesFileError(f"A window has {MIN_LENGTH} to {MAX_LENGTH:,} time steps, not {self.window:,}.")
        if not 1 <= self.stride <= self.window:
            raise SeriesFileError(
                f"From one window to the next are 1 to {self.window:,} time steps, the window's own length, not {self.stride:,}."
            )
        if not 0.1 <= self.train_share <= 0.8:
            raise SeriesFileError(
                f"Of a long series, 10 to 80 % can be trained on, not {self.train_share:.0%}: the rest is what is tested."
            )


@dataclass(frozen=True)
class Whole:
    """A long series as it was read: values (T, C) in their own unit, and for each time step its class, or None."""

    values: Floats
    labels: Integers | None
    window: int


def keep_series(table: SeriesTable, title: str, preparation: Preparation | None = None, test: SeriesTable | None = None) -> str:
    """Cut, split, scale and keep what was read; returns the name of the data set.

    test: a second file, of which all is the test part. Raises SeriesFileError where it cannot be done.
    """
    preparation = preparation or Preparation()
    preparation.check()
    classes = _classes(table, test)
    parts = _parts(table, test, classes, preparation)
    name = _name(table, test, preparation, title)
    folder = own_folder(name)
    if (folder / "card.json").is_file():
        folder.touch()
        return name
    scaled, scale = _scaled(parts, preparation.normalise)
    card = _card(name, title, table, classes, scaled, scale)
    beside = folder.with_name(f".{name}.{hashlib.sha256(str(id(table)).encode()).hexdigest()[:8]}")
    beside.mkdir(parents=True, exist_ok=True)
    try:
        arrays = {
            f"{part}_{what}": array
            for part, each in zip(("train", "validation", "test"), scaled, strict=True)
            for what, array in (("images", each.images), ("labels", each.labels), ("rows", each.rows))
        }
        np.savez(beside / "series.npz", **arrays)
        if table.layout == "long":
            labels = {} if table.labels is None else {"labels": _indices(table.labels, classes)}
            np.savez(beside / "whole.npz", values=table.values, **labels)  # type: ignore[arg-type]
        (beside / "about.json").write_text(json.dumps({"notes": table.notes, **asdict(preparation)}), encoding="utf-8")
        write_card(card, beside)
        beside.rename(folder)
    except OSError:
        if not (folder / "card.json").is_file():  # somebody else may have kept the same file meanwhile
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return name


def whole_series(name: str) -> Whole | None:
    """The long series that a data set was cut from; None where it was cut from none."""
    folder = own_folder(name)
    if not (folder / "whole.npz").is_file():
        return None
    with np.load(folder / "whole.npz", allow_pickle=False) as kept:
        labels = kept.get("labels")
        window = json.loads((folder / "about.json").read_bytes())["window"]
        return Whole(kept["values"], labels, int(window))


def notes_of(name: str) -> tuple[str, ...]:
    """What was understood of the file, in sentences; none where it is gone."""
    try:
        return tuple(json.loads((own_folder(name) / "about.json").read_bytes())["notes"])
    except (OSError, ValueError, KeyError):
        return ()


def make_room(used: Sequence[str], most: int = MOST_KEPT) -> None:
    """Remove the oldest files of all, but none that is in use, until those that are left have `most` bytes at most."""
    root = own_folder("any").parent
    folders = [folder for folder in root.glob("series-*") if folder.is_dir()] if root.is_dir() else []
    sizes = {folder: sum(path.stat().st_size for path in folder.iterdir()) for folder in folders}
    total = sum(sizes.values())
    for folder in sorted(folders, key=lambda each: each.stat().st_mtime):
        if total > most and folder.name not in used:
            shutil.rmtree(folder, ignore_errors=True)
            total -= sizes[folder]


# --- from a table to examples ---------------------------------------------------------------------------------------------


def _classes(table: SeriesTable, test: SeriesTable | None) -> tuple[str, ...]:
    """The labels, the most frequent of the training file first: that is mostly the normal one."""
    if table.labels is None:
        return (UNLABELLED,)
    counted = [label for label, _ in Counter(table.labels).most_common()]
    more = [] if test is None or test.labels is None else [label for label in Counter(test.labels) if label not in counted]
    return (*counted, *more)


def _indices(labels: Sequence[str], classes: tuple[str, ...]) -> Integers:
    place = {label: index for index, label in enumerate(classes)}
    return np.array([place[label] for label in labels], np.int64)


def _parts(table: SeriesTable, test: SeriesTable | None, classes: tuple[str, ...], preparation: Preparation) -> Parts:
    def labelled(each: SeriesTable) -> Integers:
        return np.zeros(len(each.values), np.int64) if each.labels is None else _indices(each.labels, classes)

    if table.layout == "long":
        if test is not None:
            raise SeriesFileError("A long series is split by time: leave the second file out, or give one series a row.")
        return windows_parts(table.values, None if table.labels is None else labelled(table), preparation)
    if test is None:
        return rows_parts(table.values, labelled(table), table.rows)
    if test.layout != "rows" or test.values.shape[1] != table.values.shape[1]:
        found = f"{test.values.shape[1]:,} values a series" if test.layout == "rows" else "one long series"
        raise SeriesFileError(
            f"The two files do not fit together: the first has {table.values.shape[1]:,} values a series, the second {found}."
        )
    if (table.labels is None) != (test.labels is None):
        which = "second" if table.labels is None else "first"
        raise SeriesFileError(f"Only the {which} file has labels: give both their labels, or say that there are none.")
    return tested_parts(table.values, labelled(table), table.rows, test.values, labelled(test), test.rows)


def _scaled(parts: Parts, normalise: bool) -> tuple[Parts, tuple[tuple[float, float], ...]]:
    """Every channel to about 0..1 by what the training part has, nearly all of it: single extreme values must not decide."""
    if normalise:
        parts = parts.map(_each_by_itself)
    train = parts.train.images
    scale = []
    for channel in range(train.shape[1]):
        low, high = (float(value) for value in np.quantile(train[:, channel], _QUANTILES))
        if high <= low:
            low, high = float(train[:, channel].min()), float(train[:, channel].max())
        span = (high - low) or max(1.0, abs(low))
        scale.append((low - _MARGIN * span, high + _MARGIN * span))
    lowest, highest = (np.array(ends, np.float64)[None, :, None, None] for ends in zip(*scale, strict=True))

    def bring(images: Floats) -> Floats:
        scaled = (images - lowest) / (highest - lowest)
        return np.asarray(np.clip(scaled, 0.5 - _FARTHEST, 0.5 + _FARTHEST), np.float32)

    return parts.map(bring), tuple(scale)


def _each_by_itself(images: Floats) -> Floats:
    """Every channel of every example with mean 0 and standard deviation 1; where nothing varies, 0."""
    wide = images.astype(np.float64)
    centred = wide - wide.mean(axis=3, keepdims=True)
    deviation = centred.std(axis=3, keepdims=True)
    is_constant = deviation <= 1e-9 * np.abs(wide).max(axis=3, keepdims=True)
    return np.asarray(centred / np.where(is_constant, np.inf, deviation), np.float32)


def _card(
    name: str, title: str, table: SeriesTable, classes: tuple[str, ...], parts: Parts, scale: tuple[tuple[float, float], ...]
) -> Card:
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


def load_kept_parts(folder: Path) -> Parts:
    """The three parts, as they were kept. Raises OSError, ValueError or KeyError where they cannot be read."""
    with np.load(folder / "series.npz", allow_pickle=False) as kept:
        return Parts.of({key: kept[key] for key in kept})
