"""The Generate view: samples that a seed decides for ever, live temperature, and nearest training pictures asked of Python."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from playwright.sync_api import Browser, Locator, expect

from aecore.ui.components import source
from aecore.ui.latent_generate import FILES, SHEETS, codes_in
from tests.browser import THEMES
from tests.latent_harness import FakeSpace, SpacePage, opened

# How often something is planned for half a second later, as asking is.
COUNT_PLANS = """() => {
  const later = window.setTimeout
  window.planned = 0
  window.setTimeout = (work, delay) => {
    if (delay === 500) window.planned++
    return later(work, delay)
  }
}"""


def view_of(browser: Browser, space: FakeSpace, **context: Any) -> AbstractContextManager[SpacePage]:
    return opened(browser, "latent_generate", space, css=SHEETS, js=FILES, **context)


@pytest.fixture
def view(browser: Browser) -> Iterator[SpacePage]:
    with view_of(browser, FakeSpace()) as component:
        component.shows(done=16)
        yield component


def pixels(canvas: Locator) -> npt.NDArray[np.uint8]:
    """The red of a canvas (H, W)."""
    read = "c => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    height, width, *values = canvas.evaluate(read)
    return np.array(values, np.uint8).reshape(height, width, 4)[..., 0]


def sample(view: SpacePage, i: int) -> npt.NDArray[np.uint8]:
    return pixels(view.find(f"sample-{i}").locator("canvas"))


def set_temperature(view: SpacePage, value: float, done: int = 16) -> None:
    view.find("temperature").fill(str(value))
    view.shows(temperature=value, done=done)


def samples_by_hand(view: SpacePage, seed: int, temperature: float) -> npt.NDArray[np.float32]:
    """The codes (16, D) of the grid, from the space itself."""
    ask = """([scripts, seed, temperature]) => {
      const make = new Function(`${scripts}; return { makeRandom, seedOf }`)()
      const [space] = aecoreSpaces.values()
      return Array.from({ length: 16 }, (_, i) => [...space.sample(make.makeRandom(make.seedOf(seed, i)), temperature)])
    }"""
    return np.array(view.page.evaluate(ask, [source("random.js"), seed, temperature]), np.float32)


def wanted(view: SpacePage, count: int = 1) -> list[dict[str, Any]]:
    """What was asked of Python, once it is so many times."""
    view.page.wait_for_function("count => window.events.filter(([, name]) => name === 'wanted').length >= count", arg=count)
    found = [value for kind, name, value in view.told if (kind, name) == ("trigger", "wanted")]
    assert len(found) == count
    return found


def answer_to(asked: dict[str, Any], shape: tuple[int, ...] = (1, 28, 28), size: int = 2) -> dict[str, Any]:
    codes = codes_in(asked, size)
    assert codes is not None
    pictures = np.random.default_rng(0).integers(0, 256, (len(codes), *shape), np.uint8)
    distances = [0.1 + i / 100 for i in range(len(codes))]
    text = base64.b64encode(pictures.tobytes()).decode()
    return {"name": asked["name"], "pictures": text, "distances": distances, "typical": 0.157, "searched": 55_000}


@pytest.mark.parametrize(("seed", "temperature"), [(1, 1), (1, 0.35), (42, 2)])
def test_samples_are_what_torch_decodes_of_the_seeds_codes(view: SpacePage, seed: int, temperature: float) -> None:
    view.find("seed").fill(str(seed))
    set_temperature(view, temperature)
    view.shows(seed=seed, done=16, count=16, nearest="off")
    codes = samples_by_hand(view, seed, temperature)
    assert len({tuple(code) for code in codes.tolist()}) == 16
    for i, code in enumerate(codes):
        expected = 255 * np.clip(view.space.decode(code.tolist())[0], 0, 1)
        np.testing.assert_allclose(sample(view, i), expected, atol=1.01)


def test_temperature_zero_is_the_middle_for_all_and_a_seed_comes_back(view: SpacePage) -> None:
    first = view.reading("grid-hash")
    set_temperature(view, 0)
    middle = 255 * view.space.decode([0, 0])[0]
    for i in (0, 7, 15):
        np.testing.assert_allclose(sample(view, i), middle, atol=1.01)
    set_temperature(view, 1)
    expect(view.root).to_have_attribute("data-grid-hash", first)
    view.find("next").click()
    view.shows(seed=2, done=16)
    expect(view.find("seed")).to_have_value("2")
    assert view.reading("grid-hash") != first
    view.find("seed").fill("1")
    view.shows(seed=1, done=16)
    expect(view.root).to_have_attribute("data-grid-hash", first)
    view.find("seed").fill("-3")
    view.find("seed").blur()
    expect(view.find("seed")).to_have_value("1")
    view.shows(seed=1)


@pytest.mark.parametrize("count", [9, 36, 64])
def test_more_or_fewer_samples_are_the_same_ones(view: SpacePage, count: int) -> None:
    before = [sample(view, i) for i in range(9)]
    view.page.get_by_role("radio", name=str(count), exact=True).check()
    view.shows(count=count, done=count)
    expect(view.find("grid").get_by_role("radio")).to_have_count(count)
    for i in range(9):
        np.testing.assert_array_equal(sample(view, i), before[i])


def test_a_sample_is_seen_large_and_walked_from(view: SpacePage) -> None:
    view.find("sample-5").click()
    expect(view.find("picked-title")).to_have_text("Sample 6 of 16")
    np.testing.assert_array_equal(pixels(view.find("large")), sample(view, 5))
    view.page.keyboard.press("ArrowRight")
    expect(view.find("picked-title")).to_have_text("Sample 7 of 16")
    view.find("walk").click()
    expect(view.find("walked")).to_contain_text("Walk tab")
    code, words = view.page.evaluate("() => { const [s] = aecoreSpaces.values(); return [[...s.code], s.start.words] }")
    assert code == pytest.approx(samples_by_hand(view, 1, 1)[6].tolist(), abs=1e-6)
    assert words == "sample 7 of seed 1 at temperature 1.00"


def test_the_temperature_is_live_and_nothing_is_asked_while_it_is_dragged(view: SpacePage) -> None:
    view.find("nearest").check()
    wanted(view)
    asked, hashes = len(view.space.asked), [view.reading("grid-hash")]
    view.page.evaluate(COUNT_PLANS)
    view.page.mouse.move(*view.point("temperature", 0.5, 0.5))
    view.page.mouse.down()
    for share in (0.6, 0.7, 0.8, 0.9):
        view.page.mouse.move(*view.point("temperature", share, 0.5))
        expect(view.root).not_to_have_attribute("data-grid-hash", hashes[-1])
        view.shows(done=16)
        hashes.append(view.reading("grid-hash"))
    assert view.page.evaluate("planned") == 0, "however long the pointer rests"
    assert (len(wanted(view)), len(view.space.asked)) == (1, asked)
    view.page.mouse.up()
    assert wanted(view, 2)[1]["name"] != wanted(view, 2)[0]["name"]
    assert len(set(hashes)) == 5


def test_the_nearest_pictures_are_asked_for_and_shown_beside(view: SpacePage) -> None:
    expect(view.find("near-0")).to_be_hidden()
    view.find("nearest").check()
    view.shows(nearest="waiting")
    room = view.box("grid")[3]
    (asked,) = wanted(view)
    codes = codes_in(asked, 2)
    assert codes is not None
    np.testing.assert_allclose(codes, samples_by_hand(view, 1, 1), atol=1e-6)
    answer = answer_to(asked)
    view.mount_view(nearest={**answer, "name": "of other samples"})
    view.shows(nearest="waiting")
    view.mount_view(nearest=answer)
    view.shows(nearest="shown")
    pictures = np.frombuffer(base64.b64decode(answer["pictures"]), np.uint8).reshape(16, 28, 28)
    for i in (0, 3, 15):
        np.testing.assert_array_equal(pixels(view.find(f"near-{i}")), pictures[i])
        expect(view.find(f"distance-{i}")).to_have_text(f"{0.1 + i / 100:.3f}")
    expect(view.find("summary")).to_contain_text("a sample is 0.175 from the nearest of 55,000 training pictures")
    expect(view.find("summary")).to_contain_text("test pictures are 0.157 from theirs")
    assert view.box("grid")[3] == room, "there was room for it"
    view.find("sample-3").click()
    expect(view.find("picked-words")).to_contain_text("0.130 away")
    np.testing.assert_array_equal(pixels(view.find("large-near")), pictures[3])
    # Other samples have other neighbours: these are gone at once, and asked for anew.
    view.find("next").click()
    view.shows(nearest="waiting", seed=2)
    expect(view.find("distance-0")).to_have_text("")
    assert wanted(view, 2)[1]["name"] != asked["name"]
    view.find("nearest").uncheck()
    view.shows(nearest="off")


def test_where_the_training_pictures_are_at_hand_they_are_asked_for_from_the_start(browser: Browser) -> None:
    with opened(browser, "latent_generate", FakeSpace(), css=SHEETS, js=FILES, data={"searches": True}) as view:
        expect(view.find("nearest")).to_be_checked()
        view.page.wait_for_function("() => window.events.some(([kind, name]) => name === 'wanted')")
        view.find("nearest").uncheck()
        view.mount_view(searches=True)
        expect(view.find("nearest")).not_to_be_checked()


def test_what_went_wrong_is_said_and_can_be_tried_again(view: SpacePage) -> None:
    view.find("nearest").check()
    (asked,) = wanted(view)
    view.mount_view(nearest={"name": asked["name"], "problem": "The training pictures cannot be had."})
    view.shows(nearest="failed")
    expect(view.find("summary")).to_contain_text("cannot be had. Switch this off and on")
    view.find("nearest").uncheck()
    view.find("nearest").check()
    again = wanted(view, 2)[1]
    view.mount_view(nearest=answer_to(again))
    view.shows(nearest="shown")


def test_while_the_run_is_in_training_an_answer_of_a_moment_ago_will_do(browser: Browser) -> None:
    space = FakeSpace()
    space.state = "running"
    with view_of(browser, space) as view:
        view.find("nearest").check()
        (asked,) = wanted(view)
        before = view.reading("grid-hash")
        with torch.no_grad():
            next(space.model.decoder.parameters()).mul_(2)
        view.page.evaluate(COUNT_PLANS)
        space.stamp = "2"
        expect(view.root).not_to_have_attribute("data-grid-hash", before)
        view.page.wait_for_function("() => [...aecoreSpaces.values()][0].stamp === '2'")
        view.shows(done=16, nearest="waiting")
        assert view.page.evaluate("planned") == 0, "the search that is under way is not called off for the next weights"
        view.mount_view(nearest=answer_to(asked))
        view.shows(nearest="shown")
        expect(view.find("summary")).to_contain_text("still in training")
        with torch.no_grad():
            next(space.model.decoder.parameters()).fill_(float("nan"))
        space.stamp, space.state = "3", "failed"
        view.page.wait_for_function("() => [...aecoreSpaces.values()][0].stamp === '3'")
        view.shows(done=16, nearest="waiting")
        assert sample(view, 0).max() == 0
        wanted(view, 2)


@pytest.mark.parametrize(
    "settings",
    [
        {"code__kind": "vector"},
        {"code__size": 1},
        {"data__name": "shapes", "code__size": 70, "code__kind": "vector"},
        {"architecture__kind": "conv2d", "code__size": 3},
    ],
    ids=lambda settings: ",".join(map(str, settings.values())),
)
def test_any_run(browser: Browser, settings: dict[str, Any]) -> None:
    space = FakeSpace(pictures=40, **settings)
    with view_of(browser, space) as view:
        view.page.wait_for_function("() => [...aecoreSpaces.values()][0].encodings.length === 40")
        set_temperature(view, 0.5)
        codes = samples_by_hand(view, 1, 0.5)
        if space.config.code.kind == "vector":
            assert "no prior" in view.find("about").inner_text()
            set_temperature(view, 0)
            codes = np.repeat(space.means().mean(axis=0, keepdims=True), 16, axis=0)
        for i in (0, 15):
            expected = 255 * np.clip(space.decode(codes[i].tolist())[0], 0, 1)
            np.testing.assert_allclose(sample(view, i), expected, atol=1.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1400])
def test_everything_fits(browser: Browser, width: int, theme: str) -> None:
    with view_of(browser, FakeSpace(), viewport={"width": width, "height": 900}) as view:
        view.set_theme(theme)
        view.page.get_by_role("radio", name="64", exact=True).check()
        view.find("nearest").check()
        view.mount_view(nearest=answer_to(wanted(view)[0]))
        view.shows(nearest="shown")
        assert not view.is_too_wide()
        assert view.cut_off("p, button, h3, .distance") == []
