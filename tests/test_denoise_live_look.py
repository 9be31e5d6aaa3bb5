"""How the live noise looks: in both themes, at any width, and while the slider moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from aecore.ui.denoise_live import pack
from tests.browser import THEMES
from tests.component_page import ComponentPage
from tests.denoise_harness import DATA, IMAGES, LABELS, NETWORKS, copier, mounted, pixels, rgb, slide


@pytest.fixture
def view(browser: Browser) -> Iterator[ComponentPage]:
    with mounted(browser) as component:
        yield component


def test_both_themes(view: ComponentPage) -> None:
    view.shows(curve="done")
    seen = []
    for name, theme in THEMES.items():
        view.set_theme(name)
        view.mount(DATA)
        first = theme["chart-categorical-colors"].split(",")[0]
        expect(view.find("answer-0")).to_have_css("border-top-color", "rgb({}, {}, {})".format(*rgb(first)))
        seen.append(pixels(view.find("psnr-chart")))
        assert (seen[-1] == rgb(theme["text-color"])).all(axis=-1).any(), "the noisy picture's curve has the colour of text"
    assert (seen[0] != seen[1]).any()


@pytest.mark.parametrize("width", [360, 480, 640, 800, 1000, 1280])
def test_nothing_is_cut_off_and_pixels_are_square(view: ComponentPage, width: int) -> None:
    view.mount(pack([*NETWORKS, copier(28 * 28)], IMAGES, LABELS))
    view.set_width(width)
    assert not view.is_too_wide()
    assert view.cut_off("h3, p, b, small, .chip, .button, figcaption, li, output") == []
    for name in ("clean", "noisy", "answer-0", "answer-1", "answer-2"):
        side = view.box(name)[2] - 6  # without its frame
        assert side >= 84
        assert side % 28 == pytest.approx(0, abs=0.01)
        assert view.box(name)[3] - 6 == pytest.approx(side, abs=0.01)


def test_nothing_moves_while_the_slider_does(view: ComponentPage) -> None:
    names = ("level", "new-noise", "noisy", "answer-0", "answer-1", "psnr-chart")
    places = []
    for level in (0, 0.05, 0.5, 1):
        slide(view, level)
        places.append([view.box(name) for name in names])
    assert all(each == places[0] for each in places)
