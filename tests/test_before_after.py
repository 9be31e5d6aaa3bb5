"""Two pictures with a divider, in a page of their own: their size, their kinds, and how they come and go."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from tests.component_page import ComponentPage
from tests.divided_pictures import (
    BLUE,
    GREEN,
    RED,
    assert_divided_at,
    colours_along,
    encoded,
    open_pictures,
    plain,
    plain_two,
    two,
)

HANDLE = 24  # pixels from the line that the handle covers


@pytest.fixture
def pictures(browser: Browser) -> Iterator[ComponentPage]:
    """Red before, blue after, both loaded."""
    with open_pictures(browser) as component:
        component.mount(plain_two())
        component.shows(loaded=2)
        yield component


def test_both_pictures_are_there(pictures: ComponentPage) -> None:
    pictures.shows(mode="fit", position=50)
    assert_divided_at(pictures, 0.5)
    expect(pictures.find("size")).to_have_text("400 × 300 pixels")
    expect(pictures.find("before-title")).to_have_text("Noisy")
    expect(pictures.find("after-title")).to_have_text("Denoised")
    divider = pictures.page.get_by_role("slider", name="Divider between Noisy and Denoised")
    expect(divider).to_have_attribute("aria-valuenow", "50")
    expect(divider).to_have_attribute("aria-valuetext", "50 % Noisy, 50 % Denoised")


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (4000, 200), (1200, 900)])
@pytest.mark.parametrize("window", [(1000, 800), (1400, 500), (360, 700)])
def test_fit_uses_the_room_there_is(browser: Browser, size: tuple[int, int], window: tuple[int, int]) -> None:
    with open_pictures(browser, viewport={"width": window[0], "height": window[1]}) as pictures:
        pictures.mount(plain_two(size))
        pictures.shows(loaded=2)
        card = pictures.box("before-after")
        left, _, width, height = pictures.box("stage")
        assert width / height == pytest.approx(size[0] / size[1], rel=0.01)
        room = card[2] - 2 * (21 if window[0] > 500 else 15)
        assert width == pytest.approx(min(room, 0.7 * window[1] * size[0] / size[1]), abs=1)
        assert left + width / 2 == pytest.approx(card[0] + card[2] / 2, abs=1), "it is in the middle"
        assert not pictures.is_too_wide()


def test_a_small_picture_is_enlarged_pixel_by_pixel(browser: Browser) -> None:
    board = (np.indices((20, 28)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grey = np.repeat(board[:, :, None], 3, axis=2)
    with open_pictures(browser) as pictures:
        pictures.mount(two(encoded(grey), encoded(255 - grey), (28, 20)))
        pictures.shows(loaded=2)
        _, _, width, height = pictures.box("stage")
        times = int(width) // 28
        assert times >= 20
        assert (width, height) == (28 * times, 20 * times)
        pictures.find("divider").focus()
        pictures.page.keyboard.press("End")
        row = colours_along(pictures, down=0.925)[:, 0]
        wanted = np.repeat(board[18], times)
        assert (row[: -HANDLE - 1] == wanted[: -HANDLE - 1]).all()
        pictures.page.keyboard.press("Home")
        assert (colours_along(pictures, down=0.925)[HANDLE:, 0] == 255 - wanted[HANDLE:]).all()


def test_actual_size_is_pixel_for_pixel(browser: Browser) -> None:
    random = np.random.default_rng(0)
    before, after = (random.integers(0, 256, (900, 1600, 3), dtype=np.uint8) for _ in range(2))
    with open_pictures(browser) as pictures:
        pictures.mount(two(encoded(before), encoded(after), (1600, 900)))
        pictures.shows(loaded=2)
        window = pictures.box("pane")
        pictures.page.get_by_label("Actual size").check()
        pictures.shows(mode="actual")
        assert pictures.box("stage")[2:] == (1600, 900)
        assert pictures.box("pane") == window, "nothing around it moves"
        left, top, width, height = window
        pictures.page.mouse.move(left + width / 2, top + height / 2)
        pictures.page.mouse.wheel(0, 200)
        pictures.page.mouse.wheel(-60, 0)
        pictures.page.wait_for_function(
            "pane => pane.scrollTop > 0 && pane.scrollLeft < (1600 - pane.clientWidth) / 2 - 40",
            arg=pictures.find("pane").element_handle(),
        )
        pictures.shows(position=50)
        pictures.page.mouse.move(0, 0)
        screen = pictures.screen()
        x, y, _, _ = (round(number) for number in pictures.box("stage"))
        rows = slice(int(top + height) - 60, int(top + height) - 10)
        line = x + 800
        for picture, columns in ((before, slice(int(left) + 40, line - 10)), (after, slice(line + 10, int(left + width) - 40))):
            seen = screen[rows, columns]
            wanted = picture[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
            assert seen.size > 0
            np.testing.assert_array_equal(seen, wanted)


def test_a_picture_smaller_than_its_window_is_in_the_middle(pictures: ComponentPage) -> None:
    window = pictures.box("pane")
    assert window[2] > 400
    pictures.page.get_by_label("Actual size").check()
    left, top, width, height = pictures.box("stage")
    assert (width, height) == (400, 300)
    assert pictures.box("pane") == window
    assert (left + 200, top + 150) == pytest.approx((window[0] + window[2] / 2, window[1] + window[3] / 2), abs=1)
    assert_divided_at(pictures, 0.5)
    pictures.page.get_by_label("Fit").check()
    pictures.shows(mode="fit")
    assert pictures.box("stage") == window


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_kinds_of_pictures(browser: Browser, kind: str) -> None:
    with open_pictures(browser) as pictures:
        pictures.mount(two(plain(RED, kind=kind), plain(BLUE, kind=kind)))
        pictures.shows(loaded=2)
        colours = colours_along(pictures).astype(int)
        assert np.abs(colours[:100] - RED).max() <= 2
        assert np.abs(colours[-100:] - BLUE).max() <= 2


def test_what_one_picture_leaves_clear_does_not_show_the_other(browser: Browser) -> None:
    with open_pictures(browser) as pictures:
        pictures.mount(two(plain((0, 0, 0, 0)), plain(BLUE)))
        pictures.shows(loaded=2)
        colours = colours_along(pictures)
        assert (colours[:100] == (0xF3, 0xF5, 0xFA)).all()
        assert (colours[-100:] == BLUE).all()


def test_a_broken_picture_has_its_room_and_a_sentence(pictures: ComponentPage) -> None:
    window = pictures.box("pane")
    expect(pictures.find("trouble")).to_be_hidden()
    pictures.mount(two(plain(RED), plain(BLUE)[:40]))
    expect(pictures.find("trouble")).to_be_visible()
    pictures.shows(loaded=1)
    assert pictures.box("pane") == window, "the room does not depend on what has arrived"
    pictures.mount(plain_two())
    expect(pictures.find("trouble")).to_be_hidden()
    pictures.shows(loaded=2)


def test_a_rerun_keeps_what_the_person_did(pictures: ComponentPage) -> None:
    pictures.page.mouse.click(*pictures.point("stage", 0.2, 0.8))
    pictures.page.get_by_label("Actual size").check()
    address = pictures.find("before").get_attribute("src")
    pictures.mount(plain_two())
    pictures.shows(position=20, mode="actual", loaded=2)
    assert pictures.find("before").get_attribute("src") == address, "the same pictures are not loaded again"
    assert_divided_at(pictures, 0.2)


def test_new_pictures_take_the_place_of_the_old(pictures: ComponentPage) -> None:
    pictures.page.mouse.click(*pictures.point("stage", 0.2, 0.8))
    old = pictures.find("after").get_attribute("src")
    pictures.mount(two(plain(RED), plain(GREEN), titles=("Noisy", "Median")))
    pictures.shows(loaded=2, position=20)
    expect(pictures.find("after-title")).to_have_text("Median")
    colours = colours_along(pictures)
    assert (colours[:50] == RED).all()
    assert (colours[-50:] == GREEN).all()
    assert is_gone(pictures, old)
    pictures.mount(two(plain(RED, (300, 600)), plain(GREEN, (300, 600)), (300, 600)))
    pictures.shows(loaded=2)
    assert pictures.box("stage")[3] == pytest.approx(2 * pictures.box("stage")[2])


def is_gone(pictures: ComponentPage, address: str | None) -> bool:
    """Return whether the browser has let go of the bytes behind an address that it made for them."""
    return bool(pictures.page.evaluate("address => fetch(address).then(() => false, () => true)", address))


def test_the_pictures_are_let_go_of(pictures: ComponentPage) -> None:
    addresses = [pictures.find(name).get_attribute("src") for name in ("before", "after")]
    pictures.page.unroute_all()
    assert not any(is_gone(pictures, address) for address in addresses)
    pictures.unmount()
    assert all(is_gone(pictures, address) for address in addresses)


def test_an_overtaken_call_lets_go_of_nothing(pictures: ComponentPage) -> None:
    pictures.page.evaluate("() => { window.early = window.unmount }")
    pictures.mount(plain_two())
    pictures.page.evaluate("() => early()")
    pictures.page.unroute_all()
    assert not is_gone(pictures, pictures.find("before").get_attribute("src"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [280, 360, 700, 1200])
def test_it_fits(pictures: ComponentPage, width: int, theme: str) -> None:
    pictures.set_width(width)
    pictures.set_theme(theme)
    for mode in ("Fit", "Actual size"):
        pictures.page.get_by_label(mode).check()
        assert not pictures.is_too_wide()
        assert pictures.cut_off("label, p, .title") == []
        _, top, _, height = pictures.box("handle")
        _, window_top, _, window_height = pictures.box("pane")
        assert top >= window_top
        assert top + height <= window_top + window_height


def test_what_is_not_a_picture_is_refused() -> None:
    good = plain(RED)
    for bad in (b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF1234WAVE"):
        with pytest.raises(ValueError, match="Only PNG, JPEG and WebP"):
            two(good, bad)
        with pytest.raises(ValueError, match="Only PNG, JPEG and WebP"):
            two(bad, good)
    with pytest.raises(ValueError, match="cannot have 0 x 300 pixels"):
        two(good, good, (0, 300))
    with pytest.raises(ValueError, match="cannot have 400 x -1 pixels"):
        two(good, good, (400, -1))


def test_titles_are_text(browser: Browser) -> None:
    with open_pictures(browser) as pictures:
        title = "<img src=x onerror=alert(1)>"
        pictures.mount(two(plain(RED), plain(BLUE), titles=(title, "ø & \N{GRINNING FACE}")))
        pictures.shows(loaded=2)
        expect(pictures.find("before-title")).to_have_text(title)
        expect(pictures.find("after-title")).to_have_text("ø & \N{GRINNING FACE}")
        expect(pictures.root.locator("img")).to_have_count(2)


def test_a_page_can_show_it() -> None:
    def page() -> None:
        from aecore.ui.before_after import before_after
        from tests.divided_pictures import RED, SIZE, plain

        before_after(plain(RED), plain(RED), size=SIZE, before_title="A", after_title="B", key="pictures")

    app = AppTest.from_function(page).run()
    assert not app.exception
