"""Two maps of the same pictures, by their pixels and by their codes, as a page shows them. No torch, no scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

MapMethod = Literal["pca", "tsne"]

METHODS: Mapping[MapMethod, str] = {"pca": "PCA", "tsne": "t-SNE"}
"""What people call them."""


@dataclass(frozen=True)
class FeatureMaps:
    """Places [x, y] of the P pictures of a run's atlas, in its order (see :mod:`aecore.atlas`), y upwards.

    `pixels`: by their pixels; `features`: by their codes. Each map is centred and scaled so that its farthest coordinate is at
    −1 or 1; that of the features is turned or mirrored to lie as near as it can to that of the pixels. `labels`: the pictures'
    classes. `step`: of the run's training.
    """

    method: MapMethod
    pixels: list[list[float]]
    features: list[list[float]]
    labels: list[int]
    step: int

    def to_json(self) -> str:
        """One line; :meth:`from_json` undoes it exactly."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> FeatureMaps:
        """Raises ValueError where the text is not what :meth:`to_json` makes."""
        return _ADAPTER.validate_json(text)


_ADAPTER = TypeAdapter(FeatureMaps)
