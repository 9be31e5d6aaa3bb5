"""Photos and drawings of digits made by the tests: real MNIST digits on all kinds of paper, and where they are."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from aecore.data.arrays import ArraySplit, load_arrays

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

WHITE, CREAM, GREEN, BLACK = (250, 250, 248), (236, 226, 190), (38, 84, 62), (12, 12, 14)
PENCIL, BLUE, CHALK, RED = (70, 70, 74), (40, 60, 150), (235, 238, 232), (190, 40, 40)


@functools.cache
def digits_train() -> ArraySplit:
    return load_arrays("digits").train


@functools.cache
def digits_test() -> ArraySplit:
    return load_arrays("digits").test


@dataclass
class Photo:
    """A picture being made: coverage by ink (0 … 1), and the box (top, left, bottom, right) and image of each digit."""

    height: int
    width: int
    ink: Array = field(init=False)
    boxes: list[tuple[int, int, int, int]] = field(default_factory=list)
    images: list[Bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ink = np.zeros((self.height, self.width), np.float32)

    def write(self, image: Bytes, top: int, left: int, size: int, angle: float = 0) -> None:
        """Write an MNIST digit (28×28) so that its 28 pixels become `size`."""
        enlarged = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC).rotate(angle, Image.Resampling.BICUBIC)
        # Ink has edges: an enlarged digit would be blurred over a whole pixel of the original.
        coverage = np.clip((np.asarray(enlarged).astype(np.float32) / 255 - 0.5) * min(4, size / 28) + 0.5, 0, 1)
        part = self.ink[top : top + size, left : left + size]
        np.maximum(part, coverage, out=part)
        rows, columns = np.flatnonzero((coverage > 0.5).any(1)), np.flatnonzero((coverage > 0.5).any(0))
        self.boxes.append((top + rows[0], left + columns[0], top + rows[-1] + 1, left + columns[-1] + 1))
        self.images.append(image)

    def rows(self, images: Bytes, per_row: int, size: int, rng: np.random.Generator, angle: float = 6) -> Photo:
        """Write digits in rows over the whole picture, each a little off its place, of uneven size and slant."""
        count = -(-len(images) // per_row)
        for index, image in enumerate(images):
            row, column = divmod(index, per_row)
            own = min(int(size * rng.uniform(0.85, 1.1)), self.height, self.width)
            top = int((row + 0.5) * self.height / count - own / 2 + rng.uniform(-0.08, 0.08) * size)
            left = int((column + 0.5) * self.width / per_row - own / 2 + rng.uniform(-0.08, 0.08) * size)
            top, left = min(max(0, top), self.height - own), min(max(0, left), self.width - own)
            self.write(image, top, left, own, rng.uniform(-angle, angle))
        return self

    def on(self, paper: tuple[int, int, int] | Array, pen: tuple[int, int, int]) -> Array:
        """The picture, float (H, W, 3) 0 … 255, of the ink on paper of one colour or of a texture (H, W, 3)."""
        ground = np.broadcast_to(np.asarray(paper, np.float32), (self.height, self.width, 3))
        return np.asarray(ground * (1 - self.ink[..., None]) + np.array(pen, np.float32) * self.ink[..., None])


def lined(height: int, width: int, every: int, *, squared: bool = False, slope: float = 0, colour: float = 0.75) -> Array:
    """White paper (H, W, 3) with blue lines `every` pixels, all of one slope."""
    rows, columns = np.mgrid[:height, :width]
    thick = max(1.5, height / 500)
    on_line = ((rows + slope * columns) % every) < thick
    if squared:
        on_line |= ((columns - slope * rows) % every) < thick
    paper = np.full((height, width, 3), 246, np.float32)
    paper[on_line] = np.array([colour * 0.85, colour * 0.93, colour * 1.1]) * 246
    return paper


def shaded(picture: Array, direction: float, strength: float = 0.5) -> Array:
    """Light that falls off across the picture to 1 − strength."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    along = np.cos(direction) * columns / picture.shape[1] + np.sin(direction) * rows / picture.shape[0]
    along = (along - along.min()) / np.ptp(along)
    return np.asarray(picture * (1 - strength * along)[..., None])


def with_shadow(picture: Array, depth: float = 0.4, softness: float = 0.02) -> Array:
    """The shadow of a hand over the lower right part, its edge slanted."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    edge = columns / picture.shape[1] + 0.4 * rows / picture.shape[0] - 0.75
    return np.asarray(picture * (1 - depth / (1 + np.exp(-np.clip(edge / softness, -60, 60))))[..., None])


def on_table(picture: Array, rng: np.random.Generator, border: int, tilt: float = 2) -> Array:
    """The page, a little turned, on a dark table that shows on all sides; positions in the page move by `border`."""
    height, width = picture.shape[:2]
    grain = np.repeat(rng.normal(0, 4, (height + 2 * border, 1)), width + 2 * border, 1)
    table = np.clip(np.array([70, 48, 32]) + grain[..., None], 0, 255).astype(np.uint8)
    page = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).convert("RGBA").rotate(tilt, Image.Resampling.BICUBIC)
    ground = Image.fromarray(table)
    ground.paste(page, (border, border), page.getchannel("A"))
    return np.asarray(ground).astype(np.float32)


def developed(picture: Array, rng: np.random.Generator, noise: float = 5, blur: float = 0.8, quality: int = 85) -> Bytes:
    """What a camera makes of it: blurred (pixels), noisy (standard deviation in levels), compressed as JPEG; (H, W, 3)."""
    from PIL import ImageFilter

    exact = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(blur))
    noisy = np.asarray(exact) + rng.normal(0, noise, picture.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def turned_with_page(box: tuple[int, ...], height: int, width: int, border: int, tilt: float = 2) -> tuple[float, float]:
    """Where the middle of a box on a page of `height` × `width` lies, as (row, column), after `on_table`."""
    row, column = (box[0] + box[2] - height) / 2, (box[1] + box[3] - width) / 2
    cosine, sine = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    return border + height / 2 + row * cosine - column * sine, border + width / 2 + column * cosine + row * sine


def overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Intersection over union of two boxes (top, left, bottom, right)."""

    def area(box: tuple[int, ...]) -> float:
        return max(0, box[2] - box[0]) * max(0, box[3] - box[1])

    shared = area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
    return shared / (area(one) + area(other) - shared)
