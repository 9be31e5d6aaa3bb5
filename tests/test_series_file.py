"""People's own series: every way to write a table comes out right, and every other file gets its sentence."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aecore.data.series_file import (
    LIMITS,
    MAX_LENGTH,
    MIN_LENGTH,
    MIN_ROWS,
    Limits,
    ReadOptions,
    SeriesFileError,
    SeriesTable,
    read_series,
)

Array = npt.NDArray[Any]


def waves(rows: int = 24, length: int = 20) -> Array:
    """Values with a fraction, all rows different."""
    return np.round(np.random.default_rng(1).normal(size=(rows, length)) + 0.0005, 3).astype(np.float32)


def lines_of(values: Array, separator: str = ",") -> list[str]:
    return [separator.join(f"{value:.3f}" for value in row) for row in values]


def file_of(lines: list[str]) -> bytes:
    return "\n".join(lines).encode() + b"\n"


def table(values: Array, labels: list[str] | None = None, *, last: bool = False, header: str = "") -> bytes:
    """A file of commas with the labels first or last."""
    lines = lines_of(values)
    if labels:
        lines = [f"{line},{label}" if last else f"{label},{line}" for line, label in zip(lines, labels, strict=True)]
    return file_of([header, *lines] if header else lines)


def with_line(data: bytes, row: int, line: str) -> bytes:
    """The file with the line numbered `row` in another form."""
    lines = data.decode().splitlines()
    lines[row - 1] = line
    return file_of(lines)


def with_cell(data: bytes, row: int, column: int, cell: str) -> bytes:
    cells = data.decode().splitlines()[row - 1].split(",")
    cells[column - 1] = cell
    return with_line(data, row, ",".join(cells))


def sentence(data: bytes | Path | io.IOBase, limits: Limits = LIMITS, **options: Any) -> str:
    """What the person is told about a file that cannot be read."""
    with pytest.raises(SeriesFileError) as caught:
        read_series(data, ReadOptions(**options), limits=limits)  # type: ignore[arg-type]
    text = str(caught.value)
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text
    return text


def notes(found: SeriesTable) -> str:
    return " ".join(found.notes)


# What is read


@pytest.mark.parametrize("separator", [",", ";", "\t", " ", "   ", ", "])
def test_series_a_row_with_every_separator(separator: str) -> None:
    values = waves()
    found = read_series(file_of(lines_of(values, separator)))
    assert found.layout == "rows"
    np.testing.assert_array_equal(found.values, values)
    assert found.values.dtype == np.float32
    assert found.labels is None
    assert found.channel_names == ()
    np.testing.assert_array_equal(found.rows, np.arange(1, 25))
    assert "No column is taken for a label" in notes(found)


def test_the_ucr_archive_with_tabs_and_with_spaces() -> None:
    values = waves(40)
    labels = [f"{1 + at % 3}" for at in range(40)]
    new = file_of([f"{label}\t{line}" for label, line in zip(labels, lines_of(values, "\t"), strict=True)])
    old = file_of(
        ["   " + "   ".join(f"{x:.7e}" for x in (label, *row)) for label, row in zip(map(int, labels), values, strict=True)]
    )
    for data in (new, old):
        found = read_series(data)
        np.testing.assert_array_equal(found.values, values)
        assert found.labels == tuple(labels)
        assert "Column 1 is the label, because it holds few different whole numbers, with 3 different labels" in notes(found)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("labels", "read"),
    [
        (["-1", "1"], ["-1", "1"]),
        (["1.0", "2.0000000e+00"], ["1", "2"]),
        (["normal", "odd one"], ["normal", "odd one"]),
        (["größer", "gr\"'ß"], ["größer", "gr\"'ß"]),
        (["+", "-"], ["+", "-"]),
        (["none", "spike"], ["none", "spike"]),
    ],
)
def test_labels_first_and_last(last: bool, labels: list[str], read: list[str]) -> None:
    quoted = ['"' + label.replace('"', '""') + '"' if '"' in label else label for label in labels]
    found = read_series(table(waves(), quoted * 12, last=last))
    np.testing.assert_array_equal(found.values, waves())
    assert found.labels == tuple(read * 12)


@pytest.mark.parametrize("name", ["label", "Class", "TARGET", "y", "anomaly", "is anomaly"])
def test_a_label_is_known_by_its_header_wherever_it_stands(name: str) -> None:
    lines = [f"{line[: line.index(',')]},{at % 2}{line[line.index(',') :]}" for at, line in enumerate(lines_of(waves()))]
    header = ",".join(["a", name, *(f"b{at}" for at in range(19))])
    found = read_series(file_of([header, *lines]))
    np.testing.assert_array_equal(found.values, waves())
    assert found.labels == ("0", "1") * 12
    assert found.rows[0] == 2
    assert f"Column 2 (“{name}”) is the label, because of its name" in notes(found)


def test_headers_may_be_names_or_numbers_or_missing() -> None:
    values = waves()
    numbers = ",".join(map(str, range(20)))
    for header in (numbers, ",".join(f"“{at}” s" for at in range(20)), "# " + ",".join(f"t{at}" for at in range(20))):
        found = read_series(file_of([header, *lines_of(values)]))
        assert found.values.shape == values.shape
        assert "the first row is a header" in notes(found)
    found = read_series(table(values, ["a", "b"] * 12, header=f"label,{numbers}"))
    assert found.labels == ("a", "b") * 12
    found = read_series(file_of([f",{numbers}", *(f"{at},{line}" for at, line in enumerate(lines_of(values)))]))
    np.testing.assert_array_equal(found.values, values)
    assert "Column 1 is left out, because it rises by the same step from row to row." in found.notes
    assert "there is no header" in notes(read_series(file_of(lines_of(values))))
    assert read_series(file_of(lines_of(values)), ReadOptions(header="yes")).values.shape == (23, 20)


def test_the_label_can_be_chosen_by_place_name_and_number() -> None:
    labels = [f"{at % 2}" for at in range(24)]
    data = table(waves(), labels, header=",".join(["kind", *(f"v{at}" for at in range(20))]))
    for choice in ("detect", "first", "kind", " KIND ", "1"):
        assert read_series(data, ReadOptions(label=choice)).labels == tuple(labels)
    assert read_series(data, ReadOptions(label="none")).labels is None
    assert read_series(data, ReadOptions(label="none")).values.shape == (24, 21)
    assert read_series(table(waves(), labels, last=True), ReadOptions(label="last")).labels == tuple(labels)
    assert "There is no column “kid” among the 21 columns: choose one of “kind”, “v0”" in sentence(data, label="kid")
    assert "choose it by its number" in sentence(table(waves()), label="99")


@pytest.mark.parametrize("separator", [";", "\t", " "])
def test_decimal_commas(separator: str) -> None:
    values = waves()
    data = file_of([line.replace(".", ",") for line in lines_of(values, separator)])
    found = read_series(data)
    np.testing.assert_array_equal(found.values, values)
    assert "the decimal mark is a comma" in notes(found)


def test_decimal_commas_in_quotes_and_after_many_whole_numbers() -> None:
    values = waves()
    quoted = ['"' + line.replace(",", '","') + '"' for line in lines_of(values)]
    np.testing.assert_array_equal(read_series(file_of(quoted)).values, values)
    commas = [line.replace(".", ",").replace(";", '","') for line in lines_of(values, ";")]
    np.testing.assert_array_equal(read_series(file_of([f'"{line}"' for line in commas])).values, values)
    # Six hundred rows of whole numbers do not tell which mark comes later.
    whole = [";".join(map(str, range(at, at + 20))) for at in range(600)]
    late = [line.replace(".", ",") for line in lines_of(values, ";")]
    np.testing.assert_array_equal(read_series(file_of([*whole, *late])).values[600:], values)
    mixed = file_of([*late, *lines_of(values, ";")[:3]])
    assert "Row 25, column 1, holds “0.346”, while other numbers have decimal commas" in sentence(mixed)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\r\n \r\n"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    labels = ["früh", "spät"] * 12
    text = table(waves(), labels).decode().replace("\n", end)
    found = read_series(text.encode(encoding))
    np.testing.assert_array_equal(found.values, waves())
    assert found.labels == tuple(labels)
    assert found.rows[1] == (3 if end.count("\n") == 2 else 2)
    assert ("Windows-1252" in notes(found)) == (encoding in ("cp1252", "latin-1"))


def test_big_endian_with_a_mark_and_no_end_of_the_last_line() -> None:
    text = table(waves()).decode().rstrip("\n")
    np.testing.assert_array_equal(read_series(codecs.BOM_UTF16_BE + text.encode("utf-16-be")).values, waves())


def test_excel_tells_its_separator_and_leaves_hollow_rows() -> None:
    lines = [line.replace(".", ",") for line in lines_of(waves(), ";")]
    hollow = ";" * 19
    data = file_of(["sep=;", hollow, *lines, hollow, hollow])
    found = read_series(data)
    np.testing.assert_array_equal(found.values, waves())
    np.testing.assert_array_equal(found.rows, np.arange(3, 27))


@pytest.mark.parametrize("cell", ["1", "-1.5", ".5", "1e-3", "+2", " 3 ", "5.", "1E5", "-0", "1." + "3" * 5000, "0" * 5000])
def test_numbers(cell: str) -> None:
    found = read_series(with_cell(table(waves()), 7, 3, cell))
    assert found.values[6, 2] == np.float32(float(cell))


def test_one_long_series_of_one_channel() -> None:
    values = waves(300, 1)
    found = read_series(file_of(lines_of(values)))
    assert found.layout == "long"
    np.testing.assert_array_equal(found.values, values)
    assert found.channel_names == ("Channel 1",)
    assert read_series(file_of(["Wert", *(line.replace(".", ",") for line in lines_of(values)), "3"])).channel_names == ("Wert",)


STAMPS = {
    "iso": [f"2024-03-{1 + at // 24:02}T{at % 24:02}:00:00Z" for at in range(100)],
    "german": [f"{1 + at // 24:02}.03.2024 {at % 24:02}:00" for at in range(100)],
    "american": [f"3/{1 + at // 24}/2024 {at % 12}:00 PM" for at in range(100)],
    "words": [f"Mar {1 + at // 24} at {at % 24}" for at in range(100)],
}


@pytest.mark.parametrize("kind", STAMPS)
@pytest.mark.parametrize("header", ["", "when,a,b,is_anomaly"])
def test_a_long_series_with_text_times_and_a_label(kind: str, header: str) -> None:
    values = waves(100, 2)
    labels = ["anomaly" if at == 50 else "normal" for at in range(100)]
    lines = [f"{t},{line},{label}" for t, line, label in zip(STAMPS[kind], lines_of(values), labels, strict=True)]
    found = read_series(file_of([header, *lines] if header else lines))
    assert found.layout == "long"
    np.testing.assert_array_equal(found.values, values)
    assert found.labels == tuple(labels)
    assert found.channel_names == (("a", "b") if header else ("Channel 1", "Channel 2"))
    assert "Column 1 is left out" in notes(found)


@pytest.mark.parametrize(
    ("name", "stamps", "left_out"),
    [
        ("time", range(100), True),
        ("Timestamp", [at + at % 2 / 4 for at in range(100)], True),
        ("date", range(20240101, 20240201), True),
        ("t", np.arange(100) / 8, True),
        ("t", [at * at / 8 for at in range(100)], False),
        ("index", range(100, 200), True),
        ("Unnamed: 0", range(100), True),
        ("time", [at % 7 + 0.5 for at in range(100)], False),
        ("height", range(100), False),
    ],
)
def test_numbered_times_are_left_out(name: str, stamps: Any, left_out: bool) -> None:
    lines = [f"{t},{line}" for t, line in zip(stamps, lines_of(waves(100, 2)), strict=False)]
    found = read_series(file_of([f"{name},a,b", *lines]))
    assert found.layout == "long"
    assert found.channel_names == (("a", "b") if left_out else (name, "a", "b"))


def test_times_make_a_wide_table_long_and_the_person_may_disagree() -> None:
    data = file_of([f"{t},{line}" for t, line in zip(STAMPS["iso"], lines_of(waves(100)), strict=True)])
    assert read_series(data).values.shape == (100, 20)
    assert read_series(data).layout == "long"
    assert read_series(data, ReadOptions(layout="rows")).layout == "rows"
    assert read_series(table(waves()), ReadOptions(layout="long")).channel_names[19] == "Channel 20"


def test_an_on_off_column_is_a_label_among_channels_only_without_a_header() -> None:
    lines = [f"{line},{at % 2}" for at, line in enumerate(lines_of(waves(60, 2)))]
    assert read_series(file_of(lines)).labels == ("0", "1") * 30
    found = read_series(file_of(["a,b,valve", *lines]))
    assert found.labels is None
    assert found.channel_names == ("a", "b", "valve")


def test_names_of_channels_are_made_different() -> None:
    found = read_series(file_of(["a,,a,a (2)", *lines_of(waves(40, 4))]))
    assert found.channel_names == ("a", "Channel 2", "a (2)", "a (2) (2)")
    same = ",".join(["x"] * 2000)
    assert len(set(read_series(file_of([same, *lines_of(waves(20, 2000))]), ReadOptions(layout="long")).channel_names)) == 2000


def test_a_stream_a_path_and_bytes_read_alike_and_a_stream_stays_open(tmp_path: Path) -> None:
    data = table(waves())
    path = tmp_path / "series.csv"
    path.write_bytes(data)
    stream = io.BytesIO(b"skipped" + data)
    stream.seek(7)
    for source in (data, path, stream):
        np.testing.assert_array_equal(read_series(source).values, waves())
    assert not stream.closed


# Labels that are none, and the other way round


def test_a_label_with_too_many_values_is_a_column_of_values() -> None:
    values = waves(1200)
    few = np.where(np.arange(1200) < 800, np.arange(1200) % 5, np.arange(1200))  # looks like a label for 800 rows
    data = table(values, [str(number) for number in few])
    found = read_series(data)
    assert found.labels is None
    np.testing.assert_array_equal(found.values, np.column_stack([few, values]).astype(np.float32))
    assert "Column 1 is not taken for a label, because" in notes(found)
    named = table(waves(100), [f"{x:.3f}" for x in waves(100, 1)[:, 0]], last=True, header=",".join("abcdefghijklmnopqrsty"))
    assert read_series(named).values.shape == (100, 21)
    assert "Column 1 has more than 50 different labels" in sentence(data, label="first")


def test_text_with_too_many_different_ones_gets_a_sentence() -> None:
    texts = [f"patient {at // 2}" for at in range(120)]
    assert "Column 1 holds text, with more than 50 different ones up to row 101" in sentence(table(waves(120), texts))
    named = table(waves(120), texts, header=",".join(["label", *(f"v{at}" for at in range(20))]))
    assert "Column 1 (“label”) has more than 50 different labels" in sentence(named)
    numbers = [str(at) for at in range(119)]
    mixed = table(waves(120), [*numbers, "x?"], header=",".join(["label", *(f"v{at}" for at in range(20))]))
    assert "Row 121, column 1 (“label”), holds “x?”, while other rows have numbers there" in sentence(mixed)


def test_names_of_rows_are_left_out() -> None:
    found = read_series(table(waves(), [f"patient {at}" for at in range(24)]))
    assert found.layout == "rows"
    assert found.labels is None
    np.testing.assert_array_equal(found.values, waves())


def test_what_is_odd_about_labels_is_said() -> None:
    assert "All rows have the label “1”." in read_series(table(waves(), ["1"] * 24)).notes
    found = read_series(table(waves(), ["a", "b", "", "a"] * 6))
    assert found.labels == ("a", "b", "", "a") * 6
    assert "6 rows without a label, the first is row 3." in found.notes


# What is wrong


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("abc", "Row 7, column 3, holds “abc”, which is not a number: correct it, or leave it empty if it is missing."),
        ("0x1F", "Row 7, column 3, holds “0x1F”, which is not a number"),
        ("1_000", "Row 7, column 3, holds “1_000”, which is not a number"),
        ("٣", "Row 7, column 3, holds “٣”, which is not a number"),
        ("1.2.3", "Row 7, column 3, holds “1.2.3”, which is not a number"),
        ("a\x1b[0m", "Row 7, column 3, holds “a�[0m”, which is not a number"),
        ("x" * 300, f"Row 7, column 3, holds “{'x' * 39}…”, which is not a number"),
        ("1" * 5000 + "x", f"Row 7, column 3, holds “{'1' * 39}…”, which is not a number"),
        ('"1,5"', "Row 7, column 3, holds “1,5”, while other numbers have decimal points"),
        ("inf", "Row 7, column 3, holds “inf”, which is infinite or too large"),
        ("-Infinity", "Row 7, column 3, holds “-Infinity”, which is infinite"),
        ("1e999", "Row 7, column 3, holds “1e999”, which is infinite or too large"),
        ("-3.5e38", "Row 7, column 3, holds “-3.5e38”, which is infinite or too large"),
        ("9" * 400, f"Row 7, column 3, holds “{'9' * 39}…”, which is infinite or too large"),
        ('"1', "Row 7 has a quotation mark that is not closed"),
    ],
)
def test_a_wrong_cell_is_named(cell: str, told: str) -> None:
    assert told in sentence(with_cell(table(waves()), 7, 3, cell))


def test_a_wrong_cell_is_named_with_its_header_and_in_the_columns_of_the_file() -> None:
    header = ",".join(["label", *(f"v{at}" for at in range(20))])
    data = table(waves(), ["a", "b"] * 12, header=header)
    assert "Row 9, column 4 (“v2”), holds “oops”" in sentence(with_cell(data, 9, 4, "oops"))
    assert "choose this column as the label" in sentence(with_cell(table(waves()), 9, 1, "oops"))
    assert "Row 600, column 2, holds “oops”" in sentence(with_cell(table(waves(700)), 600, 2, "oops"))


@pytest.mark.parametrize("row", [1, 7, 24])
def test_a_ragged_row_is_named(row: int) -> None:
    data = table(waves())
    short = with_line(data, row, "1.5,2.5")
    assert f"Row {row} has 2 cells and 20 are expected" in sentence(short)
    assert f"Row {row} has 21 cells and 20 are expected" in sentence(with_line(data, row, ",".join(["1.5"] * 21)))
    header = ",".join(f"v{at}" for at in range(19))
    assert "The header in row 1 has 19 cells and the rows after it, from row 2, have 20" in sentence(
        file_of([header, *lines_of(waves())])
    )


MISSING = ["", " ", "NA", "N/A", "nan", "NaN", "null", "None", "?", "-", "#N/A", '""']


@pytest.mark.parametrize("cell", MISSING)
def test_missing_values_are_named_or_filled_in_or_left_out(cell: str) -> None:
    data = with_cell(with_cell(with_cell(table(waves()), 5, 3, cell), 9, 1, cell), 9, 2, cell)
    told = sentence(data)
    assert told.startswith("3 values are missing, the first in row 5, column 3: choose “interpolate”")
    assert "“drop”" in told
    filled = read_series(data, ReadOptions(missing="interpolate"))
    expected = waves()
    expected[4, 2] = (expected[4, 1] + expected[4, 3]) / 2
    expected[8, :2] = expected[8, 2]
    np.testing.assert_allclose(filled.values, expected, rtol=1e-6)
    assert "3 missing values in 2 rows were filled in along time, the first in row 5, column 3." in filled.notes
    dropped = read_series(data, ReadOptions(missing="drop"))
    np.testing.assert_array_equal(dropped.values, np.delete(waves(), [4, 8], 0))
    np.testing.assert_array_equal(dropped.rows, np.delete(np.arange(1, 25), [4, 8]))
    assert "2 rows with missing values were left out, the first in row 5, column 3." in dropped.notes
    assert "A value is missing, in row 5, column 3:" in sentence(with_cell(table(waves()), 5, 3, cell))


def test_missing_time_steps_of_a_long_series() -> None:
    lines = [f"{line},{at % 2}" for at, line in enumerate(lines_of(waves(40, 2)))]
    data = file_of(["a,b,label", *lines])
    data = with_cell(with_line(data, 5, ",,"), 2, 1, "NA")
    assert "3 values are missing, the first in row 2, column 1 (“a”)" in sentence(data)
    filled = read_series(data, ReadOptions(missing="interpolate"))
    assert filled.values[0, 0] == filled.values[1, 0]
    np.testing.assert_allclose(filled.values[3], filled.values[[2, 4]].mean(0), rtol=1e-6)
    assert filled.labels is not None
    assert filled.labels[3] == ""
    dropped = read_series(data, ReadOptions(missing="drop"))
    np.testing.assert_array_equal(dropped.rows[:4], [3, 4, 6, 7])
    assert dropped.labels is not None
    assert len(dropped.labels) == 38


def test_columns_without_values() -> None:
    padded = file_of([f"{line},NaN,NaN" for line in lines_of(waves())])
    found = read_series(padded)
    np.testing.assert_array_equal(found.values, waves())
    assert "The last 2 columns are left out, because all values there are missing." in found.notes
    trailing = file_of([f"{line}," for line in lines_of(waves(40, 2))])
    assert read_series(trailing).values.shape == (40, 2)
    assert read_series(file_of([f"{at % 2},{line}," for at, line in enumerate(lines_of(waves()))])).labels == ("0", "1") * 12
    inner = file_of([f"{line},,2.5" for line in lines_of(waves())])
    assert sentence(inner) == "All values in column 21 are missing: fill the column in or remove it."
    named = file_of(["a,b", *(f"{line}," for line in lines_of(waves(40, 1)))])
    assert "All values in column 2 (“b”) are missing" in sentence(named)
    assert "all of them are missing" in sentence(file_of(["NA,NA"] * 40))
    for choice in ("detect", "none"):
        assert "missing" in sentence(file_of([f"{stamp}," for stamp in STAMPS["iso"]]), label=choice)
    assert "no values beside the label" in sentence(file_of([f"{stamp}," for stamp in STAMPS["iso"]]), label="last")


def test_a_series_without_any_value() -> None:
    data = with_line(table(waves()), 7, ",".join(["NA"] * 20))
    assert "Row 7 has no values: choose “drop”" in sentence(data, missing="interpolate")
    assert read_series(data, ReadOptions(missing="drop")).values.shape == (23, 20)


def test_constant_series_are_kept_and_said() -> None:
    found = read_series(with_line(table(waves()), 7, ",".join(["2.5"] * 20)))
    assert "1 series has the same value throughout, the first in row 7." in found.notes
    flat = read_series(file_of(["a,b", *(f"{line},3" for line in lines_of(waves(40, 1)))]))
    assert "1 channel has the same value throughout, the first in column 2 (“b”)." in flat.notes


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b",,,\n,,\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_an_empty_file(data: bytes) -> None:
    assert sentence(data) == "The file is empty: choose one with numbers in it."


def test_too_little() -> None:
    assert sentence(b"label,a,b,c\n") == "The file holds only a header: add rows of numbers below it."
    assert "The file has 1 row of values, each read as one series, and at least 20 are needed" in sentence(table(waves(1)))
    assert f"The file has {MIN_ROWS - 1} rows of values" in sentence(table(waves(MIN_ROWS - 1)))
    assert read_series(table(waves(MIN_ROWS))).values.shape == (MIN_ROWS, 20)
    short = MIN_LENGTH - 1
    assert f"The file has {short} rows of values, each read as one time step, and at least 16" in sentence(table(waves(short, 2)))
    assert f"The series have {short} values each and need 16 to 4,096" in sentence(table(waves(24, short)), layout="rows")
    lost = with_cell(table(waves(MIN_ROWS)), 3, 3, "")
    assert f"The file has {MIN_ROWS - 1} rows of values" in sentence(lost, missing="drop")


def test_series_that_are_too_long() -> None:
    assert read_series(table(waves(MIN_ROWS, MAX_LENGTH), ["1", "2"] * 10)).values.shape == (20, MAX_LENGTH)
    assert "The series have 4,097 values each" in sentence(file_of([",".join(["1.5"] * (MAX_LENGTH + 1))] * 20))
    assert "The file has 4,098 columns and may have at most 4,097" in sentence(b"1.5," * (MAX_LENGTH + 1))
    assert "Row 2 is longer than 262,208 characters" in sentence(b"1,2\n" + b"1," * 200_000)


def test_text_without_numbers() -> None:
    assert "no numbers in the file, and “Sir” is the first text in column 2" in sentence(b"Dear,Sir\nor,Madam\n" * 20)
    assert "no values beside the label" in sentence(file_of(["1", "2"] * 20), label="first")


def excel() -> bytes:
    return b"PK\x03\x04" + bytes(range(256))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (excel(), "an Excel file (.xlsx)"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "an old Excel file (.xls)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PAR1" + bytes(100), "a Parquet file"),
        (gzip.compress(b"1,2,3", mtime=0), "a file packed with gzip"),
        (b"\x93NUMPY\x01\x00", "a NumPy file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\n <!DOCTYPE html><html>", "a web page"),
        (b'{"a": [1, 2]}', "a JSON file"),
        (b"@relation wafer\n", "a Weka file"),
    ],
)
def test_other_kinds_of_files_are_recognised(data: bytes, kind: str) -> None:
    told = sentence(data)
    assert told.startswith(f"This looks like {kind}")
    assert "save the table as CSV" in told


def test_zero_bytes_are_no_text_wherever_they_are() -> None:
    assert sentence(b"1,2\0\0\0\0,3\n" * 20) == "This is not a text file: save the table as CSV (text with one row a line) " + (
        "and choose that file."
    )
    assert "This is not a text file" in sentence(table(waves(4000)) + b"\0\n")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert sentence(tmp_path / "none.csv") == (
        "The file cannot be read (No such file or directory): choose it again, or choose another one."
    )
    assert "cannot be read" in sentence(tmp_path)
    assert "cannot be read" in sentence(tmp_path / "a\0b")
    closed = io.BytesIO()
    closed.close()
    assert "it is no longer open" in sentence(closed)


# How much is read


class Endless(io.RawIOBase):
    """A pipe that makes its rows when they are asked for, and counts the bytes that were taken."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.taken = 0
        self._lines = lines
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            line = next(self._lines, b"")
            if not line:
                break
            self._rest += line
        piece, self._rest = self._rest[:size], self._rest[size:]
        self.taken += len(piece)
        return piece


