"""Gathered rows to a table of series: labels settled, missing values dealt with, sizes checked, everything said in notes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aecore.data.series_cells import NUMBER, count_of, read_cell
from aecore.data.series_columns import MAX_LABELS, MAX_WHOLE_LABELS, Columns, Layout
from aecore.data.series_header import MIN_LENGTH
from aecore.data.series_rows import KeptRows
from aecore.data.series_text import SeriesFileError

Missing = Literal["refuse", "interpolate", "drop"]

MIN_ROWS = 20
"""The fewest series: some are needed to learn from and some to test with."""
MAX_LENGTH = 4096
"""The most values of one series."""


@dataclass(frozen=True)
class SeriesTable:
    """The series in a file.

    values: float32, (series, values a series) for rows, (time steps, channels) for long; all finite.
    labels: the label of each row as text, whole numbers written without a point, "" where it is missing.
    rows: the line number of each row in the file, int64, from 1.
    channel_names: for long, the headers or "Channel 1", …, all different.
    notes: what was understood and done, in sentences.
    """

    layout: Layout
    values: NDArray[np.float32]
    labels: tuple[str, ...] | None
    rows: NDArray[np.int64]
    channel_names: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class _Draft:
    """A table in the making; `at` are the columns of the file that its values, float32 (rows, columns), are from."""

    columns: Columns
    values: NDArray[np.float32]
    rows: NDArray[np.int64]
    labels: list[str] | None
    at: list[int]
    missing: NDArray[np.int64]  # how often each column is missing in the whole file
    first_missing: NDArray[np.int64]  # and in which line first, 0 for never
    notes: list[str]


def finished(kept: KeptRows, columns: Columns, missing: Missing, notes: list[str]) -> SeriesTable:
    """The table of the rows in `kept`, after which that is used up.

    notes: what is to be said beside what `columns` say.
    Raises SeriesFileError for too few rows, too short or too long series, and for missing values if they are refused.
    """
    values, rows = kept.finish()
    labels = None if columns.label is None else kept.labels
    draft = _Draft(
        columns, values, rows, labels, list(columns.values), kept.missing, kept.first_missing, [*columns.notes, *notes]
    )
    del values  # the draft lets go of what it replaces
    if kept.seen > len(rows):
        draft.notes.append(
            f"{len(rows):,} of {kept.seen:,} rows were drawn at random, as the file has more than {kept.limit}; "
            "the same file gives the same rows."
        )
    _take_back_label(draft)
    _cut_padding(draft, kept.seen)
    _check_size(draft)
    _deal_with_missing(draft, missing)
    _check_size(draft)
    _describe(draft)
    names = _channel_names(draft) if columns.layout == "long" else ()
    labelled = None if draft.labels is None else tuple(draft.labels)
    return SeriesTable(columns.layout, draft.values, labelled, draft.rows, names, tuple(draft.notes))


def _take_back_label(draft: _Draft) -> None:
    """Make the label a column of values again, if the rows after those that it was told from do not bear it out."""
    columns, labels = draft.columns, draft.labels
    if columns.label is None or labels is None or columns.evidence not in ("name", "whole"):
        return
    different = set(labels) - {""}
    if columns.evidence == "name":
        if len(different) <= MAX_LABELS:
            return
        why = f"it has more than {MAX_LABELS} different values"
    else:
        whole = all(label.lstrip("-").isdecimal() for label in different)
        if whole and len(different) <= MAX_WHOLE_LABELS and len(different) < len(labels) / 2:
            return
        why = "it is not the same few whole numbers in all rows"
    cells = [read_cell(label, ".") for label in labels]
    numbers = np.array([number for number, _ in cells])
    texts = [at for at, (_, kind) in enumerate(cells) if kind != NUMBER and labels[at]]
    if len(texts) > len(labels) / 2:
        raise SeriesFileError(
            f"{columns.name(columns.label, capital=True)} has more than {MAX_LABELS} different labels: remove the column, or "
            "choose another label column."
        )
    if texts:
        raise SeriesFileError(
            f"Row {draft.rows[texts[0]]:,}, {columns.name(columns.label)}, holds “{labels[texts[0]]}”, while other rows have "
            "numbers there, too many for labels: correct it, or remove the column."
        )
    lacking = np.isnan(numbers)
    draft.columns = replace(columns, label=None)
    draft.at = list(draft.columns.values)
    place = draft.at.index(columns.label)
    draft.values = np.insert(draft.values, place, numbers.astype(np.float32), axis=1)
    draft.missing = np.insert(draft.missing, place, lacking.sum())
    draft.first_missing = np.insert(draft.first_missing, place, draft.rows[lacking][0] if lacking.any() else 0)
    draft.labels = None
    draft.notes.append(f"{columns.name(columns.label, capital=True)} is not taken for a label, because {why}.")


def _cut_padding(draft: _Draft, seen: int) -> None:
    """Leave out trailing columns in which all is missing; SeriesFileError for other such columns."""
    columns = draft.columns
    length = len(draft.at)
    # In rows they pad shorter series; among channels only one without a name is just a separator too many.
    while length and draft.missing[length - 1] == seen and (columns.layout == "rows" or not _title(draft, length - 1)):
        length -= 1
    if not length:
        raise SeriesFileError("The file has no values: all of them are missing.")
    if length < len(draft.at):
        count = len(draft.at) - length
        which = "The last column is" if count == 1 else f"The last {count:,} columns are"
        draft.notes.append(f"{which} left out, because all values there are missing.")
        draft.values = draft.values[:, :length].copy()
        draft.at = draft.at[:length]
        draft.missing, draft.first_missing = draft.missing[:length], draft.first_missing[:length]
    for at in np.flatnonzero(draft.missing == seen)[:1]:
        raise SeriesFileError(f"All values in {columns.name(draft.at[at])} are missing: fill the column in or remove it.")


def _deal_with_missing(draft: _Draft, missing: Missing) -> None:
    if not draft.missing.any():
        return
    long = draft.columns.layout == "long"
    if missing == "refuse":
        total = int(draft.missing.sum())
        row = int(draft.first_missing[draft.first_missing > 0].min())
        column = draft.at[int((draft.first_missing == row).argmax())]
        many = "A value is" if total == 1 else f"{total:,} values are"
        first = "" if total == 1 else "the first "
        raise SeriesFileError(
            f"{many} missing, {first}in row {row:,}, {draft.columns.name(column)}: choose “interpolate” to fill such values in "
            f"along time, or “drop” to leave out the {'time steps' if long else 'rows'} that lack one."
        )
    lacking = np.isnan(draft.values)
    if not lacking.any():  # in a sample that happens to be without
        return
    gaps = lacking.any(1)
    row, column = draft.rows[gaps.argmax()], draft.at[int(lacking[gaps.argmax()].argmax())]
    where = f"the first in row {row:,}, {draft.columns.name(column)}"
    count = int(gaps.sum())
    if missing == "drop":
        draft.values = draft.values[~gaps]
        draft.rows = draft.rows[~gaps]
        if draft.labels is not None:
            draft.labels = [draft.labels[at] for at in np.flatnonzero(~gaps)]
        what = "time steps" if long else "rows"
        draft.notes.append(f"{count:,} {what} with missing values were left out, {where}.")
        return
    if not long:
        _fill(draft.values, lacking, draft.rows)
    else:
        _fill(draft.values.T, lacking.T, None)
    draft.notes.append(f"{int(lacking.sum()):,} missing values in {count:,} rows were filled in along time, {where}.")


def _fill(series: NDArray[np.float32], lacking: NDArray[np.bool_], rows: NDArray[np.int64] | None) -> None:
    """Fill gaps in place, linearly between their neighbours and with the nearest value at the ends; series (N, time).

    Raises SeriesFileError, naming the line in `rows`, for a series without any value.
    """
    time = np.arange(series.shape[1])
    for at in np.flatnonzero(lacking.any(1)):
        gap = lacking[at]
        if gap.all() and rows is not None:
            raise SeriesFileError(f"Row {rows[at]:,} has no values: choose “drop” to leave out the rows that lack some.")
        series[at, gap] = np.interp(time[gap], time[~gap], series[at, ~gap])


def _check_size(draft: _Draft) -> None:
    rows, length = draft.values.shape
    if draft.columns.layout == "long":
        if rows < MIN_LENGTH:
            raise SeriesFileError(
                f"The file has {count_of(rows, 'row')} of values, each read as one time step, and at least {MIN_LENGTH} are "
                "needed: choose a file with a longer series."
            )
        return
    if rows < MIN_ROWS:
        raise SeriesFileError(
            f"The file has {count_of(rows, 'row')} of values, each read as one series, and at least {MIN_ROWS} are needed: "
            "choose a file with more series, or “long” if it is one long series."
        )
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise SeriesFileError(
            f"The series have {count_of(length, 'value')} each and need {MIN_LENGTH} to {MAX_LENGTH:,}: "
            "choose a file with other series, or “long” if each row is one time step."
        )


def _describe(draft: _Draft) -> None:
    rows, length = draft.values.shape
    long = draft.columns.layout == "long"
    if long:
        channels = count_of(length, "channel")
        read = f"There is one long series of {rows:,} time steps with {channels}; choose “rows” if each row is a series."
    else:
        read = f"There are {rows:,} series of {length:,} values, one a row; choose “long” if each row is one time step."
    draft.notes.append(read)
    draft.notes.extend(_about_label(draft))
    constant = np.flatnonzero(draft.values.max(int(not long)) == draft.values.min(int(not long)))
    if len(constant):
        first = draft.columns.name(draft.at[constant[0]]) if long else f"row {draft.rows[constant[0]]:,}"
        which = count_of(len(constant), "channel") if long else f"{len(constant):,} series"
        has = "has" if len(constant) == 1 else "have"
        draft.notes.append(f"{which} {has} the same value throughout, the first in {first}.")


def _about_label(draft: _Draft) -> list[str]:
    columns = draft.columns
    if columns.label is None or draft.labels is None:
        return ["No column is taken for a label; choose one if there is."]
    why = {
        "chosen": "it was chosen",
        "name": "of its name",
        "text": "it holds text",
        "whole": "it holds few different whole numbers",
    }[columns.evidence]
    different = set(draft.labels) - {""}
    name, many = columns.name(columns.label, capital=True), count_of(len(different), "different label")
    notes = [f"{name} is the label, because {why}, with {many}; choose another label column, or “none”, if that is wrong."]
    without = draft.labels.count("")
    if without:
        row = draft.rows[draft.labels.index("")]
        notes.append(f"{count_of(without, 'row')} without a label, the first is row {row:,}.")
    elif len(different) == 1:
        notes.append(f"All rows have the label “{draft.labels[0]}”.")
    return notes


def _channel_names(draft: _Draft) -> tuple[str, ...]:
    """The headers, or numbers in their place; those that occur again are numbered too."""
    names: dict[str, int] = {}  # each with how often it was wanted
    for at in range(len(draft.at)):
        name = plain = _title(draft, at) or f"Channel {at + 1}"
        while name in names:
            names[plain] += 1
            name = f"{plain} ({names[plain]})"
        names[name] = 1
    return tuple(names)


def _title(draft: _Draft, at: int) -> str:
    return draft.columns.header[draft.at[at]] if draft.columns.header else ""
