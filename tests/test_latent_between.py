"""The Between view: two ends, three ways, a scrubber, a player and strips; pictures and numbers against torch and numpy."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, expect
from scipy import stats

from aecore.ui.latent_between import FILES, SHEETS
from tests.latent_harness import FakeSpace, SpacePage, opened

ROWS = ("line", "circle", "fade")
PIXELS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 === 0)"
Floats = np.ndarray[Any, np.dtype[Any]]


def between(browser: Browser, space: FakeSpace, **options: Any) -> Any:
    """The view, which does not start to play by itself."""
    return opened(browser, "latent_between", space, css=SHEETS, js=FILES, **{"reduced_motion": "reduce", **options})


@pytest.fixture(scope="module")
def space() -> FakeSpace:
    return FakeSpace(code__size=5)


@pytest.fixture
def view(browser: Browser, space: FakeSpace) -> Iterator[SpacePage]:
    with between(browser, space) as page:
        page.shows(strips="done")
        yield page


def shown(view: SpacePage, name: str) -> Floats:
    canvas = view.find(name)
    width = canvas.evaluate("canvas => canvas.width")
    return np.array(canvas.evaluate(PIXELS)).reshape(-1, width)


def circle_code(a: Floats, b: Floats, t: float) -> Floats:
    """The textbook's formula, about 0."""
    start, end = np.linalg.norm(a), np.linalg.norm(b)
    angle = np.arccos(a @ b / start / end)
    direction = (np.sin((1 - t) * angle) * a / start + np.sin(t * angle) * b / end) / np.sin(angle)
    return np.asarray(((1 - t) * start + t * end) * direction)


def expected(space: FakeSpace, a: int, b: int, t: float) -> dict[str, Floats]:
    codes = space.means().astype(np.float64)
    line = (1 - t) * codes[a] + t * codes[b]
    circle = circle_code(codes[a], codes[b], t)
    fade = ((1 - t) * space.images[a] + t * space.images[b])[0]
    return {"line": 255 * space.decode(line.tolist())[0], "circle": 255 * space.decode(circle.tolist())[0], "fade": fade}


def assert_shows(view: SpacePage, a: int, b: int, t: float) -> None:
    for row, picture in expected(view.space, a, b, t).items():
        np.testing.assert_allclose(shown(view, f"{row}-picture"), picture, atol=1.5)  # a canvas holds whole numbers


def scrub_to(view: SpacePage, t: float) -> None:
    view.find("scrubber").evaluate("(input, t) => { input.value = t; input.dispatchEvent(new Event('input')) }", t)
    view.shows(t=t)


def test_it_starts_in_the_middle_between_two_classes(view: SpacePage) -> None:
    view.shows(a=0, b=1, t=0.5, playing="false")
    assert_shows(view, 0, 1, 0.5)
    for end, i in (("a", 0), ("b", 1)):
        np.testing.assert_array_equal(shown(view, f"original-{end}"), view.space.images[i, 0])
        reconstruction = 255 * view.space.decode(view.space.means()[i].tolist())[0]
        np.testing.assert_allclose(shown(view, f"reconstruction-{end}"), reconstruction, atol=1.5)
        expect(view.find(f"origin-{end}")).to_have_text(f"test picture {i + 1}")


def test_dragging_changes_all_three_without_the_server(view: SpacePage) -> None:
    asked, messages = len(view.space.asked), len(view.told)
    view.page.mouse.move(*view.point("scrubber", 0.5, 0.5))
    view.page.mouse.down()
    for share in (0.6, 0.75, 0.9):
        before = [view.reading(f"{row}-hash") for row in ROWS]
        view.page.mouse.move(*view.point("scrubber", share, 0.5))
        for row, old in zip(ROWS, before, strict=True):
            expect(view.root).not_to_have_attribute(f"data-{row}-hash", old)
    view.page.mouse.up()
    t = float(view.reading("t"))
    assert 0.85 < t < 0.95
    assert_shows(view, 0, 1, t)
    assert float(view.reading("latency-ms")) >= 0
    assert (len(view.space.asked), len(view.told)) == (asked, messages)


def test_both_ends_are_met_exactly(view: SpacePage) -> None:
    for t, end in ((0, "a"), (1, "b")):
        scrub_to(view, t)
        for row in ("line", "circle"):
            np.testing.assert_array_equal(shown(view, f"{row}-picture"), shown(view, f"reconstruction-{end}"))
        np.testing.assert_array_equal(shown(view, "fade-picture"), shown(view, f"original-{end}"))


