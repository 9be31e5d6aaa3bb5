"""Words from outside, such as the name of a file or a label in it, in the middle of text that the page reads as Markdown."""

from __future__ import annotations

import re


def escaped(words: str) -> str:
    """The words as they are, whatever they would mean in Markdown."""
    return re.sub(r"([\\\\`*_{}\[\]()<>#+!|~$:&-])", r"\\\1", words)
