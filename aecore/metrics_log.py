"""metrics.csv: one row each time the losses are read, append-only. A half-written last row is ignored by readers.

Columns: step, epoch, seconds (of training alone), learning_rate, then train_<term> and val_<term> for every term of the
objective by its own name. Validation is not measured in every row; those cells are empty.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from aecore.full_disk import is_full
from aecore.runs import replace_file

Row = list[float | None]

CLOCK = ("step", "epoch", "seconds", "learning_rate")


def columns_for(terms: Sequence[str]) -> list[str]:
    """The columns of a run whose objective has these terms."""
    return [*CLOCK, *(f"train_{term}" for term in terms), *(f"val_{term}" for term in terms)]


class MetricsWriter:
    """Appends rows; made anew for a resumed run, it first drops the rows after the step at which that run goes on."""

    def __init__(self, path: Path, terms: Sequence[str], from_step: int = -1) -> None:
        self._columns = columns_for(terms)
        kept: list[str] = []
        if from_step >= 0 and path.is_file():
            reader = MetricsReader(path)
            reader.read()
            kept = [_line(row) for row in reader.rows if (row[0] or 0) <= from_step]
        replace_file(path, "".join([",".join(self._columns) + "\n", *kept]))
        self._rows = RowFile(path)

    def write(self, values: Mapping[str, float]) -> None:
        """Append a row; what is not in `values` stays empty."""
        self._rows.append(_line([values.get(column) for column in self._columns]))

    @property
    def waits(self) -> bool:
        """Whether there are rows for which there was no room on the disk."""
        return self._rows.waits

    def flush(self) -> bool:
        """Try to write those; whether there are none left."""
        return self._rows.flush()

    def close(self) -> None:
        """End writing. Rows that still wait for room are lost."""
        self._rows.close()


class RowFile:
    """A file to whose end lines are written, each at once. What a full disk does not take waits here, and comes first later."""

    def __init__(self, path: Path) -> None:
        # Without a buffer of Python's own: of a write that fails halfway it is then known how far it came.
        self._file = path.open("ab", buffering=0)
        self._waiting = bytearray()

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def append(self, line: str) -> None:
        self._waiting += line.encode()
        self.flush()

    def flush(self) -> bool:
        """Try to write what waits; whether nothing waits any more."""
        try:
            while self._waiting:
                del self._waiting[: self._write(self._waiting)]
        except OSError as error:
            if not is_full(error):
                raise
        return not self._waiting

    def _write(self, content: bytearray) -> int:
        """Write as much as there is room for; how much that was."""
        return self._file.write(content) or 0

    def close(self) -> None:
        self._file.close()


class MetricsReader:
    """Reads a growing metrics.csv; each call of :meth:`read` parses only what was added since the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] = []
        self.rows: list[Row] = []
        self._offset = 0
        self._file_id = -1

    def read(self) -> None:
        """Bring `columns` and `rows` up to date. A file that was replaced (a resumed run) is read from its start."""
        try:
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())  # of the open file: the path may be another one already
                if stat.st_ino != self._file_id or stat.st_size < self._offset:
                    self.columns, self.rows, self._offset, self._file_id = [], [], 0, stat.st_ino
                file.seek(self._offset)
                added = file.read()
        except OSError:
            return
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode("utf-8", errors="replace").splitlines():
            cells = line.split(",")
            if not self.columns:
                self.columns = cells
            elif len(cells) == len(self.columns):
                self.rows.append([float(cell) if cell else None for cell in cells])

    def since(self, step: float, most: int = 2000) -> list[Row]:
        """The rows after `step`; of more than `most`, one of each few: the last with a validation, else the last."""
        first = len(self.rows)
        while first and (self.rows[first - 1][0] or 0) > step:
            first -= 1
        rows = self.rows[first:]
        if len(rows) <= most:
            return rows
        every = -(-len(rows) // most)
        return [self._representative(rows[start : start + every]) for start in range(0, len(rows), every)]

    @property
    def telling_column(self) -> int:
        """The index of the column that only complete rows have: the validation's loss, in other tables the last one."""
        # A run's last column may be of one stage only.
        return self.columns.index("val_loss") if "val_loss" in self.columns else -1

    def _representative(self, rows: list[Row]) -> Row:
        telling = self.telling_column
        return next((row for row in reversed(rows) if row[telling] is not None), rows[-1])


def _line(row: Sequence[float | None]) -> str:
    cells = ("" if value is None else (str(int(value)) if index == 0 else f"{value:.8g}") for index, value in enumerate(row))
    return ",".join(cells) + "\n"
