"""groups.js: which pictures are in which group, and their mean codes, against numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from aecore.data.loading import load
from aecore.data.shapes import FACTOR_NAMES
from aecore.ui.components import source

Floats = npt.NDArray[np.float64]

GROUPS = """({ pictures, labels, classes, factors, shape: [channels, height, width], codes, count }) => {
  const space = { pictures, labels, classes, factors, size: { channels, height, width } }
  const encodings = codes.map((mean) => ({ mean: Float32Array.from(mean) }))
  return groupsOf(space, count).map((group) => ({ ...group, mean: [...meanCodeOf(group, encodings)] }))
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source("groups.js"))
    yield page
    page.close()


def groups(
    page: Page,
    pictures: Floats,
    labels: list[int],
    codes: Floats,
    *,
    factors: Any = None,
    classes: tuple[str, ...] = tuple("0123456789"),
    count: int | None = None,
) -> dict[str, dict[str, Any]]:
    """The groups by their id."""
    given = {
        "pictures": pictures.reshape(len(pictures), -1).tolist(),
        "labels": labels,
        "classes": classes,
        "factors": factors,
        "shape": pictures.shape[1:],
        "codes": codes.tolist(),
        "count": len(pictures) if count is None else count,
    }
    return {group["id"]: group for group in page.evaluate(GROUPS, given)}


def look(pictures: Floats) -> dict[str, Floats]:
    """Ink, slant and width of pictures (N, C, H, W), from their central moments."""
    flat = pictures.sum(axis=1)
    y, x = np.mgrid[: flat.shape[1], : flat.shape[2]]
    ink = flat.sum(axis=(1, 2))
    safe = np.maximum(ink, 1e-300)
    dx, dy = (axis[None] - ((flat * axis).sum(axis=(1, 2)) / safe)[:, None, None] for axis in (x, y))
    mu = {name: (flat * values).sum(axis=(1, 2)) for name, values in {"11": dx * dy, "02": dy**2, "20": dx**2}.items()}
    slant = np.divide(-mu["11"], mu["02"], out=np.zeros_like(ink), where=mu["02"] / safe > 1e-9)
    return {"ink": ink, "slant": slant, "width": np.sqrt(mu["20"] / safe)}


