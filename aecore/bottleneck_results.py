"""Reconstruction against the size of the code, as a page shows it while it is measured and as a file keeps it. No torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from aecore.config_sections import DataConfig
from aecore.data.catalogue import card
from aecore.runs import CHECKPOINTS, replace_file, runs_root

SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
"""Code sizes, usually; the last is beyond the 784 pixels of a digit."""
HIDDEN = 256
"""Units of the autoencoder's hidden layer, on each side, while the code is smaller."""
KEPT = 40
"""Numbers of its code that the sparse network keeps of each picture (k-sparse)."""
SPARSE_FROM = HIDDEN
"""Code size from which there is a constrained network too."""
LINEAR_UP_TO = 64
"""Code size up to which there is a linear autoencoder: beyond, what is left to learn are components of so little variance that
gradient descent needs very many steps for them."""
MOST_PICTURES = 3_000_000
"""Times that a network of a study may be shown a picture: 50 epochs of MNIST, and for all networks an hour or two of one core."""
LARGEST = 2048
"""Code size up to which one can be asked for."""
SHIPPED_PATH = CHECKPOINTS / "bottleneck.json"
"""The study that comes with the app; ``python -m aecore bottleneck`` makes it."""

Arm = Literal["autoencoder", "linear", "pca", "sparse"]

ARMS: Mapping[Arm, str] = {
    "autoencoder": "Autoencoder",
    "linear": "Linear autoencoder",
    "pca": "PCA",
    "sparse": "Sparse autoencoder",
}
"""What is compared, and what people call it."""

_KEPT_STUDIES = 40


@dataclass(frozen=True)
class BottleneckPoint:
    """One arm at one code size, on test images.

    - `mse`: squared error per pixel, pixels 0..1, not clipped.
    - `psnr`: decibels, 20·log₁₀(1/√mse) of the mean squared error of pictures decoded from codes rounded to 8 bits a number
      (at most 58.9, as in :mod:`aecore.metrics.picture_quality`).
    - `bytes_per_image`: what such a code takes; of a sparse one its kept numbers, and which ones they are.
    - `noise_mse`: the error of test pictures whose pixels have been shuffled (those that vary in the training images, among each
      other): who copies reconstructs these too.
    """

    arm: Arm
    size: int
    mse: float
    psnr: float
    bytes_per_image: float
    noise_mse: float


@dataclass(frozen=True)
class Bottleneck:
    """The points that have been measured of a study, in the order in which they were, and what it is of.

    `pixels`: numbers in a picture. `epochs` is that of the networks; `sizes` those that are asked for.
    """

    data: str
    epochs: int
    seed: int
    train_images: int
    test_images: int
    pixels: int
    points: tuple[BottleneckPoint, ...]
    sizes: tuple[int, ...]

    def of(self, arm: str) -> list[BottleneckPoint]:
        """The points of one arm, with rising code size."""
        return sorted((point for point in self.points if point.arm == arm), key=lambda point: point.size)

    @property
    def complete(self) -> bool:
        """Whether all points are there."""
        return len(self.points) == len(wanted(self.sizes, self.pixels))

    def to_json(self) -> str:
        """Indented; :meth:`from_json` undoes it exactly."""
        return _ADAPTER.dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Bottleneck:
        """Raises ValueError where the text is not what :meth:`to_json` makes."""
        return _ADAPTER.validate_json(text)


_ADAPTER = TypeAdapter(Bottleneck)


def wanted(sizes: Sequence[int], pixels: int) -> list[tuple[Arm, int]]:
    """The points of a study, in the order in which they are measured: by size, PCA first.

    A picture has no more principal components than pixels, and as many are the picture itself: there is no PCA beyond. A linear
    autoencoder is there up to :data:`LINEAR_UP_TO` numbers, a constrained one from :data:`SPARSE_FROM` on.
    """
    found: list[tuple[Arm, int]] = []
    for size in sorted(set(sizes)):
        if size < pixels:
            found.append(("pca", size))
            if size <= LINEAR_UP_TO:
                found.append(("linear", size))
        found.append(("autoencoder", size))
        if size >= SPARSE_FROM:
            found.append(("sparse", size))
    return found


def data_of(data: str) -> DataConfig:
    """The pictures of a study: at the smallest size that they come in, so that a code can be larger. Raises UnknownDataError."""
    sizes = card(data).resolutions
    return DataConfig(name=card(data).name, resolution=min(sizes) if len(sizes) > 1 else None)


def pixels_of(data: str) -> int:
    """How many numbers one of its pictures has. Raises UnknownDataError."""
    found = card(data, data_of(data).resolution)
    return found.channels * found.height * found.width


def sizes_for(data: str) -> tuple[int, ...]:
    """The code sizes that are offered: :data:`SIZES`, and where those end before the pixels do, twice as many and so on."""
    sizes = list(SIZES)
    while sizes[-1] <= pixels_of(data) and 2 * sizes[-1] <= LARGEST:
        sizes.append(2 * sizes[-1])
    return tuple(sizes)


def check_amount(data: str, epochs: int) -> None:
    """Raises ValueError where a study would be more work than :data:`MOST_PICTURES` allows."""
    most = MOST_PICTURES // card(data).train
    if epochs > most:
        raise ValueError(f"With {card(data).train:,} pictures a study can have at most {most} epochs: choose fewer.")


def usual_epochs(data: str) -> int:
    """As many as take one core a minute or two on the digits, and some minutes on MNIST. Raises UnknownDataError."""
    return min(20, max(6, 80_000 // card(data).train))


def key_of(data: str, sizes: Sequence[int], epochs: int, seed: int) -> str:
    """The name under which a study that was asked for with these is kept."""
    text = json.dumps([data, sorted(set(sizes)), epochs, seed])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def partial(key: str) -> Bottleneck | None:
    """What has been measured so far of the study of that key (see :func:`key_of`), or None."""
    with suppress(OSError, ValueError):
        return Bottleneck.from_json(_path(key).read_bytes())
    return None


def put_partial(key: str, study: Bottleneck) -> None:
    """Keep what has been measured so far, for whoever looks meanwhile; the oldest of many studies go."""
    path = _path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, study.to_json())
    with suppress(OSError):  # another process may clear up too
        for old in sorted(path.parent.glob("bottleneck-*.json"), key=lambda file: file.stat().st_mtime)[:-_KEPT_STUDIES]:
            old.unlink()


def shipped() -> Bottleneck | None:
    """The study that comes with the app; None if the file is missing or of another version."""
    with suppress(OSError, ValueError):
        return Bottleneck.from_json(SHIPPED_PATH.read_bytes())
    return None


def _path(key: str) -> Path:
    return runs_root() / "studies" / f"bottleneck-{key}.json"
