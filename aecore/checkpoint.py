"""Weights and resume state on disk: safetensors, never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor

from aecore.full_disk import remove
from aecore.model import Autoencoder
from aecore.runs import Run, replace_file
from aecore.weights_file import PACKED, STEP, packed, read_weights


class DamagedModelError(ValueError):
    """The weights of a run cannot be read, or are not those of its network; the message says what to do."""


def save_model(run: Run, model: Autoencoder, step: int | None = None) -> None:
    """Write the weights of a run, and with them the step at which it has them."""
    replace_file(run.model_path, _content(model, step))
    remove(run.live_model_path)


def save_live_model(run: Run, model: Autoencoder) -> None:
    """Write the weights of this moment, of a run that is still being trained."""
    replace_file(run.live_model_path, _content(model))


def _content(model: Autoencoder, step: int | None = None) -> bytes:
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    return save_tensors(tensors, None if step is None else {STEP: str(step)})


def load_model(run: Run, device: torch.device | str = "cpu", path: Path | None = None) -> Autoencoder:
    """The trained network of a run, or with the weights in the file `path`. Raises FileNotFoundError with a sentence if the run
    has no weights yet, and DamagedModelError if they cannot be used."""
    path = path or run.model_path
    if not path.is_file():
        raise FileNotFoundError(f"{run.folder} holds no trained weights (model.safetensors): train it first.")
    model = Autoencoder(run.config.plan)
    try:
        fill(model, path)
    except (SafetensorError, RuntimeError):  # what torch raises for weights of other names or shapes
        raise DamagedModelError(f"{path} is damaged, or belongs to another network: train the run again.") from None
    return model.to(device)


def fill(model: Autoencoder, path: Path) -> None:
    """Give a network the weights in a file. Raises OSError, SafetensorError, or RuntimeError for weights of another network."""
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in read_weights(path).items()})


def fill_start(run: Run, model: Autoencoder) -> None:
    """Give a run's network the weights that it begins with. Raises DamagedModelError."""
    try:
        fill(model, run.start_path)
    except (OSError, SafetensorError, RuntimeError):
        sentence = "The weights that this run begins with are damaged: start it once more from the run that they came from."
        raise DamagedModelError(sentence) from None


def pack_weights(run: Run, bits: int) -> None:
    """Round the saved weights of a run to so many bits, in a packed file; its network is read as before."""
    plain = run.model_path
    content = packed(read_weights(plain), bits=bits)
    replace_file(run.folder / f"model.safetensors{PACKED}", content)
    if plain.suffix != PACKED:
        plain.unlink()


def save_state(path: Path, tensors: Mapping[str, Tensor], words: Mapping[str, str]) -> None:
    """Write the state of a :class:`~aecore.training.Trainer`."""
    replace_file(path, save_tensors(dict(tensors), metadata=dict(words)))


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What :func:`save_state` wrote."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
