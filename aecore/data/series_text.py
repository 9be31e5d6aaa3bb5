"""Untrusted bytes that should be a table in text, to numbered lines of bounded length; or one sentence that says what to do.

Lines are cut before they are decoded, so a file is never in memory as a whole, and one stray byte costs one line its
UTF-8, not the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

Poll = Callable[[float, str], None]
"""Called with how much is read, 0 to 1, and what is being done, in words; what it raises ends the reading."""

_CHUNK = 1 << 18  # bytes
_BYTES_A_CELL = 64  # twice the longest number that any program writes, with its separator
_MIN_LINE_BYTES = 1 << 16

_SAVE = "save the table as CSV (text with one row a line) and choose that file"
_FOREIGN = (
    (b"PK\x03\x04", "an Excel file (.xlsx) or another kind of zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a file packed with gzip (.gz)"),
    (b"BZh", "a file packed with bzip2 (.bz2)"),
    (b"\xfd7zXZ", "a file packed with xz"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy file (.npy)"),
    (b"MATLAB 5.0", "a MATLAB file (.mat)"),
    (b"SQLite format 3", "a database"),
    (b"\x80\x04\x95", "a Python pickle"),
)
_FOREIGN_TEXT = (  # compared in lower case, after white space
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"{", "a JSON file"),
    (b"[", "a JSON file"),
    (b"@relation", "a Weka file (.arff)"),
    (b"@problemname", "a file in the .ts format"),
)


class SeriesFileError(ValueError):
    """A file that cannot be read as series; the message is one sentence for the person who chose it."""


@dataclass(frozen=True)
class Limits:
    """How much is read: `bytes` of file, `rows` of data, `values` (rows times value columns), `columns` (cells a row)."""

    bytes: int = 200 << 20  # 20 million values as most programs write them
    rows: int = 200_000  # sixty times the longest training set of the UCR archive; each row costs some Python
    values: int = 20_000_000  # 80 MB as float32, several copies of which fit beside a training
    columns: int = 4096 + 1  # the longest series, and its label

    @property
    def line_bytes(self) -> int:
        """The longest line that can hold a row of `columns` numbers."""
        return max(_MIN_LINE_BYTES, self.columns * _BYTES_A_CELL)


@contextmanager
def opened(source: BinaryIO | Path | bytes) -> Iterator[BinaryIO]:
    """The bytes of `source` as a stream, which is closed if it was opened here."""
    if isinstance(source, bytes):
        yield BytesIO(source)
    elif isinstance(source, Path):
        try:
            stream = source.open("rb")
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            raise SeriesFileError(_unreadable(error)) from error
        with stream:
            yield stream
    else:
        yield source


class TextLines:
    """The lines of a stream that are not blank, each with its number from 1; to be gone through once.

    `western` tells afterwards whether text was found that is not UTF-8 and was read as Windows-1252 or Latin-1.
    Raises SeriesFileError, at once where possible: for what is no text, for more than `limits.bytes` unless `unbounded`,
    and for a line of more than `limits.line_bytes`.
    """

    def __init__(self, stream: BinaryIO, limits: Limits, *, unbounded: bool, poll: Poll | None) -> None:
        self.western = False
        self._stream = stream
        self._limits = limits
        self._unbounded = unbounded
        self._poll = poll
        self._read = 0
        self._size = _size_left(stream)
        self._head = self._next_chunk()
        _refuse_foreign(self._head)
        self._check_size(self._size or self._read)
        self.encoding = _encoding(self._head)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        number = 0
        pending = b""
        for chunk in self._utf8_chunks():
            lines = (pending + chunk).splitlines(keepends=True)
            # Without a line feed the last line may go on, or a carriage return be the first half of a line's end.
            pending = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
            for line in lines:
                number += 1
                self._check_line(line, number)
                if text := self._decoded(line):
                    yield number, text
            self._check_line(pending, number + 1)
        for line in pending.splitlines():
            number += 1
            if text := self._decoded(line):
                yield number, text

    def _utf8_chunks(self) -> Iterator[bytes]:
        decoder = None if self.encoding == "utf-8" else codecs.getincrementaldecoder(self.encoding)("replace")
        chunk = self._head.removeprefix(codecs.BOM_UTF8) if decoder is None else self._head
        while chunk:
            plain = chunk if decoder is None else decoder.decode(chunk).encode()
            if b"\0" in plain:
                raise SeriesFileError(f"This is not a text file: {_SAVE}.")
            yield plain
            chunk = self._next_chunk()
            self._check_size(self._read)
        if decoder is not None:
            yield decoder.decode(b"", final=True).encode()

    def _next_chunk(self) -> bytes:
        """The next _CHUNK bytes, fewer only at the end; a pipe may give them in pieces."""
        pieces: list[bytes] = []
        missing = _CHUNK
        while missing:
            try:
                piece = self._stream.read(missing)
            except (OSError, ValueError) as error:
                raise SeriesFileError(_unreadable(error)) from error
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        self._read += _CHUNK - missing
        if self._poll is not None:
            self._poll(min(1.0, self._read / max(1, self._size or self._limits.bytes)), "reading the file")
        return b"".join(pieces)

    def _check_size(self, size: int) -> None:
        most = self._limits.bytes
        if size > most and not self._unbounded:
            unit, name = (1 << 20, "MB") if most >= 1 << 20 else (1, "bytes")
            has = f"more than {most // unit:,}" if self._size is None else f"{-(-size // unit):,}"
            raise SeriesFileError(
                f"This file has {has} {name} and may have at most {most // unit:,}: "
                "keep fewer rows, or let a sample of it be taken."
            )

    def _check_line(self, line: bytes, number: int) -> None:
        if len(line) > self._limits.line_bytes:
            raise SeriesFileError(
                f"Row {number:,} is longer than {self._limits.line_bytes:,} characters and may have at most "
                f"{self._limits.columns:,} columns: shorten the series, or write one long series with one time step a row."
            )

    def _decoded(self, line: bytes) -> str:
        """The text of a line without its end, "" if it is blank."""
        line = line.rstrip(b"\r\n")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.western = True
            try:
                text = line.decode("cp1252")
            except UnicodeDecodeError:  # five bytes mean nothing there
                text = line.decode("latin-1")
        return "" if text.isspace() else text


def _size_left(stream: BinaryIO) -> int | None:
    """How many bytes there are from here to the end, None if the stream does not tell."""
    try:
        here = stream.tell()
        end = stream.seek(0, 2)
        stream.seek(here)
    except (OSError, ValueError):  # a pipe, or a closed file, which the first reading reports
        return None
    return end - here


def _encoding(head: bytes) -> str:
    """The codec for text that starts with `head`, of which "utf-8" stands for everything that has ASCII in it."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Numbers and separators in UTF-16 have a zero as every other byte, and no other zero.
    pairs = max(1, len(head) // 2)
    even, odd = (head[start::2].count(0) / pairs for start in (0, 1))
    if odd > 0.7 and even < 0.05:
        return "utf-16-le"
    if even > 0.7 and odd < 0.05:
        return "utf-16-be"
    return "utf-8"


def _refuse_foreign(head: bytes) -> None:
    text = head[:200].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for start, kind in _FOREIGN:
        if head.startswith(start):
            raise SeriesFileError(f"This looks like {kind}: {_SAVE}.")
    for start, kind in _FOREIGN_TEXT:
        if text.startswith(start):
            raise SeriesFileError(f"This looks like {kind}: {_SAVE}.")


def _unreadable(error: OSError | ValueError) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or "it is no longer open"
    return f"The file cannot be read ({reason}): choose it again, or choose another one."
