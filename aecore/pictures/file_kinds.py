"""What a file is, told from its first bytes: the names people know for what cannot be opened here."""

from __future__ import annotations

import re

# Where the mark stands, the mark, and what to call the file. ISO media files (HEIC, AVIF, films) all have "ftyp" at 4
# and their brand at 8.
_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "a PDF document"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftypavis", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftyphev", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypmsf1", "a HEIC picture"),
    (4, b"ftypcrx ", "a raw picture of a camera"),
    (4, b"ftyp", "a film"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
)
_SVG = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE\s+svg|<svg)", re.IGNORECASE)
_SVG_ROOT = re.compile(rb"<(?:svg|\w{1,20}:svg)\b", re.IGNORECASE)
_LOOKED_AT = 4096  # bytes of a text that are searched for its root element

# A marker that is followed by a segment: neither a stuffed zero in the compressed data nor a restart marker.
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_START_OF_SCAN, _END_OF_IMAGE, _WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)


def foreign_kind(data: bytes) -> str | None:
    """A name with its article ("a PDF document") for a file of a known kind that is none of ours, else None."""
    if is_svg(data):
        return "a drawing made of lines (SVG)"
    return next((name for at, mark, name in _FOREIGN if data.startswith(mark, at)), None)


def is_svg(data: bytes) -> bool:
    """Whether the file is an SVG drawing, which describes shapes rather than pixels."""
    head = data[:_LOOKED_AT]
    return _SVG.match(head) is not None and _SVG_ROOT.search(head) is not None


def jpeg_segments(data: bytes, enough: int) -> tuple[int, int]:
    """How many scans and how many segments the first picture in a JPEG file has, counting stops at `enough` segments.

    Each scan of a progressive file passes over the whole picture, so that a small file can ask for hours of work.
    """
    scans = segments = 0
    at = 2
    while segments < enough:
        found = _JPEG_MARKER.search(data, at)
        if found is None:
            break
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker not in _WITHOUT_LENGTH:
            segments += 1
            scans += marker == _START_OF_SCAN
            at += int.from_bytes(data[at : at + 2], "big")
    return scans, segments
