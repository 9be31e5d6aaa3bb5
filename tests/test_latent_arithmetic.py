"""The Arithmetic view: sums of codes as torch has them, live, without the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from playwright.sync_api import Browser, Locator, expect
from streamlit.testing.v1 import AppTest

from aecore.ui.latent_arithmetic import FILES, SHEETS
from tests.browser import THEMES
from tests.latent_harness import FakeSpace, SpacePage, opened

Floats = npt.NDArray[np.float32]


def view_of(browser: Browser, space: FakeSpace, **context: Any) -> AbstractContextManager[SpacePage]:
    return opened(browser, "latent_arithmetic", space, css=SHEETS, js=FILES, **context)


@pytest.fixture
def view(browser: Browser) -> Iterator[SpacePage]:
    with view_of(browser, FakeSpace()) as component:
        component.shows(waiting=0)
        yield component


def pixels(canvas: Locator) -> npt.NDArray[np.uint8]:
    """The red of a canvas (H, W)."""
    read = "c => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    height, width, *values = canvas.evaluate(read)
    return np.array(values, np.uint8).reshape(height, width, 4)[..., 0]


def shows_code(view: SpacePage, canvas: Locator, code: Floats) -> None:
    expected = 255 * np.clip(view.space.decode(code.tolist())[0], 0, 1)
    np.testing.assert_allclose(pixels(canvas), expected, atol=1.01)


def class_mean(space: FakeSpace, label: int) -> Floats:
    mean: Floats = space.means()[space.labels == label].mean(axis=0)
    return mean


def ink_means(space: FakeSpace) -> tuple[Floats, Floats]:
    """The mean codes of the fifth of each class with the most and with the least ink, class by class."""
    ink, codes = space.images.reshape(len(space.images), -1).sum(axis=1), space.means()
    most, least = [], []
    for label in np.unique(space.labels):
        (members,) = np.nonzero(space.labels == label)
        order = members[np.argsort(-ink[members].astype(np.int64), kind="stable")]
        fifth = max(1, len(order) // 5)
        most.append(codes[order[:fifth]].mean(axis=0))
        least.append(codes[order[-fifth:]].mean(axis=0))
    return np.mean(most, axis=0), np.mean(least, axis=0)


def result(view: SpacePage) -> list[float]:
    return list(json.loads(view.reading("result")))


def slide(view: SpacePage, strength: float) -> None:
    view.find("strength").fill(str(strength))
    view.shows(strength=strength)


def test_it_opens_with_a_thicker_picture(view: SpacePage) -> None:
    view.shows(picture=0, plus="thick", minus="thin", strength=1)
    thick, thin = ink_means(view.space)
    code = view.space.means()[0]
    expected = code + thick - thin
    assert np.abs(thick - thin).max() > 0.01, "a difference worth looking at"
    assert result(view) == pytest.approx(expected, abs=2e-3)
    shows_code(view, view.find("result"), expected)
    shows_code(view, view.find("plus-picture"), thick)
    shows_code(view, view.find("minus-picture"), thin)
    shows_code(view, view.find("reconstruction"), code)
    np.testing.assert_array_equal(pixels(view.find("original")), view.space.images[0, 0])
    expect(view.find("plus-count")).to_have_text("Mean of 10 test pictures.")
    expect(view.find("about")).to_contain_text("the fifth of each class with the most ink")
    expect(view.find("about")).to_contain_text("class by class")


def test_the_means_of_all_classes_are_shown_and_can_be_added(view: SpacePage) -> None:
    for label in range(10):
        tile = view.find(f"mean-class-{label}")
        expect(tile).to_have_text(str(label))
        shows_code(view, tile.locator("canvas"), class_mean(view.space, label))
    view.find("mean-class-3").click()
    view.shows(plus="class-3", minus="thin", waiting=0)
    expect(view.find("plus")).to_have_value("class-3")
    expect(view.find("mean-class-3")).to_have_attribute("aria-pressed", "true")
    shows_code(view, view.find("plus-picture"), class_mean(view.space, 3))


def test_groups_and_pictures_of_any_choice(view: SpacePage) -> None:
    view.find("plus").select_option(label="8")
    view.find("minus").select_option("class-2")
    view.find("arithmetic-with-12").click()
    slide(view, -0.65)
    view.shows(picture=12, plus="class-8", minus="class-2", waiting=0)
    space = view.space
    expected = space.means()[12] - 0.65 * (class_mean(space, 8) - class_mean(space, 2))
    assert result(view) == pytest.approx(expected, abs=2e-3)
    shows_code(view, view.find("result"), expected)
    expect(view.find("sign")).to_have_text("− 0.65 × (")
    expect(view.find("plus-count")).to_have_text("Mean of 6 test pictures.")
    expect(view.find("picture-words")).to_contain_text("2, test picture 13")
    expect(view.find("about")).not_to_contain_text("class by class")


def test_the_strip_shows_nine_strengths_and_goes_there(view: SpacePage) -> None:
    thick, thin = ink_means(view.space)
    for strength in np.arange(-2, 2.5, 0.5):
        tile = view.find(f"strip-{strength:g}")
        shows_code(view, tile.locator("canvas"), view.space.means()[0] + np.float32(strength) * (thick - thin))
    view.find("strip--1.5").click()
    view.shows(strength=-1.5)
    expect(view.find("strength")).to_have_value("-1.5")
    expect(view.find("strip--1.5")).to_have_attribute("aria-current", "true")
    expect(view.find("strip-1")).to_have_attribute("aria-current", "false")
    np.testing.assert_array_equal(pixels(view.find("result")), pixels(view.find("strip--1.5").locator("canvas")))
    slide(view, 0)
    np.testing.assert_array_equal(pixels(view.find("result")), pixels(view.find("reconstruction")))


def test_the_slider_is_live_and_asks_nobody(view: SpacePage) -> None:
    asked, told, frames = len(view.space.asked), len(view.told), int(view.reading("frames"))
    hashes = [view.reading("result-hash")]
    view.find("strength").scroll_into_view_if_needed()
    view.page.mouse.move(*view.point("strength", 0.5, 0.5))
    view.page.mouse.down()
    for share in (0.6, 0.7, 0.8, 0.9):
        view.page.mouse.move(*view.point("strength", share, 0.5))
        expect(view.root).not_to_have_attribute("data-result-hash", hashes[-1])
        hashes.append(view.reading("result-hash"))
    view.page.mouse.up()
    assert len(set(hashes)) == 5
    assert int(view.reading("frames")) >= frames + 4
    assert (len(view.space.asked), len(view.told)) == (asked, told)
    view.find("strength").press("End")
    view.shows(strength=2)
    view.find("strength").press("ArrowLeft")
    view.shows(strength=1.95)
    expect(view.find("strength")).to_have_attribute("aria-valuetext", "1.95")


def test_examples_set_everything(view: SpacePage) -> None:
    slide(view, -2)
    view.page.get_by_role("button", name="Turn a 4 into a 9").click()
    first_four = int(np.flatnonzero(view.space.labels == 4)[0])
    view.shows(picture=first_four, plus="class-9", minus="class-4", strength=1)
    view.page.get_by_role("button", name="Lean to the right").click()
    view.shows(picture=first_four, plus="right", minus="left", strength=1)
    expect(view.page.get_by_role("button", name="Lean to the right")).to_have_attribute("aria-pressed", "true")


def test_walk_from_the_result(view: SpacePage) -> None:
    view.find("walk").click()
    code, words = view.page.evaluate("() => { const [s] = aecoreSpaces.values(); return [[...s.code], s.start.words] }")
    assert code == pytest.approx(result(view), abs=6e-4)
    assert "picture of class 0" in words
    assert "1.00 × (Thick − Thin)" in words
    expect(view.find("walked")).to_contain_text("Walk tab")
    slide(view, 0.5)
    expect(view.find("walked")).to_have_text("")


@pytest.mark.parametrize(
    "settings",
    [
        {"code__kind": "vector"},
        {"code__size": 1},
        {"data__name": "shapes", "data__resolution": 32, "code__size": 70},
        {"data__name": "emnist-letters", "code__size": 3},
        {"data__name": "fashion-mnist"},
    ],
    ids=lambda settings: ",".join(map(str, settings.values())),
)
def test_any_run(browser: Browser, settings: dict[str, Any]) -> None:
    space = FakeSpace(pictures=80, **settings)
    with view_of(browser, space) as view:
        view.shows(waiting=0)
        thick, thin = ink_means(space)
        if space.config.data.name != "shapes":
            assert result(view)[:3] == pytest.approx((space.means()[0] + thick - thin)[:3], rel=2e-3, abs=2e-3)
        names = [space.config.card.classes[label] for label in np.unique(space.labels)]
        assert view.find("means").locator("button").all_inner_texts() == names
        if space.config.data.name in ("fashion-mnist", "shapes"):
            view.page.get_by_role("button", name=f"Turn {names[0]} into {names[1]}").click()
            view.shows(plus="class-1", minus="class-0", waiting=0)
        has_prior = space.config.code.kind == "gaussian"
        assert ("no prior" in view.find("about").inner_text()) is not has_prior


def test_a_network_in_training_and_a_diverged_one(browser: Browser) -> None:
    space = FakeSpace()
    space.state = "running"
    with view_of(browser, space) as view:
        view.shows(waiting=0)
        view.find("plus").select_option("class-5")
        view.shows(plus="class-5")
        before = view.reading("result-hash")
        with torch.no_grad():
            for parameter in space.model.parameters():
                parameter.mul_(1.5)
        space.stamp = "2"
        expect(view.root).not_to_have_attribute("data-result-hash", before)
        thin = ink_means(space)[1]
        close = (space.means()[0] + class_mean(space, 5) - thin).tolist()
        view.page.wait_for_function(
            """close => JSON.parse(document.querySelector("#host").shadowRoot.querySelector("[data-frames]").dataset.result)
              .every((value, k) => Math.abs(value - close[k]) < 0.01)""",
            arg=close,
        )
        with torch.no_grad():
            next(space.model.decoder.parameters()).fill_(float("nan"))
        space.stamp, space.state = "3", "failed"
        view.page.wait_for_function("() => [...aecoreSpaces.values()][0].stamp === '3'")
        slide(view, 0.25)
        view.shows(waiting=0)
        assert pixels(view.find("result")).max() == 0, "what is no number is black"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1400])
def test_everything_fits(browser: Browser, width: int, theme: str) -> None:
    space = FakeSpace(data__name="fashion-mnist", code__kind="vector")
    with view_of(browser, space, viewport={"width": width, "height": 900}) as view:
        view.set_theme(theme)
        view.shows(waiting=0)
        assert not view.is_too_wide()
        assert view.cut_off("p, button, h3, output") == []
        before = view.box("chooser")[1] - view.box("means")[1]
        slide(view, -1.95)
        view.find("plus").select_option("class-9")
        view.shows(plus="class-9")
        assert view.box("chooser")[1] - view.box("means")[1] == before, "nothing jumps"


def test_the_page_mounts_it() -> None:
    app = AppTest.from_string(
        """
from aecore.runs import shipped_run
from aecore.ui.latent_arithmetic import latent_arithmetic

run = shipped_run("vanilla-mnist")
assert latent_arithmetic(run, key="arithmetic") is None
"""
    ).run()
    assert not app.exception
