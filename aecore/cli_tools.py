"""What the commands share: progress bars on stderr, and the error that is one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

    from aecore.runs import Status


class UsageError(Exception):
    """What the person asked for cannot be done; the message says why and what to do."""


def bar_of(total: int) -> tqdm[Any]:
    from tqdm import tqdm

    return tqdm(total=total, file=sys.stderr, leave=False, dynamic_ncols=True, mininterval=0.2)


def advance(bar: tqdm[Any], status: Status) -> None:
    bar.set_description_str(status.preparing["what"] if status.preparing else f"epoch {status.epoch:.1f}", refresh=False)
    move_to(bar, status.step)


def move_to(bar: tqdm[Any], done: int) -> None:
    bar.update(done - bar.n)


def teller(bar: tqdm[Any]) -> Callable[[float, str], None]:
    """Moves a bar of 1,000 to a share done, 0..1, and says what is being done."""

    def tell(done: float, what: str) -> None:
        bar.set_description_str(what, refresh=False)
        move_to(bar, round(1000 * done))

    return tell


def settings_of(pairs: Sequence[str]) -> dict[str, str]:
    """The settings of ``--set``, by dotted name. Raises UsageError for one without “=”."""
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--set needs KEY=VALUE, for example --set code.size=20; “{pair}” has no “=”.")
        settings[name.strip()] = value.strip()
    return settings
