"""The files of which a zip of a run is made: the only names that are taken, and how large each may be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aecore.config_rules import MAX_PARAMETERS
from aecore.frames import FRAMES_BYTES

MANIFEST, CONFIG, ABOUT, STATUS = "run.json", "config.json", "about.json", "status.json"
METRICS, STAGES = "metrics.csv", "stages.json"
MODEL, ATLAS, GALLERY, LIVE = "model.safetensors", "atlas.safetensors", "frames/gallery.safetensors", "frames/live.safetensors"

RECORD_BYTES = 64 << 10
"""The most bytes of a file of settings or facts."""
MODEL_BYTES = 4 * MAX_PARAMETERS + (2 << 20)
_STEP = re.compile(r"(frames|weights)/([0-9]{8,12})\.safetensors")
_FRAMES, _WEIGHTS = 400, 24

_BYTES = {
    MANIFEST: 4 * RECORD_BYTES,
    CONFIG: RECORD_BYTES,
    ABOUT: RECORD_BYTES,
    STATUS: RECORD_BYTES,
    STAGES: RECORD_BYTES,
    METRICS: 40 << 20,
    MODEL: MODEL_BYTES,
    ATLAS: 8 << 20,
    GALLERY: FRAMES_BYTES,
    LIVE: FRAMES_BYTES,
}
NEEDED = (MANIFEST, CONFIG, ABOUT, STATUS, MODEL)
FOLDERS = ("frames/", "weights/")
MOST = len(_BYTES) + _FRAMES + _WEIGHTS + len(FOLDERS)
"""Files in a zip."""


@dataclass(frozen=True)
class Step:
    """A file that belongs to a step: `kind` is frames or weights."""

    kind: str
    step: int


def step_of(name: str) -> Step | None:
    """What a name such as `frames/00000018.safetensors` says; None for other names."""
    found = _STEP.fullmatch(name)
    if found is None or found[2] != f"{int(found[2]):08d}":
        return None
    return Step(found[1], int(found[2]))


def name_of(kind: str, step: int) -> str:
    """The name of a file that belongs to a step."""
    return f"{kind}/{step:08d}.safetensors"


def most_bytes(name: str) -> int | None:
    """How large a file of that name may be; None where no run has one."""
    if name in _BYTES:
        return _BYTES[name]
    return None if step_of(name) is None else FRAMES_BYTES


def too_many(names: list[str]) -> bool:
    """Whether there are more frames or snapshots than any run has."""
    kinds = [step.kind for name in names if (step := step_of(name)) is not None]
    return kinds.count("frames") > _FRAMES or kinds.count("weights") > _WEIGHTS
