"""The clock of a fragment that looks for news by itself: it asks, waits for the answer, and is silent while the page is left."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from aecore.ui.components import source
from tests.component_page import ComponentPage

TICK = ["trigger", "tick", True]


@pytest.fixture
def clock(browser: Browser) -> Iterator[ComponentPage]:
    """A clock that ticks every second, in a page whose time stands still until a test lets it go on; with a link beside it."""
    component = ComponentPage(browser, "ticking", html="", css="", js=source("ticking.js"))
    component.page.clock.install(time=0)
    component.page.clock.pause_at(60_000)
    component.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<a href=\"#there\"><b>Elsewhere</b></a>')")
    drawn(component)
    yield component
    component.context.close()
    assert component.errors == []


def drawn(component: ComponentPage) -> None:
    """As the server's answer does."""
    component.page.evaluate("mount({ every: 1000, at: 0 })")


def test_it_asks_once_for_every_answer(clock: ComponentPage) -> None:
    clock.page.clock.run_for(999)
    assert clock.told == []
    clock.page.clock.run_for(1)
    assert clock.told == [TICK]
    clock.page.clock.run_for(3000)
    assert clock.told == [TICK], "the server has not answered yet"
    drawn(clock)
    clock.page.clock.run_for(1000)
    assert clock.told == [TICK] * 2
    clock.page.clock.run_for(5000)
    assert clock.told == [TICK] * 3, "an answer that does not come is asked for again"


@pytest.mark.parametrize("leave", ["click", "back"])
def test_it_is_silent_while_the_page_is_left(clock: ComponentPage, leave: str) -> None:
    clock.page.clock.run_for(500)
    if leave == "click":
        clock.page.get_by_text("Elsewhere").click()
    else:
        clock.page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    drawn(clock)  # an answer that was under way
    clock.page.clock.run_for(9000)
    assert clock.told == []
    clock.page.clock.run_for(3000)
    assert clock.told == [TICK], "the link led to a tab of its own"


def test_a_click_on_anything_else_changes_nothing(clock: ComponentPage) -> None:
    clock.page.mouse.click(300, 300)
    clock.page.clock.run_for(1000)
    assert clock.told == [TICK]


def test_it_ends_with_its_fragment(clock: ComponentPage) -> None:
    clock.unmount()
    clock.page.clock.run_for(60_000)
    assert clock.told == []
