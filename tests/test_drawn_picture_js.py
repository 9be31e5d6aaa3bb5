"""drawn_picture.js: what is drawn becomes what the data's own pictures are, pixel for pixel as in Python."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from aecore.pictures.normalise import BOX, CENTRE, centred, scaled_to_box
from aecore.ui.components import source
from tests.handwriting import digits_test

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

SIDE = 280
STROKES = """strokes => {
  const ink = inkOf(strokes)
  let text = ""
  for (const value of ink) text += String.fromCharCode(value)
  return btoa(text)
}"""
PICTURE = """([ink, size, isCentred]) => {
  const values = Uint8Array.from(atob(ink), (letter) => letter.charCodeAt(0))
  return [...drawnPicture(values, size, isCentred)]
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("canvas.js", "board.js", "quantile.js", "drawn_picture.js"))
    yield page
    page.close()


def ink_of(page: Page, *strokes: dict[str, Any]) -> Bytes:
    """The ink of strokes, (280, 280)."""
    return np.frombuffer(base64.b64decode(page.evaluate(STROKES, list(strokes))), np.uint8).reshape(SIDE, SIDE)


def picture_of(page: Page, ink: Bytes, *, centre: bool, side: int = 28, channels: int = 1) -> Floats:
    """What the network is shown, 0 to 255, (channels, side, side)."""
    size = {"channels": channels, "height": side, "width": side}
    values = page.evaluate(PICTURE, [base64.b64encode(ink.tobytes()).decode(), size, centre])
    return np.array(values).reshape(channels, side, side) * 255


def like_mnist(ink: Bytes) -> Bytes:
    """The same by Python."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return centred(scaled_to_box(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))


def centre_of_mass(picture: npt.NDArray[Any]) -> tuple[float, float]:
    weight = picture / picture.sum()
    places = np.arange(len(picture))
    return float(weight.sum(1) @ places), float(weight.sum(0) @ places)


def scribble(seed: int) -> dict[str, Any]:
    """A stroke of a hand that goes anywhere, in a part of the board of any size."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 200, 2)
    high = low + rng.uniform(20, SIDE - low)
    return {"width": int(rng.choice([14, 22, 30])), "points": rng.uniform(low, high, (rng.integers(1, 12), 2)).tolist()}


def test_ink_lies_where_it_was_drawn(page: Page) -> None:
    ink = ink_of(page, {"width": 20, "points": [[100, 60], [100, 200]]}, {"width": 10, "points": [[200, 100]]})
    assert (ink[60:200, 92:108] == 255).all()
    assert ink[120].sum() / 255 == pytest.approx(20, abs=0.5)
    assert ink[:, 150:].sum() / 255 == pytest.approx(np.pi * 25, rel=0.05)
    assert (ink[:, 220:] == 0).all()
    assert not ink_of(page).any(), "nothing stays from the last drawing"


@pytest.mark.parametrize("seed", range(24))
def test_a_drawing_is_made_as_in_python(page: Page, seed: int) -> None:
    strokes = [scribble(100 * seed + i) for i in range(1 + seed % 3)]
    ink = ink_of(page, *strokes)
    ours, theirs = picture_of(page, ink, centre=True)[0], like_mnist(ink)
    assert np.abs(ours - theirs).max() <= 1.01
    assert centre_of_mass(ours) == pytest.approx(centre_of_mass(theirs), abs=0.05)


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (20, 20), (14, 14), (20, 7), (40, 21), (39, 40), (280, 21), (279, 280)])
def test_ink_of_any_size_is_made_as_in_python(page: Page, size: tuple[int, int]) -> None:
    """Also ink that is smaller than the box, and sizes that fall on halves when they are rounded."""
    height, width = size
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[:height, :width] = np.random.default_rng(0).integers(1, 256, size)
    ours, theirs = picture_of(page, ink, centre=True)[0], like_mnist(ink)
    assert np.abs(ours - theirs).max() <= 2.01, "one level, made two where grey is brightened"


def test_real_digits_are_made_as_in_python_and_stay_what_they_are(page: Page) -> None:
    kept = 0
    for digit in digits_test().images[:60, 0]:
        ink = np.asarray(Image.fromarray(digit).resize((SIDE, SIDE), Image.Resampling.NEAREST))
        ours = picture_of(page, ink, centre=True)[0]
        assert np.abs(ours - like_mnist(ink)).max() <= 1.01
        assert centre_of_mass(ours) == pytest.approx((CENTRE, CENTRE), abs=0.51)
        rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
        if max(np.ptp(rows), np.ptp(columns)) + 1 == BOX and np.percentile(digit[digit > 0], 95) >= 250:
            assert np.abs(ours - digit).mean() <= 0.01
            kept += 1
    assert kept >= 20


def test_thin_ink_is_made_white(page: Page) -> None:
    ink = np.zeros((SIDE, SIDE), np.uint8)
    ink[20:260, 138:142] = 90
    ink[20:24, 60:220] = 90
    picture = picture_of(page, ink, centre=True)[0]
    assert picture.max() == 255
    assert np.abs(picture - like_mnist(ink)).max() <= 1.01


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_pictures_are_the_board_made_small(page: Page, side: int, channels: int) -> None:
    ink = ink_of(page, scribble(1), scribble(2))
    small = np.asarray(Image.fromarray(ink).resize((side, side), Image.Resampling.BOX))
    picture = picture_of(page, ink, centre=False, side=side, channels=channels)
    assert np.abs(picture - small).max() <= 1.01, "the same in every channel"
    assert picture.mean() == pytest.approx(ink.mean(), abs=2)


def test_nothing_drawn_is_black(page: Page) -> None:
    nothing = np.zeros((SIDE, SIDE), np.uint8)
    assert not picture_of(page, nothing, centre=True).any()
    assert not picture_of(page, nothing, centre=False, side=64).any()


@pytest.mark.parametrize(
    ("data", "side", "is_centred"),
    [
        ("digits", 28, True),
        ("mnist", 28, True),
        ("kmnist", 28, True),
        ("emnist-letters", 28, True),
        ("fashion-mnist", 28, False),
        ("shapes", 64, False),
    ],
)
def test_handwriting_is_centred(page: Page, data: str, side: int, is_centred: bool) -> None:
    assert page.evaluate("facts => isCentredData(facts)", {"data": data, "height": side, "width": side}) is is_centred
