"""The drawing board, in a page of its own: what the pointer draws is what Python gets."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from aecore.ui.draw_digit import SCRIPTS, SIDE, STYLES, picture_in
from tests.component_page import ComponentPage, Finger, Pixels, opened

BLACK, WHITE = 0, 255


def open_board(browser: Browser, **context: Any) -> AbstractContextManager[ComponentPage]:
    """Open a page for the board; context are options of the browser context."""
    return opened(browser, "draw_digit", css=STYLES, js=SCRIPTS, **context)


@pytest.fixture
def board(browser: Browser) -> Iterator[ComponentPage]:
    with open_board(browser) as component:
        component.mount()
        yield component


def draw(board: ComponentPage, *places: tuple[float, float]) -> None:
    """Draw one stroke with the mouse through places that are shares of the board's width and height."""
    board.page.mouse.move(*board.point("board", *places[0]))
    board.page.mouse.down()
    for place in places[1:]:
        board.page.mouse.move(*board.point("board", *place))
    board.page.mouse.up()


def told(board: ComponentPage) -> list[bytes | None]:
    """Return every drawing that the board has handed over, as Python sees it."""
    assert all(event[:2] == ["state", "drawing"] for event in board.told)
    return [picture_in(drawing) for _, _, drawing in board.told]


def last_picture(board: ComponentPage) -> Pixels:
    """Return the last drawing handed over, (280, 280): row, column."""
    png = told(board)[-1]
    assert png is not None
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    assert picture.shape == (SIDE, SIDE, 4)
    assert (picture[:, :, 3] == 255).all(), "nothing shines through"
    assert (picture[:, :, :3] == picture[:, :, :1]).all(), "it is grey"
    return picture[:, :, 0]


def thickness(line: Pixels) -> float:
    """Return how wide the ink is along a line of pixels, in pixels; half-covered pixels count half."""
    return float(line.sum() / WHITE)


def test_a_stroke_is_handed_over_where_the_mouse_went(board: ComponentPage) -> None:
    board.shows(strokes=0, pen="up", empty="true")
    expect(board.find("hint")).to_have_text("Nothing drawn yet")
    draw(board, (0.25, 0.5), (0.5, 0.5), (0.75, 0.5))
    board.shows(strokes=1, pen="up", empty="false")
    expect(board.find("hint")).to_have_text("1 stroke")
    picture = last_picture(board)
    assert len(board.told) == 1
    assert (picture[140, 70:211] == WHITE).all()
    assert thickness(picture[:, 140]) == pytest.approx(22, abs=0.5)
    assert (picture[:127] == BLACK).all()
    assert (picture[153:] == BLACK).all()
    assert picture[140, 61] == WHITE, "the end is round"
    assert picture[131, 61] == BLACK, "the end is round"


def test_nothing_is_told_while_drawing(board: ComponentPage) -> None:
    board.page.mouse.move(*board.point("board", 0.2, 0.2))
    board.page.mouse.down()
    for i in range(20):
        board.page.mouse.move(*board.point("board", 0.2 + 0.03 * i, 0.5))
        board.shows(pen="down", strokes=0)
    x, y = board.point("board", 0.77, 0.5)
    board.page.wait_for_function(
        """([x, y]) => document.querySelector("#host").shadowRoot.querySelector("[data-testid=fresh-ink]")
          .getContext("2d").getImageData(x, y, 1, 1).data[3] === 255""",
        arg=[0.5 * SIDE, 0.5 * SIDE],
    )
    assert board.told == []
    board.page.mouse.up()
    board.shows(pen="up", strokes=1)
    assert len(board.told) == 1
    board.page.mouse.move(x, y - 100)
    assert len(board.told) == 1
    assert last_picture(board)[100, 200] == BLACK, "the pen is up"


def test_a_click_is_a_dot(board: ComponentPage) -> None:
    draw(board, (0.5, 0.25))
    picture = last_picture(board)
    assert picture.sum() / WHITE == pytest.approx(np.pi * 11**2, rel=0.02)
    rows, columns = np.nonzero(picture)
    assert (rows.mean(), columns.mean()) == pytest.approx((69.5, 139.5), abs=0.5)


def test_a_fast_hand_draws_a_curve(board: ComponentPage) -> None:
    board.page.get_by_label("Fine").check()
    draw(board, (0.25, 0.25), (0.75, 0.25), (0.75, 0.75))
    picture = last_picture(board)
    assert picture[70, 210] == BLACK, "no corner"
    assert picture[87, 175] == WHITE
    assert picture[209, 209] == WHITE, "it ends where the pointer was"


