"""What is wrong with a configuration, in sentences that a student understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

MOST_PROBLEMS = 10
"""Sentences a person is given at once: a list of thousands of wrong sizes is one mistake."""


class ConfigError(ValueError):
    """A configuration that cannot be: `problems` holds one sentence for each thing that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def explain(error: ValidationError, settings: Mapping[str, Any]) -> list[str]:
    """One sentence for each of pydantic's errors (the first few), with the setting's title and dotted name, its bound, and
    what was given."""
    # pydantic calls a list too short, too, when the entries that were wrong are not counted.
    details = [
        detail
        for detail in error.errors(include_url=False)
        if detail["type"] != "too_short" or len(detail["input"]) < detail["ctx"]["min_length"]
    ]
    return [_sentence(detail, settings) for detail in details[:MOST_PROBLEMS]]


def no_such_setting(name: str, known: Mapping[str, Any]) -> str:
    """The sentence for a name that is no setting, with the nearest one that is."""
    same_end = [full for full in known if full.rpartition(".")[2] == name.rpartition(".")[2]]
    close = get_close_matches(name, same_end or known, n=1, cutoff=0 if same_end else 0.5)
    return f"There is no setting called “{name}”." + (f" Did you mean “{close[0]}”?" if close else "")


def _sentence(detail: ErrorDetails, settings: Mapping[str, Any]) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    path = [str(part) for part in detail["loc"]]
    name = next((".".join(path[:n]) for n in (2, 1) if ".".join(path[:n]) in settings), ".".join(path))
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return no_such_setting(".".join(path), settings)
    field = settings.get(name)
    subject = f"{field.title} ({name})" if field is not None else (f"“{name}”" if name else "A configuration")
    shown = _shown(given)
    rules = {
        "greater_than_equal": ("must be at least {ge}", context),
        "greater_than": ("must be more than {gt}", context),
        "less_than_equal": ("must be at most {le}", context),
        "less_than": ("must be less than {lt}", context),
        "too_long": ("can have at most {max_length} entries", context),
        "too_short": ("needs at least {min_length} entry", context),
        "literal_error": ("must be one of {expected}", context),
    }
    if kind in rules:
        rule, values = rules[kind]
        return f"{subject} {rule.format(**values)}; you gave {shown}."
    if kind.startswith(("int_", "int")):
        return f"{subject} must be a whole number; you gave {shown}."
    if kind.startswith("float") or kind == "finite_number":
        return f"{subject} must be an ordinary number; you gave {shown}."
    if kind.startswith("bool"):
        return f"{subject} must be true or false; you gave {shown}."
    if kind.startswith("tuple"):
        return f"{subject} must be a list of whole numbers such as 512-256; you gave {shown}."
    if kind.startswith("string"):
        return f"{subject} must be a word; you gave {shown}."
    if kind.startswith(("model", "dict")):
        return f"{subject} must be a group of settings with names and values; you gave {shown}."
    return f"{subject}: {detail['msg'].lower()}; you gave {shown}."


def _shown(given: object) -> str:
    try:
        text = repr(given)
    except ValueError:  # Python writes out no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 40 else text[:37] + "…"
