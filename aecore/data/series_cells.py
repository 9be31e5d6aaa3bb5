"""A line of text to cells, and cells to numbers: separators, quotation marks, decimal commas, missing values."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aecore.data.series_text import SeriesFileError

Separator = Literal["\t", ";", ",", " "]
"""What stands between two cells; " " is any run of white space."""
Decimal = Literal[".", ",", ""]
"""The decimal mark; "" where none has been seen yet."""

NUMBER, MISSING, INFINITE, TEXT = range(4)
"""What a cell is. INFINITE is everything beyond float32."""

SEPARATOR_NAMES: dict[Separator, str] = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}

# The first of equals wins: a table with tabs is one with white space too, but not the other way round.
_CANDIDATES: tuple[Separator, ...] = ("\t", ";", ",", " ")
_LARGEST = float(np.finfo(np.float32).max)
# Written so that each character is looked at once; Python's float() reads more than people mean: 1_000, infinity, ٣.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_MISSING = frozenset(("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "nat", "null", "none", "nil", "missing", "?"))
_MISSING_SIGNS = frozenset(("-", "--", "–", "—", "."))
_INFINITE = frozenset(("inf", "infinity", "∞"))
_LONGEST_WORD = 12  # characters; none of the words above is longer, and other cells need not be put in lower case


def split_row(line: str, separator: Separator, row: int) -> list[str]:
    """The cells of a line, without quotation marks; SeriesFileError, naming `row`, if those do not pair up."""
    if '"' not in line:
        return line.split() if separator == " " else line.split(separator)
    if separator == " ":
        line = " ".join(line.split())
    try:
        if line.count('"') % 2:
            raise csv.Error
        return next(csv.reader((line,), delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise SeriesFileError(
            f"Row {row:,} has a quotation mark that is not closed on the same line: close it or leave it out."
        ) from error


def is_hollow(line: str) -> bool:
    """Whether a line has separators and nothing between them, as spreadsheets write below and beside a table."""
    return not line.strip('",;\t ')


def read_cell(cell: str, decimal: Decimal) -> tuple[float, int]:
    """The number in a cell (NaN if there is none) and what the cell is: NUMBER, MISSING, INFINITE or TEXT."""
    text = cell.strip()
    if len(text) <= _LONGEST_WORD:
        word = text.lower()
        if word in _MISSING or word in _MISSING_SIGNS:
            return np.nan, MISSING
        if word.lstrip("+-") in _INFINITE:
            return np.nan, INFINITE
    if decimal != "." and _COMMA_NUMBER.fullmatch(text):
        text = text.replace(",", ".")
    elif not _NUMBER.fullmatch(text) or (decimal == "," and "." in text):
        return np.nan, TEXT
    number = float(text)
    return (number, NUMBER) if abs(number) <= _LARGEST else (np.nan, INFINITE)


class Numbers:
    """Reads rows of numbers; settles on decimal points or commas when it sees the first one."""

    def __init__(self, decimal: Decimal) -> None:
        self.decimal = decimal

    def read(self, cells: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
        """The numbers in `cells`, NaN where there is none, and what each cell is; None if all of them are numbers."""
        joined = "\t".join(cells)
        if not self.decimal:
            self._settle(joined, cells)
        comma = self.decimal == ","
        if joined.isascii() and "_" not in joined and not (comma and ("." in joined or ",\t" in joined + "\t")):
            # Numbers only, nearly always: then all cells are read at once, and looked at one by one only if that fails.
            plain = [cell.replace(",", ".") for cell in cells] if comma else cells
            try:
                numbers = np.fromiter(map(float, plain), np.float64, len(plain))
            except ValueError:
                pass
            else:
                if max(numbers.max(), -numbers.min()) <= _LARGEST:  # false for NaN
                    return numbers, None
        pairs = [read_cell(cell, self.decimal) for cell in cells]
        kinds = np.array([kind for _, kind in pairs], np.uint8)
        return np.array([number for number, _ in pairs]), kinds if kinds.any() else None

    def _settle(self, joined: str, cells: Sequence[str]) -> None:
        if "." in joined or "," in joined:
            self.decimal = decimal_mark(cells)


def decimal_mark(cells: Sequence[str]) -> Decimal:
    """The mark that more of the numbers in `cells` have; "" if none has any."""
    points = sum("." in cell and _NUMBER.fullmatch(cell.strip()) is not None for cell in cells)
    commas = sum("," in cell and _COMMA_NUMBER.fullmatch(cell.strip()) is not None for cell in cells)
    return "" if not points + commas else "," if commas > points else "."


def find_separator(lines: Sequence[tuple[int, str]]) -> Separator:
    """The separator that cuts (row, line) into most numbers and fewest other things, in rows of one length."""

    def score(separator: Separator) -> tuple[float, int]:
        try:
            table = [split_row(line, separator, row) for row, line in lines]
        except SeriesFileError:
            return 0.0, 0
        width, count = max(Counter(map(len, table)).items(), key=lambda item: (item[1], item[0]))
        # The first line may be a header: it should have as many cells as the others, but not numbers.
        kinds = [read_cell(cell, "")[1] for cells in table[1:] or table for cell in cells if cell.strip()]
        return (len(kinds) - kinds.count(TEXT)) / max(1, len(kinds)) * count / len(table), width

    return max(_CANDIDATES, key=score)


def count_of(number: int, thing: str) -> str:
    """A number with the thing it counts: "1 row", "1,200 rows"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def shown(text: str, longest: int = 40) -> str:
    """Text from a file as it can stand in a sentence: printable, in one line, shortened."""
    clean = "".join(character if character.isprintable() else "�" for character in text.strip()[: longest + 1])
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
