"""What a person takes away from a sweep: the CSV file holds every number, the report stands on its own."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont
from playwright.sync_api import Browser, BrowserContext, Page

from aecore.disentangle_numbers import TITLES
from aecore.runs import Run
from aecore.sweep_csv import COLUMNS, csv_text
from aecore.sweep_html import table_html, traversals_html, traversals_words
from aecore.sweep_png import traversals_png
from aecore.sweep_report import report_html
from aecore.sweep_strips import in_a_row, last_traversals, strips
from aecore.sweep_table import Results, results_of, table_of
from aecore.sweep_unfinished import Unfinished
from aecore.ui.sweep_compare import page_font
from tests.measured_sweep import measure, trained

HOSTILE = 'Shapes </title><script>window.hacked = 1</script><img src="https://example.com/x.png"> & {braces}'
DAY = date(2026, 2, 3)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Results:
    sweep = trained(tmp_path_factory.mktemp("report") / "sweep")
    measure(sweep)
    return replace(results_of(sweep), name=HOSTILE)


@pytest.fixture(scope="module")
def report(found: Results) -> str:
    return report_html(found, DAY)


class Loads(HTMLParser):
    """Collects every address that the document would ask for, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action", "poster")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["script"]:
            self.text += data


def parsed(text: str) -> Loads:
    loads = Loads()
    loads.feed(text)
    return loads


def test_the_csv_holds_every_number_exactly(found: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(found))))
    assert tuple(rows[0])[: len(COLUMNS)] == COLUMNS
    assert rows[0]["code.size"] == "4"
    assert rows[0]["data.factor_steps"] == "1-3-1-6-6"
    for run in found.runs:
        mine = [
            row
            for row in rows
            if (row["objective"], float(row["value"]), int(row["seed"])) == (run.arm.objective, run.arm.value, run.seed)
        ]
        assert {float(row["objective.beta"]) for row in mine} == {run.arm.value}
        assert run.numbers is not None
        for name in TITLES:
            (row,) = [row for row in mine if row["what"] == name]
            number = run.numbers.numbers[name]
            assert (float(row["score"]), float(row["low"]), float(row["high"])) == (number.value, number.low, number.high)
            assert row["method"] == number.method
        known = {(row["code_number"], row["factor"]): float(row["score"]) for row in mine if row["what"] == "share known"}
        assert known["z1", "x"] == run.numbers.known(0, 1)
        assert len(known) == 12
        assert [float(row["score"]) for row in mine if row["what"] == "kl of a code number"] == list(run.kl)
        assert [float(row["score"]) for row in mine if row["what"] == "kl"] == [run.test["kl"]]


def test_a_persons_text_stays_text(found: Results, report: str) -> None:
    assert "hacked" not in csv_text(found)
    assert "window.hacked = 1</script>" not in report
    assert HOSTILE in parsed(report).text.replace("\n", " ")


def test_the_report_asks_for_nothing(report: str) -> None:
    document = parsed(report)
    assert [address for address in document.addresses if not address.startswith("data:image/png;base64,")] == []
    assert not {"link", "iframe", "object", "embed", "base"} & set(document.tags)
    assert "url(" not in report[: report.index("<script>")]
    assert "default-src 'none'" in report


def test_the_report_says_what_was_measured_and_how(report: str) -> None:
    text = parsed(report).text
    for words in (
        "4 of 4 runs had finished. Made on 2026-02-03.",
        "β-VAE, from β = 1 to 4",
        "Welch's t-test",
        "mig resampled",
        "arXiv:1802.04942",
        "Factor steps",
        "1-3-1-6-6",
        "Beyond the spread: a difference",
        "different pictures, so learning and test pictures are often the same",
        "Traversals, seed 1",
    ):
        assert words in text