def test_the_numbers_under_the_pictures(view: SpacePage) -> None:
    codes = view.space.means().astype(np.float64)
    scrub_to(view, 0.25)
    for row, code in (("line", 0.75 * codes[0] + 0.25 * codes[1]), ("circle", circle_code(codes[0], codes[1], 0.25))):
        distance = float(np.linalg.norm(code))
        share = 100 * stats.chi2.cdf(distance**2, 5)
        text = "more than 99.9" if share > 99.9 else f"{share:.{1 if share < 10 or share > 90 else 0}f}"
        expect(view.find(f"{row}-number")).to_have_text(f"{distance:.2f}")
        expect(view.find(f"{row}-about")).to_have_text(f"from the middle of the prior; {text} % of random codes lie nearer")
    expect(view.find("fade-number")).to_have_text("75 % A, 25 % B")
    expect(view.find("why")).to_contain_text("The codes have 5 numbers")


def test_strips_show_eleven_places_and_lead_there(browser: Browser, space: FakeSpace) -> None:
    with between(browser, space, viewport={"width": 1400, "height": 900}) as view:
        view.shows(strips="done")
        for row in ROWS:
            pixels = shown(view, f"{row}-strip")
            for stop in range(11):
                left = 6 + 38 * stop  # 28 pixels each, what is left of 420 in between
                picture = expected(space, 0, 1, stop / 10)[row]
                np.testing.assert_allclose(pixels[8:36, left : left + 28], picture, atol=1.5)
        before = shown(view, "line-strip")
        view.find("circle-strip").click(position={"x": 6 + 38 * 7 + 14, "y": 20})
        view.shows(t=0.7)
        assert_shows(view, 0, 1, 0.7)
        changed = np.flatnonzero((shown(view, "line-strip") != before).any(axis=0))
        assert {(column - 6 + 10) // 38 for column in changed} <= {5, 6, 7, 8}, "only the frame has moved"


def test_keyboard_alone(view: SpacePage) -> None:
    view.find("scrubber").focus()
    view.page.keyboard.press("ArrowRight")
    view.shows(t=0.51)
    view.page.keyboard.press("Home")
    view.shows(t=0)
    view.page.keyboard.press("Space")
    view.shows(playing="true")
    expect(view.find("play")).to_have_text("Pause")
    expect(view.root).not_to_have_attribute("data-t", "0")
    view.page.keyboard.press("Space")
    view.shows(playing="false")
    view.find("between-end-0").locator("input").focus()
    view.page.keyboard.press("ArrowRight")
    expect(view.root).not_to_have_attribute("data-a", "0")
    expect(view.find("target-a")).to_be_checked()  # the arrow keys go on for the same end


def test_it_plays_until_it_is_touched_or_cannot_be_seen(view: SpacePage) -> None:
    stops = (
        lambda: view.find("play").click(),
        lambda: scrub_to(view, 0.3),
        lambda: view.find("line-strip").click(),
        lambda: view.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))"),
        lambda: view.page.evaluate("document.querySelector('#host').style.display = 'none'"),
    )
    for stop in stops:
        view.find("play").click()
        view.shows(playing="true")
        before = view.reading("t")
        expect(view.root).not_to_have_attribute("data-t", before)
        stop()
        view.shows(playing="false")


def test_it_starts_by_itself_unless_somebody_wants_no_motion(browser: Browser, space: FakeSpace, view: SpacePage) -> None:
    view.shows(playing="false")
    with between(browser, space, reduced_motion="no-preference") as moving:
        moving.shows(playing="true")


def test_after_a_comes_b(view: SpacePage) -> None:
    view.find("between-end-7").click()
    view.shows(a=7, b=1)
    expect(view.find("target-b")).to_be_checked()
    expect(view.find("between-end-1").locator("input")).to_be_checked()
    view.find("between-end-4").click()
    view.find("between-end-5").click()
    view.shows(a=7, b=5, strips="done")
    assert_shows(view, 7, 5, 0.5)
    view.find("swap").click()
    view.shows(a=5, b=7)
    view.find("target-a").click()
    expect(view.find("between-end-5").locator("input")).to_be_checked()


def test_a_random_pair_has_two_classes(view: SpacePage) -> None:
    pairs = set()
    for _ in range(6):
        view.find("random-pair").click()
        view.shows(strips="done")
        pairs.add((view.reading("a"), view.reading("b")))
    assert len(pairs) > 2
    assert all(view.space.labels[int(a)] != view.space.labels[int(b)] for a, b in pairs)


def own(*images: Floats) -> list[dict[str, str]]:
    return [{"name": f"mine {n}", "pixels": base64.b64encode(image.tobytes()).decode()} for n, image in enumerate(images)]


