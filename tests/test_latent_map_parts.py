"""The parts of the map that need no view: the window, the points on their way, a path, the texts of the ticks."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from aecore.ui.components import source

FILES = ("canvas.js", "numbers.js", "network.js", "normal_distribution.js", "idle_work.js", "pixels.js")
PARTS = ("map_window.js", "map_points.js", "markers.js", "map_view.js", "map_path.js", "map_grid.js")
WINDOW = """
  const windowOf = (isWarped, centre = [0.5, -0.25]) => {
    const map = new MapWindow()
    map.isWarped = isWarped
    map.fit({ name: "a plane", centre, spread: [1, 2] }, [[-1, -2], [4, 1]])
    map.resize(500, 480)
    return map
  }
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Any:
    page = browser.new_page()
    page.add_script_tag(content=source(*FILES, *PARTS) + WINDOW)
    yield page
    page.close()


@pytest.mark.parametrize("is_warped", [False, True])
def test_a_place_and_its_pixels(page: Page, is_warped: bool) -> None:
    script = """isWarped => {
      const map = windowOf(isWarped)
      map.zoom(0.5, [200, 100])
      map.pan(13, -7)
      return [[100, 100], [250, 300], [400, 50]].map((pixels) => map.toPixels(map.toPlace(pixels)))
    }"""
    np.testing.assert_allclose(page.evaluate(script, is_warped), [[100, 100], [250, 300], [400, 50]], atol=1e-2)


def test_what_is_under_the_pointer_stays_there_while_zooming(page: Page) -> None:
    script = """() => {
      const map = windowOf(false)
      const before = map.toPlace([150, 90])
      map.zoom(0.4, [150, 90])
      return [before, map.toPlace([150, 90])]
    }"""
    before, after = page.evaluate(script)
    np.testing.assert_allclose(after, before, atol=1e-9)


def test_one_scale_in_both_directions_and_everything_is_seen(page: Page) -> None:
    script = """() => {
      const map = windowOf(false)
      const [zero, right, up] = [[0, 0], [1, 0], [0, 1]].map((place) => map.toPixels(place))
      return [right[0] - zero[0], zero[1] - up[1], [[-1, -2], [4, 1]].every((place) => map.isInside(map.toPixels(place)))]
    }"""
    across, up, is_seen = page.evaluate(script)
    assert across == pytest.approx(up)
    assert is_seen


def test_a_warped_map_shows_equal_shares(page: Page) -> None:
    places = page.evaluate("[0.1, 0.25, 0.5, 0.9].map((share) => windowOf(true).fromUnit(share, 1))")
    np.testing.assert_allclose(places, [NormalDist(-0.25, 2).inv_cdf(share) for share in (0.1, 0.25, 0.5, 0.9)], atol=1e-6)


def test_ticks_of_a_warped_map_do_not_touch_and_are_the_same_on_both_sides(page: Page) -> None:
    script = """() => {
      const map = windowOf(true, [0, 0])
      return MapView.prototype.ticks.call({ window: map }, 0, map.box.left, map.box.right, () => 20)
    }"""
    ticks = page.evaluate(script)
    places = sorted(tick["at"] for tick in ticks)
    assert min(np.diff(places)) >= 20
    values = sorted(tick["value"] for tick in ticks)
    assert len(values) >= 3
    np.testing.assert_allclose(values, -np.array(values[::-1]), atol=1e-9)


def test_points_go_to_their_new_places_smoothly_or_at_once(page: Page) -> None:
    script = """isStill => {
      const space = { encodings: [{ mean: [0, 0] }], labels: [0], classes: ["a"] }
      const plane = (shift) => ({ kind: "pair", coordinates: ([a, b]) => [a + shift, b] })
      const points = new MapPoints(space)
      points.stillness = { matches: isStill }
      let now = 1000
      const real = performance.now
      performance.now = () => now
      try {
        points.place(plane(0), false)
        points.place(plane(10), true)
        return [0, 60, 125, 251].map((time) => ((now = 1000 + time), points.now[0][0]))
      } finally {
        performance.now = real
      }
    }"""
    start, *between, end = page.evaluate(script, False)
    assert start == 0 < between[0] < between[1] < end == 10
    assert page.evaluate(script, True) == [10, 10, 10, 10]


def test_places_along_a_path_are_equally_far_apart(page: Page) -> None:
    path = np.array([[0, 0], [3, 0], [3, 0], [3, 4], [1, 4]], float)
    shares = np.linspace(0, 1, 12)
    found = page.evaluate("([path, shares]) => shares.map((share) => alongPath(path, share))", [path.tolist(), shares.tolist()])
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    expected = [np.interp(shares * lengths[-1], lengths, path[:, axis]) for axis in (0, 1)]
    np.testing.assert_allclose(found, np.transpose(expected), atol=1e-9)


def test_a_grid_is_made_anew_for_another_code_but_not_for_what_rounding_changes(page: Page) -> None:
    script = """(change) => {
      const grid = { stamp: "1", n: 8, plane: null, edges: [0, 1, 0, 1], away: [0.5, NaN, 2] }
      return isSameGrid(grid, { ...grid, ...change })
    }"""
    assert page.evaluate(script, {"away": [0.5 + 1e-6, float("nan"), 2]})
    for change in ({"away": [0.6, float("nan"), 2]}, {"away": [0.5, 1, 2]}, {"stamp": "2"}, {"n": 9}, {"edges": [0, 1, 0, 0.9]}):
        assert not page.evaluate(script, change), change
