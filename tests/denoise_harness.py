"""Made-up networks and pictures for the tests of the live noise, and what is read off its page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from aecore.config import RunConfig
from aecore.model import Autoencoder, build
from aecore.ui.browser_network import describe_network
from aecore.ui.denoise_live import SCRIPTS, STYLES, ShownNetwork, pack
from tests.component_page import ComponentPage, opened
from tests.tiny import split

Floats = npt.NDArray[np.float32]

IMAGES: npt.NDArray[np.uint8] = split(6).images.numpy()
LABELS = [f"A bar at place {i}" for i in range(6)]
SETTINGS: dict[str, dict[str, Any]] = {
    "Convolutional": {"architecture.kind": "conv2d", "architecture.channels": "4-6", "architecture.skips": True},
    "Dense": {"architecture.hidden": "30", "code.size": 12},
}
NOISY = """([kind, picked, round, level, picture, size]) => {
  const noise = drawNoise(kind, size, seedOf(NOISE_KINDS.indexOf(kind), picked, round))
  const noisy = corrupt(Float32Array.from(picture), noise, level)
  return [[...noisy], hashOf(noisy)]
}"""


def model(name: str) -> Autoencoder:
    """A network with made-up weights, large enough that its answers depend on its input."""
    built = build(RunConfig().with_settings(SETTINGS[name]).plan, seed=4)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.mul_(1.5).add_(0.02)
    return built


MODELS = {name: model(name) for name in SETTINGS}


def shown(name: str) -> ShownNetwork:
    tensors = {key: value.numpy() for key, value in MODELS[name].state_dict().items()}
    return ShownNetwork(name, "made up", *describe_network(MODELS[name].plan, tensors))


def copier(pixels: int) -> ShownNetwork:
    """The network that answers with what it is given."""
    layer = {"kind": "dense", "inputs": pixels, "outputs": pixels, "activation": "linear", "weight": 0, "bias": pixels**2}
    description = {"inputs": pixels, "code_size": pixels, "gaussian": False, "encoder": [layer], "decoder": [layer]}
    weights = np.eye(pixels, dtype="<f4").tobytes() + bytes(4 * pixels)
    return ShownNetwork("Copier", "not trained", description, weights)


NETWORKS = [shown(name) for name in MODELS]
DATA = pack(NETWORKS, IMAGES, LABELS)


@contextmanager
def mounted(browser: Browser) -> Iterator[ComponentPage]:
    """The component in a tab, with two networks."""
    with opened(browser, "denoise_live", css=list(STYLES), js=list(SCRIPTS)) as component:
        component.set_width(1200)
        component.mount(DATA)
        yield component


def pixels(canvas: Locator) -> npt.NDArray[np.uint8]:
    """What is on a canvas: (height, width, 3)."""
    png = canvas.evaluate("(canvas) => canvas.toDataURL()").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def reading(view: ComponentPage, name: str) -> str:
    """What the component says of itself in a data attribute."""
    value = view.root.get_attribute(f"data-{name}")
    assert value is not None
    return value


def picture(view: ComponentPage, i: int) -> Locator:
    return view.find(f"picture-{i}").get_by_role("radio")


def kind(view: ComponentPage, name: str) -> Locator:
    return view.find("kinds").locator(f"[value={name}]")


def slide(view: ComponentPage, level: float) -> None:
    view.find("level").fill(str(level))
    view.shows(level=level)


def noisy_picture(maths: Page, kind: str, picked: int, round_: int, level: float) -> tuple[Floats, str]:
    """The noisy picture that should be shown, and its hash."""
    size = {"channels": 1, "height": 28, "width": 28}
    clean = (IMAGES[picked] / 255).ravel().tolist()
    noisy, fingerprint = maths.evaluate(NOISY, [kind, picked, round_, level, clean, size])
    return np.array(noisy, np.float32).reshape(28, 28), fingerprint


def rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
