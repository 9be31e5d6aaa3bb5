"""Digits found in photos made by the tests: where they are, their order, and that they look like MNIST's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from aecore.data.arrays import digits_arrays
from aecore.pictures.digits import MOST_DIGITS, Digit, Found, find_digits
from aecore.pictures.errors import PictureError
from aecore.pictures.normalise import BOX, CENTRE, FIELD, centred, scaled_to_box
from tests.handwriting import (
    BLACK,
    BLUE,
    CHALK,
    CREAM,
    GREEN,
    PENCIL,
    RED,
    WHITE,
    Photo,
    developed,
    digits_test,
    digits_train,
    lined,
    on_table,
    overlap,
    shaded,
    turned_with_page,
    with_shadow,
)

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]
Taking = Callable[[Photo, np.random.Generator], Array]

HEIGHT, WIDTH = 750, 1000
KINDS_OF_PAPER: dict[str, Taking] = {
    "pencil on white": lambda photo, rng: photo.on(WHITE, PENCIL),
    "blue on cream in falling light": lambda photo, rng: shaded(photo.on(CREAM, BLUE), 1.0),
    "a soft shadow": lambda photo, rng: with_shadow(photo.on(WHITE, PENCIL)),
    "a sharp shadow": lambda photo, rng: with_shadow(photo.on(WHITE, BLUE), 0.5, 0.003),
    "chalk on a board": lambda photo, rng: shaded(photo.on(GREEN, CHALK), 2, 0.3),
    "red on cream": lambda photo, rng: photo.on(CREAM, RED),
    "white on black": lambda photo, rng: photo.on(BLACK, WHITE),
    "lined": lambda photo, rng: shaded(photo.on(lined(HEIGHT, WIDTH, 50), BLUE), 1, 0.3),
    "dark lines, askew": lambda photo, rng: photo.on(lined(HEIGHT, WIDTH, 60, slope=0.03, colour=0.5), BLUE),
    "squared": lambda photo, rng: photo.on(lined(HEIGHT, WIDTH, 40, squared=True), BLACK),
}


def in_colour(grey: Array) -> Bytes:
    return np.repeat(grey[..., None].astype(np.uint8), 3, 2)


def handwriting(seed: int, count: int = 10, per_row: int = 5, size: int = 150) -> tuple[Photo, Array, np.random.Generator]:
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(digits_test().images), count, replace=False)
    photo = Photo(HEIGHT, WIDTH).rows(digits_test().images[chosen, 0], per_row, size, rng)
    return photo, digits_test().labels[chosen], rng


def check_shapes(found: Found) -> None:
    for digit in found.digits:
        top, left, bottom, right = digit.box
        assert 0 <= top < bottom
        assert 0 <= left < right
        for picture in (digit.crop, digit.scaled, digit.image):
            assert picture.dtype == np.uint8
        assert digit.scaled.shape == digit.image.shape == (FIELD, FIELD)
    assert all(step.picture.dtype == np.uint8 and step.picture.ndim == 2 for step in found.steps)
    assert len({step.picture.shape for step in found.steps}) == 1


@pytest.mark.parametrize("kind", KINDS_OF_PAPER)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_digit_is_found_where_it_was_written_and_in_order(kind: str, seed: int) -> None:
    photo, _, rng = handwriting(seed)
    found = find_digits(developed(KINDS_OF_PAPER[kind](photo, rng), rng))
    check_shapes(found)
    assert len(found.digits) == len(photo.boxes)
    overlaps = [overlap(digit.box, box) for digit, box in zip(found.digits, photo.boxes, strict=True)]
    assert min(overlaps) > 0.7
    assert np.mean(overlaps) > 0.93


@pytest.mark.parametrize("paper", [WHITE, lined(HEIGHT, WIDTH, 50)], ids=["plain", "lined"])
def test_a_page_on_a_dark_table(paper: Array) -> None:
    photo, _, rng = handwriting(3)
    found = find_digits(developed(shaded(on_table(photo.on(paper, BLUE), rng, 80), 1, 0.3), rng))
    assert len(found.digits) == len(photo.boxes)
    for digit, box in zip(found.digits, photo.boxes, strict=True):
        middle = (digit.box[0] + digit.box[2]) / 2, (digit.box[1] + digit.box[3]) / 2
        assert middle == pytest.approx(turned_with_page(box, HEIGHT, WIDTH, 80), abs=8)


def test_boxes_are_in_pixels_of_the_picture_even_if_it_was_reduced() -> None:
    rng = np.random.default_rng(5)
    photo = Photo(1500, 2600).rows(digits_test().images[:6, 0], 3, 500, rng)
    found = find_digits(developed(photo.on(WHITE, BLUE), rng))
    overlaps = [overlap(digit.box, box) for digit, box in zip(found.digits, photo.boxes, strict=True)]
    assert min(overlaps) > 0.9
    assert max(found.steps[0].picture.shape) == 1000


def test_no_more_than_the_limit_is_found() -> None:
    rng = np.random.default_rng(6)
    photo = Photo(1000, 1000).rows(digits_test().images[:81, 0], 9, 90, rng, angle=0)
    assert len(find_digits(developed(photo.on(WHITE, BLACK), rng)).digits) == MOST_DIGITS


@pytest.mark.parametrize("inverted", [False, True])
def test_a_digit_of_mnist_comes_back_as_it_was(inverted: bool) -> None:
    differences = []
    for image in digits_test().images[:200, 0]:
        [digit] = find_digits(in_colour(255 - image if inverted else image)).digits
        differences.append(np.abs(digit.image.astype(int) - image).mean())
    # Grey levels are stretched a little: the whitest tenth of a digit's ink becomes fully white.
    assert np.median(differences) < 0.5
    assert np.quantile(differences, 0.98) < 2


def test_a_classifier_that_learned_mnist_reads_the_photos_as_well_as_the_originals() -> None:
    from sklearn.neural_network import MLPClassifier

    train, test = digits_train(), digits_test()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it need not converge
        reader = MLPClassifier((64,), max_iter=12, random_state=0).fit(train.images.reshape(-1, 784) / 255, train.labels)
    right, originals, count = 0, 0, 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        chosen = np.arange(seed * 24, seed * 24 + 24)
        photo = Photo(HEIGHT, WIDTH).rows(test.images[chosen, 0], 6, 150, rng, angle=3)
        digits = find_digits(developed(shaded(photo.on(CREAM, BLUE), seed, 0.4), rng)).digits
        right += _read(reader, [digit.image for digit in digits], test.labels[chosen])
        originals += _read(reader, test.images[chosen, 0], test.labels[chosen])
        count += len(chosen)
    assert originals > 0.85 * count
    assert right >= originals - 0.04 * count


def _read(reader: Any, images: Any, labels: Array) -> int:
    return int((reader.predict(np.stack(list(images)).reshape(-1, 784) / 255) == labels).sum())


def test_a_picture_cut_close_around_one_digit() -> None:
    tried = as_it_was = 0
    for image in digits_test().images[:100, 0]:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        # With ink on more than half of the picture nothing says which of the two greys is the paper.
        if min(cut.shape) < 8 or np.mean(cut > 0) > 0.5:
            continue
        tried += 1
        with suppress(PictureError):
            digits = find_digits(in_colour(255 - cut)).digits
            as_it_was += len(digits) == 1 and np.abs(digits[0].image.astype(int) - image).mean() < 2
    assert tried > 40
    assert as_it_was >= 0.95 * tried


def test_a_stroke_that_is_broken_or_detached_belongs_to_its_digit() -> None:
    grey = np.full((400, 600), 240.0)
    grey[100:112, 100:180] = 30  # the top of a 5, on its own
    grey[118:200, 100:112] = 30
    grey[190:202, 100:180] = 30
    grey[190:300, 170:182] = 30
    grey[288:300, 100:182] = 30
    grey[100:300, 300:312] = 30  # a 1 beside it
    found = find_digits(in_colour(grey))
    assert [digit.box for digit in found.digits] == [(100, 100, 300, 182), (100, 300, 300, 312)]


def test_ink_of_a_neighbour_is_not_in_the_crop() -> None:
    grey = np.full((300, 400), 240.0)
    for left in (100, 136, 172):
        for row in range(200):  # three slanted strokes whose boxes overlap
            grey[50 + row, left + (200 - row) // 4 : left + (200 - row) // 4 + 8] = 20
    digits = find_digits(in_colour(grey)).digits
    assert len(digits) == 3
    widths = [(digit.crop > 128).sum(1).max() for digit in digits]
    assert max(widths) < 16


@pytest.mark.parametrize(
    "picture",
    [
        np.full((600, 800, 3), 255.0),
        np.zeros((600, 800, 3)),
        np.full((28, 28, 3), 255.0),
        np.full((8, 8, 3), 128.0),
        shaded(np.full((600, 800, 3), 240.0), 1),
        lined(HEIGHT, WIDTH, 50),
        lined(HEIGHT, WIDTH, 40, squared=True, colour=0.5, slope=0.02),
        with_shadow(np.full((600, 800, 3), 240.0), 0.5, 0.002),
        np.random.default_rng(1).uniform(0, 255, (600, 800, 3)),
    ],
    ids=["white", "black", "small", "smallest", "shaded", "lined", "squared", "shadow", "noise"],
)
def test_nothing_is_found_where_nothing_was_written(picture: Array) -> None:
    with pytest.raises(PictureError, match=r"^No digit was found: [^.]*\.$"):
        find_digits(np.clip(picture, 0, 255).astype(np.uint8))
    if min(picture.shape[:2]) > 100:
        with pytest.raises(PictureError, match="No digit"):
            find_digits(developed(picture, np.random.default_rng(0)))


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_a_photograph_of_something_else_gives_few_digits_or_none(name: str) -> None:
    import skimage

    pixels = np.asarray(Image.open(Path(skimage.__file__).parent / "data" / f"{name}.png").convert("RGB"))
    try:
        found = find_digits(pixels)
    except PictureError:
        return
    check_shapes(found)
    assert len(found.digits) < 10


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 90), st.integers(8, 90), st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.1, 0.5]))
def test_any_small_picture_gives_digits_or_a_picture_error(height: int, width: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.where(rng.random((height, width, 1)) < share, rng.integers(0, 256, (height, width, 3)), 200).astype(np.uint8)
    with suppress(PictureError):
        check_shapes(find_digits(pixels))


def test_the_centre_is_that_of_mnist_itself() -> None:
    images, _ = digits_arrays()
    weight = images.astype(float)
    at = np.arange(FIELD)
    for axis in (1, 2):
        middle = weight.sum(axis=3 - axis) @ at / weight.sum(axis=(1, 2))
        assert np.abs(middle - CENTRE).max() <= 0.5
    free = [image for image in images[::50] if not image[-1].any() and not image[:, :2].any()]
    assert len(free) > 50
    for image in free:
        np.testing.assert_array_equal(centred(np.roll(image, (1, -2), (0, 1))), image)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_any_ink_is_scaled_to_the_box_and_centred_without_loss(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    crop = np.maximum(rng.integers(0, 256, (height, width)), rng.integers(1, 256)).astype(np.uint8)
    scaled = scaled_to_box(crop)
    rows, columns = np.flatnonzero(scaled.any(1)), np.flatnonzero(scaled.any(0))
    sides = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert max(sides) == BOX
    assert min(sides) == max(1, round(BOX * min(height, width) / max(height, width)))
    margin = (FIELD - BOX) // 2
    assert rows[0] >= margin
    assert rows[-1] < margin + BOX
    image = centred(scaled)
    assert sorted(image.ravel()) == sorted(scaled.ravel())
    middle = ndimage.center_of_mass(image.astype(float))
    for axis in (0, 1):
        at_the_edge = image.take([0, -1], axis).any()
        assert at_the_edge or abs(middle[axis] - CENTRE) <= 0.5 + 1e-9


@given(st.integers(0, 9), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=25, deadline=None)
def test_where_a_digit_stands_makes_no_difference(which: int, top: int, left: int) -> None:
    grey = np.zeros((120, 120), np.uint8)
    grey[top + 10 : top + 38, left + 10 : left + 38] = digits_test().images[which, 0]
    digits: list[Digit] = find_digits(in_colour(grey)).digits
    assert len(digits) == 1
    assert np.abs(digits[0].image.astype(int) - digits_test().images[which, 0]).mean() < 2
