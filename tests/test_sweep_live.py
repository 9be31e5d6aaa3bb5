"""The Live view of a sweep, in a page of its own: all runs at once, one moment for all of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from aecore.atlas import read_atlas
from aecore.checkpoint import load_model
from aecore.disentangle_numbers import TRAIN_POINTS
from aecore.metrics_log import MetricsReader
from aecore.moment_taking import GRID_PICTURES, traversals_of
from aecore.moments import moments_path, read_traversals
from aecore.runs import Run
from aecore.sweep_colours import arm_colours
from aecore.sweep_config import OBJECTIVES, Arm
from aecore.sweeps import Sweep
from tests import tiny
from tests.sweep_harness import SweepPage, opened

TOKEN = "d" * 32
# The size of the smallest letters, in CSS pixels.
SMALLEST = """root => Math.min(...[...root.querySelectorAll("*")]
  .filter(part => [...part.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
  .map(part => parseFloat(getComputedStyle(part).fontSize)))"""
# The grey of every picture of a traversal canvas, (rows, 7, height, width), each of their pixels read where it begins.
READ = """(canvas, [rows, size]) => {
  const ratio = devicePixelRatio, gap = Math.round(2 * ratio)
  const cell = (canvas.width + gap) / 7 - gap, tall = (canvas.height + gap) / rows - gap
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  const all = []
  for (let row = 0; row < rows; row++) for (let i = 0; i < 7; i++)
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
      const across = i * (cell + gap) + Math.ceil((x * cell) / size)
      const down = row * (tall + gap) + Math.ceil((y * tall) / size)
      all.push(data[4 * (down * canvas.width + across)])
    }
  return all
}"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return tiny.trained_sweep(tmp_path_factory.mktemp("trained") / TOKEN)


@pytest.fixture
def sweep(trained: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A copy of the trained sweep, for tests to change."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    return Sweep(Path(shutil.copytree(trained.folder, tmp_path / TOKEN)))


@pytest.fixture
def view(browser: Browser, sweep: Sweep) -> Iterator[SweepPage]:
    """The view of a finished sweep, all of it seen and fetched."""
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as page:
        page.shows(state="finished", placed=4, moments=6)
        yield page


def set_back(run: Run, step: int, state: str) -> None:
    """Make a finished run one that has come to an earlier step."""
    run.write_status(replace(run.status, state=state, step=step))
    for path in (run.metrics_path, moments_path(run)):
        head, *rows = path.read_text().splitlines(keepends=True)
        path.write_text(head + "".join(row for row in rows if int(row.split(",")[0]) <= step))
    for path in (run.folder / "moments").glob("*.npz"):
        if int(path.stem) > step:
            path.unlink()


def shown(view: SweepPage, member: int, size: int = 32) -> np.ndarray[Any, Any]:
    """The pictures of a run as they are on the screen, (rows, 7, size, size)."""
    canvas = view.find(f"traversals-{member}")
    rows = len(numbers(view, member))
    return np.array(canvas.evaluate(READ, [rows, size])).reshape(rows, 7, size, size)


def numbers(view: SweepPage, member: int) -> list[int]:
    return [int(k) for k in (view.find(f"traversals-{member}").get_attribute("data-numbers") or "").split(",") if k]


def open_all(view: SweepPage) -> None:
    """Unfold the collapsed numbers of all runs, and wait until all are shown."""
    for member in range(4):
        if view.find(f"more-{member}").is_visible():
            view.find(f"more-{member}").click()
        expect(view.find(f"traversals-{member}")).to_have_attribute("data-numbers", re.compile(r"\d,\d,\d,\d"))


def newest_kl(run: Run) -> np.ndarray[Any, Any]:
    reader = MetricsReader(moments_path(run))
    reader.read()
    return np.array(reader.rows[-1][1:5], float)


def drawn_by_torch(run: Run) -> np.ndarray[Any, Any]:
    """The traversals (D, 7, H, W) of a run's weights."""
    atlas = read_atlas(run)
    assert atlas is not None
    return traversals_of(load_model(run).eval(), torch.from_numpy(atlas.images[:1]).float() / 255)[:, :, 0]


def test_a_finished_sweep_is_there_at_once(view: SweepPage, sweep: Sweep) -> None:
    expect(view.find("progress")).to_have_text("All 4 runs are trained.")
    expect(view.find("clock-text")).to_have_text("Step 6 of 6")
    assert view.told == []  # the page knew that it is finished
    for member, run in enumerate(sweep.runs):
        expect(view.find(f"run-{member}")).to_have_attribute("data-state", "finished")
        kl = newest_kl(run)
        expect(view.find(f"facts-{member}")).to_have_text(f"Step 6 · KL {kl.sum():.1f} nats")
    open_all(view)
    for member, run in enumerate(sweep.runs):
        expected = read_traversals(run, 6)
        assert expected is not None
        np.testing.assert_array_equal(shown(view, member), expected[numbers(view, member)][:, :, 0])
    assert sum("/live" in path for path in view.asked) == 1  # nothing more will come
    assert not any("/network" in path for path in view.asked)  # what was kept is all that there is


def test_the_most_used_numbers_come_first_and_collapsed_ones_are_folded(browser: Browser, sweep: Sweep) -> None:
    run = sweep.runs[1]
    with moments_path(run).open("a") as file:
        file.write("6,0.5,0.02,2,0.04,0.1,0.1\n")
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        button = view.find("more-1")
        expect(button).to_have_text("Show 2 collapsed numbers")
        expect(view.find("traversals-1")).to_have_attribute("data-step", "6")
        expected = read_traversals(run, 6)
        assert expected is not None
        assert numbers(view, 1) == [2, 0]
        np.testing.assert_array_equal(shown(view, 1), expected[[2, 0]][:, :, 0])
        button.click()
        expect(button).to_have_attribute("aria-expanded", "true")
        expect(button).to_have_text("Hide 2 collapsed numbers")
        assert numbers(view, 1) == [2, 0, 3, 1]
        np.testing.assert_array_equal(shown(view, 1), expected[[2, 0, 3, 1]][:, :, 0])


def test_the_slider_shows_one_moment_in_all_runs(view: SweepPage, sweep: Sweep) -> None:
    open_all(view)
    view.move_clock(0)
    view.shows(step=0)
    expect(view.find("clock-text")).to_have_text("Step 0 of 6")
    for member, run in enumerate(sweep.runs):
        expect(view.find(f"traversals-{member}")).to_have_attribute("data-step", "0")
        expected = read_traversals(run, 0)
        assert expected is not None
        np.testing.assert_array_equal(shown(view, member), expected[numbers(view, member)][:, :, 0])
        expect(view.find(f"facts-{member}")).to_contain_text("Step 0 ·")
    view.find("now").click()
    view.shows(step="now")
    expect(view.find("traversals-0")).to_have_attribute("data-step", "6")


def test_pictures_are_never_of_a_later_step_and_say_of_which_they_are(view: SweepPage, sweep: Sweep) -> None:
    open_all(view)
    kept, between = read_traversals(sweep.runs[0], 4), log1p(5) / log1p(6)  # after step 5 nothing was kept; 6 is nearer to it
    assert kept is not None
    pictures, note = view.find("traversals-0"), view.find("of-step-0")
    height = view.box("run-0")[3]
    expect(note).to_be_empty()
    view.move_clock(between)
    view.shows(step=5)
    expect(note).to_have_text("Pictures of step 4")
    expect(pictures).to_have_attribute("aria-label", re.compile(r"Pictures of step 4, not of the step that is shown\.$"))
    np.testing.assert_array_equal(shown(view, 0), kept[numbers(view, 0)][:, :, 0])
    assert view.box("run-0")[3] == height
    view.move_clock(log1p(4.4) / log1p(6))
    expect(pictures).to_have_attribute("aria-label", re.compile(r"Pictures of step 4\.$"))
    expect(note).to_be_empty()


def test_a_run_that_kept_nothing_before_shows_its_first_pictures_and_says_so(browser: Browser, sweep: Sweep) -> None:
    for step in (0, 1):
        (sweep.runs[0].folder / "moments" / f"{step:08d}.npz").unlink()
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        view.shows(state="finished", moments=6)
        view.move_clock(0)
        expect(view.find("traversals-0")).to_have_attribute("data-step", "2")
        expect(view.find("of-step-0")).to_have_text("Pictures of step 2")
        expect(view.find("traversals-1")).to_have_attribute("data-step", "0")
        expect(view.find("of-step-1")).to_be_empty()


def test_no_later_pictures_are_shown_while_the_earlier_ones_are_on_their_way(browser: Browser, sweep: Sweep) -> None:
    view = SweepPage(browser, sweep, viewport={"width": 1000, "height": 2400})
    view.held = re.compile(r"moments\?step=[0-4]$")
    view.mount_view()
    expect(view.find("traversals-0")).to_have_attribute("data-step", "6")
    view.move_clock(0)
    expect(view.find("traversals-0")).to_be_hidden()
    view.held = None
    expect(view.find("traversals-0")).to_have_attribute("data-step", "0")
    expect(view.find("traversals-0")).to_be_visible()
    assert view.errors == []
    view.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_plane_is_saved_as_a_picture(view: SweepPage, theme: str, tmp_path: Path) -> None:
    view.set_theme(theme)
    view.mount_view()
    view.find("plane-save").focus()
    with view.page.expect_download() as download:
        view.page.keyboard.press("Enter")
    assert download.value.suggested_filename == "tiny-reconstruction-kl.png"
    download.value.save_as(tmp_path / "plane.png")
    with Image.open(tmp_path / "plane.png") as saved:
        picture = np.asarray(saved.convert("RGB"))
    _, _, width, height = view.box("plane")
    assert picture.shape[1] == 2 * (width + 32)
    assert picture.shape[0] > 2 * height
    assert tuple(picture[0, 0]) == {"light": (255, 255, 255), "dark": (15, 20, 32)}[theme]
    for arm, colour in arm_colours(view.sweep.config.arms).items():  # its marks, and the mark of its name in the legend
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        found = (picture == wanted).all(axis=2)
        assert found[: int(2 * height)].sum() > 300, arm
        assert found[-60:].sum() > 300, arm
    view.page.mouse.move(0, 0)
    expect(view.find("plane")).to_have_js_property("width", width)  # and what is seen is as it was


def test_only_what_is_news_is_said_aloud(browser: Browser, sweep: Sweep, trained: Sweep) -> None:
    for run in sweep.runs:
        set_back(run, 2, "running")
    with opened(browser, sweep) as view:
        expect(view.find("progress")).to_have_text("0 of 4 runs have ended, 4 in training at this moment.")
        expect(view.find("clock-text")).to_have_attribute("aria-live", "off")
        assert view.find("progress").get_attribute("role") is None
        spoken = view.find("spoken")
        expect(spoken).to_have_attribute("role", "status")
        expect(spoken).to_be_empty()
        sweep.runs[1].write_status(replace(sweep.runs[1].status, state="paused"))
        expect(view.find("progress")).to_contain_text("3 in training")
        expect(spoken).to_be_empty()
        for count, (run, whole) in enumerate(zip(sweep.runs, trained.runs, strict=True), 1):
            shutil.copytree(whole.folder, run.folder, dirs_exist_ok=True)
            expect(spoken).to_have_text(f"{count} of 4 runs have ended." if count < 4 else "All 4 runs have ended.")


def test_keys_go_from_one_kept_step_to_the_next(view: SweepPage) -> None:
    clock = view.find("clock")
    clock.focus()
    for _ in range(3):
        view.page.keyboard.press("ArrowLeft")
    view.shows(step=2)
    expect(clock).to_have_attribute("aria-valuetext", "Step 2 of 6")
    view.page.keyboard.press("ArrowRight")
    view.shows(step=3)
    view.page.keyboard.press("Home")
    view.shows(step=0)
    view.page.keyboard.press("End")
    view.shows(step="now")
    view.page.keyboard.press("ArrowLeft")
    view.shows(step=4)


def test_it_plays_from_the_beginning_to_the_newest_step(view: SweepPage) -> None:
    view.find("play").click()
    expect(view.find("play")).to_have_text("Pause")
    view.page.wait_for_function("() => document.querySelector('#host').shadowRoot.firstElementChild.dataset.step === '1'")
    view.shows(step="now")
    expect(view.find("play")).to_have_text("Play")


def test_the_plane_names_a_run_and_its_values(view: SweepPage, sweep: Sweep) -> None:
    plane, note = view.find("plane"), view.find("plane-note")
    view.root.get_by_text("Validation").click()
    plane.focus()
    view.page.keyboard.press("ArrowRight")
    reader = MetricsReader(sweep.runs[0].metrics_path)
    reader.read()
    last = dict(zip(reader.columns, reader.rows[-1], strict=True))
    expect(note).to_contain_text("β-VAE, β = 1, seed 0")
    expect(note).to_contain_text(f"Reconstruction {last['val_reconstruction']:.1f}")
    expect(note).to_contain_text("after step 6 (validation)")
    view.root.get_by_text("Training", exact=True).click()
    plane.focus()
    for _ in range(4):
        view.page.keyboard.press("ArrowLeft")
    expect(note).to_contain_text("β-VAE, β = 1, seed 0")
    expect(note).to_contain_text(f"Reconstruction {last['train_reconstruction']:.1f}")  # its neighbours are too far to smooth it
    expect(note).to_contain_text("after step 6 (training)")
    view.page.keyboard.press("Escape")
    expect(note).to_be_hidden()


def test_it_follows_runs_in_training(browser: Browser, sweep: Sweep, trained: Sweep) -> None:
    for run in sweep.runs:
        set_back(run, 2, "running")
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        view.shows(state="running", placed=4, step="now")
        expect(view.find("clock-text")).to_have_text("Step 2 of 6")
        expect(view.find("traversals-3")).to_have_attribute("data-step", "2")
        assert len(numbers(view, 3)) == 4  # there is room for what may come
        height = view.box("run-3")[3]
        for run, whole in zip(sweep.runs, trained.runs, strict=True):
            shutil.copytree(whole.folder, run.folder, dirs_exist_ok=True)
        view.shows(state="finished")
        expect(view.find("clock-text")).to_have_text("Step 6 of 6")
        expect(view.find("traversals-3")).to_have_attribute("data-step", "6")
        assert view.box("run-3")[3] == height  # nothing jumps
        assert view.told == [["trigger", "state", "finished"]]
        since = [path for path in view.asked if "/live" in path]
        assert since[0].endswith("=" + ",".join(["-1:-1:-1"] * 4))
        assert all(part.startswith("2:") and part.endswith(":2") for part in since[1].split("=")[1].split(","))


def test_a_run_that_goes_on_from_an_earlier_step_is_followed(browser: Browser, sweep: Sweep) -> None:
    for run in sweep.runs:
        set_back(run, 4, "running")
    with opened(browser, sweep) as view:
        expect(view.find("clock-text")).to_have_text("Step 4 of 6")
        set_back(sweep.runs[0], 2, "running")
        expect(view.find("clock-text")).to_have_text("Steps 2 to 4 of 6")
        kl = newest_kl(sweep.runs[0])
        expect(view.find("facts-0")).to_have_text(f"Step 2 · KL {kl.sum():.1f} nats")


def test_traversals_are_drawn_from_the_weights_of_a_run_in_training(browser: Browser, sweep: Sweep) -> None:
    for run in sweep.runs:  # with the weights of the end, which no kept traversals show
        set_back(run, 2, "running")
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        for member, run in enumerate(sweep.runs):
            expect(view.find(f"traversals-{member}")).to_have_attribute("data-stamp", str(run.model_path.stat().st_mtime_ns))
            difference = shown(view, member) - drawn_by_torch(run)[numbers(view, member)].astype(int)
            assert np.abs(difference).max() <= 1
            assert run.watched_path.is_file()
        view.move_clock(0)
        expect(view.find("traversals-0")).to_have_attribute("data-stamp", "")
        expect(view.find("traversals-0")).to_have_attribute("data-step", "0")


def test_large_pictures_are_drawn_in_full_once_the_runs_are_over(
    browser: Browser, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aecore.ui.sweep_live.MOST_PIXELS", 16)  # as if those that were kept had been averaged down
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        view.shows(state="finished", placed=4)
        open_all(view)
        for member, run in enumerate(sweep.runs):
            expect(view.find(f"traversals-{member}")).to_have_attribute("data-stamp", str(run.model_path.stat().st_mtime_ns))
            difference = shown(view, member) - drawn_by_torch(run)[numbers(view, member)].astype(int)
            assert np.abs(difference).max() <= 1
        asked = [path for path in view.asked if "/network" in path]
        assert len({path.split("/")[2] for path in asked}) == 4


def test_a_run_that_was_stopped_is_drawn_from_its_last_weights(browser: Browser, sweep: Sweep) -> None:
    run = sweep.runs[0]
    set_back(run, 2, "stopped")
    run.write_status(replace(run.status, step=3))  # after the last step that was kept
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        view.shows(state="stopped", placed=4)
        open_all(view)
        expect(view.find("traversals-0")).to_have_attribute("data-stamp", str(run.model_path.stat().st_mtime_ns))
        assert all(run.token in path for path in view.asked if "/network" in path)


def test_nothing_is_asked_for_while_nobody_sees_it(browser: Browser, sweep: Sweep) -> None:
    for run in sweep.runs:
        set_back(run, 2, "running")
    with opened(browser, sweep) as view:
        view.shows(state="running")
        view.hide(True)
        view.page.clock.install()
        view.page.clock.run_for(2_000)  # what was on its way
        asked = len(view.asked)
        view.page.clock.run_for(60_000)
        assert len(view.asked) == asked
        view.hide(False)
        view.page.clock.run_for(2_000)
        assert len(view.asked) > asked


def test_a_server_that_does_not_answer_is_asked_again(browser: Browser, sweep: Sweep) -> None:
    for run in sweep.runs:
        set_back(run, 2, "running")
    with opened(browser, sweep) as view:
        view.shows(state="running", failures=0)
        view.is_down = True
        expect(view.find("message")).to_have_text("The server does not answer. Trying again…")
        view.is_down = False
        expect(view.find("message")).to_be_hidden()
        view.shows(failures=0)


def test_a_sweep_that_is_gone_is_said_to_be(browser: Browser, sweep: Sweep) -> None:
    for run in sweep.runs:
        set_back(run, 2, "running")
    with opened(browser, sweep) as view:
        view.shows(state="running")
        shutil.rmtree(sweep.folder)
        expect(view.find("message")).to_have_text("This sweep is not on this server (any more): choose another one.")


def test_a_sweep_that_waits_keeps_its_room(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    waiting = Sweep.create(tiny.sweep_config(objectives=("kl", "capacity"), capacities=(2, 5), seeds=1), tmp_path / TOKEN)
    with opened(browser, waiting, viewport={"width": 360, "height": 900}) as view:
        view.shows(state="queued", placed=0, updates=1)
        expect(view.find("clock-text")).to_have_text("Nothing is trained yet")
        expect(view.find("clock")).to_be_disabled()
        expect(view.find("progress")).to_contain_text("waiting for a free place")
        assert view.box("run-0")[3] > 4 * 30
        assert not view.is_too_wide()


def test_without_known_factors_there_is_a_sentence_instead_of_scores(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    base = tiny.config("vae", data__name="digits")
    digits = Sweep.create(tiny.sweep_config(base=base.model_dump()), tmp_path / TOKEN)
    with opened(browser, digits) as view:
        expect(view.find("no-factors")).to_have_text("No factors are known for this data: MIG and SAP cannot be measured.")
        expect(view.find("curves-0")).to_have_count(0)


def test_it_says_what_scores_were_measured_on_and_why_there_are_none(browser: Browser, sweep: Sweep) -> None:
    path = moments_path(sweep.runs[0])
    path.write_text("\n".join(line.rsplit(",", 2)[0] for line in path.read_text().splitlines()) + "\n")
    path = moments_path(sweep.runs[1])
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *(row.split(",")[0] + ",nan,nan,nan,nan,," for row in rows)]) + "\n")
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        view.shows(state="finished", moments=6)
        about = f"MIG and SAP: while training, on up to {GRID_PICTURES:,} pictures; the table on Compare uses {TRAIN_POINTS:,}."
        expect(view.find("runs-about")).to_contain_text(about)
        expect(view.find("missing-0")).to_have_text("– Not measured: too few different pictures.")
        expect(view.find("missing-1")).to_have_text("– Not measured: the code holds numbers that are not finite.")
        expect(view.find("missing-2")).to_be_hidden()
        assert "NaN" not in view.root.inner_text()


def test_squared_error_is_called_so(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    base = tiny.sweep_config().base.with_settings({"objective.reconstruction": "mse"})
    squared = tiny.trained_sweep(tmp_path / TOKEN, base=base.model_dump(), seeds=1)
    with opened(browser, squared) as view:
        view.shows(state="finished", placed=2)
        view.find("plane").focus()
        view.page.keyboard.press("ArrowRight")
        expect(view.find("plane-note")).to_contain_text(re.compile(r"Reconstruction [\d.]+ squared error an image"))
        expect(view.find("plane")).to_have_attribute("aria-label", re.compile("^Reconstruction .squared error an image. against"))


@pytest.mark.parametrize("width", [360, 700, 1280, 1400])
def test_it_fits(browser: Browser, sweep: Sweep, width: int) -> None:
    with opened(browser, sweep, viewport={"width": width, "height": 900}) as view:
        view.shows(state="finished", placed=4)
        assert not view.is_too_wide()
        assert view.cut_off("h3, p, .button, output, .names span, .labels span, .labels small") == []
        assert view.root.evaluate(SMALLEST) >= 12
        first, second = view.box("run-0"), view.box("run-1")
        assert (first[1] == second[1]) == (width > 360)  # seeds side by side, where there is room


def test_another_page_run_keeps_what_was_fetched_and_closing_ends_all(browser: Browser, sweep: Sweep) -> None:
    with opened(browser, sweep, viewport={"width": 1000, "height": 2400}) as view:
        view.shows(state="finished", moments=6)
        asked = len(view.asked)
        view.mount_view()
        view.set_theme("dark")
        view.mount_view()
        view.page.wait_for_function("() => new Promise(requestAnimationFrame)")
        assert len(view.asked) == asked
        view.unmount()


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_colours_stand_out_on_both_backgrounds_and_differ(count: int) -> None:
    arms = [Arm(objective, float(value)) for objective in OBJECTIVES for value in range(1, count + 1)]
    colours = arm_colours(arms)
    assert list(colours) == arms
    assert len(set(colours.values())) == len(arms)
    for colour in colours.values():
        assert min(contrast(colour, "#ffffff"), contrast(colour, "#0f1420")) >= 3
    assert arm_colours(arms[::-1]) == colours  # whatever the order


def test_the_view_is_a_component_of_the_page(sweep: Sweep) -> None:
    def script(token: str) -> None:
        import streamlit as st

        from aecore.sweeps import find_sweep
        from aecore.ui.sweep_live import sweep_live

        found = find_sweep(token)
        assert found is not None
        st.write(f"answer: {sweep_live(found, key='live')}")

    app = AppTest.from_function(script, kwargs={"token": TOKEN}).run(timeout=30)
    assert not app.exception
    assert app.markdown[0].value == "answer: None"
