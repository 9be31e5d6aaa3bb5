"""The Walk view: a slider for each number of the code, ordered by use, and the decoder's picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Locator, expect

from aecore.ui.latent_walk import FILES, SHEETS
from tests.latent_harness import FakeSpace, SpacePage, opened

PIXELS = (
    "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0)"
)


@pytest.fixture(scope="module")
def space() -> FakeSpace:
    made = FakeSpace(code__size=5)
    with torch.no_grad():  # two numbers that say nothing: mean 0 and variance 1, whatever the picture
        layer = [module for module in made.model.encoder.modules() if isinstance(module, torch.nn.Linear)][-1]
        layer.weight[[1, 3, 6, 8]] = 0
        layer.bias[[1, 3, 6, 8]] = 0
    return made


@pytest.fixture
def view(browser: Browser, space: FakeSpace) -> Iterator[SpacePage]:
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as page:
        expect(page.root).to_have_attribute("data-active", "3")
        yield page


def slider(view: SpacePage, k: int) -> Locator:
    return view.find(f"slider-{k}")


def code_of(view: SpacePage) -> list[float]:
    values: list[float] = json.loads(view.reading("code"))
    return values


def shown(view: SpacePage) -> np.ndarray[Any, np.dtype[Any]]:
    return np.array(view.find("picture").evaluate(PIXELS)).reshape(28, 28)


def assert_shows_its_code(view: SpacePage, code: list[float]) -> None:
    expected = 255 * view.space.decode(code)[0]
    np.testing.assert_allclose(shown(view), expected, atol=1.0)  # a canvas holds whole numbers


def test_it_starts_in_the_middle_of_the_prior_with_torchs_picture(view: SpacePage) -> None:
    assert code_of(view) == [0, 0, 0, 0, 0]
    assert_shows_its_code(view, [0, 0, 0, 0, 0])
    expect(view.find("where")).to_have_text("Start: the middle of the prior.")
    expect(view.find("reset")).to_be_disabled()


def test_the_most_used_numbers_come_first_and_collapsed_ones_are_marked(view: SpacePage) -> None:
    with torch.no_grad():
        encoding = view.space.model.encode(torch.from_numpy(view.space.images) / 255)
        assert encoding.log_variance is not None
        kl = 0.5 * (encoding.mean**2 + encoding.log_variance.exp() - 1 - encoding.log_variance).mean(0).numpy()
    order = json.loads(view.reading("order"))
    assert order[:3] == np.argsort(-kl)[:3].tolist()
    assert sorted(order[3:]) == [1, 3]
    rows = view.root.locator(".slider").all()
    assert [row.get_attribute("data-testid") for row in rows] == [f"row-{k}" for k in order]
    for k in range(5):
        text = view.find(f"use-{k}").inner_text()
        assert text.startswith(f"{kl[k]:.2f} nats")
        assert ("collapsed" in text) == (k in (1, 3))
    expect(view.find("about")).to_contain_text("2 are collapsed")


def test_dragging_a_slider_redraws_without_the_server(view: SpacePage) -> None:
    k = json.loads(view.reading("order"))[0]
    asked, messages = len(view.space.asked), len(view.told)
    hashes = {view.reading("picture-hash")}
    view.page.mouse.move(*view.point(f"slider-{k}", 0.5, 0.5))
    view.page.mouse.down()
    for share in (0.6, 0.7, 0.8, 0.9):
        before = view.reading("picture-hash")
        view.page.mouse.move(*view.point(f"slider-{k}", share, 0.5))
        expect(view.root).not_to_have_attribute("data-picture-hash", before)
        hashes.add(view.reading("picture-hash"))
    view.page.mouse.up()
    assert len(hashes) == 5
    code = code_of(view)
    assert code[k] > 1
    assert sum(value != 0 for value in code) == 1
    assert_shows_its_code(view, code)
    assert float(view.reading("latency-ms")) >= 0
    assert len(view.space.asked) == asked
    assert len(view.told) == messages
    expect(view.find("where")).to_contain_text("then moved")


def test_keyboard_alone(view: SpacePage) -> None:
    first, second = json.loads(view.reading("order"))[:2]
    slider(view, first).focus()
    view.page.keyboard.press("End")
    expect(view.root).not_to_have_attribute("data-code", "[0,0,0,0,0]")
    assert code_of(view)[first] >= 3
    view.page.keyboard.press("Tab")
    expect(slider(view, second)).to_be_focused()
    view.page.keyboard.press("ArrowLeft")
    expect(slider(view, second)).to_have_attribute("aria-valuetext", "−0.01, " + view.find(f"use-{second}").inner_text())
    view.find("reset").focus()
    view.page.keyboard.press("Enter")
    expect(view.root).to_have_attribute("data-code", "[0,0,0,0,0]")


def test_random_samples_differ_and_can_be_come_back_to(view: SpacePage) -> None:
    view.find("random").click()
    expect(view.find("where")).to_have_text("Start: a random sample from the prior.")
    first = code_of(view)
    assert all(abs(value) < 6 for value in first)
    assert sum(value != 0 for value in first) == 5
    slider(view, 0).focus()
    view.page.keyboard.press("PageUp")
    expect(view.find("reset")).to_be_enabled()
    view.find("reset").click()
    expect(view.root).to_have_attribute("data-code", json.dumps(first, separators=(",", ":")))
    view.find("random").click()
    expect(view.root).not_to_have_attribute("data-code", json.dumps(first, separators=(",", ":")))
    view.find("middle").click()
    expect(view.root).to_have_attribute("data-code", "[0,0,0,0,0]")


def test_starting_from_a_test_picture(view: SpacePage) -> None:
    expect(view.find("started-from")).to_be_hidden()
    view.find("walk-from-3").click()
    expect(view.find("where")).to_have_text("Start: the code of a picture of class 3 (test picture 4).")
    np.testing.assert_allclose(code_of(view), view.space.means()[3], atol=1e-3)
    expect(view.find("started-from")).to_be_visible()
    assert_shows_its_code(view, view.space.means()[3].tolist())
    others = view.root.locator(".thumbnail").count()
    view.find("walk-from-others").click()
    expect(view.find("walk-from-3")).to_have_count(0)
    assert view.root.locator(".thumbnail").count() == others


def test_traversals_show_what_each_number_does_from_here(view: SpacePage) -> None:
    k = json.loads(view.reading("order"))[0]
    strip = view.find(f"traversal-{k}")
    view.find("walk-from-3").click()
    expect(view.find("where")).to_contain_text("test picture 4")
    expect(strip).to_have_attribute("data-code", view.reading("code"))
    drawn = np.array(strip.evaluate(PIXELS)).reshape(28, 11, 28).transpose(1, 0, 2)
    low, high = (float(slider(view, k).get_attribute(name) or "nan") for name in ("min", "max"))
    code = view.space.means()[3].copy()
    for picture, value in zip(drawn, np.linspace(low, high, 11), strict=True):
        code[k] = value
        np.testing.assert_allclose(picture, 255 * view.space.decode(code.tolist())[0], atol=1.0)
    strip.click(position={"x": 2, "y": 5})
    expect(slider(view, k)).to_have_js_property("valueAsNumber", low)
    view.find("traversals").uncheck()
    expect(strip).to_be_hidden()


def test_a_rerun_and_a_change_of_theme_keep_the_code(view: SpacePage) -> None:
    view.find("walk-from-3").click()
    expect(view.find("where")).to_contain_text("test picture 4")
    before = code_of(view)
    view.set_theme("dark")
    view.mount_view()
    assert code_of(view) == before


def test_nothing_is_wider_than_a_phone(view: SpacePage) -> None:
    view.set_width(360)
    assert not view.is_too_wide()
    assert view.cut_off(".caption, .button, .use, h3") == []


# --- other networks ---------------------------------------------------------------------------------------------------


def test_a_plain_code_starts_from_a_picture_and_says_that_it_has_no_prior(browser: Browser) -> None:
    space = FakeSpace(code__kind="vector", code__size=3)
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        np.testing.assert_allclose(code_of(view), space.means()[0], atol=1e-3)
        expect(view.find("about")).to_contain_text("no prior")
        expect(view.find("where")).to_have_text("Start: the code of a picture of class 0 (test picture 1).")
        means = space.means()
        low, high = means.min(0), means.max(0)
        for k in range(3):
            assert float(slider(view, k).get_attribute("min") or "nan") == pytest.approx(
                low[k] - 0.1 * (high[k] - low[k]), rel=1e-3
            )
        assert json.loads(view.reading("order")) == np.argsort(-means.var(0)).tolist()
        view.find("random").click()
        expect(view.find("where")).to_contain_text("a normal distribution around all codes")
        view.find("middle").click()
        expect(view.find("where")).to_contain_text("the middle of all codes")
        np.testing.assert_allclose(code_of(view), means.mean(0), atol=1e-3)


def test_a_large_code_is_shown_in_parts(browser: Browser) -> None:
    with opened(browser, "latent_walk", FakeSpace(code__size=100), css=SHEETS, js=FILES) as view:
        expect(view.root.locator(".slider")).to_have_count(16)
        expect(view.find("traversals")).not_to_be_checked()
        expect(view.find("more")).to_have_text("Show 48 more of 100 numbers")
        view.find("more").click()
        expect(view.root.locator(".slider")).to_have_count(64)
        view.find("more").click()
        expect(view.root.locator(".slider")).to_have_count(100)
        expect(view.find("more")).to_be_hidden()


def test_shapes_and_convolutions(browser: Browser) -> None:
    space = FakeSpace(
        pictures=20,
        data__name="shapes",
        architecture__kind="conv2d",
        architecture__channels=(4, 4),
        architecture__hidden=(),
        code__size=1,
    )
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        expect(view.find("title")).to_have_text("The code: 1 number")
        slider(view, 0).focus()
        view.page.keyboard.press("End")
        expect(view.root).not_to_have_attribute("data-code", "[0]")
        drawn = np.array(view.find("picture").evaluate(PIXELS)).reshape(64, 64)
        np.testing.assert_allclose(drawn, 255 * space.decode(code_of(view))[0], atol=1.0)


def test_weights_that_are_no_numbers_do_no_harm(browser: Browser) -> None:
    space = FakeSpace(code__size=3)
    with torch.no_grad():
        for parameter in space.model.parameters():
            parameter.fill_(float("nan"))
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        slider(view, 0).focus()
        view.page.keyboard.press("End")
        expect(view.find("message")).to_contain_text("has diverged")
        expect(view.find("use-0")).to_have_text("no number")
        expect(view.find("about")).not_to_contain_text("collapsed")
