"""Starting again: a new run that begins with the weights that another one had at some step. Without torch, for pages too.

Which steps there are: :mod:`aecore.snapshot_steps`. The network must be the same; all other settings may be different.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save as save_arrays

from aecore.config import RunConfig
from aecore.run_comparison import setting_text
from aecore.runs import Run, find_run
from aecore.shipped_runs import TITLES
from aecore.snapshot_steps import starting_points
from aecore.weights_file import PACKED, read_weights

_BETWEEN = "@"  # a token and a step in an address


class StartError(ValueError):
    """Weights that a run cannot begin with; the message is a sentence for people."""


@dataclass(frozen=True)
class Start:
    """The weights that `run` had at `step`, in the file `path`."""

    run: Run
    step: int
    path: Path

    @property
    def address(self) -> str:
        """As an address names it; :func:`find_start` undoes it."""
        return address_of(self.run.token, self.step)

    @property
    def name(self) -> str:
        """The run's, for people."""
        return TITLES.get(self.run.token) or self.run.about.name or "a run without a name"

    @property
    def words(self) -> str:
        """What a run that begins with it remembers: “vae · digits, step 1,203”."""
        return f"{self.name}, step {self.step:,}"

    @property
    def precision(self) -> str:
        """How exact the weights are, in words."""
        if self.path.suffix == PACKED:
            return "rounded to fewer bits"
        return "half precision" if self.path.parent == self.run.weights_folder else "full precision"


def address_of(token: str, step: int) -> str:
    """The weights of a run at a step, as an address names them."""
    return f"{token}{_BETWEEN}{step}"


def find_start(text: str) -> Start | None:
    """The weights that an address names; None if they are not here. Safe for any text from outside."""
    token, _, digits = text.partition(_BETWEEN)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        return None
    run = find_run(token)
    path = None if run is None else starting_points(run).get(int(digits))
    return None if run is None or path is None else Start(run, int(digits), path)


def misfit(config: RunConfig, source: RunConfig) -> str:
    """Why a run of `config` cannot begin with weights of `source`: one sentence, "" where it can."""
    mine, theirs = config.plan, source.plan
    if mine == theirs:
        return ""
    if mine.input_shape != theirs.input_shape:
        return f"They are for {_examples(theirs.input_shape)}, and these data have {_examples(mine.input_shape)}."
    what = [
        f"{title} was {setting_text(before)} and is {setting_text(now)}"
        for title, before, now in _differences(config, source)
        if before != now
    ]
    if mine.classes != theirs.classes:
        what.append(f"its classifier had {theirs.classes} classes and has {mine.classes}")
    return f"They are of another network: {'; '.join(what)}."


def _differences(config: RunConfig, source: RunConfig) -> list[tuple[str, Any, Any]]:
    """The settings by which two networks differ: title, the source's, the other's. Those that make no difference are left out."""
    fields = RunConfig.settings()
    found = []
    for name, (now, before) in config.differences(source).items():
        section, _, inner = name.partition(".")
        if section not in ("architecture", "code"):
            continue
        changed = getattr(source, section).model_copy(update={inner: now})
        if source.model_copy(update={section: changed}).plan != source.plan:
            found.append((fields[name].title, before, now))
    return found


def _examples(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    if height == 1:
        return f"sequences of {width:,} time steps" + (f" and {channels} channels" if channels > 1 else "")
    return f"pictures of {height}×{width} pixels" + (" in colour" if channels == 3 else "")


def weights_of(start: Start) -> bytes:
    """The weights as the content of a plain safetensors file, bit for bit what was kept (unpacked where they were packed).

    Raises StartError where they cannot be read or are no numbers.
    """
    try:
        weights = read_weights(start.path)
    except (OSError, SafetensorError):
        raise StartError("The weights to begin with cannot be read: choose another moment.") from None
    if not all(np.isfinite(value).all() for value in weights.values()):
        raise StartError("At that moment the training had diverged, and its weights are no numbers: choose an earlier one.")
    return save_arrays({name: np.ascontiguousarray(value) for name, value in weights.items()})
