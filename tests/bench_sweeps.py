"""``python -m tests.bench_sweeps``: a sweep on all cores against its runs one after another, and the whole of a sweep's metrics.

Measured, never asserted. The two ways of training take turns, so that a slow minute of the machine hits both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from aecore.disentangle_numbers import GROUPS
from aecore.engine import Engine
from aecore.runs import ACTIVE
from aecore.sweep_choices import CLASSIC
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep

_BETAS = (1.0, 2.0, 4.0, 8.0, 16.0)
_ROUNDS = 3

_ONE_AFTER_ANOTHER = """
import sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from aecore.data.kept import load_kept
from aecore.recording import Recorder
from aecore.sweeps import Sweep
sweep = Sweep(Path(sys.argv[1]))
load_kept(sweep.config.base.data)
started = time.perf_counter()
for run in sweep.runs:
    assert Recorder(run).record().state == "finished"
print(time.perf_counter() - started)
"""

_ALL_METRICS = """
import json, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from aecore.disentangle_measuring import measure
from aecore.disentangle_numbers import GROUPS
from aecore.sweeps import Sweep
run = Sweep(Path(sys.argv[1])).runs[0]
started = time.perf_counter()
found = measure(run, tuple(group.name for group in GROUPS))
print(json.dumps({"all": time.perf_counter() - started, **found.seconds}))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ratios = [_round(root / str(index)) for index in range(_ROUNDS)]
        _say(
            f"five runs side by side on {_cores()} cores: {statistics.median(ratios):.2f} times as fast as one after another on "
            f"one ({', '.join(f'{ratio:.2f}' for ratio in ratios)}; target 1.8)"
        )
        seconds = json.loads(_on_one_core(_ALL_METRICS, root / "0" / "together"))
        parts = ", ".join(f"{group.name} {seconds[group.name]:.1f}" for group in GROUPS)
        _say(f"all metrics of one run at 10,000/5,000 on one core: {seconds['all']:.0f} s ({parts}; target 180)")


def _say(line: str) -> None:
    print(line, flush=True)


def _round(folder: Path) -> float:
    """How many times as fast the engine is."""
    alone = float(_on_one_core(_ONE_AFTER_ANOTHER, Sweep.create(_config(), folder / "alone").folder))
    together = _with_the_engine(Sweep.create(_config(), folder / "together"))
    _say(f"  one after another {alone:.1f} s, side by side {together:.1f} s")
    return alone / together


def _config() -> SweepConfig:
    return replace(CLASSIC, betas=_BETAS, seeds=1, steps=300).config()


def _with_the_engine(sweep: Sweep) -> float:
    """Seconds from the moment when the warm workers are given the runs to the end of the last."""
    engine = Engine(_cores())
    engine.start()
    try:
        while not all(bench.ready for bench in engine._benches()):
            time.sleep(0.05)
        started = time.perf_counter()
        engine.enqueue_sweep(sweep, owner="bench")
        while any(run.status.state in ACTIVE for run in sweep.runs):
            time.sleep(0.05)
        return time.perf_counter() - started
    finally:
        engine.close()


def _on_one_core(program: str, folder: Path) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip().splitlines()[-1]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    main()
