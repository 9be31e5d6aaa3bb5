"""``python -m tests.bench_latent``: how fast the Latent space page is in a real browser. Measured, never asserted."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from aecore.shipped_runs import VAE_CONVOLUTIONAL, VAE_DENSE, VAE_PLANE
from tests.bench_app import say
from tests.browser import launch
from tests.server import AppServer

# Follows the display: a move of the pointer for each of its frames, as a hand makes them, until so many are done. Answers
# how many pictures were drawn in how many milliseconds, and for each how long after its event.
DRAG = """async ([view, moves]) => {
  const host = [...document.querySelectorAll("*")].find((part) => part.shadowRoot?.querySelector(`[data-testid=${view}]`))
  const root = host.shadowRoot.querySelector(`[data-testid=${view}]`)
  const target = TARGET
  const latencies = []
  let frames = Number(root.dataset.frames)
  const [first, start] = [frames, performance.now()]
  for (let i = 0; i < moves; i++) {
    MOVE
    await new Promise(requestAnimationFrame)
    if (Number(root.dataset.frames) !== frames) latencies.push(Number(root.dataset.latencyMs))
    frames = Number(root.dataset.frames)
  }
  return { pictures: frames - first, milliseconds: performance.now() - start, latencies }
}"""
SLIDE = DRAG.replace("TARGET", 'root.querySelector(".slider input")').replace(
    "MOVE",
    """target.value = 2.5 * Math.sin(i / 9)
    target.dispatchEvent(new InputEvent("input", { bubbles: true }))""",
)
POINT = DRAG.replace("TARGET", 'root.querySelector("[data-testid=map]")').replace(
    "MOVE",
    """const { left, top, width, height } = target.getBoundingClientRect()
    const clientX = left + width * (0.5 + 0.3 * Math.cos(i / 11)), clientY = top + height * (0.5 + 0.3 * Math.sin(i / 7))
    const event = { bubbles: true, pointerId: 1, isPrimary: true, button: 0, buttons: 1, clientX, clientY, pointerType: "mouse" }
    target.dispatchEvent(new PointerEvent("pointermove", event))""",
)
DRAW = DRAG.replace("TARGET", 'root.querySelector("[data-testid=board]")').replace(
    "MOVE",
    """const { left, top, width, height } = target.getBoundingClientRect()
    const clientX = left + width * (0.5 + 0.3 * Math.cos(i / 15)), clientY = top + height * (0.5 + 0.35 * Math.sin(i / 15))
    const event = { bubbles: true, pointerId: 1, isPrimary: true, button: 0, buttons: 1, clientX, clientY, pointerType: "mouse" }
    target.dispatchEvent(new PointerEvent(i === 0 ? "pointerdown" : "pointermove", event))""",
)


NETWORKS = ((VAE_PLANE, "dense, 2 numbers", 16), (VAE_DENSE, "dense, 16 numbers", 16), (VAE_CONVOLUTIONAL, "convolutional", 33))
MOVES = 300


def main() -> None:
    """Make every measurement, a line each."""
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        server = AppServer(Path(own) / "runs", Path(own) / "log.txt")
        browser = launch(playwright)
        try:
            for run, name, limit in NETWORKS:
                _drag(browser, server, run, "Walk", SLIDE, f"walk, {name}", limit)
                _drag(browser, server, run, "Map", POINT, f"map, {name}", limit)
                _drag(browser, server, run, "Draw", DRAW, f"draw, {name}", 33)
            _first_picture(browser, server)
        finally:
            browser.close()
            server.stop()


def _view(page: Page, server: AppServer, run: str, tab: str) -> Locator:
    page.goto(f"{server.url}/latent?network={run}&view={tab}")
    view = page.locator(f"[data-testid=latent-{tab.lower()}][data-ready][data-frames]")
    view.wait_for()
    return view


def _drag(browser: Browser, server: AppServer, run: str, tab: str, script: str, name: str, limit: float) -> None:
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        sent: list[object] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.on("request", lambda request: sent.append(request))
        _view(page, server, run, tab)
        page.wait_for_function("() => [...globalThis.aecoreSpaces.values()].every((one) => one.statistics && !one.isEncoding)")
        before = len(sent)
        found = page.evaluate(script, [f"latent-{tab.lower()}", MOVES])
        slow = statistics.quantiles(found["latencies"], n=20)[-1]
        rate = 1000 * found["pictures"] / found["milliseconds"]
        print(
            f"{name}: {rate:.0f} pictures a second, median {statistics.median(found['latencies']):.1f} ms after the hand, "
            f"{len(sent) - before} messages and requests to the server"
        )
        say("  95th percentile", slow, limit, "ms")


def _first_picture(browser: Browser, server: AppServer, times: int = 5) -> None:
    """From opening the address to the first picture, by the page's own clock; warm server, in a browser that was never here, and
    in one that was."""
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(times):
        with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
            for kept in (cold, warm):
                page = context.new_page()
                view = _view(page, server, VAE_PLANE, "Walk")
                kept.append(float(view.get_attribute("data-first-ms") or "nan") / 1000)
                page.close()
    say("first picture, a browser that was never here, median", statistics.median(cold), 1.5, "s")
    say("first picture, a browser that was here before, median", statistics.median(warm), 1.5, "s")


if __name__ == "__main__":
    main()
