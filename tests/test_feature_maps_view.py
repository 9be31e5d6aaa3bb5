"""Two maps of the same pictures: what is pointed at in one is shown in both, by mouse, finger and keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from aecore.ui.components import source
from tests.component_page import Finger
from tests.features_harness import MapsPage, opened_maps
from tests.latent_harness import FakeSpace

AIR = 14  # pixels around the outermost points, as in the component


@pytest.fixture(scope="module")
def space() -> FakeSpace:
    return FakeSpace(pictures=25)


def data_of(space: FakeSpace, **changes: Any) -> dict[str, Any]:
    """25 pictures on a 5×5 lattice by their pixels; by their features the same, mirrored."""
    places = [[x / 2, y / 2] for y in (2, 1, 0, -1, -2) for x in (-2, -1, 0, 1, 2)]
    return {
        "base": "",
        "token": space.token,
        "method": "pca",
        "pixels": places,
        "features": [[-x, y] for x, y in places],
        "labels": space.labels.tolist(),
        "classes": list(space.config.card.classes),
        "size": {"channels": 1, "height": 28, "width": 28},
        "numbers": [784, 196],
        **changes,
    }


@pytest.fixture
def view(browser: Browser, space: FakeSpace) -> Iterator[MapsPage]:
    with opened_maps(browser, space, data_of(space), has_touch=True) as page:
        yield page


def place(view: MapsPage, name: str, picture: int) -> tuple[float, float]:
    """Where a picture is in the window."""
    left, top, width, height = view.box(name)
    x, y = view.data[name][picture]
    inner = (width - 2, height - 2)  # without the border
    across = 1 + AIR + (1 + x) / 2 * (inner[0] - 2 * AIR)
    down = 1 + AIR + (1 - y) / 2 * (inner[1] - 2 * AIR)
    return left + across, top + down


def shows_picture(view: MapsPage, picture: int) -> None:
    """Both maps show the picture and its class."""
    view.shows(picked=picture)
    kind = view.data["classes"][view.data["labels"][picture]]
    for name in ("pixels", "features"):
        note = view.find(f"{name}-note")
        expect(note).to_be_visible()
        expect(note).to_have_text(kind)
        drawn = note.locator("canvas").evaluate(
            "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)"
        )
        np.testing.assert_array_equal(np.reshape(drawn, (28, 28)), view.space.images[picture, 0])
    expect(view.find("words")).to_have_text(f"Test picture {picture + 1}, class {kind}.")


def test_pointing_in_one_map_shows_the_picture_in_both(view: MapsPage) -> None:
    expect(view.find("words")).to_contain_text("Point at a picture")
    for name, picture in (("pixels", 7), ("features", 12)):
        view.page.mouse.move(*place(view, name, picture))
        shows_picture(view, picture)
    view.page.mouse.move(1, 1)
    view.shows(picked=-1)
    expect(view.find("pixels-note")).to_be_hidden()
    assert view.told == []


def test_the_ring_is_at_the_same_picture_in_both(view: MapsPage) -> None:
    view.page.mouse.move(*place(view, "pixels", 5))
    shows_picture(view, 5)
    for name in ("pixels", "features"):
        left, top = view.box(name)[:2]
        x, y = place(view, name, 5)
        inked = (
            view.find(name)
            .locator("canvas")
            .nth(1)
            .evaluate(
                "(canvas, [x, y]) => canvas.getContext('2d').getImageData(x, y, 1, 1).data[3]",
                [round(x - left - 1), round(y - top - 1)],
            )
        )
        assert inked > 200


def test_arrows_go_to_the_nearest_picture_in_that_direction(view: MapsPage) -> None:
    view.find("features").focus()
    view.page.keyboard.press("ArrowRight")  # from nowhere: the one in the middle
    shows_picture(view, 12)
    view.page.keyboard.press("ArrowRight")  # mirrored
    shows_picture(view, 11)
    view.page.keyboard.press("ArrowUp")
    shows_picture(view, 6)
    view.find("pixels").focus()
    for _ in range(4):
        view.page.keyboard.press("ArrowLeft")
    shows_picture(view, 5)
    view.page.keyboard.press("ArrowLeft")  # there is none
    shows_picture(view, 5)
    expect(view.find("words")).to_have_attribute("aria-live", "polite")
    view.page.keyboard.press("Escape")
    view.shows(picked=-1)


def test_a_finger_points_and_what_it_pointed_at_stays(view: MapsPage) -> None:
    finger = Finger(view)
    finger.down(*place(view, "pixels", 8))
    finger.up()
    shows_picture(view, 8)


def test_a_class_is_picked_out(view: MapsPage) -> None:
    view.find("class-3").click()
    expect(view.find("class-3")).to_have_attribute("aria-pressed", "true")
    view.page.mouse.move(*place(view, "pixels", 13))  # of class 3
    shows_picture(view, 13)
    view.page.mouse.move(*place(view, "pixels", 7))  # of class 7, which is faded
    view.shows(picked=-1)
    view.find("class-3").click()
    view.page.mouse.move(*place(view, "pixels", 7))
    shows_picture(view, 7)


def test_other_maps_of_the_same_pictures_keep_what_is_picked(view: MapsPage) -> None:
    asked = len(view.space.asked)
    view.find("pixels").focus()
    view.page.keyboard.press("ArrowRight")
    shows_picture(view, 12)
    view.mount_maps(data_of(view.space, method="tsne", features=view.data["pixels"]))
    expect(view.find("features-title")).to_have_text("Features: t-SNE of 196 numbers")
    expect(view.find("reading")).to_contain_text("van der Maaten")
    shows_picture(view, 12)
    assert len(view.space.asked) == asked


def test_a_phone_has_them_one_below_the_other(view: MapsPage) -> None:
    view.set_width(360)
    expect(view.find("features")).to_be_visible()
    assert not view.is_too_wide()
    assert view.box("features")[1] > view.box("pixels")[1] + view.box("pixels")[3]
    assert view.cut_off(".caption, .class, h3") == []


def test_maps_without_pictures_say_why(browser: Browser, space: FakeSpace) -> None:
    class Gone(FakeSpace):
        def answer(self, route: Route) -> None:
            route.fulfill(status=404, body=json.dumps({"error": "The pictures of this run are missing."}))

    with opened_maps(browser, Gone(pictures=25), data_of(space)) as view:
        expect(view.find("message")).to_have_text("The pictures of this run are missing.")
        view.page.mouse.move(*place(view, "pixels", 3))
        view.shows(picked=3)
        expect(view.find("pixels-note")).to_have_text(view.data["classes"][view.data["labels"][3]])
        expect(view.find("pixels-note").locator("canvas")).to_be_hidden()


@pytest.fixture(scope="module")
def empty(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_content("<div id=box style='width:528px;height:528px'></div>")
    page.add_script_tag(content=source("canvas.js", "svg_pen.js", "save_chart.js", "markers.js", "feature_maps_map.js"))
    yield page
    page.close()


def test_a_picture_aside_counts_as_farther(empty: Page) -> None:
    places = [[0, 0], [0.3, 0], [0.2, 0.19], [0.1, 0.4]]
    found = empty.evaluate(
        """places => {
          const map = new PointMap(document.querySelector("#box"), { onpick() {} })
          map.setPlaces(places, places.map(() => 0))
          map.highlighted = new Set()
          return ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"].map((key) => map.nextFrom(0, WAYS[key]))
        }""",
        places,
    )
    assert found == [1, 3, 0, 0]
