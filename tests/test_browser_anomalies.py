"""The Anomalies page as a person uses it, through a real browser: look, drag, label, train, upload, take away, on a phone too."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import AppServer, wait_for


class AnomaliesPage:
    """The Anomalies page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, query: str = "") -> AnomaliesPage:
        self.page.goto(f"{self.url}/anomalies{query}")
        self.page.get_by_role("heading", name="Anomalies", exact=True).wait_for()
        self.settled()
        return self

    def settled(self) -> None:
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    @property
    def view(self) -> Locator:
        return self.page.get_by_test_id("anomaly")

    def reading(self, name: str) -> float:
        return float(self.view.get_attribute(f"data-{name}") or "nan")

    def until_trained(self) -> None:
        live = self.page.get_by_test_id("live-run")
        expect(live).to_have_attribute("data-state", "finished", timeout=150_000)
        self.settled()

    @property
    def is_too_wide(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.fixture
def anomalies(page: Page, server: AppServer) -> AnomaliesPage:
    return AnomaliesPage(page, server.url)


def test_the_shipped_detector_is_there_at_once_and_follows_the_hand(anomalies: AnomaliesPage) -> None:
    page = anomalies.open().page
    expect(anomalies.view).to_have_attribute("data-auroc", re.compile(r"0\.9"))
    before = anomalies.reading("threshold"), anomalies.reading("tp")
    box = page.get_by_test_id("handle").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 120, box["y"], steps=6)
    expect(anomalies.view).not_to_have_attribute("data-tp", str(int(before[1])))  # while the button is still down
    page.mouse.up()
    assert anomalies.reading("threshold") < before[0]
    assert anomalies.reading("tp") >= before[1]
    anomalies.tab("Against others")
    expect(page.get_by_text(re.compile("than the best of the others"))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    assert anomalies.errors == []


def test_a_detector_is_trained_labelled_reloaded_and_its_scores_taken_away(anomalies: AnomaliesPage) -> None:
    page = anomalies.open("?look=Train+one&anomaly_data=Machine&anomaly_epochs=1").page
    anomalies.button("Train").dblclick()
    expect(page).to_have_url(re.compile("detector=[0-9a-f]{32}"))
    anomalies.until_trained()
    anomalies.button("See what it finds").click()
    expect(anomalies.view).to_have_attribute("data-auroc", re.compile(r"[01]\."), timeout=120_000)
    auroc = anomalies.reading("auroc")
    anomalies.view.get_by_role("button", name="Normal", exact=True).first.click()
    expect(anomalies.view).to_have_attribute("data-own", "1")
    wait_for(lambda: anomalies.reading("auroc") != auroc, "the numbers that follow the label")
    anomalies.settled()
    after = anomalies.reading("auroc")
    page.reload()
    expect(anomalies.view).to_have_attribute("data-own", "1")
    assert anomalies.reading("auroc") == after
    with page.expect_download() as download:
        anomalies.button("Scores as CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 2_000
    assert sum(row["by_hand"] == "0" for row in rows) == 1
    assert anomalies.errors == []


def series_file(path: Path) -> Path:
    """Three hundred series with a label each, as Excel writes them where decimals have commas."""
    draws = np.random.default_rng(5)
    lines = []
    for row in range(300):
        strange = row % 5 == 4
        values = np.sin(np.arange(60) / 4 + draws.uniform(0, 6)) + draws.normal(0, 0.05, 60)
        values[20:30] += 1.5 * strange
        lines.append(";".join(["faulty" if strange else "fine", *(f"{value:.4f}".replace(".", ",") for value in values)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-16")
    return path


def test_ones_own_file_is_read_trained_on_and_ends_in_a_curve(anomalies: AnomaliesPage, tmp_path: Path) -> None:
    page = anomalies.open("?look=Train+one&anomaly_data=A+file+of+your+own").page
    wrong = tmp_path / "wrong.csv"
    wrong.write_bytes(b"PK\x03\x04" + bytes(200))
    upload = page.locator("input[type=file]").first
    upload.set_input_files(wrong)
    expect(page.get_by_text(re.compile("Excel|zip", re.IGNORECASE)).last).to_be_visible()
    expect(anomalies.button("Train")).to_be_disabled()
    upload.set_input_files(series_file(tmp_path / "pumps.csv"))
    expect(page.get_by_text(re.compile(r"pumps\.csv.*300 series of 60 time steps"))).to_be_visible()
    expect(page).to_have_url(re.compile("series=series-"))
    anomalies.settled()
    page.get_by_label("Epochs", exact=True).fill("3")
    page.get_by_label("Epochs", exact=True).press("Enter")
    anomalies.settled()
    anomalies.button("Train").click()
    expect(page).to_have_url(re.compile("detector=[0-9a-f]{32}"))
    anomalies.until_trained()
    anomalies.button("See what it finds").click()
    expect(anomalies.view).to_have_attribute("data-auroc", re.compile(r"[01]\."), timeout=120_000)
    expect(anomalies.view.get_by_text(re.compile(r"^Row \d+")).first).to_be_visible()
    assert anomalies.errors == []


def test_on_a_phone_nothing_is_wider_than_the_screen(anomalies: AnomaliesPage) -> None:
    anomalies.page.set_viewport_size({"width": 360, "height": 760})
    anomalies.open()
    expect(anomalies.view).to_have_attribute("data-auroc", re.compile(r"0\.9"))
    assert not anomalies.is_too_wide
    for name in ("Against others", "Train one"):
        anomalies.tab(name)
        anomalies.settled()
        assert not anomalies.is_too_wide, name
    assert anomalies.errors == []
