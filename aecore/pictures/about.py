"""What is known of the picture denoiser that comes with the app, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aecore.runs import CHECKPOINTS

FOLDER = CHECKPOINTS / "picture-denoiser"


def about_shipped(folder: Path = FOLDER) -> dict[str, Any]:
    """What its `about.json` says: the pictures it was trained on and was not, settings, parameters, date; {} if it is missing."""
    path = folder / "about.json"
    about: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    return about
