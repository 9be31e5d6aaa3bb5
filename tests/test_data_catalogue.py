"""The cards: complete, consistent, and helpful about names that do not exist; and a package without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import aecore.data
from aecore.data import CARDS, card
from aecore.data.catalogue import DEFAULT, UnknownDataError
from aecore.data.idx_sets import SOURCES


def test_the_default_comes_first_and_needs_no_network() -> None:
    assert next(iter(CARDS)) == DEFAULT == "digits"
    assert CARDS[DEFAULT].bundled


@pytest.mark.parametrize("name", CARDS)
def test_every_card_is_complete(name: str) -> None:
    found = card(name)
    assert found is CARDS[name]
    assert found.name == name
    assert all((found.title, found.description, found.licence, found.source))
    assert (found.height, found.width) == (1 if found.is_sequence else found.resolutions[0], found.resolutions[0])
    assert card(name, found.resolutions[0]) == found
    if found.is_sequence:
        assert len(found.channel_names) == len(found.scale) == found.channels
        assert all(low < high for low, high in found.scale)
        assert (len(found.train_counts), sum(found.train_counts)) == (len(found.classes), found.train)
    assert len(set(found.classes)) == len(found.classes) > 1
    assert min(found.train, found.validation, found.test) > 0
    assert found.bundled == (name not in SOURCES)


def test_cards_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CARDS["mine"] = card("digits")  # type: ignore[index]


def test_letters_are_shown_as_capitals() -> None:
    assert card("emnist-letters").classes[::25] == ("A", "Z")


def test_a_resolution_changes_height_and_width_only() -> None:
    small = card("shapes", 32)
    assert (small.height, small.width, small.resolutions) == (32, 32, (64, 32))
    assert card("shapes", 64) == card("shapes")


def test_a_resolution_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownDataError, match="'shapes' comes in 64 or 32 pixels, not in 48"):
        card("shapes", 48)


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownDataError, match=r"no data set called 'Fashion_MNIST'\. Did you mean 'fashion-mnist'"):
        card("Fashion_MNIST")


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(ValueError, match=r"Choose one of digits, mnist, .*shapes, heartbeats, machine\."):
        card("qqqq")


def test_cards_and_arrays_need_neither_torch_nor_a_downloader() -> None:
    heavy = "'torch', 'torchvision', 'pooch', 'mlxtend', 'streamlit'"
    code = (
        "import sys; from aecore.data import arrays; arrays.sample_images('digits', 1); "
        f"print([name for name in ({heavy}) if name in sys.modules])"
    )
    home = Path(aecore.data.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