def ends(values: Floats, labels: npt.NDArray[np.int64]) -> tuple[list[set[int]], list[set[int]]]:
    """The top and the bottom fifth of each class."""
    most, least = [], []
    for label in np.unique(labels):
        (members,) = np.nonzero(labels == label)
        order = members[np.argsort(-values[members], kind="stable")]
        fifth = max(1, len(order) // 5)
        if len(order) > 1:
            most.append(set(order[:fifth].tolist()))
            least.append(set(order[-fifth:].tolist()))
    return most, least


def balanced_mean(members: list[set[int]], codes: Floats) -> Floats:
    means: Floats = np.mean([codes[sorted(each)].mean(axis=0) for each in members], axis=0)
    return means


OPPOSITES = {"ink": ("thick", "thin"), "slant": ("right", "left"), "width": ("wide", "narrow")}


def test_digits_by_class_and_by_look(page: Page) -> None:
    test = load("digits").test.take(300)
    pictures, labels = test.images.numpy() / 255, test.labels.numpy()
    codes = np.random.default_rng(1).normal(size=(300, 6))
    found = groups(page, pictures, labels.tolist(), codes)
    assert [each["name"] for each in found.values() if each["kind"] == "class"] == list("0123456789")
    for label in range(10):
        group = found[f"class-{label}"]
        assert group["count"] == (labels == label).sum()
        np.testing.assert_allclose(group["mean"], codes[labels == label].mean(axis=0), atol=1e-6)
    looks = look(pictures)
    for name, opposite in OPPOSITES.items():
        for side, members in zip(opposite, ends(looks[name], labels), strict=True):
            group = found[side]
            assert sorted(map(sorted, group["members"])) == sorted(map(sorted, members)), side
            assert group["count"] == sum(map(len, members))
            np.testing.assert_allclose(group["mean"], balanced_mean(members, codes), atol=1e-6)
    assert set(found) == {f"class-{label}" for label in range(10)} | {side for pair in OPPOSITES.values() for side in pair}


def test_opposite_looks_have_the_same_classes(page: Page) -> None:
    test = load("digits").test.take(300)
    labels = test.labels.numpy()
    # Codes that say the class and nothing else: the difference of two looks has nothing of it.
    codes = np.eye(10)[labels]
    found = groups(page, test.images.numpy() / 255, labels.tolist(), codes)
    for one, other in OPPOSITES.values():
        np.testing.assert_allclose(found[one]["mean"], found[other]["mean"], atol=1e-6)


def test_a_line_leans_to_the_side_it_leans_to(page: Page) -> None:
    """A slash leans right by one pixel a row, a backslash left, an upright line not at all, nothing and a dot neither."""
    slash = np.eye(7)[::-1]
    upright, dot = np.zeros((7, 7)), np.zeros((7, 7))
    upright[:, 3], dot[2, 2] = 1, 1
    pictures = [slash, slash[:, ::-1], upright, dot, np.zeros((7, 7))]
    look = "picture => lookOf(picture, { channels: 1, height: 7, width: 7 })"
    found = [page.evaluate(look, picture.ravel().tolist()) for picture in pictures]
    assert [each["slant"] for each in found] == pytest.approx([1, -1, 0, 0, 0])
    assert [each["ink"] for each in found] == [7, 7, 7, 1, 0]
    assert [each["width"] for each in found] == pytest.approx([2, 2, 0, 0, 0])


def test_known_factors_have_groups_and_the_shape_is_the_class(page: Page) -> None:
    generator = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], [20, 11, 15])
    values = np.column_stack([labels, *generator.integers(0, 40, (4, len(labels)))])
    codes = generator.normal(size=(len(labels), 3))
    pictures = generator.random((len(labels), 1, 4, 4))
    factors = {"names": FACTOR_NAMES, "values": values.tolist()}
    found = groups(page, pictures, labels.tolist(), codes, factors=factors, classes=("square", "ellipse", "heart"))
    assert not [name for name in found if "shape" in name]
    for k, name in enumerate(FACTOR_NAMES[1:], 1):
        for end, members in zip(("highest", "lowest"), ends(values[:, k].astype(float), labels), strict=True):
            group = found[f"{end}-{name}"]
            assert sorted(map(sorted, group["members"])) == sorted(map(sorted, members))
            assert [len(each) for each in group["members"]] == [4, 2, 3]
            np.testing.assert_allclose(group["mean"], balanced_mean(members, codes), atol=1e-6)


def test_only_pictures_with_codes_are_in_groups_and_empty_groups_are_not_there(page: Page) -> None:
    pictures = np.random.default_rng(3).random((12, 1, 3, 3))
    labels = [0, 0, 0, 2] * 3
    found = groups(page, pictures, labels, np.ones((3, 2)), count=3)
    assert set(found) == {"class-0", *(side for pair in OPPOSITES.values() for side in pair)}
    assert found["class-0"]["members"] == [[0, 1, 2]]
    alone = groups(page, pictures, [0, 1, 2, 3] * 3, np.ones((4, 2)), count=4)
    assert set(alone) == {f"class-{label}" for label in range(4)}, "one picture is at no end"
    assert groups(page, pictures, labels, np.ones((0, 2)), count=0) == {}


@given(st.integers(0, 2**32 - 1))
def test_any_pictures_in_colour_or_grey(page: Page, seed: int) -> None:
    generator = np.random.default_rng(seed)
    channels, height, width = generator.choice([1, 3]), *generator.integers(1, 7, 2)
    pictures = generator.random((23, channels, height, width)) * (generator.random((23, 1, 1, 1)) < 0.8)
    labels = generator.integers(0, 4, 23)
    codes = generator.normal(size=(23, 2))
    expected = look(pictures)
    size = {"channels": int(channels), "height": int(height), "width": int(width)}
    found = page.evaluate(
        "([pictures, size]) => pictures.map((each) => lookOf(each, size))", [pictures.reshape(23, -1).tolist(), size]
    )
    for name, values in expected.items():
        np.testing.assert_allclose([each[name] for each in found], values, atol=1e-6)
    by_ink = groups(page, pictures, labels.tolist(), codes)
    if "thick" in by_ink:
        np.testing.assert_allclose(by_ink["thick"]["mean"], balanced_mean(ends(expected["ink"], labels)[0], codes), atol=1e-5)
