"""The Live view of a sweep in a page of its own; the app's own routes answer from the sweep's folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Route
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aecore.sweeps import Sweep
from aecore.ui import latent_route, sweep_route
from aecore.ui.components import source
from aecore.ui.sweep_live import FILES, SHEETS, sweep_data
from tests.component_page import ADDRESS, ComponentPage


def client() -> TestClient:
    """Asks the routes without a server."""
    return TestClient(Starlette(routes=[*sweep_route.ROUTES, *latent_route.ROUTES]))


class SweepPage(ComponentPage):
    """The view of a sweep, and the server as a test wants it."""

    def __init__(self, browser: Browser, sweep: Sweep, **context: Any) -> None:
        parts = {"html": source("sweep_live.html"), "css": source(*SHEETS), "js": source(*FILES)}
        super().__init__(browser, "sweep-live", **parts, **context)
        self.sweep = sweep
        self.asked: list[str] = []
        self.is_down = False
        self.held: re.Pattern[str] | None = None  # what is asked for and matches this is not answered
        self.client = client()
        self.page.route(f"{ADDRESS}api/**", self._answer)

    def mount_view(self, **data: Any) -> None:
        """Mount the view, or run it again as a rerun of the page does; `data` in the place of what the page would say."""
        self.page.evaluate("text => mount(JSON.parse(text))", json.dumps({**sweep_data(self.sweep), **data}))

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        self.asked.append(path)
        if self.is_down or (self.held and self.held.search(path)):
            route.abort()
            return
        answer = self.client.get(f"/{path}")
        headers = {name: value for name, value in answer.headers.items() if name not in ("content-encoding", "content-length")}
        route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    def reading(self, name: str) -> str:
        """A data attribute of the root."""
        return self.root.get_attribute(f"data-{name}") or ""

    def move_clock(self, place: float) -> None:
        """Move the slider to a place between 0 (the first step) and 1 (the newest), as a hand does."""
        self.find("clock").evaluate(
            "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input')) }", place
        )

    def hide(self, is_hidden: bool) -> None:
        """As if another tab of the browser was in front."""
        self.page.evaluate(
            """isHidden => {
              Object.defineProperty(document, "hidden", { value: isHidden, configurable: true })
              document.dispatchEvent(new Event("visibilitychange"))
            }""",
            is_hidden,
        )


@contextmanager
def opened(browser: Browser, sweep: Sweep, **context: Any) -> Iterator[SweepPage]:
    """Open and mount the view of a sweep, whose folder lies in AECORE_RUNS; fails when its script failed."""
    view = SweepPage(browser, sweep, **context)
    try:
        view.mount_view()
        yield view
    finally:
        view.context.close()
    assert view.errors == []
