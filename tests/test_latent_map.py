"""The Map view: points, the picture under the pointer, a path, the manifold, zoom and pan, keyboard, words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from aecore.ui.latent_map import FILES, SHEETS
from tests.component_page import Finger
from tests.latent_harness import FakeSpace, SpacePage, opened
from tests.test_latent_walk import PIXELS

SPACE = "globalThis.aecoreSpaces.values().next().value"


@pytest.fixture(scope="module")
def space() -> FakeSpace:
    return FakeSpace()


@pytest.fixture
def view(browser: Browser, space: FakeSpace) -> Iterator[SpacePage]:
    with opened(browser, "latent_map", space, css=SHEETS, js=FILES, viewport={"width": 1200, "height": 1100}) as page:
        page.shows(points=60)
        yield page


def code_of(view: SpacePage) -> list[float]:
    values: list[float] = json.loads(view.reading("code"))
    return values


def shown(view: SpacePage) -> np.ndarray[Any, np.dtype[Any]]:
    return np.array(view.find("picture").evaluate(PIXELS)).reshape(28, 28)


def move(view: SpacePage, across: float, down: float) -> None:
    view.page.mouse.move(*view.point("map", across, down))


def press(view: SpacePage, across: float, down: float) -> list[float]:
    """Press at a place of the map; returns the code that is set."""
    before = view.reading("code")
    move(view, across, down)
    view.page.mouse.down()
    view.page.mouse.up()
    expect(view.root).not_to_have_attribute("data-code", before)
    return code_of(view)


def choose(view: SpacePage, shown: str) -> None:
    view.find("shown").get_by_label(shown, exact=True).check()
    view.shows(shown=shown.lower())


def redraws(view: SpacePage, action: Callable[[], None]) -> None:
    """Do something and wait until the map's points are drawn otherwise."""
    canvas = view.find("map").locator("canvas").first.element_handle()
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    action()
    view.page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas, before])


def test_a_press_sets_the_code_and_shows_torchs_picture(view: SpacePage) -> None:
    code = press(view, 0.7, 0.3)
    assert code[0] > 0 < code[1]
    np.testing.assert_allclose(shown(view), 255 * view.space.decode(code)[0], atol=1.5)
    left = press(view, 0.4, 0.3)
    assert left[0] < code[0]
    assert left[1] == pytest.approx(code[1], abs=0.01)
    expect(view.find("place")).to_contain_text("on the plane of z1 and z2")


def test_what_is_said_is_where_the_point_is_not_the_pointer(view: SpacePage) -> None:
    said = "({:.2f}, {:.2f})".format(*press(view, 0.7, 0.3))
    move(view, 0.2, 0.6)
    expect(view.find("place")).not_to_contain_text(said)
    expect(view.find("spoken")).to_contain_text(f"The point is at {said}.")


def test_hovering_shows_the_picture_of_the_place_and_leaves_the_code(view: SpacePage) -> None:
    code, picture = code_of(view), view.reading("picture-hash")
    move(view, 0.8, 0.8)
    expect(view.root).not_to_have_attribute("data-picture-hash", picture)
    expect(view.find("title")).to_have_text("The picture under the pointer")
    assert code_of(view) == code
    view.page.mouse.move(2, 2)
    expect(view.root).to_have_attribute("data-picture-hash", picture)
    expect(view.find("title")).to_have_text("The picture at the point")


def test_dragging_draws_a_path_with_pictures_that_can_be_walked(view: SpacePage) -> None:
    asked, told = len(view.space.asked), len(view.told)
    expect(view.find("play")).to_be_disabled()
    move(view, 0.3, 0.5)
    view.page.mouse.down()
    hashes = set()
    for share in (0.4, 0.5, 0.6, 0.7):
        before = view.reading("code")
        move(view, share, 0.5)
        expect(view.root).not_to_have_attribute("data-code", before)
        hashes.add(view.reading("picture-hash"))
    view.page.mouse.up()
    assert len(hashes) == 4
    view.shows(path=5, strip=5)
    end = code_of(view)
    strip = np.array(view.find("strip").evaluate(PIXELS)).reshape(28, 12, 28).transpose(1, 0, 2)
    np.testing.assert_allclose(strip[-1], 255 * view.space.decode(end)[0], atol=2)
    assert len({picture.tobytes() for picture in strip}) == 12
    view.page.mouse.move(2, 2)
    view.find("play").click()
    expect(view.find("play")).to_have_text("Stop")
    expect(view.root).not_to_have_attribute("data-code", json.dumps(end, separators=(",", ":")))
    view.find("play").click()
    expect(view.find("play")).to_have_text("Play")
    view.find("forget").click()
    view.shows(path=0)
    assert (len(view.space.asked), len(view.told)) == (asked, told)


