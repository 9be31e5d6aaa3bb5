"""The Denoise page as a person uses it, through a real browser: slide, train, try, upload, draw, drag, download, reload."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, WebSocket, expect

from aecore.data.arrays import load_arrays
from aecore.pictures.sources import HELD_OUT, bundled_picture
from tests.live import TrainPage
from tests.server import AppServer, wait_for

Bytes = npt.NDArray[np.uint8]


def encoded(pixels: Bytes, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def photo_of_digits(count: int) -> Bytes:
    """Digits in dark ink on paper that gets darker to the right."""
    images = load_arrays("digits")[2].images
    paper = np.linspace(230, 170, 190 * count + 40)[None, :].repeat(300, 0)
    for place in range(count):
        ink = np.kron(images[place * 7, 0], np.ones((5, 5))) / 255
        part = paper[70:210, 40 + 190 * place : 180 + 190 * place]
        part *= 1 - 0.8 * ink
    return np.repeat(paper.astype(np.uint8)[..., None], 3, axis=2)


def a_file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


class DenoisePage:
    """One tab on the Denoise page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, query: str = "") -> DenoisePage:
        self.page.goto(f"{self.url}/denoise{query}")
        self.page.get_by_role("heading", name="Denoise", exact=True).wait_for()
        self.settled()
        return self

    def settled(self) -> None:
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    @property
    def live(self) -> Locator:
        return self.page.get_by_test_id("denoise-live")

    def read(self, name: str) -> str:
        return self.live.get_attribute(f"data-{name}") or ""

    def changes(self, name: str, before: str) -> None:
        wait_for(lambda: self.read(name) not in ("", before), f"another {name} than {before}")

    def upload(self, name: str, data: bytes) -> None:
        self.page.locator("input[type=file]").set_input_files([a_file(name, data)])


@pytest.fixture
def denoise(page: Page, server: AppServer) -> DenoisePage:
    return DenoisePage(page, server.url)


def test_the_noise_and_the_answers_follow_the_slider_without_a_message(denoise: DenoisePage) -> None:
    sent: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    denoise.page.on("websocket", listen)
    denoise.open()
    denoise.changes("answer-hash-2", "")
    before = len(sent)
    assert before > 0  # the listener hears
    slider = denoise.page.get_by_test_id("level")
    box = slider.bounding_box()
    assert box is not None
    noisy, answer = denoise.read("noisy-hash"), denoise.read("answer-hash-0")
    denoise.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
    denoise.page.mouse.down()
    for share in (0.4, 0.3, 0.2):
        denoise.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        denoise.changes("noisy-hash", noisy)
        denoise.changes("answer-hash-0", answer)
        noisy, answer = denoise.read("noisy-hash"), denoise.read("answer-hash-0")
    denoise.page.mouse.up()
    assert abs(float(denoise.read("level")) - 0.2) < 0.05
    assert len(sent) == before
    # A network that was trained for it takes the noise away.
    assert float(denoise.read("psnr-0")) > float(denoise.read("psnr-noisy")) + 3


def test_train_here_and_try_it_on_pictures(denoise: DenoisePage) -> None:
    denoise.open("?tab=Train&epochs=1&also_plain=false")
    train = TrainPage(denoise.page, denoise.url)
    train.press("Train")
    train.until_state("finished")
    denoise.settled()
    denoise.page.get_by_role("button", name="Try it on pictures").click()
    expect(denoise.page.get_by_role("tab", name="Corrupt")).to_have_attribute("aria-selected", "true")
    denoise.changes("answer-hash-0", "")
    expect(denoise.live).to_contain_text("trained with Gaussian noise, 0 to 0.6")


def test_digits_of_a_photo_are_found_shown_and_denoised(denoise: DenoisePage) -> None:
    denoise.open("?tab=Yours")
    denoise.upload("/etc/passwd", encoded(photo_of_digits(4), "JPEG"))
    expect(denoise.page.get_by_text("4 digits found.")).to_be_visible()
    expect(denoise.page.get_by_test_id("found-digits").locator("img")).to_have_count(12)
    denoise.changes("answer-hash-0", "")
    denoise.page.get_by_test_id("picture-3").click()
    wait_for(lambda: denoise.read("picked") == "3", "the fourth digit")


