"""What a person does on the Train page, in a real browser against a real server."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aecore.runs import Run
from tests.live import TrainPage
from tests.server import AppServer, wait_for

LONG = "?preset=vanilla&epochs=400"
"""Long enough to be watched, whatever the machine; every test stops what it started."""


@pytest.fixture
def train(page: Page, server: AppServer) -> TrainPage:
    return TrainPage(page, server.url)


def run_of(train: TrainPage, server: AppServer) -> Run:
    """The folder of the run that the address names."""
    wait_for(lambda: "run=" in train.page.url, "the run in the address")
    return Run(server.runs / train.page.url.split("run=")[1].split("&")[0])


def test_train_watch_pause_step_resume_stop(train: TrainPage, server: AppServer) -> None:
    train.open(LONG)
    train.press("Train")
    train.until_state("running")
    train.until(lambda: train.number("points") >= 3, "three points in the chart")
    loss, picture = train.number("loss"), train.read("picture-hash")
    train.until(lambda: train.number("loss") < 0.8 * loss, "the loss to fall")
    train.until(lambda: train.read("picture-hash") != picture, "other pictures")
    assert train.read("state") == "running"

    train.press("Pause")
    train.until_state("paused")
    run = run_of(train, server)
    halted = run.status.step
    train.until(lambda: train.number("step") == halted, "the step at which it halted")
    train.press("Step")
    train.until(lambda: train.number("step") == halted + 1, "one step more")
    train.press("Resume")
    train.until(lambda: train.read("state") == "running" and train.number("step") > halted + 1, "going on")
    train.press("Stop")
    train.until_state("stopped")
    expect(train.button("Resume")).to_be_visible()
    stopped = run.status.step
    train.press("Resume")
    train.until(lambda: train.read("state") == "running" and train.number("step") > stopped, "going on after the stop")
    train.press("Stop")
    train.until_state("stopped")


def test_a_reload_and_a_second_tab_show_the_running_run(train: TrainPage, context: BrowserContext, server: AppServer) -> None:
    train.open(LONG)
    train.press("Train")
    train.until_state("running")
    train.until(lambda: train.number("step") > 10, "some steps")
    step, address = train.number("step"), train.page.url
    train.page.reload()
    train.until(lambda: train.read("state") == "running" and train.number("step") > step, "the same run after the reload")
    assert train.page.url == address
    assert train.number("points") > 3

    by_address = TrainPage(context.new_page(), server.url)
    by_address.page.goto(address)
    by_address.until_state("running")
    fresh = TrainPage(context.new_page(), server.url).open()  # no run named: the person's own is found
    fresh.until_state("running")
    assert run_of(fresh, server).token == run_of(train, server).token
    fresh.press("Stop")
    train.until_state("stopped")
    expect(train.button("Resume")).to_be_visible()  # the first tab's buttons follow


def test_two_people_have_their_own_runs(train: TrainPage, browser: Browser, server: AppServer) -> None:
    train.open(LONG)
    train.press("Train")
    train.until_state("running")
    with browser.new_context() as other_context:
        other = TrainPage(other_context.new_page(), server.url).open(LONG + "&code.size=5")
        other.until_state("ready")  # nothing of the first person's is shown
        other.press("Train")
        other.until_state("running")
        assert run_of(other, server).token != run_of(train, server).token
        other.press("Stop")
        other.until_state("stopped")
        assert train.read("state") == "running"
        other.page.goto(train.page.url)  # a link from a colleague: to look at, not to touch
        other.until_state("running")
        expect(other.button("Pause")).to_have_count(0)
        expect(other.button("Stop")).to_have_count(0)
    train.press("Stop")
    train.until_state("stopped")


def test_a_killed_worker_is_explained_and_the_next_run_works(train: TrainPage, server: AppServer) -> None:
    train.open(LONG)
    train.press("Train")
    train.until(lambda: train.number("step") > 3, "some steps")
    children = psutil.Process(server.process.pid).children()
    workers = [child for child in children if "aecore.worker" in " ".join(child.cmdline())]
    max(workers, key=lambda worker: sum(worker.cpu_times()[:2])).kill()
    train.until_state("failed")
    expect(train.view.get_by_test_id("message")).to_contain_text("ended unexpectedly")
    train.press("Train again")
    train.until_state("running")
    train.press("Stop")
    train.until_state("stopped")


def test_a_finished_run_is_measured_and_compared(train: TrainPage, server: AppServer) -> None:
    train.open("?preset=denoising-gaussian&corruption.kind=gaussian&epochs=2&data.train_images=300")
    train.press("Train")
    train.until_state("finished")
    expect(train.page.get_by_text("Squared error per pixel", exact=True)).to_be_visible()
    expect(train.page.get_by_text("500 test images of Digits")).to_be_visible()
    chooser = train.page.get_by_role("combobox", name="Compare with")
    chooser.click()
    chooser.fill("vanilla-mnist")  # the list is long, and shows only its beginning
    train.page.get_by_role("option", name="vanilla-mnist").click()
    train.until(lambda: train.number("runs") == 2, "two runs in the chart")


def test_back_undoes_a_change_and_settings_survive_a_visit_to_home(train: TrainPage) -> None:
    train.open("?preset=vanilla&code.size=9")
    size = train.page.get_by_role("spinbutton", name="Code size")
    expect(size).to_have_value("9")
    size.fill("11")
    size.press("Enter")
    train.page.wait_for_url("**code.size=11**")
    train.page.go_back()
    expect(size).to_have_value("9")
    train.page.go_forward()
    expect(size).to_have_value("11")
    train.page.get_by_role("link", name="Home").first.click()
    train.page.get_by_role("heading", name="What is an autoencoder?").wait_for()
    train.page.get_by_role("link", name="Train", exact=True).first.click()
    expect(size).to_have_value("11")


def test_a_number_typed_just_before_train_counts(train: TrainPage, server: AppServer) -> None:
    train.open(LONG)
    train.page.get_by_role("spinbutton", name="Code size").fill("13")
    train.press("Train")  # without leaving the field first
    train.until_state("running")
    assert run_of(train, server).config.code.size == 13
    train.press("Stop")
    train.until_state("stopped")


def test_a_hasty_double_click_trains_once_and_shows_it(train: TrainPage, server: AppServer) -> None:
    for _ in range(3):
        before = len(list(server.runs.iterdir())) if server.runs.exists() else 0
        train.open(LONG)
        train.until_state("ready")
        train.button("Train").dblclick(delay=20)
        train.until_state("running")
        assert len(list(server.runs.iterdir())) == before + 1
        train.press("Stop")
        train.until_state("stopped")


def test_home_explores_the_shipped_run(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    explorer = page.get_by_test_id("explorer")
    explorer.wait_for()
    before = explorer.get_attribute("data-reconstruction-hash")
    page.get_by_test_id("digit-7").click()
    wait_for(lambda: explorer.get_attribute("data-reconstruction-hash") != before, "another reconstruction")
    error = float(explorer.get_attribute("data-error") or "nan")
    assert 0 < error < 0.05


@pytest.mark.parametrize("path", ["/", "/train", "/train?preset=convolutional"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, server: AppServer, path: str, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.goto(server.url + path)
        page.get_by_role("heading", level=1).wait_for()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth")


def fetch(url: str) -> tuple[int, dict[str, object], str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, json.loads(response.read()), response.headers["Cache-Control"]
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers["Cache-Control"]


def test_the_live_route_is_bounded_uncached_and_gives_nothing_away(server: AppServer) -> None:
    status, answer, cache = fetch(f"{server.url}/api/runs/vanilla-mnist/live?since=-1&frame=-1&gallery=1")
    assert (status, cache) == (200, "no-store")
    assert isinstance(answer["rows"], list)
    assert 0 < len(answer["rows"]) <= 2000
    assert answer["frame"]
    assert answer["gallery"]
    _, again, _ = fetch(f"{server.url}/api/runs/vanilla-mnist/live?since={answer['rows'][-1][0]}")
    assert again["rows"] == []
    assert again["frame"] is None
    for token in ("f" * 32, "runs", "a" * 500, ".making-x"):
        status, answer, cache = fetch(f"{server.url}/api/runs/{token}/live?since=-1")
        assert (status, cache) == (404, "no-store")
        assert set(answer) == {"error"}
    assert fetch(f"{server.url}/api/runs/vanilla-mnist/live?since=x")[0] == 400


def test_after_the_server_was_killed_the_run_is_interrupted_and_can_be_resumed(page: Page, tmp_path: Path) -> None:
    first = AppServer(tmp_path / "runs", tmp_path / "log.txt")
    train = TrainPage(page, first.url)
    try:
        train.open(LONG)
        train.press("Train")
        train.until(lambda: train.number("step") > 20, "some steps")
        workers = psutil.Process(first.process.pid).children()
        run = run_of(train, first)
    finally:
        first.stop(signal.SIGKILL)
    assert not psutil.wait_procs(workers, timeout=20)[1]
    assert run.status.state == "interrupted"
    step = run.status.step

    second = AppServer(tmp_path / "runs", tmp_path / "log.txt")
    try:
        # The cookie belongs to 127.0.0.1, whatever the port: the same person comes back.
        page.goto(train.page.url.replace(first.url, second.url))
        train.until_state("interrupted")
        train.press("Resume")
        train.until(lambda: train.read("state") == "running" and train.number("step") > step, "going on")
        train.press("Stop")
        train.until_state("stopped")
    finally:
        second.stop()
    wait_for(lambda: second.process.returncode is not None, "the server's end")
