"""Untrusted bytes of a file that somebody chose, to a picture of bounded size; or one sentence that says what to do.

The limits are checked before anything is decoded: `open_picture` looks at the size that the file declares, and the
file is read through a reader that ends what would take too long.
"""

from __future__ import annotations

import io
import threading
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from aecore.pictures.colours import as_rgb
from aecore.pictures.errors import PictureError
from aecore.pictures.file_kinds import foreign_kind, is_svg, jpeg_segments

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

MAX_BYTES = 40 << 20
"""The largest file, in bytes."""
MAX_PIXELS = 24_000_000
"""The most pixels of a picture, height times width."""
MAX_SIDE = 16_384
"""The most pixels along a side."""
MIN_SIDE = 8
"""The fewest pixels along a side."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_SHOWN_FORMATS = {"WEBP": "WebP", "MPO": "JPEG", "DIB": "BMP"}  # MPO: a JPEG that holds more pictures, as phones make
_CHOOSE = "choose a PNG, JPEG, WebP, GIF, BMP or TIFF file"
_DAMAGED = "is damaged or incomplete: save it again in another program, or choose another file."

_MAX_READS = 200_000  # a file of thousands of tiny pieces costs a Python call each; an honest one of 40 MB needs 15,000
_MAX_SCANS = 30  # a progressive JPEG has about ten, one in CMYK eighteen
_MAX_SEGMENTS = 250  # Pillow joins them in a time that grows with the square of their number
_MAX_PYTHON_DECODED = 4_000_000  # pixels; Pillow unpacks run-length coded BMP files pixel by pixel in Python

_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# One picture at a time: each may need half a gigabyte while it is unpacked, and the list of warning filters, which is
# changed meanwhile, is shared by all threads.
_one_at_a_time = threading.Lock()


class Picture(NamedTuple):
    """Pixels uint8 (height, width, 3), red, green, blue; the format's name; what was changed, in sentences."""

    pixels: Bytes
    format: str
    notes: tuple[str, ...]


class _Reader(io.BytesIO):
    """A file in memory that refuses to be read for ever: some small files send a decoder round and round."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = _MAX_READS
        self._bytes = 8 * len(data) + (1 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        got = super().read(size)
        self._reads -= 1
        self._bytes -= len(got)
        if self._reads < 0 or self._bytes < 0:
            raise OSError("read too often")
        return got


def open_picture(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """The first picture in a PNG, JPEG, WebP, GIF, BMP or TIFF file, upright, as 8-bit sRGB on white.

    data: the whole file, at most MAX_BYTES.
    max_pixels: the most pixels, height times width; no side may be shorter than MIN_SIDE or longer than MAX_SIDE.
    Raises PictureError with one sentence for everything else; nothing else is raised, whatever the bytes are.
    """
    if not data:
        raise PictureError(f"The file is empty: {_CHOOSE}.")
    if len(data) > MAX_BYTES:
        megabytes = -(-len(data) // (1 << 20))
        raise PictureError(
            f"The file has {megabytes} MB and may have at most {MAX_BYTES >> 20}: make the picture smaller, or save it as JPEG."
        )
    _refuse_foreign(data)
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _decoded(data, max_pixels)
        except PictureError:
            raise
        except Image.DecompressionBombError as error:
            raise PictureError(_too_large("The picture has far too many pixels", max_pixels)) from error
        except UnidentifiedImageError as error:
            raise PictureError(f"This file cannot be read as a picture: {_CHOOSE}.") from error
        # Decoders were written for whole files: on others they raise OSError, SyntaxError, struct.error, KeyError,
        # MemoryError and more. All mean the same to the person, who can do one thing about it.
        except Exception as error:
            raise PictureError(f"The picture {_DAMAGED}") from error


def luminance(pixels: Bytes) -> Floats:
    """Grey values float32 (H, W), 0 (black) to 1 (white), of pixels uint8 (H, W, 3).

    The weights are those of ITU-R BT.601 (luma), 0.299, 0.587, 0.114, as in Pillow's mode L, but not rounded to bytes.
    """
    grey = np.multiply(pixels[..., 0], np.float32(0.299 / 255), dtype=np.float32)
    grey += np.multiply(pixels[..., 1], np.float32(0.587 / 255), dtype=np.float32)
    grey += np.multiply(pixels[..., 2], np.float32(0.114 / 255), dtype=np.float32)
    return np.minimum(grey, np.float32(1), out=grey)


def thumbnail(pixels: Bytes, longest: int) -> Bytes:
    """The picture, uint8 (H, W) or (H, W, 3), made smaller so that its longest side has at most `longest` pixels.

    Every pixel is the mean of those it covers or nearly so; a picture that is small enough comes back as it is.
    """
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX, reducing_gap=2.0))


def png_bytes(pixels: Bytes) -> bytes:
    """The PNG file of a picture, uint8 (H, W) or (H, W, 3); lightly compressed, since it is made to be sent once."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _refuse_foreign(data: bytes) -> None:
    if is_svg(data):
        raise PictureError("This is an SVG, a drawing made of lines rather than pixels: export it as PNG and choose that file.")
    kind = foreign_kind(data)
    if kind is not None:
        raise PictureError(f"This is {kind}: save the picture as JPEG or PNG and choose that file.")


def _decoded(data: bytes, max_pixels: int) -> Picture:
    if data.startswith(b"\xff\xd8"):
        scans, segments = jpeg_segments(data, _MAX_SEGMENTS)
        if scans > _MAX_SCANS or segments >= _MAX_SEGMENTS:
            raise PictureError("The picture is stored in far too many pieces: save it again in another program.")
    image = Image.open(_Reader(data), formats=_FORMATS)
    _check(image, max_pixels)
    image.load()
    notes = ["The file holds several pictures; this is the first one."] if _holds_several(image) else []
    rgb = as_rgb(_upright(image), notes)
    return Picture(np.asarray(rgb), _SHOWN_FORMATS.get(str(image.format), str(image.format)), tuple(notes))


def _check(image: Image.Image, max_pixels: int) -> None:
    """Raise PictureError if the picture, of which only the head has been read, is not worth decoding."""
    width, height = image.size
    size = f"The picture has {width:,} × {height:,} pixels"
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        raise PictureError(_too_large(size, max_pixels))
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"{size} and needs at least {MIN_SIDE} × {MIN_SIDE}: choose a larger one.")
    if any(codec == "bmp_rle" for codec, *_ in getattr(image, "tile", ())) and width * height > _MAX_PYTHON_DECODED:
        raise PictureError("This BMP file is compressed in a way that is too slow to read: save it as PNG.")
    # A tile may be declared larger than the picture it is part of, and is unpacked whole.
    tags = getattr(image, "tag_v2", {})
    if int(tags.get(322, 0)) * int(tags.get(323, 0)) > MAX_PIXELS:
        raise PictureError(f"The picture {_DAMAGED}")


def _holds_several(image: Image.Image) -> bool:
    # A GIF file looks for its second picture now; whatever is wrong with that one, the first is there.
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:
        return False


def _too_large(size: str, max_pixels: int) -> str:
    most = f"{max_pixels // 1_000_000} million" if max_pixels >= 1_000_000 else f"{max_pixels:,}"
    return f"{size} and may have at most {most}, and {MAX_SIDE:,} along a side: make it smaller and choose it again."


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says (EXIF 2.3, tag 274); TIFF files come turned from Pillow."""
    # EXIF data are as untrusted as the rest; where they cannot be read the picture is shown as it is stored.
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:
        return image
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    if turn is None or image.format == "TIFF":
        return image
    turned = image.transpose(turn)
    turned.info = image.info
    return turned
