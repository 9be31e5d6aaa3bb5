"""The sequences that the app makes, as a data set has them: three parts, scaled to 0..1.

Most of the training part is normal, as in life; of the two others four in ten are not, all kinds equally often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from aecore.data.catalogue import Card
from aecore.data.heartbeats import heartbeat_arrays
from aecore.data.machine import machine_arrays

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_MAKERS: dict[str, Callable[..., tuple[Floats, Integers, Integers]]] = {
    "heartbeats": heartbeat_arrays,
    "machine": machine_arrays,
}
_ANOMALOUS = 0.4
_SEED = 20_261_126


def make(card: Card) -> Iterator[tuple[Floats, Integers]]:
    """Training, validation and test part: sequences (N, C, 1, L) in the card's scale, and their classes (N,)."""
    low, high = (np.array(ends)[None, :, None, None] for ends in zip(*card.scale, strict=True))
    kinds = len(card.classes) - 1
    for part, count in enumerate((card.train, card.validation, card.test)):
        each = round(_ANOMALOUS * count / kinds)
        counts = np.array([count - kinds * each, *[each] * kinds]) if part else np.array(card.train_counts)
        # In a shuffled order that is the same on every machine: the raw stream of a bit generator.
        order = np.argsort(np.random.PCG64([_SEED, part]).random_raw(count), kind="stable")
        labels = np.repeat(np.arange(len(counts)), counts)[order]
        signals, _, _ = _MAKERS[card.name](count, _SEED + part, labels=labels)
        yield ((signals - low) / (high - low)).astype(np.float32), labels.astype(np.int64)
