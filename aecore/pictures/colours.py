"""From whatever a file holds (grey of 16 bits, palette, CMYK, transparency, a colour profile) to 8-bit RGB."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_DEEP_GREY = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_WITH_ALPHA = ("LA", "PA", "La", "RGBA", "RGBa")
_MAX_PROFILE = 4 << 20  # bytes; those of printers have about half a megabyte

_PROFILE_SPACE = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def as_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """The loaded picture in mode RGB, in sRGB, on white; what was changed is added to `notes`."""
    if image.mode in _DEEP_GREY:
        image = _eight_bits(image, notes)
    image = _on_white(image, notes)
    if image.mode in ("P", "YCbCr", "HSV"):
        image = image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    return _in_srgb(image, notes).convert("RGB")


def _eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Grey values of more than 8 bits, scaled (Pillow's own conversion clips them) to mode L.

    16 bits become 8 by 255 / 65535. The modes I (32-bit integers) and F (floats) have no agreed white: values within
    0 … 1 (F), 0 … 255 or 0 … 65535 are taken to be on that scale, anything else is stretched from its least to its
    greatest value.
    """
    values = np.asarray(image)
    if values.dtype.itemsize == 2:
        return _from_array((values.astype(np.uint32) * 255 + 32767) // 65535)
    numbers: NDArray[Any] = np.nan_to_num(values.astype(np.float32), nan=0.0)
    least, greatest = float(numbers.min()), float(numbers.max())
    if least >= 0 and greatest <= 1 and image.mode == "F":
        scaled = numbers * 255
    elif least >= 0 and greatest <= 255:
        scaled = numbers
    elif least >= 0 and greatest <= 65535:
        scaled = numbers / 257
    else:
        notes.append("Its brightness has no standard scale and was stretched from black to white.")
        # Halved first: the distance between the least and the greatest float is no float.
        span = greatest / 2 - least / 2
        scaled = (numbers / 2 - least / 2) * (255 / span) if span > 0 else numbers * 0
    return _from_array(np.clip(np.rint(scaled), 0, 255))


def _from_array(grey: NDArray[Any]) -> Image.Image:
    return Image.fromarray(grey.astype(np.uint8))


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    """The picture without transparency: laid on white, in mode L if it was grey and else RGB."""
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        image = image.convert("RGBA")
    if image.mode not in _WITH_ALPHA:
        return image
    plain = "L" if image.mode in ("LA", "La") else "RGB"
    if image.mode == "PA":
        image = image.convert("RGBA")
    elif image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    alpha = image.getchannel("A")
    low, _ = alpha.getextrema()
    opaque = image.convert(plain)
    if low == 255:
        return opaque
    notes.append("Its transparent parts are shown on white.")
    white = Image.new(plain, image.size, "white")
    white.paste(opaque, mask=alpha)
    return white


def _in_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """The picture by its embedded profile, or as it is where there is none, none that fits, or a broken one."""
    if image.mode == "LAB":
        return _transformed(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    embedded = image.info.get("icc_profile")
    if not isinstance(embedded, bytes) or not embedded or len(embedded) > _MAX_PROFILE:
        return image
    # A profile comes from the same stranger as the file; the library that reads it may raise anything on a broken one,
    # and a picture without its profile is better than none.
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        if profile.profile.xcolor_space != _PROFILE_SPACE.get(image.mode):
            return image
        if "srgb" in (profile.profile.profile_description or "").lower():
            return image
        return _transformed(image, profile)
    except Exception:
        notes.append("Its colour profile is damaged and was left out.")
        return image


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    result = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    if result is None:
        raise ImageCms.PyCMSError("no picture came back")
    return result
