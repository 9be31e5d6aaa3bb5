"""The explorer of the home page, in a page of its own: it must answer without a server."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from aecore.ui.components import source
from aecore.ui.explore_digit import SCRIPTS, STYLES, pack
from tests.browser import THEMES

Floats = npt.NDArray[np.float32]

SIDE, CODE_SIZE = 8, 6
PIXELS = SIDE * SIDE
TIMES = "\N{MULTIPLICATION SIGN}"
LABELS = [3, 1, 4, 1, 5]
RANDOM = np.random.default_rng(0)
IMAGES: npt.NDArray[np.uint8] = RANDOM.integers(0, 256, (len(LABELS), PIXELS), dtype=np.uint8)

MOUNT = """async ([html, css, js, data, theme]) => {
  const host = document.createElement("div")
  for (const [name, value] of Object.entries(theme)) host.style.setProperty(`--st-${name}`, value)
  document.body.style.margin = "16px"
  document.body.append(host)
  const root = host.attachShadow({ mode: "open" })
  root.innerHTML = `<style>${css}</style>${html}`
  const { default: component } = await import("data:text/javascript;base64," + js)
  window.host = host
  window.show = (data) => {
    window.bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
    window.again()
  }
  window.again = () => component({ data: window.bytes, parentElement: root })
  window.show(data)
}"""
# What streamlit does when the theme changes: new variables, and the component's function once more.
RETHEME = """(theme) => {
  for (const [name, value] of Object.entries(theme)) window.host.style.setProperty(`--st-${name}`, value)
  window.again()
}"""
PIXEL = """(canvas, i) => {
  const { width, height } = canvas
  return [...canvas.getContext("2d").getImageData(0, 0, width, height).data.slice(4 * i, 4 * i + 3)]
}"""


class Tiny:
    """A network 64 → 6 → 64 with made-up weights: bytes for the browser, numpy for the expectations."""

    def __init__(self, seed: int, code_activation: str = "linear") -> None:
        random = np.random.default_rng(seed)
        shapes = [(CODE_SIZE, PIXELS), (CODE_SIZE,), (PIXELS, CODE_SIZE), (PIXELS,)]
        self.parts: list[Floats] = [random.normal(0, 0.4, shape).astype(np.float32) for shape in shapes]
        starts = np.cumsum([0, *(part.size for part in self.parts)]).tolist()
        self.description: dict[str, Any] = {
            "inputs": PIXELS,
            "code_size": CODE_SIZE,
            "gaussian": False,
            "encoder": [dense(PIXELS, CODE_SIZE, code_activation, starts[0], starts[1])],
            "decoder": [dense(CODE_SIZE, PIXELS, "sigmoid", starts[2], starts[3])],
        }
        self.relu = code_activation == "relu"

    def encode(self, i: int) -> Floats:
        code: Floats = self.parts[0] @ (IMAGES[i] / np.float32(255)) + self.parts[1]
        return np.maximum(code, np.float32(0)) if self.relu else code

    def error(self, i: int, code: Floats) -> float:
        reconstruction = 1 / (1 + np.exp(-(self.parts[2] @ code + self.parts[3])))
        return float(np.mean((IMAGES[i] / 255 - reconstruction) ** 2))

    def packed(self) -> str:
        weights = b"".join(part.tobytes() for part in self.parts)
        block = pack(self.description, weights, IMAGES.tobytes(), LABELS, height=SIDE, width=SIDE)
        return base64.b64encode(block).decode()


def dense(inputs: int, outputs: int, activation: str, weight: int, bias: int) -> dict[str, Any]:
    return {
        "kind": "dense",
        "inputs": inputs,
        "outputs": outputs,
        "activation": activation,
        "weight": weight,
        "bias": bias,
    }


NETWORK = Tiny(seed=1)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    mistakes: list[str] = []
    page.on("pageerror", lambda mistake: mistakes.append(str(mistake)))
    mount(page)
    yield page
    page.close()
    assert not mistakes


def mount(page: Page, network: Tiny = NETWORK) -> None:
    js = base64.b64encode(source(*SCRIPTS).encode()).decode()
    html, css = source("explore_digit.html"), source(*STYLES)
    page.evaluate(MOUNT, [html, css, js, network.packed(), THEMES["light"]])


def state(page: Page, name: str) -> str:
    value = page.get_by_test_id("explorer").get_attribute(f"data-{name}")
    assert value is not None
    return value


def code_of(page: Page) -> Floats:
    return np.array(json.loads(state(page, "code")), np.float32)


def digit(page: Page, i: int) -> Locator:
    return page.get_by_test_id(f"digit-{i}").get_by_role("radio")


def bar(page: Page, k: int) -> Locator:
    return page.get_by_test_id(f"bar-{k}")


def value_of(page: Page, k: int) -> float:
    return float(bar(page, k).get_attribute("aria-valuenow") or "nan")


def drag_to(page: Page, k: int, share: float) -> None:
    """Move the pointer to a height in bar k: 0 is its bottom, 1 its top."""
    box = bar(page, k).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + (1 - share) * box["height"])


def test_it_opens_with_the_first_picture_and_true_numbers(page: Page) -> None:
    assert state(page, "picked") == "0"
    np.testing.assert_allclose(code_of(page), NETWORK.encode(0), atol=1e-3)
    assert float(state(page, "error")) == pytest.approx(NETWORK.error(0, NETWORK.encode(0)), abs=1e-5)
    expect(page.get_by_test_id("ratio")).to_have_text(f"64 → 6: 10.7{TIMES} smaller")
    expect(page.get_by_test_id("pixels")).to_have_text(f"8 {TIMES} 8 pixels")
    expect(page.get_by_test_id("error")).to_have_text(f"Error {float(state(page, 'error')):.4f} per pixel")
    assert page.get_by_test_id("original").evaluate(PIXEL, 5) == [IMAGES[0, 5]] * 3


def test_picking_a_digit_changes_all_three(page: Page) -> None:
    before = state(page, "reconstruction-hash")
    digit(page, 2).check()
    assert state(page, "picked") == "2"
    assert page.get_by_test_id("original").evaluate(PIXEL, 5) == [IMAGES[2, 5]] * 3
    np.testing.assert_allclose(code_of(page), NETWORK.encode(2), atol=1e-3)
    assert state(page, "reconstruction-hash") != before
    page.keyboard.press("ArrowRight")
    assert state(page, "picked") == "3"


def test_dragging_a_bar_redraws_at_every_move_without_the_server(page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    start = code_of(page)
    drag_to(page, 3, 0.5)
    page.mouse.down()
    hashes = []
    for share in (0.6, 0.7, 0.8, 0.9):
        drag_to(page, 3, share)
        hashes.append(state(page, "reconstruction-hash"))
        expect(page.get_by_test_id("readout")).to_contain_text("Number 4 is ")
    page.mouse.up()
    assert len(set(hashes)) == len(hashes)
    high = float(bar(page, 3).get_attribute("aria-valuemax") or "nan")
    assert value_of(page, 3) == pytest.approx(0.8 * high, abs=0.05 * high)  # bars run from -high to high
    code = code_of(page)
    np.testing.assert_array_equal(np.delete(code, 3), np.delete(start, 3))
    assert float(state(page, "error")) == pytest.approx(NETWORK.error(0, code), abs=1e-4)
    drag_to(page, 3, 0.2)
    assert state(page, "reconstruction-hash") == hashes[-1], "the bar was let go"
    assert requests == []


@pytest.mark.parametrize("width", [360, 860, 1280])
def test_nothing_moves_when_the_texts_change(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 2000})
    places = [page.get_by_test_id(name) for name in ("reset", "decoder-step", "reconstruction", "difference")]
    before = [place.bounding_box() for place in places]
    bar(page, 0).focus()
    page.keyboard.press("PageUp")
    expect(page.get_by_test_id("about-code")).to_be_hidden()
    page.get_by_test_id("difference").check()
    assert [place.bounding_box() for place in places] == before


def test_a_bar_stays_on_its_scale(page: Page) -> None:
    drag_to(page, 0, 0.5)
    page.mouse.down()
    drag_to(page, 0, 3.0)
    assert value_of(page, 0) == float(bar(page, 0).get_attribute("aria-valuemax") or "nan")
    drag_to(page, 0, -3.0)
    assert value_of(page, 0) == float(bar(page, 0).get_attribute("aria-valuemin") or "nan")
    page.mouse.up()


def test_a_code_without_negative_numbers_stands_on_zero(page: Page) -> None:
    page.evaluate("(data) => window.show(data)", Tiny(seed=1, code_activation="relu").packed())
    expect(bar(page, 0)).to_have_attribute("aria-valuemin", "0")
    assert code_of(page).min() == 0


def test_keyboard(page: Page) -> None:
    expect(page.locator("[role=slider][tabindex='0']")).to_have_count(1)
    bar(page, 0).focus()
    encoded = value_of(page, 0)
    high = float(bar(page, 0).get_attribute("aria-valuemax") or "nan")
    hashes = {state(page, "reconstruction-hash")}
    page.keyboard.press("ArrowUp")
    assert value_of(page, 0) == pytest.approx(encoded + high / 25, abs=0.011)
    hashes.add(state(page, "reconstruction-hash"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("PageDown")
    assert value_of(page, 0) == pytest.approx(max(-high, encoded - 10 * high / 25), abs=0.011)
    hashes.add(state(page, "reconstruction-hash"))
    assert len(hashes) == 3
    page.keyboard.press("Home")
    assert value_of(page, 0) == encoded
    page.keyboard.press("ArrowRight")
    expect(bar(page, 1)).to_be_focused()
    expect(page.locator("[role=slider][tabindex='0']")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(bar(page, 0)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(bar(page, 0)).to_be_focused()


def test_reset_gives_back_the_encoders_code(page: Page) -> None:
    reset = page.get_by_test_id("reset")
    expect(reset).to_be_disabled()
    before = state(page, "reconstruction-hash")
    bar(page, 2).focus()
    page.keyboard.press("PageUp")
    bar(page, 4).focus()
    page.keyboard.press("PageDown")
    assert state(page, "reconstruction-hash") != before
    reset.click()
    assert state(page, "reconstruction-hash") == before
    np.testing.assert_allclose(code_of(page), NETWORK.encode(0), atol=1e-3)
    expect(reset).to_be_disabled()


def test_difference_is_drawn_in_the_colours_of_the_theme(page: Page) -> None:
    shown = page.get_by_test_id("reconstruction")
    picture = shown.evaluate(PIXEL, 5)
    page.get_by_test_id("difference").check()
    expect(page.get_by_test_id("about-difference")).to_be_visible()
    expect(page.get_by_test_id("about-reconstruction")).to_be_hidden()
    difference = (int(IMAGES[0, 5]) - picture[0]) / 255
    for theme in THEMES.values():
        page.evaluate(RETHEME, theme)
        colours = theme["chart-categorical-colors"].split(",")
        paper, ink = rgb(theme["secondary-background-color"]), rgb(colours[0 if difference > 0 else 1])
        expected = paper + abs(difference) * (ink - paper)
        np.testing.assert_allclose(shown.evaluate(PIXEL, 5), expected, atol=2)
    page.get_by_test_id("difference").uncheck()
    assert shown.evaluate(PIXEL, 5) == picture


def rgb(colour: str) -> npt.NDArray[np.int64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def test_a_rerun_of_the_page_keeps_what_the_person_did(page: Page) -> None:
    digit(page, 4).check()
    bar(page, 1).focus()
    page.keyboard.press("PageUp")
    before = [state(page, name) for name in ("picked", "code", "reconstruction-hash")]
    page.evaluate("(data) => window.show(data)", NETWORK.packed())
    assert [state(page, name) for name in ("picked", "code", "reconstruction-hash")] == before


def test_another_network_replaces_the_first(page: Page) -> None:
    digit(page, 4).check()
    other = Tiny(seed=2)
    page.evaluate("(data) => window.show(data)", other.packed())
    assert state(page, "picked") == "0"
    np.testing.assert_allclose(code_of(page), other.encode(0), atol=1e-3)
    expect(page.get_by_role("radio")).to_have_count(len(LABELS))
    expect(page.get_by_role("slider")).to_have_count(CODE_SIZE)


@pytest.mark.parametrize("width", [360, 500, 700, 860, 1000, 1280])
def test_nothing_is_cut_off(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.get_by_test_id("explorer").evaluate(
        """(root) => [...root.querySelectorAll("h3, .caption, .fact, label, button, .step span")]
          .filter((part) => part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1)
          .map((part) => part.outerHTML)"""
    )
    assert cut == []


def test_pictures_that_do_not_fit_are_refused() -> None:
    images = IMAGES.tobytes()
    with pytest.raises(ValueError, match="4 labels need 256 bytes of pictures, got 320"):
        pack(NETWORK.description, b"", images, LABELS[:4], height=SIDE, width=SIDE)
    with pytest.raises(ValueError, match="takes 64 numbers, but a picture has 32"):
        pack(NETWORK.description, b"", images[:160], LABELS, height=4, width=8)
    with pytest.raises(ValueError, match="0 labels"):
        pack(NETWORK.description, b"", b"", [], height=SIDE, width=SIDE)
