"""What a component is sent, when it is more than a few numbers: a component takes bytes only as the whole of its data."""

import json
from collections.abc import Mapping
from typing import Any


def bytes_block(header: Mapping[str, Any], *parts: bytes) -> bytes:
    """Join a header and parts of any length into one block; `unpackBlock` in pixels.js takes it apart.

    The block is the length of the header (4 bytes, little-endian), the header (JSON, UTF-8) with the lengths of the parts
    as `parts`, then the parts.
    """
    text = json.dumps({**header, "parts": [len(part) for part in parts]}).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *parts])
