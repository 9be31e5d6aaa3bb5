"""The finished sweeps that come with the app: ``python -m aecore checkpoints NAME`` makes one again, from the code as it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aecore.config import RunConfig
from aecore.metrics_log import MetricsReader
from aecore.moments import moments_path, pictured_steps
from aecore.runs import CHECKPOINTS, Run, replace_file
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep

SHAPES = "shapes-betas"

SMALL_CONVOLUTIONS: Mapping[str, object] = {
    "data.name": "shapes",
    "data.resolution": 32,
    "data.factor_steps": "3-6-10-16-16",
    "architecture.kind": "conv2d",
    "architecture.channels": "16-16-32-32",
    "architecture.kernel_size": 4,
    "architecture.hidden": "128",
    "code.kind": "gaussian",
    "code.size": 10,
    "batch_size": 64,
    "optimizer.learning_rate": 3e-3,
    "optimizer.schedule": "cosine",
}
"""The layers of Burgess et al. (2018) with half of their channels, and one dense layer of 128: a fifth of the bytes."""


@dataclass(frozen=True)
class ShippedSweep:
    """A sweep, what pages call it, and the groups of metrics that are measured of it."""

    title: str
    config: SweepConfig
    groups: tuple[str, ...] = ("mig", "sap", "modularity_explicitness", "beta_vae", "factor_vae", "dci", "udr")


SHIPPED_SWEEPS: Mapping[str, ShippedSweep] = {
    SHAPES: ShippedSweep(
        "Shapes, five βs, three seeds",
        SweepConfig(
            base=RunConfig().with_settings({**SMALL_CONVOLUTIONS, "epochs": 10}), betas=(1.0, 2.0, 4.0, 8.0, 16.0), seeds=3
        ),
    )
}
"""By name of the folder in `checkpoints/`."""

_ROWS = 150
"""Rows that are kept of a curve, and…"""
_MOMENTS = 9
"""…moments whose traversals are kept: what comes with the app is to stay small."""


def make(name: str, poll: Callable[[float, str], None] = lambda done, what: None) -> Sweep:
    """Train and measure one anew, and put it in the place of the one that is there. One core; hours on a slow one."""
    # With torch, which those who only read the table do not need.
    from aecore.disentangle_measuring import measure_sweep
    from aecore.recording import Recorder

    shipped = SHIPPED_SWEEPS[name]
    with tempfile.TemporaryDirectory(dir=CHECKPOINTS, prefix=".making-") as beside:
        sweep = Sweep.create(shipped.config, Path(beside) / name, name=shipped.title)
        members = sweep.members
        for index, member in enumerate(members):
            what = f"{member.arm.title}, seed {member.seed}"

            def tell(step: int, index: int = index, what: str = what, steps: int = shipped.config.base.total_steps) -> None:
                poll((index + step / steps) / (2 * len(members)), what)

            status = Recorder(member.run, watch=lambda status, tell=tell: tell(status.step)).record()  # type: ignore[misc]
            if status.state != "finished":
                raise RuntimeError(f"{what}: {status.reason or status.state}")
            slim(member.run)
        measure_sweep(sweep, shipped.groups, poll=lambda done, what: poll(0.5 + done / 2, what))
        target = CHECKPOINTS / name
        shutil.rmtree(target, ignore_errors=True)
        sweep.folder.rename(target)
    return Sweep(target)


def slim(run: Run) -> None:
    """Make a finished member small: weights in half precision, short curves, few moments, no frames.

    The test numbers are then those of these weights.
    """
    from aecore.checkpoint import halve_weights, load_model
    from aecore.evaluation import evaluate
    from aecore.recording import load_kept

    halve_weights(run)
    config, status = run.config, run.status
    status.test = evaluate(load_model(run), config, load_kept(config.data).test)
    run.write_status(status)
    shutil.rmtree(run.frames_folder, ignore_errors=True)
    for path in (run.metrics_path, moments_path(run)):
        _thin(path)
    steps = pictured_steps(run)
    kept = {steps[round(index * (len(steps) - 1) / (_MOMENTS - 1))] for index in range(_MOMENTS)}
    for step in set(steps) - kept:
        (run.folder / "moments" / f"{step:08d}.npz").unlink()


def _thin(path: Path) -> None:
    """Keep few rows of a curve, evenly spread, its first and last among them; of a run's metrics, rows with a validation."""
    reader = MetricsReader(path)
    reader.read()
    lines = path.read_text().splitlines(keepends=True)
    rows = [index for index, row in enumerate(reader.rows, start=1) if row[-1] is not None]
    if len(rows) > _ROWS:
        rows = [rows[round(index * (len(rows) - 1) / (_ROWS - 1))] for index in range(_ROWS)]
    replace_file(path, "".join([lines[0], *(lines[index] for index in rows)]))
