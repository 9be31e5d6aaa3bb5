"""Messages between two processes: a line of JSON, then the raw bytes of the arrays that belong to it. No pickles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Message = dict[str, Any]
Arrays = list[npt.NDArray[Any]]
Report = Callable[[float, str], None]
"""How a task says the share done (0..1) and what is being done; raises when the result is not wanted any more."""


class TaskError(ValueError):
    """What was asked for cannot be done; the message is a sentence for the person."""


def write_message(stream: IO[bytes], message: Message, arrays: Arrays | None = None) -> None:
    """Send one message. Raises OSError where nobody listens any more."""
    arrays = arrays or []
    head = message | {"arrays": [{"dtype": array.dtype.str, "shape": array.shape} for array in arrays]}
    stream.write(json.dumps(head).encode() + b"\n")
    for array in arrays:
        if array.size:
            stream.write(np.ascontiguousarray(array).data.cast("B"))
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[Message, Arrays] | None:
    """The next message, or None at the end of the stream (also in the middle of a message)."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    message: Message = json.loads(line)
    arrays = []
    for kind in message.pop("arrays"):
        array = np.empty(kind["shape"], np.dtype(kind["dtype"]))
        if array.size and not _fill(stream, array.data.cast("B")):
            return None
        arrays.append(array)
    return message, arrays


def _fill(stream: IO[bytes], block: memoryview) -> bool:
    place = 0
    while place < len(block):
        data = stream.read(min(1 << 20, len(block) - place))
        if not data:
            return False
        block[place : place + len(data)] = data
        place += len(data)
    return True
