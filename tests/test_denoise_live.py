"""The live noise of the Denoise page, in a page of its own: it answers without a server, and what it shows is what torch says."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from skimage.metrics import peak_signal_noise_ratio

from aecore.config_sections import NOISE_KINDS
from aecore.ui.components import source
from aecore.ui.denoise_live import SCRIPTS, pack
from tests.browser import THEMES
from tests.component_page import ComponentPage
from tests.denoise_harness import (
    DATA,
    IMAGES,
    LABELS,
    MODELS,
    NETWORKS,
    copier,
    kind,
    mounted,
    noisy_picture,
    picture,
    pixels,
    reading,
    rgb,
    slide,
)

psnr_of: Callable[..., float] = peak_signal_noise_ratio


@pytest.fixture
def view(browser: Browser) -> Iterator[ComponentPage]:
    with mounted(browser) as component:
        yield component


@pytest.fixture(scope="module")
def maths(browser: Browser) -> Iterator[Page]:
    """The component's arithmetic without its screen."""
    page = browser.new_page()
    page.add_script_tag(content=source(*SCRIPTS[:-1]))
    yield page
    page.close()


@pytest.mark.parametrize("name", NOISE_KINDS)
@pytest.mark.parametrize("level", [0, 0.37, 1])
@torch.no_grad()
def test_networks_answer_what_torch_answers(view: ComponentPage, maths: Page, name: str, level: float) -> None:
    picture(view, 3).check()
    kind(view, name).check()
    slide(view, level)
    view.shows(picked=3, kind=name)
    noisy, fingerprint = noisy_picture(maths, name, 3, 0, level)
    clean = IMAGES[3, 0] / 255
    assert reading(view, "noisy-hash") == fingerprint
    np.testing.assert_array_equal(pixels(view.find("clean"))[..., 1], IMAGES[3, 0])
    np.testing.assert_allclose(pixels(view.find("noisy"))[..., 1], 255 * noisy, atol=0.51)
    if level > 0:
        assert float(reading(view, "psnr-noisy")) == pytest.approx(psnr_of(clean, noisy.astype(float), data_range=1), abs=1e-3)
    for i, network in enumerate(MODELS.values()):
        answer = network.reconstruct(torch.from_numpy(noisy)[None, None])[0, 0].numpy()
        assert answer.std() > 0.005, "an answer worth comparing"
        np.testing.assert_allclose(pixels(view.find(f"answer-{i}"))[..., 1], 255 * answer, atol=0.6)
        expected = psnr_of(clean, answer.astype(float), data_range=1)
        assert float(reading(view, f"psnr-{i}")) == pytest.approx(expected, abs=1e-3)
        expect(view.find(f"psnr-{i}")).to_have_text(f"{expected:.1f} dB")


def test_pictures_are_picked_by_mouse_and_keyboard(view: ComponentPage) -> None:
    view.shows(picked=0)
    expect(picture(view, 0)).to_be_checked()
    before = reading(view, "answer-hash-0")
    view.find("picture-2").click()
    view.shows(picked=2)
    np.testing.assert_array_equal(pixels(view.find("clean"))[..., 0], IMAGES[2, 0])
    assert reading(view, "answer-hash-0") != before
    view.page.keyboard.press("ArrowRight")
    view.shows(picked=3)
    expect(view.page.get_by_role("radio", name=LABELS[3])).to_be_checked()


def test_the_kind_of_noise_is_chosen_by_mouse_and_keyboard(view: ComponentPage) -> None:
    expect(view.find("level-text")).to_have_text("σ = 0.50")
    view.page.get_by_text("Patches").click()
    view.shows(kind="patches")
    expect(view.find("level-text")).to_have_text("p = 50 %")
    view.page.keyboard.press("ArrowRight")
    view.shows(kind="salt-and-pepper")
    assert set(np.unique(pixels(view.find("noisy")))) <= {0, 255, *np.unique(IMAGES[0])}
    expect(view.page.get_by_role("radio", name="Salt and pepper")).to_be_checked()


def test_the_slider_by_keyboard(view: ComponentPage) -> None:
    view.find("level").focus()
    for key, level, text in [
        ("ArrowRight", 0.51, "σ = 0.51"),
        ("End", 1, "σ = 1.00"),
        ("Home", 0, "σ = 0.00"),
    ]:
        view.page.keyboard.press(key)
        view.shows(level=level)
        expect(view.find("level-text")).to_have_text(text)
        expect(view.find("level")).to_have_attribute("aria-valuetext", text)
    expect(view.find("psnr-noisy")).to_have_text("—")
    np.testing.assert_array_equal(pixels(view.find("noisy")), pixels(view.find("clean")))