def test_own_pictures_come_stay_and_go(view: SpacePage, space: FakeSpace) -> None:
    expect(view.find("own-box")).to_be_hidden()
    mine = own(255 - space.images[3], space.images[9])
    view.mount_view(own=mine)
    view.find("own-0").click()
    view.shows(a="own 0", b=1)
    np.testing.assert_array_equal(shown(view, "original-a"), 255 - space.images[3, 0])
    expect(view.find("name-a")).to_have_text("mine 0")
    view.find("own-1").click()
    view.shows(a="own 0", b="own 1")
    scrub_to(view, 0.3)
    view.mount_view(own=mine[1:])  # the first was removed: its end is a test picture again, the other has moved up
    view.shows(a=0, b="own 0", t=0.3)
    np.testing.assert_array_equal(shown(view, "original-b"), space.images[9, 0])
    view.mount_view(own=[])
    expect(view.find("own-box")).to_be_hidden()
    view.shows(a=0, b=59)


def test_a_rerun_and_a_change_of_theme_keep_everything(view: SpacePage) -> None:
    view.find("between-end-7").click()
    scrub_to(view, 0.3)
    view.shows(strips="done")
    before = [view.reading(f"{row}-hash") for row in ROWS]
    view.set_theme("dark")
    view.mount_view()
    view.shows(a=7, b=1, t=0.3, strips="done")
    assert [view.reading(f"{row}-hash") for row in ROWS] == before


@pytest.mark.parametrize("width", [360, 700, 1000, 1400])
def test_everything_fits(view: SpacePage, width: int) -> None:
    view.set_width(width)
    assert not view.is_too_wide()
    assert view.cut_off(".caption, .button, .chip, .what > *, h3, small") == []


def test_a_plain_code_has_no_prior(browser: Browser) -> None:
    space = FakeSpace(code__kind="vector", code__size=3)
    with between(browser, space) as view:
        view.shows(strips="done")
        expect(view.find("why")).to_contain_text("This autoencoder has no prior")
        codes = space.means().astype(np.float64)
        distances = np.linalg.norm(codes[:, None] - codes, axis=2) + np.diag(np.full(len(codes), np.inf))
        expect(view.find("line-about")).to_contain_text(f"between test pictures {np.median(distances.min(1)):#.4g} is usual")
        nearest = np.linalg.norm(codes - (codes[0] + codes[1]) / 2, axis=1).min()
        assert float(view.find("line-number").inner_text()) == pytest.approx(nearest, rel=1e-3)
        centre = codes.mean(0)
        code = centre + circle_code(codes[0] - centre, codes[1] - centre, 0.5)
        np.testing.assert_allclose(shown(view, "circle-picture"), 255 * space.decode(code.tolist())[0], atol=1.5)


def test_one_number_has_no_circle(browser: Browser) -> None:
    with between(browser, FakeSpace(code__size=1)) as view:
        view.shows(strips="done")
        expect(view.find("circle-about")).to_contain_text("Here the circle is the line")
        assert view.reading("circle-hash") == view.reading("line-hash")


def test_shapes_and_convolutions(browser: Browser) -> None:
    convolutions: dict[str, Any] = {"architecture__kind": "conv2d", "architecture__channels": (4, 4), "architecture__hidden": ()}
    with between(browser, FakeSpace(pictures=20, data__name="shapes", code__size=3, **convolutions)) as view:
        view.shows(strips="done")
        np.testing.assert_allclose(shown(view, "line-picture"), expected(view.space, 0, 1, 0.5)["line"], atol=1.5)


def test_a_network_that_changes_while_it_is_watched(browser: Browser) -> None:
    space = FakeSpace(code__size=5)
    space.state = "running"
    with between(browser, space) as view:
        view.shows(strips="done")
        before = view.reading("line-hash")
        with torch.no_grad():
            for parameter in space.model.decoder.parameters():
                parameter.add_(0.1)
        space.stamp = "2"
        expect(view.root).not_to_have_attribute("data-line-hash", before)
        view.shows(strips="done")
        assert_shows(view, 0, 1, 0.5)


def test_weights_that_are_no_numbers_do_no_harm(browser: Browser) -> None:
    for kind in ("gaussian", "vector"):
        space = FakeSpace(code__size=3, code__kind=kind)
        with torch.no_grad():
            for parameter in space.model.parameters():
                parameter.fill_(float("nan"))
        with between(browser, space) as view:
            view.shows(strips="done")
            expect(view.find("line-number")).to_have_text("–")
            view.find("random-pair").click()
            scrub_to(view, 0.9)
