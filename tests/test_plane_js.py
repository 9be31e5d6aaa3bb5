"""The planes of the map: coordinates, principal components, the shadow of a cloud, the normal distribution; against numpy."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from aecore.frames import plane as aligned_plane
from aecore.ui.components import source

Floats = npt.NDArray[np.float64]
PLANE = """
  const planeOf = ({ codes, gaussian, kind, before, variance }) => {
    const encodings = codes.map((mean) => ({ mean: Float32Array.from(mean), logVariance: gaussian ? mean.map(() => -1) : null }))
    const statistics = codeStatistics(encodings)
    const space = { encodings, statistics, isGaussian: gaussian, codeSize: codes[0].length }
    space.centreOf = (k) => (gaussian ? 0 : statistics.mean[k])
    space.spreadOf = (k) => (gaussian ? 1 : Math.sqrt(statistics.variance[k]))
    return kind === "components" ? componentsPlane(space, before ?? null) : pairPlane(space, ...kind)
  }
"""
PLACES = "given => { const plane = planeOf(given); return given.codes.map((code) => plane.coordinates(code)) }"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Any:
    page = browser.new_page()
    files = ("random.js", "network.js", "normal_distribution.js", "code_statistics.js", "principal_axes.js", "plane.js")
    page.add_script_tag(content=source(*files) + PLANE)
    yield page
    page.close()


def codes_of(count: int, size: int, seed: int = 1) -> Floats:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, size)) @ generator.normal(size=(size, size)) + generator.normal(size=size)


def places(page: Page, codes: Floats, **given_too: Any) -> Floats:
    given_ = {"codes": codes.tolist(), "gaussian": True, "kind": "components", **given_too}
    return np.array(page.evaluate(PLACES, given_))


@pytest.mark.parametrize(("count", "size"), [(50, 3), (500, 16), (20, 200)])
def test_principal_components_are_numpys(page: Page, count: int, size: int) -> None:
    codes = codes_of(count, size)
    found = places(page, codes)
    _, _, directions = np.linalg.svd(codes - codes.mean(0), full_matrices=False)
    expected = (codes - codes.mean(0)) @ directions[:2].T
    for axis in (0, 1):
        sign = np.sign(found[:, axis] @ expected[:, axis])
        np.testing.assert_allclose(found[:, axis], sign * expected[:, axis], atol=2e-3 * np.abs(expected).max())


def test_a_plane_lies_as_before_when_the_codes_have_changed_a_little(page: Page) -> None:
    codes = codes_of(80, 5)
    before = places(page, codes)
    turned = np.array([[0.0, -1.0], [1.0, 0.0]])
    for mirrored in (np.diag([1.0, 1.0]), np.diag([-1.0, 1.0]), turned, np.diag([1.0, -1.0]) @ turned):
        wanted = before @ mirrored
        found = places(page, codes, before=wanted.tolist())
        np.testing.assert_allclose(found, wanted, atol=1e-3)
        np.testing.assert_allclose(found, aligned_plane(codes.astype(np.float32), wanted.astype(np.float32)), atol=1e-2)


@pytest.mark.parametrize(
    "codes",
    [np.zeros((5, 4)), np.ones((5, 4)), np.full((5, 4), np.nan), np.eye(4)[[0, 1]], np.outer(np.arange(6.0), np.ones(4))],
    ids=["zeros", "all the same", "no numbers", "two codes", "on a line"],
)
def test_codes_that_span_no_plane_still_have_one(page: Page, codes: Floats) -> None:
    given_ = {"codes": codes.tolist(), "gaussian": False, "kind": "components"}
    found = np.array(page.evaluate("given => planeOf(given).directions.map((direction) => [...direction])", given_))
    np.testing.assert_allclose(found @ found.T, np.eye(2), atol=1e-6)
    spread = page.evaluate("given => planeOf(given).spread", given_)
    assert all(value is None or value > 0 or np.isnan(value) for value in spread)


def test_codes_that_are_no_numbers_do_not_count(page: Page) -> None:
    codes = codes_of(40, 5)
    wanted = places(page, codes)
    found = places(page, np.concatenate([codes, np.full((1, 5), np.nan), np.full((1, 5), 1e38)])[:41])
    np.testing.assert_allclose(np.abs(found[:40]), np.abs(wanted), atol=1e-5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(2, 12), seed=st.integers(0, 99), place=st.tuples(st.floats(-5, 5), st.floats(-5, 5)), pair=st.booleans())
def test_moving_within_a_plane(page: Page, size: int, seed: int, place: tuple[float, float], pair: bool) -> None:
    codes = codes_of(30, size, seed)
    kind = [size - 1, 0] if pair else "components"
    script = """([given, place]) => {
      const plane = planeOf(given)
      const moved = plane.move(given.codes[0], place)
      return [plane.coordinates(moved), [...moved], plane.directions.map((direction) => [...direction])]
    }"""
    found, moved, directions = page.evaluate(script, [{"codes": codes.tolist(), "gaussian": True, "kind": kind}, list(place)])
    np.testing.assert_allclose(found, place, atol=1e-4)
    beside = np.array(moved) - codes[0]
    beside -= (beside @ np.array(directions).T) @ np.array(directions)
    np.testing.assert_allclose(beside, 0, atol=1e-4)


@pytest.mark.parametrize("kind", ["components", [2, 4]])
def test_the_shadow_of_a_cloud(page: Page, kind: Any) -> None:
    codes = codes_of(40, 6)
    log_variance = np.linspace(-3, 1, 6)
    script = """([given, logVariance]) => {
      const plane = planeOf(given)
      return [plane.ellipse(logVariance), plane.directions.map((direction) => [...direction])]
    }"""
    given_ = {"codes": codes.tolist(), "gaussian": True, "kind": kind}
    ellipse, directions = page.evaluate(script, [given_, log_variance.tolist()])
    covariance = np.array(directions) @ np.diag(np.exp(log_variance)) @ np.array(directions).T
    rotation = np.array(
        [[np.cos(ellipse["angle"]), -np.sin(ellipse["angle"])], [np.sin(ellipse["angle"]), np.cos(ellipse["angle"])]]
    )
    np.testing.assert_allclose(rotation @ np.diag(np.square(ellipse["radii"])) @ rotation.T, covariance, atol=1e-5)


def test_the_prior_along_principal_components(page: Page) -> None:
    codes = codes_of(60, 4)
    script = "given => { const { centre, spread } = planeOf(given); return [centre, spread] }"
    for gaussian in (True, False):
        centre, spread = page.evaluate(script, {"codes": codes.tolist(), "gaussian": gaussian, "kind": "components"})
        found = places(page, codes, gaussian=gaussian)
        if gaussian:  # N(0, I): its middle is the origin of the code space
            origin = page.evaluate(
                "given => planeOf(given).coordinates([0, 0, 0, 0])",
                {"codes": codes.tolist(), "gaussian": True, "kind": "components"},
            )
            np.testing.assert_allclose(centre, origin, atol=1e-5)
            assert spread == [1, 1]
        else:
            np.testing.assert_allclose(centre, found.mean(0), atol=1e-5)
            np.testing.assert_allclose(spread, found.std(0), rtol=1e-5)


def test_a_line(page: Page) -> None:
    codes = codes_of(10, 1)
    found = places(page, codes, kind=[0, 1])
    np.testing.assert_allclose(found[:, 0], codes[:, 0], atol=1e-6)
    assert not found[:, 1].any()


def test_the_normal_distribution(page: Page) -> None:
    normal = NormalDist()
    points = np.linspace(-6, 6, 121).tolist()
    np.testing.assert_allclose(
        page.evaluate("points => points.map(shareBelow)", points), [normal.cdf(x) for x in points], atol=1e-7
    )
    shares = [1e-10, 1e-4, 0.0242, 0.0243, 0.3, 0.5, 0.7, 0.9757, 0.9758, 1 - 1e-6]
    found = page.evaluate("shares => shares.map(normalQuantile)", shares)
    np.testing.assert_allclose(found, [normal.inv_cdf(p) for p in shares], rtol=1e-6, atol=1e-8)
    assert page.evaluate("[normalQuantile(0), normalQuantile(1)].map(String)") == ["-Infinity", "Infinity"]
