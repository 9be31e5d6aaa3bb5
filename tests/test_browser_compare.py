"""The Compare tab in a real browser, with the sweep that comes with the app: five βs side by side, and the table on a phone."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.server import AppServer

LEFTS = "name => [...document.querySelectorAll(name)].map(part => Math.round(part.getBoundingClientRect().left))"
TOPS = "name => [...document.querySelectorAll(name)].map(part => Math.round(part.getBoundingClientRect().top))"
CHART = ".st-key-sweep_charts .js-plotly-plot"


def test_on_a_laptop_and_on_a_phone(page: Page, server: AppServer) -> None:
    page.set_default_timeout(90_000)  # the first to ask a fresh server for a chart waits for plotly
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{server.url}/disentangle?sweep=shapes-betas&view=Compare")
    page.locator(CHART).nth(12).wait_for()
    page.get_by_role("button", name="Traversals (PNG)").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    five_arms_and_four_charts_fit_side_by_side(page)
    the_arms_stay_in_sight_while_the_table_is_scrolled(page)


def five_arms_and_four_charts_fit_side_by_side(compare: Page) -> None:
    assert len(set(compare.evaluate(TOPS, ".sweep-arm"))) == 1
    assert len(set(compare.evaluate(LEFTS, ".sweep-arm"))) == 5
    compare.wait_for_function(  # a chart draws itself anew once it knows how wide it is
        """name => {
          const places = [...document.querySelectorAll(name)].map((chart) => chart.getBoundingClientRect())
          const room = document.querySelector(".st-key-sweep_charts").getBoundingClientRect()
          return new Set(places.map((place) => Math.round(place.left))).size === 4 &&
            Math.abs(Math.max(...places.map((place) => place.right)) - room.right) < 2
        }""",
        arg=CHART,
    )
    with compare.expect_download() as download:
        compare.get_by_role("button", name="Traversals (PNG)").click()
    assert download.value.suggested_filename.endswith("-seed-0.png")
    picture = np.asarray(Image.open(io.BytesIO(download.value.path().read_bytes())))
    assert picture.shape[1] == 2 * 40 + 5 * 2 * (7 * 32 + 6) + 4 * 32


def the_arms_stay_in_sight_while_the_table_is_scrolled(compare: Page) -> None:
    compare.set_viewport_size({"width": 360, "height": 800})
    scroller = compare.get_by_role("region", name="Table of all values")
    scroller.evaluate("part => { part.scrollLeft = 300 }")
    assert scroller.get_attribute("tabindex") == "0"
    name = compare.locator(".sweep-table tbody th").last
    assert name.evaluate("part => part.getBoundingClientRect().left") == scroller.evaluate(
        "part => part.getBoundingClientRect().left"
    )
    for scheme in ("light", "dark"):
        compare.emulate_media(color_scheme=scheme)
        compare.wait_for_function(
            """() => getComputedStyle(document.querySelector(".sweep-table tbody th")).backgroundColor ===
              getComputedStyle(document.querySelector(".stApp")).backgroundColor"""
        )
    assert compare.evaluate("document.documentElement.scrollWidth") == 360