def test_a_drawing_is_denoised(denoise: DenoisePage) -> None:
    denoise.open("?tab=Yours&from=Draw")
    board = denoise.page.get_by_test_id("board")
    box = board.bounding_box()
    assert box is not None
    denoise.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    denoise.page.mouse.down()
    denoise.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    denoise.page.mouse.up()
    expect(denoise.page.get_by_text("1 digit found.")).to_be_visible()
    denoise.changes("answer-hash-0", "")
    denoise.page.get_by_test_id("clear").click()
    expect(denoise.live).to_have_count(0)


def test_any_other_picture_is_denoised_compared_and_downloaded(denoise: DenoisePage, tmp_path: Path) -> None:
    clean = bundled_picture(HELD_OUT["cat"])[50:250, 100:400]
    denoise.open("?tab=Yours&shows=Any+other+picture&added=25")
    denoise.upload("cat.webp", encoded(clean, "WebP"))
    slider = denoise.page.get_by_test_id("before-after")
    slider.wait_for(timeout=90_000)
    expect(slider).to_have_attribute("data-loaded", "2")
    denoise.settled()

    def roughness() -> float:
        """How much neighbouring pixels in the middle of the picture on the screen differ."""
        shot = denoise.page.get_by_test_id("stage").screenshot()
        shown = np.asarray(Image.open(io.BytesIO(shot)).convert("L"), float)
        height, width = shown.shape
        middle = shown[height // 3 : -height // 3, width // 3 : -width // 3]
        return float(np.abs(np.diff(middle, axis=1)).mean())

    divider = denoise.page.get_by_test_id("divider")
    divider.focus()
    denoise.page.keyboard.press("End")
    wait_for(lambda: slider.get_attribute("data-position") == "100", "the divider at the right end")
    with_noise = roughness()
    denoise.page.keyboard.press("Home")
    wait_for(lambda: slider.get_attribute("data-position") == "0", "the divider at the left end")
    assert roughness() < 0.75 * with_noise

    with denoise.page.expect_download() as download:
        denoise.page.get_by_role("button", name="Download as PNG").click()
    target = tmp_path / "denoised.png"
    download.value.save_as(target)
    result = np.asarray(Image.open(target), float)
    assert result.shape == clean.shape
    assert np.mean((result - clean) ** 2) < 0.5 * 25**2

    # Another strength of the added noise is another result; the divider stays where it was put.
    denoise.page.get_by_role("slider", name="Add noise first").focus()
    metric = denoise.page.get_by_test_id("stMetric").filter(has_text="PSNR with noise")
    before = metric.inner_text()
    denoise.page.keyboard.press("ArrowRight")
    wait_for(lambda: metric.count() == 1 and metric.inner_text() != before, "another result")
    expect(slider).to_have_attribute("data-position", "0")

    # A picture that is taken away is gone, and so is its result.
    denoise.page.get_by_role("button", name="Remove cat.webp").click()
    expect(slider).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.png", b"", "empty"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "PNG"),
        ("cut.jpg", encoded(photo_of_digits(1), "JPEG")[:900], "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence_and_the_app_goes_on(
    denoise: DenoisePage, name: str, data: bytes, says: str
) -> None:
    denoise.open("?tab=Yours")
    denoise.upload(name, data)
    expect(denoise.page.get_by_role("alert")).to_contain_text(says)
    denoise.upload("digits.png", encoded(photo_of_digits(2)))
    expect(denoise.page.get_by_text("2 digits found.")).to_be_visible()
    expect(denoise.page.get_by_role("alert")).to_have_count(0)


def test_the_address_keeps_the_tab_and_its_settings_through_a_reload(denoise: DenoisePage) -> None:
    denoise.open()
    denoise.page.get_by_role("tab", name="Train").click()
    denoise.page.get_by_role("radio", name="Convolutional").click()
    wait_for(lambda: "network" in parse_qs(urlsplit(denoise.page.url).query), "the network in the address")
    denoise.page.reload()
    denoise.settled()
    expect(denoise.page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    expect(denoise.page.get_by_role("radio", name="Convolutional")).to_be_checked()
    # Other pages are not confused by what this one left in the address.
    denoise.page.get_by_role("link", name="Train", exact=True).first.click()
    denoise.page.get_by_role("heading", name="Train an autoencoder").wait_for()
    expect(denoise.page.get_by_role("alert")).to_have_count(0)
