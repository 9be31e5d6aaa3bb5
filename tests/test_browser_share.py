"""Sharing in real browsers: a link to an experiment from one to another, and a lesson from its link to its end."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.live import TrainPage
from tests.server import AppServer

LESSON = (
    "?lesson=Epochs&task=Train+for+longer.&hide=nav,compare,drawing&only=epochs&preset=vanilla&data.train_images=300&epochs=2"
)


def test_an_experiment_is_copied_and_opened_in_another_browser(page: Page, browser: Browser, server: AppServer) -> None:
    train = TrainPage(page, server.url).open("?preset=vae&code.size=3&seed=41")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    before = page.get_by_role("heading", name="Train an autoencoder").bounding_box()
    page.get_by_role("button", name="Share").click()
    row = page.get_by_test_id("share-experiment")
    row.get_by_role("button", name="Copy").click()
    expect(row.get_by_role("button", name="Copied")).to_be_visible()
    assert page.get_by_role("heading", name="Train an autoencoder").bounding_box() == before, "nothing moves"
    link = str(page.evaluate("navigator.clipboard.readText()"))
    assert link.startswith(f"{server.url}/train?format=")
    row.get_by_role("button", name="QR code").click()
    picture = page.get_by_alt_text("QR code of the link: This experiment")
    assert picture.evaluate("picture => picture.naturalWidth > 100")
    page.get_by_test_id("share-code").get_by_role("button", name="Close").click()

    # Where there is no clipboard to write to, the old way does it, or the text is selected.
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false }")
    page.get_by_test_id("share-page").get_by_role("button", name="Copy").click()
    expect(page.get_by_test_id("share-page").get_by_role("status")).to_contain_text("press Ctrl+C")

    with browser.new_context() as another:
        other = TrainPage(another.new_page(), server.url)
        other.page.goto(link)
        other.until_state("ready")
        expect(other.page.get_by_role("spinbutton", name="Code size")).to_have_value("3")
        expect(other.page).not_to_have_url(re.compile("format="))
        assert set(other.page.url.split("?")[1].split("&")) == set(train.page.url.split("?")[1].split("&"))
        assert "seed=41" in other.page.url


def test_a_lesson_from_its_link_to_its_end(page: Page, server: AppServer) -> None:
    train = TrainPage(page, server.url).open(LESSON)
    is_lesson(page)
    epochs = page.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("2")
    epochs.fill("1")
    epochs.press("Enter")
    expect(page).to_have_url(re.compile("epochs=1"))
    train.press("Train")
    train.until_state("finished")
    expect(page).to_have_url(re.compile("run="))
    is_lesson(page)
    page.reload()
    train.until_state("finished")
    is_lesson(page)
    expect(epochs).to_have_value("1")

    page.get_by_test_id("lesson-start").click()
    train.until_state("ready")
    expect(epochs).to_have_value("2")
    is_lesson(page)

    page.get_by_test_id("lesson-leave").click()
    expect(page.get_by_role("navigation", name="App pages")).to_be_visible()
    expect(page.get_by_text("Train for longer.")).to_have_count(0)
    expect(epochs).to_have_value("2")
    for name in ("lesson", "task", "hide", "only"):
        assert not re.search(rf"[?&]{name}=", page.url)


def is_lesson(page: Page) -> None:
    expect(page.get_by_text("Train for longer.")).to_be_visible()
    expect(page.get_by_role("navigation", name="App pages")).to_have_count(0)
    expect(page.get_by_role("spinbutton", name="Epochs")).to_be_visible()
    for name in ("Code size", "Preset", "Data"):
        expect(page.get_by_label(name, exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile("lesson=Epochs"))
