"""``make screenshots``: pictures of every page, in light, dark and on a phone, and the README's own (docs/)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import launch
from tests.live import TrainPage
from tests.server import ROOT, AppServer

WAYS = {"light": (1400, 1250, "light"), "dark": (1400, 1250, "dark"), "phone": (360, 3600, "light")}
README_PICTURE = ROOT / "docs" / "train.png"
DENOISE_PICTURE = ROOT / "docs" / "denoise.png"
LATENT_PICTURE = ROOT / "docs" / "latent.png"
SWEEP_PICTURE = ROOT / "docs" / "disentangle.png"
ANOMALIES_PICTURE = ROOT / "docs" / "anomalies.png"
FEATURES_PICTURE = ROOT / "docs" / "features.png"
RUNS_PICTURE = ROOT / "docs" / "runs.png"
REWIND_PICTURE = ROOT / "docs" / "rewind.png"
EXAMPLE = "?preset=vae&code.size=2&epochs=40"


def main(folder: Path) -> None:
    """Train an example in the browser, and take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        server = AppServer(Path(own) / "runs", Path(own) / "log.txt")
        browser = launch(playwright)
        try:
            _take(browser, server, folder)
        finally:
            browser.close()
            server.stop()


def _take(browser: Browser, server: AppServer, folder: Path) -> None:
    trained = ""
    for name, (width, height, scheme) in WAYS.items():
        dark = scheme == "dark"
        with browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        ) as context:
            page = context.new_page()
            page.goto(server.url)
            page.get_by_test_id("explorer").wait_for()
            _picture(page, folder / f"home-{name}.png")
            for tab in ("Corrupt", "Train", "Compare", "Yours"):
                page.goto(f"{server.url}/denoise?tab={tab}")
                page.get_by_role("heading", name="Denoise", exact=True).wait_for()
                if tab == "Corrupt":
                    page.locator("[data-testid=denoise-live][data-curve=done]").wait_for()
                if tab == "Compare":
                    page.locator(".js-plotly-plot").nth(2).wait_for()
                _picture(page, folder / f"denoise-{tab.lower()}-{name}.png")
                if tab == "Corrupt" and not trained:
                    _picture(page, DENOISE_PICTURE)
            for tab in ("Walk", "Map", "Draw", "Between", "Arithmetic", "Generate", "Numbers"):
                page.goto(f"{server.url}/latent?view={tab}")
                ready = ".js-plotly-plot" if tab == "Numbers" else f"[data-testid=latent-{tab.lower()}][data-frames]"
                page.locator(ready).first.wait_for()
                _encoded(page)
                _picture(page, folder / f"latent-{tab.lower()}-{name}.png")
                if tab == "Map" and not trained:
                    page.get_by_text("Both", exact=True).click()
                    page.locator("[data-testid=latent-map][data-cells='256']").wait_for()
                    _picture(page, LATENT_PICTURE)
            for tab, ready in (
                ("Set up", "[data-testid=stPills]"),
                ("Live", "[data-testid=sweep-live][data-state=finished]"),
                ("Compare", ".js-plotly-plot"),
            ):
                page.goto(f"{server.url}/disentangle?view={tab}")
                page.locator(ready).first.wait_for()
                _picture(page, folder / f"disentangle-{tab.lower().replace(' ', '-')}-{name}.png")
                if tab == "Live" and not trained:
                    _picture(page, SWEEP_PICTURE)
            for tab, ready in (
                ("Bottleneck", ".js-plotly-plot"),
                ("Sparsity", "[data-testid=features-units][data-frames]"),
                ("Layer by layer", "[data-testid=layer-curves][data-state=finished]"),
                ("Use", ".js-plotly-plot"),
            ):
                page.goto(f"{server.url}/features?view={tab}")
                page.locator(ready).first.wait_for()
                _picture(page, folder / f"features-{tab.lower().replace(' ', '-')}-{name}.png")
                if tab == "Sparsity" and not trained:
                    _picture(page, FEATURES_PICTURE)
            for tab, ready in (
                ("Scores and cases", "[data-testid=anomaly][data-auroc-interval]"),
                ("Against others", ".js-plotly-plot"),
                ("Train one", "[data-testid=live-run]"),
            ):
                page.goto(f"{server.url}/anomalies?look={tab}")
                page.locator(ready).first.wait_for()
                _picture(page, folder / f"anomalies-{tab.lower().replace(' ', '-')}-{name}.png")
                if tab == "Scores and cases" and not trained:
                    _picture(page, ANOMALIES_PICTURE)
            runs_pictures = {"Runs": RUNS_PICTURE, "Rewind": REWIND_PICTURE}
            for address, ready in (
                ("Runs", "[data-testid=runs-gallery] img"),
                ("Compare&runs=vanilla-mnist,deep-mnist,vae-16d-mnist", "[data-testid=compare-pictures][data-drawn]"),
                ("Rewind&run=vanilla-mnist", "[data-testid=rewind][data-state=finished]"),
                ("Take away&run=vanilla-mnist", "[data-testid=stCode]"),
                ("Bring back", "[data-testid=stFileUploader]"),
            ):
                tab = address.split("&")[0]
                page.goto(f"{server.url}/runs?view={address}")
                page.locator(ready).first.wait_for()
                _picture(page, folder / f"runs-{tab.lower().replace(' ', '-')}-{name}.png")
                if tab in runs_pictures and not trained:
                    _picture(page, runs_pictures[tab])
            train = TrainPage(page, server.url)
            if not trained:
                train.open(EXAMPLE)
                _picture(page, folder / f"train-new-{name}.png")
                train.press("Train")
                train.until_state("running")
                train.until(lambda view=train: view.number("points") > 25, "a curve")  # type: ignore[misc]
                _picture(page, folder / f"train-live-{name}.png")
                _picture(page, README_PICTURE)
                train.until_state("finished")
                trained = page.url
            else:
                page.goto(trained)
            train.until_state("finished")
            page.get_by_test_id("stMetric").first.wait_for()
            _picture(page, folder / f"train-{name}.png")


def _encoded(page: Page) -> None:
    """Wait until the test pictures of a code space are where they belong."""
    page.wait_for_function(
        "() => !globalThis.aecoreSpaces || [...aecoreSpaces.values()].some((one) => one.statistics && !one.isEncoding)"
    )


def _picture(page: Page, path: Path) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.mouse.move(0, 0)
    page.evaluate("() => document.fonts.ready")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.screenshot(path=path)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "artifacts")
