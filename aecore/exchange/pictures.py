"""Pictures in a file: gallery, frames and atlas, each tensor by its kind and by the shape that the configuration gives it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from aecore.atlas import ATLAS_SIZE, Atlas
from aecore.config import RunConfig
from aecore.exchange.expected import expected_weights
from aecore.exchange.parts import ATLAS, GALLERY
from aecore.exchange.refused import RefusedError
from aecore.exchange.tensor_file import TensorFile, check_finite, tensor_file
from aecore.layers import Shape

_MOST_GALLERY, _MOST_POINTS, _MOST_FILTERS, _MOST_FACTORS = 64, 2_000, 64, 10_000
_UNKNOWN = 255  # the class of an example whose class is not known, as a byte


class Pictures:
    """Checks the pictures of one run: those of the frames must be as many as those of its gallery."""

    def __init__(self, config: RunConfig, last_step: int) -> None:
        self._config = config
        self._card = config.card
        self._shape: Shape = config.plan.input_shape
        self._last_step = last_step
        self._count = self._points = -1

    def check_gallery(self, data: bytes) -> None:
        """Raises RefusedError."""
        found = _tensors(data, GALLERY, ("originals", "labels", "point_labels", "positions_are_pca"), ("corrupted",))
        originals, points = found["originals"], found["point_labels"]
        self._count, self._points = len(originals) if originals.ndim else 0, points.size
        if not 1 <= self._count <= _MOST_GALLERY or self._points > _MOST_POINTS:
            raise RefusedError(f"{GALLERY} must hold 1 to {_MOST_GALLERY} pictures and at most {_MOST_POINTS:,} codes.")
        shapes = {"originals": self._pictures, "corrupted": self._pictures, "labels": (self._count,), "positions_are_pca": (1,)}
        for name, array in found.items():
            _expect(array, np.uint8, shapes.get(name, (self._points,)), name, GALLERY)
        if found["positions_are_pca"][0] > 1:
            raise RefusedError(f"{GALLERY}: “positions_are_pca” must be 0 or 1.")
        for name in ("labels", "point_labels"):
            labels = found[name]
            if ((labels >= len(self._card.classes)) & (labels != _UNKNOWN)).any():
                raise RefusedError(f"{GALLERY} speaks of classes that these data do not have.")

    def check_frame(self, data: bytes, file: str, step: int | None) -> None:
        """A frame; step: the one in its file's name, None for the live one. Raises RefusedError."""
        if self._count < 0:
            raise RefusedError(f"There is {file}, but no {GALLERY}.")
        found = _tensors(data, file, ("step", "reconstructions", "positions"), ("filters",))
        _expect(found["step"], np.int64, (1,), "step", file)
        given = int(found["step"][0])
        if not 0 <= given <= self._last_step or given != (given if step is None else step):
            raise RefusedError(f"{file} is of step {given:,}, which it cannot be.")
        _expect(found["reconstructions"], np.uint8, self._pictures, "reconstructions", file)
        _expect(found["positions"], np.float32, (self._points, 2), "positions", file)
        check_finite(found["positions"], "positions", file)
        if "filters" in found:
            units, shape = self._filters
            count = len(found["filters"]) if found["filters"].ndim else 0
            if not 1 <= count <= min(units, _MOST_FILTERS):
                raise RefusedError(f"{file} shows {count} units of the first layer, which has {units}.")
            _expect(found["filters"], np.uint8, (count, *shape), "filters", file)

    def atlas(self, data: bytes) -> Atlas:
        """The held-out pictures. Raises RefusedError."""
        found = _tensors(data, ATLAS, ("images", "labels"), ("factors",))
        count = len(found["images"]) if found["images"].ndim else 0
        if not 1 <= count <= ATLAS_SIZE:
            raise RefusedError(f"{ATLAS} must hold 1 to {ATLAS_SIZE} pictures.")
        _expect(found["images"], np.uint8, (count, *self._shape), "images", ATLAS)
        _expect(found["labels"], np.int64, (count,), "labels", ATLAS)
        if not ((found["labels"] >= -1) & (found["labels"] < len(self._card.classes))).all():
            raise RefusedError(f"{ATLAS} speaks of classes that these data do not have.")
        factors = found.get("factors")
        if factors is not None:
            _expect(factors, np.int64, (count, len(self._card.factor_names)), "factors", ATLAS)
            if not ((factors >= 0) & (factors < _MOST_FACTORS)).all():
                raise RefusedError(f"{ATLAS} speaks of factors that these data do not have.")
        return Atlas(found["images"].copy(), found["labels"].copy(), None if factors is None else factors.copy())

    @property
    def _pictures(self) -> Shape:
        return (self._count, *self._shape)

    @property
    def _filters(self) -> tuple[int, Shape]:
        """How many units the first layer has, and the shape of what each looks for."""
        shape = next(shape for name, shape in expected_weights(self._config.plan).items() if name.endswith("weight"))
        return shape[0], self._shape if len(shape) == 2 else shape[1:]


def _tensors(data: bytes, file: str, needed: tuple[str, ...], possible: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    found: TensorFile = tensor_file(data, file)
    names = set(found.tensors)
    if not set(needed) <= names <= {*needed, *possible}:
        raise RefusedError(
            f"{file} must hold {', '.join(needed)} (and {', '.join(possible)} where there are any), and nothing else."
        )
    return found.tensors


def _expect(array: npt.NDArray[Any], kind: type[np.generic], shape: Shape, name: str, file: str) -> None:
    if array.dtype != np.dtype(kind) or array.shape != shape:
        given, wanted = f"{_by(array.shape)} ({array.dtype})", f"{_by(shape)} ({np.dtype(kind)})"
        raise RefusedError(f"{file}: “{name}” is {given} and must be {wanted} for this run.")


def _by(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "a single number"
