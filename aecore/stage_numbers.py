"""The test numbers of a run at the end of each of its stages, in `stages.json`: what each layer, and what labels, brought."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass

from aecore.full_disk import read
from aecore.runs import Run, replace_file
from aecore.stages import Stage

_FILE = "stages.json"


@dataclass(frozen=True)
class StageNumbers:
    """`name`: of the stage (see :class:`~aecore.stages.Stage`); `step`: its last; `test`: as :func:`~aecore.evaluation.evaluate`
    gives them, of the network as far as it had grown, and where it had a classifier its `accuracy`, 0..1."""

    name: str
    step: int
    test: dict[str, float]


def keep_stage(run: Run, stage: Stage, test: dict[str, float]) -> None:
    """Add the numbers of a stage that has ended, in place of those it may have had before."""
    _write(run, [*_up_to(run, stage.last_step - 1), StageNumbers(stage.name, stage.last_step, test)])


def drop_stages_after(run: Run, step: int) -> None:
    """Forget the stages that ended after `step`: a resumed run comes to their ends once more; −1 forgets all of them."""
    kept = _up_to(run, step)
    if kept != stage_numbers(run):
        _write(run, kept)


def stage_numbers(run: Run) -> list[StageNumbers]:
    """Those of the stages that have ended, in order; none of a run that has only one, or whose file cannot be read."""
    with suppress(OSError, ValueError, TypeError):
        return [StageNumbers(**entry) for entry in json.loads(read(run.folder / _FILE))]
    return []


def _up_to(run: Run, step: int) -> list[StageNumbers]:
    return [numbers for numbers in stage_numbers(run) if numbers.step <= step]


def _write(run: Run, kept: list[StageNumbers]) -> None:
    replace_file(run.folder / _FILE, json.dumps([asdict(numbers) for numbers in kept]))