class Sized(Endless):
    """The same, with a size that it tells: 500 MB."""

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return 500 << 20 if whence == 2 else offset


def repeated(line: str) -> Iterator[bytes]:
    """The same line without end, some hundred at a time."""
    return itertools.repeat((line.encode() + b"\n") * 500)


ROW = lines_of(waves(1))[0]


def test_a_file_over_the_size_is_refused_at_once() -> None:
    big = Sized(repeated(ROW))
    assert sentence(big) == "This file has 500 MB and may have at most 200: keep fewer rows, or let a sample of it be taken."
    assert big.taken < 1 << 20
    few = replace(LIMITS, bytes=2 << 20)
    pipe = Endless(repeated(ROW))
    assert "This file has more than 2 MB and may have at most 2" in sentence(pipe, few)
    assert pipe.taken < 4 << 20
    packed = Sized(iter([excel()]))
    assert "Excel" in sentence(packed)


def test_too_many_rows_or_values_are_refused_at_once() -> None:
    pipe = Endless(repeated(ROW))
    few = replace(LIMITS, rows=2000)
    assert sentence(pipe, few) == "This file has more than 2,000 rows: keep fewer rows, or let a random sample of it be taken."
    assert pipe.taken < 1 << 20
    values = replace(LIMITS, values=40_000)
    assert "more than 40,000 values (2,000 rows of 20): keep fewer" in sentence(Endless(repeated(ROW)), values)
    assert "or let its first rows be taken" in sentence(Endless(repeated("1.5,2.5")), few)
    assert read_series(table(waves(2000)), limits=few).values.shape == (2000, 20)
    assert "Row 1 is longer" in sentence(Endless(iter([b"1.5," * 200_000] * 2000)))


