"""Whatever the bytes are: a picture within the limits, or a PictureError of one sentence, and nothing else."""

from __future__ import annotations

import functools
import io
import re
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from aecore.pictures.errors import PictureError
from aecore.pictures.intake import MAX_PIXELS, MAX_SIDE, MIN_SIDE, open_picture

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("1", "L", "P"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"),
}
KINDS = [(kind, mode) for kind, modes in MODES.items() for mode in modes]
STARTS = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\0\0\0WEBPVP8 ", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"<svg"]
LIMITS = settings(max_examples=150, deadline=None)


@functools.cache
def whole(kind: str, mode: str, width: int = 24, height: int = 16, extra: bool = False) -> bytes:
    rng = np.random.default_rng(7)
    deep = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    if mode in deep:
        image = Image.fromarray((rng.random((height, width)) * 60_000).astype(deep[mode]))
    elif mode == "LAB":
        image = Image.frombytes("LAB", (width, height), rng.bytes(width * height * 3))
    else:
        image = Image.frombytes("RGBA", (width, height), rng.bytes(width * height * 4))
        image = image.convert("RGB").convert(mode) if mode in ("CMYK", "YCbCr", "P", "1") else image.convert(mode)
    options: dict[str, Any] = {}
    if extra and kind in ("GIF", "WEBP", "TIFF"):
        options = {"save_all": True, "append_images": [image.copy()]}
    elif extra and kind in ("PNG", "JPEG"):
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif, "dpi": (72, 72)}
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def check(data: bytes) -> bool:
    """Whether a picture came out; fails on anything but a picture within the limits or a sentence."""
    try:
        picture = open_picture(data)
    except PictureError as error:
        # One full stop, at the end; the sentence has a reason and says what to do.
        if not re.fullmatch(r"[A-Z][^.!\n]*: [^.!\n]*\.", str(error)):
            raise AssertionError(f"no sentence: {error}") from error
        return False
    height, width, channels = picture.pixels.shape
    assert picture.pixels.dtype == np.uint8
    assert channels == 3
    assert min(height, width) >= MIN_SIDE
    assert max(height, width) <= MAX_SIDE
    assert height * width <= MAX_PIXELS
    assert all(re.fullmatch(r"[A-Z][^.]*\.", note) for note in picture.notes)
    return True


@LIMITS
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_any_bytes(start: bytes, rest: bytes) -> None:
    check(start + rest)


@LIMITS
@given(st.sampled_from(KINDS), st.booleans(), st.data())
def test_truncated_files(kind: tuple[str, str], extra: bool, data: st.DataObject) -> None:
    file = whole(*kind, extra=extra)
    check(file[: data.draw(st.integers(0, len(file)))])


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(KINDS), st.booleans(), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), max_size=12), st.booleans())
def test_files_with_flipped_bits(kind: tuple[str, str], extra: bool, flips: list[tuple[float, int]], in_the_head: bool) -> None:
    file = bytearray(whole(*kind, extra=extra))
    for where, bit in flips:
        reach = min(len(file), 120) if in_the_head else len(file)
        file[min(int(where * reach), len(file) - 1)] ^= 1 << bit
    check(bytes(file))


@LIMITS
@given(st.sampled_from(KINDS), st.data())
def test_files_with_a_piece_missing_doubled_or_replaced(kind: tuple[str, str], data: st.DataObject) -> None:
    file = whole(*kind, extra=True)
    start = data.draw(st.integers(0, len(file)))
    stop = data.draw(st.integers(start, min(len(file), start + 80)))
    middle = data.draw(st.sampled_from([b"", file[start:stop] * 2, b"\xff" * (stop - start), bytes(stop - start)]))
    check(file[:start] + middle + file[stop:])


@LIMITS
@given(st.sampled_from(KINDS), st.integers(1, 70), st.integers(1, 70))
def test_whole_files_of_every_size_and_mode(kind: tuple[str, str], width: int, height: int) -> None:
    assert check(whole(*kind, width, height)) == (min(width, height) >= MIN_SIDE)
