"""People's own series in a text file (CSV, TSV, the UCR archive's format), read in one pass with bounded memory.

Two layouts: `rows` has one series a row, perhaps with a label; `long` has one time step a row and a channel a column.
What is found out about a file is said in the table's notes; what is wrong with it, in one sentence that names the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, cast

from aecore.data.series_cells import Separator, is_hollow, split_row
from aecore.data.series_columns import Columns, Numbered, find_columns
from aecore.data.series_header import MIN_LENGTH
from aecore.data.series_rows import KeptRows
from aecore.data.series_table import MAX_LENGTH, MIN_ROWS, SeriesTable, finished
from aecore.data.series_text import Limits, Poll, SeriesFileError, TextLines, opened

__all__ = [
    "LIMITS",
    "MAX_LENGTH",
    "MIN_LENGTH",
    "MIN_ROWS",
    "Limits",
    "ReadOptions",
    "SeriesFileError",
    "SeriesTable",
    "read_series",
]

LIMITS = Limits()

_HEAD_ROWS = 512
_HEAD_CHARACTERS = 2_000_000  # the rows that columns are told from: 25 of the widest, all 512 of usual ones
_LINE_OVERHEAD = 64  # a line costs as much beside its characters
_EXCEL_SEPARATOR = re.compile(r'"?sep=([\t;, ])', re.IGNORECASE)


@dataclass(frozen=True)
class ReadOptions:
    """What the person has chosen about a file.

    label: "detect", "none", "first", "last" (of the columns that are not left out), a header, or a column's number from 1.
    missing: what to do about missing values: refuse the file, fill them in along time, or drop their rows or time steps.
    sample: whether part of a file that is too large may be taken: series at random, or the first time steps.
    """

    layout: Literal["detect", "rows", "long"] = "detect"
    label: str = "detect"
    header: Literal["detect", "yes", "no"] = "detect"
    missing: Literal["refuse", "interpolate", "drop"] = "refuse"
    sample: bool = False


def read_series(
    source: BinaryIO | Path | bytes,
    options: ReadOptions = ReadOptions(),
    *,
    limits: Limits = LIMITS,
    poll: Poll | None = None,
) -> SeriesTable:
    """The series in a text file; a stream is read from where it stands and stays open.

    poll: called for every quarter of a megabyte; what it raises ends the reading.
    Raises SeriesFileError with one sentence for everything else; nothing else is raised, whatever the bytes are.
    """
    with opened(source) as stream:
        text = TextLines(stream, limits, unbounded=options.sample, poll=poll)
        lines = iter(text)
        head, complete, separator = _first_lines(lines)
        columns = find_columns(
            [line for line in head if not is_hollow(line[1])],
            complete=complete,
            separator=separator,
            layout=options.layout,
            label=options.label,
            header=options.header,
        )
        if columns.width > limits.columns:
            raise SeriesFileError(
                f"The file has {columns.width:,} columns and may have at most {limits.columns:,}: "
                "shorten the series, or write one long series with one time step a row."
            )
        kept = KeptRows(columns, limits, sample=options.sample)
        data = _data(chain(head, lines), columns, limits)
        cut = not all(kept.add(row, split_row(line, columns.separator, row)) for row, line in data)
    notes = ["Some of the text is not UTF-8 and was read as Western European (Windows-1252)."] if text.western else []
    if cut:
        notes.append(f"Only the first {kept.seen:,} time steps were read, as the file has more than {kept.limit}.")
    return finished(kept, columns, options.missing, notes)


def _first_lines(lines: Iterator[Numbered]) -> tuple[list[Numbered], bool, Separator | None]:
    """Enough lines to tell the columns from, whether they are all, and the separator that Excel's first line names.

    Hollow lines are among them, but not at the beginning. Raises SeriesFileError if there is nothing else.
    """
    head: list[Numbered] = []
    filled = characters = 0
    separator: Separator | None = None
    for row, line in lines:
        if not head:
            if named := _EXCEL_SEPARATOR.match(line):
                separator = cast(Separator, named[1])
                continue
            if is_hollow(line):
                continue
        head.append((row, line))
        filled += not is_hollow(line)
        characters += len(line) + _LINE_OVERHEAD
        if filled >= _HEAD_ROWS or characters >= _HEAD_CHARACTERS:
            return head, False, separator
    if not head:
        raise SeriesFileError("The file is empty: choose one with numbers in it.")
    return head, True, separator


def _data(lines: Iterable[Numbered], columns: Columns, limits: Limits) -> Iterator[Numbered]:
    """The lines of data; hollow ones count only within a long series, as time steps in which all is missing."""
    hollow: list[int] = []
    for row, line in lines:
        if row < columns.start:
            continue
        filled = not is_hollow(line)
        if filled or len(hollow) > limits.rows:
            # What is hollow at the end of the file is never looked at again.
            yield from ((gap, columns.separator * (columns.width - 1)) for gap in hollow)
            hollow.clear()
        if filled:
            yield row, line
        elif columns.layout == "long":
            hollow.append(row)
