"""A run as files: all of it as a zip, its weights as safetensors, its curves as CSV. Made piece by piece, while they are sent."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import time
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import save as save_arrays

from aecore.atlas import read_atlas
from aecore.exchange import APP, FORMAT
from aecore.exchange.brought import brought
from aecore.exchange.parts import ABOUT, ATLAS, CONFIG, GALLERY, LIVE, MANIFEST, METRICS, MODEL, STAGES, STATUS, name_of
from aecore.exchange.records import STATES, Facts
from aecore.exchange.refused import RefusedError
from aecore.exchange.tensor_file import HEADER_BYTES
from aecore.frames import Frame, kept_frames, read_film
from aecore.runs import ACTIVE, Run
from aecore.snapshot_steps import snapshots, step_of_weights
from aecore.weights_file import PACKED, read_weights

_PIECE = 1 << 18
_EARLIEST = 315_619_200.0  # a zip knows no time before 1980
_BARELY_SMALLER = (MODEL, "weights/")
"""Weights are as good as random numbers: packing them would cost seconds for a few per cent."""


def check_takeable(run: Run) -> None:
    """Whether the weights of a run can be taken away. Raises RefusedError with a sentence that says what to do."""
    state = run.status.state
    if state in ACTIVE:
        raise RefusedError("This run is still in training: stop it, or wait until it has ended, to take its weights away.")
    if state not in STATES:
        raise RefusedError(f"This run is {state}: only the weights of a run that has finished or was stopped can be taken away.")
    if not run.model_path.is_file():
        raise RefusedError("This run was stopped before it had any weights: there are none to take away.")
    step, now = step_of_weights(run), run.status.step
    if step != now:
        raise RefusedError(
            f"The weights that were saved of this run are those of step {step:,}, and its curves go on to step {now:,}: resume "
            "it, and stop it again, to take it away."
        )


def file_name(run: Run, ending: str) -> str:
    """A name for a file of a run that every system takes: letters, digits, hyphens and dots."""
    # Never its token, which is the key to it on its server.
    plain = unicodedata.normalize("NFKD", run.about.name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return f"{plain or 'run'}{ending}"


def facts_of(run: Run) -> Facts:
    """What a file says of a run beside its configuration: not whose it is."""
    about, status, known = run.about, run.status, brought(run)
    test, images = status.test, status.test_images
    if test is None and known is not None:
        test, images = known.said, known.said_images
    return Facts(
        name=about.name,
        note=about.note,
        made=known.made if known is not None and known.made else about.created,
        start=about.start,
        state=status.state,
        step=status.step,
        seconds=_finite(status.seconds),
        images_per_second=_finite(status.images_per_second),
        test=None if test is None else {name: value for name, value in test.items() if math.isfinite(value)},
        test_images=images,
    )


def zip_pieces(run: Run) -> Iterator[bytes]:
    """The zip of a run, piece by piece. Raises RefusedError at once where there is nothing to be taken away."""
    check_takeable(run)
    return _zip_pieces(run)


def _zip_pieces(run: Run) -> Iterator[bytes]:
    sink = _Sink()
    made = time.gmtime(max(_EARLIEST, run.about.created))[:6]
    listed: dict[str, dict[str, object]] = {}
    with zipfile.ZipFile(sink, "w") as archive:
        for name, pieces in _files(run):
            is_weights = name.startswith(_BARELY_SMALLER)
            entry = zipfile.ZipInfo(name, made)
            entry.compress_type = zipfile.ZIP_STORED if is_weights else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            digest, size = hashlib.sha256(), 0
            with archive.open(entry, "w") as file:
                for piece in pieces:
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    yield sink.taken()
            listed[name] = {"size": size, "sha256": digest.hexdigest()}
        manifest = zipfile.ZipInfo(MANIFEST, made)
        manifest.external_attr = 0o644 << 16
        archive.writestr(manifest, json.dumps({"app": APP, "format": FORMAT, "files": listed}, indent=1), zipfile.ZIP_DEFLATED)
    yield sink.taken()


def _files(run: Run) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The files of a run's zip by name, in pieces."""
    config, facts = run.config, facts_of(run)
    yield CONFIG, [config.to_json().encode()]
    yield ABOUT, [facts.about_json().encode()]
    yield STATUS, [facts.status_json(config).encode()]
    for name, path in ((METRICS, run.metrics_path), (STAGES, run.folder / STAGES)):
        if path.is_file():
            yield name, _of_file(path)
    yield from _frames(run)
    for step, path in snapshots(run).items():
        yield name_of("weights", step), _of_file(path)
    atlas = read_atlas(run)
    if atlas is not None and atlas.origin == "test":
        arrays: dict[str, npt.NDArray[np.generic]] = {"images": atlas.images, "labels": atlas.labels}
        yield ATLAS, [_saved(arrays if atlas.factors is None else arrays | {"factors": atlas.factors})]
    yield MODEL, _weights(run)


