"""The charts of every view can be saved, with their legends and with what the person has set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from tests import tiny
from tests.denoise_harness import mounted
from tests.features_harness import opened_maps, opened_units, vector_space
from tests.latent_harness import FakeSpace
from tests.saved_chart import SVG, parsed, pixels, save, texts
from tests.sweep_harness import SweepPage
from tests.sweep_harness import opened as opened_sweep
from tests.test_anomaly_view import pictures as cases
from tests.test_anomaly_view import shown as shown_cases
from tests.test_anomaly_view import windows
from tests.test_feature_maps_view import data_of

TOKEN = "a" * 32


def holds(box: Locator, name: str, *words: str) -> int:
    """Save as SVG: the file's name begins so, and these texts are in it. Returns how many lines and areas there are."""
    found, content = save(box, "svg")
    assert found.startswith(name)
    root = parsed(content)
    assert set(words) <= set(texts(root))
    return len(list(root.iter(f"{SVG}path")))


def test_scores_and_curves_of_anomalies(browser: Browser) -> None:
    with shown_cases(browser, cases()) as page:
        threshold = page.root.get_attribute("data-threshold")
        assert holds(page.find("histogram"), "", "normal", "anomalous", "cases (root axis)") > 10
        found = [text for text in texts(parsed(save(page.find("histogram"), "svg")[1])) if text.startswith("threshold ")]
        assert len(found) == 1
        assert holds(page.find("roc"), "recall-found-against-false-alarm-rate", "recall (found)", "0.2") > 10
        assert holds(page.find("pr"), "precision-against-recall", "precision") > 10
        pixels(save(page.find("roc"), "png")[1])
        assert page.root.get_attribute("data-threshold") == threshold, "saving moved the threshold"


def test_a_long_series(browser: Browser) -> None:
    with shown_cases(browser, windows()) as page:
        assert holds(page.find("series"), "the-series-and-the-score-of-each-window", "time step") > 10


def test_maps_of_features(browser: Browser) -> None:
    space = FakeSpace(pictures=25)
    with opened_maps(browser, space, data_of(space)) as view:
        assert holds(view.find("pixels"), "pixels-two-principal-components-of-784-numbers", "0", "9") >= 25
        assert holds(view.find("features"), "features-two-principal-components-of-196-numbers") >= 25


def test_histograms_of_units(browser: Browser) -> None:
    with opened_units(browser, vector_space()) as view:
        for name in ("answers", "means", "unit-histogram"):
            assert holds(view.find(name).locator(".."), "") > 5


def test_psnr_at_every_strength(browser: Browser) -> None:
    with mounted(browser) as view:
        assert holds(view.find("psnr-chart").locator(".."), "psnr-at-every-strength", "noisy picture") > 2


@pytest.fixture(scope="module")
def sweep_view(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SweepPage]:
    root: Path = tmp_path_factory.mktemp("trained")
    sweep = tiny.trained_sweep(root / TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_RUNS", str(root))
        with opened_sweep(browser, sweep, viewport={"width": 1000, "height": 2400}) as page:
            page.shows(state="finished", placed=4, moments=6)
            yield page


def test_the_plane_of_a_sweep_as_lines(sweep_view: SweepPage) -> None:
    sweep_view.find("plane-save-svg").focus()
    with sweep_view.page.expect_download() as download:
        sweep_view.page.keyboard.press("Enter")
    assert download.value.suggested_filename == "tiny-reconstruction-kl.svg"
    root = parsed(Path(download.value.path()).read_bytes())
    assert "KL: how much the code says (nats)" in texts(root)
    assert list(root.iter(f"{SVG}image")) == []
    assert len(list(root.iter(f"{SVG}path"))) > 10


def test_the_charts_of_a_run_in_a_sweep(sweep_view: SweepPage) -> None:
    assert holds(sweep_view.find("bars-0").locator(".."), "kl-of-each-number-of-the-code") >= 4
    assert holds(sweep_view.find("run-0").locator(".course"), "mig-and-sap-by-step", "MIG", "SAP") >= 3
