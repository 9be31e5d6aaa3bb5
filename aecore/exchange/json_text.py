"""JSON from outside: bounded in size and depth before anything is made of it, without names given twice, without infinities."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from aecore.exchange.refused import RefusedError

MOST_DEPTH = 16
# A text that never ends matches too, up to the file's end: else each of its quotes would be tried anew.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parsed(data: bytes, file: str, most: int) -> dict[str, Any]:
    """The group of values in a file of at most `most` bytes. Raises RefusedError."""
    if len(data) > most:
        raise RefusedError(f"{file} is too large: it has {len(data):,} bytes, and {most:,} is the most.")
    try:
        text = data.decode("utf-8")
        _check_depth(text, file)
        values = json.loads(text, object_pairs_hook=_without_twins, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, and what is no UTF-8
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(f"{file} cannot be read: it is not the JSON that the app writes.") from None
    if not isinstance(values, dict):
        raise RefusedError(f"{file} must hold a group of names and values.")
    return values


def only(values: Mapping[str, Any], known: Iterable[str], file: str) -> None:
    """Refuse names that are not known."""
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise RefusedError(f"{file} has something called “{unknown[0][:40]}”, which the app does not know.")


def number(values: Mapping[str, Any], name: str, file: str, low: float, high: float) -> float:
    """A finite number within bounds."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RefusedError(f"In {file}, “{name}” must be a number from {low:g} to {high:g}.")
    return float(value)


def whole(values: Mapping[str, Any], name: str, file: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RefusedError(f"In {file}, “{name}” must be a whole number from {low:,} to {high:,}.")
    return value


def words(values: Mapping[str, Any], name: str, file: str, most: int) -> str:
    """A text of at most `most` letters; "" where there is none. Lines stay, other control characters become spaces."""
    value = values.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise RefusedError(f"In {file}, “{name}” must be a text of at most {most:,} letters.")
    # Half of a pair of surrogates is no text for anybody else.
    plain = value.encode(errors="replace").decode()
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", " ", plain)


def _check_depth(text: str, file: str) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        bracket = found[0]
        depth += (bracket in "[{") - (bracket in "]}") if len(bracket) == 1 else 0
        if depth > MOST_DEPTH:
            raise RefusedError(f"{file} is nested too deeply: the app writes {MOST_DEPTH} levels at most.")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is given twice")
    return values


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value