def _frames(run: Run) -> Iterator[tuple[str, Iterable[bytes]]]:
    folder = run.frames_folder
    if not (folder / "gallery.safetensors").is_file():
        return
    yield GALLERY, _of_file(folder / "gallery.safetensors")
    if (folder / "live.safetensors").is_file():
        yield LIVE, _of_file(folder / "live.safetensors")
    separate = [folder / f"{step:08d}.safetensors" for step in kept_frames(folder)]
    if all(path.is_file() for path in separate):
        for path in separate:
            yield f"frames/{path.name}", _of_file(path)
    elif (film := read_film(folder)) is not None:  # of a run that came with the app, in one packed file
        for index in range(len(film)):
            frame = film.frame(index)
            yield name_of("frames", frame.step), [_of_frame(frame)]


def _of_frame(frame: Frame) -> bytes:
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "step": np.array([frame.step], np.int64),
        "reconstructions": frame.reconstructions,
        "positions": frame.positions,
    }
    return _saved(arrays if frame.filters is None else arrays | {"filters": frame.filters})


def _weights(run: Run) -> Iterable[bytes]:
    """The weights as a plain file."""
    return [_saved(read_weights(run.model_path))] if run.model_path.suffix == PACKED else _of_file(run.model_path)


def weights_file(run: Run) -> tuple[int, Iterator[bytes]]:
    """The weights as a safetensors file that says what they are of: how many bytes, and these piece by piece.

    Raises RefusedError where there are none.
    """
    check_takeable(run)
    facts = facts_of(run)
    words = {
        "app": APP,
        "config": run.config.to_json(),
        "about": facts.about_json(),
        "status": facts.status_json(run.config),
    }
    try:
        if run.model_path.suffix == PACKED:
            content = _saved(read_weights(run.model_path), words)
            return len(content), iter([content])
        return _with_words(run.model_path, words)
    except (OSError, SafetensorError, ValueError):
        raise RefusedError("The weights of this run cannot be read: train it again.") from None


def _with_words(path: Path, words: dict[str, str]) -> tuple[int, Iterator[bytes]]:
    """A safetensors file with other metadata: places are counted from the end of the header, so the numbers stay as they are."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > HEADER_BYTES:
            raise ValueError("a header as large as no network's")
        header = json.loads(file.read(length))
    made = json.dumps(header | {"__metadata__": words}, ensure_ascii=False, separators=(",", ":")).encode()
    made += b" " * (-len(made) % 8)  # numbers begin at multiples of eight
    start, size = 8 + length, path.stat().st_size

    def pieces() -> Iterator[bytes]:
        yield len(made).to_bytes(8, "little") + made
        yield from _of_file(path, start)

    return 8 + len(made) + size - start, pieces()


def curves(run: Run) -> tuple[int, Iterator[bytes]]:
    """The curves as CSV, whole rows only: how many bytes, and these piece by piece. Raises RefusedError where there are none."""
    try:
        size = _end_of_rows(run.metrics_path)
    except OSError:
        size = 0
    if not size:
        raise RefusedError("This run has no curves yet: it has not begun.")
    return size, _of_file(run.metrics_path, most=size)


def _end_of_rows(path: Path) -> int:
    """How many bytes there are to the end of the last whole row."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - _PIECE)
        file.seek(start)
        return start + file.read(size - start).rfind(b"\n") + 1


def _of_file(path: Path, start: int = 0, most: int | None = None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = most
        while piece := file.read(_PIECE if left is None else min(left, _PIECE)):
            left = None if left is None else left - len(piece)
            yield piece


def _saved(arrays: dict[str, npt.NDArray[np.generic]], words: dict[str, str] | None = None) -> bytes:
    return bytes(save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()}, words))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


class _Sink(io.RawIOBase):
    """What a zip is written into; what has come is taken out again and again."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def write_pieces(pieces: Iterable[bytes], file: IO[bytes]) -> int:
    """Write a file that comes in pieces; returns how many bytes it has."""
    return sum(file.write(piece) for piece in pieces)
