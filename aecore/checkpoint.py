"""Weights and resume state on disk: safetensors, never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from aecore.model import Autoencoder
from aecore.runs import Run, replace_file


class DamagedModelError(ValueError):
    """The weights of a run cannot be read, or are not those of its network; the message says what to do."""


def save_model(run: Run, model: Autoencoder) -> None:
    """Write the weights of a run."""
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    replace_file(run.model_path, save_tensors(weights))


def load_model(run: Run, device: torch.device | str = "cpu") -> Autoencoder:
    """The trained network of a run. Raises FileNotFoundError with a sentence if the run has no weights yet, and
    DamagedModelError if they cannot be used."""
    if not run.model_path.is_file():
        raise FileNotFoundError(f"{run.folder} holds no trained weights (model.safetensors): train it first.")
    model = Autoencoder(run.config.plan)
    try:
        model.load_state_dict(load_tensors(run.model_path.read_bytes()))
    except (SafetensorError, RuntimeError):  # what torch raises for weights of other names or shapes
        raise DamagedModelError(f"{run.model_path} is damaged, or belongs to another network: train the run again.") from None
    return model.to(device)


def halve_weights(run: Run) -> None:
    """Round the saved weights of a run to half precision; its network is read as before."""
    weights = load_tensors(run.model_path.read_bytes())
    halved = {name: value.to(torch.float16) if value.is_floating_point() else value for name, value in weights.items()}
    replace_file(run.model_path, save_tensors(halved))


def save_state(path: Path, tensors: Mapping[str, Tensor], words: Mapping[str, str]) -> None:
    """Write the state of a :class:`~aecore.training.Trainer`."""
    replace_file(path, save_tensors(dict(tensors), metadata=dict(words)))


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What :func:`save_state` wrote."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
