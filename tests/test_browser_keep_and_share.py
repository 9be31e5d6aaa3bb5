"""A run from its keeping to another browser, as people do it: keep, compare, look back, take away, bring back, share."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from aecore.recording import Recorder
from aecore.runs import Run
from aecore.ui.server import COOKIE, person_of
from tests import tiny
from tests.server import AppServer

TOKEN = "d" * 32
RENAME = """async ([address, token]) => {
  const body = JSON.stringify({ action: "rename", tokens: [token], value: "Stolen" })
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body })
  return response.status
}"""


def made(server: AppServer, token: str, name: str, **settings: object) -> Run:
    """A small trained run in the server's folder, of the browser with the cookie TOKEN."""
    run = Run.create(tiny.config(**settings), server.runs / token, owner=person_of({COOKIE: TOKEN}), name=name)
    assert Recorder(run).record().state == "finished"
    return run


def test_kept_compared_rewound_taken_away_brought_back_and_shared(page: Page, browser: Browser, server: AppServer) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    first, second = made(server, "6" * 32, "narrow"), made(server, "7" * 32, "wide", code__size=9)
    page.context.add_cookies([{"name": COOKIE, "value": TOKEN, "url": server.url}])

    # Compare: both marked, one press.
    page.goto(f"{server.url}/runs")
    for run in (first, second):
        page.locator(f".run[data-token='{run.token}'] input[type=checkbox]").check()
    page.get_by_role("button", name="Compare").click()
    table = page.get_by_test_id("compare-table")
    expect(table.locator("[data-line='code.size'] td")).to_have_text(["9", "4"])  # as the list has them: the newest first
    expect(page.get_by_test_id("compare-pictures")).to_have_attribute("data-drawn", "2")
    expect(page.get_by_test_id("compare-curves")).to_have_attribute("data-runs", "2")

    # Look back, then take away.
    page.goto(f"{server.url}/runs?view=Rewind&run={second.token}")
    expect(page.get_by_test_id("rewind")).to_have_attribute("data-state", "finished")
    page.get_by_role("tab", name="Take away", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a zip").click()
    file = download.value.path()

    # Bring it back: looked at, kept, measured here.
    page.get_by_role("tab", name="Bring back", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "wide.zip", "mimeType": "application/zip", "buffer": file.read_bytes()}
    )
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("tab", name="Rewind", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page).not_to_have_url(re.compile(second.token))
    expect(page.get_by_text("to the last digit")).to_be_visible()
    brought = next(run for run in map(Run, server.runs.glob("[0-9a-f]*")) if run.about.file == "wide.zip")
    assert brought.config == second.config
    assert brought.status.test == second.status.test
    expect(page.get_by_test_id("rewind")).to_have_attribute("data-state", "finished")

    # Shared by its link: to be looked at, not to be changed.
    with browser.new_context() as stranger:
        theirs = stranger.new_page()
        theirs.goto(f"{server.url}/runs?view=Rewind&run={brought.token}")
        expect(theirs.get_by_test_id("rewind")).to_have_attribute("data-state", "finished")
        assert theirs.evaluate(RENAME, [f"{server.url}/api/runs", brought.token]) == 403
        theirs.goto(f"{server.url}/train?run={brought.token}")
        expect(theirs.get_by_test_id("live-run")).to_have_attribute("data-state", "finished")
        expect(theirs.get_by_text("This run is somebody else's")).to_be_visible()
        for action in ("Pause", "Resume", "Stop"):
            expect(theirs.get_by_role("button", name=action, exact=True)).to_have_count(0)
    assert brought.about.name == "wide"
    assert errors == []
