"""Pictures of a training as it goes: reconstructions of a fixed gallery, and where validation images lie in code space.

Files in a run's `frames/`: `gallery.safetensors` (what does not change), `live.safetensors` (replaced all the time), and
one `<step>.safetensors` at log-spaced steps for looking back. numpy only: the server reads these without torch.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from aecore.runs import replace_file

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_FAR = 1e30


@dataclass(frozen=True)
class Gallery:
    """The images that every frame of a run shows, all from its validation set.

    `originals` and `corrupted` (None without noise): uint8 (G, C, H, W). `labels`: (G,). `point_labels`: the classes of the
    images whose codes are drawn, (P,). `positions_kind` is `code` where the code has two numbers, else `pca`.
    """

    originals: Bytes
    labels: Bytes
    point_labels: Bytes
    positions_kind: str
    corrupted: Bytes | None = None

    def by_label(self) -> tuple[Bytes, Bytes]:
        """The original images and their labels, those of each class side by side."""
        order = np.argsort(self.labels, kind="stable")
        return self.originals[order], self.labels[order]


@dataclass(frozen=True)
class Frame:
    """One moment: `reconstructions` uint8 (G, C, H, W) and `positions` float32 (P, 2) in code space, at `step`."""

    step: int
    reconstructions: Bytes
    positions: Floats


def plane(codes: Floats, before: Floats | None) -> Floats:
    """Positions (P, 2) of codes (P, D): the code itself where D is 2, else the plane of its first two principal components.

    Principal components have no fixed sign or order from one moment to the next; `before`, the last positions, decides:
    the plane is turned (orthogonal Procrustes, Schönemann 1966) to lie as they did. D = 1 gets zeros beside it.
    """
    count, size = codes.shape
    if size == 2:
        return codes.astype(np.float32)
    # A training that diverges has codes that are no numbers, or too large to be squared: they must not stop the drawing.
    finite = np.nan_to_num(np.clip(codes.astype(np.float64), -_FAR, _FAR))
    centred: npt.NDArray[np.float64] = finite - finite.mean(axis=0)
    if size == 1:
        return np.concatenate([centred, np.zeros((count, 1))], axis=1).astype(np.float32)
    # The eigenvectors of the small D×D (or P×P) matrix: faster than a full decomposition of the codes.
    if size <= count:
        directions = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
        positions: npt.NDArray[np.float64] = centred @ directions
    else:
        values, vectors = np.linalg.eigh(centred @ centred.T)
        positions = vectors[:, :-3:-1] * np.sqrt(np.maximum(values[:-3:-1], 0))
    if before is not None and before.shape == positions.shape:
        left, _, right = np.linalg.svd(positions.T @ before)
        positions = positions @ (left @ right)
    return positions.astype(np.float32)


def write_gallery(folder: Path, gallery: Gallery) -> None:
    """Write `gallery.safetensors`."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "originals": gallery.originals,
        "labels": gallery.labels,
        "point_labels": gallery.point_labels,
    }
    if gallery.corrupted is not None:
        arrays["corrupted"] = gallery.corrupted
    arrays["positions_are_pca"] = np.array([gallery.positions_kind == "pca"], np.uint8)
    _save(folder / "gallery.safetensors", arrays)


def read_gallery(folder: Path) -> Gallery | None:
    """The gallery of a run, or None before it was written."""
    arrays = _load(folder / "gallery.safetensors")
    if arrays is None:
        return None
    kind = "pca" if arrays["positions_are_pca"][0] else "code"
    return Gallery(arrays["originals"], arrays["labels"], arrays["point_labels"], kind, arrays.get("corrupted"))


def write_frame(folder: Path, frame: Frame, *, keep: bool) -> None:
    """Replace the live frame, and keep a copy under its step if asked."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "step": np.array([frame.step], np.int64),
        "reconstructions": frame.reconstructions,
        "positions": frame.positions,
    }
    _save(folder / "live.safetensors", arrays)
    if keep:
        _save(folder / f"{frame.step:08d}.safetensors", arrays)


def read_frame(folder: Path, step: int | None = None) -> Frame | None:
    """The live frame, which is the last one of a run that came with the app, or the kept one of a step; None if there is none."""
    arrays = _load(folder / ("live.safetensors" if step is None else f"{step:08d}.safetensors"))
    if arrays is None and step is None and (kept := kept_frames(folder)):
        arrays = _load(folder / f"{kept[-1]:08d}.safetensors")
    return None if arrays is None else Frame(int(arrays["step"][0]), arrays["reconstructions"], arrays["positions"])


def kept_frames(folder: Path) -> list[int]:
    """The steps whose frames were kept, ascending."""
    return sorted(int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdigit())


def drop_frames_after(folder: Path, step: int) -> None:
    """Forget the frames after a step, for a run that goes on from there."""
    for later in kept_frames(folder):
        if later > step:
            (folder / f"{later:08d}.safetensors").unlink(missing_ok=True)


def _save(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    replace_file(path, save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def _load(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    with suppress(OSError, SafetensorError):
        return load_arrays(path.read_bytes())
    return None
