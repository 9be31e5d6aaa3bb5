"""A component in a page of its own, without a server: Playwright itself answers what the page asks for."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Locator, Route, ViewportSize, expect

from aecore.ui.components import source
from tests.browser import component_page

Pixels = npt.NDArray[np.uint8]
ADDRESS = "http://component.localhost/"
MOUNT_BYTES = "text => mount(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)))"


class ComponentPage:
    """One component in a tab, and what tests do with it: see, find, touch, and read what it told Python."""

    def __init__(self, browser: Browser, test_id: str, *, html: str, css: str, js: str, **context: Any) -> None:
        """Open the page; the component is not mounted yet.

        test_id: of the component's root, whose data attributes are its readings.
        html, css, js: the component's own source.
        context: options of the browser context, such as viewport, device_scale_factor or has_touch.
        """
        self.context = browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **context})
        self.page = self.context.new_page()
        self.root = self.page.get_by_test_id(test_id)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        answers = {
            ADDRESS: ("text/html", component_page(html, css)),
            f"{ADDRESS}component.js": ("text/javascript", js),
        }
        self.page.route("**/*", lambda route: _answer(route, answers))
        self.page.goto(ADDRESS)
        self.page.wait_for_function("window.isReady")

    def mount(self, data: bytes | None = None) -> None:
        """Mount the component, or run it again as a rerun of the page does."""
        if data is None:
            self.page.evaluate("() => mount(null)")
        else:
            self.page.evaluate(MOUNT_BYTES, base64.b64encode(data).decode())

    def unmount(self) -> None:
        self.page.evaluate("() => unmount()")

    def set_theme(self, name: str) -> None:
        self.page.evaluate("name => setTheme(name)", name)

    def set_width(self, width: int) -> None:
        self.page.set_viewport_size(ViewportSize(width=width, height=900))

    @property
    def told(self) -> list[Any]:
        """What the component told Python so far: ["state" or "trigger", name, value]."""
        return list(self.page.evaluate("window.events"))

    def find(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def shows(self, **readings: object) -> None:
        """Wait until the root's data attributes are these."""
        for name, value in readings.items():
            expect(self.root).to_have_attribute(f"data-{name}", str(value))

    def box(self, test_id: str) -> tuple[float, float, float, float]:
        """Return left, top, width and height of an element, in CSS pixels of the window."""
        box = self.find(test_id).bounding_box()
        assert box is not None
        return box["x"], box["y"], box["width"], box["height"]

    def point(self, test_id: str, across: float, down: float) -> tuple[float, float]:
        """Return the place in the window that is at these shares, 0 to 1, of an element's width and height."""
        left, top, width, height = self.box(test_id)
        return left + across * width, top + down * height

    def screen(self) -> Pixels:
        """Return what the window shows, (height, width, 3), in device pixels."""
        shot = self.page.screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))

    def cut_off(self, selector: str) -> list[str]:
        """Return the matching elements that are narrower than their text."""
        found = self.root.evaluate(
            """(root, selector) => [...root.querySelectorAll(selector)]
              .filter((part) => part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1)
              .map((part) => part.outerHTML)""",
            selector,
        )
        return list(found)

    def is_too_wide(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def _answer(route: Route, answers: dict[str, tuple[str, str]]) -> None:
    kind, text = answers.get(route.request.url, ("text/plain", ""))
    route.fulfill(content_type=f"{kind}; charset=utf-8", body=text)


class Finger:
    """A finger, or several, on a page that was opened with has_touch."""

    def __init__(self, component: ComponentPage) -> None:
        self.session: CDPSession = component.context.new_cdp_session(component.page)

    def down(self, *places: float) -> None:
        """Touch the page; places are x and y, of one finger after the other. So for move."""
        self._send("touchStart", places)

    def move(self, *places: float) -> None:
        self._send("touchMove", places)

    def up(self) -> None:
        self._send("touchEnd", ())

    def _send(self, kind: str, places: tuple[float, ...]) -> None:
        points = [{"x": x, "y": y} for x, y in zip(places[::2], places[1::2], strict=True)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@contextmanager
def opened(browser: Browser, name: str, *, css: Sequence[str], js: Sequence[str], **context: Any) -> Iterator[ComponentPage]:
    """Open the component whose HTML is `name`.html and whose root's test id is `name` with hyphens.

    css, js: names of the files that make up its style and its script. Fails when the script failed.
    """
    parts = {"html": source(f"{name}.html"), "css": source(*css), "js": source(*js)}
    component = ComponentPage(browser, name.replace("_", "-"), **parts, **context)
    try:
        yield component
    finally:
        component.context.close()
    assert component.errors == []
