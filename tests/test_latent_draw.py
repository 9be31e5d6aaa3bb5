"""The Draw view: at every move of the pen, what the network makes of the drawing, as torch says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from playwright.sync_api import Browser, expect

from aecore.objective import bernoulli, kl_to_standard_normal, squared_error
from aecore.pictures.normalise import CENTRE
from aecore.ui.latent_draw import FILES, SHEETS
from tests.component_page import Finger
from tests.denoise_harness import pixels
from tests.latent_harness import FakeSpace, SpacePage, opened

Floats = npt.NDArray[np.float32]
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]


def opened_draw(browser: Browser, space: FakeSpace, **context: Any) -> AbstractContextManager[SpacePage]:
    return opened(browser, "latent_draw", space, css=SHEETS, js=FILES, **context)


@pytest.fixture
def view(browser: Browser) -> Iterator[SpacePage]:
    with opened_draw(browser, FakeSpace(), viewport={"width": 1400, "height": 900}) as view:
        view.shows(source="example")
        yield view


def draw(view: SpacePage, *places: tuple[float, float]) -> None:
    """Draw one stroke with the mouse through places that are shares of the board's width and height."""
    strokes = int(view.find("drawing").get_attribute("data-strokes") or 0)
    view.page.mouse.move(*view.point("board", *places[0]))
    view.page.mouse.down()
    for place in places[1:]:
        view.page.mouse.move(*view.point("board", *place))
    view.page.mouse.up()
    expect(view.find("drawing")).to_have_attribute("data-strokes", str(strokes + 1))
    view.shows(source="drawing")
    settle(view)


def settle(view: SpacePage) -> None:
    """Wait until what the browser has noticed is drawn: the next frame of the display is over."""
    view.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def seen(view: SpacePage) -> torch.Tensor:
    """What the network is shown, (1, C, H, W)."""
    channels = view.space.config.plan.input_shape[0]
    return torch.from_numpy(pixels(view.find("seen"))[:, :, :channels].transpose(2, 0, 1) / np.float32(255))[None]


@torch.no_grad()
def expected(view: SpacePage, x: torch.Tensor) -> tuple[list[float], float, float | None, Floats]:
    """The mean of the code, the reconstruction term, the KL divergence and the reconstruction (C, H, W), by torch."""
    space = view.space
    encoding = space.model.encode(x)
    log_variance = encoding.log_variance
    logits = space.model.decoder(encoding.mean)
    answer = space.model.activate(logits)
    is_bce = space.config.objective.reconstruction == "bce"
    term = bernoulli(logits.reshape(x.shape), x) if is_bce else squared_error(answer.reshape(x.shape), x)
    kl = None if log_variance is None else kl_to_standard_normal(encoding.mean, log_variance).item()
    return encoding.mean[0].tolist(), term.item(), kl, answer.reshape(x.shape)[0].numpy()


def check_against_torch(view: SpacePage) -> None:
    """All numbers and the reconstruction are those of what is shown as seen."""
    mean, term, kl, answer = expected(view, seen(view))
    assert json.loads(view.reading("mean")) == pytest.approx(mean[:8], abs=1e-3)
    assert float(view.reading("reconstruction")) == pytest.approx(term, rel=1e-4)
    if kl is None:
        assert view.reading("kl") == ""
    else:
        assert float(view.reading("kl")) == pytest.approx(kl, rel=1e-3)
    shown = pixels(view.find("reconstruction"))[:, :, : len(answer)].transpose(2, 0, 1)
    assert np.abs(shown - 255 * answer).max() <= 1


def test_before_anything_is_drawn_there_is_an_example(view: SpacePage) -> None:
    np.testing.assert_array_equal(pixels(view.find("seen"))[:, :, 0], view.space.images[0, 0])
    check_against_torch(view)
    expect(view.find("about-seen")).to_have_text("An example: test picture 1, class 0.")
    expect(view.find("invitation")).to_have_text("Draw a digit")
    expect(view.find("back")).to_be_disabled()


