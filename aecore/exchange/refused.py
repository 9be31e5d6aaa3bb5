"""The one error of this package."""

from __future__ import annotations


class RefusedError(ValueError):
    """A file that is not taken, or a run of which there is nothing to take away; the message is a sentence for people."""
