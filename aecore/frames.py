"""Pictures of a training as it goes: reconstructions of a fixed gallery, where validation images lie in code space, and what
the first units look for.

Files in a run's `frames/`: `gallery.safetensors` (what does not change), `live.safetensors` (replaced all the time), and
one `<step>.safetensors` at log-spaced steps for looking back. Of a run that came with the app, `film.safetensors.xz` has all
that are kept instead. numpy only: the server reads these without torch.
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
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

FRAMES_BYTES = 10 << 20
"""The most bytes that the frames of a run and the weights kept beside them take together."""

_FILM = "film.safetensors.xz"
_GREY = 8
"""Grey levels of a packed film are rounded to multiples of this: nobody sees it, and it halves the file."""
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
    """One moment: `reconstructions` uint8 (G, C, H, W) and `positions` float32 (P, 2) in code space, at `step`.

    filters: of the first units or filters of the first layer, uint8 (F, C, h, w): 128 is 0, and 1 and 255 the largest weight of
    that unit, either way. None in runs of before these were kept.
    """

    step: int
    reconstructions: Bytes
    positions: Floats
    filters: Bytes | None = None


@dataclass(frozen=True)
class Film:
    """All kept frames of a run, ascending: `steps` (N,), `reconstructions` (N, G, C, H, W), `positions` (N, P, 2).

    filters: (N, F, C, h, w), None where some frames have none.
    """

    steps: npt.NDArray[np.int64]
    reconstructions: Bytes
    positions: Floats
    filters: Bytes | None = None

    def __len__(self) -> int:
        return len(self.steps)

    def frame(self, index: int) -> Frame:
        filters = None if self.filters is None else self.filters[index]
        return Frame(int(self.steps[index]), self.reconstructions[index], self.positions[index], filters)

    def take(self, indices: Sequence[int]) -> Film:
        """Some of its frames."""
        filters = None if self.filters is None else self.filters[indices]
        return Film(self.steps[indices], self.reconstructions[indices], self.positions[indices], filters)


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
    if frame.filters is not None:
        arrays["filters"] = frame.filters
    _save(folder / "live.safetensors", arrays)
    if keep:
        _save(folder / f"{frame.step:08d}.safetensors", arrays)


def read_frame(folder: Path, step: int | None = None) -> Frame | None:
    """The live frame, which is the last one of a run that came with the app, or the kept one of a step; None if there is none."""
    arrays = _load(folder / ("live.safetensors" if step is None else f"{step:08d}.safetensors"))
    if arrays is not None:
        return Frame(int(arrays["step"][0]), arrays["reconstructions"], arrays["positions"], arrays.get("filters"))
    kept = kept_frames(folder)
    if not kept or (step is not None and step not in kept):
        return None
    film = _packed_film(folder)
    if film is None:
        return read_frame(folder, kept[-1]) if step is None else None
    return film.frame(-1 if step is None else kept.index(step))


def read_film(folder: Path, after: int = -1) -> Film | None:
    """All kept frames of a run, or those after a step; None where there is none. Those of another shape than the last one, and
    those that are damaged, are left out."""
    packed = _packed_film(folder)
    if packed is not None:
        later = packed.take(np.flatnonzero(packed.steps > after).tolist())
        return later if len(later) else None
    steps = [step for step in kept_frames(folder) if step > after]
    frames = [frame for step in steps if (frame := read_frame(folder, step)) is not None]
    if not frames:
        return None
    shapes = frames[-1].reconstructions.shape, frames[-1].positions.shape
    frames = [frame for frame in frames if (frame.reconstructions.shape, frame.positions.shape) == shapes]
    filters = [frame.filters for frame in frames if frame.filters is not None]
    has_filters = len(filters) == len(frames) and len({each.shape for each in filters}) == 1
    return Film(
        np.array([frame.step for frame in frames], np.int64),
        np.stack([frame.reconstructions for frame in frames]),
        np.stack([frame.positions for frame in frames]),
        np.stack(filters) if has_filters else None,
    )


def pack_film(folder: Path, film: Film) -> None:
    """Keep these frames in one packed file, in the place of all others; positions in half precision, and fewer grey levels."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "steps": film.steps,
        "reconstructions": _fewer_greys(film.reconstructions),
        "positions": np.clip(film.positions, -6e4, 6e4).astype(np.float16),
    }
    if film.filters is not None:
        arrays["filters"] = _fewer_greys(film.filters)
    content = save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    replace_file(folder / _FILM, lzma.compress(content, preset=9))
    for step in _separate_frames(folder):
        (folder / f"{step:08d}.safetensors").unlink()
    (folder / "live.safetensors").unlink(missing_ok=True)  # it is the last one once more


def _fewer_greys(pictures: Bytes) -> Bytes:
    return np.minimum((pictures.astype(np.int16) + _GREY // 2) // _GREY * _GREY, 255).astype(np.uint8)


def _packed_film(folder: Path) -> Film | None:
    with suppress(OSError, SafetensorError, lzma.LZMAError):
        arrays = load_arrays(lzma.decompress((folder / _FILM).read_bytes()))
        positions = arrays["positions"].astype(np.float32)
        return Film(arrays["steps"], arrays["reconstructions"], positions, arrays.get("filters"))
    return None


def kept_frames(folder: Path) -> list[int]:
    """The steps whose frames were kept, ascending."""
    separate = _separate_frames(folder)
    if separate or not (folder / _FILM).is_file():
        return separate
    film = _packed_film(folder)
    return [] if film is None else film.steps.tolist()


def _separate_frames(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdigit())


def drop_frames_after(folder: Path, step: int) -> None:
    """Forget the frames after a step, for a run that goes on from there."""
    for later in _separate_frames(folder):
        if later > step:
            (folder / f"{later:08d}.safetensors").unlink(missing_ok=True)


def _save(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    replace_file(path, save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def _load(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    with suppress(OSError, SafetensorError):
        return load_arrays(path.read_bytes())
    return None
