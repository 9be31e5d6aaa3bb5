"""Data sets by name: cards that describe them, and loaders that keep training, validation and test images
apart.

This package imports no torch, so that the app's server can read the cards; `aecore.data.loading` does, for
workers.
"""

from aecore.data.catalogue import CARDS, Card, card

__all__ = ["CARDS", "Card", "card"]
