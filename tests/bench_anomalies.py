"""``python -m tests.bench_anomalies``: how fast the Anomalies page is, and what large files cost. Measured, never asserted."""

from __future__ import annotations

import io
import statistics
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, FilePayload, sync_playwright

from aecore.data.heartbeats import heartbeat_arrays
from aecore.data.series_file import SeriesFileError, read_series
from tests.bench_app import say
from tests.browser import launch
from tests.server import AppServer

_SERIES, _LENGTH = 5_000, 140


def main() -> None:
    """Make every measurement, a line each."""
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        _large_file(Path(own))
        server = AppServer(Path(own) / "runs", Path(own) / "log.txt")
        browser = launch(playwright)
        try:
            _first_picture(browser, server)
            _drag(browser, server)
            _upload(browser, server, 11, "just started")
            _upload(browser, server, 12, "in use")
        finally:
            browser.close()
            server.stop()


def table(seed: int) -> bytes:
    """5,000 series of 140 points with their labels, as in the UCR archive: pieces of heartbeats."""
    signals, labels, _ = heartbeat_arrays(_SERIES, seed)
    text = io.StringIO()
    np.savetxt(text, np.c_[labels + 1, signals[:, 0, 0, 58 : 58 + _LENGTH]], "%d" + ",%.6f" * _LENGTH, comments="")
    return text.getvalue().encode()


def _large_file(folder: Path) -> None:
    """A file of 500 MB, and one of two million rows: how long until they are refused, and the memory that takes."""
    huge, rows = folder / "huge.csv", folder / "rows.csv"
    with huge.open("wb") as file:
        line = b"1," + b"0.123456," * 139 + b"0.5\n"
        for _ in range(500_000_000 // len(line)):
            file.write(line)
    rows.write_bytes(b"0.25,0.5\n" * 2_000_000)
    for path, name in ((huge, "a file of 500 MB"), (rows, "a file of 2 million rows")):
        before, started = psutil.Process().memory_info().rss, time.perf_counter()
        try:
            read_series(path)
            print(f"{name}: read")
        except SeriesFileError as error:
            print(f"{name}: {error}")
        say("  until refused", time.perf_counter() - started, 1)
        say("  more memory than before", (psutil.Process().memory_info().rss - before) / 2**20, 100, "MB")
        path.unlink()


def _first_picture(browser: Browser, server: AppServer, visits: int = 5) -> None:
    """From the address to the drawn scores of the shipped detector, in a browser that was here before."""
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        seconds = []
        for _ in range(visits + 1):
            started = time.perf_counter()
            page.goto(f"{server.url}/anomalies")
            page.locator("[data-testid=anomaly][data-frames]").wait_for()
            seconds.append(time.perf_counter() - started)
    say("first picture of Anomalies, median", statistics.median(seconds[1:]), 1.5)


def _drag(browser: Browser, server: AppServer, moves: int = 150) -> None:
    """The threshold dragged by the pointer: pictures a second, and the time of one."""
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        sent = [0]
        page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.__setitem__(0, sent[0] + 1)))
        page.goto(f"{server.url}/anomalies")
        view = page.locator("[data-testid=anomaly][data-frames]")
        view.wait_for()
        box = page.get_by_test_id("handle").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        before, frames = sent[0], int(view.get_attribute("data-frames") or 0)
        started, times = time.perf_counter(), []
        for move in range(moves):
            page.mouse.move(x + 150 * np.sin(move / 9), y)
            times.append(float(view.get_attribute("data-frame-ms") or "nan"))
        seconds = time.perf_counter() - started
        drawn = int(view.get_attribute("data-frames") or 0) - frames
        messages = sent[0] - before
        page.mouse.up()
    say("threshold dragged: our part of a frame, 95th percentile", statistics.quantiles(times, n=20)[-1], 16, "ms")
    print(f"  {drawn} pictures in {seconds:.1f} s for {moves} moves, {messages} messages to the server while dragging")


def _upload(browser: Browser, server: AppServer, seed: int, state: str) -> None:
    """From the upload of a table that nobody knows to its ROC curve, with two clicks; and the server's memory meanwhile."""
    file: FilePayload = {"name": "series.csv", "mimeType": "text/csv", "buffer": table(seed)}
    most, done = 0, threading.Event()
    process = psutil.Process(server.process.pid)

    def watch() -> None:
        nonlocal most
        while not done.wait(0.05):
            most = max(most, process.memory_info().rss)

    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        page = context.new_page()
        page.goto(f"{server.url}/anomalies?look=Train+one&anomaly_data=A+file+of+your+own")
        field = page.locator("input[type=file]").first
        field.wait_for(state="attached")
        before = process.memory_info().rss
        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        field.set_input_files([file])
        page.get_by_text("5,000 series of 140 time steps").wait_for(timeout=120_000)
        read = time.perf_counter() - started
        train = page.get_by_role("button", name="Train", exact=True)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        train.click()
        page.wait_for_url("**detector=**", timeout=60_000)
        page.locator("[data-testid=live-run][data-state=finished]").wait_for(timeout=300_000)
        trained = time.perf_counter() - started
        page.get_by_role("button", name="See what it finds", exact=True).click()
        page.locator("[data-testid=anomaly][data-auroc]").wait_for(timeout=300_000)
        seconds = time.perf_counter() - started
        auroc = page.get_by_test_id("anomaly").get_attribute("data-auroc")
        done.set()
        watcher.join()
    say(f"a CSV of 5,000 series of 140 points, upload to ROC curve, server {state}", seconds, 30)
    print(f"  read after {read:.1f} s, trained after {trained:.1f} s, AUROC {auroc}")
    say("  more memory of the server than before", (most - before) / 2**20, 200, "MB")


if __name__ == "__main__":
    main()
