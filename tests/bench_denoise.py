"""``python -m tests.bench_denoise``: how fast the Denoise page is in a real browser. Measured, never asserted."""

from __future__ import annotations

import io
import statistics
import tempfile
import threading
import time
from pathlib import Path

import psutil
from PIL import Image
from playwright.sync_api import Browser, FilePayload, sync_playwright

from aecore.pictures.sources import HELD_OUT, bundled_picture
from aecore.shipped_runs import CONVOLUTIONAL_DENOISER, DENSE_DENOISER, PLAIN
from tests.bench_app import say
from tests.browser import launch
from tests.server import AppServer


def main() -> None:
    """Make every measurement, a line each."""
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        server = AppServer(Path(own) / "runs", Path(own) / "log.txt")
        browser = launch(playwright)
        try:
            _slider(browser, server, [DENSE_DENOISER], "dense", 16)
            _slider(browser, server, [CONVOLUTIONAL_DENOISER], "convolutional", 33)
            _slider(browser, server, [CONVOLUTIONAL_DENOISER, DENSE_DENOISER, PLAIN], "all three", 33)
            _photograph(browser, server)
        finally:
            browser.close()
            server.stop()


def _slider(browser: Browser, server: AppServer, runs: list[str], name: str, target: float, moves: int = 200) -> None:
    """From the slider's event to the painted pictures: noise, networks, painting."""
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        sent = [0]
        page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.__setitem__(0, sent[0] + 1)))
        query = "&".join(f"networks={run}" for run in runs)
        page.goto(f"{server.url}/denoise?{query}")
        view = page.locator(f"[data-testid=denoise-live][data-curve=done][data-answer-hash-{len(runs) - 1}]")
        view.wait_for()
        before = sent[0]
        times = page.evaluate(
            """async (moves) => {
              const roots = [document]
              for (const root of roots) {
                for (const part of root.querySelectorAll("*")) if (part.shadowRoot) roots.push(part.shadowRoot)
              }
              const find = (id) => roots.map((root) => root.querySelector(`[data-testid=${id}]`)).find(Boolean)
              const [view, slider] = [find("denoise-live"), find("level")]
              const times = []
              for (let i = 0; i < moves; i++) {
                const noisy = view.dataset.noisyHash
                slider.value = 0.1 + 0.8 * ((i * 37) % moves) / moves
                slider.dispatchEvent(new Event("input", { bubbles: true }))
                while (view.dataset.noisyHash === noisy) await new Promise(requestAnimationFrame)
                times.push(Number(view.dataset.frameMs))
              }
              return times
            }""",
            moves,
        )
        slow = statistics.quantiles(times, n=20)[-1]
        print(f"strength slider, {name}: median {statistics.median(times):.1f} ms, {sent[0] - before} messages to the server")
        say("  95th percentile", slow, target, "ms")


def _photograph(browser: Browser, server: AppServer) -> None:
    """Upload 12 megapixels, add noise, denoise, show: seconds, and the most memory that server and task process took more."""
    small = Image.fromarray(bundled_picture(HELD_OUT["coffee"]))
    buffer = io.BytesIO()
    small.resize((4000, 3000), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92)

    def memory() -> int:
        process = psutil.Process(server.process.pid)
        helpers = [child for child in process.children() if "aecore.tasks.process" in " ".join(child.cmdline())]
        return sum(part.memory_info().rss for part in (process, *helpers))

    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.05):
            try:
                most = max(most, memory())
            except psutil.NoSuchProcess:
                continue

    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        page.goto(f"{server.url}/denoise?tab=Yours&shows=Any+other+picture&added=25")
        field = page.locator("input[type=file]")
        field.wait_for(state="attached")
        before = memory()
        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        file: FilePayload = {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}
        field.set_input_files([file])
        page.locator("[data-testid=stProgress]").wait_for()
        first = time.perf_counter() - started
        page.locator("[data-testid=before-after][data-loaded='2']").wait_for(timeout=300_000)
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    say("12-megapixel photograph, upload to result on the screen", seconds, 60)
    say("  upload to its progress bar", first, 60)
    say("  most memory beyond that before", (most - before) / 2**20, 1500, "MB")


if __name__ == "__main__":
    main()
