"""Plotly's figures saved from a page: what is in the file is what is on the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.saved_chart import SVG, parsed, pixels, save, texts
from tests.server import AppServer


def test_a_figure_is_saved_as_svg_and_as_png(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/features")
    figure = page.locator(".st-key-study_error [data-testid=stPlotlyChart]")
    expect(figure).to_be_visible(timeout=90_000)  # it may be the first page that the server shows
    figure.hover()
    expect(figure.locator(".save-chart")).to_have_css("opacity", "1")
    name, svg = save(figure, "svg")
    assert name == "error-against-code-size.svg"
    root = parsed(svg)
    assert {"Error against code size", "Numbers in the code", "Squared error per pixel", "1024", "PCA"} <= set(texts(root))
    lines = [path for path in root.iter(f"{SVG}path") if "js-line" in path.get("class", "")]
    assert len(lines) >= 4
    name, png = save(figure, "png")
    assert name == "error-against-code-size.png"
    width, height = figure.locator(".main-svg").first.evaluate("svg => [svg.width.baseVal.value, svg.height.baseVal.value]")
    shown = pixels(png)
    assert shown.shape[:2] == (3 * (height + 32 + 28), 3 * (width + 32))
    # A curve is there: pixels in the first colour of the palette.
    assert ((shown == (0x3F, 0x90, 0xDA)).all(axis=2)).sum() > 1000
