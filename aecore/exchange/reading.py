"""A run in a file from outside: all of it is checked before anything is made of it. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import prod

from aecore.atlas import Atlas
from aecore.config import RunConfig
from aecore.exchange.archive import Archive
from aecore.exchange.curves import check_curves
from aecore.exchange.expected import check_weights, expected_weights
from aecore.exchange.parts import ABOUT, ATLAS, CONFIG, GALLERY, LIVE, METRICS, MODEL, STAGES, STATUS, step_of
from aecore.exchange.pictures import Pictures
from aecore.exchange.records import Facts, read_about, read_config, read_stages, read_status
from aecore.exchange.refused import RefusedError
from aecore.exchange.tensor_file import HEADER_BYTES, tensor_file
from aecore.limits import FILE_BYTES, UNPACKED_BYTES

Poll = Callable[[float, str], object]
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_RECORDS = (CONFIG, ABOUT, STATUS, ATLAS)


@dataclass(frozen=True)
class Found:
    """A run in a file, checked. `kind`: zip or safetensors; `sizes`: bytes of its parts by name; `rows` of its curves."""

    kind: str
    config: RunConfig
    facts: Facts
    sizes: dict[str, int]
    contents: Callable[[], Iterator[tuple[str, bytes]]] = field(repr=False)
    """What goes into the run's folder as it is, by name: read once more, one file at a time."""
    atlas: Atlas | None = field(default=None, repr=False)
    rows: int = 0

    @property
    def parameters(self) -> int:
        """Numbers in the weights, the classifier's too."""
        return sum(map(prod, expected_weights(self.config.plan).values()))


def read_run(
    content: bytes,
    file: str,
    config: bytes | None = None,
    poll: Poll = lambda done, what: None,
    most: int = FILE_BYTES,
) -> Found:
    """The run in a zip of the app, or in a safetensors file with its configuration in its metadata or in a config.json beside.

    file: its name, for sentences. poll: is told the share done and what is looked at. most: bytes that the file may have.
    Raises RefusedError, with a sentence for people.
    """
    if not content:
        raise RefusedError(f"{file} is empty.")
    if len(content) > most:
        raise RefusedError(f"{file} has {len(content) >> 20} MB, and {most >> 20} MB is the most that is taken.")
    if content[:4] in _ZIP:
        if config is not None:
            raise RefusedError("A zip of a run has its own configuration: leave the other one out.")
        return _from_zip(content, poll)
    return _from_weights(content, file, config, poll)


def _from_zip(content: bytes, poll: Poll) -> Found:
    archive = Archive(content)
    config = read_config(archive.read(CONFIG))
    facts = read_status(archive.read(STATUS), config, read_about(archive.read(ABOUT), Facts()))
    poll(0.1, "Looking at the weights")
    check_weights(tensor_file(archive.read(MODEL), MODEL), config.plan, MODEL)
    pictures = Pictures(config, facts.step)
    if GALLERY in archive.names:
        pictures.check_gallery(archive.read(GALLERY))
    rows, atlas = 0, None
    for index, name in enumerate(archive.names):
        poll(0.4 + 0.6 * index / len(archive.names), f"Looking at {name}")
        step = step_of(name)
        if name == METRICS:
            rows = check_curves(archive.read(name), config, facts.step)
        elif name == STAGES:
            read_stages(archive.read(name), config)
        elif name == ATLAS:
            atlas = pictures.atlas(archive.read(name))
        elif name == LIVE or (step is not None and step.kind == "frames"):
            pictures.check_frame(archive.read(name), name, None if step is None else step.step)
        elif step is not None:
            if not 0 < step.step <= config.total_steps:
                raise RefusedError(f"{name} is of a step that this run does not have.")
            check_weights(tensor_file(archive.read(name), name), config.plan, name)

    def contents() -> Iterator[tuple[str, bytes]]:
        for name in archive.names:
            if name not in _RECORDS:
                yield name, archive.read(name)

    sizes = {name: archive.size(name) for name in archive.names}
    return Found("zip", config, facts, sizes, contents, atlas, rows)


def _from_weights(content: bytes, file: str, beside: bytes | None, poll: Poll) -> Found:
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= HEADER_BYTES or content[8:9] != b"{":
        raise RefusedError(
            f"{file} is neither a zip of a run nor a safetensors file. Other formats are not read: pickles (.pt, .pth, .pkl) "
            "could run anything here, and arrays alone (.npz) say nothing of the network."
        )
    found = tensor_file(content, file)
    given = found.metadata.get("config")
    if given is None and beside is None:
        raise RefusedError(f"{file} does not say which network its weights are of: choose the run's config.json beside it.")
    if given is not None and beside is not None:
        raise RefusedError(f"{file} has its own configuration: leave the other one out.")
    config = read_config(beside) if beside is not None else read_config(str(given).encode(errors="replace"))
    facts = Facts(step=config.total_steps, name=file.rpartition(".")[0][:100])
    if "about" in found.metadata:
        facts = read_about(found.metadata["about"].encode(errors="replace"), facts)
    if "status" in found.metadata:
        facts = read_status(found.metadata["status"].encode(errors="replace"), config, facts)
    poll(0.3, "Looking at the weights")
    check_weights(found, config.plan, file)
    if not facts.name:
        facts = replace(facts, name=file.rpartition(".")[0][:100])

    def contents() -> Iterator[tuple[str, bytes]]:
        yield MODEL, content

    return Found("safetensors", config, facts, {MODEL: len(content)}, contents)


MOST_BYTES_HERE = UNPACKED_BYTES
"""The most bytes of a file that is read by the command line, by whoever owns the machine."""