def test_other_buttons_do_not_draw(board: ComponentPage) -> None:
    board.page.mouse.move(*board.point("board", 0.5, 0.5))
    board.page.mouse.down(button="right")
    board.page.mouse.up(button="right")
    board.shows(strokes=0, pen="up")
    assert board.told == []


def test_a_finger_draws_and_does_not_scroll(browser: Browser) -> None:
    with open_board(browser, has_touch=True, is_mobile=True, viewport={"width": 360, "height": 400}) as board:
        board.mount()
        board.page.evaluate("document.body.style.height = '3000px'")
        finger = Finger(board)
        finger.down(*board.point("board", 0.5, 0.9))
        board.shows(pen="down")
        for i in range(1, 9):
            finger.move(*board.point("board", 0.5, 0.9 - 0.1 * i))
        assert board.told == []
        finger.up()
        board.shows(strokes=1, pen="up")
        picture = last_picture(board)
        assert (picture[30:250, 140] == WHITE).all()
        assert thickness(picture[140]) == pytest.approx(22, abs=0.5)
        assert board.page.evaluate("scrollY") == 0


def test_a_second_finger_does_not_draw(browser: Browser) -> None:
    with open_board(browser, has_touch=True) as board:
        board.mount()
        first, second = board.point("board", 0.3, 0.3), board.point("board", 0.7, 0.7)
        finger = Finger(board)
        finger.down(*first)
        finger.down(*first, *second)
        finger.move(*first, second[0] + 30, second[1])
        finger.up()
        board.shows(strokes=1)
        picture = last_picture(board)
        assert picture[84, 84] == WHITE
        assert (picture[150:, 150:] == BLACK).all()


def test_drawing_with_the_keyboard(board: ComponentPage) -> None:
    press = board.page.keyboard.press
    expect(board.find("pen")).to_be_hidden()
    press("Tab")
    expect(board.find("board")).to_be_focused()
    expect(board.find("pen")).to_be_visible()
    press("Space")
    board.shows(pen="down", strokes=0)
    expect(board.find("hint")).to_have_text("The pen is down")
    for _ in range(5):
        press("ArrowRight")
    press("Shift+ArrowUp")
    press("Shift+ArrowUp")
    assert board.told == []
    press("Enter")
    board.shows(pen="up", strokes=1)
    picture = last_picture(board)
    assert (picture[140, 140:158] == WHITE).all(), "five small steps to the right"
    assert (picture[92:130, 170] == WHITE).all(), "two large steps up"
    assert picture[60, 170] == BLACK
    left, top, width, height = board.box("pen")
    assert (left + width / 2, top + height / 2) == pytest.approx(board.point("board", 170 / SIDE, 92 / SIDE), abs=1)
    for _ in range(20):
        press("Shift+ArrowDown")
    press("Space")
    press("Space")
    board.shows(strokes=2)
    assert last_picture(board)[279, 170] == WHITE, "the pen stays on the board"
    assert len(board.told) == 2


def test_backspace_and_delete(board: ComponentPage) -> None:
    draw(board, (0.2, 0.2), (0.8, 0.2))
    draw(board, (0.2, 0.8), (0.8, 0.8))
    first = told(board)[0]
    press = board.page.keyboard.press
    press("Space")
    press("ArrowUp")
    press("Backspace")
    board.shows(strokes=2, pen="up")
    press("Backspace")
    board.shows(strokes=1)
    assert told(board)[-1] == first
    draw(board, (0.5, 0.5))
    press("Delete")
    board.shows(strokes=0, empty="true")
    assert told(board)[-1] is None
    count = len(board.told)
    press("Delete")
    press("Backspace")
    assert len(board.told) == count, "there was nothing to take away"


def test_leaving_the_board_lifts_the_keyboards_pen(board: ComponentPage) -> None:
    board.find("board").focus()
    board.page.keyboard.press("Space")
    board.page.keyboard.press("ArrowRight")
    board.page.keyboard.press("Tab")
    board.shows(pen="up", strokes=1)
    expect(board.find("pen")).to_be_hidden()
    assert last_picture(board)[140, 146] == WHITE


def test_undo_and_clear(board: ComponentPage) -> None:
    undo, clear = board.find("undo"), board.find("clear")
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    draw(board, (0.2, 0.2), (0.8, 0.2))
    draw(board, (0.2, 0.8), (0.8, 0.8))
    expect(board.find("hint")).to_have_text("2 strokes")
    assert last_picture(board)[56, 140] == last_picture(board)[224, 140] == WHITE
    undo.click()
    board.shows(strokes=1)
    assert last_picture(board)[56, 140] == WHITE
    assert last_picture(board)[224, 140] == BLACK
    draw(board, (0.5, 0.5))
    clear.click()
    board.shows(strokes=0, empty="true")
    assert len(board.told) == 5
    assert told(board)[-1] is None
    expect(undo).to_be_disabled()
    x, y = board.point("board", 0.5, 0.2)
    assert (board.screen()[int(y), int(x)] == BLACK).all()


