"""The map beside the drawing: the drawing's code moves on it with the pen, where it belongs among the test pictures."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser import THEMES
from tests.denoise_harness import rgb
from tests.latent_harness import FakeSpace, SpacePage
from tests.test_latent_draw import SEVEN, draw, opened_draw

STROKES: Sequence[Sequence[tuple[float, float]]] = (
    [(0.2, 0.2), (0.8, 0.2)],
    [(0.5, 0.1), (0.5, 0.9)],
    [(0.1, 0.9), (0.9, 0.1)],
    [(0.3, 0.6), (0.7, 0.6), (0.7, 0.9)],
    [(0.1, 0.1), (0.1, 0.9), (0.9, 0.9)],
)


def sure(space: FakeSpace, log_variance: float = -9.0) -> FakeSpace:
    """The same with clouds of this width for every picture."""
    code_layer = [module for module in space.model.encoder.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        code_layer.weight[space.config.code.size :] = 0
        code_layer.bias[space.config.code.size :] = log_variance
    return space


def mark(view: SpacePage) -> npt.NDArray[np.bool_]:
    """Which pixels of the map's upper canvas are fully of the mark's colour; the lines of the cross shine through."""
    png = view.find("map").locator("canvas").last.evaluate("(canvas) => canvas.toDataURL()").split(",")[1]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")).astype(int)
    wanted = [*rgb(THEMES["light"]["text-color"]), 255]
    return np.asarray(np.abs(shown - wanted).max(axis=-1) <= 8)


def middle(marked: npt.NDArray[np.bool_]) -> tuple[float, float]:
    rows, columns = np.nonzero(marked)
    return float(columns.mean()), float(rows.mean())


def test_the_mark_lies_where_its_code_does(browser: Browser) -> None:
    """One scale in both directions, to the right and upwards."""
    with opened_draw(browser, sure(FakeSpace(spread=6.0)), viewport={"width": 1400, "height": 900}) as view:
        expect(view.find("typical-total")).not_to_have_text("…")
        codes, places = [], []
        for stroke in STROKES:
            before = view.reading("seen-hash")
            draw(view, *stroke)
            expect(view.root).not_to_have_attribute("data-seen-hash", before)
            codes.append(json.loads(view.reading("mean")))
            places.append(middle(mark(view)))
        a, b = np.array(codes).T
        x, y = np.array(places).T
        ones, zeros = np.ones(len(a)), np.zeros(len(a))
        equations = np.vstack([np.column_stack([a, ones, zeros]), np.column_stack([-b, zeros, ones])])
        found, *_ = np.linalg.lstsq(equations, np.concatenate([x, y]), rcond=None)
        assert np.abs(equations @ found - np.concatenate([x, y])).max() <= 1.5
        assert found[0] * (np.ptp(a) + np.ptp(b)) > 20, "the strokes lie apart"


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_wider_cloud_is_a_larger_ellipse(browser: Browser, size: int) -> None:
    inked = []
    for log_variance in (-9.0, -4.0, -2.0):
        space = sure(FakeSpace(code__size=size), log_variance)
        with opened_draw(browser, space, viewport={"width": 1400, "height": 900}) as view:
            expect(view.find("typical-total")).not_to_have_text("…")
            draw(view, *SEVEN)
            rows, columns = np.nonzero(mark(view))
            inked.append(max(np.ptp(rows), np.ptp(columns)))
    assert inked[0] + 10 < inked[1]
    assert inked[1] + 20 < inked[2]


def test_the_mark_moves_while_the_stroke_is_drawn(browser: Browser) -> None:
    with opened_draw(browser, sure(FakeSpace()), viewport={"width": 1400, "height": 900}) as view:
        view.page.mouse.move(*view.point("board", 0.2, 0.2))
        view.page.mouse.down()
        view.shows(source="drawing")
        first, seen = middle(mark(view)), view.reading("seen-hash")
        view.page.mouse.move(*view.point("board", 0.8, 0.8))
        expect(view.root).not_to_have_attribute("data-seen-hash", seen)
        assert np.hypot(*np.subtract(middle(mark(view)), first)) > 2


def test_a_point_has_no_ellipse_and_the_words_say_so(browser: Browser) -> None:
    with opened_draw(browser, FakeSpace(code__kind="vector", code__size=2), viewport={"width": 1400, "height": 900}) as view:
        expect(view.find("typical-reconstruction")).not_to_have_text("…")
        draw(view, *SEVEN)
        rows, columns = np.nonzero(mark(view))
        assert max(np.ptp(rows), np.ptp(columns)) <= 10
        expect(view.find("about-map")).to_contain_text("Disc: this code.")


def test_classes_are_named(browser: Browser) -> None:
    with opened_draw(browser, FakeSpace(data__name="emnist-letters")) as view:
        expect(view.find("legend").locator("li")).to_have_count(26)
        expect(view.find("legend").locator("li").last).to_have_text("Z")
