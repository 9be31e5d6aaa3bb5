"""The colours of a sweep's arms: the same arm has the same colour in every chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import cos, radians, sin

from aecore.sweep_config import OBJECTIVES, Arm

_LUMINANCE = (0.125, 0.29)  # of an objective's smallest and largest value: such marks stand out on white and on dark blue
_HUES: Mapping[str, tuple[float, float]] = {"kl": (265.0, 125.0), "total-correlation": (-45.0, 45.0), "capacity": (275.0, 40.0)}
"""Degrees, from an objective's smallest value to its largest: each goes from bluish to yellowish, which all eyes tell apart."""
_CHROMA: Mapping[str, float] = {"kl": 0.16, "total-correlation": 0.18, "capacity": 0.05}  # capacity: greys, from cool to warm


def arm_colours(arms: Iterable[Arm]) -> dict[Arm, str]:
    """A colour (“#rrggbb”) for each arm: one family of hues for each objective, in it lighter and yellower with the value.

    Every colour has a contrast of at least 3 : 1 to the light and to the dark background (WCAG 2.1, 1.4.11). The colours are
    placed in OKLCH (Ottosson 2020, “A perceptual color space for image processing”). They never stand alone: the name is
    beside them, and each objective has a shape of its own.
    """
    present = set(arms)
    colours = {}
    for objective in OBJECTIVES:
        mine = sorted((arm for arm in present if arm.objective == objective), key=lambda arm: arm.value)
        for place, arm in enumerate(mine):
            colours[arm] = _colour(objective, place / (len(mine) - 1) if len(mine) > 1 else 0.5)
    return colours


def _colour(objective: str, share: float) -> str:
    (dark, light), (first, last) = _LUMINANCE, _HUES[objective]
    luminance, hue = dark + share * (light - dark), first + share * (last - first)
    chroma = _CHROMA[objective]
    parts = _with_luminance(luminance, chroma, hue)
    while not all(0 <= part <= 1 for part in parts):  # what no screen can show, greyer
        chroma *= 0.97
        parts = _with_luminance(luminance, chroma, hue)
    return "#" + "".join(f"{round(255 * _encoded(part)):02x}" for part in parts)


def _with_luminance(luminance: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """The colour of that relative luminance (WCAG 2.1), found by halving."""
    low, high = 0.0, 1.0
    for _ in range(40):
        lightness = (low + high) / 2
        red, green, blue = _linear(lightness, chroma, hue)
        if 0.2126 * red + 0.7152 * green + 0.0722 * blue < luminance:
            low = lightness
        else:
            high = lightness
    return _linear(high, chroma, hue)


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Linear red, green and blue of a colour in OKLCH, with Ottosson's matrices."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _encoded(part: float) -> float:
    """One part of a colour as sRGB stores it, 0..1."""
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