def test_a_drawing_is_centred_encoded_and_decoded(view: SpacePage) -> None:
    example = view.reading("reconstruction-hash")
    draw(view, *SEVEN)
    assert view.reading("reconstruction-hash") != example
    check_against_torch(view)
    ink = seen(view)[0, 0].numpy()
    places = np.arange(28)
    assert (ink.sum(1) @ places / ink.sum(), ink.sum(0) @ places / ink.sum()) == pytest.approx((CENTRE, CENTRE), abs=0.51)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    expect(view.find("about-seen")).to_have_text("Your drawing, scaled and centred.")
    expect(view.find("invitation")).to_be_hidden()
    expect(view.find("summary")).to_contain_text("Reconstruction ")


def test_everything_follows_while_the_stroke_is_drawn_and_nothing_is_sent(view: SpacePage) -> None:
    names = ("seen-hash", "reconstruction-hash", "mean", "reconstruction", "kl", "samples-hash")
    asked, told = len(view.space.asked), view.told
    view.page.mouse.move(*view.point("board", 0.2, 0.2))
    view.page.mouse.down()
    view.shows(source="drawing")
    last = [view.reading(name) for name in names]
    for i in range(1, 6):
        view.page.mouse.move(*view.point("board", 0.2 + 0.1 * i, 0.2 + 0.12 * (i % 3)))
        for name, value in zip(names, last, strict=True):
            expect(view.root).not_to_have_attribute(f"data-{name}", value)
        settle(view)
        check_against_torch(view)
        last = [view.reading(name) for name in names]
    expect(view.find("drawing")).to_have_attribute("data-pen", "down")
    view.page.mouse.up()
    expect(view.find("drawing")).to_have_attribute("data-pen", "up")
    assert len(view.space.asked) == asked
    assert view.told == told


def test_many_moves_at_once_are_one_frame(view: SpacePage) -> None:
    view.page.mouse.move(*view.point("board", 0.2, 0.2))
    view.page.mouse.down()
    view.shows(source="drawing")
    frames = view.find("board").evaluate(
        """async (board) => {
          const root = board.getRootNode().querySelector("[data-testid=latent-draw]")
          const frame = () => new Promise(requestAnimationFrame)
          await frame()
          await frame()
          const before = Number(root.dataset.frames)
          const { left, top } = board.getBoundingClientRect()
          const event = (x) => new PointerEvent("pointermove", { pointerId: 1, clientX: left + x, clientY: top + 50 })
          for (let x = 0; x < 200; x++) board.dispatchEvent(event(x))
          await frame()
          await frame()
          return Number(root.dataset.frames) - before
        }"""
    )
    assert frames == 1
    view.page.mouse.up()


def test_a_finger_draws(browser: Browser) -> None:
    with opened_draw(browser, FakeSpace(), has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700}) as view:
        view.shows(source="example")
        finger = Finger(view)
        finger.down(*view.point("board", 0.5, 0.9))
        view.shows(source="drawing")
        first = view.reading("seen-hash")
        for i in range(1, 9):
            finger.move(*view.point("board", 0.5, 0.9 - 0.1 * i))
        expect(view.root).not_to_have_attribute("data-seen-hash", first)
        expect(view.find("drawing")).to_have_attribute("data-pen", "down")
        finger.up()
        expect(view.find("drawing")).to_have_attribute("data-strokes", "1")
        settle(view)
        check_against_torch(view)
        assert view.page.evaluate("scrollY") == 0


def test_the_keyboard_draws(view: SpacePage) -> None:
    view.find("board").focus()
    press = view.page.keyboard.press
    press("Space")
    view.shows(source="drawing")
    first = view.reading("seen-hash")
    press("Shift+ArrowRight")
    expect(view.root).not_to_have_attribute("data-seen-hash", first)
    settle(view)
    check_against_torch(view)
    press("Space")
    press("Backspace")
    view.shows(source="example")


