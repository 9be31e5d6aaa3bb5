"""The same pictures through several networks, in the browser, against torch."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Route, expect

from aecore.ui.compare_pictures import SCRIPTS
from tests.component_page import ADDRESS, opened
from tests.latent_harness import FakeSpace

CSS = ("controls.css", "range.css", "compare_pictures.css")


def described(space: FakeSpace, token: str, name: str, stamp: str = "1") -> dict[str, Any]:
    shape = list(space.config.plan.input_shape)
    return {"token": token, "name": name, "stamp": stamp, "data": space.config.card.title, "shape": shape}


def answering(spaces: dict[str, FakeSpace], asked: list[str]) -> Any:
    def answer(route: Route) -> None:
        url = route.request.url
        asked.append(url)
        space = spaces.get(url.split("/")[5])
        if space is None:
            route.fulfill(status=404, json={"error": "This run is not on this server (any more): choose another one."})
        else:
            route.fulfill(body=space.network_block() if "/network" in url else space.atlas_block())

    return answer


def error_of(space: FakeSpace, count: int = 10) -> float:
    """Mean squared error over one picture of each class, the first of each."""
    labels = space.labels.tolist()
    chosen = [labels.index(label) for label in range(count)]
    pictures = torch.from_numpy(space.images[chosen]) / 255
    with torch.no_grad():
        made = space.model.reconstruct(pictures)
    return float(((made - pictures) ** 2).mean())


def test_each_network_answers_as_torch_does_and_the_best_is_named(browser: Browser) -> None:
    spaces = {"one": FakeSpace(seed=1), "two": FakeSpace(seed=2, code__kind="vector", architecture__hidden=(9,))}
    asked: list[str] = []
    with opened(browser, "compare_pictures", css=CSS, js=SCRIPTS) as view:
        view.page.route(f"{ADDRESS}api/**", answering(spaces, asked))
        runs = [described(space, token, token) for token, space in spaces.items()]
        view.page.evaluate("text => mount(JSON.parse(text))", json.dumps({"base": "", "runs": runs}))
        view.shows(drawn=2)
        errors = [float(view.find(f"row-{i}").get_attribute("data-error") or "nan") for i in range(2)]
        assert np.allclose(errors, [error_of(space) for space in spaces.values()], rtol=1e-5)
        best = int(np.argmin(errors))
        expect(view.find(f"row-{best}")).to_contain_text("best here")
        expect(view.find(f"row-{1 - best}")).not_to_contain_text("best here")
        expect(view.find("row-given")).to_be_hidden()

        # Noise: the same for both, and worse for both.
        view.find("noise-gaussian").check(force=True)
        view.shows(noise="gaussian")
        expect(view.find("row-given")).to_be_visible()
        expect(view.find("level-text")).to_have_text("σ = 0.50")
        noisy = [float(view.find(f"row-{i}").get_attribute("data-error") or "nan") for i in range(2)]
        assert noisy != errors
        view.find("noise-none").check(force=True)
        view.shows(noise="none")
        before = len(asked)
        view.find("others").click()
        expect(view.find("row-0")).not_to_have_attribute("data-error", str(errors[0]))
        assert len(asked) == before  # nothing of this asks the server


def test_a_run_of_other_pictures_and_one_that_is_gone_are_named(browser: Browser) -> None:
    spaces = {"one": FakeSpace(seed=1)}
    with opened(browser, "compare_pictures", css=CSS, js=SCRIPTS) as view:
        view.page.route(f"{ADDRESS}api/**", answering(spaces, []))
        large = described(spaces["one"], "large", "Large ones") | {"shape": [1, 64, 64], "data": "Shapes"}
        runs = [described(spaces["one"], "one", "One"), described(spaces["one"], "gone", "Lost"), large]
        view.page.evaluate("text => mount(JSON.parse(text))", json.dumps({"base": "", "runs": runs}))
        view.shows(drawn=1)
        expect(view.find("about")).to_contain_text("Lost: This run is not on this server")
        expect(view.find("about")).to_contain_text("Large ones takes Shapes of another size.")


@pytest.mark.parametrize("width", [360, 1100])
def test_nothing_is_wider_than_the_window(browser: Browser, width: int) -> None:
    spaces = {"one": FakeSpace(seed=1)}
    with opened(browser, "compare_pictures", css=CSS, js=SCRIPTS) as view:
        view.page.route(f"{ADDRESS}api/**", answering(spaces, []))
        view.set_width(width)
        runs = [described(spaces["one"], "one", "A name that is long, and longer still than any that a person would give")]
        view.page.evaluate("text => mount(JSON.parse(text))", json.dumps({"base": "", "runs": runs}))
        view.shows(drawn=1)
        assert not view.is_too_wide()
