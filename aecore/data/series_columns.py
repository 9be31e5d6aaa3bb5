"""What the columns of a table of series are: header, times, label, values; decided on its first rows.

Everything that was decided is said in a sentence, together with what to choose if it is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aecore.data.series_cells import (
    MISSING,
    NUMBER,
    SEPARATOR_NAMES,
    Decimal,
    Separator,
    decimal_mark,
    find_separator,
    read_cell,
    shown,
    split_row,
)
from aecore.data.series_header import INDEX_NAMES, LABEL_NAMES, MIN_LENGTH, TIME_NAMES, Head, is_header, plain_name, titles_of
from aecore.data.series_text import SeriesFileError

Layout = Literal["rows", "long"]
Numbered = tuple[int, str]
"""A line with its number in the file."""
Evidence = Literal["chosen", "name", "text", "whole"]
"""Why a column is the label: chosen by the person, by its name, as it holds text, or as it holds few whole numbers."""

MAX_LABELS = 50
"""The most different labels; a column with more names no classes."""
MAX_WHOLE_LABELS = 20
"""The most different whole numbers in a column that is taken for the label without having been named so."""

_SEPARATOR_LINES = 30
_SEPARATOR_CHARACTERS = 200_000  # each is looked at once for each separator
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}:\d{2})"
    r"(?:[T ]*\d{1,2}:\d{2})?(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
)


@dataclass(frozen=True)
class Columns:
    """How the rows of a file are to be read; columns are counted from 0."""

    separator: Separator
    decimal: Decimal
    header: tuple[str, ...] | None
    start: int  # the line number of the first row of data
    width: int  # cells a row
    layout: Layout
    leaves_first: bool  # the first column holds times or names, and is left out
    label: int | None
    evidence: Evidence
    notes: tuple[str, ...]

    @property
    def values(self) -> tuple[int, ...]:
        """The columns that hold values."""
        return tuple(at for at in range(int(self.leaves_first), self.width) if at != self.label)

    def name(self, column: int, *, capital: bool = False) -> str:
        """A column as it is named in a sentence: its number from 1, and its header where it has one."""
        title = self.header[column] if self.header else ""
        number = f"{'C' if capital else 'c'}olumn {column + 1:,}"
        return f"{number} (“{title}”)" if title else number


@dataclass(frozen=True)
class _Left:
    """Why the first column is left out, and whether it tells that each row is a moment in time."""

    reason: str
    is_time: bool

    @property
    def note(self) -> str:
        return f"Column 1 is left out, because {self.reason}."


def find_columns(
    lines: list[Numbered],
    *,
    complete: bool,
    separator: Separator | None,
    layout: Literal["detect", "rows", "long"],
    label: str,
    header: Literal["detect", "yes", "no"],
) -> Columns:
    """How to read a file that starts with `lines`, at least one, none of them hollow.

    complete: whether these are all.
    separator: that which the file itself names, if it does.
    layout, label, header: as in ReadOptions.
    Raises SeriesFileError if there is nothing but a header, or if the label column asked for does not exist.
    """
    if separator is None:
        length = max(len(line) for _, line in lines[:2])
        separator = find_separator(lines[: max(2, min(_SEPARATOR_LINES, _SEPARATOR_CHARACTERS // length))])
    table = [(row, split_row(line, separator, row)) for row, line in lines]
    (first_row, first), rest = table[0], table[1:]
    # The first line may be a header of another length; of lengths that are equally frequent the earlier one counts.
    width = Counter(len(cells) for _, cells in rest or table).most_common(1)[0][0]
    rows = [cells for _, cells in rest if len(cells) == width]
    decimal = decimal_mark([cell for cells in rows[:_SEPARATOR_LINES] or [first] for cell in cells])
    head = Head.of(rows, width, decimal, complete)
    titles = None
    if header == "yes" or (header == "detect" and is_header(first, head, decimal)):
        if not rest:
            raise SeriesFileError("The file holds only a header: add rows of numbers below it.")
        titles = titles_of(first, width, first_row, rest[0][0])
    elif len(first) == width:
        rows.insert(0, first)
        head = Head.of(rows, width, decimal, complete)

    asked = _asked_for(label, titles, width)
    left = None if asked == 0 or width < 2 else _left_out(titles, head)
    named = asked if asked is not None else _named(titles, left, width) if label == "detect" else None
    # Trailing columns in which all is missing are separators without meaning, or the padding of shorter series.
    used = int(np.flatnonzero((head.kinds != MISSING).any(0)).max(initial=0)) + 1
    if layout == "detect":
        wide = used - (left is not None) - (named is not None)
        layout = "long" if (left and left.is_time) or wide < MIN_LENGTH else "rows"
    at: int | None = named
    evidence: Evidence = "chosen" if asked is not None else "name"
    if at is None and label != "none":
        begin = int(left is not None)
        at, evidence = _label_at_an_end(label, titles, head, layout, range(begin, max(used, begin + 1)))
    notes = (_how_it_is_written(separator, decimal, titles, width), *((left.note,) if left else ()))
    start = rest[0][0] if titles else first_row
    columns = Columns(separator, decimal, titles, start, width, layout, left is not None, at, evidence, notes)
    _refuse_without_numbers(columns, head, rows)
    return columns


def _asked_for(label: str, titles: tuple[str, ...] | None, width: int) -> int | None:
    """The column that `label` names, or whose number it is; None if it says where to look instead."""
    if label in ("detect", "none", "first", "last"):
        return None
    for same in (str.strip, plain_name):
        for at, title in enumerate(titles or ()):
            if same(title) == same(label):
                return at
    if label.strip().isdecimal() and len(label) < 9 and 1 <= int(label) <= width:
        return int(label) - 1
    some = ", ".join(f"“{title}”" for title in (titles or ())[:6])
    more = ", …" if titles and len(titles) > 6 else ""
    they_are = f"choose one of {some}{more}" if titles else "choose it by its number, from 1"
    raise SeriesFileError(f"There is no column “{shown(label)}” among the {width:,} columns: {they_are}, or “none”.")


def _named(titles: tuple[str, ...] | None, left: _Left | None, width: int) -> int | None:
    """The first column with a header that means a label, if another column is left for values."""
    # Among a few channels y is rather the one that is measured, beside x or a time.
    names = LABEL_NAMES | {"y"} if width > MIN_LENGTH else LABEL_NAMES
    if width - (left is not None) < 2:
        return None
    return next((at for at, title in enumerate(titles or ()) if plain_name(title) in names and not (left and at == 0)), None)


def _left_out(titles: tuple[str, ...] | None, head: Head) -> _Left | None:
    """Whether the first column holds times, a count of the rows or their names, and how to say so."""
    name = plain_name(titles[0]) if titles else None
    texts = [text.strip() for text in head.first]
    is_number = head.kinds[:, 0] == NUMBER
    if name in LABEL_NAMES or not texts:
        return None
    if head.textual[0]:
        if all(_DATE.fullmatch(text[:60]) or read_cell(text, "")[1] == MISSING for text in texts):
            return _Left("it holds dates or times", True)
        if len(texts) >= MIN_LENGTH and len(set(texts)) == len(texts):
            return _Left("its texts are all different, as names or times are", False)
    elif name is not None and is_number.all() and len(texts) > 1:
        steps = np.diff(head.numbers[:, 0])
        if name in TIME_NAMES and (steps > 0).all():
            return _Left("it is named as times are, and rises", True)
        if name in INDEX_NAMES and steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3):
            return _Left("it rises by the same step from row to row", name == "t")
    return None


def _label_at_an_end(
    label: str, titles: tuple[str, ...] | None, head: Head, layout: Layout, columns: range
) -> tuple[int | None, Evidence]:
    """The label among the first and the last of `columns`, as "first" or "last" asks or as their cells suggest."""
    if label in ("first", "last"):
        return columns[0 if label == "first" else -1], "chosen"
    ends = (columns[0], columns[-1])
    if len(columns) > 1:
        for at in ends:
            if head.textual[at]:
                return at, "text"
        for at in ends:
            if _is_whole_label(at, titles, head, layout, columns):
                return at, "whole"
    return None, "whole"


def _is_whole_label(at: int, titles: tuple[str, ...] | None, head: Head, layout: Layout, columns: range) -> bool:
    different = np.unique(head.numbers[:, at])
    if not head.all_whole(at) or all(head.all_whole(other) for other in columns if other != at):
        return False
    if layout == "long":
        # Among channels a switch that is on or off is nothing rare; only where no header speaks is it taken for a label.
        return titles is None and set(different) == {0.0, 1.0}
    return len(different) <= MAX_WHOLE_LABELS and (not head.complete or len(different) < len(head.first) / 2)


def _how_it_is_written(separator: Separator, decimal: Decimal, titles: tuple[str, ...] | None, width: int) -> str:
    mark = ", the decimal mark is a comma" if decimal == "," else ""
    first = "the first row is a header" if titles else "there is no header"
    cells = f"Cells are separated by {SEPARATOR_NAMES[separator]}" if width > 1 else "There is one column"
    return f"{cells}{mark}, and {first}."


def _refuse_without_numbers(columns: Columns, head: Head, rows: list[list[str]]) -> None:
    if not columns.values:
        raise SeriesFileError("The file has no values beside the label and the times: choose “none” as the label column.")
    values = list(columns.values)
    if rows and not (head.kinds[:, values] == NUMBER).any() and head.textual[values].any():
        at = values[int(head.textual[values].argmax())]
        raise SeriesFileError(
            f"There are no numbers in the file, and “{shown(rows[0][at])}” is the first text in {columns.name(at)}: "
            "choose a file with one number a cell, separated by commas, semicolons or tabs."
        )
