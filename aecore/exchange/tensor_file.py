"""A safetensors file from outside: its header is read and checked here before a single number is looked at.

The format: 8 bytes with the length of the header, the header as JSON (of each tensor its type, shape and place), then the
numbers, without a gap (https://huggingface.co/docs/safetensors). So nothing that a header declares is believed: a tensor is a
view of bytes that are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from aecore.exchange.json_text import only, parsed
from aecore.exchange.refused import RefusedError

HEADER_BYTES = 1 << 20
"""The most bytes of a header: that of the app's largest networks has a hundredth of it, and a configuration as much."""
MOST_TENSORS = 256
_MOST_DIMENSIONS = 8
_TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype("u1"), "I64": np.dtype("<i8"), "F16": np.dtype("<f2"), "F32": np.dtype("<f4")}
_PIECE = 1 << 20  # numbers that are looked at together


@dataclass(frozen=True)
class TensorFile:
    """What is in a file: `metadata`, texts by name, and `tensors`, views of its bytes by name."""

    metadata: dict[str, str]
    tensors: dict[str, npt.NDArray[Any]]


def tensor_file(content: bytes, file: str) -> TensorFile:
    """Read a file's header and check it against its bytes. Raises RefusedError."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= len(content) - 8:
        raise RefusedError(f"{file} is no safetensors file, or only a part of one.")
    if length > HEADER_BYTES:
        raise RefusedError(f"The header of {file} is too large: {length:,} bytes, and {HEADER_BYTES:,} is the most.")
    header = parsed(content[8 : 8 + length], f"The header of {file}", HEADER_BYTES)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise RefusedError(f"The metadata of {file} must be texts.")
    if len(header) > MOST_TENSORS:
        raise RefusedError(f"{file} holds {len(header):,} tensors, and {MOST_TENSORS} is the most that a network here has.")
    block = memoryview(content)[8 + length :]
    placed = sorted((_place(entry, file, len(block)), name) for name, entry in header.items())
    end = 0
    for (start, stop, *_), name in placed:
        if start != end:
            raise RefusedError(f"The tensors of {file} overlap, or leave gaps (“{name[:40]}”).")
        end = stop
    if end != len(block):
        raise RefusedError(f"{file} has {len(block):,} bytes of numbers, and its header speaks of {end:,}.")
    tensors = {name: np.frombuffer(block[start:stop], _TYPES[kind]).reshape(shape) for (start, stop, kind, shape), name in placed}
    return TensorFile(metadata, tensors)


def check_finite(array: npt.NDArray[Any], name: str, file: str) -> None:
    """Refuse infinities and what is no number."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        if not np.isfinite(flat[start : start + _PIECE]).all():
            raise RefusedError(f"{file} holds numbers that are none (NaN or infinity), in “{name}”.")


def _place(entry: object, file: str, size: int) -> tuple[int, int, str, tuple[int, ...]]:
    """Where a tensor begins and ends, its type and shape."""
    if not isinstance(entry, dict):
        raise RefusedError(f"The header of {file} is not as safetensors has it.")
    only(entry, ("dtype", "shape", "data_offsets"), f"The header of {file}")
    kind = entry.get("dtype")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise RefusedError(f"{file} holds numbers of the kind {str(kind)[:20]}; the app writes {', '.join(_TYPES)} only.")
    shape, offsets = (_counts(entry.get(name), file) for name in ("shape", "data_offsets"))
    if len(offsets) != 2:
        raise RefusedError(f"The header of {file} is not as safetensors has it.")
    start, stop = offsets
    if 0 in shape:
        raise RefusedError(f"{file} declares a tensor without any numbers.")
    declared = prod(shape) * _TYPES[kind].itemsize
    if not start <= stop <= size or stop - start != declared:
        raise RefusedError(f"{file} declares a tensor of {declared:,} bytes that are not in it.")
    return start, stop, kind, shape


def _counts(value: object, file: str) -> tuple[int, ...]:
    is_list = isinstance(value, list) and len(value) <= _MOST_DIMENSIONS
    if not is_list or not all(type(each) is int and 0 <= each < 2**40 for each in value):  # type: ignore[attr-defined]
        raise RefusedError(f"The header of {file} is not as safetensors has it.")
    return tuple(value)  # type: ignore[arg-type]