def test_the_picture_follows_the_pointer_without_the_server(view: ComponentPage) -> None:
    requests: list[str] = []
    view.page.on("request", lambda request: requests.append(request.url))
    view.page.mouse.move(*view.point("level", 0.5, 0.5))
    view.page.mouse.down()
    hashes = []
    for share in (0.6, 0.7, 0.8, 0.9):
        view.page.mouse.move(*view.point("level", share, 0.5))
        expect(view.root).to_have_attribute("data-level", f"{float(view.find('level').input_value()):g}")
        hashes.append((reading(view, "noisy-hash"), reading(view, "answer-hash-0"), reading(view, "answer-hash-1")))
        assert float(reading(view, "level")) == pytest.approx(share, abs=0.03)
    view.page.mouse.up()
    for column in zip(*hashes, strict=True):
        assert len(set(column)) == len(column)
    assert requests == []
    assert view.told == []


def test_many_moves_in_one_frame_are_one_picture(view: ComponentPage) -> None:
    drawn = view.root.evaluate(
        """async (root) => {
          let count = 0
          new MutationObserver((changes) => (count += changes.length)).observe(root, { attributeFilter: ["data-frame-ms"] })
          const slider = root.querySelector("[data-testid=level]")
          for (let i = 0; i <= 50; i++) {
            slider.value = i / 100
            slider.dispatchEvent(new Event("input"))
          }
          for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame)
          return [count, root.dataset.level]
        }"""
    )
    assert drawn == [1, "0.5"]


def test_new_noise_is_another_and_each_picture_keeps_its_own(view: ComponentPage, maths: Page) -> None:
    def shows_noise(picked: int, round_: int) -> None:
        view.shows(**{"picked": picked, "noisy-hash": noisy_picture(maths, "gaussian", picked, round_, 0.5)[1]})

    shows_noise(0, 0)
    view.find("new-noise").click()
    shows_noise(0, 1)
    picture(view, 1).check()
    shows_noise(1, 1)
    picture(view, 0).check()
    shows_noise(0, 1)
    slide(view, 0.2)
    slide(view, 0.5)
    shows_noise(0, 1)


def test_the_better_answer_is_marked(view: ComponentPage) -> None:
    best = view.root.locator("[data-best] [data-testid]")
    for level in (0.1, 0.9):
        slide(view, level)
        winner = max((0, 1), key=lambda i: float(reading(view, f"psnr-{i}")))
        expect(best).to_have_count(1)
        expect(best).to_have_attribute("data-testid", f"psnr-{winner}")
    view.mount(pack(NETWORKS[:1], IMAGES, LABELS))
    expect(best).to_have_count(0)


def test_colour_and_a_perfect_answer(view: ComponentPage) -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 3, 6, 9), dtype=np.uint8)
    view.mount(pack([copier(3 * 6 * 9)], images, ["one", "two"], kind="masking", level=0.4, clean_title="A tiny photograph"))
    expect(view.find("clean-title")).to_have_text("A tiny photograph")
    np.testing.assert_array_equal(pixels(view.find("clean")), images[0].transpose(1, 2, 0))
    noisy = pixels(view.find("noisy"))
    assert (noisy != pixels(view.find("clean"))).any()
    np.testing.assert_array_equal(pixels(view.find("answer-0")), noisy)
    slide(view, 0)
    expect(view.find("psnr-0")).to_have_text("perfect")


def test_the_chart_is_computed_when_noise_or_picture_change(view: ComponentPage) -> None:
    view.shows(curve="done")
    before = pixels(view.find("psnr-chart"))
    for colour in THEMES["light"]["chart-categorical-colors"].split(",")[: len(NETWORKS)]:
        assert (before == rgb(colour)).all(axis=-1).sum() > 100, "a curve in the network's colour"
    pending = view.root.evaluate("root => (root.querySelector('[data-testid=new-noise]').click(), root.dataset.curve)")
    assert pending == "pending"
    view.shows(curve="done")
    assert (pixels(view.find("psnr-chart")) != before).any()
    slide(view, 0.9)
    assert reading(view, "curve") == "done", "the curves are the same at every strength"


