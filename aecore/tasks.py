"""What the task process can do, by name. Each task takes plain values and arrays, reports on its way, and gives the same back."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from aecore.messages import Arrays, Message
from aecore.pictures.network import PictureDenoiser
from aecore.pictures.shipped import load_shipped
from aecore.pictures.tiles import denoise_picture

Report = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done; raises when the result is not wanted any more."""


class TaskError(ValueError):
    """What was asked for cannot be done; the message is a sentence for the person."""


@lru_cache(1)
def _network() -> PictureDenoiser:
    return load_shipped()


def denoise(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `sigma`, the noise's standard deviation on pixels 0..1. One array in and one out: uint8 (H, W, 3)."""
    report(0.0, "Denoising")
    (pixels,) = arrays
    return {}, [denoise_picture(_network(), pixels, arguments["sigma"], poll=lambda done: report(done, "Denoising"))]


TASKS: dict[str, Callable[[Message, Arrays, Report], tuple[Message, Arrays]]] = {"denoise": denoise}
