"""The data sets that torchvision knows (MNIST and its relatives): read from its folder layout, fetched from
its mirrors.

The layout is `<root>/<class name>/raw/`, with `.gz` files as downloaded or the unpacked files beside them;
EMNIST has one `gzip.zip` instead. A folder that holds readable files is only ever read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aecore.data.catalogue import card
from aecore.data.downloads import DataUnavailableError, Progress, fetch
from aecore.data.idx import IdxError, gunzip, parse_idx

Bytes = NDArray[np.uint8]

_SIDE = 28  # pixels
_ARCHIVE = "gzip.zip"
ADVICE = "Check the network connection and try again, or choose 'digits', which comes with the app and needs no network."


@dataclass(frozen=True)
class _Source:
    """Where one data set lies: torchvision's class name, and the stems of its training and test files."""

    class_name: str
    train: str = "train"
    test: str = "t10k"
    archived: bool = False  # all files in one archive, pictures transposed, labels from 1: EMNIST


SOURCES = {
    "mnist": _Source("MNIST"),
    "fashion-mnist": _Source("FashionMNIST"),
    "kmnist": _Source("KMNIST"),
    "emnist-letters": _Source("EMNIST", "emnist-letters-train", "emnist-letters-test", archived=True),
}


def _stems(part: str) -> tuple[str, str]:
    return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _member(archive: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as members:
            return members.read(f"gzip/{name}")
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise IdxError(f"The archive is damaged: {error}.") from error


def _candidates(path: Path, source: _Source) -> Iterator[Callable[[], bytes]]:
    """Ways to read one file that the folder offers, the fastest first."""
    packed, archive = _packed(path), path.with_name(_ARCHIVE)
    if path.is_file():
        yield path.read_bytes
    if packed.is_file():
        yield lambda: gunzip(packed.read_bytes())
    if source.archived and archive.is_file():
        yield lambda: gunzip(_member(archive, packed.name))


def _read(path: Path, source: _Source) -> Bytes | None:
    """Images (N, 28, 28) or labels (N,), by the file's name; None where there is no undamaged file."""
    picture = (_SIDE, _SIDE) if "-images-" in path.name else ()
    for read in _candidates(path, source):
        try:
            values = parse_idx(read())
        except IdxError:
            continue
        if values.ndim and values.shape[1:] == picture and len(values):
            return values
    return None


def read_part(name: str, root: Path, part: str) -> tuple[Bytes, Bytes] | None:
    """Images (N, 28, 28), upright, and labels (N,) from 0, of a set's "train" or "test" files under `root`.

    Reads only, and returns None where the files are missing, damaged, or do not belong together.
    """
    source = SOURCES[name]
    folder = root / source.class_name / "raw"
    images, labels = (_read(folder / stem, source) for stem in _stems(getattr(source, part)))
    if images is None or labels is None or len(images) != len(labels):
        return None
    return (images.transpose(0, 2, 1), labels - 1) if source.archived else (images, labels)


def has_files(name: str, root: Path) -> bool:
    """Whether a set's files lie under `root`, so that nothing would be downloaded unless they are damaged. Opens none."""
    source = SOURCES[name]
    folder = root / source.class_name / "raw"
    if source.archived and (folder / _ARCHIVE).is_file():
        return True
    paths = [folder / stem for part in (source.train, source.test) for stem in _stems(part)]
    return all(path.is_file() or _packed(path).is_file() for path in paths)


def _fetch_part(name: str, root: Path, part: str, report: Callable[[float], None]) -> None:
    """Download what `read_part` misses, leaving undamaged files alone; DataUnavailableError if that fails."""
    # Imported here: torchvision takes seconds, and only a download needs its addresses and checksums.
    from torchvision import datasets

    source = SOURCES[name]
    known: Any = getattr(datasets, source.class_name)
    folder = root / source.class_name / "raw"
    if source.archived:
        fetch([known.url], known.md5, folder / _ARCHIVE, report)
        return
    paths = [folder / stem for stem in _stems(getattr(source, part))]
    # When each file is readable but the two disagree, either may be the wrong one; fetch keeps one whose
    # md5 is right.
    wanted = [path for path in paths if _read(path, source) is None] or paths
    checksums = dict(known.resources)
    for path in wanted:
        packed = _packed(path)
        # The labels are a thousandth of the images: the images' fraction is as good as the whole.
        tell = report if "-images-" in path.name else _ignore
        fetch([f"{mirror}{packed.name}" for mirror in known.mirrors], checksums[packed.name], packed, tell)
        path.unlink(missing_ok=True)  # the unpacked file, which is read first, was not readable


def _ignore(fraction: float) -> None:
    """Progress of a file too small to show."""


def _load_part(name: str, root: Path, part: str, report: Callable[[float], None]) -> tuple[Bytes, Bytes]:
    """What `read_part` gives, after a download if need be, whose fraction `report` gets."""
    values = read_part(name, root, part)
    if values is not None:
        return values
    title = card(name).title
    report(0.0)
    try:
        _fetch_part(name, root, part, report)
    except DataUnavailableError as error:
        raise DataUnavailableError(f"{title} could not be downloaded: {error}. {ADVICE}") from error
    values = read_part(name, root, part)
    if values is None:
        raise DataUnavailableError(f"{title} was downloaded, but its files cannot be read. {ADVICE}")
    report(1.0)
    return values


def load_parts(name: str, root: Path, progress: Progress) -> tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes]]:
    """Training and test images and labels as `read_part` gives them, downloaded first where needed.

    `progress` is called only for a download. Raises DataUnavailableError with a sentence for people.
    """
    what = f"Downloading {card(name).title}"
    # The training files are about six sevenths of all bytes; an archive brings the test files along.
    share = 1.0 if SOURCES[name].archived else 6 / 7
    train = _load_part(name, root, "train", lambda done: progress(what, share * done))
    test = _load_part(name, root, "test", lambda done: progress(what, share + (1 - share) * done))
    return train, test
