"""The time machine as a person uses it, through a real browser: train, look back, play, save, start again."""

from __future__ import annotations

import re

from PIL import Image
from playwright.sync_api import Page, expect

from tests.live import TrainPage
from tests.server import AppServer


def test_a_run_is_trained_rewound_saved_and_started_again(page: Page, server: AppServer) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    train = TrainPage(page, server.url).open(
        "?preset=vanilla&data.name=digits&data.train_images=200&epochs=200&architecture.hidden=12"
    )
    train.press("Train")
    expect(page).to_have_url(re.compile("run=[0-9a-f]{32}"))
    train.until_state("finished")
    token = page.url.partition("run=")[2][:32]

    sent: list[str] = []
    page.goto(f"{server.url}/runs?view=Rewind&run={token}")
    view = page.get_by_test_id("rewind")
    expect(view).to_have_attribute("data-state", "finished")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(view).to_have_attribute("data-moment", re.compile(r"^([6-9]|\d\d+)$"))  # the last one, once the film is there
    last = int(view.get_attribute("data-moment") or 0)
    page.on("request", lambda request: sent.append(request.url))
    box = page.get_by_test_id("moment").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 13, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=5)
    expect(view).not_to_have_attribute("data-moment", str(last))
    page.mouse.move(box["x"] + 2, middle, steps=5)
    expect(view).to_have_attribute("data-moment", "0")
    page.mouse.up()
    expect(view).to_have_attribute("data-step", "0")
    page.keyboard.press("Space")
    expect(view).not_to_have_attribute("data-moment", "0")
    expect(view).to_have_attribute("data-moment", str(last))
    assert [address for address in sent if "/api/" in address] == [], "all was there after the first answer"
    with page.expect_download() as download:
        page.get_by_test_id("gif").click()
    with Image.open(download.value.path()) as gif:
        assert getattr(gif, "n_frames", 1) > 5

    page.get_by_test_id("moment").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(view).to_have_attribute("data-moment", str(last - 4))
    step = int(view.get_attribute("data-start") or 0)
    assert step > 0
    page.get_by_test_id("again").click()
    page.get_by_role("heading", name="Train an autoencoder").wait_for()
    expect(page.get_by_text(f"at step {step:,} (half precision).")).to_be_visible()
    expect(page).to_have_url(re.compile(f"start={token}%40{step}"))
    train.press(f"Train from step {step:,}")
    expect(page).to_have_url(re.compile("run=[0-9a-f]{32}"))
    assert token not in page.url.partition("run=")[2][:32]
    train.until_state("finished")
    expect(page.get_by_text(re.compile("It began with the weights of"))).to_be_visible()
    page.get_by_role("button", name="Begin from scratch").click()
    expect(page).not_to_have_url(re.compile("start="))
    assert errors == []