def test_the_table_and_the_traversals(found: Results) -> None:
    table = table_html(table_of(found.runs), found.colours)
    document = parsed(table)
    assert document.tags.count("tr") == 3
    assert table.count("★") == table.count("<small>best</small>") == len(table_of(found.runs).best) > 0
    assert "2 seeds" in table
    runs = found.of_seed(found.seeds[0])
    traversals = traversals_html(runs, found.colours)
    assert traversals.count("<img") == 6  # three factors, two βs
    assert "<b>x · z1</b> · 80 %, the same number as scale" in traversals
    assert "<b>y · z2</b> · 50 %" in traversals
    plain = traversals_html([replace(run, numbers=None) for run in runs], found.colours)
    assert plain.count("<img") == 8  # without factors: all four numbers
    assert plain.index(f"<b>z{runs[0].order[0] + 1}</b>") < plain.index(f"<b>z{runs[0].order[1] + 1}</b>")


def test_runs_that_did_not_finish_are_in_the_report_the_table_and_the_csv(found: Results) -> None:
    why = "The loss stopped being a finite number at step 7: <training> diverged."
    left = replace(
        found, runs=found.runs[:1], unfinished=tuple(Unfinished(run.arm, run.seed, "failed", why) for run in found.runs[1:])
    )
    text = parsed(report_html(left, DAY)).text
    first, second = found.seeds
    assert f"Not compared:β-VAE, β = 1, seed {second}: failed ({why[:-1]})" in text
    assert f"β-VAE, β = 4, seeds {first} and {second}: failed ({why[:-1]})" in text
    table = table_html(left.table, left.colours)
    assert parsed(table).tags.count("tr") == 3
    assert "No finished run: 2 failed." in table
    assert table.index("No finished run") > table.index("1 seed<")
    rows = list(csv.DictReader(io.StringIO(csv_text(left))))
    missing = [row for row in rows if row["state"] == "failed"]
    assert [(row["value"], int(row["seed"])) for row in missing] == [("1.0", second), ("4.0", first), ("4.0", second)]
    assert {(row["what"], row["score"], row["method"]) for row in missing} == {("not compared", "", f"failed ({why[:-1]})")}
    assert {row["state"] for row in rows} == {"finished", "failed"}
    assert all(row["score"] for row in rows if row["state"] == "finished")


def test_five_arms_are_narrower_than_four(found: Results) -> None:
    run = found.runs[0]
    four, five = (traversals_html([run] * count, found.colours) for count in (4, 5))
    assert f"--strip:{7 * 32 + 6}px" in four
    assert "draws, from −3 to 3" in four
    assert f"--strip:{5 * 32 + 4}px" in five
    assert "draws, from −2 to 2" in five
    assert "from −2 to 2" in traversals_words(5)
    (narrow,), (wide,) = (re.findall(r"base64,([^\"]+)", html)[:1] for html in (five, four))
    inner, all_steps = (np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in (narrow, wide))
    np.testing.assert_array_equal(inner, all_steps[:, 33 : 33 + inner.shape[1]])


def test_the_traversals_as_one_png(found: Results) -> None:
    runs = found.of_seed(found.seeds[0])
    made = Image.open(io.BytesIO(traversals_png(runs, found.colours, "Tiny", page_font())))
    pixels = np.asarray(made)
    for run in runs:  # each strip is there, every pixel a square of 3 × 3
        pictures = last_traversals(run)
        assert pictures is not None
        (strip,) = [each for each in strips(run) if each.bold == "y · z2"]
        grey = in_a_row(pictures[strip.code]).repeat(3, axis=0).repeat(3, axis=1)
        windows = [
            (top, left)
            for top in range(pixels.shape[0] - grey.shape[0])
            for left in (40, 40 + grey.shape[1] + 32)
            if (pixels[top : top + grey.shape[0], left : left + grey.shape[1], 0] == grey).all()
        ]
        assert windows
        colour = tuple(int(found.colours[run.arm][place : place + 2], 16) for place in (1, 3, 5))
        assert (pixels == colour).all(axis=-1).sum() > 200
    assert made.width == 2 * 40 + 2 * 3 * (7 * 32 + 6) + 32
    nothing = [replace(run, run=Run(Path("nowhere"))) for run in runs]
    assert traversals_png(nothing, found.colours, "Tiny", page_font()) == b""


