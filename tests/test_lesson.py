"""A lesson's link: whatever it holds is read, what was written is read again, and what it says is short plain text."""

from __future__ import annotations

import unicodedata
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aecore.config import RunConfig
from aecore.presets import PRESETS
from aecore.ui import address
from aecore.ui.lesson_link import (
    LONGEST_TASK,
    LONGEST_TITLE,
    NAMES,
    PARTS,
    Lesson,
    lesson_of,
    read,
    sections,
    write,
)
from aecore.ui.share_links import qr_code

SETTINGS = tuple(RunConfig.settings())
ANY_TEXT = some.text(some.characters(exclude_categories=()), max_size=3000)
ANY_QUERY = some.dictionaries(some.sampled_from((*NAMES, "preset", "seed")), ANY_TEXT)


@given(ANY_QUERY)
def test_any_query_is_read_and_what_was_read_is_written_and_read_again(query: dict[str, str]) -> None:
    lesson, problems = read(query)
    assert len(lesson.title) <= LONGEST_TITLE
    assert len(lesson.task) <= LONGEST_TASK
    assert len(problems) <= 2
    assert all(len(problem) < 250 for problem in problems)
    assert read(write(lesson)) == (lesson, [])
    kinds = {unicodedata.category(letter) for letter in lesson.title + lesson.task if letter not in "\n\u200c\u200d"}
    assert not any(kind.startswith("C") for kind in kinds), "nothing that controls how the text around it is read"
    assert "\n" not in lesson.title


@given(
    some.text(max_size=100),
    some.text(max_size=700),
    some.sets(some.sampled_from((*PARTS, *SETTINGS, *sections()))),
    some.sets(some.sampled_from((*SETTINGS, *sections(), "preset"))),
    some.lists(some.sampled_from(("Walk", "Scores and cases", "Train one")), unique=True),
)
def test_a_lesson_survives_its_address(title: str, task: str, hidden: set[str], only: set[str], tabs: list[str]) -> None:
    lesson = lesson_of(title, task, hidden, only, tabs)
    assert (set(lesson.hidden), set(lesson.only), list(lesson.tabs)) == (hidden, only, tabs)
    sent = parse_qs(urlencode(write(lesson)), keep_blank_values=True)
    assert read({name: texts[0] for name, texts in sent.items()}) == (lesson, [])


def test_a_readable_link_means_what_it_says() -> None:
    lesson, problems = read(
        {
            "lesson": "Noise",
            "task": "Turn it up.\n\nWhat\tgets lost?",
            "hide": "nav, settings.architecture.hidden, optimizer,,",
            "tabs": "map",
        }
    )
    assert problems == []
    assert lesson == Lesson(
        "Noise", "Turn it up.\nWhat gets lost?", frozenset({"nav", "architecture.hidden", "optimizer"}), frozenset(), ("map",)
    )
    assert lesson.hides("nav")
    assert not lesson.hides("preset")
    assert not lesson.allows("architecture.hidden")
    assert lesson.allows("architecture.kind")
    assert not lesson.allows("optimizer.kind")
    assert lesson.keeps("optimizer.kind")
    assert lesson.of_tabs(("Walk", "Map")) == ("Map",)
    assert lesson.of_tabs(("Corrupt", "Train")) == ("Corrupt", "Train"), "of another page it says nothing"


def test_what_stays_is_all_that_stays() -> None:
    lesson, _ = read({"only": "optimizer.learning_rate,batch_size"})
    assert [name for name in SETTINGS if lesson.allows(name)] == ["optimizer.learning_rate", "batch_size"]
    assert lesson.hides("preset"), "it would change what nobody sees"
    assert not read({"only": "epochs,preset"})[0].hides("preset")
    assert read({"hide": "settings"})[0].allows("data.name")
    assert not read({"hide": "data"})[0].allows("data.name")


def test_unknown_names_are_one_sentence() -> None:
    _, problems = read({"hide": "nav,a,b,c,d,e", "only": "epohcs"})
    assert problems == [
        "The lesson hides what this app does not have: “a”, “b”, “c” and 2 more.",
        "The lesson keeps what this app does not have: “epohcs”.",
    ]


def test_letters_that_turn_text_around_or_pile_up_are_left_out() -> None:
    lesson, _ = read({"lesson": "a\u202eb\x00c\ud800" + "\u0301" * 50, "task": "one\r\ntwo\u2028three\x1b[31m"})
    assert lesson.title == "abc" + "\u0301" * 3
    assert lesson.task == "one\ntwo\nthree[31m"
    assert read({"lesson": "می‌خواهم 👩‍🏫"})[0].title == "می‌خواهم 👩‍🏫", "Persian and a teacher need their joiners"


# --- links to an experiment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_complete_link_opens_the_same_experiment(name: str) -> None:
    config = PRESETS[name].config.with_settings({"seed": 41})
    experiment = address.Experiment(config, name)
    query = address.write_complete(experiment)
    assert set(SETTINGS) < set(query)
    assert address.read(query) == (experiment, [])
    assert address.read(query | {"run": "f" * 32})[0].config == config


def test_a_complete_link_outlives_presets_and_usual_values(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = address.Experiment(PRESETS["vae"].config, "vae")
    short, complete = address.write(experiment), address.write_complete(experiment)
    changed: dict[str, object] = {"optimizer.momentum": 0.5, "code.size": 3, "epochs": 7}
    later = {name: row for name, row in PRESETS.items() if name != "vae"}
    monkeypatch.setattr(address, "PRESETS", later | {"vanilla": PRESETS["deep"]})
    assert address.read(complete) == (address.Experiment(experiment.config, "vanilla"), [])
    monkeypatch.setattr(address, "RunConfig", _Later(changed))
    assert address.read(complete)[0].config == experiment.config
    assert address.read(short)[1], "the short one says at least that its preset is gone"


class _Later:
    """`RunConfig` of a version with other usual values."""

    def __init__(self, changed: dict[str, object]) -> None:
        self._changed = changed

    def __call__(self) -> RunConfig:
        return RunConfig().with_settings(self._changed)

    @staticmethod
    def settings() -> dict[str, object]:
        return RunConfig.settings()


@pytest.mark.parametrize(("given_format", "says"), [("99", "update the app"), ("x", "whole number"), ("", "whole number")])
def test_a_link_of_another_format_is_explained(given_format: str, says: str) -> None:
    experiment, problems = address.read({"format": given_format, "preset": "vae", "code.size": "3"})
    assert experiment.config == PRESETS["vae"].config
    assert len(problems) == 1
    assert says in problems[0]


@given(
    some.dictionaries(
        some.sampled_from((*SETTINGS, "format", "preset", "run", "start", "a.b.c", ".x", "x.", "seed.x", "format.x")), ANY_TEXT
    )
)
def test_any_address_is_read(query: dict[str, str]) -> None:
    experiment, _ = address.read(query)
    assert address.read(address.write_complete(experiment))[0].config == experiment.config


# --- QR codes -----------------------------------------------------------------------------------------------------------


def test_a_qr_code_is_a_small_picture_unless_there_is_too_much_to_say() -> None:
    assert qr_code("https://example.org/train?seed=1").startswith("data:image/png;base64,")
    assert qr_code("https://example.org/?" + "x" * 3000) == ""
