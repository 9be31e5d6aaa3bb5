"""A run that was brought back: what its file said of its test numbers, and what was measured here. `brought.json` in its folder.

Numbers that a file says are not shown as the run's own before the same were measured here: a run's status has none until then.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace

from aecore.runs import Run, replace_file

_FILE = "brought.json"


@dataclass(frozen=True)
class Brought:
    """`made`: when the run was made, where it was made, seconds since 1970; 0: not known. `said`: the file's test numbers.

    measured: those of this machine. problem: why there are none, in a sentence. images: test examples, of the file and here.
    """

    made: float = 0.0
    said: dict[str, float] | None = None
    said_images: int = 0
    measured: dict[str, float] | None = None
    measured_images: int = 0
    problem: str = ""

    @property
    def is_same(self) -> bool:
        """Whether what was measured is what the file said, to the last digit."""
        return self.said is not None and self.said == self.measured and self.said_images == self.measured_images


def brought(run: Run) -> Brought | None:
    """What is known of a run that was brought back; None for all others."""
    with suppress(OSError, ValueError, TypeError):
        values = json.loads((run.folder / _FILE).read_bytes())
        known = {entry.name for entry in fields(Brought)}
        return Brought(**{name: value for name, value in values.items() if name in known})
    return None


def write_brought(run: Run, known: Brought) -> None:
    """Raises OSError."""
    replace_file(run.folder / _FILE, json.dumps(asdict(known)))


def keep_measured(run: Run, test: dict[str, float], images: int) -> Brought:
    """What was measured here is from now on the run's own. Raises OSError."""
    known = replace(brought(run) or Brought(), measured=test, measured_images=images, problem="")
    write_brought(run, known)
    status = run.status
    status.test, status.test_images = test, images
    run.write_status(status)
    return known


def keep_problem(run: Run, sentence: str) -> Brought:
    """Why nothing could be measured. Raises OSError."""
    known = replace(brought(run) or Brought(), problem=sentence)
    write_brought(run, known)
    return known


def can_be_measured(run: Run) -> bool:
    """Whether test numbers belong to it: of a run that was stopped there were none either."""
    return brought(run) is not None and run.status.state == "finished"
