"""What a comparison of denoisers found, as a page shows it and as a file keeps it. No torch, no scikit-image."""

from __future__ import annotations

import base64
import lzma
import zlib
from dataclasses import dataclass, field
from math import prod, sqrt
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from aecore.runs import CHECKPOINTS, replace_file

SHIPPED_PATH = CHECKPOINTS / "denoise_comparison.json.xz"
"""The comparison that comes with the app; ``python -m aecore denoise-table`` makes it."""

CURVE_LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Levels of the curves that come with the app, for every kind of noise, and of those that the page measures: for these, tuned
parameters are there already."""

_LARGEST = 1 << 26  # bytes that a packed block of pictures may unpack to


def held_out(trained_on: str, data: str) -> bool:
    """Whether a network trained on one data set never saw the test pictures of another.

    The digits that come with the app are training pictures of MNIST, their test part too.
    """
    return (trained_on, data) != ("mnist", "digits")


@dataclass(frozen=True)
class Spread:
    """Numbers over pictures: mean, standard deviation from picture to picture, and standard error of the mean."""

    mean: float
    deviation: float
    error: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Spread:
        """Of values (N,), N ≥ 1. Of one value there is no deviation: it counts as 0."""
        deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        return cls(float(values.mean()), deviation, deviation / sqrt(len(values)))


@dataclass(frozen=True)
class Row:
    """One competitor. `kind` is `none` for the noisy picture itself.

    `psnr` (dB) and `ssim` are over pictures; `psnr_of_mean_error` is the PSNR of the squared error averaged over all pictures
    first, in which a picture that the noise left alone does not count more than others. `images` were measured in `seconds`
    of denoising. `tuned_on` validation pictures chose the parameters (0: there was nothing to choose). `listed` is False for
    what goes beyond the usual list of classical methods. `seen` is True for a network that was trained on these very
    pictures. `numbers` is the size of a network's code, or how many components a PCA has that stands beside such a code.
    """

    name: str
    title: str
    kind: Literal["none", "classical", "network"]
    parameters: dict[str, int | float | str]
    psnr: Spread
    ssim: Spread
    psnr_of_mean_error: float
    images: int
    seconds: float
    tuned_on: int = 0
    source: str = ""
    listed: bool = True
    seen: bool = False
    numbers: int = 0

    @property
    def parameters_in_words(self) -> str:
        """“sigma 0.8, black 0.35”; “” where there are none."""
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.parameters.items())


@dataclass(frozen=True)
class Pictures:
    """uint8 pictures of `shape` (N, C, H, W) as text: zlib, then base64."""

    shape: tuple[int, int, int, int]
    packed: str

    @classmethod
    def of(cls, images: NDArray[np.float32]) -> Pictures:
        """Of pictures (N, C, H, W), 0..1, rounded to 256 levels."""
        count, channels, height, width = images.shape
        pixels = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
        return cls((count, channels, height, width), base64.b64encode(zlib.compress(pixels.tobytes(), 9)).decode())

    def array(self) -> NDArray[np.uint8]:
        """The pictures, uint8 (N, C, H, W). Raises ValueError if they are damaged."""
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(base64.b64decode(self.packed, validate=True), _LARGEST)
        except (ValueError, zlib.error):
            raise ValueError("The example pictures are damaged: make the comparison again.") from None
        if len(data) != prod(self.shape):
            raise ValueError("The example pictures are damaged: make the comparison again.")
        return np.frombuffer(data, np.uint8).reshape(self.shape)


@dataclass(frozen=True)
class Comparison:
    """Denoisers on the same noisy pictures: `images` of the first test pictures of `data`, noise `kind` at `level`.

    `untouched` more were left out because the noise did not change them. `examples` has the first few pictures: `clean`, and
    those of each row by its name (`nothing` are the noisy ones).
    """

    data: str
    kind: str
    level: float
    images: int
    untouched: int
    rows: tuple[Row, ...]
    examples: dict[str, Pictures] = field(default_factory=dict)

    def row(self, name: str) -> Row:
        """The row of that name. Raises KeyError."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    @property
    def networks(self) -> list[Row]:
        return [row for row in self.rows if row.kind == "network"]

    def best_classical(self, listed_only: bool = False, numbers: int | None = None) -> Row:
        """The classical method of highest mean PSNR; with `listed_only`, of the usual list, and with `numbers` too, of that
        list as it is for a code of that size: PCA with as many numbers is in it, PCA with another network's is not."""
        classical = [row for row in self.rows if row.kind == "classical" and (row.listed or not listed_only)]
        if numbers is not None:
            classical = [row for row in classical if row.numbers in (0, numbers)]
        return max(classical, key=lambda row: row.psnr.mean)


@dataclass(frozen=True)
class QualityCurve:
    """Comparisons for one kind of noise at rising levels, without example pictures."""

    data: str
    kind: str
    points: tuple[Comparison, ...]

    @property
    def levels(self) -> list[float]:
        return [point.level for point in self.points]


@dataclass(frozen=True)
class ShippedComparison:
    """What comes with the app: comparisons on many pictures, and a curve for each kind of noise on fewer."""

    comparisons: tuple[Comparison, ...]
    curves: tuple[QualityCurve, ...]
    made: str = ""

    def comparison(self, kind: str, level: float) -> Comparison | None:
        """The comparison at exactly this noise, or None."""
        found = (one for one in self.comparisons if one.kind == kind and abs(one.level - level) < 1e-6)
        return next(found, None)

    def summary(self) -> list[dict[str, Any]]:
        """For each comparison, plain values: its noise, and mean PSNR (dB) and SSIM of every row by its name."""
        return [
            {"kind": one.kind, "level": one.level, "images": one.images}
            | {"psnr": {row.name: row.psnr.mean for row in one.rows}, "ssim": {row.name: row.ssim.mean for row in one.rows}}
            for one in self.comparisons
        ]

    def curve(self, kind: str) -> QualityCurve | None:
        """The curve for this kind of noise, or None."""
        return next((curve for curve in self.curves if curve.kind == kind), None)


Result = TypeVar("Result", Comparison, QualityCurve, ShippedComparison)


def to_json(result: Comparison | QualityCurve | ShippedComparison) -> str:
    """The result as one line of JSON; :func:`from_json` undoes it exactly."""
    return TypeAdapter(type(result)).dump_json(result).decode() + "\n"


def from_json(kind: type[Result], text: str | bytes) -> Result:
    """The result that :func:`to_json` wrote. Raises ValueError with a sentence."""
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError:
        raise ValueError("This is not a comparison of denoisers, or one of another version: make it again.") from None


def write_shipped(result: ShippedComparison, path: Path = SHIPPED_PATH) -> None:
    """Put the file that comes with the app in its place, compressed: it has thousands of similar numbers."""
    replace_file(path, lzma.compress(to_json(result).encode()))


def read_shipped(path: Path = SHIPPED_PATH) -> ShippedComparison | None:
    """What comes with the app; None if the file is missing or of another version."""
    try:
        return from_json(ShippedComparison, lzma.decompress(path.read_bytes()))
    except (OSError, ValueError, lzma.LZMAError):
        return None
