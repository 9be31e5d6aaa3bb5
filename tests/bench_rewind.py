"""``python -m tests.bench_rewind``: how fast one scrubs through a training in a real browser. Measured, never asserted."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from aecore.presets import preset
from aecore.recording import Recorder
from aecore.runs import Run
from tests import tiny
from tests.bench_app import say
from tests.browser import launch
from tests.server import AppServer

# Follows the display: the slider at another moment for each of its frames, until so many are done. Answers how many pictures
# were drawn in how many milliseconds, and for each how long after its event.
SCRUB = """async (moves) => {
  const host = [...document.querySelectorAll("*")].find((part) => part.shadowRoot?.querySelector("[data-testid=rewind]"))
  const root = host.shadowRoot.querySelector("[data-testid=rewind]")
  const slider = root.querySelector("[data-testid=moment]")
  const latencies = []
  let drawn = Number(root.dataset.drawn)
  const [first, start] = [drawn, performance.now()]
  for (let i = 0; i < moves; i++) {
    slider.value = Math.round(Number(slider.max) * (0.5 + 0.5 * Math.sin(i / 9)))
    slider.dispatchEvent(new InputEvent("input", { bubbles: true }))
    await new Promise(requestAnimationFrame)
    if (Number(root.dataset.drawn) !== drawn) latencies.push(Number(root.dataset.latencyMs))
    drawn = Number(root.dataset.drawn)
  }
  return { pictures: drawn - first, milliseconds: performance.now() - start, latencies }
}"""
PLAY = """async () => {
  const host = [...document.querySelectorAll("*")].find((part) => part.shadowRoot?.querySelector("[data-testid=rewind]"))
  const root = host.shadowRoot.querySelector("[data-testid=rewind]")
  const [first, start] = [Number(root.dataset.drawn), performance.now()]
  root.querySelector("[data-testid=play]").click()
  while (performance.now() - start < 3000) await new Promise(requestAnimationFrame)
  const found = { pictures: Number(root.dataset.drawn) - first, milliseconds: performance.now() - start }
  if (root.dataset.playing === "true") root.querySelector("[data-testid=play]").click()
  return found
}"""

MOVES = 300
RUNS = (
    ("digits", "digits, VAE with two numbers", preset("vae").config.with_settings(tiny.settings(code__size=2, epochs=15))),
    (
        "shapes",
        "shapes 64×64",
        preset("vae").config.with_settings(
            tiny.settings(data__name="shapes", data__resolution=64, data__factor_steps=(3, 3, 2, 8, 8), epochs=3)
        ),
    ),
    ("beats", "heartbeats", preset("anomalies-sequences").config.with_settings({"epochs": 2})),
)


def main() -> None:
    """Make every measurement, a line each."""
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        folder = Path(own) / "runs"
        for token, _, config in RUNS:
            Recorder(Run.create(config, folder / token, name=token)).record()
        server = AppServer(folder, Path(own) / "log.txt")
        browser = launch(playwright)
        try:
            for token, name, _ in RUNS:
                _scrub(browser, server, token, name)
        finally:
            browser.close()
            server.stop()


def _open(page: Page, server: AppServer, token: str) -> Locator:
    page.goto(f"{server.url}/runs?view=Rewind&run={token}")
    view = page.locator("[data-testid=rewind][data-place]")
    view.wait_for()
    return view


def _scrub(browser: Browser, server: AppServer, token: str, name: str) -> None:
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        _open(page, server, token).page.close()
        page = context.new_page()
        sent: list[object] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.on("request", lambda request: sent.append(request))
        view = _open(page, server, token)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        page.wait_for_load_state("networkidle")
        before = len(sent)
        found = page.evaluate(SCRUB, MOVES)
        played = page.evaluate(PLAY)
        print(
            f"{name}, {view.get_attribute('data-moments')} moments: median {statistics.median(found['latencies']):.1f} ms "
            f"after the hand, {len(sent) - before} messages and requests to the server"
        )
        for what, each in (("scrubbing", found), ("playing", played)):
            rate = 1000 * each["pictures"] / each["milliseconds"]
            print(f"  {what:<56} {rate:8.1f} pictures a second   target 30: {'met' if rate >= 30 else 'NOT met'}", flush=True)
        say("  95th percentile of the slider's latency", statistics.quantiles(found["latencies"], n=20)[-1], 33, "ms")


if __name__ == "__main__":
    main()