def test_the_font_has_all_letters_of_the_png() -> None:
    font = ImageFont.truetype(page_font(), 22)
    unknown = bytes(font.getmask("\U000e0001"))
    for letter in "β−·%éC=…’":
        assert bytes(font.getmask(letter)) != unknown, letter


def test_a_factor_that_nothing_carries_is_said(found: Results) -> None:
    run = found.runs[0]
    assert run.numbers is not None
    little = replace(run.numbers, mutual_information=((0.05, 0.1, 0.1),) * 4)
    text = traversals_html([replace(run, numbers=little)], found.colours)
    assert "<b>scale</b> · no number carries it (the most: z1, 5 %)" in text
    assert "same number" not in text


@pytest.fixture
def offline(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 800}, offline=True, color_scheme="dark")
    context.set_default_timeout(30_000)
    yield context
    context.close()


def opened(context: BrowserContext, path: Path, report: str) -> tuple[Page, list[str]]:
    path.write_text(report, encoding="utf-8")
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    return page, wrong


def test_the_report_by_itself_in_a_browser(offline: BrowserContext, tmp_path: Path, found: Results, report: str) -> None:
    page, wrong = opened(offline, tmp_path / "report.html", report)
    columns = len(table_of(found.runs).columns)
    page.wait_for_function("count => document.querySelectorAll('.chart .main-svg .point').length > count", arg=2 * columns)
    page.locator("details").nth(1).locator("summary").click()
    charts = page.evaluate(
        "[...document.querySelectorAll('.chart')].map(chart => chart.querySelectorAll('.main-svg').length > 0)"
    )
    assert len(charts) == columns + 4
    assert all(charts)
    pictures = page.evaluate("[...document.images].map(image => [image.complete, image.naturalWidth, image.naturalHeight])")
    assert pictures == [[True, 7 * 32 + 6, 32]] * 12
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("getComputedStyle(document.querySelector('.sweep-arm img')).imageRendering") == "pixelated"
    assert page.evaluate("window.hacked === undefined")
    # Dark where the reader's screen is dark, the same figures: text light, background that of the page.
    assert page.evaluate("getComputedStyle(document.querySelector('.chart .xtick text')).fill") == "rgb(232, 236, 245)"
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.chart .xtick text')).fill") == "rgb(26, 34, 51)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert wrong == []


def test_nothing_is_drawn_over_the_arm_of_a_scrolled_table(offline: BrowserContext, tmp_path: Path, found: Results) -> None:
    runs = [run for run in found.runs if run.arm.value == 1]
    others = tuple(Unfinished(run.arm, run.seed, "failed", "No.") for run in found.runs if run.arm.value == 4)
    report = report_html(replace(found, runs=tuple(runs), unfinished=others), DAY)
    page, _ = opened(offline, tmp_path / "report.html", report)
    assert (
        page.evaluate(
            """() => {
          const part = document.querySelector(".sweep-scroll")
          part.scrollLeft = 200
          part.scrollIntoView()
          return [...document.querySelectorAll(".sweep-table tbody th")].map((name) => {
            const place = name.getBoundingClientRect()
            const there = document.elementFromPoint(place.left + place.width / 2, place.top + place.height / 2)
            return [place.left - part.getBoundingClientRect().left, name.contains(there)]
          })
        }"""
        )
        == [[0, True]] * 2
    )


def test_a_chart_of_the_report_is_saved_as_png(offline: BrowserContext, tmp_path: Path, report: str) -> None:
    page, wrong = opened(offline, tmp_path / "report.html", report)
    chart = page.locator("#chart-mig")
    chart.hover()
    with page.expect_download() as download:
        chart.locator("[data-title*='PNG' i], [aria-label*='PNG' i]").first.click()
    assert download.value.suggested_filename == "chart-mig.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert wrong == []