def numbered(rows: int) -> bytes:
    """A table whose values tell the row they are from."""
    return file_of([",".join([f"{at}.5"] * 16) for at in range(rows)])


def test_a_random_sample_is_in_order_and_the_same_each_time() -> None:
    limits = replace(LIMITS, rows=100)
    found = read_series(numbered(1000), ReadOptions(sample=True), limits=limits)
    assert found.values.shape == (100, 16)
    assert (np.diff(found.rows) > 0).all()
    np.testing.assert_array_equal(found.values[:, 3], found.rows - 0.5)
    again = read_series(numbered(1000), ReadOptions(sample=True), limits=limits)
    np.testing.assert_array_equal(found.rows, again.rows)
    assert "100 of 1,000 rows were drawn at random, as the file has more than 100 rows" in notes(found)
    whole = read_series(numbered(100), ReadOptions(sample=True), limits=limits)
    assert "random" not in notes(whole)
    labelled = file_of([f"{at % 3},{line}" for at, line in enumerate(numbered(1000).decode().split())])
    kept = read_series(labelled, ReadOptions(sample=True), limits=limits)
    assert kept.labels == tuple(str((row - 1) % 3) for row in kept.rows)


def test_each_row_has_the_same_chance_to_be_drawn() -> None:
    limits = replace(LIMITS, values=16 * 1000)
    found = read_series(numbered(5000), ReadOptions(sample=True), limits=limits)
    assert found.values.shape == (1000, 16)
    counts = np.histogram(found.rows, bins=10, range=(0.5, 5000.5))[0]
    # Each tenth holds 100 on average; the hypergeometric spread is √(100 · 0.9 · 0.8) = 8.5.
    assert abs(counts - 100).max() < 4 * 8.5


