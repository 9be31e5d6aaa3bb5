"""The time machine in a browser: everything follows one slider, and the server hears of nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from aecore.pictures.animation import gif
from aecore.ui.export_route import MOST_BYTES, MOST_DRAWN, MOST_FRAMES, MOST_PIXELS
from tests.component_page import ADDRESS
from tests.rewind_harness import FakeFilm, RewindPage, shown

STEPS = (0, 1, 2, 4, 10, 30, 100)


@pytest.fixture
def page(browser: Browser) -> Iterator[RewindPage]:
    film = FakeFilm(*STEPS)
    film.starts = [3, 25]
    with shown(browser, film) as page:
        page.shows(moments=7)
        yield page


def test_it_opens_at_the_end_and_everything_follows_the_slider(page: RewindPage) -> None:
    page.shows(moment=6, step=100, asked=1, rows=101, state="finished")
    hashes = {page.reading("picture-hash")}
    marks = [float(page.reading("mark"))]
    for moment in (5, 4, 0):
        page.drag_to(moment)
        page.shows(step=STEPS[moment])
        hashes.add(page.reading("picture-hash"))
        marks.append(float(page.reading("mark")))
    assert len(hashes) == 4
    assert marks == sorted(marks, reverse=True)
    page.drag_to(5)
    expect(page.find("step")).to_have_text("30 / 1,000")
    expect(page.find("epoch")).to_have_text("3.00 / 100")
    expect(page.find("seconds")).to_have_text("0.3 s")
    expect(page.find("training-loss")).to_have_text("70.00")
    expect(page.find("validation-loss")).to_have_text("20.00")
    expect(page.find("when")).to_have_text("moment 6 of 7")
    expect(page.find("pictures-caption")).to_have_text("after step 30, epoch 3.0")
    expect(page.find("moment")).to_have_attribute("aria-valuetext", "step 30, epoch 3.00")
    expect(page.find("code-space")).to_have_attribute("aria-label", "Where the encoder puts 12 validation pictures of 2 classes, "
                                                                    "after step 30.")  # fmt: skip
    assert len(page.film.asked) == 1, "the server heard nothing"
    assert page.told == []


def test_it_is_played_paused_and_looped_by_keyboard(page: RewindPage) -> None:
    page.find("moment").focus()
    page.page.keyboard.press("Home")
    page.shows(moment=0, playing="false")
    page.page.keyboard.press("ArrowRight")
    page.shows(moment=1)
    page.page.keyboard.press("Space")
    page.shows(playing="true")
    expect(page.find("play")).to_have_attribute("aria-label", "Pause")
    page.page.wait_for_function("() => document.querySelector('#host').shadowRoot.querySelector('.live').dataset.place % 1 > 0")
    page.page.keyboard.press("Space")
    page.shows(playing="false")
    assert float(page.reading("place")) % 1 == 0, "it halts at a moment that was kept"
    page.root.get_by_role("button", name="Four times the speed").click()
    page.find("play").click()
    page.shows(playing="false", moment=6)
    page.find("loop").click()
    page.find("play").click()
    page.shows(moment=6)
    page.page.wait_for_function("() => document.querySelector('#host').shadowRoot.querySelector('.live').dataset.moment < 4")
    page.shows(playing="true")
    page.find("play").press("Enter")
    page.shows(playing="false")
    assert len(page.film.asked) == 1


def test_the_arrow_keys_move_it_from_other_places_too(page: RewindPage) -> None:
    page.find("loop").focus()
    page.page.keyboard.press("ArrowLeft")
    page.shows(moment=5)
    page.page.keyboard.press("Home")
    page.shows(moment=0)
    page.page.keyboard.press("ArrowLeft")
    page.shows(moment=0)
    page.page.keyboard.press("End")
    page.shows(moment=6)
    page.find("loss-chart").focus()
    page.page.keyboard.press("ArrowLeft")
    expect(page.find("readout")).to_be_visible()
    page.shows(moment=6)
    page.page.mouse.click(*page.point("loss-chart", 0.1, 0.5))
    page.page.wait_for_function("() => document.querySelector('#host').shadowRoot.querySelector('.live').dataset.moment < 6")


def test_it_names_the_nearest_moment_whose_weights_were_kept(page: RewindPage) -> None:
    button = page.find("again")
    expect(button).to_have_text("Start again from step 25")
    assert page.find("marks").locator("i").count() == 2
    page.drag_to(1)
    expect(button).to_have_text("Start again from step 3")
    button.click()
    assert page.starts_told == [3]


def test_without_weights_it_cannot_be_started_again_and_says_so(browser: Browser) -> None:
    with shown(browser, FakeFilm(0, 5)) as page:
        expect(page.find("again")).to_be_disabled()
        expect(page.find("again-note")).to_contain_text("no weights of this run were kept")
    with shown(browser, FakeFilm(0, 5, state="running")) as page:
        expect(page.find("again-note")).to_contain_text("there is none yet")


def test_a_run_in_training_grows_and_nobody_is_pushed_away(browser: Browser) -> None:
    film = FakeFilm(0, 5, 9, state="running")
    with shown(browser, film) as page:
        page.shows(moments=3, moment=2)
        film.steps.append(14)
        page.shows(moments=4, moment=3, step=14)
        page.drag_to(1)
        film.steps += [20, 30]
        page.shows(moments=6, moment=1, step=5, rows=31)
        expect(page.find("moment")).to_have_attribute("max", "5")
        assert any("have=14" in address for address in film.asked)
        film.state = "finished"
        page.shows(state="finished")
        assert ["trigger", "state", "finished"] in page.told
        page.mount_view()
        page.shows(moments=6, moment=1, step=5, rows=31)


def test_a_training_that_goes_on_from_earlier_is_followed(browser: Browser) -> None:
    film = FakeFilm(0, 5, 9, 14, state="running")
    with shown(browser, film) as page:
        page.shows(moments=4)
        film.steps = [0, 5, 11]
        page.shows(moments=3, step=11, rows=12)


@pytest.mark.parametrize("state", ["finished", "running"])
def test_where_there_is_nothing_it_says_why(browser: Browser, state: str) -> None:
    film = FakeFilm(0, 5, state=state)
    film.problem = "This run kept no pictures."
    with shown(browser, film) as page:
        expect(page.find("message")).to_have_text("This run kept no pictures.")
        expect(page.find("play")).to_be_hidden()
        if state == "running":
            film.problem = ""
            page.shows(moments=2)
            expect(page.find("play")).to_be_visible()
            expect(page.find("message")).to_be_hidden()


def test_a_server_that_does_not_answer_is_asked_again(browser: Browser) -> None:
    film = FakeFilm(0, 5)
    film.is_down = True
    with shown(browser, film) as page:
        expect(page.find("message")).to_contain_text("does not answer")
        film.is_down = False
        page.shows(moments=2)


def test_missing_moments_are_counted(browser: Browser) -> None:
    with shown(browser, FakeFilm(0, 5, missing=2, left_out=7)) as page:
        expect(page.find("again-note")).to_contain_text("2 moments are missing: damaged.")
        expect(page.find("again-note")).to_contain_text("7 moments are left out")


def test_runs_of_before_have_no_filters_and_say_so(browser: Browser) -> None:
    film = FakeFilm(0, 5)
    film.filters = None
    with shown(browser, film) as page:
        expect(page.find("no-filters")).to_be_visible()
        expect(page.find("filters")).to_be_hidden()


@pytest.mark.parametrize("moments", [(0,), (0, 3)])
def test_a_film_of_one_moment_cannot_be_played(browser: Browser, moments: tuple[int, ...]) -> None:
    with shown(browser, FakeFilm(*moments)) as page:
        page.shows(moments=len(moments))
        assert page.find("play").is_disabled() == (len(moments) == 1)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 16), (1, 1, 90), (3, 1, 64), (1, 64, 64)])
@pytest.mark.parametrize("width", [1200, 360])
def test_pictures_colours_and_sequences_fit_the_screen(browser: Browser, shape: tuple[int, int, int], width: int) -> None:
    film = FakeFilm(*STEPS, shape=shape)
    film.corrupted = True
    film.filters = (4, shape[0], 1, 7) if shape[1] == 1 else (4, *shape)
    film.classes = [f"class number {number}" for number in range(12)]
    with shown(browser, film, viewport={"width": width, "height": 900}) as page:
        page.shows(moments=7)
        page.drag_to(3)
        assert not page.is_too_wide()
        assert page.cut_off("button, dd, dt, h3, .caption, .when") == []
        for name in ("pictures", "filters", "code-space", "loss-chart"):
            assert page.box(name)[3] > 20
        kind = "Sequences" if shape[1] == 1 else "Pictures"
        expect(page.root.get_by_role("heading", name=f"{kind} it never trained on")).to_be_visible()


def saved(page: RewindPage, *, both: bool, most: int) -> tuple[Image.Image, dict[str, int], np.ndarray]:
    """Press Save as GIF; the server is this test, and makes the file as the real one does. Returns it, and what was sent.

    most: frames that the file is made of.
    """
    sent: dict[str, object] = {}

    def make(route: Route) -> None:
        query = {name: int(value[0]) for name, value in parse_qs(urlsplit(route.request.url).query).items()}
        body = route.request.post_data_buffer or b""
        frames = np.frombuffer(body, np.uint8).reshape(query["frames"], query["height"], query["width"], query["channels"])
        sent.update(query=query, frames=frames)
        some = frames[:most]
        content = gif(some[..., 0] if query["channels"] == 1 else some, query["milliseconds"], query["scale"])
        route.fulfill(body=content, content_type="image/gif")

    page.page.route(f"{ADDRESS}api/gif?**", make)
    page.find("gif-both" if both else "gif-pictures").click()
    with page.page.expect_download() as download:
        page.find("gif").click()
    expect(page.find("note")).to_contain_text("Saved as training-eeeeeeeeeeee.gif.")
    query, frames = sent["query"], sent["frames"]
    assert isinstance(query, dict)
    assert isinstance(frames, np.ndarray)
    return Image.open(io.BytesIO(download.value.path().read_bytes())), query, frames


def within_limits(query: dict[str, int]) -> bool:
    pixels = query["frames"] * query["height"] * query["width"]
    longest = max(query["height"], query["width"]) * query["scale"]
    sizes = pixels * query["channels"] <= MOST_BYTES and pixels * query["scale"] ** 2 <= MOST_DRAWN
    return sizes and longest <= MOST_PIXELS and query["frames"] <= MOST_FRAMES


def test_a_gif_has_every_pixel_of_every_moment(page: RewindPage) -> None:
    image, query, frames = saved(page, both=False, most=20)
    assert within_limits(query)
    assert (query["channels"], query["scale"]) == (1, 4)
    assert getattr(image, "n_frames", 1) == 7, "the last is one that lasts"
    channels, height, width = page.film.shape
    size = channels * height * width
    originals = np.random.default_rng(1).integers(0, 256, (6, height, width), dtype=np.uint8)
    for moment, step in enumerate(STEPS):
        pictures = np.random.default_rng(step).integers(0, 256, 6 * size, dtype=np.uint8).reshape(6, height, width)
        for index in range(6):
            left = index * (width + 1)
            np.testing.assert_array_equal(frames[moment, :height, left : left + width, 0], originals[index])
            below = frames[moment, height + 1 : 2 * height + 1, left : left + width, 0]
            np.testing.assert_array_equal(below, pictures[index])


def test_a_gif_can_have_the_code_space_in_its_colours(page: RewindPage) -> None:
    image, query, frames = saved(page, both=True, most=20)
    assert within_limits(query)
    assert query["channels"] == 3
    assert getattr(image, "n_frames", 1) == 7
    coloured = (frames.max(-1).astype(int) - frames.min(-1)) > 40
    assert coloured[0].sum() >= 2 * page.film.points


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 500), (4, 1, 256), (1, 28, 28)])
def test_a_gif_of_a_long_film_stays_within_the_limits(browser: Browser, shape: tuple[int, int, int], both: bool) -> None:
    film = FakeFilm(*range(0, 900, 15), shape=shape)
    film.pictures, film.corrupted, film.filters = 8, True, None
    with shown(browser, film) as page:
        page.shows(moments=60)
        _, query, _ = saved(page, both=both, most=1)
        assert within_limits(query)
        assert query["frames"] > 20


def test_what_the_server_says_of_a_gif_is_shown(page: RewindPage) -> None:
    page.page.route(f"{ADDRESS}api/gif?**", lambda route: route.fulfill(status=503, body='{"error": "Try again later."}'))
    page.find("gif").click()
    expect(page.find("note")).to_have_text("Try again later.")
    expect(page.find("gif")).to_be_enabled()


def test_another_run_is_another_film(page: RewindPage) -> None:
    page.drag_to(2)
    other = FakeFilm(0, 7, 8)
    other.token = "f" * 32
    page.film = other
    page.page.unroute(f"{ADDRESS}api/**")
    page.page.route(f"{ADDRESS}api/**", other.answer)
    page.mount_view()
    page.shows(moments=3, moment=2, step=8)


def test_dark_and_light_are_drawn_anew(page: RewindPage) -> None:
    before = page.screen()
    page.set_theme("dark")
    page.mount_view()
    drawn = int(page.reading("drawn"))
    page.page.wait_for_function(
        "drawn => document.querySelector('#host').shadowRoot.querySelector('.live').dataset.drawn > drawn", arg=drawn - 1
    )
    assert page.screen().mean() < before.mean() - 60


def test_a_class_can_be_picked_out_and_stays_so(page: RewindPage) -> None:
    chip = page.find("class-1")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    page.drag_to(2)
    expect(chip).to_have_attribute("aria-pressed", "true")
