"""GIFs, and the files that the Between view saves, are opened again and compared with what they were made of."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from aecore.pictures.animation import gif
from aecore.ui.components import source
from aecore.ui.latent_between import FILES, SHEETS
from tests.latent_harness import FakeSpace, SpacePage, opened

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]


def noise(*shape: int) -> Bytes:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def frames_in(data: bytes) -> tuple[Bytes, Image.Image]:
    """The frames (N, H, W, 3) as a browser shows them, and the picture."""
    image = Image.open(io.BytesIO(data))
    frames = []
    for i in range(getattr(image, "n_frames", 1)):
        image.seek(i)
        frames.append(np.asarray(image.convert("RGB")))
    return np.stack(frames), image


@pytest.mark.parametrize("scale", [1, 3, 8])
@pytest.mark.parametrize("shape", [(62, 28, 28), (31, 86, 28), (2, 1, 1), (3, 5, 64)])
def test_greys_stay_exactly_what_they_are(shape: tuple[int, ...], scale: int) -> None:
    frames = noise(*shape)
    frames[:, 1::3] = 0  # much stays the same from frame to frame, as in pictures on black
    shown, image = frames_in(gif(frames, 100, scale))
    assert shown.shape == (shape[0], shape[1] * scale, shape[2] * scale, 3)
    expected = frames.repeat(scale, 1).repeat(scale, 2)
    for channel in range(3):
        np.testing.assert_array_equal(shown[..., channel], expected)
    assert image.info["loop"] == 0, "again and again"


def test_all_256_greys_at_once() -> None:
    frames = np.stack([np.arange(256, dtype=np.uint8).reshape(16, 16), np.arange(256, dtype=np.uint8)[::-1].reshape(16, 16)])
    np.testing.assert_array_equal(frames_in(gif(frames, 100))[0][..., 1], frames)


def test_colours() -> None:
    frames = np.zeros((4, 6, 5, 3), np.uint8)
    for i, colour in enumerate([(255, 0, 0), (0, 128, 0), (10, 20, 200), (250, 240, 10)]):
        frames[i, 1:4] = colour
    shown, _ = frames_in(gif(frames, 50, 2))
    np.testing.assert_array_equal(shown, frames.repeat(2, 1).repeat(2, 2))


def test_more_colours_than_a_palette_has() -> None:
    across, down = np.meshgrid(np.arange(64), np.arange(64))
    smooth = np.stack([4 * across, 4 * down, 128 + 0 * across], axis=2).astype(np.uint8)
    shown, _ = frames_in(gif(np.stack([smooth, smooth[::-1]]), 50))
    assert np.abs(shown[0].astype(int) - smooth).mean() < 6
    assert np.abs(shown[1].astype(int) - smooth[::-1]).mean() < 6


@pytest.mark.parametrize(("milliseconds", "shown"), [(20, 20), (97, 100), (100, 100), (1234, 1230)])
def test_how_long_a_frame_is_shown(milliseconds: int, shown: int) -> None:
    assert frames_in(gif(noise(3, 4, 4), milliseconds))[1].info["duration"] == shown


def test_equal_frames_are_shown_for_as_long_as_all() -> None:
    image = Image.open(io.BytesIO(gif(noise(1, 4, 4).repeat(5, 0), 100)))
    assert getattr(image, "n_frames", 1) == 1
    assert image.info["duration"] == 500


@pytest.mark.parametrize(
    ("frames", "more", "says"),
    [
        (np.zeros((2, 4, 4)), {}, "bytes of shape"),
        (np.zeros((4, 4), np.uint8), {}, "bytes of shape"),
        (np.zeros((2, 4, 4, 2), np.uint8), {}, "bytes of shape"),
        (np.zeros((2, 3, 4, 4, 3), np.uint8), {}, "bytes of shape"),
        (np.zeros((0, 4, 4), np.uint8), {}, "at least one frame"),
        (np.zeros((2, 0, 4), np.uint8), {}, "at least one pixel"),
        (np.zeros((2, 4, 4), np.uint8), {"milliseconds": 19}, "20 to 10,000 milliseconds"),
        (np.zeros((2, 4, 4), np.uint8), {"milliseconds": 20_000}, "not for 20,000"),
        (np.zeros((2, 4, 4), np.uint8), {"scale": 0}, "whole number from 1"),
    ],
)
def test_what_is_no_animation(frames: Any, more: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        gif(frames, **{"milliseconds": 100, **more})


# --- from the browser -----------------------------------------------------------------------------------------------------


def answer(route: Route) -> None:
    """What the route answers, without a server."""
    query = parse_qs(urlsplit(route.request.url).query)
    number = {name: int(values[0]) for name, values in query.items()}
    shape = [number[name] for name in ("frames", "height", "width", "channels")]
    frames = np.frombuffer(route.request.post_data_buffer or b"", np.uint8).reshape(shape)
    route.fulfill(body=gif(frames[..., 0] if shape[3] == 1 else frames, number["milliseconds"], number["scale"]))


@pytest.fixture(scope="module")
def space() -> FakeSpace:
    return FakeSpace(code__size=5)


@pytest.fixture
def view(browser: Browser, space: FakeSpace) -> Iterator[SpacePage]:
    with opened(browser, "latent_between", space, css=SHEETS, js=FILES, reduced_motion="reduce") as page:
        page.page.route("**/api/gif?*", answer)
        page.shows(strips="done")
        yield page


def saved(view: SpacePage, button: str, folder: Path) -> Image.Image:
    with view.page.expect_download() as download:
        view.find(button).click()
    row = view.root.locator("[name=between-row]:checked").get_attribute("value")
    name = f"between-{row}.{button}"
    assert download.value.suggested_filename == name
    download.value.save_as(folder / name)
    expect(view.find("saved")).to_have_text(f"Saved as {name}.")
    return Image.open(folder / name)


def pictures(space: FakeSpace, row: str, count: int) -> Floats:
    """The pictures on the way from the first to the second, (N, H, W), 0 to 255, by torch."""
    (a, b), places = space.means()[:2].astype(np.float64), np.linspace(0, 1, count)
    if row == "fade":
        return np.stack([(1 - t) * space.images[0, 0] + t * space.images[1, 0] for t in places])
    return np.stack([255 * space.decode(((1 - t) * a + t * b).tolist())[0] for t in places])


def test_a_gif_is_downloaded_and_goes_there_and_back(view: SpacePage, tmp_path: Path) -> None:
    image = saved(view, "gif", tmp_path)
    assert image.size == (224, 224)
    assert image.info["loop"] == 0
    frames = frames_in((tmp_path / "between-line.gif").read_bytes())[0][:, ::8, ::8, 1].astype(float)
    there = pictures(view.space, "line", 32)
    assert len(frames) == 62
    np.testing.assert_allclose(frames, np.concatenate([there, there[-2:0:-1]]), atol=1.5)
    expect(view.find("gif")).to_have_text("GIF")


def test_all_three_rows_of_a_gif(view: SpacePage, tmp_path: Path) -> None:
    view.find("row-all").click()
    image = saved(view, "gif", tmp_path)
    assert image.size == (8 * 28, 8 * (3 * 28 + 2))
    first = np.asarray(image.convert("L"))[::8, ::8].astype(float)
    np.testing.assert_allclose(first[:28], pictures(view.space, "line", 2)[0], atol=1.5)
    assert (first[28] == 255).all(), "a white line between them"
    np.testing.assert_array_equal(first[58:], view.space.images[0, 0])


@pytest.mark.parametrize(("row", "rows"), [("line", ["line"]), ("fade", ["fade"]), ("all", ["line", "", "fade"])])
def test_a_strip_is_downloaded(view: SpacePage, tmp_path: Path, row: str, rows: list[str]) -> None:
    view.find(f"row-{row}").click()
    image = saved(view, "png", tmp_path)
    pixels = np.asarray(image)
    assert pixels.shape == (116 * len(rows) - 4, 116 * 11 - 4, 4)
    assert image.size[0] / 11 >= 112
    for down, name in enumerate(rows):
        for across, picture in enumerate(pictures(view.space, name, 11) if name else []):
            cell = pixels[116 * down : 116 * down + 112, 116 * across : 116 * across + 112]
            assert (cell[..., 3] == 255).all()
            np.testing.assert_allclose(cell[..., 0], picture.repeat(4, 0).repeat(4, 1), atol=1.5)
    assert (pixels[:, 112:116, 3] == 0).all(), "one sees through between them"


def test_the_button_says_that_it_waits_and_an_error_is_a_sentence(view: SpacePage) -> None:
    waiting: list[Route] = []
    view.page.route("**/api/gif?*", lambda route: waiting.append(route))
    problem = "The server is making other GIFs at the moment: try again in a few seconds."
    for status, body, says in (
        (503, json.dumps({"error": problem}), problem),
        (500, "oh", "The server answered 500: try again."),
    ):
        with view.page.expect_request("**/api/gif?*"):
            view.find("gif").click()
        expect(view.find("gif")).to_have_text("Making the GIF…")
        expect(view.find("gif")).to_be_disabled()
        waiting.pop().fulfill(status=status, body=body)
        expect(view.find("saved")).to_have_text(says)
        expect(view.find("gif")).to_have_text("GIF")
    with view.page.expect_request("**/api/gif?*"):
        view.find("gif").click()
    waiting.pop().abort()
    expect(view.find("saved")).to_have_text("The server does not answer: try again.")
    expect(view.find("gif")).to_be_enabled()


def test_frames_of_colour_pictures(browser: Browser) -> None:
    one, two = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    page = browser.new_page()
    page.add_script_tag(content=source("canvas.js", "pixels.js", "latent_between_export.js"))
    frame = """([pictures, size]) => [...frameBytes(pictures.map((each) => each.map((value) => value / 255)), size)]"""
    size = {"channels": 3, "height": 4, "width": 5}
    made = page.evaluate(frame, [[one.ravel().tolist(), two.ravel().tolist()], size])
    page.close()
    pixels = np.array(made).reshape(9, 5, 3)
    np.testing.assert_array_equal(pixels[:4], one.transpose(1, 2, 0))
    assert (pixels[4] == 255).all()
    np.testing.assert_array_equal(pixels[5:], two.transpose(1, 2, 0))
