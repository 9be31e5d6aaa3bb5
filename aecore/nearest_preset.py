"""Which preset a configuration comes from, where nobody has written it down: the one with the fewest other settings."""

from __future__ import annotations

from functools import cache
from typing import Any

from aecore.config import RunConfig
from aecore.presets import PRESETS

_FREE = frozenset({"seed", "epochs", "batch_size"})
"""Settings that are changed with any preset, beside those of the data."""


def nearest_preset(config: RunConfig, name: str = "") -> str:
    """A key of :data:`~aecore.presets.PRESETS`. `name`: of the run, which begins with its preset's unless it was renamed."""
    begins = name.split(" · ")[0]
    if begins in PRESETS:
        return begins
    mine = _telling(config)
    return min(PRESETS, key=lambda preset: sum(mine[key] != value for key, value in _presets()[preset].items()))


@cache
def _presets() -> dict[str, dict[str, Any]]:
    return {name: _telling(preset.config) for name, preset in PRESETS.items()}


def _telling(config: RunConfig) -> dict[str, Any]:
    return {key: value for key, value in config.flat().items() if key not in _FREE and not key.startswith("data.")}
