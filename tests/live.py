"""The Train page as a person uses it, through a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page

from tests.server import wait_for


class TrainPage:
    """One tab on the Train page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, query: str = "") -> TrainPage:
        """Open the page by its own address."""
        self.page.goto(f"{self.url}/train{query}")
        self.page.get_by_role("heading", name="Train an autoencoder").wait_for()
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        return self

    @property
    def view(self) -> Locator:
        """The live view."""
        return self.page.get_by_test_id("live-run")

    def button(self, name: str) -> Locator:
        """One of the buttons beside the preset."""
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """Press a button, as soon as it can be pressed."""
        self.button(name).click()

    def read(self, name: str) -> str:
        """One of the live view's own readings, e.g. `step`, `loss`, `state`."""
        return self.view.get_attribute(f"data-{name}") or ""

    def number(self, name: str) -> float:
        """A reading as a number; −1 before there is one."""
        try:
            return float(self.read(name))
        except ValueError:
            return -1.0

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition of the page."""
        wait_for(condition, f"{what}; the view says {self.view.evaluate('view => ({...view.dataset})')}")

    def until_state(self, *states: str) -> None:
        """Wait until the live view says one of these states."""
        self.view.wait_for()
        self.until(lambda: self.read("state") in states, f"state {states}")
