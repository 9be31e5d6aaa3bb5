"""What a run's own page carries for its scripts: the curves, the film, the network and held-out pictures, as JSON.

Arrays are compressed (zlib) and written in base64; the browser takes them apart again in `run_page_data.js`.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from aecore.atlas import Atlas, read_atlas
from aecore.config import RunConfig
from aecore.frames import Film, Gallery, read_film, read_gallery
from aecore.metrics_log import MetricsReader
from aecore.runs import Run, Status
from aecore.ui.browser_network import browser_network
from aecore.ui.loss_words import EXPLANATIONS, LABELS, described

Json = dict[str, Any]

MOST_ROWS = 1000
"""Rows of the curves: a chart has hardly more columns of pixels."""
MOST_PICTURES = 200
PICTURE_BYTES = 512 << 10
"""The most bytes of held-out pictures, before they are compressed, if these are more than `FEWEST_PICTURES`."""
FEWEST_PICTURES = 20

_LARGEST_HALF = 65504.0  # the largest number of 16 bits (IEEE 754)


def training_data(run: Run, config: RunConfig, status: Status) -> Json:
    """The curves, and the film where the run has one."""
    reader = MetricsReader(run.metrics_path)
    reader.read()
    gallery, film = read_gallery(run.frames_folder), read_film(run.frames_folder)
    return {
        "columns": reader.columns,
        "rows": [[_finite(value) for value in row] for row in reader.since(-1, MOST_ROWS)],
        "stages": described(config.stages),
        "unit": f"{config.objective.unit} a {'sequence' if config.card.is_sequence else 'picture'}",
        "labels": LABELS,
        "explanations": EXPLANATIONS,
        "shape": list(config.plan.input_shape),
        "film": None if gallery is None or film is None else _film(config, status, gallery, film),
    }


def network_data(run: Run, config: RunConfig) -> Json | None:
    """The network and held-out pictures to try it on; None where the run has no weights, or no pictures, (yet)."""
    weights, atlas = run.newest_weights, read_atlas(run)
    if weights is None or atlas is None:
        return None
    try:
        description, floats = browser_network(run, weights)
    except (OSError, SafetensorError, KeyError):  # half-written, or of a network that this configuration does not describe
        return None
    channels, height, width = config.plan.input_shape
    count = _count(atlas)
    noise = config.corruption
    return {
        "facts": {"description": description, "channels": channels, "height": height, "width": width},
        "weights": packed_floats(np.frombuffer(floats, "<f4")),
        "pictures": packed(atlas.images[:count]),
        "labels": atlas.labels[:count].tolist(),
        "classes": list(config.card.classes),
        "origin": atlas.origin,
        "corruption": None if noise.kind == "none" else {"kind": noise.kind, "level": noise.level, "from": noise.level_from},
        "skips": config.architecture.skips and config.architecture.kind != "dense",
    }


def _count(atlas: Atlas) -> int:
    fitting = PICTURE_BYTES // max(1, atlas.images[0].size)
    return int(min(len(atlas.images), MOST_PICTURES, max(FEWEST_PICTURES, fitting)))


def _film(config: RunConfig, status: Status, gallery: Gallery, film: Film) -> Json:
    count, channels, height, width = gallery.originals.shape
    return {
        "size": {"count": count, "channels": channels, "height": height, "width": width},
        "originals": packed(gallery.originals),
        "corrupted": None if gallery.corrupted is None else packed(gallery.corrupted),
        "pointLabels": gallery.point_labels.tolist(),
        "positions_kind": gallery.positions_kind,
        "classes": list(config.card.classes),
        "steps": film.steps.tolist(),
        "epochs": (film.steps / max(1, status.steps) * status.epochs).tolist(),
        "reconstructions": packed(film.reconstructions),
        "positions": packed_floats(film.positions),
    }


def packed(array: npt.NDArray[Any]) -> str:
    """The numbers of an array, compressed, as text."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


def packed_floats(array: npt.NDArray[Any]) -> Json:
    """Floats in half precision, or where one of them is beyond its range, in 32 bits; little-endian."""
    finite = array[np.isfinite(array)]
    fits = finite.size == 0 or float(np.abs(finite).max()) <= _LARGEST_HALF
    return {"bits": 16 if fits else 32, "data": packed(array.astype("<f2" if fits else "<f4"))}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def for_script(values: Json | None) -> str:
    """JSON that can stand inside a script element, whatever people have called their runs."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
