"""How long a sweep will take, from what was measured on this machine, and what one under way still needs. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aecore.config import RunConfig
from aecore.runs import Run
from aecore.sweep_config import SweepConfig

WATCHED = 0.7
"""Share of a worker's time that is training: validating, painting and measuring the code may each take 0.1 of it, see
:data:`aecore.recording.WATCHING_SHARE`."""
HELD_OUT = 0.4
"""What a held-out picture costs of a training picture: it has no backward pass."""
STARTING = 3.0
"""Seconds in which a worker reads or draws the pictures and builds the networks."""


def speed_key(config: RunConfig) -> tuple[object, ...]:
    """What the time of a training step depends on: two configurations with equal keys need measuring once."""
    return (
        "sweep_speed",
        config.plan.input_shape,
        config.architecture,
        config.code,
        config.batch_size,
        config.objective.reconstruction,
        config.objective.divergence,
        config.objective.weight_decay > 0,
        config.optimizer.kind,
        config.corruption.kind,
    )


def configs_to_measure(sweep: SweepConfig) -> dict[str, RunConfig]:
    """One configuration of each objective of the sweep: its values and seeds make no step slower or faster."""
    return {arm.objective: arm.config(sweep.base, sweep.base.seed) for arm in reversed(sweep.arms)}


def seconds_of(sweep: SweepConfig, speeds: Mapping[str, float], slots: int) -> float:
    """Seconds from the start of a sweep to its end on `slots` free workers. `speeds`: seconds a step, by objective.

    The runs take turns and move to where there is room, so that the workers end at about the same time; but no run is on two
    of them at once.
    """
    card, base = sweep.base.card, sweep.base
    # Whatever the pace, a run is validated at its beginning and its end, and tested with and without what disturbs its input.
    held_out = HELD_OUT * 2 * (card.validation + card.test) / base.batch_size
    times = [speeds[arm.objective] * (base.total_steps / WATCHED + held_out) for arm, _ in sweep.members]
    return STARTING + max(sum(times) / slots, max(times))


def seconds_left(runs: Sequence[Run], slots: int) -> float | None:
    """Seconds that runs under way still need, if all go on; None before any of them has made a step.

    Each at the speed it was trained with so far (which is that of training alone, while others had their turns too), those
    that have not begun at the mean of the others.
    """
    known, unknown = [], []
    for run in runs:
        status = run.status
        left = status.steps - status.step
        if status.step:
            known.append((status.seconds / status.step, left))
        elif left:
            unknown.append(left)
    if not known:
        return None
    mean = sum(speed for speed, _ in known) / len(known)
    times = [speed * left / WATCHED for speed, left in known] + [mean * left / WATCHED for left in unknown]
    return max(sum(times) / slots, max(times))


def duration(seconds: float) -> str:
    """A time in words, as exact as an estimate is: “5 s”, “1 min 40 s”, “25 min”, “2 h 10 min”."""
    if seconds < 60:
        return f"{max(1, round(seconds / 5) * 5 if seconds > 10 else round(seconds))} s"
    if seconds < 595:
        tens = round(seconds / 10)
        return f"{tens // 6} min" + (f" {tens % 6 * 10} s" if tens % 6 else "")
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    tens = round(minutes / 10)
    return f"{tens // 6} h" + (f" {tens % 6 * 10} min" if tens % 6 else "")


def estimate_words(sweep: SweepConfig, speeds: Mapping[str, float], slots: int) -> str:
    """“About 1 min 40 s for 10 runs on 2 cores (measured on this machine: 2.1 ms a step).”"""
    count = len(sweep.members)
    cores = min(slots, count)
    slowest, fastest = max(speeds.values()), min(speeds.values())
    span = _milliseconds(slowest) if slowest < 1.1 * fastest else f"{_milliseconds(fastest)} to {_milliseconds(slowest)}"
    return (
        f"About {duration(seconds_of(sweep, speeds, slots))} for {count} runs on {cores} core{'s' if cores > 1 else ''} "
        f"(measured on this machine: {span} ms a step)."
    )


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:,.0f}"
