"""A run's own page: opened from a file, with the network switched off, it works as the app does."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from safetensors.torch import save_file
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from aecore.atlas import Atlas, write_atlas
from aecore.cli import main
from aecore.config import RunConfig
from aecore.frames import Frame, Gallery, write_frame, write_gallery
from aecore.metrics_log import MetricsWriter
from aecore.model import Autoencoder, build
from aecore.runs import Run, Status, new_run, runs_root
from aecore.ui import run_page as maker
from aecore.ui.components import source
from aecore.ui.run_page import RunPageError, run_page
from aecore.ui.run_page_data import for_script, packed_floats
from aecore.ui.run_page_route import ROUTES
from aecore.usage import size
from tests import tiny

PICTURES, STEPS = 24, (0, 3, 8)
HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1> & “quotes” ${x} <!--"
PIXELS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0)"

KINDS: dict[str, dict[str, Any]] = {
    "dense": {"architecture__hidden": (16,), "code__size": 6},
    "gaussian": {"architecture__hidden": (16,), "code__kind": "gaussian", "code__size": 2},
    "conv2d": {
        "architecture__kind": "conv2d",
        "architecture__channels": (4, 6),
        "architecture__skips": True,
        "corruption__kind": "gaussian",
        "corruption__level": 0.4,
    },
    "conv1d": {
        "data__name": "machine",
        "architecture__kind": "conv1d",
        "architecture__channels": (4, 6),
        "objective__reconstruction": "mse",
        "code__size": 3,
    },
}


def made(name: str = "A run", note: str = "", **settings: Any) -> tuple[Run, Autoencoder]:
    """A finished run with random weights, three frames and a few rows; its network with the weights in half precision."""
    config: RunConfig = tiny.config(None, **settings)
    run = new_run(config, owner="somebody", name=name)
    run.write_about(type(run.about)(owner="somebody", created=1.8e9, name=name, note=note))
    run.write_status(Status("finished", step=8, steps=8, epoch=2.0, epochs=2, seconds=1.5, test={"mse": 0.0123}, test_images=20))
    model = build(config.plan, 1)
    save_file(model.state_dict(), run.model_path)
    shape = config.plan.input_shape
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (PICTURES, *shape), dtype=np.uint8)
    labels = np.arange(PICTURES) % len(config.card.classes)
    run.frames_folder.mkdir()
    write_atlas(run, Atlas(images, labels))
    write_gallery(run.frames_folder, Gallery(images[:10], labels[:10].astype(np.uint8), labels.astype(np.uint8), "pca"))
    for step in STEPS:
        positions = generator.normal(size=(PICTURES, 2)).astype(np.float32)
        write_frame(run.frames_folder, Frame(step, np.roll(images[:10], step, 0), positions), keep=True)
    writer = MetricsWriter(run.metrics_path, ["loss", "reconstruction"])
    for step in range(1, 9):
        writer.write({"step": step, "epoch": step / 4, "seconds": step / 5, "train_loss": 9 / step, "val_loss": 10 / step})
    writer.close()
    model.load_state_dict({key: value.half().float() for key, value in model.state_dict().items()})
    return run, model.eval()


@contextmanager
def opened(browser: Browser, folder: Path, text: str, **options: Any) -> Iterator[Page]:
    """The page in a browser without a network. Fails when it asks for anything, or says that something is wrong."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **options})
    context.set_offline(True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def listen(message: ConsoleMessage) -> None:
        if "getImageData" not in message.text:  # tests read pixels more often than a browser likes, and it says so
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    try:
        yield page
    finally:
        context.close()
    assert asked == [path.as_uri()]
    assert said == []


def encoded(page: Page) -> None:
    """Wait until all held-out pictures have been encoded."""
    expect(page.get_by_test_id("run-page-network")).to_have_attribute("data-active", re.compile("[0-9]+"))


def shown(page: Page) -> np.ndarray[Any, Any]:
    return np.array(page.get_by_test_id("picture").evaluate("canvas => [...canvas.shown]"))


def decoded(model: Autoencoder, code: list[float]) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        return np.asarray(model.decode(torch.tensor([code]))[0].flatten().numpy())


def code_on(page: Page, size: int) -> list[float]:
    return [float(page.get_by_test_id(f"slider-{k}").input_value()) for k in range(size)]


@pytest.mark.parametrize("kind", KINDS)
def test_sliders_change_what_is_drawn_and_it_is_torchs(browser: Browser, tmp_path: Path, kind: str) -> None:
    run, model = made(**KINDS[kind])
    size = run.config.plan.code_size
    with opened(browser, tmp_path, run_page(run)) as page:
        encoded(page)
        before = shown(page)
        for k in range(size):
            slider = page.get_by_test_id(f"slider-{k}")
            slider.fill(str(float(slider.get_attribute("max") or 0) - k * float(slider.get_attribute("step") or 0)))
        expect(page.get_by_test_id("where")).to_contain_text("then moved")
        np.testing.assert_allclose(shown(page), decoded(model, code_on(page, size)), atol=2e-6)
        assert np.abs(shown(page) - before).max() > 1e-3
        if kind in ("dense", "gaussian"):
            pixels = np.array(page.get_by_test_id("picture").evaluate(PIXELS))
            np.testing.assert_allclose(pixels, 255 * shown(page), atol=1.0)


def test_a_held_out_picture_is_encoded_and_drawn_again(browser: Browser, tmp_path: Path) -> None:
    run, model = made(**KINDS["dense"])
    with np.load(run.atlas_path) as kept:
        picture = torch.from_numpy(kept["images"][13:14]).float() / 255
    with torch.no_grad():
        code = model.encode(picture).mean[0].tolist()
    with opened(browser, tmp_path, run_page(run)) as page:
        page.get_by_test_id("walk-from-13").locator("input").check()
        expect(page.get_by_test_id("where")).to_contain_text("class 3 (test picture 14)")
        np.testing.assert_allclose(shown(page), decoded(model, code), atol=2e-5)
        page.get_by_test_id("random").click()
        expect(page.get_by_test_id("clean")).to_be_hidden()


def test_a_denoiser_is_given_noise_and_a_skip_connections_answer_is_beside(browser: Browser, tmp_path: Path) -> None:
    run, _ = made(**KINDS["conv2d"])
    with opened(browser, tmp_path, run_page(run)) as page:
        for name in ("clean", "given", "whole"):
            expect(page.get_by_test_id(name)).to_be_visible()
        clean, given = (np.array(page.get_by_test_id(name).evaluate(PIXELS)) for name in ("clean", "given"))
        assert np.abs(clean - given).mean() > 20
        page.get_by_test_id("noise-level").fill("0")
        expect(page.get_by_test_id("noise-value")).to_have_text("0.00")
        given = np.array(page.get_by_test_id("given").evaluate(PIXELS))
        np.testing.assert_allclose(given, clean, atol=1)
        expect(page.get_by_text("Its skip connections pass fine detail")).to_be_visible()


def test_the_map_moves_the_code(browser: Browser, tmp_path: Path) -> None:
    run, model = made(**KINDS["gaussian"])
    with opened(browser, tmp_path, run_page(run)) as page:
        encoded(page)
        box = page.get_by_test_id("map")
        box.scroll_into_view_if_needed()
        box.click(position={"x": 150, "y": 90})
        expect(page.get_by_test_id("where")).to_contain_text("then moved")
        code = json.loads(page.get_by_test_id("run-page-network").get_attribute("data-code") or "")
        np.testing.assert_allclose(shown(page), decoded(model, code), atol=2e-3)  # the code is read with three decimals
        page.keyboard.press("ArrowRight")
        expect(page.get_by_test_id("run-page-network")).not_to_have_attribute("data-code", re.compile(rf"\[{code[0]},"))


def test_the_film_goes_back_to_every_kept_moment(browser: Browser, tmp_path: Path) -> None:
    run, _ = made(**KINDS["dense"])
    with opened(browser, tmp_path, run_page(run)) as page:
        root, canvas = page.get_by_test_id("run-page-training"), page.get_by_test_id("pictures")
        expect(root).to_have_attribute("data-points", "8,8")
        pictures = []
        for place, step in enumerate(STEPS):
            page.get_by_test_id("film").fill(str(place))
            expect(root).to_have_attribute("data-step", str(step))
            expect(page.get_by_test_id("film-moment")).to_contain_text(f"moment {place + 1} of 3")
            pictures.append(canvas.evaluate("c => c.toDataURL()"))
        assert len(set(pictures)) == 3
        page.get_by_test_id("film-play").click()  # from the start, as it stood at the end
        expect(root).to_have_attribute("data-step", "8")
        expect(page.get_by_test_id("film-play")).to_have_text("Play")


def test_names_and_notes_are_only_text(browser: Browser, tmp_path: Path) -> None:
    run, _ = made(HOSTILE, f"{HOSTILE}\nsecond line", **KINDS["dense"])
    text = run_page(run)
    assert run.token not in text
    with opened(browser, tmp_path, text) as page:
        encoded(page)
        expect(page.locator("h1")).to_have_text(HOSTILE)
        expect(page.locator(".note").first).to_contain_text("second line")
        assert page.title() == f"{HOSTILE} · Autoencoder Lab"
        assert page.evaluate("window.broken") is None
        assert page.locator("img").count() == 0


def test_the_policy_forbids_what_the_page_was_not_made_with(browser: Browser, tmp_path: Path) -> None:
    run, _ = made(**KINDS["dense"])
    text = run_page(run).replace("</main>", "<script>window.broken = 1</script></main>")
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    encoded(page)
    assert page.evaluate("window.broken") is None
    outcome = page.evaluate("fetch('http://localhost:1/').then(() => 'came', (error) => error.name)")
    assert outcome == "TypeError"
    page.close()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_a_phone(browser: Browser, tmp_path: Path, kind: str) -> None:
    run, _ = made("A" * 90, **KINDS[kind])
    with opened(browser, tmp_path, run_page(run), viewport={"width": 360, "height": 740}, has_touch=True) as page:
        encoded(page)
        page.get_by_text(re.compile("All [0-9]+ settings")).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_dark_follows_the_system_and_paper_is_white(browser: Browser, tmp_path: Path) -> None:
    run, _ = made(**KINDS["dense"])
    with opened(browser, tmp_path, run_page(run), color_scheme="dark") as page:
        encoded(page)
        background = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(background) == "rgb(15, 20, 32)"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(background) == "rgb(255, 255, 255)"
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(background) == "rgb(15, 20, 32)"


def test_the_colours_are_the_apps() -> None:
    theme = tomllib.loads(Path(".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    light, dark = source("run_page.css").split("@media (prefers-color-scheme: dark)")
    for name, part in (("light", light), ("dark", dark)):
        for setting, variable in (
            ("primaryColor", "primary-color"),
            ("backgroundColor", "background-color"),
            ("secondaryBackgroundColor", "secondary-background-color"),
            ("textColor", "text-color"),
            ("borderColor", "border-color"),
        ):
            assert f"--st-{variable}: {theme[name][setting]};" in part
    assert ", ".join(theme["light"]["chartCategoricalColors"]) in light


def test_a_run_without_weights_or_film_has_a_page_all_the_same(browser: Browser, tmp_path: Path) -> None:
    run = new_run(tiny.config(), owner="somebody", name="Waiting")
    with opened(browser, tmp_path, run_page(run)) as page:
        expect(page.get_by_text("The weights of this run are not here")).to_be_visible()
        expect(page.get_by_text("No test numbers")).to_be_visible()
        expect(page.get_by_test_id("film")).to_be_hidden()
        expect(page.get_by_test_id("loss-chart")).to_be_visible()


def test_weights_that_are_no_numbers_are_said_to_be_none(browser: Browser, tmp_path: Path) -> None:
    run, model = made(**KINDS["dense"])
    save_file({key: torch.full_like(value, torch.nan) for key, value in model.state_dict().items()}, run.model_path)
    with opened(browser, tmp_path, run_page(run)) as page:
        expect(page.get_by_text("its training has diverged")).to_be_visible()


def test_what_is_too_large_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = made(**KINDS["dense"])
    monkeypatch.setattr(maker, "MOST_BYTES", 100_000)
    with pytest.raises(RunPageError, match="more than the 0 MB"):
        run_page(run)


def test_floats_beyond_half_precision_keep_32_bits() -> None:
    assert packed_floats(np.array([1.0, -65504.0, np.nan, np.inf], np.float32))["bits"] == 16
    assert packed_floats(np.array([1.0, 7e4], np.float32))["bits"] == 32
    assert packed_floats(np.array([], np.float32))["bits"] == 16


def test_json_cannot_end_its_script() -> None:
    text = for_script({"name": "</script><!--"})
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><!--"}


def test_the_route_gives_a_file_that_runs_as_nobodys() -> None:
    run, _ = made("Digits & <more> “things”", **KINDS["dense"])
    client = TestClient(Starlette(routes=ROUTES))
    answer = client.get(f"/api/runs/{run.token}/page.html")
    assert answer.status_code == 200
    assert answer.text == run_page(run)
    assert answer.headers["content-disposition"] == 'attachment; filename="digits-more-things.html"'
    assert answer.headers["content-security-policy"] == "sandbox allow-scripts"
    assert answer.headers["cache-control"] == "no-store"
    missing = client.get("/api/runs/nothing-here/page.html")
    assert (missing.status_code, "no such run" in missing.json()["error"]) == (404, True)
    (runs_root() / run.token / "config.json").write_text('{"format": 99}')
    broken = client.get(f"/api/runs/{run.token}/page.html")
    assert (broken.status_code, "not here any more" in broken.json()["error"]) == (409, True)


def test_the_take_away_view_links_to_it_and_says_its_size() -> None:
    run, _ = made(**KINDS["dense"])
    app = AppTest.from_string(
        "from aecore.runs import find_run\n"
        "from aecore.ui import runs_page_part\n"
        f"run = find_run({run.token!r})\n"
        "assert run is not None\n"
        "runs_page_part.show(run)\n",
        default_timeout=60,
    ).run()
    assert not app.exception
    (link,) = app.get("link_button")
    assert link.proto.url == f"/api/runs/{run.token}/page.html"
    assert link.proto.label == f"Save as a page (HTML, {size(len(run_page(run).encode()))})"
    broken, _ = made(**KINDS["dense"])
    (broken.folder / "config.json").unlink()
    gone = AppTest.from_string(
        "from aecore.runs import Run\n"
        "from pathlib import Path\n"
        "from aecore.ui import runs_page_part\n"
        f"runs_page_part.show(Run(Path({str(broken.folder)!r})))\n",
        default_timeout=60,
    ).run()
    assert not gone.exception
    assert "not here any more" in gone.info[0].value


def test_the_command_line_writes_it(tmp_path: Path) -> None:
    run, _ = made(**KINDS["dense"])
    assert main(["export", str(run.folder), "--out", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == run_page(run)
