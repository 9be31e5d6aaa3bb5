"""What is known of the cases that a detector is measured on. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Truth:
    """Of each of N cases, whether it is anomalous and whether that is known at all; both (N,)."""

    anomalous: NDArray[np.bool_]
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, classes: NDArray[np.int64], normal: Sequence[int]) -> Truth:
        """From the classes of the cases; a negative one is not known."""
        known = classes >= 0
        return cls(known & ~np.isin(classes, normal), known)
