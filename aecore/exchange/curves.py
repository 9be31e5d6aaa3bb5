"""The curves in a file: a table of numbers with known columns, bounded in rows and cells."""

from __future__ import annotations

import re

from aecore.config import RunConfig
from aecore.exchange.parts import METRICS
from aecore.exchange.refused import RefusedError
from aecore.metrics_log import CLOCK

MOST_CELLS = 6_000_000
"""A run of twelve hours has 350,000 rows at most."""
_TERMS = ("loss", "reconstruction", "kl", "capacity", "total_correlation", "sparsity", "contraction", "weight_decay", "accuracy")
_CELL = rb"(?:-?[0-9]{1,17}(?:\.[0-9]{1,17})?(?:e[+-]?[0-9]{1,3})?|-?inf|nan)?"
_MOST_COLUMNS = 64


def check_curves(data: bytes, config: RunConfig, last_step: int) -> int:
    """How many rows there are. Raises RefusedError for what is no table of numbers, or goes beyond the run's last step."""
    head, _, rows = data.partition(b"\n")
    try:
        columns = head.decode("ascii").rstrip("\r").split(",")
    except UnicodeDecodeError:
        columns = []
    known = {f"{part}_{term}" for part in ("train", "val") for term in (*_TERMS, *(stage.name for stage in config.stages))}
    if tuple(columns[: len(CLOCK)]) != CLOCK or len(columns) > _MOST_COLUMNS or len(set(columns)) < len(columns):
        raise RefusedError(f"{METRICS} must begin with the columns {', '.join(CLOCK)}, each once.")
    unknown = [name for name in columns[len(CLOCK) :] if name not in known]
    if unknown:
        raise RefusedError(f"{METRICS} has a column “{unknown[0][:40]}”, which no such run has.")
    # Of a run that was killed, the last row may be half there; readers leave it out.
    whole = rows[: rows.rfind(b"\n") + 1]
    count = whole.count(b"\n")
    if count * len(columns) > MOST_CELLS:
        raise RefusedError(f"{METRICS} has {count:,} rows: more than a run can make.")
    row = re.compile(rb"([0-9]{1,15})" + (rb"," + _CELL) * (len(columns) - 1) + rb"\r?\n")
    place, before = 0, -1
    for number in range(1, count + 1):
        found = row.match(whole, place)
        if found is None:
            raise RefusedError(f"{METRICS}: row {number:,} is not a row of {len(columns)} numbers.")
        step = int(found[1])
        if not before <= step <= last_step:
            raise RefusedError(f"{METRICS}: row {number:,} is of step {step:,}, which cannot be there.")
        place, before = found.end(), step
    return count
