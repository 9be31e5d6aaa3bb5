"""Every chart as a file: PNG as it is on the screen, SVG as lines, areas and texts."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from aecore.ui.components import source
from aecore.ui.run_page import run_page
from tests.component_page import ADDRESS, ComponentPage
from tests.saved_chart import SVG, parsed, pixels, save, texts
from tests.test_run_page import KINDS, encoded, made, opened

# A drawing of everything that the pen knows.
DRAWING = """
export default function ({ parentElement }) {
  const box = parentElement.querySelector(".box")
  const canvas = box.querySelector("canvas")
  const over = box.querySelectorAll("canvas")[1]
  const theme = readTheme(box)
  const paint = () => {
    const { pen, width, height } = penFor(canvas)
    pen.fillStyle = "rgba(40, 90, 200, 0.5)"
    pen.beginPath()
    pen.roundRect(10, 10, 120, 70, 14)
    pen.fill()
    pen.strokeStyle = "#c00000"
    pen.lineWidth = 4
    pen.setLineDash([12, 6])
    pen.strokeRect(150, 15, 100, 60)
    pen.setLineDash([])
    pen.beginPath()
    pen.arc(320, 45, 30, 0, 2 * Math.PI)
    pen.fill()
    pen.beginPath()
    pen.arc(320, 45, 20, 0.3, 4)
    pen.stroke()
    pen.beginPath()
    pen.arc(320, 45, 10, 1, 5, true)
    pen.stroke()
    pen.save()
    pen.beginPath()
    pen.rect(20, 100, 80, 60)
    pen.clip()
    pen.beginPath()
    pen.arc(100, 130, 40, 0, 7)
    pen.clip()
    pen.fillStyle = "green"
    pen.fillRect(0, 90, 200, 100)
    pen.restore()
    pen.save()
    pen.translate(200, 130)
    pen.rotate(-Math.PI / 3)
    pen.scale(1.5, 1.5)
    pen.globalAlpha = 0.6
    pen.lineWidth = 3
    pen.lineCap = pen.lineJoin = "round"
    pen.beginPath()
    pen.lineTo(-20, 0)
    pen.lineTo(20, 0)
    pen.quadraticCurveTo(30, 20, 0, 20)
    pen.bezierCurveTo(-10, 20, -20, 15, -25, 10)
    pen.closePath()
    pen.stroke()
    pen.fillRect(-5, 5, 10, 8)
    pen.restore()
    const tile = make("canvas", { width: 2, height: 2 })
    const brush = tile.getContext("2d")
    brush.fillStyle = "#ff0000"
    brush.fillRect(0, 0, 1, 1)
    brush.fillStyle = "#0000ff"
    brush.fillRect(1, 1, 1, 1)
    pen.imageSmoothingEnabled = false
    pen.drawImage(tile, 270, 100, 60, 60)
    pen.drawImage(tile, 1, 1, 1, 1, 340, 100, 30, 60)
    const pattern = pen.createPattern(tile, "repeat")
    pattern.setTransform(new DOMMatrix().scale(8))
    pen.fillStyle = pattern
    pen.fillRect(16, 176, 96, 48)
    write(pen, theme, "Left <&> “top”", 140, 190, { size: 20, baseline: "middle", quiet: false })
    write(pen, theme, "right", 370, 215, { size: 16, align: "right", weight: 600 })
  }
  const paintOver = () => {
    const { pen } = penFor(over)
    pen.fillStyle = theme.primary
    pen.fillRect(0, 236, 380, 4)
  }
  const both = () => (paint(), paintOver())
  both()
  const bars = [{ text: "bars <b>", mark: filledMark("#00aa00", (pen, x, y) => pen.rect(x - 6, y - 6, 12, 12)) }]
  const lines = [{ text: "lines", mark: lineMark("#aa00aa", 3, { dashes: [4, 3] }) }]
  offerSaving(box, {
    canvases: () => [canvas, over],
    paint: both,
    theme: () => theme,
    title: () => "All <strokes> & fills",
    legend: () => [...bars, ...lines],
  })
}
"""
HTML = """<div class="box" data-testid="drawing">
  <canvas style="display: block; width: 380px; height: 240px"></canvas>
  <canvas style="position: absolute; inset: 0; width: 380px; height: 240px"></canvas>
