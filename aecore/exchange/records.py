"""What a file says of a run in words and numbers: about, status, stages. Checked value by value."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import UnknownDataError, card, is_own
from aecore.exchange.json_text import number, only, parsed, whole, words
from aecore.exchange.parts import ABOUT, CONFIG, RECORD_BYTES, STAGES, STATUS
from aecore.exchange.refused import RefusedError
from aecore.keeping import NAME_LETTERS, NOTE_LETTERS
from aecore.stage_numbers import StageNumbers

_MOST_WORDS = 500
_FAR = 1e30
_ERRORS = ("mse", "mae", "bce")
_TESTS = (*_ERRORS, *(f"{name}_clean_input" for name in _ERRORS), "reconstruction", "kl", "neg_elbo", "accuracy")
STATES = ("finished", "stopped")
"""States of a run that can be taken away: nothing changes it any more."""


@dataclass(frozen=True)
class Facts:
    """What a file says of a run beside its configuration. `made`: seconds since 1970, 0 where it is not known.

    test: the test numbers that the file says. has_status: whether it says anything of state, step and numbers.
    """

    name: str = ""
    note: str = ""
    made: float = 0.0
    start: str = ""
    state: str = "finished"
    step: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    test: dict[str, float] | None = None
    test_images: int = 0
    has_status: bool = False

    def about_json(self) -> str:
        """As it is written into files."""
        return json.dumps({"name": self.name, "note": self.note, "created": self.made, "start": self.start}, indent=1)

    def status_json(self, config: RunConfig) -> str:
        """As it is written into files."""
        values = {
            "state": self.state,
            "step": self.step,
            "steps": config.total_steps,
            "seconds": self.seconds,
            "images_per_second": self.images_per_second,
            "test": self.test,
            "test_images": self.test_images,
        }
        return json.dumps(values, indent=1)


def read_config(data: bytes, file: str = CONFIG) -> RunConfig:
    """The configuration in a file, of this format or an older one. Raises RefusedError."""
    values = parsed(data, file, RECORD_BYTES)
    name = values["data"].get("name") if isinstance(values.get("data"), dict) else None
    if isinstance(name, str) and is_own(name):
        try:
            card(name)
        except UnknownDataError:
            raise RefusedError(
                "This run learned from somebody's own file, which is not on this server: read that file on the Anomalies page "
                "first, in the same way, then bring the run back."
            ) from None
    try:
        return RunConfig.from_json(data)
    except ConfigError as error:
        raise RefusedError(f"Its configuration cannot be used here. {' '.join(error.problems)}") from None


def read_about(data: bytes, facts: Facts) -> Facts:
    """`facts` with what about.json says. Raises RefusedError."""
    values = parsed(data, ABOUT, RECORD_BYTES)
    only(values, ("name", "note", "created", "start"), ABOUT)
    return replace(
        facts,
        name=words(values, "name", ABOUT, _MOST_WORDS).replace("\n", " ").strip()[:NAME_LETTERS],
        note=words(values, "note", ABOUT, NOTE_LETTERS),
        start=words(values, "start", ABOUT, _MOST_WORDS).replace("\n", " "),
        made=min(number(values, "created", ABOUT, 0, 1e11), time.time()),
    )


def read_status(data: bytes, config: RunConfig, facts: Facts) -> Facts:
    """`facts` with what status.json says. Raises RefusedError."""
    values = parsed(data, STATUS, RECORD_BYTES)
    only(values, ("state", "step", "steps", "seconds", "images_per_second", "test", "test_images"), STATUS)
    state, steps = values.get("state"), config.total_steps
    if state not in STATES:
        raise RefusedError(f"In {STATUS}, “state” must be {' or '.join(STATES)}.")
    if whole(values, "steps", STATUS, 1, 2**53) != steps:
        raise RefusedError(f"{STATUS} speaks of {values['steps']:,} steps, and a run with this configuration has {steps:,}.")
    step = whole(values, "step", STATUS, 0, steps)
    if state == "finished" and step != steps:
        raise RefusedError(f"{STATUS} says that the run has finished, at step {step:,} of {steps:,}.")
    return replace(
        facts,
        state=str(state),
        step=step,
        seconds=number(values, "seconds", STATUS, 0, 1e9),
        images_per_second=number(values, "images_per_second", STATUS, 0, 1e12),
        test=None if values.get("test") is None else _test(values["test"], STATUS),
        test_images=whole(values, "test_images", STATUS, 0, 10**9),
        has_status=True,
    )


def read_stages(data: bytes, config: RunConfig) -> list[StageNumbers]:
    """The numbers of the stages that have ended. Raises RefusedError."""
    wrapped = parsed(b'{"stages": ' + data + b"}", STAGES, RECORD_BYTES)
    only(wrapped, ("stages",), STAGES)  # or the list has ended early, and something else follows it
    entries = wrapped["stages"]
    ends = {stage.name: stage.last_step for stage in config.stages}
    if not isinstance(entries, list) or len(entries) > len(ends):
        raise RefusedError(f"{STAGES} must be a list of the run's {len(ends)} stages at most.")
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"name", "step", "test"}:
            raise RefusedError(f"{STAGES} must give name, step and test of each stage.")
        if not isinstance(entry["name"], str) or entry["name"] not in ends or entry["step"] != ends[entry["name"]]:
            raise RefusedError(f"{STAGES} speaks of a stage that a run with this configuration does not have.")
        found.append(StageNumbers(entry["name"], ends[entry["name"]], _test(entry["test"], STAGES)))
    if len({each.name for each in found}) < len(found):
        raise RefusedError(f"{STAGES} names a stage twice.")
    return found


def _test(values: Any, file: str) -> dict[str, float]:
    if not isinstance(values, Mapping):
        raise RefusedError(f"In {file}, “test” must be a group of names and numbers.")
    only(values, _TESTS, file)
    return {name: number(values, name, file, -_FAR, _FAR) for name in values}
