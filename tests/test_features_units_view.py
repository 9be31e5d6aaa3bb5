"""The view of a layer's units: keyboard, pages, training, what goes wrong, narrow screens; and nothing said to the server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, expect

from aecore.model import build
from aecore.ui.components import source
from aecore.ui.features_units import FILES, SHEETS
from tests.component_page import ADDRESS
from tests.features_harness import answers, best, linear, opened_units, order, vector_space, weights
from tests.latent_harness import FakeSpace, SpacePage
from tests.server import wait_for
from tests.test_browser_network import shaken


@pytest.fixture(scope="module")
def space() -> FakeSpace:
    return vector_space(code__size=90, code__activation="sigmoid")


@pytest.fixture
def view(browser: Browser, space: FakeSpace) -> Iterator[SpacePage]:
    with opened_units(browser, space, target=0.05) as page:
        yield page


def test_arrows_move_in_the_grid_which_is_one_stop_of_the_tab_key(view: SpacePage) -> None:
    units, columns = order(view), int(view.reading("columns"))
    cells = view.root.get_by_role("gridcell")
    assert cells.evaluate_all("cells => cells.filter((cell) => cell.tabIndex === 0).length") == 1
    view.find("sort").locator("input:checked").focus()
    view.page.keyboard.press("Tab")
    expect(view.find("larger")).to_be_focused()
    view.page.keyboard.press("Tab")
    expect(view.root.locator("[role=gridcell]:focus")).to_have_attribute("aria-selected", "true")
    view.page.keyboard.press("ArrowRight")
    view.shows(selected=units[1])
    view.page.keyboard.press("ArrowDown")
    focused = view.root.locator("[role=gridcell]:focus")
    expect(focused).to_have_attribute("data-at", str(columns + 1))
    expect(focused).to_have_attribute("tabindex", "0")
    view.page.keyboard.press("Home")
    expect(view.root.locator("[role=gridcell]:focus")).to_have_attribute("data-at", str(columns))
    view.page.keyboard.press("Control+Home")
    view.page.keyboard.press("ArrowLeft")  # there is nothing before the first
    view.shows(selected=units[0])
    label = view.root.locator("[role=gridcell]:focus").get_attribute("aria-label") or ""
    assert label.startswith(f"Unit {units[0] + 1}, mean activation ")
    assert "of 60 pictures" in label


def test_a_click_shows_the_unit_and_what_excites_it(view: SpacePage) -> None:
    unit = order(view)[7]
    view.root.get_by_role("gridcell").nth(7).click()
    view.shows(selected=unit)
    expect(view.find("unit-title")).to_have_text(f"Unit {unit + 1}")
    found = answers(view.space, 1)[unit]
    assert len(best(view)) == 10
    np.testing.assert_allclose(found[best(view)], np.sort(found)[::-1][:10], atol=2e-5)
    expect(view.find("best-0").locator("figcaption")).to_have_text(f"{found.max():.2f}")
    shown = (
        view.find("best-0")
        .locator("canvas")
        .evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)")
    )
    np.testing.assert_array_equal(np.reshape(shown, (28, 28)), view.space.images[best(view)[0], 0])
    assert f"Active for {np.sum(found > 0.5)} of 60 pictures" in view.find("unit-facts").inner_text()


def test_sorting(view: SpacePage) -> None:
    found = answers(view.space, 1)
    view.find("sort").get_by_text("Spread").click()
    spread = found.std(1)
    view.shows(selected=int(np.argmax(spread)))
    assert np.all(np.diff(spread[order(view)]) <= 1e-6)
    view.find("sort").get_by_text("Number").click()
    view.shows(order=" ".join(map(str, range(20))), selected=0)
    view.find("sort").get_by_text("Mean").click()
    view.shows(selected=int(np.argmax(found.mean(1))))


def test_nothing_is_said_to_the_server(view: SpacePage) -> None:
    asked, told = len(view.space.asked), len(view.told)
    view.root.get_by_role("gridcell").nth(5).click()
    view.page.keyboard.press("ArrowRight")
    view.find("sort").get_by_text("Number").click()
    view.shows(selected=0)
    view.mount_view(depth=1, target=0.05)
    assert len(view.space.asked) == asked
    assert len(view.told) == told


def test_weights_are_blue_below_zero_and_orange_above_in_both_themes(view: SpacePage) -> None:
    shape = weights(view.space, 1)[int(view.reading("selected"))]
    read = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    for theme in ("light", "dark"):
        view.set_theme(theme)
        view.mount_view(depth=1, target=0.05)
        colours = np.reshape(view.find("picture").evaluate(read), (784, 4)).astype(int)
        strong = np.abs(shape) > 0.8 * np.abs(shape).max()
        assert np.all((colours[:, 0] > colours[:, 2])[strong & (shape > 0)]), "more red than blue"
        assert np.all((colours[:, 2] > colours[:, 0])[strong & (shape < 0)])


def test_newer_weights_while_the_run_trains_and_no_unit_changes_its_place(browser: Browser) -> None:
    space = vector_space(code__size=20, code__activation="sigmoid")
    space.state = "running"
    with opened_units(browser, space) as view:
        before = order(view)
        height = view.root.evaluate("root => root.offsetHeight")
        space.model = shaken(build(space.config.plan, 5))
        space.stamp = "2"
        view.shows(stamp="2")
        view.shows(mean=f"{answers(space, 1).mean():.5f}")
        assert order(view) == before
        assert view.root.evaluate("root => root.offsetHeight") == height
        expect(view.find("about")).to_contain_text("Sort again")
        view.find("again").click()
        expect(view.root).not_to_have_attribute("data-order", " ".join(map(str, before)))
        means = answers(space, 1).mean(1)
        assert np.all(np.diff(means[order(view)]) <= 1e-6)
        expect(view.find("again")).to_be_hidden()
        space.state = "finished"
        view.page.wait_for_function("() => window.events.length > 1")
        assert view.told == [["trigger", "state", "running"], ["trigger", "state", "finished"]]


def test_another_layer(browser: Browser) -> None:
    space = vector_space(hidden=(12,), code__size=5)
    with opened_units(browser, space) as view:
        expect(view.find("title")).to_contain_text("Layer 1: 12 units")
        view.mount_view(depth=2, target=None)
        view.shows(depth=2, units=5)
        expect(view.find("title")).to_have_text("The code: 5 units, linear")
        expect(view.find("about")).to_contain_text("Lee, Ekanadham & Ng 2008")
        view.mount_view(depth=1, target=None)
        view.shows(depth=1, units=12)


def test_many_units_have_pages(browser: Browser) -> None:
    space = vector_space(code__size=1024, code__activation="relu", code__top_k=25, pictures=30)
    with opened_units(browser, space) as view:
        pages, columns = int(view.reading("pages")), int(view.reading("columns"))
        assert pages > 1
        expect(view.find("before")).to_be_disabled()
        expect(view.find("page")).to_have_text(f"1 to {12 * columns} of 1,024, by mean activation")
        view.find("after").click()
        view.shows(page=1, selected=order(view)[0])
        view.root.get_by_role("gridcell").first.focus()
        view.page.keyboard.press("ArrowLeft")
        view.shows(page=0)
        expect(view.root.locator("[role=gridcell]:focus")).to_have_attribute("data-at", str(12 * columns - 1))
        view.page.keyboard.press("Control+End")
        view.shows(page=pages - 1)
        expect(view.find("after")).to_be_disabled()
        expect(view.find("page")).to_contain_text("to 1,024 of 1,024")
        assert float(view.reading("active")) == pytest.approx((answers(space, 1) > 0).sum() / 30, abs=1e-3)


def test_larger_pictures_on_more_pages(view: SpacePage) -> None:
    width = view.root.get_by_role("gridcell").first.evaluate("cell => cell.offsetWidth")
    assert view.reading("pages") == "1"
    unit = order(view)[-1]
    view.root.get_by_role("gridcell").nth(19).click()
    view.find("larger").click()
    expect(view.find("larger")).to_have_attribute("aria-pressed", "true")
    view.shows(selected=unit)
    expect(view.root.locator("[aria-selected=true]")).to_have_count(1)  # it is on the page that is shown
    assert view.root.get_by_role("gridcell").first.evaluate("cell => cell.offsetWidth") >= max(52, width)
    view.find("larger").click()
    view.shows(pages=1)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_a_pixel_of_a_picture_is_a_whole_number_of_the_screens(browser: Browser, space: FakeSpace, ratio: int) -> None:
    size = {"width": 360, "height": 800}
    with opened_units(browser, space, viewport=size, device_scale_factor=ratio) as view:
        drawn, shown = view.find("tiles").evaluate("canvas => [canvas.width, canvas.getBoundingClientRect().width]")
        assert drawn == pytest.approx(shown * ratio, abs=0.1)
        cells = view.root.get_by_role("gridcell").first.bounding_box()
        assert cells is not None
        assert (cells["width"] * ratio - 2 * ratio) % 28 == pytest.approx(0, abs=0.1)
        assert cells["width"] >= 26


def test_a_phone(view: SpacePage) -> None:
    view.set_width(360)
    expect(view.root.get_by_role("gridcell").first).to_be_visible()
    wait_for(lambda: not view.is_too_wide(), "a layout that fits")
    assert view.cut_off(".caption, .button, h3, dt, dd, figcaption, .facts") == []


def test_weights_that_are_no_numbers_are_said(browser: Browser) -> None:
    space = vector_space(code__size=4)
    with torch.no_grad():
        linear(space, 1).weight.fill_(float("nan"))
    with opened_units(browser, space) as view:
        expect(view.find("message")).to_contain_text("has diverged")


@pytest.mark.parametrize(
    ("depth", "answer", "text"),
    [
        (1, {"error": "This run waits for its turn."}, "This run waits for its turn."),
        (4, None, "This network has no layer 4: choose one of its 1."),
    ],
)
def test_a_sentence_where_there_is_nothing_to_show(
    browser: Browser, space: FakeSpace, depth: int, answer: dict[str, str] | None, text: str
) -> None:
    parts = {"html": source("features_units.html"), "css": source(*SHEETS), "js": source(*FILES)}
    view = SpacePage(browser, "features-units", **parts)
    view.space = space
    if answer is None:
        view.page.route(f"{ADDRESS}api/**", space.answer)
    else:
        body = json.dumps(answer)
        view.page.route(f"{ADDRESS}api/**", lambda route: route.fulfill(status=404, body=body, headers={"X-Run-State": "queued"}))
    view.mount_view(depth=depth, target=None)
    expect(view.find("message")).to_have_text(text)
    expect(view.find("title")).to_be_hidden()
    assert view.errors == []
    view.context.close()
