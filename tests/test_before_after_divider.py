"""The divider between two pictures, by mouse, finger and keyboard: where it is, is read off screenshots."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.component_page import ComponentPage, Finger
from tests.divided_pictures import assert_divided_at, assert_near, move_to, open_pictures, plain_two


@pytest.fixture
def pictures(browser: Browser) -> Iterator[ComponentPage]:
    """Red before, blue after, both loaded."""
    with open_pictures(browser) as component:
        component.mount(plain_two())
        component.shows(loaded=2)
        yield component


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_divider_follows_the_pointer(pictures: ComponentPage, theme: str) -> None:
    pictures.set_theme(theme)
    requests: list[str] = []
    pictures.page.on("request", lambda request: requests.append(request.url))
    move_to(pictures, 0.25)
    assert_divided_at(pictures, 0.5)
    pictures.page.mouse.down()
    assert_divided_at(pictures, 0.25)
    for share in (0.3, 0.6, 0.75):
        move_to(pictures, share, down=0.3)
        assert_divided_at(pictures, share)
    pictures.page.mouse.up()
    move_to(pictures, 0.1)
    assert_divided_at(pictures, 0.75)
    assert requests == []
    assert pictures.told == []


def test_the_divider_stays_on_the_picture(pictures: ComponentPage) -> None:
    move_to(pictures, 0.5)
    pictures.page.mouse.down()
    move_to(pictures, 1.5)
    assert_divided_at(pictures, 1)
    move_to(pictures, -0.5)
    assert_divided_at(pictures, 0)
    pictures.page.mouse.up()


def test_other_buttons_do_not_move_it(pictures: ComponentPage) -> None:
    move_to(pictures, 0.2)
    pictures.page.mouse.down(button="middle")
    move_to(pictures, 0.3)
    pictures.page.mouse.up(button="middle")
    pictures.shows(position=50)


def test_grabbing_the_handle_beside_its_middle_moves_nothing(pictures: ComponentPage) -> None:
    x, y = pictures.point("handle", 0.1, 0.5)
    pictures.page.mouse.move(x, y)
    pictures.page.mouse.down()
    pictures.shows(position=50)
    width = pictures.box("stage")[2]
    pictures.page.mouse.move(x + width / 4, y)
    pictures.page.mouse.up()
    assert_near(pictures, 75, 0.2)


def test_a_double_click_puts_it_in_the_middle(pictures: ComponentPage) -> None:
    pictures.page.mouse.click(*pictures.point("stage", 0.2, 0.8))
    pictures.shows(position=20)
    pictures.page.mouse.dblclick(*pictures.point("stage", 0.3, 0.8))
    assert_divided_at(pictures, 0.5)


def test_keyboard(pictures: ComponentPage) -> None:
    places = {"ArrowRight": 51, "ArrowUp": 52, "ArrowLeft": 51, "ArrowDown": 50, "PageUp": 60, "PageDown": 50, "End": 100}
    places |= {"Home": 0}
    pictures.find("divider").focus()
    for key, position in places.items():
        pictures.page.keyboard.press(key)
        assert_divided_at(pictures, position / 100)
        expect(pictures.find("divider")).to_have_attribute("aria-valuenow", str(position))
    pictures.page.keyboard.press("PageDown")
    pictures.shows(position=0)
    pictures.page.keyboard.press("Shift+Tab")
    expect(pictures.page.get_by_label("Fit")).to_be_focused()


def test_titles_fade_where_there_is_no_room(pictures: ComponentPage) -> None:
    before, after = pictures.find("before-title"), pictures.find("after-title")
    expect(before).to_have_css("opacity", "1")
    expect(after).to_have_css("opacity", "1")
    pictures.find("divider").focus()
    pictures.page.keyboard.press("Home")
    expect(before).to_have_css("opacity", "0")
    expect(after).to_have_css("opacity", "1")
    pictures.page.keyboard.press("End")
    expect(before).to_have_css("opacity", "1")
    expect(after).to_have_css("opacity", "0")


PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 600}}


def test_a_finger_drags_across_and_scrolls_down(browser: Browser) -> None:
    with open_pictures(browser, **PHONE) as pictures:
        pictures.mount(plain_two())
        pictures.shows(loaded=2)
        pictures.page.evaluate("document.body.style.height = '3000px'")
        finger = Finger(pictures)
        finger.down(*pictures.point("stage", 0.5, 0.8))
        for i in range(1, 7):
            finger.move(*pictures.point("stage", 0.5 - 0.05 * i, 0.8))
        finger.up()
        assert_near(pictures, 20, 1)
        assert pictures.page.evaluate("scrollY") == 0
        x, y = pictures.point("stage", 0.7, 0.8)
        finger.down(x, y)
        for i in range(1, 11):
            finger.move(x, y - 15 * i)
        finger.up()
        pictures.page.wait_for_function("scrollY > 100")
        assert_near(pictures, 20, 1)


def test_a_tap_brings_the_divider(browser: Browser) -> None:
    with open_pictures(browser, **PHONE) as pictures:
        pictures.mount(plain_two())
        pictures.shows(loaded=2)
        pictures.page.touchscreen.tap(*pictures.point("stage", 0.75, 0.8))
        assert_near(pictures, 75, 0.5)


def test_at_actual_size_a_finger_pans_and_the_handle_drags(browser: Browser) -> None:
    with open_pictures(browser, **PHONE) as pictures:
        pictures.mount(plain_two((2000, 1500)))
        pictures.shows(loaded=2)
        pictures.page.get_by_label("Actual size").check()
        pane = pictures.find("pane")
        before = pane.evaluate("pane => pane.scrollLeft")
        finger = Finger(pictures)
        x, y = pictures.point("handle", 0.5, 0.5)
        finger.down(x, y)
        for i in range(1, 11):
            finger.move(x - 10 * i, y)
        finger.up()
        assert_near(pictures, 45, 0.2)
        assert pane.evaluate("pane => pane.scrollLeft") == before
        x, y = pictures.point("pane", 0.8, 0.8)
        finger.down(x, y)
        for i in range(1, 11):
            finger.move(x - 15 * i, y)
        finger.up()
        pictures.page.wait_for_function("([pane, x]) => pane.scrollLeft > x", arg=[pane.element_handle(), before + 100])
        assert_near(pictures, 45, 0.2)


def test_the_handle_and_the_divider_stay_in_sight_at_actual_size(browser: Browser) -> None:
    with open_pictures(browser) as pictures:
        pictures.mount(plain_two((3000, 2000)))
        pictures.page.get_by_label("Actual size").check()
        left, top, width, height = pictures.box("pane")
        for scrolled in (None, 0, 1400):
            if scrolled is not None:
                pictures.find("pane").evaluate("(pane, down) => pane.scrollTo(pane.scrollLeft, down)", scrolled)
            handle = pictures.point("handle", 0.5, 0.5)
            assert handle == pytest.approx((left + width / 2, top + height / 2), abs=2)
        pictures.find("divider").focus()
        for key in ("Home", "End"):
            pictures.page.keyboard.press(key)
            x, y = pictures.point("divider", 0.5, 0.5)
            assert left <= x <= left + width
        x, y = left + width / 4, top + height / 4
        pictures.page.mouse.click(x, y)
        divider = pictures.box("divider")
        assert divider[0] + divider[2] / 2 == pytest.approx(x, abs=1), "a click brings it"