def test_undo_and_clear_go_back_to_the_example(view: SpacePage) -> None:
    example = view.reading("seen-hash")
    draw(view, *SEVEN)
    first = view.reading("seen-hash")
    draw(view, (0.2, 0.9), (0.8, 0.9))
    expect(view.root).not_to_have_attribute("data-seen-hash", first)
    view.find("undo").click()
    view.shows(**{"seen-hash": first})
    view.find("clear").click()
    view.shows(source="example", **{"seen-hash": example})
    expect(view.find("invitation")).to_be_visible()


def test_as_it_lies_on_the_board(view: SpacePage) -> None:
    draw(view, (0.1, 0.1), (0.3, 0.1))
    centred = view.reading("seen-hash")
    view.find("centre").uncheck()
    expect(view.root).not_to_have_attribute("data-seen-hash", centred)
    ink = seen(view)[0, 0].numpy()
    assert ink[2, 3:8].min() > 0.9
    assert not ink[6:].any()
    assert not ink[:, 12:].any()
    check_against_torch(view)
    expect(view.find("about-seen")).to_have_text("Your drawing, as it lies on the board.")


def test_samples_are_drawn_from_the_cloud(view: SpacePage) -> None:
    draw(view, *SEVEN)
    expect(view.root).not_to_have_attribute("data-old-samples", "")
    hashes = view.reading("samples-hash")
    reconstruction = view.reading("reconstruction-hash")
    assert len(set(hashes.split())) == 6
    view.find("again").click()
    expect(view.root).not_to_have_attribute("data-samples-hash", hashes)
    assert not set(view.reading("samples-hash").split()) & set(hashes.split())
    view.shows(**{"reconstruction-hash": reconstruction})
    expect(view.find("note")).not_to_contain_text("…")


def test_a_cloud_without_width_gives_the_reconstruction_again_and_again(browser: Browser) -> None:
    space = FakeSpace()
    code_layer = [module for module in space.model.encoder.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        code_layer.weight[2:] = 0
        code_layer.bias[2:] = -40
    with opened_draw(browser, space) as view:
        view.shows(source="example")
        view.shows(**{"samples-hash": " ".join(6 * [view.reading("reconstruction-hash")])})


def test_a_test_picture_instead_of_the_drawing_and_back(view: SpacePage) -> None:
    draw(view, *SEVEN)
    drawing = view.reading("seen-hash")
    view.find("take").click()
    view.shows(source="test")
    assert any((pixels(view.find("seen"))[:, :, 0] == image[0]).all() for image in view.space.images)
    check_against_torch(view)
    view.find("back").click()
    view.shows(source="drawing", **{"seen-hash": drawing})
    view.find("take").click()
    view.shows(source="test")
    draw(view, (0.2, 0.9), (0.8, 0.9))
    expect(view.root).not_to_have_attribute("data-seen-hash", drawing)


def test_walk_from_here(view: SpacePage) -> None:
    draw(view, *SEVEN)
    expect(view.find("set-out")).to_have_text("")
    view.find("walk").click()
    expect(view.find("set-out")).to_have_text("Walk and Map now start from this code.")
    code, words = view.page.evaluate("() => { const [s] = [...aecoreSpaces.values()]; return [[...s.code], s.start.words] }")
    assert code == pytest.approx(json.loads(view.reading("mean")), abs=1e-4)
    assert words == "the code of your drawing"
    draw(view, (0.2, 0.9), (0.8, 0.9))
    expect(view.find("set-out")).to_have_text("")


def test_the_drawing_stays(view: SpacePage) -> None:
    """Through reruns and themes, on coming back from another view, and for another run."""
    draw(view, *SEVEN)
    drawing = view.reading("seen-hash")
    view.mount_view()
    view.set_theme("dark")
    view.mount_view()
    view.shows(source="drawing", **{"seen-hash": drawing})
    view.unmount()
    view.space.token = "b" * 32
    view.mount_view()
    view.shows(source="drawing", **{"seen-hash": drawing})
    expect(view.find("drawing")).to_have_attribute("data-strokes", "1")
    check_against_torch(view)