def test_pointing_at_a_point_shows_its_picture(view: SpacePage) -> None:
    places = view.page.evaluate(f"{SPACE}.encodings.map(({{ mean }}) => [...mean])")
    np.testing.assert_allclose(places, view.space.means(), atol=1e-4)
    right, left = press(view, 0.75, 0.25), press(view, 0.25, 0.75)
    # From two known places to that of the picture that is farthest to the right.
    target = int(np.argmax(view.space.means()[:, 0]))
    mean = view.space.means()[target]
    across = 0.25 + 0.5 * (mean[0] - left[0]) / (right[0] - left[0])
    down = 0.75 - 0.5 * (mean[1] - left[1]) / (right[1] - left[1])
    move(view, float(across), float(down))
    view.shows(picked=target)
    expect(view.find("note")).to_contain_text(str(view.space.labels[target]))
    drawn = np.array(view.find("note").locator("canvas").evaluate(PIXELS)).reshape(28, 28)
    np.testing.assert_array_equal(drawn, view.space.images[target, 0])


def test_the_manifold_has_equal_shares_of_the_prior(view: SpacePage) -> None:
    choose(view, "Pictures")
    view.find("size").focus()
    for _ in range(8):
        view.page.keyboard.press("ArrowLeft")
    expect(view.find("size-text")).to_have_text("8 × 8")
    view.shows(cells=64)
    # The second cell from the left and the third from above: what is drawn there, and which code its middle is.
    quantile = NormalDist().inv_cdf
    expected = [quantile(1.5 / 8), quantile(1 - 2.5 / 8)]
    base = view.find("map").locator("canvas").first
    drawn = np.array(base.evaluate(PIXELS)).reshape(base.evaluate("canvas => [canvas.height, canvas.width]"))
    width, height = view.find("map").evaluate("box => [box.clientWidth, box.clientHeight]")
    side = min(width - 54, height - 48)
    middles = (np.arange(28) + 0.5) / 28
    rows, columns = (8 + side * (2 + middles) / 8).astype(int), (46 + side * (1 + middles) / 8).astype(int)
    np.testing.assert_allclose(drawn[np.ix_(rows, columns)], 255 * view.space.decode(expected)[0], atol=2)
    code = press(view, (46 + side * 1.5 / 8) / width, (8 + side * 2.5 / 8) / height)
    np.testing.assert_allclose(code, expected, atol=0.02)
    choose(view, "Both")
    choose(view, "Points")
    view.shows(cells=0)


def test_zoom_and_pan(view: SpacePage) -> None:
    whole = press(view, 0.8, 0.5)[0] - press(view, 0.3, 0.5)[0]
    home = press(view, 0.4, 0.5)[0]
    view.find("nearer").click()
    near = press(view, 0.8, 0.5)[0] - press(view, 0.3, 0.5)[0]
    assert near == pytest.approx(whole / 1.25, rel=0.02)
    move(view, 0.5, 0.5)
    view.page.mouse.wheel(0, 100)  # the map has the focus: it was pressed
    assert press(view, 0.8, 0.5)[0] - press(view, 0.3, 0.5)[0] == pytest.approx(whole, rel=0.02)
    start = press(view, 0.4, 0.5)[0]
    view.page.keyboard.down("Shift")
    move(view, 0.4, 0.5)
    view.page.mouse.down()
    move(view, 0.6, 0.5)
    view.page.mouse.up()
    view.page.keyboard.up("Shift")
    assert code_of(view)[0] == start, "the map moved, not the code"
    press(view, 0.5, 0.3)
    assert press(view, 0.6, 0.5)[0] == pytest.approx(start, abs=0.02)
    view.find("whole").click()
    press(view, 0.5, 0.3)
    assert press(view, 0.4, 0.5)[0] == home


