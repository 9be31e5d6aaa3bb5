"""``python -m tests.bench_disentanglement``: how long the disentanglement metrics take on one core. Measured, never asserted.

At the full size: 10,000 training and 5,000 test examples of 10 dimensions, and the five factors of the data set Shapes. First
with codes from a table, so that no network's time is in it; then all of what is measured of a run of the sweep that comes with
the app, group by group; and what it takes to encode pictures of the full grid with the network of Burgess et al. (2018).
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from aecore.code_table import CodeTable
from aecore.data.shape_grid import Grid
from aecore.data.shapes import FACTOR_SIZES, GRID_SIZE, factors_of, index_of, sample_factors
from aecore.disentangle_measuring import measure
from aecore.disentangle_numbers import GROUPS
from aecore.metrics.disentanglement import (
    beta_vae_score,
    dci,
    factor_vae_score,
    mig,
    modularity_explicitness,
    sap,
    udr,
)
from aecore.model import build
from aecore.runs import Run
from aecore.sweep_choices import Choices
from tests.bench_app import say

TRAIN, TEST, DIMENSIONS = 10_000, 5_000, 10
SHIPPED = Path("checkpoints/shapes-betas/beta-4-seed-0")


class TableOfCodes:
    """Shapes as ground truth whose pictures are their places in a table of codes: mixed factors and noise."""

    factor_sizes = FACTOR_SIZES

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        mixing = 0.4 * rng.normal(size=(len(FACTOR_SIZES), DIMENSIONS))
        mixing[np.arange(len(FACTOR_SIZES)), np.arange(len(FACTOR_SIZES))] += 2
        factors = factors_of(np.arange(GRID_SIZE)) / np.array(FACTOR_SIZES)
        self.codes = (factors @ mixing + 0.1 * rng.normal(size=(GRID_SIZE, DIMENSIONS))).astype(np.float32)

    def sample_factors(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        return sample_factors(count, rng)

    def draw(self, factors: NDArray[np.int64]) -> NDArray[np.int64]:
        return index_of(factors)

    def encode(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(self.codes[places], np.float32)


def main() -> None:
    """Make every measurement, a line each."""
    table = TableOfCodes()
    factors = sample_factors(TRAIN + TEST, np.random.default_rng(1))
    codes = table.encode(index_of(factors))
    parts = codes[:TRAIN], factors[:TRAIN], codes[TRAIN:], factors[TRAIN:]
    with threadpool_limits(limits=1):
        _say("mig, without its interval", lambda: mig(*parts[:2], bootstrap=0), 0.05)
        _say("sap, without its interval", lambda: sap(*parts, bootstrap=0), 1.0)
        all_together = [
            _say("mig", lambda: mig(*parts[:2]), 0.05),
            _say("sap", lambda: sap(*parts), 1.0),
            _say("modularity and explicitness", lambda: modularity_explicitness(*parts), 10, times=3),
            _say("beta_vae_score, codes from a table", lambda: beta_vae_score(table.encode, table), 5, times=3),
            _say("factor_vae_score, codes from a table", lambda: factor_vae_score(table.encode, table), 5, times=3),
            _say("dci", lambda: dci(*parts), 120, times=1),
        ]
        say("all metrics of one run", sum(all_together), 180)
        _say("udr, 10 networks", lambda: udr([codes] * 10, [np.ones(DIMENSIONS)] * 10), 5, times=3)
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        _shipped_run()
        network = build(Choices(resolution=64, architecture="conv", code_size=DIMENSIONS).base().plan, seed=0)
        places = np.random.default_rng(0).choice(GRID_SIZE, TRAIN, replace=False)
        _say(
            "encoding 10,000 pictures of 64×64, network of Burgess et al.",
            lambda: CodeTable(network, Grid(), 64).encode(places),
            10,
            times=3,
        )


def _shipped_run() -> None:
    """All that is measured of one run, from its folder's network on, as a copy without the numbers that it came with."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
        (Path(folder) / "disentanglement.json").unlink()
        start = time.perf_counter()
        numbers = measure(Run(Path(folder)), tuple(group.name for group in GROUPS))
        for group in GROUPS:
            say(f"{SHIPPED.name}: {group.title}", numbers.seconds[group.name], 120)
        say(f"{SHIPPED.name}: all that is measured of a run", time.perf_counter() - start, 240)


def _say(what: str, measure: Callable[[], object], target: float, times: int = 7) -> float:
    """The median of some calls, in seconds."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        measure()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    say(f"{what}, median of {times}", median, target)
    return median


if __name__ == "__main__":
    main()
