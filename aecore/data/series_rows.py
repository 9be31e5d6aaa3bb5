"""Gathers the rows of a table of series within its limits: all of them, a random sample, or the first ones."""

from __future__ import annotations

import random
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from aecore.data.series_cells import INFINITE, MISSING, NUMBER, Decimal, Numbers, count_of, read_cell, shown
from aecore.data.series_columns import MAX_LABELS, Columns
from aecore.data.series_text import Limits, SeriesFileError

_SEED = 20_240_601  # any will do, as long as the same file gives the same sample
_FIRST_VALUES = 1 << 16  # room to begin with
_REMEMBERED = 1000  # labels, beyond which a column is hardly one
_NO_LABEL = frozenset(("", "na", "n/a", "nan", "null"))  # fewer words than among values: “none” and “-” may be classes


class KeptRows:
    """Rows of numbers, their labels and their places in the file; missing values are NaN until somebody decides on them.

    lines: the line number of each row, int64 (rows,).
    labels: the label of each row as text, "" where it is missing; empty if there is no label column.
    seen: how many rows were added, kept or not.
    missing, first_missing: for each value column how many of all those rows lack it, and the line of the first, or 0.
    """

    def __init__(self, columns: Columns, limits: Limits, *, sample: bool) -> None:
        length = len(columns.values)
        self.labels: list[str] = []
        self.seen = 0
        self.missing = np.zeros(length, np.int64)
        self.first_missing = np.zeros(length, np.int64)
        self._columns = columns
        self._limits = limits
        self._sample = sample
        self._most = max(1, min(limits.rows, limits.values // length))
        self._numbers = Numbers(columns.decimal)
        self._values = np.empty((max(1, _FIRST_VALUES // length), length), np.float32)
        self._lines: list[int] = []
        self._names: dict[str, str] = {}
        self._different: set[str] = set()
        self._random = random.Random(_SEED)

    def add(self, row: int, cells: list[str]) -> bool:
        """Take a row with its line number; False if no more can be taken. Raises SeriesFileError, naming what is wrong.

        Every row is checked, also where only a sample is kept: whether a file can be read is no matter of chance.
        """
        columns = self._columns
        if len(cells) != columns.width:
            raise SeriesFileError(
                f"Row {row:,} has {count_of(len(cells), 'cell')} and {columns.width:,} are expected, as in the other rows: "
                "complete it, with NA for what is missing, or remove it."
            )
        slot = self._slot()
        if slot is None:
            return False
        label = None if columns.label is None else self._label(cells.pop(columns.label), row)
        if columns.leaves_first:
            del cells[0]
        numbers, kinds = self._numbers.read(cells)
        if kinds is not None:
            self._look_at(kinds, cells, row)
        self.seen += 1
        if slot < self._most:
            # A slice, so that a slot is overwritten and one that does not exist yet is added.
            self._lines[slot : slot + 1] = [row]
            if label is not None:
                self.labels[slot : slot + 1] = [label]
            if slot == len(self._values):
                self._resize(min(self._most, slot + slot // 2 + 1))
            self._values[slot] = numbers
        return True

    def finish(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Values float32 (rows, columns) and line numbers in the order of the file, which `labels` are put into too."""
        self._resize(len(self._lines))
        lines = np.array(self._lines, np.int64)
        if self.seen == len(lines):
            return self._values, lines
        order = np.argsort(lines)
        if self.labels:
            self.labels = [self.labels[at] for at in order]
        return self._values[order], lines[order]

    @property
    def limit(self) -> str:
        """The limit that a file with more rows than are kept is over."""
        if self._most == self._limits.rows:
            return f"{self._limits.rows:,} rows"
        return f"{self._limits.values:,} values ({self._most:,} rows of {self._values.shape[1]:,})"

    def _slot(self) -> int | None:
        """Where the next row goes: a slot below `_most`, that number for a row that is not kept, None for no more rows."""
        if self.seen < self._most:
            return self.seen
        if self._sample:
            # Each row that has come has the same chance to be among those kept (reservoir sampling, algorithm R).
            return None if self._columns.layout == "long" else min(self._most, int(self._random.random() * (self.seen + 1)))
        part = "its first rows be taken" if self._columns.layout == "long" else "a random sample of it be taken"
        raise SeriesFileError(f"This file has more than {self.limit}: keep fewer rows, or let {part}.")

    def _resize(self, rows: int) -> None:
        self._values.resize((rows, self._values.shape[1]), refcheck=False)  # in place where the memory allows it

    def _label(self, cell: str, row: int) -> str:
        label = self._names.get(cell)
        if label is None:
            label = label_text(cell, self._numbers.decimal)
            if len(self._names) < _REMEMBERED:
                self._names[cell] = label
                self._different.add(label)
                if len(self._different) > MAX_LABELS:
                    self._refuse_labels(row)
        return label

    def _refuse_labels(self, row: int) -> None:
        """Raise SeriesFileError for a column with too many labels, unless it may turn out to be one of values."""
        columns = self._columns
        assert columns.label is not None
        name = columns.name(columns.label, capital=True)
        if columns.evidence == "chosen":
            raise SeriesFileError(
                f"{name} has more than {MAX_LABELS} different labels up to row {row:,}: choose another label column, or “none”."
            )
        if columns.evidence == "text":
            raise SeriesFileError(
                f"{name} holds text, with more than {MAX_LABELS} different ones up to row {row:,}, so that it is neither a value "
                "nor a label: remove the column."
            )

    def _look_at(self, kinds: NDArray[np.uint8], cells: list[str], row: int) -> None:
        """Count the missing values of a row; SeriesFileError for the first cell that is neither number nor missing."""
        for at in np.flatnonzero(kinds > MISSING)[:1]:
            self._refuse_cell(self._columns.values[at], cells[at], int(kinds[at]), row)
        lacking = kinds == MISSING
        self.missing += lacking
        self.first_missing[lacking & (self.first_missing == 0)] = row

    def _refuse_cell(self, column: int, cell: str, kind: int, row: int) -> NoReturn:
        columns = self._columns
        place = f"Row {row:,}, {columns.name(column)}, holds “{shown(cell)}”"
        if kind == INFINITE:
            raise SeriesFileError(f"{place}, which is infinite or too large: correct it, or leave it empty if it is missing.")
        if read_cell(cell, "")[1] == NUMBER:
            mark = "points" if self._numbers.decimal == "." else "commas"
            raise SeriesFileError(f"{place}, while other numbers have decimal {mark}: write all numbers in the same way.")
        at_end = column in (columns.values[0], columns.values[-1]) and columns.label is None and len(columns.values) > 1
        or_label = ", or choose this column as the label" if at_end else ""
        raise SeriesFileError(f"{place}, which is not a number: correct it, or leave it empty if it is missing{or_label}.")


def label_text(cell: str, decimal: Decimal) -> str:
    """A label as it is shown and compared: "1" for 1, 1.0 and 1.0000000e+00; "" if it is missing."""
    number, kind = read_cell(cell, decimal)
    if kind == NUMBER:
        return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
    return "" if cell.strip().lower() in _NO_LABEL else shown(cell, 80)
