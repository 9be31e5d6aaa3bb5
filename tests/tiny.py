"""Small things that several tests need: configurations by dotted name, and a data set without a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from aecore.config import RunConfig
from aecore.data.catalogue import card
from aecore.data.loading import Dataset, Split
from aecore.presets import preset
from aecore.recording import Recorder
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep
from aecore.training import Trainer

torch.set_num_threads(1)

CPU = torch.device("cpu")
TRAIN = 40


def settings(**values: Any) -> dict[str, Any]:
    """``code__size=3`` as ``{"code.size": 3}``."""
    return {name.replace("__", "."): value for name, value in values.items()}


def config(base: str | None = None, /, **values: Any) -> RunConfig:
    """A preset, or the usual configuration, cut to 40 images in batches of 16, 16 and 8 for two epochs; then `values`."""
    start = RunConfig.parse({}) if base is None else preset(base).config
    small = settings(data__train_images=TRAIN, batch_size=16, epochs=2, code__size=4)
    return start.with_settings(small | settings(**values))


def split(count: int, seed: int = 0) -> Split:
    """Random strokes as images 28×28: grey bars on black, so that there is something to learn."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.zeros(count, 1, 28, 28, dtype=torch.uint8)
    labels = torch.arange(count) % 10
    for image, label in zip(images, labels.tolist(), strict=True):
        grey = torch.randint(128, 256, (28, 4), generator=generator, dtype=torch.uint8)
        image[0, :, 2 * label : 2 * label + 4] = grey
    return Split(images, labels)


def dataset(train: int = TRAIN, validation: int = 20, test: int = 20) -> Dataset:
    """Random images under the card of the digits."""
    return Dataset(card("digits"), split(train, 1), split(validation, 2), split(test, 3))


def trainer(run: RunConfig, data: Dataset | None = None) -> Trainer:
    """A trainer on the CPU, with one thread: the same numbers on every call."""
    return Trainer(run, data or dataset(), CPU)


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Whether two networks have the same weights, bit for bit."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def sweep_config(**values: Any) -> SweepConfig:
    """Two βs, two seeds: a VAE of four numbers on a few small shapes, 40 images in batches of 16 for two epochs."""
    shapes = settings(
        data__name="shapes",
        data__resolution=32,
        data__factor_steps=(1, 3, 1, 6, 6),
        architecture__hidden=(12,),
        code__kind="gaussian",
    )
    base = config(None, **{name.replace(".", "__"): value for name, value in shapes.items()})
    return SweepConfig.parse({"base": base.model_dump(), "betas": (1, 4), "seeds": 2} | values)


def trained_sweep(folder: Path, **values: Any) -> Sweep:
    """A tiny sweep in `folder`, all its runs trained one after the other. `values`: of its configuration."""
    sweep = Sweep.create(sweep_config(**values), folder, name="Tiny")
    for run in sweep.runs:
        assert Recorder(run).record().state == "finished"
    return sweep


def selector(app: AppTest, key: str) -> Selectbox[Any]:
    """A page's selector of what is shown, whichever turn of it this is."""
    (found,) = [each for each in app.selectbox if str(each.key).startswith(f"{key}_shown")]
    return found
