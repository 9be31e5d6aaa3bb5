"""The finished sweeps that come with the app: ``python -m aecore checkpoints NAME`` makes one again, from the code as it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aecore.moments import moments_path
from aecore.runs import CHECKPOINTS, Run
from aecore.shipped_manifest import note_sweep_in_manifest
from aecore.slimming import round_weights, thin_curve, thin_moments
from aecore.sweep_choices import CLASSIC
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep

SHAPES = "shapes-betas"


@dataclass(frozen=True)
class ShippedSweep:
    """A sweep, what pages call it, and the groups of metrics that are measured of it."""

    title: str
    config: SweepConfig
    groups: tuple[str, ...] = ("mig", "sap", "modularity_explicitness", "beta_vae", "factor_vae", "dci", "udr")


SHIPPED_SWEEPS: Mapping[str, ShippedSweep] = {
    SHAPES: ShippedSweep(
        "Shapes, five βs, three seeds",
        CLASSIC.config(),
    )
}
"""By name of the folder in `checkpoints/`."""


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
    note_sweep_in_manifest(name, Sweep(target))
    return Sweep(target)


def slim(run: Run) -> None:
    """Make a finished member small; without frames, for its moments are what is shown of it."""
    round_weights(run, 16)
    shutil.rmtree(run.frames_folder, ignore_errors=True)
    for path in (run.metrics_path, moments_path(run)):
        thin_curve(path)
    thin_moments(run)
