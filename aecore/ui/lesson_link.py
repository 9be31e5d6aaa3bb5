"""A lesson as its link says it: a title, a task, and what students see of a page.

The words of a lesson are somebody's words in a link: they are short plain text, of which nothing is ever formatted. Whatever a
link holds, reading it does not fail.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aecore.config import RunConfig

NAMES = ("lesson", "task", "hide", "only", "tabs")
"""The query parameters of a lesson; no page has one of these names."""

PARTS = {
    "nav": "Navigation and links to other pages",
    "choice": "Choice of network or sweep",
    "preset": "Preset",
    "settings": "All settings but the choice of data",
    "drawing": "Drawing of the network",
    "compare": "Compare with other runs",
    "rate": "Learning rate of the run under way",
    "step": "Single steps",
}
"""What can be hidden beside tabs and settings, and what a person calls it."""

LONGEST_TITLE, LONGEST_TASK = 80, 600  # letters
_LONGEST_LIST = 4000  # letters of a list of names
_MOST_NAMES = 100
_LONGEST_NAME = 40
_JOINERS = "\u200c\u200d"  # scripts and emoji need them; of all other invisible letters some turn the direction of text
_MOST_MARKS = 3  # accents on one letter; more of them climb over the lines above


@dataclass(frozen=True)
class Lesson:
    """What a link says of a lesson. Made by :func:`read` or :func:`lesson_of`, which see to its words.

    hidden: names in :data:`PARTS`, settings by dotted name, and their sections. only: the settings and sections that stay where
    not all do, empty where all do; "preset" and "data" among them are these two selectors. tabs: those that stay, empty for all.
    """

    title: str = ""
    task: str = ""
    hidden: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    tabs: tuple[str, ...] = ()

    def hides(self, part: str) -> bool:
        """Whether a part of a page, one of :data:`PARTS`, is not shown."""
        if part == "preset" and self.only and part not in self.only:
            return True  # it would change settings that students cannot see
        return part in self.hidden

    def allows(self, setting: str) -> bool:
        """Whether a setting, by dotted name, has a control."""
        names = {setting, section_of(setting)}
        if names & self.hidden or ("settings" in self.hidden and setting != "data.name"):
            return False
        return not self.only or bool(names & self.only)

    def keeps(self, setting: str) -> bool:
        """Whether a setting has the link's value whatever preset is chosen: the link names it, or its section, as hidden."""
        return bool({setting, section_of(setting)} & self.hidden)

    def of_tabs(self, names: Iterable[str]) -> tuple[str, ...]:
        """Which of a page's tabs are shown; all where the lesson names none of them."""
        every = tuple(names)
        wanted = {name.casefold() for name in self.tabs}
        return tuple(name for name in every if name.casefold() in wanted) or every


def section_of(setting: str) -> str:
    """The section of a setting: “optimizer” of “optimizer.learning_rate”; "" of one that stands alone."""
    return setting.rpartition(".")[0]


def sections() -> tuple[str, ...]:
    """The sections that settings are in."""
    return tuple(dict.fromkeys(section for name in RunConfig.settings() if (section := section_of(name))))


def lesson_of(title: str, task: str, hidden: Iterable[str] = (), only: Iterable[str] = (), tabs: Iterable[str] = ()) -> Lesson:
    """A lesson from what somebody typed and chose; what is no name is left out."""
    return read({"lesson": title, "task": task, "hide": ",".join(hidden), "only": ",".join(only), "tabs": ",".join(tabs)})[0]


def write(lesson: Lesson) -> dict[str, str]:
    """The query of a lesson; :func:`read` undoes it exactly."""
    lists = {"hide": sorted(lesson.hidden), "only": sorted(lesson.only), "tabs": lesson.tabs}
    words = {"task": lesson.task, **{name: ",".join(names) for name, names in lists.items()}}
    return {"lesson": lesson.title} | {name: text for name, text in words.items() if text}


def read(query: Mapping[str, str]) -> tuple[Lesson, list[str]]:
    """The lesson of a query, and a sentence for each list in it with names that mean nothing. Other parameters are left alone."""
    parts, settings = frozenset(PARTS), frozenset((*RunConfig.settings(), *sections()))
    problems: list[str] = []
    hidden = _known(query.get("hide", ""), parts | settings, "hides", problems)
    only = _known(query.get("only", ""), settings | {"preset"}, "keeps", problems)
    tabs = _list(query.get("tabs", ""))
    title = " ".join(plain(query.get("lesson", "")[: 4 * LONGEST_TASK]).split())[:LONGEST_TITLE].strip()
    task = plain(query.get("task", "")[: 4 * LONGEST_TASK])
    lines = [" ".join(line.split()) for line in task.split("\n")]
    task = "\n".join(line for line in lines if line)[:LONGEST_TASK].strip()
    return Lesson(title, task, frozenset(hidden), frozenset(only), tabs), problems


def plain(text: str) -> str:
    """Text without letters that control something, that nobody can see, or that climb over other lines; line breaks stay."""
    kept: list[str] = []
    marks = 0
    for letter in text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if letter == "\n" or letter in _JOINERS or (not kind.startswith("C") and marks <= _MOST_MARKS):
            kept.append(letter)
        elif letter == "\t":
            kept.append(" ")
    return "".join(kept)


def _list(text: str) -> tuple[str, ...]:
    names = (" ".join(plain(name).split())[:_LONGEST_NAME].strip() for name in text[:_LONGEST_LIST].split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST_NAMES]


def _known(text: str, known: frozenset[str], does: str, problems: list[str]) -> list[str]:
    """The names of a list that mean something; a setting may have “settings.” before it."""
    names = [name if name in known else name.removeprefix("settings.") for name in _list(text)]
    unknown = [name for name in names if name not in known]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        listed = ", ".join(f"“{name}”" for name in unknown[:3])
        problems.append(f"The lesson {does} what this app does not have: {listed}{more}.")
    return [name for name in names if name in known]
