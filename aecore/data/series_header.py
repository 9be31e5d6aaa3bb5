"""The first rows of a table of series: what their cells are, and whether names stand above them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aecore.data.series_cells import INFINITE, NUMBER, TEXT, Decimal, Numbers, count_of, read_cell, shown
from aecore.data.series_text import SeriesFileError

MIN_LENGTH = 16
"""The fewest values of a series; a table with fewer columns cannot have one series a row."""

LABEL_NAMES = frozenset(("label", "labels", "class", "target", "anomaly", "is_anomaly"))
TIME_NAMES = frozenset(("time", "timestamp", "date", "datetime", "date_time"))
INDEX_NAMES = frozenset(("t", "index", "", "unnamed:_0"))  # the last two: as pandas writes, and writes again, its index


@dataclass(frozen=True)
class Head:
    """The first rows of data that have the usual number of cells: numbers and kinds (rows, columns)."""

    numbers: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    first: tuple[str, ...]  # the texts of the first column
    complete: bool  # there are no more rows in the file

    @classmethod
    def of(cls, rows: list[list[str]], width: int, decimal: Decimal, complete: bool) -> Head:
        """The numbers in rows of `width` cells."""
        numbers = np.full((len(rows), width), np.nan)
        kinds = np.zeros((len(rows), width), np.uint8)
        read = Numbers(decimal).read
        for at, cells in enumerate(rows):
            numbers[at], other = read(cells)
            if other is not None:
                kinds[at] = other
        return cls(numbers, kinds, tuple(cells[0] for cells in rows), complete)

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """Whether each column holds numbers rather than text, bool (columns,); false where all is missing."""
        numbers = ((self.kinds == NUMBER) | (self.kinds == INFINITE)).sum(0)
        more: NDArray[np.bool_] = numbers > (self.kinds == TEXT).sum(0)
        return more

    @property
    def textual(self) -> NDArray[np.bool_]:
        """Whether each column holds text rather than numbers, bool (columns,)."""
        some: NDArray[np.bool_] = (self.kinds == TEXT).any(0)
        return ~self.numeric & some

    def all_whole(self, column: int) -> bool:
        """Whether a column has a whole number in every row."""
        found = self.numbers[:, column]
        return bool((self.kinds[:, column] == NUMBER).all() and (found == np.floor(found)).all())


def is_header(first: list[str], body: Head, decimal: Decimal) -> bool:
    """Whether a file's first row has names above the columns of numbers in the rows after it."""
    cells = [read_cell(cell, decimal) for cell in first]
    kinds = np.array([kind for _, kind in cells])
    if not len(body.first):
        return bool((kinds == TEXT).any() and not np.isin(kinds, (NUMBER, INFINITE)).any())
    above = kinds[: len(body.numeric)][body.numeric[: len(kinds)]]
    if (above == TEXT).any() and not np.isin(above, (NUMBER, INFINITE)).any():
        return True
    # Columns may also be named by their numbers, 0, 1, 2 …, beside a few names.
    named = [at for at, kind in enumerate(kinds) if kind != NUMBER]
    counted = np.array([number for number, kind in cells if kind == NUMBER])
    return bool(
        len(counted) >= MIN_LENGTH
        and counted[0] in (0, 1)
        and (np.diff(counted) == 1).all()
        and all(plain_name(first[at]) in LABEL_NAMES | TIME_NAMES | INDEX_NAMES for at in named)
        and (body.numbers % 1 > 0).any()
    )


def titles_of(cells: list[str], width: int, row: int, next_row: int) -> tuple[str, ...]:
    """The names of `width` columns; SeriesFileError if there are fewer or more names than columns."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != width:
        raise SeriesFileError(
            f"The header in row {row:,} has {count_of(len(cells), 'cell')} and the rows after it, from row {next_row:,}, "
            f"have {width:,}: give every column a name, or remove the header."
        )
    names = [shown(cell) for cell in cells]
    names[0] = names[0].removeprefix("#").lstrip()  # as numpy.savetxt marks its header
    return tuple(names)


def plain_name(title: str) -> str:
    """A header as it is compared: in lower case, "is anomaly" and "Is-Anomaly" alike."""
    return re.sub(r"[\s.-]+", "_", title.strip().strip("#").strip().lower())
