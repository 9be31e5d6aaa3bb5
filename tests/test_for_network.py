"""People's own pictures as input of a network, and below the Between view."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from streamlit.testing.v1 import AppTest

from aecore.data.arrays import load_arrays
from aecore.data.catalogue import Card, card
from aecore.pictures.digits import find_digits
from aecore.pictures.errors import PictureError
from aecore.pictures.for_network import HANDWRITING, for_network
from aecore.pictures.intake import Picture, png_bytes
from aecore.runs import Run
from aecore.ui import latent_between
from aecore.ui.latent_between import MOST_OWN
from tests import tiny

Bytes = npt.NDArray[np.uint8]


def picture(pixels: Bytes) -> Picture:
    return Picture(pixels, "PNG", ())


def grey(values: Bytes) -> Picture:
    return picture(np.repeat(values[..., None], 3, axis=2))


def colour_card() -> Card:
    return Card(
        name="colours", title="", description="", channels=3, height=8, width=8, classes=("a",), train=1, validation=1,
        test=1, licence="", source="", bundled=True,
    )  # fmt: skip


def written(*numbers: int) -> Bytes:
    """A page with digits side by side, dark on light."""
    images = load_arrays("digits")[2].images[list(numbers), 0]
    page = np.full((160, 140 * len(numbers) + 20, 3), 235, np.uint8)
    for place, image in enumerate(images):
        page[24:136, 20 + 140 * place :][:, :112] -= np.kron(image, np.ones((4, 4), np.uint8))[..., None] // 4 * 3
    return page


@pytest.mark.parametrize("name", HANDWRITING)
def test_every_character_becomes_one_input(name: str) -> None:
    page = picture(written(3, 120, 400))
    found = find_digits(page.pixels).digits
    inputs = for_network(page, card(name))
    what = "digit" if name in ("digits", "mnist") else "character"
    assert [each for each, _ in inputs] == [f"{what} {number}" for number in (1, 2, 3)]
    for (_, pixels), digit in zip(inputs, found, strict=True):
        assert pixels.dtype == np.uint8
        assert pixels.shape == (1, 28, 28)
        np.testing.assert_array_equal(pixels[0], digit.image)


def test_one_digit_needs_no_number() -> None:
    ((name, _),) = for_network(picture(written(5)), card("mnist"))
    assert name == "digit"


def test_a_page_without_digits() -> None:
    with pytest.raises(PictureError, match="No digit was found"):
        for_network(grey(np.full((60, 60), 255, np.uint8)), card("digits"))


@pytest.mark.parametrize(("name", "resolution", "side"), [("fashion-mnist", None, 28), ("shapes", None, 64), ("shapes", 32, 32)])
def test_any_other_picture_is_scaled_by_area(name: str, resolution: int | None, side: int) -> None:
    small = np.zeros((side, side), np.uint8)
    small[side // 4 : side // 2 + 4, side // 4 : side // 2 + 8] = np.random.default_rng(0).integers(100, 256, dtype=np.uint8)
    ((title, pixels),) = for_network(grey(np.kron(small, np.ones((5, 5), np.uint8))), card(name, resolution))
    assert title == "picture"
    assert pixels.shape == (1, side, side)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[0], small)


def test_dark_on_light_is_exchanged_and_the_name_says_so() -> None:
    light = np.full((112, 112), 240, np.uint8)
    light[30:80, 40:72] = 20
    ((name, pixels),) = for_network(grey(light), card("fashion-mnist"))
    assert name == "picture, light and dark exchanged"
    assert pixels[0, 0, 0] == 15
    assert pixels[0, 14, 14] == 235
    # Light on dark stays as it is, and comes out the same.
    ((name, same),) = for_network(grey(255 - light), card("fashion-mnist"))
    assert name == "picture"
    np.testing.assert_array_equal(same, pixels)


@pytest.mark.parametrize("shape", [(40, 100), (100, 40)])
def test_it_stands_in_the_middle_of_a_square_on_its_own_background(shape: tuple[int, int]) -> None:
    values = np.full(shape, 30, np.uint8)
    values[shape[0] // 2 - 8 : shape[0] // 2 + 8, shape[1] // 2 - 8 : shape[1] // 2 + 8] = 200
    ((_, pixels),) = for_network(grey(values), card("fashion-mnist"))
    shown = pixels[0].astype(int)
    assert set(shown[[0, -1]].ravel()) | set(shown[:, [0, -1]].ravel()) == {30}
    np.testing.assert_allclose(shown, shown[::-1], atol=1)
    np.testing.assert_allclose(shown, shown[:, ::-1], atol=1)
    assert shown[14, 14] == 200


def test_small_pictures_are_enlarged() -> None:
    values = np.zeros((9, 9), np.uint8)
    values[3:6, 3:6] = 255
    ((_, pixels),) = for_network(grey(values), card("shapes"))
    assert pixels.shape == (1, 64, 64)
    assert pixels[0, 32, 32] > 250
    assert pixels[0, 2, 2] == 0


def test_colours_stay_where_the_network_knows_them() -> None:
    values = np.zeros((16, 16, 3), np.uint8)
    values[4:12, 4:12] = (200, 90, 10)
    ((name, pixels),) = for_network(picture(values), colour_card())
    assert name == "picture"
    assert pixels.shape == (3, 8, 8)
    assert pixels.flags.c_contiguous
    assert pixels[:, 4, 4].tolist() == [200, 90, 10]
    assert pixels[:, 0, 0].tolist() == [0, 0, 0]


def test_colours_become_the_brightness_that_people_see() -> None:
    values = np.zeros((28, 28, 3), np.uint8)
    values[10:18, 10:18] = (0, 255, 0)
    ((_, pixels),) = for_network(picture(values), card("fashion-mnist"))
    assert pixels[0, 14, 14] == 150


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_picture_of_nothing(shade: int) -> None:
    with pytest.raises(PictureError, match="the same all over"):
        for_network(grey(np.full((50, 70), shade, np.uint8)), card("fashion-mnist"))


def test_strange_shapes_do_no_harm() -> None:
    for shape in [(8, 8), (8, 3000), (3000, 8), (9, 31)]:
        values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        ((_, pixels),) = for_network(grey(values), card("shapes"))
        assert pixels.shape == (1, 64, 64)


# --- adding and removing them below the Between view -------------------------------------------------------------------


class View:
    """Stands in for the component: notes what the view is given."""

    def __init__(self) -> None:
        self.own: list[dict[str, str]] = []

    def __call__(self, *, data: dict[str, Any], **others: Any) -> SimpleNamespace:
        self.own = data["own"]
        return SimpleNamespace(state=None)


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes | None]:
    """What is on the board: put a PNG under "png"."""
    board: dict[str, bytes | None] = {"png": None}
    monkeypatch.setattr(latent_between, "draw_digit", lambda key: board["png"])
    return board


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> View:
    made = View()
    monkeypatch.setattr(latent_between, "_LATENT_BETWEEN", made)
    return made


def page(folder: Path, data: str = "digits") -> AppTest:
    """A page with the view of a run on this data, or on the data that the address names."""
    for name in ("digits", data):
        if not (folder / name).exists():
            Run.create(tiny.config("vae", data__name=name), folder / name)

    def script(folder: str, data: str) -> None:
        from pathlib import Path

        import streamlit as st

        from aecore.runs import Run
        from aecore.ui.latent_between import latent_between

        latent_between(Run(Path(folder) / st.query_params.get("data", data)), key="between")

    return AppTest.from_function(script, args=(str(folder), data), default_timeout=60).run()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    assert not app.exception, app.exception
    return app


def warnings(app: AppTest) -> list[str]:
    return [each.value for each in app.warning]


def test_uploads_become_ends_and_can_be_removed(tmp_path: Path, view: View, drawing: dict[str, bytes | None]) -> None:
    app = upload(page(tmp_path), ("page.png", png_bytes(written(3, 120))), ("one.png", png_bytes(written(5))))
    assert [each["name"] for each in view.own] == ["page.png: digit 1", "page.png: digit 2", "one.png: digit"]
    ((_, expected),) = for_network(picture(written(5)), card("digits"))
    assert base64.b64decode(view.own[2]["pixels"]) == expected.tobytes()
    assert warnings(app) == []
    app.run()
    assert len(view.own) == 3, "they stay"
    next(button for button in app.button if button.label == "Remove").click().run()
    assert [each["name"] for each in view.own] == ["one.png: digit"]
    upload(app, ("one.png", png_bytes(written(5))), ("one.png", png_bytes(written(7))))
    assert [each["name"] for each in view.own] == ["one.png: digit", "one.png 2: digit"], "the same one only once"


def test_a_drawing_is_added(tmp_path: Path, view: View, drawing: dict[str, bytes | None]) -> None:
    app = page(tmp_path)
    assert app.button(key="between_add_drawing").disabled
    drawing["png"] = png_bytes(255 - written(5)[..., 0])
    app.run()
    app.button(key="between_add_drawing").click().run()
    assert [each["name"] for each in view.own] == ["Drawing: digit"]


def test_what_cannot_be_used_gets_a_sentence(tmp_path: Path, view: View, drawing: dict[str, bytes | None]) -> None:
    blank = png_bytes(np.full((50, 50, 3), 255, np.uint8))
    app = upload(page(tmp_path), ("bad.png", b"hello"), ("blank.png", blank), ("one.png", png_bytes(written(5))))
    bad, none = warnings(app)
    assert bad.startswith("bad.png: This file cannot be read as a picture")
    assert none.startswith("blank.png: No digit was found")
    assert [each["name"] for each in view.own] == ["one.png: digit"]
    upload(app, ("two.png", png_bytes(written(7))))
    assert warnings(app) == [], "said once"


def test_no_more_than_a_few_are_kept(tmp_path: Path, view: View, drawing: dict[str, bytes | None]) -> None:
    values = np.zeros((40, 40, 3), np.uint8)
    files = []
    for n in range(MOST_OWN + 2):
        values[8:32, 8:32] = 100 + n
        files.append((f"{n}.png", png_bytes(values)))
    app = upload(page(tmp_path, "fashion-mnist"), *files)
    assert [each["name"] for each in view.own] == [f"{n}.png: picture" for n in range(MOST_OWN)]
    assert "Only 8 pictures" in warnings(app)[0]
    assert app.button(key="between_add_drawing").disabled
    next(button for button in app.button if button.label == "Remove").click().run()
    assert len(view.own) == MOST_OWN - 1


def test_another_network_gets_them_in_its_own_way(tmp_path: Path, view: View, drawing: dict[str, bytes | None]) -> None:
    blob = np.zeros((80, 80, 3), np.uint8)
    blob[20:60, 20:60] = 200
    app = upload(page(tmp_path, "shapes"), ("one.png", png_bytes(written(5))), ("blob.png", png_bytes(blob)))
    assert [len(base64.b64decode(each["pixels"])) for each in view.own] == [64 * 64, 64 * 64]
    app.query_params["data"] = "digits"
    app.run()
    assert [len(base64.b64decode(each["pixels"])) for each in view.own] == [28 * 28]
    assert warnings(app)[0].startswith("blob.png cannot be used with this network. No digit was found")
