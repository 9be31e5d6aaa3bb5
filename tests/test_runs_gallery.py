"""The gallery of runs in a browser: searched, sorted, filtered, selected, changed; only what is on the screen is in the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from aecore.ui.runs_gallery import wish_in
from tests.gallery_harness import GalleryPage, gallery, made_run

RUNS = [
    made_run(1, name="Zebra", note="try a larger code", data="MNIST", error=None, numbers=[], state="stopped"),
    made_run(2, name="apple 10", preset="VAE", error=0.5, bytes=9_000_000),
    made_run(3, name="apple 9", starred=True, error=0.001),
    made_run(4, name="Shipped", mine=False, data="MNIST"),
    made_run(5, name="Going on", state="running", step=3, epoch=0.6, numbers=[]),
]


@pytest.fixture
def shown(browser: Browser) -> Iterator[GalleryPage]:
    with gallery(browser, RUNS) as page:
        yield page


def test_what_there_is(shown: GalleryPage) -> None:
    assert shown.names == ["Going on", "Shipped", "apple 9", "apple 10", "Zebra"]
    expect(shown.find("count")).to_have_text("5 runs. You keep 4 of at most 200, 5.0 MB of 4.0 GB.")
    expect(shown.find("invitation")).to_be_hidden()
    card = shown.run("Going on")
    expect(card).to_contain_text("In training")
    expect(card).to_contain_text("Epoch 0.6 of 2")
    width = card.locator(".progress i").evaluate("bar => bar.style.width")
    assert width == "30%"
    expect(shown.run("apple 9")).to_contain_text("Squared error per pixel")
    expect(shown.run("Shipped")).to_contain_text("Came with the app")
    expect(shown.run("Shipped").locator(".star")).to_be_hidden()
    expect(shown.run("Zebra")).to_contain_text("try a larger code")
    expect(shown.run("Zebra").locator(".state svg")).to_have_count(1)  # a shape, not a colour alone


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("zeb", ["Zebra"]),
        ("LARGER try", ["Zebra"]),  # the note, every word, in any order
        ("vae", ["apple 10"]),
        ("mnist", ["Shipped", "Zebra"]),
        ("in training", ["Going on"]),
        ("apple 1", ["apple 10"]),
        (".*", []),
        ("", ["Going on", "Shipped", "apple 9", "apple 10", "Zebra"]),
    ],
)
def test_search(shown: GalleryPage, search: str, names: list[str]) -> None:
    shown.find("search").fill(search)
    shown.shows(listed=len(names))
    assert shown.names == names
    expect(shown.find("nothing")).to_be_visible(visible=not names)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("oldest", ["Zebra", "apple 10", "apple 9", "Shipped", "Going on"]),
        ("name", ["apple 9", "apple 10", "Going on", "Shipped", "Zebra"]),  # numbers as numbers
        ("data", ["apple 10", "Going on", "apple 9", "Shipped", "Zebra"]),
        ("error", ["apple 9", "Shipped", "Going on", "apple 10", "Zebra"]),  # without a number: last
        ("size", ["apple 10", "Going on", "Shipped", "apple 9", "Zebra"]),
    ],
)
def test_sort(shown: GalleryPage, sort: str, names: list[str]) -> None:
    shown.find("sort").select_option(sort)
    assert shown.names == names


def test_filters_are_joined_kept_by_the_tab_and_taken_away(shown: GalleryPage) -> None:
    shown.find("whose").select_option("mine")
    shown.find("data").select_option("Digits")
    shown.find("state").select_option("Finished")
    assert shown.names == ["apple 9", "apple 10"]
    shown.find("starred").check()
    assert shown.names == ["apple 9"]
    shown.page.get_by_label("Table").check(force=True)
    shown.find("sort").select_option("name")
    shown.reload()
    assert shown.names == ["apple 9"]
    shown.shows(layout="table")
    expect(shown.find("sort")).to_have_value("name")
    shown.find("clear").click()
    assert shown.names == ["apple 9", "apple 10", "Going on", "Shipped", "Zebra"]
    expect(shown.find("clear")).to_be_hidden()
    shown.page.evaluate('sessionStorage.setItem(\'aecore-runs\', \'{"sort": 3, "whose": "toString", "search": null}\')')
    shown.reload()
    assert len(shown.names) == 5


def test_the_heads_of_the_table_sort_both_ways(shown: GalleryPage) -> None:
    shown.page.get_by_label("Table").check(force=True)
    head = shown.page.locator(".head-row button[data-sort=name]")
    head.click()
    assert shown.names == ["apple 9", "apple 10", "Going on", "Shipped", "Zebra"]
    head.click()
    assert shown.names == ["Zebra", "Shipped", "Going on", "apple 10", "apple 9"]
    expect(head).to_have_attribute("data-turn", "down")


def test_a_selection_with_a_range_is_compared(shown: GalleryPage) -> None:
    shown.run("Shipped").locator("input").check()
    expect(shown.find("compare")).to_be_disabled()
    shown.run("Zebra").locator("input").click(modifiers=["Shift"])
    expect(shown.find("selected-count")).to_have_text("4 selected")
    expect(shown.find("delete-selected")).to_have_text("Delete 3")  # one came with the app
    shown.run("apple 10").locator("input").uncheck()
    shown.find("compare").click()
    assert shown.told == [["trigger", "open", {"view": "Compare", "tokens": ["run-4", "run-3", "run-1"]}]]
    shown.find("unselect").click()
    expect(shown.find("selected")).to_be_hidden()


def test_one_is_opened_taken_away_and_its_settings_are_a_link(shown: GalleryPage) -> None:
    shown.run("Zebra").get_by_role("button", name="Look back").click()
    shown.run("Zebra").get_by_role("button", name="Take away").click()
    assert [told[2]["view"] for told in shown.told] == ["Rewind", "Take away"]
    shown.run("Zebra").locator(".more").click()
    link = shown.page.get_by_role("menuitem", name="Its settings, on the Train page")
    expect(link).to_have_attribute("href", "/train?run=run-1")
    shown.page.keyboard.press("Escape")
    expect(shown.find("menu")).to_be_hidden()
    shown.run("Shipped").locator(".more").click()
    entries = shown.page.get_by_role("menuitem").all_inner_texts()
    assert "Duplicate" in entries
    assert not {"Delete", "Rename", "Write a note"} & set(entries)


def test_name_note_and_star(shown: GalleryPage) -> None:
    shown.menu("Zebra", "Rename")
    name = shown.find("dialog-name")
    expect(name).to_have_value("Zebra")
    name.fill("Horse")
    shown.refuses = "A name needs at least one letter."
    name.press("Enter")
    expect(shown.find("dialog-problem")).to_have_text(shown.refuses)
    shown.refuses = ""
    name.press("Enter")
    expect(shown.run("Horse")).to_have_count(1)
    expect(shown.find("dialog")).to_be_hidden()
    shown.menu("Horse", "Change the note")
    shown.find("dialog-note").fill("<b>two\nlines</b>")
    shown.find("dialog-save").click()
    expect(shown.run("Horse").locator(".note")).to_have_text("<b>two · lines</b>")  # as it was written, not as HTML
    shown.run("Horse").locator(".star").click()
    expect(shown.run("Horse").locator(".star")).to_have_attribute("aria-pressed", "true")
    assert [(each["action"], each["value"]) for each in shown.asked] == [
        ("rename", "Horse"),
        ("rename", "Horse"),
        ("note", "<b>two\nlines</b>"),
        ("star", True),
    ]


def test_what_is_deleted_comes_back(shown: GalleryPage) -> None:
    shown.menu("Zebra", "Delete")
    expect(shown.find("notice-words")).to_have_text("Deleted Zebra.")
    shown.shows(listed=4)
    shown.find("undo").click()
    shown.shows(listed=5)
    shown.find("starred").check()
    shown.run("apple 9").locator("input").check()
    shown.find("starred").uncheck()
    shown.run("apple 10").locator("input").check()
    shown.find("delete-selected").click()
    expect(shown.find("notice-words")).to_have_text("Deleted 2 runs.")
    expect(shown.find("selected")).to_be_hidden()
    shown.reload()  # the notice is gone, the way back is not
    shown.find("gone-title").click()
    expect(shown.find("gone-list").get_by_role("listitem")).to_have_count(2)
    expect(shown.find("gone-list")).to_contain_text("2 minutes ago")
    shown.page.get_by_role("button", name="Bring back apple 9").click()
    expect(shown.run("apple 9")).to_have_count(1)
    expect(shown.find("gone-list").get_by_role("listitem")).to_have_count(1)


def test_what_is_refused_is_said(shown: GalleryPage) -> None:
    shown.refuses = "“Going on” is still in training: stop it first."
    shown.menu("Going on", "Delete")
    expect(shown.find("notice-words")).to_have_text(shown.refuses)
    expect(shown.find("undo")).to_be_hidden()
    shown.shows(listed=5)


def test_by_keyboard(shown: GalleryPage) -> None:
    shown.run("Going on").focus()
    press = shown.page.keyboard.press
    press("ArrowRight")
    expect(shown.run("Shipped")).to_be_focused()
    press("Delete")  # came with the app
    expect(shown.find("notice-words")).to_have_text("What came with the app stays as it is.")
    press("ArrowRight")
    press(" ")
    expect(shown.run("apple 9").locator("input")).to_be_checked()
    press("Enter")
    assert shown.told[-1] == ["trigger", "open", {"view": "Rewind", "tokens": ["run-3"]}]
    press("Delete")
    expect(shown.find("notice-words")).to_have_text("Deleted apple 9.")
    expect(shown.run("apple 10")).to_be_focused()  # what is in its place
    press("ArrowLeft")
    expect(shown.run("Shipped")).to_be_focused()
    shown.run("apple 10").locator(".star").focus()
    press(" ")  # of a button in a card it is a press, and selects nothing
    expect(shown.run("apple 10").locator(".star")).to_have_attribute("aria-pressed", "true")
    expect(shown.run("apple 10").locator("input")).not_to_be_checked()


def test_of_a_thousand_only_those_on_the_screen_are_in_the_page(browser: Browser) -> None:
    with gallery(browser, [made_run(number) for number in range(1, 1001)]) as page:
        page.shows(listed=1000)
        assert int(page.root.get_attribute("data-there") or 0) < 30
        assert page.names[0] == "Run 1000"
        page.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(page.run("Run 1")).to_be_visible()
        assert int(page.root.get_attribute("data-there") or 0) < 30
        assert page.run("Run 1000").count() == 0
        page.run("Run 1").focus()  # what has the focus stays while others go
        page.page.evaluate("scrollTo(0, 0)")
        expect(page.run("Run 1000")).to_be_visible()
        expect(page.run("Run 1")).to_be_focused()
        page.find("search").fill("run 77")
        page.shows(listed=19)
        page.page.get_by_label("Table").check(force=True)
        assert page.names[0] == "Run 977"


def test_runs_under_way_move_and_those_that_end_elsewhere_go(browser: Browser) -> None:
    with gallery(browser, [made_run(1, state="running"), made_run(2)]) as page:
        page.runs["run-1"] |= {"state": "finished"}
        page.runs["run-3"] = made_run(3, state="queued")
        expect(page.run("Run 3")).to_contain_text("Number 2 in the queue")
        expect(page.run("Run 1")).to_contain_text("Finished")
        del page.runs["run-2"]
        expect(page.run("Run 2")).to_have_count(0)


def test_without_a_run_of_ones_own(browser: Browser) -> None:
    with gallery(browser, [made_run(1, mine=False)]) as page:
        expect(page.find("invitation")).to_contain_text("You have no run of your own yet")
        expect(page.find("train")).to_have_attribute("href", "/train")
        assert page.names == ["Run 1"]


def test_a_sweep_counts_as_one_and_is_opened_on_its_page(browser: Browser) -> None:
    sweep = made_run(1, kind="sweep", name="Five βs", runs=15, finished=14, numbers=[], curve=[], state="stopped")
    with gallery(browser, [sweep, made_run(2)]) as page:
        card = page.run("Five βs")
        expect(card).to_contain_text("14 of 15")
        expect(card.get_by_role("link")).to_have_attribute("href", "/disentangle?sweep=run-1&view=Compare")
        card.locator("input").check()
        page.run("Run 2").locator("input").check()
        expect(page.find("compare")).to_be_disabled()
        expect(page.find("delete-selected")).to_have_text("Delete 2")


def test_hostile_names_are_words(browser: Browser) -> None:
    name = '<img src=x onerror="throw 1"> "&amp; ${1}'
    with gallery(browser, [made_run(1, name=name, token='a"b<c>')]) as page:
        assert page.names == [name]
        page.menu(name, "Delete")
        assert page.asked[0]["tokens"] == ['a"b<c>']


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_page(browser: Browser, theme: str) -> None:
    long = made_run(6, name="A" * 80, note="B" * 300, preset="C" * 40, start="D" * 100)
    with gallery(browser, [*RUNS, long], viewport={"width": 360, "height": 800}) as page:
        page.set_theme(theme)
        lefts = {round(box["x"]) for run in page.page.locator(".run").all() if (box := run.bounding_box()) is not None}
        assert len(lefts) == 1  # one column
        page.run("A" * 80).locator("input").check()
        for layout in ("Cards", "Table"):
            page.page.get_by_label(layout).check(force=True)
            assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for run in page.page.locator(".run").all():
            assert run.evaluate("run => run.scrollHeight <= run.clientHeight + 1")


@pytest.mark.parametrize(
    "told",
    [None, "x", {}, {"view": "Runs", "tokens": ["vanilla-mnist"]}, {"view": "Compare"}, {"view": ["Compare"], "tokens": []}]
    + [{"view": "Rewind", "tokens": tokens} for tokens in ("vanilla-mnist", [3], [None], ["../x"], ["nothing-there"], [])],
)
def test_the_page_opens_nothing_that_is_no_wish(told: Any) -> None:
    assert wish_in(told) is None


def test_the_page_opens_runs_that_there_are() -> None:
    told = {"view": "Compare", "tokens": ["vanilla-mnist", "gone", "vae-2d-mnist", *["vanilla-mnist"] * 100]}
    wish = wish_in(told)
    assert wish is not None
    assert wish[0] == "Compare"
    assert wish[1][:2] == ["vanilla-mnist", "vae-2d-mnist"]
    assert len(wish[1]) <= 8
    assert re.fullmatch("Rewind", (wish_in({"view": "Rewind", "tokens": ["vanilla-mnist"]}) or ("", []))[0])
