"""From which steps of a run its training can be started again: those whose weights were kept. Without torch, for pages."""

from __future__ import annotations

from pathlib import Path

from aecore.runs import ACTIVE, Run


def snapshots(run: Run) -> dict[int, Path]:
    """The files of the weights that were kept on the way, by step, ascending."""
    paths = [path for path in run.weights_folder.glob("*.safetensors") if path.stem.isdigit()]
    return {int(path.stem): path for path in sorted(paths, key=lambda path: int(path.stem))}


def starting_points(run: Run) -> dict[int, Path]:
    """The same, and the run's last weights under the step at which it ended."""
    status = run.status
    last = {status.step: run.model_path} if status.state not in ACTIVE and run.model_path.is_file() else {}
    return snapshots(run) | last
