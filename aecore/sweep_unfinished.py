"""The runs of a sweep that are not compared: in which state they are, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aecore.runs import ACTIVE
from aecore.sweep_config import Arm


@dataclass(frozen=True)
class Unfinished:
    """A run that did not come to its end (yet), and so is not compared: its state (see :class:`~aecore.runs.Status`), and why."""

    arm: Arm
    seed: int
    state: str
    reason: str
    step: int = 0
    steps: int = 0

    @property
    def active(self) -> bool:
        """Whether it is, or waits to be, with a worker."""
        return self.state in ACTIVE

    @property
    def words(self) -> str:
        """“failed (The loss …)”, “stopped at step 300 of 1,000”, or where it is in training, its state alone."""
        if self.reason:
            return f"{self.state} ({self.reason.rstrip('.')})"
        return self.state if self.active or not self.steps else f"{self.state} at step {self.step:,} of {self.steps:,}"


def no_run(runs: Sequence[Unfinished]) -> str:
    """A sentence for an arm that has no finished run: “No finished run: 2 failed, 1 stopped.”"""
    states = ["in training or waiting" if run.active else run.state for run in runs]
    return f"No finished run: {', '.join(f'{states.count(state)} {state}' for state in dict.fromkeys(states))}."