@torch.no_grad()
def test_the_curves_are_the_psnr_at_each_strength(maths: Page) -> None:
    clean = (IMAGES[2] / 255).ravel().tolist()
    weights = base64.b64encode(NETWORKS[0].weights).decode()
    strengths, curves = maths.evaluate(
        """([description, weights, picture]) => {
          const network = makeNetwork(description, Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)))
          const noise = drawNoise("gaussian", { channels: 1, height: 28, width: 28 }, seedOf(0, 2, 0))
          const curves = emptyCurves([network])
          const passes = [...measureCurves(Float32Array.from(picture), noise, [network], curves)]
          if (passes.length !== STRENGTHS.length) throw new Error("one pass of one network at a time")
          return [STRENGTHS, curves.map((curve) => [...curve].map((psnr) => (psnr === Infinity ? "same" : psnr)))]
        }""",
        [NETWORKS[0].description, weights, clean],
    )
    assert strengths == pytest.approx(np.linspace(0, 1, 21).tolist())
    assert curves[0][0] == "same"
    for i, strength in enumerate(strengths):
        noisy = noisy_picture(maths, "gaussian", 2, 0, strength)[0]
        answer = MODELS["Convolutional"].reconstruct(torch.from_numpy(noisy)[None, None])[0, 0].numpy()
        for curve, shown_picture in zip(curves, (noisy, answer), strict=True):
            if i > 0 or curve is curves[1]:
                expected = psnr_of(IMAGES[2, 0] / 255, shown_picture.astype(float), data_range=1)
                assert curve[i] == pytest.approx(expected, abs=1e-3)


def test_idle_work_that_is_replaced_is_given_up(maths: Page) -> None:
    log = maths.evaluate(
        """async () => {
          const log = []
          const steps = function* (name) { for (let i = 0; i < 3; i++) { log.push(name); yield } }
          const work = new IdleWork()
          work.start(steps("first"), () => log.push("first done"))
          work.postpone()
          await new Promise((done) => {
            work.start(steps("second"), () => { log.push("second done"); done() })
          })
          work.postpone()
          return log
        }"""
    )
    assert log == ["second", "second", "second", "second done"]


def test_what_was_chosen_survives_reruns_and_other_networks(view: ComponentPage) -> None:
    view.find("new-noise").click()
    picture(view, 4).check()
    kind(view, "masking").check()
    slide(view, 0.33)
    chosen = {"picked": 4, "kind": "masking", "level": 0.33}
    names = ("noisy-hash", "answer-hash-0", "answer-hash-1")
    before = [reading(view, name) for name in names]
    view.mount(DATA)
    view.shows(**chosen)
    assert [reading(view, name) for name in names] == before
    view.mount(pack(NETWORKS[::-1], IMAGES, LABELS))
    view.shows(**chosen)
    assert [reading(view, name) for name in names] == [before[0], before[2], before[1]]
    expect(picture(view, 4)).to_be_checked()
    expect(kind(view, "masking")).to_be_checked()
    expect(view.find("level")).to_have_value("0.33")
    view.shows(curve="done")
    view.mount(pack(NETWORKS[:1], IMAGES[:2], LABELS[:2], kind="gaussian", level=1))
    view.shows(**chosen | {"picked": 1})
    assert view.root.get_attribute("data-answer-hash-1") is None
    view.unmount()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES[:, 0]}, r"shape \(N, 1 or 3, H, W\), not uint8 of shape \(6, 28, 28\)"),
        ({"images": IMAGES / 255}, "not float64"),
        ({"labels": LABELS[:2]}, "6 pictures and 2 labels"),
        ({"images": IMAGES[:0], "labels": []}, "at least one"),
        ({"networks": []}, "1 to 3 networks can be shown, not 0"),
        ({"networks": NETWORKS * 2}, "not 4"),
        ({"images": IMAGES[..., :20]}, "“Convolutional” takes 784 numbers, but a picture has 560"),
        ({"kind": "none"}, "no noise called “none”: choose one of gaussian, masking"),
        ({"level": 1.5}, "between 0 and 1, not 1.5"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"networks": NETWORKS, "images": IMAGES, "labels": LABELS} | changes
    with pytest.raises(ValueError, match=message):
        pack(**arguments)
