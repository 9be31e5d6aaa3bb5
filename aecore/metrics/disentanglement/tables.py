"""Tables of D dimensions by F factors: what every metric makes its score of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = tuple[tuple[float, ...], ...]
"""D rows (dimensions) of F numbers (factors), as results keep them: plain numbers, which compare and go into JSON."""


def rows(table: NDArray[Any]) -> Matrix:
    """An array (D, F) as plain numbers."""
    return tuple(tuple(row) for row in table.tolist())


def gaps(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each factor, the largest number of any dimension minus the second largest: (…, D, F) to (…, F).

    Of a single dimension, the second is 0.
    """
    ranked = np.sort(table, axis=-2)
    return np.asarray(ranked[..., -1, :] - (ranked[..., -2, :] if ranked.shape[-2] > 1 else 0.0))
