"""checkpoints/manifest.json: of each run that comes with the app, what it learned from, its seed, the command that makes it, its
test numbers, and when it was made."""

from __future__ import annotations

import json
import time
from typing import Any

from aecore.runs import CHECKPOINTS, Run, replace_file

MANIFEST = CHECKPOINTS / "manifest.json"


def read_manifest() -> dict[str, dict[str, Any]]:
    """The entries by name of the run; empty where there is no manifest."""
    if not MANIFEST.is_file():
        return {}
    entries: dict[str, dict[str, Any]] = json.loads(MANIFEST.read_bytes())
    return entries


def note_in_manifest(name: str, run: Run, preset: str, command: str) -> None:
    """Write the entry of one run, in the place of an older one."""
    config, status = run.config, run.status
    entry = {
        "preset": preset,
        "data": config.data.name,
        "train_images": config.train_size,
        "seed": config.seed,
        "command": command,
        "test": status.test,
        "test_images": status.test_images,
        "weights_bytes": run.model_path.stat().st_size,
        "date": time.strftime("%Y-%m-%d", time.gmtime(run.about.created)),
    }
    entries = read_manifest() | {name: entry}
    replace_file(MANIFEST, json.dumps(dict(sorted(entries.items())), indent=1) + "\n")