</div>"""


def drawing(browser: Browser, theme: str = "light", **context: object) -> ComponentPage:
    js = source("canvas.js", "svg_pen.js", "save_chart.js") + DRAWING
    page = ComponentPage(browser, "drawing", html=HTML, css=source("save_chart.css") + ".box { width: 380px }", js=js, **context)
    page.set_theme(theme)
    page.mount()
    return page


def test_the_svg_looks_as_the_png(browser: Browser) -> None:
    page = drawing(browser)
    name, png = save(page.root, "png")
    assert name == "all-strokes-fills.png"
    name, svg = save(page.root, "svg")
    assert name == "all-strokes-fills.svg"
    shown = pixels(png)
    assert shown.shape[:2] == (3 * (240 + 32 + 28 + 30), 3 * (380 + 32))
    root = parsed(svg)
    assert {"All <strokes> & fills", "Left <&> “top”", "right", "bars <b>", "lines"} <= set(texts(root))
    assert len(list(root.iter(f"{SVG}path"))) > 10
    address = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    page.page.set_content(f'<body style="margin:0"><img width="412" src="{address}">')
    page.page.wait_for_function("document.images[0].complete")
    drawn = page.page.locator("img").screenshot()
    as_svg = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB")).astype(float)
    as_png = np.asarray(Image.fromarray(shown).resize(as_svg.shape[1::-1], Image.Resampling.BOX)).astype(float)
    far = np.abs(as_svg - as_png).max(axis=2)
    assert far.mean() < 2.0
    assert (far > 100).mean() < 0.01  # edges only
    page.context.close()
    assert page.errors == []


def test_the_button_is_seen_when_it_is_wanted_and_reached_by_keyboard(browser: Browser) -> None:
    page = drawing(browser)
    menu = page.root.locator(".save-chart")
    page.page.mouse.move(900, 700)
    expect(menu).to_have_css("opacity", "0")
    page.root.hover()
    expect(menu).to_have_css("opacity", "1")
    page.page.mouse.move(900, 700)
    page.page.keyboard.press("Tab")
    expect(menu).to_have_css("opacity", "1")
    page.page.keyboard.press("Enter")
    expect(page.find("save-png")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.find("save-png")).to_be_hidden()
    expect(page.find("save-chart")).to_be_focused()
    page.context.close()
    touch = drawing(browser, has_touch=True, is_mobile=True)
    expect(touch.root.locator(".save-chart")).to_have_css("opacity", "0.8")
    touch.context.close()


def test_the_ground_is_the_themes(browser: Browser) -> None:
    page = drawing(browser, "dark")
    assert tuple(pixels(save(page.root, "png")[1])[0, 0]) == (15, 20, 32)
    ground = parsed(save(page.root, "svg")[1]).find(f"{SVG}path")
    assert ground is not None
    assert ground.get("fill") == "#0f1420"
    page.context.close()


@pytest.mark.parametrize("kind", ["dense", "gaussian"])
def test_loss_code_space_and_map_are_saved(browser: Browser, tmp_path: Path, kind: str) -> None:
    run, _ = made(**KINDS[kind])
    with opened(browser, tmp_path, run_page(run)) as page:
        encoded(page)
        loss = page.locator(".loss .plot")
        name, svg = save(loss, "svg")
        assert name == "total-by-epoch-nats-a-picture.svg"
        root = parsed(svg)
        assert {"epoch", "training", "validation", "0.0", "2.0"} <= set(texts(root))
        curves = [path for path in root.iter(f"{SVG}path") if path.get("stroke") == "#3f51d9"]
        assert len(curves) >= 2
        assert curves[0].get("d", "").count("L") >= 7
        before = loss.locator("canvas").evaluate("c => c.toDataURL()")
        name, png = save(loss, "png")
        assert name == "total-by-epoch-nats-a-picture.png"
        width, height = loss.evaluate("box => [box.clientWidth, box.clientHeight]")
        assert pixels(png).shape[1] == 3 * (width + 32)
        assert pixels(png).shape[0] > 3 * height
        assert loss.locator("canvas").evaluate("c => c.toDataURL()") == before, "what is on the screen stays"
        name, svg = save(page.locator(".code .plot"), "svg")
        assert name == "code-space-24-validation-examples-step-8.svg"
        assert {"0", "9"} <= set(texts(parsed(svg)))
        _, svg = save(page.get_by_test_id("map"), "svg")
        paths = [path.get("d", "") for path in parsed(svg).iter(f"{SVG}path")]
        assert sum("A" in path for path in paths) > 20  # a dot for each picture


def test_nothing_else_is_asked_for() -> None:
    assert "http" not in source("save_chart.js")
    assert ADDRESS not in source("svg_pen.js")
