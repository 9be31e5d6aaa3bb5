"""The Map view of other codes, other runs, and of a network that is in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from playwright.sync_api import Browser, expect

from aecore.ui.latent_map import FILES, SHEETS
from tests.latent_harness import FakeSpace, SpacePage, opened
from tests.test_latent_map import SPACE, choose, move, press, redraws, shown

NEWEST = "[...globalThis.aecoreSpaces.values()].at(-1)"  # the space that was mounted last


def centres(view: SpacePage) -> npt.NDArray[np.float64]:
    """Where the middles of the classes are, as the table says."""
    texts = view.find("table").locator("td:nth-child(3)").all_inner_texts()
    return np.array([[float(value) for value in text.strip("()").replace("−", "-").split(",")] for text in texts])


def test_larger_codes_have_components_and_pairs(browser: Browser) -> None:
    space = FakeSpace(code__size=6)
    with opened(browser, "latent_map", space, css=SHEETS, js=FILES, viewport={"width": 1200, "height": 1100}) as view:
        view.shows(plane="the principal components")
        before = np.array(view.page.evaluate(f"[...{SPACE}.code]"))
        press(view, 0.7, 0.3)
        moved = np.array(view.page.evaluate(f"[...{SPACE}.code]")) - before
        _, _, directions = np.linalg.svd(space.means() - space.means().mean(0), full_matrices=False)
        np.testing.assert_allclose(moved - (moved @ directions[:2].T) @ directions[:2], 0, atol=2e-2)
        view.find("plane").select_option("pair")
        order = view.page.evaluate(f"{SPACE}.statistics.order")
        view.shows(plane=f"z{order[0] + 1} and z{order[1] + 1}")
        view.find("across").select_option(str(order[3]))
        view.shows(plane=f"z{order[3] + 1} and z{order[1] + 1}")
        before = np.array(view.page.evaluate(f"[...{SPACE}.code]"))
        press(view, 0.2, 0.8)
        changed = np.flatnonzero(np.abs(np.array(view.page.evaluate(f"[...{SPACE}.code]")) - before) > 1e-6)
        assert set(changed.tolist()) == {order[1], order[3]}
        view.unmount()
        view.mount_view()  # back from another tab
        view.shows(plane=f"z{order[3] + 1} and z{order[1] + 1}")


def test_a_plain_code_has_no_clouds_and_says_why(browser: Browser) -> None:
    with opened(browser, "latent_map", FakeSpace(code__kind="vector"), css=SHEETS, js=FILES) as view:
        view.shows(points=60)
        expect(view.find("ellipses")).to_be_disabled()
        expect(view.find("about")).to_contain_text("there is no prior")
        choose(view, "Both")
        view.shows(cells=256)


@pytest.mark.parametrize("settings", [{"code__size": 1}, {"code__size": 1, "code__kind": "vector"}, {"data__name": "shapes"}])
def test_a_single_number_is_a_line_and_other_pictures_work(browser: Browser, settings: dict[str, Any]) -> None:
    space = FakeSpace(pictures=24, **settings)
    with opened(browser, "latent_map", space, css=SHEETS, js=FILES) as view:
        view.shows(points=24)
        code = press(view, 0.7, 0.3)
        assert len(code) == space.config.code.size
        choose(view, "Both")
        view.shows(cells=256)
        view.find("words").locator("summary").click()
        expect(view.find("table")).to_contain_text("Nearest class")


def test_weights_that_are_no_numbers_do_no_harm(browser: Browser) -> None:
    space = FakeSpace(code__size=3)
    with torch.no_grad():
        for parameter in space.model.parameters():
            parameter.fill_(float("nan"))
    with opened(browser, "latent_map", space, css=SHEETS, js=FILES) as view:
        view.shows(points=60)
        view.find("nearer").click()
        choose(view, "Both")
        view.find("words").locator("summary").click()


def test_the_map_follows_a_network_in_training(browser: Browser) -> None:
    space = FakeSpace(code__size=4)
    space.state = "running"
    with opened(browser, "latent_map", space, css=SHEETS, js=FILES, viewport={"width": 1200, "height": 1100}) as view:
        view.shows(points=60)
        press(view, 0.3, 0.5)
        view.page.mouse.down()
        move(view, 0.7, 0.5)
        view.page.mouse.up()
        expect(view.root).to_have_attribute("data-strip", "2")
        view.page.mouse.move(2, 2)
        view.find("words").locator("summary").click()
        choose(view, "Both")
        view.shows(cells=256)
        picture = view.reading("picture-hash")
        strip = view.find("strip").element_handle()
        before = strip.evaluate("canvas => canvas.toDataURL()")
        with torch.no_grad():
            next(space.model.decoder.parameters()).mul_(1.5)
            next(space.model.encoder.parameters()).mul_(1.1)
        places = centres(view)
        table = view.find("table").inner_text()
        space.stamp = "2"
        expect(view.root).not_to_have_attribute("data-picture-hash", picture)
        view.page.wait_for_function("([strip, before]) => strip.toDataURL() !== before", arg=[strip, before])
        expect(view.find("table")).not_to_have_text(table, use_inner_text=True)
        view.shows(cells=256)
        moved = np.abs(centres(view) - places).max() / np.abs(places).max()
        assert 0 < moved < 0.3, "the plane has not turned round"
        code = view.page.evaluate(f"[...{SPACE}.code]")
        np.testing.assert_allclose(shown(view), 255 * space.decode(code)[0], atol=1.5)


def test_coming_back_to_a_run(browser: Browser) -> None:
    space = FakeSpace()
    with opened(browser, "latent_map", space, css=SHEETS, js=FILES, viewport={"width": 1200, "height": 1100}) as view:
        view.shows(points=60)
        for token in ("b", "a"):
            space.token = 32 * token
            view.mount_view()
            view.page.wait_for_function(f"token => {NEWEST}.token === token && {NEWEST}.statistics", arg=space.token)
            view.shows(points=60)
        redraws(view, view.find("class-3").click)
        view.find("map").focus()
        redraws(view, lambda: view.page.keyboard.press("+"))
