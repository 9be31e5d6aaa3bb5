"""Sweeps whose metrics are made up, for tests of what is said of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from aecore.disentangle_numbers import TITLES, DisentangleNumbers, Number, keep
from aecore.latent_numbers import digest
from aecore.runs import Run
from aecore.sweep_config import Arm
from aecore.sweep_table import Cell, Measured, Results
from aecore.sweeps import Sweep
from tests.tiny import sweep_config, trained_sweep

FACTORS = ("scale", "x", "y")
ENTROPIES = (1.0, 2.0, 2.0)
# z1 knows x and scale, z2 knows y, z3 nearly nothing of anything, z4 nothing.
INFORMATION = ((0.6, 1.6, 0.1), (0.05, 0.02, 1.0), (0.04, 0.02, 0.02), (0.0, 0.0, 0.0))


def numbers(
    mig: float, weights: str = "w", names: Sequence[str] = tuple(TITLES), half: float | None = 0.01
) -> DisentangleNumbers:
    """MIG and, with the same value, all others of `names`, each with an interval of ± `half`."""
    made = {
        name: Number(mig, None if half is None else mig - half, None if half is None else mig + half, f"{name} resampled")
        for name in names
    }
    seconds = {"mig": 0.5, "sap": 1.5}
    return DisentangleNumbers(FACTORS, INFORMATION, ENTROPIES, 10_000, 5_000, weights, made, seconds=seconds)


def measured(arm: Arm, seed: int, mig: float | None, kl: float = 10.0) -> Measured:
    """A run without files; no metric at all where `mig` is None."""
    test = {"reconstruction": 100 - kl, "kl": kl, "neg_elbo": 100.0}
    found = None if mig is None else numbers(mig)
    return Measured(arm, seed, Run(Path("nowhere") / f"{arm.key}-{seed}"), test, (kl / 2, kl / 2, 0.02, 0.001), found)


def cell(*values: float, half: float | None = None) -> Cell:
    """A cell of these values, each with an interval of ± `half`."""
    return Cell(tuple(values), tuple(None if half is None else (value - half, value + half) for value in values))


def results(values: dict[Arm, Sequence[float | None]], name: str = "Made up") -> Results:
    """Runs of seeds 0, 1, … of each arm with these MIGs, KL falling by 2 nats from arm to arm."""
    runs = tuple(
        measured(arm, seed, mig, 20.0 - 2 * place + 0.1 * seed)
        for place, (arm, migs) in enumerate(values.items())
        for seed, mig in enumerate(migs)
    )
    betas = sorted({arm.value for arm in values if arm.objective != "capacity"}) or [1.0, 4.0]
    capacities = sorted({arm.value for arm in values if arm.objective == "capacity"}) or [2.0, 5.0]
    config = sweep_config(
        objectives=tuple(dict.fromkeys(arm.objective for arm in values)),
        betas=tuple(betas),
        capacities=tuple(capacities),
        seeds=max(len(migs) for migs in values.values()),
    )
    return Results(name, config, runs)


def measure(sweep: Sweep, names: Sequence[str] = tuple(TITLES)) -> None:
    """Keep made-up numbers with every finished run of a sweep: MIG rises with the arm and differs a little between seeds."""
    arms = sweep.config.arms
    for member in sweep.finished:
        mig = 0.1 + 0.2 * arms.index(member.arm) / len(arms) + 0.004 * member.seed
        keep(member.run, numbers(mig, digest(member.run.model_path.read_bytes()), names))


@lru_cache(1)
def _trained() -> tuple[TemporaryDirectory[str], Path]:
    folder = TemporaryDirectory()  # there as long as this process, and gone with it
    return folder, trained_sweep(Path(folder.name) / "tiny").folder


def trained(folder: Path) -> Sweep:
    """A copy in `folder` of a tiny sweep, two βs and two seeds, trained once for all tests; without any metric."""
    shutil.copytree(_trained()[1], folder)
    return Sweep(folder)
