"""The units of a layer and the maps of features in a page of their own, and what torch says of the same units."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from playwright.sync_api import Browser, expect

from aecore.ui import feature_maps, features_units
from aecore.ui.components import source
from tests.component_page import ADDRESS, ComponentPage
from tests.latent_harness import FakeSpace, SpacePage, opened

Floats = npt.NDArray[np.float32]


def vector_space(*, hidden: Sequence[int] = (), pictures: int = 60, **settings: Any) -> FakeSpace:
    """A run with a vector as its code; `settings` by dotted name, `__` for the dot."""
    dense = {"code__kind": "vector", "architecture__hidden": tuple(hidden)}
    return FakeSpace(pictures=pictures, spread=1.0, **{**dense, **settings})


@torch.no_grad()
def answers(space: FakeSpace, depth: int) -> Floats:
    """What the units of a dense layer answer to the space's pictures, (units, pictures), by torch; a Gaussian code: the means."""
    layers = space.model.encoder[: depth + 1]  # the first only reshapes
    numbers: Floats = layers(torch.from_numpy(space.images) / 255).numpy().T
    plan = space.config.plan
    return numbers[: plan.code_size] if plan.gaussian and depth == len(plan.encoder) - 1 else numbers


def linear(space: FakeSpace, depth: int) -> torch.nn.Linear:
    """A dense layer of a dense encoder: its weight is (outputs, inputs), its bias (outputs,)."""
    module = space.model.encoder[depth]
    found = module[0] if isinstance(module, torch.nn.Sequential) else module
    assert isinstance(found, torch.nn.Linear)
    return found


def weights(space: FakeSpace, depth: int) -> Floats:
    """The weights (outputs, inputs) of a dense layer."""
    return linear(space, depth).weight.detach().numpy()


def counts(view: SpacePage, test_id: str) -> list[int]:
    """The counts of a histogram."""
    return [int(count) for count in (view.find(test_id).get_attribute("data-counts") or "").split()]


def best(view: SpacePage) -> list[int]:
    """The pictures that excite the unit most, the first first."""
    return [int(figure.get_attribute("data-picture") or -1) for figure in view.root.locator("figure").all()]


def order(view: SpacePage) -> list[int]:
    """The first twenty units, as they are sorted."""
    return [int(unit) for unit in view.reading("order").split()]


@contextmanager
def opened_units(
    browser: Browser, space: FakeSpace, *, depth: int = 1, target: float | None = None, **context: Any
) -> Iterator[SpacePage]:
    """The units of a layer, ready."""
    data = {"depth": depth, "target": target}
    files = {"css": features_units.SHEETS, "js": features_units.FILES}
    with opened(browser, "features_units", space, data=data, **files, **context) as view:
        expect(view.root).to_have_attribute("data-depth", str(depth))
        yield view


class MapsPage(ComponentPage):
    """The two maps of the pictures of `space`, mounted with `data`."""

    space: FakeSpace
    data: dict[str, Any]

    def mount_maps(self, data: dict[str, Any]) -> None:
        self.data = data
        self.page.evaluate("text => mount(JSON.parse(text))", json.dumps(data))


@contextmanager
def opened_maps(browser: Browser, space: FakeSpace, data: dict[str, Any], **context: Any) -> Iterator[MapsPage]:
    """Two maps of the pictures of a space. Fails when the script failed."""
    parts = {"html": source("feature_maps.html"), "css": source(*feature_maps.SHEETS), "js": source(*feature_maps.FILES)}
    view = MapsPage(browser, "feature-maps", **parts, **context)
    view.space = space
    view.page.route(f"{ADDRESS}api/**", space.answer)
    try:
        view.mount_maps(data)
        view.page.wait_for_selector("[data-testid][data-frames]")
        yield view
    finally:
        view.context.close()
    assert view.errors == []