@pytest.mark.parametrize(("name", "width"), [("Fine", 14), ("Medium", 22), ("Thick", 30)])
def test_the_width_of_the_pen(board: ComponentPage, name: str, width: int) -> None:
    draw(board, (0.1, 0.2), (0.9, 0.2))
    board.page.get_by_label(name).check()
    draw(board, (0.1, 0.7), (0.9, 0.7))
    picture = last_picture(board)
    assert thickness(picture[:140, 140]) == pytest.approx(22, abs=0.5)
    assert thickness(picture[140:, 140]) == pytest.approx(width, abs=0.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_drawing_stays_through_reruns_and_themes(board: ComponentPage, theme: str) -> None:
    draw(board, (0.25, 0.25), (0.25, 0.75))
    board.page.get_by_label("Thick").check()
    board.set_theme(theme)
    board.mount()
    board.shows(strokes=1)
    assert len(board.told) == 1
    screen = board.screen()
    x, y = board.point("board", 0.25, 0.5)
    assert (screen[int(y), int(x)] == WHITE).all()
    assert (screen[int(y), int(x) + 30] == BLACK).all()
    expect(board.page.get_by_label("Thick")).to_be_checked()
    draw(board, (0.6, 0.5), (0.9, 0.5))
    picture = last_picture(board)
    assert picture[140, 70] == picture[140, 210] == WHITE


def test_an_overtaken_call_does_not_take_the_drawing_along(board: ComponentPage) -> None:
    draw(board, (0.25, 0.25), (0.25, 0.75))
    board.page.evaluate("() => { window.early = window.unmount }")
    board.mount()
    board.page.evaluate("() => early()")
    board.mount()
    board.shows(strokes=1)
    draw(board, (0.6, 0.5), (0.9, 0.5))
    assert last_picture(board)[140, 70] == WHITE


def test_a_board_that_is_mounted_anew_is_empty(board: ComponentPage) -> None:
    draw(board, (0.5, 0.5))
    board.unmount()
    board.mount()
    board.shows(strokes=0, empty="true")
    assert len(board.told) == 1


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_ink_is_sharp_on_any_screen(browser: Browser, ratio: float) -> None:
    with open_board(browser, device_scale_factor=ratio) as board:
        board.mount()
        draw(board, (0.25, 0.5), (0.75, 0.5))
        x, top = board.point("board", 0.5, 0.25)
        _, bottom = board.point("board", 0.5, 0.75)
        line = board.screen()[int(top * ratio) : int(bottom * ratio), int(x * ratio), 0]
        assert thickness(line) == pytest.approx(22 * ratio, abs=1)
        assert ((line > BLACK) & (line < WHITE)).sum() <= 4, "two edges, each of two pixels at most"
        assert board.find("ink").evaluate("canvas => canvas.width") == SIDE * ratio
        assert thickness(last_picture(board)[:, 140]) == pytest.approx(22, abs=0.5), "the same on every screen"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [280, 360, 500, 700, 1000])
def test_it_fits(board: ComponentPage, width: int, theme: str) -> None:
    board.set_width(width)
    board.set_theme(theme)
    assert not board.is_too_wide()
    assert board.cut_off("label, button, p") == []
    _, _, across, down = board.box("board")
    assert across == down
    assert across == 280 if width >= 360 else across < 280
    draw(board, (0.25, 0.25), (0.75, 0.25))
    picture = last_picture(board)
    assert (picture[70, 75:205] == WHITE).all()
    assert thickness(picture[:, 140]) == pytest.approx(22, abs=0.5)


def test_a_stroke_grows_no_layout(board: ComponentPage) -> None:
    board.set_width(360)
    before = [board.box(name) for name in ("board", "undo", "clear", "draw-digit")]
    draw(board, (0.2, 0.2), (0.8, 0.2))
    draw(board, (0.2, 0.8), (0.8, 0.8))
    assert [board.box(name) for name in ("board", "undo", "clear", "draw-digit")] == before


def test_a_page_can_show_it() -> None:
    def page() -> None:
        import streamlit as st

        from aecore.ui.draw_digit import draw_digit

        st.write(str(draw_digit(key="board")))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.markdown[0].value == "None"
