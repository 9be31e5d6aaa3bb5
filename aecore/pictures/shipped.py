"""The picture denoiser that comes with the app: its folder, and how it is made again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from aecore.pictures.about import FOLDER
from aecore.pictures.network import PictureDenoiser
from aecore.pictures.sources import HELD_OUT, TRAINING
from aecore.pictures.training import Progress, Settings, train
from aecore.runs import replace_file


def make(settings: Settings, folder: Path = FOLDER, watch: Callable[[Progress], None] = lambda progress: None) -> dict[str, Any]:
    """Train the network anew and put it into its folder; returns what `about.json` says of it."""
    losses: list[float] = []

    def note(progress: Progress) -> None:
        losses.append(progress.loss)
        watch(progress)

    network = train(settings, note)
    about = {
        "command": "python -m aecore checkpoints picture-denoiser",
        "trained_on": {name: "/".join(source) for name, source in TRAINING.items()},
        "never_trained_on": {name: "/".join(source) for name, source in HELD_OUT.items()},
        "settings": asdict(settings),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "last_mean_absolute_error": round(losses[-1], 5),
        "date": time.strftime("%Y-%m-%d"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    # Half precision: half the size; the rounding is a hundredth of the smallest step that a picture can show.
    weights = {name: value.detach().to(torch.float16).contiguous() for name, value in network.state_dict().items()}
    replace_file(folder / "model.safetensors", save_tensors(weights))
    replace_file(folder / "about.json", json.dumps(about, indent=1) + "\n")
    return about


def load_shipped(folder: Path = FOLDER) -> PictureDenoiser:
    """The trained network. Raises FileNotFoundError with a sentence if the app came without it."""
    path = folder / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError("The picture denoiser is missing: make it with “python -m aecore checkpoints picture-denoiser”.")
    network = PictureDenoiser()
    network.load_state_dict(load_tensors(path.read_bytes()))
    return network.eval().to(memory_format=torch.channels_last)
