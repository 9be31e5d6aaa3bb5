"""Held-out pictures that are kept with a run, for whoever looks into its code space: no data set has to be there for it."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aecore.frames import read_gallery
from aecore.runs import CHECKPOINTS, Run, replace_file

ATLAS_SIZE = 500
"""Pictures in an atlas, if the data set has as many: enough to see where a class lies, few enough to encode in a moment."""

_MOST_BYTES = 2 << 20


@dataclass(frozen=True)
class Atlas:
    """Pictures, uint8 (P, C, H, W), their classes (P,), and where they are known their generating factors (P, K).

    `origin` says which part of the data they are from: "test" or "validation". None of them was trained on.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    factors: npt.NDArray[np.int64] | None = None
    origin: str = "test"


def atlas_of(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], factors: npt.NDArray[np.int64] | None = None) -> Atlas:
    """The first pictures of a test set (whose order is shuffled): 500, or as many as fit into two megabytes."""
    count = max(1, min(ATLAS_SIZE, _MOST_BYTES // max(1, images[0].size)))
    return Atlas(images[:count], labels[:count], None if factors is None else factors[:count])


def write_atlas(run: Run, atlas: Atlas) -> None:
    """Write `atlas.npz` into the run's folder, compressed: digits take a sixth of their size."""
    arrays = {"images": atlas.images, "labels": atlas.labels}
    if atlas.factors is not None:
        arrays["factors"] = atlas.factors
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    replace_file(run.atlas_path, buffer.getvalue())


def share_atlas(run: Run) -> None:
    """Let a run that came with the app use the atlas that lies beside it for all that learned from all of the same data."""
    shared = _shared_path(run)
    if run.config.data.classes is not None:
        return
    if not shared.is_file():
        run.atlas_path.rename(shared)
    elif shared.read_bytes() == run.atlas_path.read_bytes():
        run.atlas_path.unlink()


def atlas_file(run: Run) -> Path:
    """The file that has a run's pictures, if there is one: its own, its sweep's, or what the app's runs on these data share."""
    own = run.atlas_path
    is_shared = not own.is_file() and run.folder.parent == CHECKPOINTS
    return _shared_path(run) if is_shared else own


def _shared_path(run: Run) -> Path:
    return run.folder.parent / f"atlas-{run.config.data.name}.npz"


def read_atlas(run: Run) -> Atlas | None:
    """The pictures kept with a run; of runs that were made before there were any, the few validation pictures of its gallery."""
    with (
        suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile),
        np.load(atlas_file(run), allow_pickle=False) as kept,
    ):
        return Atlas(kept["images"], kept["labels"], kept.get("factors"))
    gallery = read_gallery(run.frames_folder)
    return None if gallery is None else Atlas(gallery.originals, gallery.labels.astype(np.int64), origin="validation")
