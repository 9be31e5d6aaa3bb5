"""What the tests of the divided pictures share: pictures of one colour, and what the screen shows of them."""

import io
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser

from aecore.ui.before_after import SCRIPTS, STYLES, pack
from tests.component_page import ComponentPage, Pixels, opened

RED, BLUE, GREEN = (200, 0, 0), (0, 0, 200), (0, 150, 0)
SIZE = (400, 300)


def encoded(pixels: Pixels, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return file.getvalue()


def plain(colour: tuple[int, ...], size: tuple[int, int] = SIZE, kind: str = "PNG") -> bytes:
    width, height = size
    return encoded(np.full((height, width, len(colour)), colour, np.uint8), kind)


def two(before: bytes, after: bytes, size: tuple[int, int] = SIZE, titles: tuple[str, str] = ("Noisy", "Denoised")) -> bytes:
    return pack(before, after, size=size, before_title=titles[0], after_title=titles[1])


def plain_two(size: tuple[int, int] = SIZE) -> bytes:
    return two(plain(RED, size), plain(BLUE, size), size)


def open_pictures(browser: Browser, **context: Any) -> AbstractContextManager[ComponentPage]:
    """Open a page for pictures; context are options of the browser context."""
    return opened(browser, "before_after", css=STYLES, js=SCRIPTS, **context)


def move_to(pictures: ComponentPage, across: float, down: float = 0.8) -> None:
    pictures.page.mouse.move(*pictures.point("stage", across, down))


def assert_near(pictures: ComponentPage, position: float, tolerance: float) -> None:
    """Wait until the divider is about there."""
    pictures.page.wait_for_function(
        "([root, place, tolerance]) => Math.abs(root.dataset.position - place) <= tolerance",
        arg=[pictures.root.element_handle(), position, tolerance],
    )


def colours_along(pictures: ComponentPage, down: float = 0.8) -> Pixels:
    """Return the colours of the picture's row at this share of its height, as the screen shows them."""
    left, top, width, height = pictures.box("stage")
    return pictures.screen()[int(top + down * height), round(left) : round(left + width)]


def assert_divided_at(pictures: ComponentPage, share: float) -> None:
    """Check that the screen is red left of the share and blue right of it, but for the line itself."""
    colours = colours_along(pictures)
    line = share * len(colours)
    left, right = colours[: max(0, int(line) - 3)], colours[int(line) + 4 :]
    assert (left == RED).all()
    assert (right == BLUE).all()
    assert len(left) + len(right) > len(colours) - 9
    pictures.shows(position=f"{100 * share:g}")
