"""checkpoints/manifest.json: of each run and sweep that comes with the app, what it learned from, its seed, the command that
trains it, its test numbers, and when it was made. The picture denoiser, which is no run, says the same in its about.json."""

from __future__ import annotations

import json
import time
from typing import Any

from aecore.config import RunConfig
from aecore.runs import CHECKPOINTS, Run, replace_file
from aecore.sweeps import Sweep

MANIFEST = CHECKPOINTS / "manifest.json"

SAMPLE = "digits"
"""The data that everybody has: each run is also measured on their test images, so that a test can compare."""


def read_manifest() -> dict[str, dict[str, Any]]:
    """The entries by name of the run; empty where there is no manifest."""
    if not MANIFEST.is_file():
        return {}
    entries: dict[str, dict[str, Any]] = json.loads(MANIFEST.read_bytes())
    return entries


def note_in_manifest(name: str, run: Run, preset: str, command: str) -> None:
    """Measure one run on the sample, and write its entry in the place of an older one."""
    config, status = run.config, run.status
    entry = {
        "preset": preset,
        "data": config.data.name,
        "train_images": config.train_size,
        "seed": config.seed,
        "command": command,
        "test": status.test,
        "test_images": status.test_images,
        "sample": sample_config(config).data.name,
        "sample_test": sample_numbers(run),
        "weights_bytes": run.model_path.stat().st_size,
        "date": _date(run.about.created),
    }
    _note(name, entry)


def note_sweep_in_manifest(name: str, sweep: Sweep) -> None:
    """Write the entry of a sweep, whose test numbers are those of its runs by their names."""
    config, runs = sweep.config, sweep.runs
    entry = {
        "data": config.base.data.name,
        "train_images": config.base.train_size,
        "seeds": sorted({run.config.seed for run in runs}),
        "command": f"python -m aecore checkpoints {name}",
        "test": {run.folder.name: run.status.test for run in runs},
        "test_images": runs[0].status.test_images,
        "weights_bytes": sum(run.model_path.stat().st_size for run in runs),
        "date": _date(sweep.about.created),
    }
    _note(name, entry)


def _note(name: str, entry: dict[str, Any]) -> None:
    entries = read_manifest() | {name: entry}
    replace_file(MANIFEST, json.dumps(dict(sorted(entries.items())), indent=1) + "\n")


def _date(created: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(created))


def sample_config(config: RunConfig) -> RunConfig:
    """The configuration of a run with the sample for its data, or its own where that is made by the app itself."""
    if config.card.is_sequence:
        return config
    return config.with_settings({"data.name": SAMPLE, "data.classes": None, "data.train_images": None})


def sample_numbers(run: Run) -> dict[str, float]:
    """The test numbers of a run on the sample's test images."""
    # With torch, which those who only read the manifest do not need.
    from aecore.checkpoint import load_model
    from aecore.config_sections import DataConfig
    from aecore.data.kept import load_kept
    from aecore.evaluation import evaluate

    config = sample_config(run.config)
    return evaluate(load_model(run), config, load_kept(DataConfig(name=config.data.name)).test)
