"""The Latent space page as a person uses it, through a real browser: walk, look into a run while it trains, reload, go back."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from aecore.shipped_runs import VAE_CONVOLUTIONAL, VAE_DENSE, VAE_PLANE
from tests.live import TrainPage
from tests.server import AppServer

VIEWS = ("Walk", "Map", "Draw", "Between", "Arithmetic", "Generate")


class LatentPage:
    """One tab on the Latent space page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.sent: list[object] = []
        """What this tab has sent to the server: messages, and requests for anything."""
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self.sent.append(frame)))
        page.on("request", lambda request: self.sent.append(request))

    def open(self, query: str = "") -> LatentPage:
        self.page.goto(f"{self.url}/latent{query}")
        self.page.get_by_role("heading", name="Latent space", exact=True).wait_for()
        return self

    def view(self, name: str) -> Locator:
        """The view of a tab, once it shows something."""
        found = self.page.get_by_test_id(f"latent-{name.lower()}")
        expect(found).to_have_attribute("data-ready", "")
        expect(found).to_have_attribute("data-frames", re.compile("."))
        return found

    def turn_to(self, name: str) -> Locator:
        self.page.get_by_role("tab", name=name).click()
        return self.view(name)

    def quiet(self) -> None:
        """Wait until the page has settled and all pictures are encoded."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "() => [...globalThis.aecoreSpaces.values()].every((one) => one.statistics && !one.isEncoding)"
        )


@pytest.fixture
def latent(page: Page, server: AppServer) -> LatentPage:
    return LatentPage(page, server.url)


def drag(page: Page, target: Locator, places: list[tuple[float, float]]) -> list[str | None]:
    """Press at the first place of an element (shares of its width and height), move over the others, let go. The hashes seen."""
    box = target.bounding_box()
    assert box is not None
    hashes: list[str | None] = []
    view = page.locator("[data-testid^=latent-][data-picture-hash]")
    for i, (across, down) in enumerate(places):
        before = view.get_attribute("data-picture-hash")
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        if i == 0:
            page.mouse.down()
        else:
            expect(view).not_to_have_attribute("data-picture-hash", before or "")
        hashes.append(view.get_attribute("data-picture-hash"))
    page.mouse.up()
    return hashes


@pytest.mark.parametrize("run", [VAE_DENSE, VAE_CONVOLUTIONAL])
def test_dragging_a_slider_changes_the_picture_without_a_message(latent: LatentPage, run: str) -> None:
    view = latent.open(f"?network={run}").view("Walk")
    latent.quiet()
    before = len(latent.sent)
    assert before > 0, "the listener hears"
    slider = view.locator(".slider input").first
    hashes = drag(latent.page, slider, [(0.5, 0.5), (0.6, 0.5), (0.7, 0.5), (0.8, 0.5), (0.9, 0.5)])
    assert len(set(hashes[1:])) == 4
    assert len(latent.sent) == before


def test_moving_over_the_map_changes_the_picture_without_a_message(latent: LatentPage) -> None:
    view = latent.open("?view=Map").view("Map")
    latent.quiet()
    before = len(latent.sent)
    places = [(0.5, 0.5), (0.55, 0.4), (0.6, 0.45), (0.4, 0.6), (0.45, 0.3)]
    hashes = drag(latent.page, view.get_by_test_id("map"), places)
    assert len(set(hashes[1:])) == 4
    assert len(latent.sent) == before


def test_the_code_goes_along_from_tab_to_tab_and_the_address_knows_the_tab(latent: LatentPage) -> None:
    view = latent.open().view("Walk")
    latent.quiet()
    view.get_by_test_id("random").click()
    expect(view.get_by_test_id("where")).to_contain_text("random sample")
    code = json.loads(view.get_attribute("data-code") or "")
    shown = latent.turn_to("Map")
    expect(shown).to_have_attribute("data-code", json.dumps(code, separators=(",", ":")))
    expect(latent.page).to_have_url(re.compile("view=Map"))
    assert json.loads(latent.turn_to("Walk").get_attribute("data-code") or "") == code
    latent.turn_to("Map")
    latent.page.reload()
    latent.view("Map")


def test_every_view_shows_something_of_every_kind_of_network(latent: LatentPage) -> None:
    errors: list[str] = []
    latent.page.on("pageerror", lambda error: errors.append(str(error)))
    for run in (VAE_PLANE, "vanilla-mnist"):
        latent.open(f"?network={run}").view("Walk")
        for name in VIEWS:
            latent.turn_to(name)
    assert errors == []


def test_choosing_another_network(latent: LatentPage) -> None:
    latent.open().view("Walk")
    expect(latent.page.get_by_test_id("title")).to_have_text("The code: 2 numbers")
    latent.page.get_by_role("combobox").click()
    latent.page.get_by_role("option", name="VAE, 16 numbers, MNIST", exact=True).click()
    expect(latent.page.get_by_test_id("title")).to_have_text("The code: 16 numbers")
    expect(latent.page).to_have_url(re.compile(VAE_DENSE))
    latent.page.go_back()
    expect(latent.page.get_by_test_id("title")).to_have_text("The code: 2 numbers")


def test_looking_into_a_run_while_it_trains(context: BrowserContext, server: AppServer) -> None:
    page = context.new_page()
    train = TrainPage(page, server.url).open("?preset=vae&code.size=2&epochs=400")
    train.press("Train")
    train.until_state("running")
    page.get_by_role("link", name="Look into its code").click()
    latent = LatentPage(page, server.url)
    view = latent.view("Walk")
    expect(page.get_by_text("Still in training")).to_be_visible()
    hashes = []
    for _ in range(3):  # nobody touches anything: the weights change
        before = view.get_attribute("data-picture-hash") or ""
        hashes.append(before)
        expect(view).not_to_have_attribute("data-picture-hash", before)
    map_view = latent.turn_to("Map")
    moved = "() => JSON.stringify([...globalThis.aecoreSpaces.values()].at(-1).encodings[0]?.mean)"
    first = page.evaluate(moved)
    page.wait_for_function(f"first => ({moved})() !== first", arg=first)
    expect(map_view).to_have_attribute("data-points", "500")
    page.get_by_role("link", name="Watch it train").click()
    train.until_state("running")
    other = context.new_page()
    watcher = LatentPage(other, server.url)
    token = re.search("run=([0-9a-f]+)", page.url)
    assert token is not None
    watcher.open(f"?network={token[1]}").view("Walk")
    train.press("Stop")
    train.until_state("stopped")
    expect(other.get_by_text("Still in training")).to_be_hidden()


def test_a_way_between_two_pictures_is_saved_as_a_gif(latent: LatentPage) -> None:
    view = latent.open(f"?view=Between&network={VAE_DENSE}").view("Between")
    expect(view).to_have_attribute("data-strips", "done")
    with latent.page.expect_download() as download:
        view.get_by_role("button", name="GIF", exact=True).click()
    image = Image.open(download.value.path())
    assert image.format == "GIF"
    assert getattr(image, "n_frames", 1) > 30
    assert image.size == (224, 224)


def test_drawing_a_digit_moves_its_code_without_a_message(latent: LatentPage) -> None:
    view = latent.open("?view=Draw").view("Draw")
    latent.quiet()
    before = len(latent.sent)
    box = view.get_by_test_id("board").bounding_box()
    assert box is not None
    seen = [view.get_attribute("data-mean")]
    latent.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"])
    latent.page.mouse.down()
    for share in (0.3, 0.5, 0.7, 0.85):
        latent.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + share * box["height"])
        expect(view).not_to_have_attribute("data-mean", seen[-1] or "")
        seen.append(view.get_attribute("data-mean"))
    latent.page.mouse.up()
    assert len(set(seen)) == 5
    assert len(latent.sent) == before


def test_a_phone(latent: LatentPage) -> None:
    latent.page.set_viewport_size({"width": 360, "height": 800})
    latent.open().view("Walk")
    for name in VIEWS:
        latent.turn_to(name)
        assert not latent.page.evaluate("document.documentElement.scrollWidth > innerWidth"), name