def test_the_page_scrolls_over_a_map_without_the_focus(view: SpacePage) -> None:
    before = press(view, 0.8, 0.5)
    view.find("whole").focus()
    move(view, 0.5, 0.5)
    view.page.mouse.wheel(0, 100)
    press(view, 0.5, 0.3)
    assert press(view, 0.8, 0.5) == before


def test_keyboard_alone(view: SpacePage) -> None:
    view.find("map").focus()
    start = code_of(view)
    view.page.keyboard.press("ArrowRight")
    expect(view.root).not_to_have_attribute("data-code", json.dumps(start, separators=(",", ":")))
    step = code_of(view)[0] - start[0]
    assert step > 0
    assert code_of(view)[1] == pytest.approx(start[1], abs=1e-3)
    before = view.reading("code")
    view.page.keyboard.press("Shift+ArrowUp")
    expect(view.root).not_to_have_attribute("data-code", before)
    assert code_of(view)[1] - start[1] == pytest.approx(5 * step, rel=0.05)
    before = view.reading("code")
    view.page.keyboard.press("+")
    view.page.keyboard.press("ArrowLeft")
    expect(view.root).not_to_have_attribute("data-code", before)
    assert code_of(view)[0] - start[0] == pytest.approx(step - step / 1.25, abs=2e-3)
    expect(view.find("spoken")).to_contain_text("The point is at (")
    view.page.keyboard.press("0")
    outline = view.find("map").evaluate("box => getComputedStyle(box).outlineStyle")
    assert outline == "solid", "one sees where the keyboard is"


def test_the_map_in_words(view: SpacePage) -> None:
    view.find("words").locator("summary").click()
    expect(view.find("table").locator("tr")).to_have_count(11)
    rows = view.find("table").locator("tr").all()
    means = view.space.means()
    members = means[view.space.labels == 3]
    cells = rows[4].locator("td").all_inner_texts()
    centre = ", ".join(f"{value:.2f}".replace("-", "−") for value in members.mean(0))
    spread = ", ".join(f"{value:.2f}" for value in members.std(0))
    assert cells[:4] == ["3", "6", f"({centre})", f"({spread})"]
    centres = np.array([means[view.space.labels == kind].mean(0) for kind in range(10)])
    apart = np.linalg.norm(centres - centres[3], axis=1)
    assert cells[4] == str(np.argsort(apart)[1])


def test_fingers(browser: Browser, space: FakeSpace) -> None:
    with opened(
        browser, "latent_map", space, css=SHEETS, js=FILES, viewport={"width": 360, "height": 1500}, has_touch=True
    ) as view:
        view.shows(points=60)
        assert not view.is_too_wide()
        before = view.reading("code")
        finger = Finger(view)
        finger.down(*view.point("map", 0.5, 0.5))
        finger.move(*view.point("map", 0.7, 0.4))
        expect(view.root).not_to_have_attribute("data-code", before)
        finger.up()
        expect(view.find("title")).to_have_text("The picture at the point")  # no finger, nothing under it
        assert view.find("strip").evaluate("canvas => [canvas.width, canvas.height]") == [6 * 28, 2 * 28]
        held, picture = view.reading("code"), view.reading("picture-hash")
        view.find("play").click()  # not a tap: Chromium takes one right after a flick to end the flick
        expect(view.root).not_to_have_attribute("data-picture-hash", picture)
        expect(view.find("play")).to_have_text("Stop")
        view.find("play").click()
        expect(view.find("play")).to_have_text("Play")
        finger.down(*view.point("map", 0.4, 0.4), *view.point("map", 0.6, 0.6))
        finger.move(*view.point("map", 0.3, 0.3), *view.point("map", 0.7, 0.7))
        finger.up()
        placed = view.reading("code")
        finger.down(*view.point("map", 0.8, 0.2))
        finger.up()
        expect(view.root).not_to_have_attribute("data-code", placed)
        assert held != view.reading("code")


def test_classes_can_be_picked_out(view: SpacePage) -> None:
    chip = view.find("class-3")
    redraws(view, chip.click)
    expect(chip).to_have_attribute("aria-pressed", "true")
    redraws(view, chip.click)
    expect(chip).to_have_attribute("aria-pressed", "false")


def test_clouds_are_drawn(view: SpacePage) -> None:
    redraws(view, view.find("ellipses").check)
    redraws(view, view.find("ellipses").uncheck)
