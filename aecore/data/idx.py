"""The IDX file format of MNIST and its relatives, read with every length checked.

Two zero bytes, a type byte (8: unsigned bytes), the number of dimensions, each dimension as a big-endian
32-bit number, then the values, the last dimension fastest. Source: http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import zlib

import numpy as np
from numpy.typing import NDArray

_UNSIGNED_BYTES = 8


class IdxError(ValueError):
    """Bytes that are not a complete IDX file of unsigned bytes; the message says what is wrong."""


def parse_idx(content: bytes) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes, read-only, in the file's shape; IdxError if damaged."""
    if len(content) < 4 or content[:2] != b"\0\0":
        raise IdxError("This is no IDX file: it does not start with two zero bytes and a type.")
    kind, dimensions = content[2], content[3]
    if kind != _UNSIGNED_BYTES or dimensions == 0:
        raise IdxError(f"The IDX file holds type {kind} in {dimensions} dimensions, not unsigned bytes.")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise IdxError("The IDX file ends within its header.")
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) - start != math.prod(shape):
        raise IdxError(f"The IDX file promises {math.prod(shape)} values and holds {len(content) - start}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def gunzip(content: bytes) -> bytes:
    """The bytes in a gzip file, its checksum verified; IdxError if it is cut short or damaged."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise IdxError(f"The compressed file is damaged: {error}.") from error
