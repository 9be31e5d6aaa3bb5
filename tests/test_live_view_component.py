"""The live view of a training run, in a page of its own, fed by a made-up server."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from aecore.stages import Stage
from aecore.ui.components import source
from tests.live_view_harness import FakeRun, FakeServer, Handler, LivePage


@pytest.fixture(scope="module")
def live_view_server() -> Iterator[FakeServer]:
    server = FakeServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def live(browser: Browser, live_view_server: FakeServer) -> Iterator[LivePage]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    view = LivePage(page, live_view_server)
    yield view
    page.close()
    assert view.errors == []


def test_the_curve_grows_with_the_run(live: LivePage) -> None:
    run = FakeRun()
    live.open({"a": run})
    live.shows(state="running", points=0, validation_points=0, runs=0)
    run.train(9.0, 8.0, 7.0, validation=7.5)
    live.shows(points=3, validation_points=1, step=30, loss=7, runs=1)
    run.train(6.0, 5.25, validation=6.5)
    live.shows(points=5, validation_points=2, step=50, loss=5.25)
    expect(live.find("training-loss")).to_have_text("5.250")
    expect(live.find("validation-loss")).to_have_text("6.500")
    expect(live.find("epoch")).to_have_text("0.5 / 10")
    expect(live.find("step")).to_have_text("50 / 1,000")
    expect(live.find("seconds")).to_have_text("1.0 s")
    assert int(live.root.get_attribute("data-updates") or 0) == 3


def test_the_pictures_and_the_codes_follow_the_frames(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0)
    live.open({"a": run})
    live.shows(points=1, picture_hash="", frame_step="")
    run.draw_frame()
    live.shows(frame_step=10)
    expect(live.find("pictures-caption")).to_have_text("after step 10, epoch 1.5")
    first_hash = live.root.get_attribute("data-picture-hash")
    first_pictures = live.pixels("pictures")
    run.train(8.0)
    run.draw_frame()
    live.shows(frame_step=20)
    assert live.root.get_attribute("data-picture-hash") != first_hash
    assert live.pixels("pictures") != first_pictures
    assert sum("gallery=1" in address for address in live.asked) < len(live.asked)
    expect(live.find("code-space")).to_have_attribute("aria-label", "Where the encoder puts 5 validation pictures of "
                                                                    "2 classes, after step 20.")  # fmt: skip


def test_chips_choose_the_term_and_the_axis(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0, None, 7.0, validation=7.5)
    live.open({"a": run})
    live.shows(points=2)
    total, kl = live.find("term-loss"), live.find("term-kl")
    expect(total).to_have_text("Total")
    expect(total).to_have_attribute("aria-pressed", "true")
    kl.focus()
    live.page.keyboard.press("Enter")
    expect(kl).to_have_attribute("aria-pressed", "true")
    expect(total).to_have_attribute("aria-pressed", "false")
    live.shows(points=3)
    before = live.pixels("loss-chart")
    live.find("axis-seconds").click()
    expect(live.find("axis-seconds")).to_have_attribute("aria-pressed", "true")
    expect(live.find("axis-epoch")).to_have_attribute("aria-pressed", "false")
    assert live.pixels("loss-chart") != before


def test_a_log_axis_shows_only_what_is_above_zero(live: LivePage) -> None:
    run = FakeRun()
    run.train(1000.0, 0.0, -3.0, 1e-9, validation=2.0)
    live.open({"a": run})
    live.shows(points=4)
    live.find("log-toggle").click()
    expect(live.find("log-toggle")).to_have_attribute("aria-pressed", "true")
    live.shows(points=2, validation_points=1)
    live.find("log-toggle").click()
    live.shows(points=4)


def test_the_crosshair_reads_exact_values(live: LivePage) -> None:
    run = FakeRun()
    run.train(512.125, 300.5, 250.75, validation=275.25)
    run.train(200.0625)
    live.open({"a": run})
    live.shows(points=4)
    expect(live.find("readout")).to_be_hidden()
    chart = live.find("loss-chart")
    box = chart.bounding_box()
    assert box
    chart.hover(position={"x": box["width"] - 12, "y": 60})
    expect(live.reading("a", "training")).to_have_text("200.063")
    expect(live.reading("a", "validation")).to_have_text("275.250")
    expect(live.find("readout")).to_contain_text("last validation")
    expect(live.find("readout")).to_contain_text("step\u00a040")
    live.page.mouse.move(0, 0)
    expect(live.find("readout")).to_be_hidden()
    chart.focus()
    live.page.keyboard.press("End")
    live.page.keyboard.press("ArrowLeft")
    expect(live.reading("a", "training")).to_have_text("250.750")
    expect(live.find("readout")).not_to_contain_text("last validation")
    live.page.keyboard.press("Home")
    expect(live.reading("a", "training")).to_have_text("512.125")
    expect(live.reading("a", "validation")).to_have_text("–")
    live.page.keyboard.press("Escape")
    expect(live.find("readout")).to_be_hidden()


def test_a_hidden_tab_asks_nothing_and_catches_up_at_once(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0)
    live.open({"a": run})
    live.shows(points=1)
    live.hide(True)
    live.assert_asks_nothing_for_a_minute()
    run.train(8.0)
    live.hide(False)
    live.shows(points=2)


def test_a_server_that_is_away_is_asked_again(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0)
    live.open({"a": run})
    live.shows(points=1)
    run.is_down = True
    expect(live.find("message")).to_have_text("Reconnecting to the server…")
    live.shows(state="running", points=1)
    run.train(8.0)
    run.is_down = False
    live.shows(points=2)
    expect(live.find("message")).not_to_contain_text("Reconnecting")


def test_an_unknown_run_is_called_so(live: LivePage) -> None:
    live.open({})
    live.mount("gone")
    expect(live.find("message")).to_contain_text("does not know this run")


def test_the_end_is_told_once_and_nothing_is_asked_after_it(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0)
    live.open({"a": run})
    live.shows(points=1)
    assert live.told == []
    run.train(8.0, validation=8.5)
    run.state = "finished"
    live.shows(state="finished", points=2)
    expect(live.find("state")).to_have_text("Finished")
    live.assert_asks_nothing_for_a_minute()
    live.mount("a")  # a rerun in which the page has not caught up yet
    live.mount("a", state="finished")
    live.assert_asks_nothing_for_a_minute()
    assert live.told == [["trigger", "state", "finished"]]


def test_a_finished_run_is_fetched_whole_and_once(live: LivePage) -> None:
    run = FakeRun(state="finished")
    run.train(*[5.0] * 4500, validation=5.0)
    run.draw_frame()
    live.open({"a": run}, state="finished")
    live.shows(points=4500, frame_step=45000)
    live.assert_asks_nothing_for_a_minute()
    assert len(live.asked) == 3
    assert live.told == []


def test_a_resumed_run_starts_again_from_where_it_was_cut(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0, 8.0, 7.0, 6.0)
    live.open({"a": run})
    live.shows(points=4, loss=6)
    del run.rows[2:]
    live.shows(points=2, loss=8, step=20)
    run.train(7.75)
    live.shows(points=3, loss=7.75)


def test_a_new_nonce_asks_again_after_the_end(live: LivePage) -> None:
    run = FakeRun(state="interrupted")
    run.train(9.0, 8.0)
    live.open({"a": run}, state="interrupted")
    live.shows(state="interrupted", points=2)
    live.assert_asks_nothing_for_a_minute()
    run.state = "running"
    run.rows[1][4] = 8.5  # the same step with another value: all of it has to be fetched again
    live.mount("a", nonce=1)
    live.shows(state="running", points=2, loss=8.5)
    assert live.told == []


def test_runs_are_laid_over_each_other(live: LivePage) -> None:
    first, second = FakeRun(), FakeRun(state="finished")
    first.train(9.0, 8.0, validation=8.5)
    second.train(5.0, 4.0, 3.0, validation=3.5)
    second.draw_frame()
    live.open({"a": first, "b": second})
    live.shows(runs=2, points=2, frame_step="")
    for name in ("run a", "run b", "training", "validation"):
        expect(live.find("legend")).to_contain_text(name)
    live.find("loss-chart").focus()
    live.page.keyboard.press("End")
    live.page.keyboard.press("Home")
    expect(live.reading("a", "training")).to_have_text("9.00000")
    expect(live.reading("b", "training")).to_have_text("5.00000")
    of_second = [address for address in live.asked if "/b/" in address]
    assert len(of_second) == 1
    assert "gallery=0" in of_second[0]
    assert "frame" not in of_second[0]
    live.mount("b", state="finished")  # now the other one is the main run, and its pictures are wanted
    live.shows(runs=1, points=3, frame_step=30)
    assert [address for address in live.asked if "/b/" in address][1].count("since=30") == 1


def test_missing_values_leave_gaps(live: LivePage) -> None:
    run = FakeRun()
    run.train(None, None)
    live.open({"a": run})
    live.shows(step=20, points=0, loss="")
    expect(live.find("training-loss")).to_have_text("–")
    run.train(1e30, None, 3e-7, validation=None)
    live.shows(points=2, loss="3e-7")
    expect(live.find("training-loss")).to_have_text("3.00×10⁻⁷")
    live.find("log-toggle").click()
    live.find("term-kl").click()
    live.shows(points=5)


STATES: list[tuple[str, dict[str, Any], str, str]] = [
    ("queued", {"queue": 2, "slots": 3}, "Queued", "Number 2 in the queue: 3 runs train at a time here"),
    ("preparing", {"preparing": {"what": "Downloading mnist", "done": 0.4}}, "Preparing", "Downloading mnist…"),
    ("running", {"steps": 410}, "Training", "About 8 s left"),
    ("paused", {}, "Paused", "Waiting at step 10."),
    ("stopped", {}, "Stopped", "Stopped at step 10."),
    ("failed", {"reason": "The loss became infinite."}, "Failed", "The loss became infinite."),
    ("interrupted", {}, "Interrupted", "Training was cut off at step 10. Resume it to go on from there."),
]


def test_every_state_is_said_in_words(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0)
    live.open({"a": run})
    for nonce, (state, facts, name, message) in enumerate(STATES):
        run.state, run.facts = state, facts
        live.mount("a", state=state, nonce=nonce)
        expect(live.find("state")).to_have_text(name)
        expect(live.find("message")).to_have_text(message)
        done = {"preparing": "40", "running": "2"}.get(state, "1")
        expect(live.find("progress")).to_have_attribute("aria-valuenow", done)


STAGES = (Stage("layer", 1, 0, 30), Stage("layer", 2, 30, 30), Stage("whole", 2, 60, 940))


def places(live: LivePage) -> list[str | None]:
    return [entry.get_attribute("data-place") for entry in live.find("stages").get_by_role("listitem").all()]


def test_each_stage_has_its_place_its_name_and_its_own_scale(live: LivePage) -> None:
    run = FakeRun()
    live.open({"a": run}, stages=STAGES)
    expect(live.find("stages")).to_be_visible()  # before there is a row, so that nothing moves later
    expect(live.find("stages").get_by_role("listitem")).to_have_text(["Layer 1", "Layer 2", "All layers"])
    run.train(900.0, 800.0)
    live.shows(points=2, parts=1)
    assert places(live) == ["now", "later", "later"]
    expect(live.find("message")).to_have_text("Layer 1 of 2. About 20 s left")
    expect(live.find("term-loss")).to_have_text("Each stage's loss")
    run.train(700.0, validation=750.0)
    run.train(9.0, 8.0)
    live.shows(points=5, parts=2)
    assert places(live) == ["done", "now", "later"]
    expect(live.find("message")).to_contain_text("Layer 2 of 2.")
    live.find("loss-chart").focus()
    live.page.keyboard.press("End")
    expect(live.reading("a", "training")).to_have_text("8.00000")
    expect(live.reading("a", "validation")).to_have_text("–")  # the last one was of another loss
    expect(live.find("readout")).to_contain_text("Layer 2")
    for _ in range(2):
        live.page.keyboard.press("ArrowLeft")
    expect(live.reading("a", "validation")).to_have_text("750.000")
    run.train(7.0, 30.0, validation=31.0)
    live.shows(points=7, parts=3)
    expect(live.find("message")).to_contain_text("All layers. ")
    live.find("term-kl").click()
    live.shows(parts=1)


def test_a_scale_of_its_own_makes_a_small_loss_as_tall_as_a_large_one(live: LivePage) -> None:
    """The pixels that the curve of the second stage covers, from its highest to its lowest."""
    run = FakeRun()
    run.train(900.0, 500.0, 100.0, 0.9, 0.5, 0.1)
    tall = """canvas => {
      const { width, height } = canvas
      const pen = canvas.getContext("2d")
      const { data } = pen.getImageData(width * 0.55, 0, width * 0.35, height - 50 * devicePixelRatio)
      const isLine = (i) => data[i + 2] - data[i] > 60 && data[i + 3] > 60 // blue
      const rows = [...Array(data.length / 4).keys()].filter((at) => isLine(4 * at)).map((at) => Math.floor(at / (width * 0.35)))
      return rows.length ? (Math.max(...rows) - Math.min(...rows)) / height : 0
    }"""
    live.open({"a": run}, stages=STAGES)
    live.shows(points=6, parts=2)
    assert live.find("loss-chart").evaluate(tall) > 0.3
    live.mount("a")
    live.shows(parts=1)
    assert live.find("loss-chart").evaluate(tall) < 0.1


def test_beside_other_runs_there_is_one_scale(live: LivePage) -> None:
    first, second = FakeRun(), FakeRun(state="finished")
    first.train(9.0, 8.0, 7.0, 3.0, 2.0)
    second.train(5.0, 4.0, 3.0)
    live.open({"a": first, "b": second}, stages=STAGES)
    live.shows(runs=2, points=5, parts=1)
    assert places(live) == ["done", "now", "later"]


def test_a_run_of_one_stage_has_no_list(live: LivePage) -> None:
    run = FakeRun()
    run.train(9.0)
    live.open({"a": run}, stages=STAGES[:1])
    live.shows(points=1, parts=1)
    expect(live.find("stages")).to_be_hidden()
    expect(live.find("term-loss")).to_have_text("Total")


def test_terms_that_the_stages_own_losses_repeat_have_no_button(live: LivePage) -> None:
    text = source("numbers.js", "canvas.js", "curve.js", "run_stages.js")
    repeated = f"([stages, terms]) => {{ {text}\n return repeatedTerms(stages, terms) }}"
    names = [{"name": name} for name in ("layer_1", "whole", "softmax", "labels")]
    assert live.page.evaluate(repeated, [names, ["loss", "layer_1"]]) == ["layer_1", "whole", "softmax", "labels"]
    assert live.page.evaluate(repeated, [names, ["loss", "sparsity"]]) == ["whole", "softmax", "labels"]
    assert live.page.evaluate(repeated, [[], ["loss"]]) == []


def test_classes_can_be_picked_out_and_named(live: LivePage) -> None:
    run = FakeRun(classes=[f"class {i}" for i in range(26)])
    run.train(9.0)
    run.draw_frame()
    live.page.emulate_media(reduced_motion="reduce")
    live.open({"a": run})
    live.shows(frame_step=10)
    before = live.pixels("code-space")
    chip = live.find("class-1")
    chip.focus()
    live.page.keyboard.press("Space")
    expect(chip).to_have_attribute("aria-pressed", "true")
    assert live.pixels("code-space") != before
    live.page.keyboard.press("Space")
    expect(chip).to_have_attribute("aria-pressed", "false")
    assert live.pixels("code-space") == before
    plane = live.find("code-space").bounding_box()
    assert plane
    x, y = (44 + plane["width"] - 6) / 2, (6 + plane["height"] - 46) / 2  # the middle, inside the axes
    live.find("code-space").hover(position={"x": x, "y": y})
    expect(live.find("class-name")).to_have_text("class 0")


def test_a_new_theme_recolours_the_drawings(live: LivePage) -> None:
    run = FakeRun(state="finished")
    run.train(9.0, 8.0)
    run.draw_frame()
    live.open({"a": run}, state="finished")
    live.shows(points=2, frame_step=20)
    canvases = ("loss-chart", "pictures", "code-space")
    light = [live.pixels(canvas) for canvas in canvases]
    live.page.evaluate("setTheme('dark')")
    live.mount("a", state="finished")
    dark = [live.pixels(canvas) for canvas in canvases]
    assert all(before != after for before, after in zip(light, dark, strict=True))


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_jumps_and_nothing_is_cut_off(live: LivePage, width: int) -> None:
    live.page.set_viewport_size({"width": width, "height": 900})
    run = FakeRun()
    live.open({"a": run})
    places = "() => [...host.shadowRoot.querySelectorAll('.card')].slice(0, 3).map((card) => card.offsetTop)"
    before = live.page.evaluate(places)
    run.train(9.0, validation=9.0)
    live.shows(points=1)
    assert live.page.evaluate(places) == before
    assert live.page.evaluate("document.documentElement.scrollWidth") <= width


def test_only_the_latest_call_may_close_the_view(live: LivePage) -> None:
    run = FakeRun()
    live.open({"a": run})
    live.page.evaluate("window.overtaken = window.unmount")
    live.mount("a")
    live.page.evaluate("window.overtaken()")
    run.train(9.0)
    live.shows(points=1)
    live.page.evaluate("window.unmount()")
    live.assert_asks_nothing_for_a_minute()


def test_numbers_are_round_and_readable(live: LivePage) -> None:
    names = "lossText, timeText, roundTicks, logTicks, tickTexts, termsOf, termName"
    text = source("numbers.js", "curve.js")
    compute = f"([name, ...all]) => {{ {text}\n return ({{ {names} }})[name](...all) }}"

    def call(name: str, *arguments: object) -> Any:
        return live.page.evaluate(compute, [name, *arguments])

    losses = [0, 123.456, 0.5, 0.00012, 1234567, None]
    assert [call("lossText", loss) for loss in losses] == ["0", "123.5", "0.5000", "1.20×10⁻⁴", "1.23×10⁶", "–"]
    times = [3.14, 125, 3725]
    assert [call("timeText", seconds) for seconds in times] == ["3.1 s", "2 min 05 s", "1 h 02 min"]
    assert call("tickTexts", call("roundTicks", 0, 0.31, 4)) == ["0.0", "0.1", "0.2", "0.3"]
    assert call("tickTexts", call("roundTicks", -1, 1, 4)) == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
    assert call("tickTexts", call("roundTicks", 0, 4e7, 4)) == ["0", "1×10⁷", "2×10⁷", "3×10⁷", "4×10⁷"]
    assert call("tickTexts", call("logTicks", 0.02, 300, 5)) == ["0.1", "1", "10", "100"]
    assert call("tickTexts", call("logTicks", 8, 120, 5)) == ["10", "20", "50", "100"]
    assert call("tickTexts", call("logTicks", 100, 130, 4)) == ["100", "110", "120", "130"]
    assert [call("termName", term) for term in ("loss", "kl", "weight_decay")] == ["Total", "KL", "Weight decay"]


def test_ten_thousand_rows_are_drawn_with_few_strokes(live: LivePage) -> None:
    count = live.page.evaluate(
        f"""() => {{
          {source("curve.js")}
          let count = 0
          const pen = {{ moveTo: () => count++, lineTo: () => count++ }}
          const xs = Float64Array.from({{ length: 10000 }}, (_, i) => i * 0.06)
          traceCurve(pen, xs, xs.map((x, i) => Math.sin(i)))
          return count
        }}"""
    )
    assert 600 <= count <= 4 * 601


def test_the_page_hands_the_runs_to_the_browser() -> None:
    def page() -> None:
        import streamlit as st

        from aecore.ui.live_view import live_run

        st.write(str(live_run([("abc", "First"), ("def", "Second")], state="running", key="live", nonce=2)))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.markdown[0].value == "None"