def test_rows_outside_the_sample_are_checked_too() -> None:
    damaged = with_cell(numbered(1000), 900, 5, "oops")
    for rows in (30, 100):
        assert "Row 900, column 5, holds “oops”" in sentence(damaged, replace(LIMITS, rows=rows), sample=True)


def test_of_a_long_series_the_first_time_steps_are_taken() -> None:
    pipe = Endless(repeated("1.5,2.5"))
    found = read_series(pipe, ReadOptions(sample=True), limits=replace(LIMITS, rows=500, bytes=1000))  # type: ignore[arg-type]
    assert found.values.shape == (500, 2)
    assert "Only the first 500 time steps were read, as the file has more than 500 rows." in found.notes
    assert pipe.taken < 1 << 20


def test_memory_is_bounded() -> None:
    limits = Limits(rows=400, values=1_000_000, columns=51)
    lines = (",".join([f"{at:0200}.5"] * 50).encode() + b"\n" for at in range(2000))
    stream = Endless(lines)
    tracemalloc.start()
    found = read_series(stream, ReadOptions(sample=True), limits=limits)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.taken > 20_000_000
    assert found.values.shape == (400, 50)
    # The values and a copy of them in order; besides, the cells of the first rows (2 MB of text) and a piece of the file.
    assert peak < 3 * found.values.nbytes + (8 << 20)


def test_progress_is_told_and_what_it_raises_ends_the_reading() -> None:
    data = table(waves(4000))
    shares: list[float] = []
    read_series(data, poll=lambda share, what: shares.append(share))
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def stop(share: float, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_series(data, poll=stop)
