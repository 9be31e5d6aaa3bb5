"""``python -m tests.bench_runs``: how fast the Runs page is with a thousand runs, in a real browser. Measured, never asserted."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from aecore.recording import Recorder
from aecore.run_summaries import Summaries
from aecore.runs import About, Run
from aecore.ui.server import COOKIE, person_of
from tests import tiny
from tests.bench_app import say
from tests.browser import launch
from tests.server import AppServer

RUNS = 1_000
TOKEN = "d" * 32
DIGITS = ("vanilla · digits", "vae · digits · size 2", "deep · digits", "sparse-kl · digits")

# Types a search letter by letter, and waits each time until the page has been laid out.
SEARCH = """async (text) => {
  const host = [...document.querySelectorAll("*")].find((part) => part.shadowRoot?.querySelector("[data-testid=runs-gallery]"))
  const root = host.shadowRoot.querySelector("[data-testid=runs-gallery]")
  const field = root.querySelector("[data-testid=search]")
  const times = []
  for (let letters = 1; letters <= text.length; letters++) {
    const start = performance.now()
    field.value = text.slice(0, letters)
    field.dispatchEvent(new InputEvent("input", { bubbles: true }))
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
    times.push(performance.now() - start)
  }
  return times
}"""


def main() -> None:
    """Make every measurement, a line each."""
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        root = Path(own) / "runs"
        make_runs(root)
        cold, warm = summaries(root)
        say(f"summaries of {RUNS:,} runs, the first time after the start", cold, 5_000, "ms")
        say(f"summaries of {RUNS:,} runs, warm", warm, 50, "ms")
        server = AppServer(root, Path(own) / "log.txt")
        browser = launch(playwright)
        try:
            measure(browser, server)
        finally:
            browser.close()
            server.stop()


def make_runs(root: Path, count: int = RUNS) -> None:
    """A tiny trained run, copied so many times as the runs of the browser with the cookie TOKEN."""
    owner = person_of({COOKIE: TOKEN})
    first = Run.create(tiny.config(), root / f"{0:032x}", owner=owner, name=DIGITS[0])
    Recorder(first).record()
    for number in range(1, count):
        run = Run(root / f"{number:032x}")
        shutil.copytree(first.folder, run.folder)
        run.write_about(About(owner, time.time() - 60 * number, DIGITS[number % len(DIGITS)], f"note {number}"))


def summaries(root: Path) -> tuple[float, float]:
    """Milliseconds that the summaries take when nothing is known of them, and when nothing has changed."""
    import os

    os.environ["AECORE_RUNS"] = str(root)
    kept, times = Summaries(), []
    for _ in range(6):
        start = time.perf_counter()
        kept.of(person_of({COOKIE: TOKEN}))
        times.append(1000 * (time.perf_counter() - start))
    return times[0], statistics.median(times[1:])


def measure(browser: Browser, server: AppServer, times: int = 5) -> None:
    """In a browser that was here before, with a server that knows the runs."""
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.add_cookies([{"name": COOKIE, "value": TOKEN, "url": server.url}])
        page = context.new_page()
        sizes: list[int] = []
        page.on(
            "response",
            lambda response: sizes.append(response.request.sizes()["responseBodySize"]) if _is_list(response.url) else None,
        )
        first: list[float] = []
        for _ in range(times + 1):
            _open(page, server)
            first.append(float(page.get_by_test_id("runs-gallery").get_attribute("data-first-ms") or "nan") / 1000)
        say(f"first picture of {RUNS:,} runs, warm, median", statistics.median(first[1:]), 1.5, "s")
        print(f"  the answer with all runs: {max(sizes) / 1024:.0f} kB; elements of runs in the page: {_there(page)}")
        letters = page.evaluate(SEARCH, "sparse 17")
        say("search, a letter, median", statistics.median(letters), 200, "ms")
        say("search, a letter, slowest", max(letters), 200, "ms")
        page.get_by_test_id("clear").click()
        page.get_by_label("Table").check(force=True)
        letters = page.evaluate(SEARCH, "note 99")
        say("search in the table, a letter, slowest", max(letters), 200, "ms")


def _is_list(address: str) -> bool:
    return "/api/runs?" in address


def _there(page: Page) -> int:
    return int(json.loads(page.get_by_test_id("runs-gallery").get_attribute("data-there") or "0"))


def _open(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/runs")
    page.locator(f"[data-testid=runs-gallery][data-mine='{RUNS}'][data-first-ms]").wait_for()


if __name__ == "__main__":
    main()
