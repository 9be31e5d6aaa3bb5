"""The units of a layer, beside torch: their answers, their pictures, how much they are used, and which pictures excite them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from aecore.ui.components import source
from aecore.ui.features_units import FILES
from tests.features_harness import answers, best, counts, linear, opened_units, order, vector_space, weights
from tests.latent_harness import FakeSpace

SPACE = "[...globalThis.aecoreSpaces.values()].at(-1)"
READ = f"() => ({{ answers: [...{SPACE}.answers], shapes: [...({SPACE}.shapes ?? [])] }})"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    pure = [name for name in FILES[: FILES.index("features_units_layer.js") + 1] if name != "space_view.js"]
    page.add_script_tag(content=source(*pure))
    yield page
    page.close()


def assert_torchs(browser: Browser, space: FakeSpace, depth: int, **data: Any) -> dict[str, Any]:
    """The answers are torch's; returns what the view's space holds: `answers` and `shapes`, flat."""
    expected = answers(space, depth)
    with opened_units(browser, space, depth=depth, **data) as view:
        held: dict[str, Any] = view.page.evaluate(READ)
        np.testing.assert_allclose(np.reshape(held["answers"], expected.shape), expected, atol=2e-5)
        means, deviations = expected.mean(1), expected.std(1)
        assert view.reading("units") == str(len(expected))
        assert float(view.reading("mean")) == pytest.approx(float(means.mean()), abs=1e-4)
        by_mean = view.find("sort").locator("input[value=mean]").is_checked()
        use = means if by_mean else deviations
        assert np.all(np.diff(use[order(view)]) <= 1e-6), "the most used first"
        unit = int(view.reading("selected"))
        assert unit == order(view)[0]
        assert np.all(np.diff(expected[unit][best(view)]) <= 1e-6)
        assert expected[unit][best(view)[0]] == pytest.approx(expected[unit].max(), abs=2e-5)
        for chart, total in (("answers", expected.size), ("means", len(expected)), ("unit-histogram", expected.shape[1])):
            assert sum(counts(view, chart)) == total
    return held


@pytest.mark.parametrize(
    ("hidden", "depth", "settings"),
    [
        ((), 1, {"code__size": 30, "code__activation": "sigmoid"}),
        ((20,), 1, {"architecture__activation": "relu"}),
        ((20,), 2, {"code__activation": "tanh", "architecture__activation": "sigmoid"}),
        ((), 1, {"code__size": 30, "code__activation": "relu", "code__top_k": 5}),
        ((20,), 2, {"code__size": 12, "code__top_k": 3}),
        ((20,), 2, {"architecture__tied": True, "code__activation": "sigmoid"}),
        ((20,), 2, {"code__kind": "gaussian", "code__size": 6}),
    ],
)
def test_answers_order_best_pictures_and_counts(
    browser: Browser, hidden: tuple[int, ...], depth: int, settings: dict[str, Any]
) -> None:
    assert_torchs(browser, vector_space(hidden=hidden, **settings), depth)


def test_the_pictures_of_the_first_layer_are_its_weights(browser: Browser) -> None:
    space = vector_space(code__size=30, code__activation="sigmoid")
    held = assert_torchs(browser, space, 1)
    np.testing.assert_array_equal(np.reshape(held["shapes"], (30, 784)), weights(space, 1))


def test_the_pictures_above_are_sums_of_those_below(browser: Browser) -> None:
    space = vector_space(hidden=(50, 40), code__size=7)
    held = assert_torchs(browser, space, 3)
    expected = weights(space, 3) @ weights(space, 2) @ weights(space, 1)
    np.testing.assert_allclose(np.reshape(held["shapes"], (7, 784)), expected, atol=1e-6)


def test_a_gaussian_code_has_pictures_of_its_means_alone(browser: Browser) -> None:
    space = vector_space(code__kind="gaussian", code__size=6)
    held = assert_torchs(browser, space, 1)
    np.testing.assert_array_equal(np.reshape(held["shapes"], (6, 784)), weights(space, 1)[:6])


def test_filters_are_pictures_and_answer_where_they_answer_most(browser: Browser) -> None:
    space = FakeSpace(
        pictures=20, architecture__kind="conv2d", architecture__channels=(6, 4), architecture__hidden=(), code__size=3
    )
    with torch.no_grad():
        images = torch.from_numpy(space.images) / 255
        first = space.model.encoder[0]
        assert isinstance(first, torch.nn.Sequential)
        convolution = first[0]
        assert isinstance(convolution, torch.nn.Conv2d)
        filters = convolution.weight.numpy()
        expected = {depth: space.model.encoder[:depth](images).amax((2, 3)).T.numpy() for depth in (1, 2)}
    for depth in (1, 2):
        with opened_units(browser, space, depth=depth) as view:
            held = view.page.evaluate(READ)
            np.testing.assert_allclose(np.reshape(held["answers"], expected[depth].shape), expected[depth], atol=2e-5)
            assert "filters" in view.find("title").inner_text()
            if depth == 1:
                np.testing.assert_array_equal(held["shapes"], filters.ravel())
                assert view.find("picture").get_attribute("width") == str(filters.shape[-1])
            else:
                assert "the picture that excites it most" in view.find("about").inner_text()
                assert view.find("scale").is_hidden()
    with opened_units(browser, space, depth=3) as view:  # a dense layer above them
        expected_code = space.means().T
        np.testing.assert_allclose(np.reshape(view.page.evaluate(READ)["answers"], expected_code.shape), expected_code, atol=2e-5)
        assert "the picture that excites it most" in view.find("about").inner_text()


# --- how much units are used ------------------------------------------------------------------------------------------


def test_dead_and_active_of_units_that_rest_at_zero(browser: Browser) -> None:
    space = vector_space(code__size=12, code__activation="relu")
    with torch.no_grad():
        linear(space, 1).bias[[2, 7]] = -1000
    found = answers(space, 1)
    with opened_units(browser, space) as view:
        assert view.reading("dead") == str(np.sum(np.all(found == 0, axis=1)))
        assert np.all(found[[2, 7]] == 0)
        assert float(view.reading("active")) == pytest.approx(np.sum(found > 0) / found.shape[1], abs=1e-3)
        assert "0 for every one of 60 test pictures" in view.find("dead-text").inner_text()
        zeros = 100 * np.mean(found == 0)
        assert f"{zeros:.1f}\u00a0% are exactly 0" in view.find("answers-text").inner_text()


def test_exactly_k_units_are_active_with_top_k(browser: Browser) -> None:
    space = vector_space(code__size=30, code__activation="sigmoid", code__top_k=4)
    with opened_units(browser, space) as view:
        assert float(view.reading("active")) == 4
        assert "the 4 largest kept" in view.find("title").inner_text()


@pytest.mark.parametrize(("activation", "middle"), [("sigmoid", 0.5), ("tanh", 0.0)])
def test_dead_and_active_of_units_with_a_range(browser: Browser, activation: str, middle: float) -> None:
    space = vector_space(code__size=12, code__activation=activation)
    with torch.no_grad():
        linear(space, 1).weight[3] = 0
    found = answers(space, 1)
    with opened_units(browser, space) as view:
        assert view.reading("dead") == "1"
        assert float(view.reading("active")) == pytest.approx(np.sum(found > middle) / found.shape[1], abs=1e-3)
        assert f"above {middle:g}, the middle of the range" in view.find("active-text").inner_text()


def test_linear_units_have_no_rest_and_gaussian_ones_collapse(browser: Browser) -> None:
    space = vector_space(code__kind="gaussian", code__size=5)
    with torch.no_grad():
        linear(space, 1).weight[4] = 0
    with opened_units(browser, space) as view:
        assert view.reading("dead") == "1"
        assert view.find("active").inner_text() == "–"
        assert "Burda" in view.find("dead-text").inner_text()
        assert view.find("sort").locator("input[value=deviation]").is_checked()


@pytest.mark.parametrize(("activation", "at"), [("sigmoid", "target ρ = 0.05"), ("tanh", "target ρ = 0.05 (−0.90)")])
def test_the_target_is_a_share_of_the_range(browser: Browser, activation: str, at: str) -> None:
    with opened_units(browser, vector_space(code__size=5, code__activation=activation), target=0.05) as view:
        assert view.find("mean-text").inner_text() == f"of all units; {at}"
        for chart in ("means", "unit-histogram"):
            assert at in (view.find(chart).get_attribute("aria-label") or "")


# --- the parts --------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=40), st.integers(1, 30))
def test_a_histogram_is_numpys(page: Page, values: list[float], parts: int) -> None:
    low, high = -4.0, 4.0
    found = page.evaluate("([values, low, high, parts]) => histogramOf(values, low, high, parts)", [values, low, high, parts])
    inside = np.clip(values, low, high)
    at = np.clip(np.floor(parts * (inside - low) / (high - low)).astype(int), 0, parts - 1)
    assert found == np.bincount(at, minlength=parts).tolist()


@given(st.floats(1e-9, 1e9))
def test_an_axis_ends_soon_above_its_values(page: Page, value: float) -> None:
    above = page.evaluate("roundAbove", value)
    assert value * (1 - 1e-8) <= above <= 1.51 * value


def test_an_axis_has_zero_and_a_length(page: Page) -> None:
    axis = "([values, ends]) => axisOf(values, ends)"
    assert page.evaluate(axis, [[0.2, 0.31], None]) == pytest.approx([0, 0.4])
    assert page.evaluate(axis, [[-0.2, 3.1], None]) == pytest.approx([-0.2, 4])
    assert page.evaluate(axis, [[0, 0], None]) == [0, 1]
    assert page.evaluate(axis, [[0.2], [-1, 1]]) == [-1, 1]


def test_a_layer_that_is_not_there(page: Page) -> None:
    description = {"encoder": [{"kind": "dense", "outputs": 3, "activation": "relu"}], "code_size": 3, "gaussian": False}
    found = page.evaluate(
        "text => [0, 1, 2].map((depth) => layerOf(JSON.parse(text), depth)?.count ?? null)", json.dumps(description)
    )
    assert found == [None, 3, None]
