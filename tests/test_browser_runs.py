"""The view Runs as a person uses it, through a real browser: name, star, find, delete, undo; others see and change nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from aecore.recording import Recorder
from aecore.runs import Run
from aecore.ui.server import COOKIE, person_of
from tests import tiny
from tests.server import AppServer

TOKEN = "c" * 32
DELETE = """async ([address, token]) => {
  const body = JSON.stringify({ action: "delete", tokens: [token] })
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body })
  return [response.status, (await response.json()).error]
}"""


def made(server: AppServer, token: str, name: str) -> Run:
    """A small trained run in the server's folder, of the browser with the cookie TOKEN."""
    run = Run.create(tiny.config(), server.runs / token, owner=person_of({COOKIE: TOKEN}), name=name)
    assert Recorder(run).record().state == "finished"
    return run


def test_runs_are_named_starred_found_deleted_brought_back_and_nobody_elses(
    page: Page, browser: Browser, server: AppServer
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    first, second = made(server, "1" * 32, "vanilla · digits"), made(server, "2" * 32, "vae · digits")
    page.context.add_cookies([{"name": COOKIE, "value": TOKEN, "url": server.url}])
    page.goto(f"{server.url}/runs")
    gallery = page.get_by_test_id("runs-gallery")
    expect(gallery).to_have_attribute("data-mine", "2")

    card = page.locator(f".run[data-token='{first.token}']")
    expect(card.locator("img")).to_have_js_property("naturalHeight", 57)
    card.locator(".more").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_test_id("dialog-name").fill("The <b>best</b> one")
    page.get_by_test_id("dialog-save").click()
    expect(card.locator(".name")).to_have_text("The <b>best</b> one")
    card.locator(".star").click()
    expect(card.locator(".star")).to_have_attribute("aria-pressed", "true")
    assert (first.about.name, first.about.starred) == ("The <b>best</b> one", True)

    page.get_by_test_id("search").fill("best")
    expect(gallery).to_have_attribute("data-listed", "1")
    page.reload()
    expect(gallery).to_have_attribute("data-listed", "1")
    card.focus()
    page.keyboard.press("Delete")
    expect(page.get_by_test_id("notice-words")).to_have_text("Deleted The <b>best</b> one.")
    assert not first.exists
    page.get_by_test_id("undo").click()
    expect(card).to_be_visible()
    assert first.exists

    with browser.new_context() as stranger:  # a browser with a cookie of its own
        theirs = stranger.new_page()
        theirs.goto(f"{server.url}/runs")
        expect(theirs.get_by_test_id("runs-gallery")).to_have_attribute("data-mine", "0")
        assert second.token not in theirs.content()
        status, error = theirs.evaluate(DELETE, [f"{server.url}/api/runs", second.token])
        assert (status, "somebody else" in error) == (403, True)
        # Another site's page, in a browser that has the right cookie: as browsers see it, localhost is another one.
        stranger.add_cookies([{"name": COOKIE, "value": TOKEN, "url": server.url}])
        elsewhere = stranger.new_page()
        elsewhere.goto(f"{server.url.replace('127.0.0.1', 'localhost')}/_stcore/health")
        with pytest.raises(Error):
            elsewhere.evaluate(DELETE, [f"{server.url}/api/runs", second.token])
    assert second.exists

    card.get_by_role("button", name="Look back").click()
    expect(page).to_have_url(re.compile(f"run={first.token}"))
    expect(page.get_by_role("tab", name="Rewind", exact=True)).to_have_attribute("aria-selected", "true")
    assert errors == []
