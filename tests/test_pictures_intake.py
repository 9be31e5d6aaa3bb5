"""Opening people's files: every kind of pixel comes out right, and every other file gets its sentence."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms, ImageFile

from aecore.pictures.errors import PictureError
from aecore.pictures.intake import MAX_BYTES, MAX_PIXELS, luminance, open_picture, png_bytes, thumbnail

Array = npt.NDArray[Any]

FORMATS = {"PNG": "PNG", "JPEG": "JPEG", "WEBP": "WebP", "GIF": "GIF", "BMP": "BMP", "TIFF": "TIFF"}
ONE_SENTENCE = r"^[A-Z][^.]*\.$"


def encoded(picture: Array | Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def scene(height: int = 24, width: int = 40) -> Array:
    """Smooth colours, other in every corner."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, columns * 255 // width, 255 - rows * 128 // height], -1).astype(np.uint8)


def sentence(data: bytes, **options: Any) -> str:
    with pytest.raises(PictureError, match=ONE_SENTENCE) as caught:
        open_picture(data, **options)
    return str(caught.value)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *others: bytes, bits: int = 8, kind: int = 2, rows: bytes | None = None) -> bytes:
    """A PNG file made by hand: sizes, then other chunks, then black (or given) rows of a 16×16 RGB picture."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows if rows is not None else b"\0" * (16 * 49)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(others) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_its_pixels_and_name(kind: str) -> None:
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    picture = open_picture(encoded(scene(), kind, **options))
    assert picture.format == FORMATS[kind]
    assert picture.notes == ()
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == (24, 40, 3)
    difference = np.abs(picture.pixels.astype(int) - scene())
    assert difference.max() <= {"JPEG": 12, "GIF": 40}.get(kind, 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_16_bits_is_scaled_not_clipped(kind: str) -> None:
    values = np.linspace(0, 65535, 64 * 32).reshape(32, 64).astype(np.uint16)
    picture = open_picture(encoded(values, kind))
    np.testing.assert_array_equal(picture.pixels[..., 0], np.floor(values / 257 + 0.5))
    assert picture.notes == ()


def test_colour_of_16_bits_is_scaled() -> None:
    values = np.linspace(0, 65535, 16 * 16 * 3).reshape(16, 16, 3).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    picture = open_picture(png(16, 16, bits=16, rows=rows))
    np.testing.assert_allclose(picture.pixels, values / 257, atol=1)


@pytest.mark.parametrize(
    ("values", "expected", "stretched"),
    [
        (np.linspace(0, 1, 256, dtype=np.float32), np.arange(256), False),
        (np.linspace(0, 255, 256, dtype=np.float32), np.arange(256), False),
        (np.linspace(0, 65535, 256).astype(np.int32), np.arange(256), False),
        (np.linspace(-3, 9, 256, dtype=np.float32), np.arange(256), True),
        (np.linspace(-3.4e38, 3.4e38, 256).astype(np.float32), np.arange(256), True),
        (np.linspace(0, 2**31 - 1, 256).astype(np.int32), np.arange(256), True),
        (np.full(256, -7.0, np.float32), np.zeros(256), True),
    ],
    ids=["unit", "bytes", "words", "signed", "huge", "integers", "constant"],
)
def test_grey_without_a_scale_of_its_own(values: Array, expected: Array, stretched: bool) -> None:
    picture = open_picture(encoded(np.tile(values, (8, 1)), "TIFF"))
    np.testing.assert_allclose(picture.pixels[0, :, 1], expected, atol=1)
    assert [("stretched" in note) for note in picture.notes] == [True] * stretched


def test_numbers_that_are_none_are_black() -> None:
    values = np.full((8, 8), 0.5, np.float32)
    values[0] = np.nan
    pixels = open_picture(encoded(values, "TIFF")).pixels
    assert pixels[0].max() == 0
    assert pixels[1].min() == 128


def test_one_bit_and_palette_and_grey() -> None:
    grey = scene()[..., 1]
    np.testing.assert_array_equal(open_picture(encoded(grey, "PNG")).pixels, np.repeat(grey[..., None], 3, 2))
    bits = open_picture(encoded(Image.fromarray(grey).convert("1"), "PNG")).pixels
    assert set(np.unique(bits)) == {0, 255}
    palette = Image.fromarray(scene()).quantize(64)
    np.testing.assert_array_equal(open_picture(encoded(palette, "PNG")).pixels, np.asarray(palette.convert("RGB")))


def test_transparency_is_laid_on_white_and_said() -> None:
    alpha = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (24, 1))
    expected = 255 - (255 - scene().astype(float)) * alpha[..., None] / 255
    picture = open_picture(encoded(np.dstack([scene(), alpha]), "PNG"))
    np.testing.assert_allclose(picture.pixels, expected, atol=1)
    assert picture.notes == ("Its transparent parts are shown on white.",)
    grey = np.dstack([scene()[..., 0], alpha])
    np.testing.assert_allclose(open_picture(encoded(Image.fromarray(grey, "LA"), "PNG")).pixels[..., 2], expected[..., 0], atol=1)
    opaque = np.dstack([scene(), np.full((24, 40), 255, np.uint8)])
    assert open_picture(encoded(opaque, "WEBP", lossless=True)).notes == ()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_colour_of_a_palette_is_white(kind: str) -> None:
    indices = Image.fromarray(np.tile(np.arange(4, dtype=np.uint8), (16, 4)), "P")
    indices.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120])
    picture = open_picture(encoded(indices, kind, transparency=2))
    np.testing.assert_array_equal(picture.pixels[0, :4], [[10, 20, 30], [40, 50, 60], [255] * 3, [100, 110, 120]])
    assert len(picture.notes) == 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_has_the_colours_it_was_made_of(kind: str) -> None:
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    picture = open_picture(encoded(Image.fromarray(scene()).convert("CMYK"), kind, **options))
    assert np.abs(picture.pixels.astype(int) - scene()).mean() < 4


def test_ycbcr_and_lab() -> None:
    ycbcr = open_picture(encoded(Image.fromarray(scene()).convert("YCbCr"), "TIFF"))
    assert np.abs(ycbcr.pixels.astype(int) - scene()).max() <= 4
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    there = ImageCms.profileToProfile(Image.fromarray(scene()), srgb, lab, outputMode="LAB")
    assert there is not None
    assert np.abs(open_picture(encoded(there, "TIFF")).pixels.astype(int) - scene()).mean() < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    # How a camera stores an upright scene under each EXIF orientation: where the first row and first column are.
    stored = {
        1: scene(),
        2: scene()[:, ::-1],
        3: scene()[::-1, ::-1],
        4: scene()[::-1],
        5: scene().swapaxes(0, 1),
        6: np.rot90(scene()),
        7: np.rot90(scene(), 2).swapaxes(0, 1),
        8: np.rot90(scene(), -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    pixels = open_picture(encoded(np.ascontiguousarray(stored), kind, exif=exif, **options)).pixels
    assert pixels.shape == scene().shape
    assert np.abs(pixels.astype(int) - scene()).mean() < 3


def test_broken_exif_is_passed_over() -> None:
    for exif in (b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff"):
        assert open_picture(encoded(scene(), "JPEG", exif=exif)).pixels.shape == (24, 40, 3)


def swapped_profile() -> bytes:
    """sRGB under another name, with the red and green primaries' tags exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in (b"sRGB", "sRGB".encode("utf-16-be")):
        profile = profile.replace(name, name.replace(b"s", b"x"))
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def test_a_colour_profile_is_applied_and_a_broken_one_left_out() -> None:
    applied = open_picture(encoded(scene(), "PNG", icc_profile=swapped_profile()))
    assert applied.notes == ()
    assert np.abs(applied.pixels.astype(int) - scene()[..., [1, 0, 2]]).mean() < 3
    broken = open_picture(encoded(scene(), "PNG", icc_profile=b"no profile" * 30))
    np.testing.assert_array_equal(broken.pixels, scene())
    assert broken.notes == ("Its colour profile is damaged and was left out.",)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_of_several_pictures_is_taken(kind: str) -> None:
    pages = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "green")]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = open_picture(encoded(pages[0], kind, save_all=True, append_images=pages[1:], **options))
    assert picture.notes == ("The file holds several pictures; this is the first one.",)
    assert (picture.pixels == [255, 0, 0]).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "cannot be read as a picture: choose a PNG"),
        (b"%PDF-1.7\n...", "a PDF document"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "export it as PNG"),
        (b"\xef\xbb\xbf <svg viewBox='0 0 1 1'></svg>", "export it as PNG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "a HEIC picture: save the picture as JPEG or PNG"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "a film"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"P6 8 8 255 " + b"\0" * 192, "cannot be read"),  # a format that Pillow knows and we do not
    ],
)
def test_what_is_no_picture_gets_a_sentence(data: bytes, words: str) -> None:
    assert words in sentence(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_never_shown_as_if_whole(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    whole = encoded(noise, kind)
    for share in (0.3, 0.6, 0.9):
        sentence(whole[: int(len(whole) * share)])


def test_too_small_and_too_large() -> None:
    assert "at least 8 × 8" in sentence(encoded(np.zeros((1, 1, 3), np.uint8), "PNG"))
    assert open_picture(encoded(np.zeros((8, 8, 3), np.uint8), "PNG")).pixels.shape == (8, 8, 3)
    assert "6,000 × 5,000 pixels and may have at most 24 million" in sentence(png(6000, 5000))
    assert "16,384 along a side" in sentence(png(16_400, 10))
    assert "at most 100" in sentence(encoded(scene(), "PNG"), max_pixels=100)
    assert "41 MB and may have at most 40" in sentence(b"\x89PNG" + bytes(MAX_BYTES))


def declared(kind: str, side: int) -> bytes:
    """A tiny file that says its picture is `side` × `side`."""
    if kind == "PNG":
        return png(side, side)
    data = bytearray(encoded(np.zeros((16, 16, 3), np.uint8), kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", side, side)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", side, side)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", side, side)
    elif kind == "TIFF":
        for tag in (256, 257):
            at = bytes(data).index(struct.pack("<H", tag), 8)
            data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, side)
    else:
        canvas = (side - 1).to_bytes(3, "little")
        data[12:12] = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas + canvas
    return bytes(data)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("side", [5000, 12_000, 30_000])
def test_a_declared_size_is_refused_before_decoding(kind: str, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(image: Image.Image) -> None:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    words = sentence(declared(kind, side))
    # Pillow's WebP decoder refuses a canvas that its only frame does not fill.
    assert "pixels" in words or kind == "WEBP"


BOMB = zlib.compress(bytes(60 << 20), 9)


@pytest.mark.parametrize(
    "data",
    [
        png(16, 16, chunk(b"zTXt", b"a\0\0" + BOMB)),
        png(16, 16, chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB)),
        png(16, 16, chunk(b"iCCP", b"a\0\0" + BOMB)),
        png(16, 16, *[chunk(b"teSt", b"")] * 300_000),
        encoded(scene(), "JPEG")[:2] + b"\xff\xfe\0\2" * 1_000_000 + encoded(scene(), "JPEG")[2:],
    ],
    ids=["text", "international text", "profile", "chunks", "comments"],
)
def test_files_that_would_keep_a_decoder_busy_are_refused(data: bytes) -> None:
    sentence(data)


def test_a_jpeg_of_very_many_scans_is_refused_and_an_ordinary_one_read() -> None:
    ordinary = encoded(scene(), "JPEG", progressive=True)
    assert open_picture(ordinary).pixels.shape == (24, 40, 3)
    scan = ordinary[ordinary.rindex(b"\xff\xda") : -2]
    assert "too many pieces" in sentence(ordinary[:-2] + scan * 60 + ordinary[-2:])


def test_a_tile_larger_than_any_picture_is_refused() -> None:
    entries = [(256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (322, 40_000), (323, 40_000), (324, 8), (325, 256)]
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    assert "damaged" in sentence(b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + bytes(500))


def test_run_length_coded_bmp() -> None:
    def bmp(width: int, height: int, data: bytes) -> bytes:
        palette = bytes(value for level in range(256) for value in (level, level, level, 0))
        sizes = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
        return b"BM" + struct.pack("<IHHI", 1078 + len(data), 0, 0, 1078) + sizes + palette + data

    assert (open_picture(bmp(16, 16, b"\x10\x63\0\0" * 16 + b"\0\1")).pixels == 0x63).all()
    assert "save it as PNG" in sentence(bmp(4000, 4000, b"\x10\x63\0\0" * 16 + b"\0\1"))


def test_warnings_and_filters_stay_as_they_were() -> None:
    broken = encoded(scene(), "TIFF").replace(struct.pack("<H", 259), struct.pack("<H", 65000), 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        for data in (declared("PNG", 12_000), broken, encoded(scene(), "PNG")):
            try:
                open_picture(data)
            except PictureError:
                continue
        assert list(warnings.filters) == before
    assert caught == []
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_luminance_is_that_of_pillow_before_rounding() -> None:
    grey = luminance(scene())
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey * 255, np.asarray(Image.fromarray(scene()).convert("L")), atol=0.51)
    ends = luminance(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))
    np.testing.assert_allclose(ends, [[0, 1]], atol=1e-6)
    assert ends.max() <= 1


def test_thumbnails_are_means_and_never_enlarge() -> None:
    assert thumbnail(scene(), 100) is not None
    np.testing.assert_array_equal(thumbnail(scene(), 40), scene())
    small = thumbnail(scene(), 20)
    assert small.shape == (12, 20, 3)
    np.testing.assert_allclose(small, scene().reshape(12, 2, 20, 2, 3).mean((1, 3)), atol=1)
    assert thumbnail(np.zeros((3, 900, 3), np.uint8), 10).shape == (1, 10, 3)


def test_png_bytes_are_read_back() -> None:
    np.testing.assert_array_equal(open_picture(png_bytes(scene())).pixels, scene())


def test_the_limits_admit_what_a_phone_makes() -> None:
    assert MAX_PIXELS >= 4000 * 6000


def test_neither_torch_nor_streamlit_is_imported() -> None:
    code = "import sys, aecore.pictures.digits; sys.exit(bool({'torch', 'streamlit'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
