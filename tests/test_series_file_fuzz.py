"""Whatever the bytes are, a person gets series or a sentence; and a table comes back as it was, however it was written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.data.series_file import LIMITS, ReadOptions, SeriesFileError, SeriesTable, read_series

Floats = npt.NDArray[np.float32]

ALL_OPTIONS = st.builds(
    ReadOptions,
    layout=st.sampled_from(("detect", "rows", "long")),
    label=st.sampled_from(("detect", "none", "first", "last", "1", "2", "label", "x")),
    header=st.sampled_from(("detect", "yes", "no")),
    missing=st.sampled_from(("refuse", "interpolate", "drop")),
    sample=st.booleans(),
)
# What tables are made of, in any order; bytes at random would hardly ever look like one.
WORDS = ("", "NA", "nan", "inf", "x", "label", "time", "2024-01-01", '"', '"a"', "_", "é", "\0", "#")
CELLS = st.sampled_from(("1", "-2.5", "3,5", "1e3", "1e999", *WORDS))
SEPARATORS = st.sampled_from((",", ";", "\t", " ", "|"))
ENDS = st.sampled_from(("\n", "\r\n", "\r", "\n\n"))


def check(data: bytes, options: ReadOptions) -> None:
    """Read the bytes, and see that the table, or the sentence, keeps what it promises."""
    try:
        found = read_series(data, options, limits=replace(LIMITS, rows=50, values=5000))
    except SeriesFileError as error:
        told = str(error)
    else:
        check_table(found)
        told = " ".join(found.notes)
    assert told.endswith(".")
    assert "\n" not in told
    assert len(told) < 2000


def check_table(found: SeriesTable) -> None:
    assert found.values.ndim == 2
    assert np.isfinite(found.values).all()
    assert len(found.rows) == len(found.values) >= 16
    assert (np.diff(found.rows) > 0).all()
    assert found.labels is None or len(found.labels) == len(found.rows)
    assert len(found.channel_names) == (found.values.shape[1] if found.layout == "long" else 0)


@given(st.binary(max_size=400), st.sampled_from((1, 30)), ALL_OPTIONS)
def test_bytes_never_raise_anything_else(data: bytes, times: int, options: ReadOptions) -> None:
    check(data * times, options)


@given(
    st.lists(st.lists(CELLS, max_size=5), max_size=8),
    st.sampled_from((1, 8)),
    st.sampled_from((1, 6)),
    SEPARATORS,
    ENDS,
    st.sampled_from(("utf-8", "utf-16", "utf-16-be", "cp1252")),
    ALL_OPTIONS,
)
def test_odd_tables_never_raise_anything_else(
    rows: list[list[str]], wider: int, longer: int, separator: str, end: str, encoding: str, options: ReadOptions
) -> None:
    text = end.join([separator.join(cells * wider) for cells in rows] * longer)
    check(text.encode(encoding), options)


@dataclass(frozen=True)
class Written:
    """A table, how it is written, and the cells that are written, in lines, of which the header is not one."""

    layout: Literal["rows", "long"]
    values: Floats
    labels: tuple[str, ...] | None
    header: list[str] | None
    lines: list[list[str]]
    separator: str
    decimal: str
    encoding: str
    end: str
    quoted: bool

    def data(self) -> bytes:
        quote = '"' if self.quoted else ""
        rows = [self.header, *self.lines] if self.header else self.lines
        text = "".join(self.separator.join(f"{quote}{cell}{quote}" for cell in row) + self.end for row in rows)
        return text.encode(self.encoding)

    def line_number(self, row: int) -> int:
        """Where the row from 0 is in the file."""
        return row + 1 + (self.header is not None)


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """A table in one of the dialects that people and programs write."""
    layout: Literal["rows", "long"] = draw(st.sampled_from(("rows", "long")))
    count = draw(st.integers(20, 40))
    # Two channels at least: one with decimal commas and no label has no separator to be told from them.
    length = draw(st.integers(17, 24) if layout == "rows" else st.integers(2, 5))
    digits = draw(st.integers(1, 9))
    random = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    form = draw(st.sampled_from(("e", "f")))
    # Never so that few digits make all numbers whole: a whole label beside those is a number like others.
    exponent = draw(st.integers(0, 6) if form == "f" else st.integers(-6, 0))
    numbers = random.normal(size=(count, length)) * 10.0**exponent
    separator = draw(st.sampled_from((",", ";", "\t", " ", "  ")))
    decimal = draw(st.sampled_from((".", ","))) if separator in (";", "\t") else "."
    texts = [[f"{number:.{digits}{form}}" for number in row] for row in numbers]
    values = np.array(texts, np.float64).astype(np.float32)
    lines = [[text.replace(".", decimal) for text in row] for row in texts]

    place = draw(st.sampled_from(("none", "first", "last")))
    kinds: tuple[tuple[str, ...], ...] = (("0", "1"), ("normal", "anomaly"), ("größer", "kleiner", "gleich"))
    names = draw(st.sampled_from(kinds))
    labels = tuple(names[at % len(names)] for at in range(count))
    header = [f"v{at}" for at in range(length)] if draw(st.booleans()) else None
    if place != "none":
        at = 0 if place == "first" else length
        for line, label in zip(lines, labels, strict=True):
            line.insert(at, label)
        if header is not None:
            header.insert(at, draw(st.sampled_from(("label", "Class", "is_anomaly"))))
    return Written(
        layout,
        values,
        None if place == "none" else labels,
        header,
        lines,
        separator,
        decimal,
        draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"))),
        draw(st.sampled_from(("\n", "\r\n", "\r", "\n\n"))) if header is None else draw(st.sampled_from(("\n", "\r\n", "\r"))),
        draw(st.booleans()),
    )


@given(tables())
def test_a_table_is_read_back_however_it_is_written(table: Written) -> None:
    # Values that happen to be whole and few may be taken for labels: whether there are any is not for chance to say here.
    options = ReadOptions(label="none") if table.labels is None else ReadOptions()
    found = read_series(table.data(), options)
    assert found.layout == table.layout
    np.testing.assert_array_equal(found.values, table.values)
    assert found.labels == table.labels
    if table.layout == "long" and table.header:
        assert found.channel_names == tuple(name for name in table.header if name.startswith("v"))


@given(tables(), st.data())
def test_one_damaged_cell_is_named(table: Written, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(table.lines) - 1))
    first = int(table.labels is not None and table.lines[0][0] == table.labels[0])
    column = data.draw(st.integers(first, first + table.values.shape[1] - 1))
    cell, told = data.draw(
        st.sampled_from(
            (
                ("x1", "is not a number"),
                ("1_0", "is not a number"),
                ("0x10", "is not a number"),
                ("inf", "is infinite"),
                ("1e999", "is infinite"),
                ("NA", "A value is missing"),
            )
        )
    )
    table.lines[row][column] = cell
    layout: Literal["rows", "long"] = table.layout
    with pytest.raises(SeriesFileError) as caught:
        read_series(table.data(), ReadOptions(layout=layout, label="none" if table.labels is None else "detect"))
    line = table.line_number(row) if table.end != "\n\n" else 2 * row + 1
    name = f" (“{table.header[column]}”)" if table.header else ""
    assert told in str(caught.value)
    assert f"row {line}, column {column + 1}{name}" in str(caught.value).lower()


@given(tables(), st.data())
def test_one_ragged_row_is_named(table: Written, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(table.lines) - 1))
    width = len(table.lines[row])
    if data.draw(st.booleans()):
        table.lines[row].insert(0, "1")
    else:
        del table.lines[row][-1]
    with pytest.raises(SeriesFileError) as caught:
        read_series(table.data(), ReadOptions(layout=table.layout, label="none" if table.labels is None else "detect"))
    line = table.line_number(row) if table.end != "\n\n" else 2 * row + 1
    cells = f"{len(table.lines[row])} cell{'s' if len(table.lines[row]) > 1 else ''}"
    assert f"Row {line} has {cells} and {width} are expected" in str(caught.value)
