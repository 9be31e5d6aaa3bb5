"""paths.js: the ways between two codes or pictures against numpy, and how unusual a place is against the χ² distribution.
player.js: where on its way a player is, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page
from scipy import stats

from aecore.ui.components import source

Floats = npt.NDArray[np.float64]

CIRCLE = """([a, b, centre, places]) => {
  const path = circlePath(Float32Array.from(a), Float32Array.from(b), Float32Array.from(centre))
  return [path.isLine, places.map((t) => [...path.at(t)])]
}"""
LINE = "([a, b, places]) => places.map((t) => [...linePath(a, b).at(t)])"
PLACES = [0, 0.1, 0.25, 0.5, 0.8, 1]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("canvas.js", "pixels.js", "network.js", "paths.js", "player.js"))
    yield page
    page.close()


def circle(page: Page, a: Any, b: Any, centre: Any) -> tuple[bool, Floats]:
    """Whether it is the line, and the codes (T, D) at PLACES."""
    a, b, centre = (np.asarray(each, np.float64).tolist() for each in (a, b, centre))
    is_line, codes = page.evaluate(CIRCLE, [a, b, centre, PLACES])
    return is_line, np.array(codes)


def codes_of(seed: int, size: int) -> tuple[Floats, Floats, Floats]:
    """Two codes and a centre, as the browser has them: in single precision."""
    drawn = np.random.default_rng(seed).normal(size=(3, size)).astype(np.float32)
    return tuple(drawn.astype(np.float64))


def line(a: Floats, b: Floats) -> Floats:
    return np.array([(1 - t) * a + t * b for t in PLACES])


def test_the_line_and_the_cross_fade(page: Page) -> None:
    a, b, _ = codes_of(0, 7)
    np.testing.assert_allclose(page.evaluate(LINE, [a.tolist(), b.tolist(), PLACES]), line(a, b), atol=1e-6)
    faded = page.evaluate("([a, b]) => [...mix(Float32Array.from(a), Float32Array.from(b), 0.25)]", [a.tolist(), b.tolist()])
    np.testing.assert_allclose(faded, 0.75 * a + 0.25 * b, atol=1e-6)


@pytest.mark.parametrize("size", [2, 3, 16, 300])
@given(seed=st.integers(0, 10_000))
def test_the_circle_turns_evenly_and_meets_both_ends(page: Page, size: int, seed: int) -> None:
    a, b, centre = codes_of(seed, size)
    is_line, codes = circle(page, a, b, centre)
    from_a, from_b = a - centre, b - centre
    start, end = np.linalg.norm(from_a), np.linalg.norm(from_b)
    angle = np.arccos(np.clip(from_a @ from_b / start / end, -1, 1))
    if np.sin(angle) < 1e-3:
        return  # the next tests
    assert not is_line
    np.testing.assert_array_equal(codes[[0, -1]], [a, b])
    seen = codes - centre
    distances = np.linalg.norm(seen, axis=1)
    np.testing.assert_allclose(distances, [(1 - t) * start + t * end for t in PLACES], rtol=1e-5)
    turned = np.arccos(np.clip(seen @ from_a / distances / start, -1, 1))
    np.testing.assert_allclose(turned, np.array(PLACES) * angle, atol=2e-3)
    # In the plane of both ends: what remains of a code beside them is nothing.
    plane = np.linalg.qr(np.stack([from_a, from_b], axis=1))[0]
    np.testing.assert_allclose(seen @ plane @ plane.T, seen, atol=1e-3)


def test_a_quarter_of_a_circle(page: Page) -> None:
    is_line, codes = circle(page, [3, 1], [1, 3], [1, 1])
    assert not is_line
    expected = [[1 + 2 * np.cos(np.pi / 2 * t), 1 + 2 * np.sin(np.pi / 2 * t)] for t in PLACES]
    np.testing.assert_allclose(codes, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "centre"),
    [
        ([1, 2], [0, 0], [0, 0]),  # an end is the centre
        ([0.5, 0.5], [3, 4], [0.5, 0.5]),
        ([1, 2], [1, 2], [0, 0]),  # the same code twice
        ([1, 2], [3, 6], [0, 0]),  # the same direction
        ([1, 2], [-2, -4], [0, 0]),  # opposite directions
        ([1.5], [-0.5], [0]),  # with one number there is no other
        ([2, 5, 1], [2, 5, 1 + 1e-5], [0, 0, 0]),
    ],
)
def test_where_there_is_no_circle_it_is_the_line(page: Page, a: Any, b: Any, centre: Any) -> None:
    is_line, codes = circle(page, a, b, centre)
    assert is_line
    np.testing.assert_allclose(codes, line(np.array(a), np.array(b)), atol=1e-6)


def test_codes_that_are_no_numbers(page: Page) -> None:
    for bad in ("NaN", "Infinity"):
        answer = page.evaluate(f"() => [...circlePath([{bad}, 1], [1, 2], [0, 0]).at(0.5)].length")
        assert answer == 2
        assert page.evaluate(f"() => distanceBetween([{bad}, 1], [1, 2])") is not None


def test_the_distance_to_the_nearest(page: Page) -> None:
    drawn = np.random.default_rng(1).normal(size=(40, 6))
    distances = np.linalg.norm(drawn[:, None] - drawn, axis=2)
    nearest = "([code, others, except]) => distanceToNearest(code, others, except)"
    for i in range(5):
        others = np.delete(distances[i], i)
        assert page.evaluate(nearest, [drawn[i].tolist(), drawn.tolist(), i]) == pytest.approx(others.min())
        assert page.evaluate(nearest, [drawn[i].tolist(), drawn.tolist(), -1]) == 0
    assert np.isnan(page.evaluate(nearest, [[1.0], [[2.0]], 0]))
    assert np.isnan(page.evaluate(nearest, [[1.0], [], -1]))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 33, 256, 4096])
def test_how_many_random_codes_lie_nearer(page: Page, size: int) -> None:
    distances = np.sqrt(stats.chi2.ppf([0.0001, 0.01, 0.25, 0.5, 0.9, 0.999], size))
    distances = np.append(distances, [0, 1e-3, 3 * np.sqrt(size) + 5])
    shares = page.evaluate("([all, size]) => all.map((r) => shareNearer(r, size))", [distances.tolist(), size])
    np.testing.assert_allclose(shares, stats.chi2.cdf(distances**2, size), atol=2e-7)


# --- the player ----------------------------------------------------------------------------------------------------

PLAY = """([start, duration, times]) => {
  let frame
  window.requestAnimationFrame = (step) => (frame = step) && 1
  const player = new Player(document.body, { onstep: () => {}, onplay: () => {} })
  player.goTo(start)
  player.play(duration ?? Infinity)
  return times.map((now) => (player.isPlaying && frame(now), [player.t, player.isPlaying]))
}"""


def test_three_seconds_a_way_there_and_back(page: Page) -> None:
    times = list(range(0, 9001, 50))
    states = page.evaluate(PLAY, [0, None, times])
    triangle = [1 - abs(now / 3000 % 2 - 1) for now in times]
    np.testing.assert_allclose([t for t, _ in states], triangle, atol=1e-9)
    assert all(playing for _, playing in states)


def test_a_limited_play_ends_where_it_began_and_a_stall_does_not_leap(page: Page) -> None:
    states = page.evaluate(PLAY, [0.5, 6000, list(range(0, 6101, 50))])
    assert states[-1] == [0.5, False]
    assert states[-4][1], "until the end"
    assert {round(t, 6) for t, _ in states} >= {0, 1}
    assert page.evaluate(PLAY, [0, None, [0, 5000]])[-1][0] == pytest.approx(100 / 3000)
