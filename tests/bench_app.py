"""``python -m tests.bench_app``: the app's own times, in a real browser against a real server. Measured, never asserted."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import Browser, sync_playwright

from aecore.engine import Engine
from aecore.presets import preset
from aecore.runs import Run
from tests.browser import launch
from tests.live import TrainPage
from tests.server import AppServer, wait_for


def main() -> None:
    """Make every measurement, a line each."""
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        folder = Path(own)
        started = time.perf_counter()
        server = AppServer(folder / "runs", folder / "log.txt")
        say("server start to its first answer", time.perf_counter() - started, 4.0)
        browser = launch(playwright)
        try:
            _wait_until_warm(server)
            _first_picture(browser, server)
            _click_to_first_point(browser, server)
            _memory(server)
            _many_viewers(server)
        finally:
            browser.close()
            server.stop()
        os.environ["AECORE_RUNS"] = str(folder / "watched")
    _being_watched()


def say(what: str, value: float, target: float, unit: str = "s") -> None:
    """A line: what was measured, and whether it met its target."""
    print(f"{what:<58} {value:8.3f} {unit}   target {target:g}: {'met' if value <= target else 'NOT met'}", flush=True)


def _workers(server: AppServer) -> list[psutil.Process]:
    return [child for child in psutil.Process(server.process.pid).children() if "aecore.worker" in " ".join(child.cmdline())]


def _wait_until_warm(server: AppServer) -> None:
    """Until the workers have imported torch and wait for work."""

    def idle() -> bool:
        workers = _workers(server)
        return bool(workers) and all(worker.cpu_percent(0.3) < 5 and worker.memory_info().rss > 2e8 for worker in workers)

    wait_for(idle, "warm workers")


def _first_picture(browser: Browser, server: AppServer, rounds: int = 7) -> None:
    new: list[float] = []
    again: list[float] = []
    for _ in range(rounds):
        with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
            page = context.new_page()
            for times, go in ((new, lambda page=page: page.goto(server.url)), (again, page.reload)):
                started = time.perf_counter()
                go()
                page.wait_for_selector("[data-testid=explorer][data-reconstruction-hash]")
                times.append(time.perf_counter() - started)
    say("first picture of Home, warm server, new browser: median", statistics.median(new), 1.5)
    say("  the same when the browser has been here before", statistics.median(again), 1.5)


def _click_to_first_point(browser: Browser, server: AppServer, rounds: int = 9) -> None:
    times = []
    for turn in range(rounds):
        with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
            train = TrainPage(context.new_page(), server.url).open(f"?preset=vanilla&epochs=400&seed={turn}")
            train.page.wait_for_load_state("networkidle")
            train.page.wait_for_selector("[data-testid=live-run][data-state=ready]")
            started = time.perf_counter()
            train.press("Train")
            train.page.wait_for_selector("[data-testid=live-run]:not([data-validation-points='0'])")
            times.append(time.perf_counter() - started)
            train.until_state("running")
            train.press("Stop")
            train.until_state("stopped")
    say("click on Train to the first point in the chart: median", statistics.median(times), 1.0)


def _memory(server: AppServer) -> None:
    megabytes = psutil.Process(server.process.pid).memory_info().rss / 2**20
    print(f"memory of the server {megabytes:.0f} MB; of its workers", end=" ")
    print(", ".join(f"{worker.memory_info().rss / 2**20:.0f} MB" for worker in _workers(server)))


def _many_viewers(server: AppServer, viewers: int = 30, seconds: float = 10.0) -> None:
    """Thirty browsers' worth of requests for one run while it trains, five a second each."""
    process = psutil.Process(server.process.pid)

    config = preset("vanilla").config.with_settings({"epochs": 500})
    run = Run.create(config, server.runs / "watched-by-many")

    trainer = multiprocessing.get_context("spawn").Process(target=_record, args=(str(run.folder),), daemon=True)
    trainer.start()
    wait_for(lambda: run.status.state == "running", "training")

    def view(_: int) -> list[float]:
        waits, end = [], time.perf_counter() + seconds
        since, frame = -1.0, -1
        with httpx.Client() as client:
            while (now := time.perf_counter()) < end:
                answer = client.get(f"{server.url}/api/runs/{run.token}/live?since={since}&frame={frame}").json()
                waits.append(time.perf_counter() - now)
                since = answer["rows"][-1][0] if answer["rows"] else since
                frame = answer["frame"]["step"] if answer["frame"] else frame
                time.sleep(max(0.0, 0.2 - waits[-1]))
        return waits

    before = sum(process.cpu_times()[:2])
    with ThreadPoolExecutor(viewers) as pool:
        waits = [wait for own in pool.map(view, range(viewers)) for wait in own]
    core = (sum(process.cpu_times()[:2]) - before) / seconds
    trainer.kill()
    slow = statistics.quantiles(waits, n=20)[-1]
    print(f"{viewers} viewers, 5 requests a second each: {core:.0%} of a core, {slow * 1e3:.0f} ms at the 95th percentile")


def _record(folder: str) -> None:
    from aecore.recording import Recorder

    Recorder(Run(Path(folder))).record()


def _being_watched(rounds: int = 11, seconds: float = 4.0) -> None:
    """Steps a second of one run while its folder is read as ten viewers read it, against nobody reading, in turn."""
    from aecore.ui.live_route import _answer

    def speed(run: Run, watch: Callable[[], object]) -> float:
        first, start, end = run.status.step, time.perf_counter(), time.perf_counter() + seconds
        while time.perf_counter() < end:
            watch()
            time.sleep(0.02)
        return (run.status.step - first) / (time.perf_counter() - start)

    engine = Engine(slots=1)
    try:
        run = engine.submit(preset("deep").config.with_settings({"epochs": 500}), owner="bench")
        wait_for(lambda: run.status.state == "running", "training")
        ratios = []
        for _ in range(rounds):
            alone = speed(run, lambda: None)
            watched = speed(run, lambda: _answer(run, run.status.step - 100, -1, False))
            ratios.append(1 - watched / alone)
    finally:
        engine.close()
    say("training slowed by being watched live: median", statistics.median(ratios), 0.03, "  ")


if __name__ == "__main__":
    main()
