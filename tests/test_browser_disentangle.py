"""The Disentangle page as a person uses it, through a real browser: set up, start, watch, reload, steer, send a link."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.server import AppServer

TINY = "steps_scale=3&steps_x=8&steps_y=8&betas=1%2C+4&numbers=3"
LONG = f"?view=Set+up&{TINY}&steps=1000000"
SHORT = f"?view=Set+up&{TINY}&steps=60"


class DisentanglePage:
    """One tab on the Disentangle page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, query: str = "") -> DisentanglePage:
        self.page.goto(f"{self.url}/disentangle{query}")
        self.page.get_by_role("heading", name="Disentangle", exact=True).wait_for()
        self.settled()
        return self

    def settled(self) -> None:
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def turn_to(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()
        expect(self.page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    @property
    def view(self) -> Locator:
        """The live view."""
        return self.page.get_by_test_id("sweep-live")

    def until_state(self, *states: str) -> None:
        expect(self.view).to_have_attribute("data-state", re.compile("|".join(states)), timeout=120_000)

    @property
    def token(self) -> str:
        found = re.search("sweep=([0-9a-f]{32})", self.page.url)
        assert found is not None
        return found[1]


@pytest.fixture
def disentangle(page: Page, server: AppServer) -> DisentanglePage:
    return DisentanglePage(page, server.url)


def test_a_sweep_is_started_watched_steered_and_seen_by_others(
    disentangle: DisentanglePage, context: BrowserContext, server: AppServer
) -> None:
    page = disentangle.page
    disentangle.open(LONG)
    expect(page.get_by_text("192 different pictures")).to_be_visible()
    start = disentangle.button("Start 2 runs")
    start.dblclick()
    disentangle.until_state("running")
    token = disentangle.token
    expect(page.get_by_role("tab", name="Live", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text(re.compile("2 runs: 2 in training"))).to_be_visible()
    expect(page.get_by_text(re.compile("about .* left"))).to_be_visible()

    page.reload()  # in mid-training: the same sweep, the same set-up
    disentangle.until_state("running")
    assert disentangle.token == token
    disentangle.turn_to("Set up")
    expect(page.get_by_role("textbox", name="Values of β")).to_have_value("1, 4")
    disentangle.turn_to("Live")

    assert context.browser is not None
    with context.browser.new_context() as elsewhere:  # somebody else, with the link
        watcher = DisentanglePage(elsewhere.new_page(), server.url).open(f"?sweep={token}&view=Live")
        watcher.until_state("running")
        expect(watcher.page.get_by_text("This sweep is somebody else's.")).to_be_visible()
        expect(watcher.button("Stop all")).to_have_count(0)
        disentangle.button("Pause all").click()
        disentangle.until_state("paused")
        watcher.until_state("paused")
    disentangle.button("Go on").click()
    disentangle.until_state("running")
    disentangle.button("Stop all").click()
    disentangle.until_state("stopped")
    expect(disentangle.button("Go on")).to_be_enabled()
    runs = [folder for folder in (server.runs / token).iterdir() if folder.is_dir()]
    assert len(runs) == 2
    own = [folder for folder in server.runs.iterdir() if (folder / "sweep.json").is_file()]
    assert len(own) == 1, "a double click starts one sweep"
    assert disentangle.errors == []


def test_a_short_sweep_ends_by_itself_and_can_be_compared_and_deleted(disentangle: DisentanglePage, server: AppServer) -> None:
    disentangle.open(SHORT).button("Start 2 runs").click()
    disentangle.until_state("finished")
    expect(disentangle.button("Stop all")).to_have_count(0)
    disentangle.turn_to("Compare")
    expect(disentangle.page).to_have_url(re.compile("view=Compare"))
    expect(disentangle.page.get_by_text("β-VAE, β = 4").first).to_be_visible()
    disentangle.turn_to("Live")
    token = disentangle.token
    disentangle.button("Delete").click()
    disentangle.button("Delete this sweep").click()
    expect(disentangle.page).not_to_have_url(re.compile(token))
    expect(disentangle.page.get_by_text("not on this server")).to_have_count(0)
    disentangle.settled()
    assert not (server.runs / token).exists()
    assert disentangle.errors == []


def test_the_address_holds_the_set_up_and_another_page_keeps_it(disentangle: DisentanglePage) -> None:
    page = disentangle.page
    disentangle.open("?view=Set+up")
    disentangle.button("Three objectives").click()
    expect(disentangle.button(re.compile("Start 9 runs"))).to_be_visible()
    expect(page).to_have_url(re.compile("(?=.*objectives=)(?=.*steps_shape=3)"))  # in any order
    address = page.url
    page.get_by_role("link", name="Latent space").click()
    page.get_by_role("heading", name="Latent space", exact=True).wait_for()
    expect(page).not_to_have_url(re.compile("objectives"))
    page.get_by_role("link", name="Disentangle", exact=True).click()
    disentangle.turn_to("Set up")
    expect(disentangle.button("Start 9 runs")).to_be_visible()
    page.goto(address)
    disentangle.turn_to("Set up")
    expect(disentangle.button("Start 9 runs")).to_be_visible()


def test_the_time_is_said_while_the_page_can_be_used(disentangle: DisentanglePage) -> None:
    disentangle.open("?view=Set+up&betas=1%2C+2%2C+3")
    expect(disentangle.page.get_by_text(re.compile(r"About .* for 3 runs on .* ms a step"))).to_be_visible(timeout=60_000)


def test_a_phone(disentangle: DisentanglePage) -> None:
    disentangle.page.set_viewport_size({"width": 360, "height": 800})
    disentangle.open("?view=Set+up&objectives=%CE%B2-VAE&objectives=Capacity")
    expect(disentangle.button("Start 7 runs")).to_be_visible()
    disentangle.page.get_by_text("More settings").click()
    disentangle.page.get_by_text("In formulas").click()
    assert not disentangle.page.evaluate("document.documentElement.scrollWidth > innerWidth")
