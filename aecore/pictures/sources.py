"""The photographs that come inside Python packages: those that the picture denoiser learns from, and those that judge it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

TRAINING: dict[str, tuple[str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "grace_hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    "hubble_deep_field": ("skimage", "data/hubble_deep_field.jpg"),
    "immunohistochemistry": ("skimage", "data/ihc.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "retina": ("skimage", "data/retina.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
}
"""By name: the package that holds it, and where. Colour pictures; no other view of a scene of `HELD_OUT` is among them."""

HELD_OUT: dict[str, tuple[str, str]] = {
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}
"""Photographs that are never trained on, not even to choose a setting: the reported quality is measured on these."""


def bundled_picture(source: tuple[str, str]) -> npt.NDArray[np.uint8]:
    """A picture of `TRAINING` or `HELD_OUT`: uint8 (H, W, 3). Raises FileNotFoundError if it is not there."""
    package, place = source
    found = find_spec(package)
    folders: Any = found.submodule_search_locations if found is not None else None
    path = Path(folders[0]) / place if folders else None
    if path is None or not path.is_file():
        raise FileNotFoundError(f"The package {package} is not installed, or came without {place}.")
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
