"""From which steps of a run its training can be started again: those whose weights were kept. Without torch, for pages."""

from __future__ import annotations

from pathlib import Path

from aecore.runs import ACTIVE, Run
from aecore.weights_file import step_of


def snapshots(run: Run) -> dict[int, Path]:
    """The files of the weights that were kept on the way, by step, ascending."""
    paths = [path for path in run.weights_folder.glob("*.safetensors") if path.stem.isdigit()]
    return {int(path.stem): path for path in sorted(paths, key=lambda path: int(path.stem))}


def starting_points(run: Run) -> dict[int, Path]:
    """The same, and the weights that were saved last, under their step."""
    last = step_of_weights(run)
    return snapshots(run) if last is None else snapshots(run) | {last: run.model_path}


def step_of_weights(run: Run) -> int | None:
    """The step at which a run that is over had the weights that were saved last; None where there are none.

    A run that went on after a stop, and was then cut off, has those of the stop: they are not those of its last step.
    """
    status = run.status
    if status.state in ACTIVE or not run.model_path.is_file():
        return None
    said = step_of(run.model_path)
    if said is None and status.state in ("finished", "stopped"):  # as an earlier version saved them
        return status.step
    return said
