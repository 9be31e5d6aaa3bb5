"""Views of a code space in a page of their own: a network of random weights, its pictures, and what the server would answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from playwright.sync_api import Browser, Route

from aecore.config import RunConfig
from aecore.model import Autoencoder, build
from aecore.ui.browser_network import describe_network
from aecore.ui.bytes_block import bytes_block
from aecore.ui.components import source
from tests import tiny
from tests.component_page import ADDRESS, ComponentPage

Pixels = npt.NDArray[np.uint8]


class FakeSpace:
    """A run that exists in a test only, and the answers of the server for it.

    A VAE on 28×28 pictures of strokes with two code numbers, unless `settings` (by dotted name, `__` for the dot) say otherwise.
    `spread` multiplies the weights of the code's layer, so that codes lie as far apart as those of a trained network.
    """

    token = "a" * 32

    def __init__(self, *, seed: int = 0, pictures: int = 60, spread: float = 3.0, **settings: Any) -> None:
        self.config: RunConfig = tiny.config("vae", **{"code__size": 2, "architecture__hidden": (16,), **settings})
        self.model: Autoencoder = build(self.config.plan, seed)
        self.images, self.labels = self._pictures(pictures)
        with torch.no_grad():
            code_layer = [module for module in self.model.encoder.modules() if isinstance(module, torch.nn.Linear)][-1]
            code_layer.weight *= spread
        self.state = "finished"
        self.stamp = "1"
        self.asked: list[str] = []

    def _pictures(self, count: int) -> tuple[Pixels, npt.NDArray[np.int64]]:
        channels, height, width = self.config.plan.input_shape
        strokes = tiny.split(count, seed=5)
        images = torch.nn.functional.interpolate(strokes.images.float(), (height, width)).byte().repeat(1, channels, 1, 1)
        return images.numpy(), strokes.labels.numpy() % len(self.config.card.classes)

    @property
    def data(self) -> dict[str, Any]:
        """What the page gives a view as `space`."""
        stamp = self.stamp if self.state in ("finished", "stopped") else None
        return {"base": "", "token": self.token, "state": self.state, "stamp": stamp}

    @torch.no_grad()
    def means(self) -> npt.NDArray[np.float32]:
        """The codes (N, D) of the pictures (their means), by torch."""
        return self.model.encode(torch.from_numpy(self.images) / 255).mean.numpy()

    @torch.no_grad()
    def decode(self, code: Sequence[float]) -> npt.NDArray[np.float32]:
        """The picture (C, H, W) of a code, by torch."""
        return self.model.decode(torch.tensor([list(code)], dtype=torch.float32))[0].numpy()

    def network_block(self) -> bytes:
        tensors = {name: value.detach().numpy() for name, value in self.model.state_dict().items()}
        description, weights = describe_network(self.config.plan, tensors)
        channels, height, width = self.config.plan.input_shape
        facts = {
            "stamp": self.stamp,
            "state": self.state,
            "step": 10,
            "epoch": 1.0,
            "description": description,
            "channels": channels,
            "height": height,
            "width": width,
            "data": self.config.data.name,
            "reconstruction": self.config.objective.reconstruction,
            "beta": self.config.objective.kl_weight,
        }
        return bytes_block(facts, weights)

    def atlas_block(self) -> bytes:
        header = {"labels": self.labels.tolist(), "classes": list(self.config.card.classes), "origin": "test", "factors": None}
        return bytes_block(header, self.images.tobytes())

    def answer(self, route: Route) -> None:
        url = route.request.url
        self.asked.append(url)
        if f"have={self.stamp}" in url and url.endswith(f"have={self.stamp}"):
            route.fulfill(status=204, headers={"X-Run-State": self.state})
        else:
            route.fulfill(body=self.network_block() if "/network?" in url else self.atlas_block())


class SpacePage(ComponentPage):
    """A view of a fake space, mounted."""

    space: FakeSpace

    def mount_view(self, **data: Any) -> None:
        """Mount the view, or run it again as a rerun of the page does, with what the page gives it beside the space."""
        self.page.evaluate("text => mount(JSON.parse(text))", json.dumps({"space": self.space.data, **data}))

    def reading(self, name: str) -> str:
        """A data attribute of the root."""
        return self.root.get_attribute(f"data-{name}") or ""


@contextmanager
def opened(
    browser: Browser,
    name: str,
    space: FakeSpace,
    *,
    css: Sequence[str],
    js: Sequence[str],
    data: dict[str, Any] | None = None,
    **context: Any,
) -> Iterator[SpacePage]:
    """Open and mount the view whose HTML is `name`.html and whose root's test id is `name` with hyphens; wait until it is ready.

    css, js: names of the files that make up its style and its script. data: what the page gives it beside the space.
    Fails when the script failed.
    """
    parts = {"html": source(f"{name}.html"), "css": source(*css), "js": source(*js)}
    view = SpacePage(browser, name.replace("_", "-"), **parts, **context)
    view.space = space
    view.page.route(f"{ADDRESS}api/**", space.answer)
    try:
        view.mount_view(**(data or {}))
        view.page.wait_for_selector("[data-testid][data-frames]")
        yield view
    finally:
        view.context.close()
    assert view.errors == []
