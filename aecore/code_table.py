"""The codes of the pictures in Shapes' grid, each encoded once, when first asked for: some metrics draw two million pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from aecore.data.shape_grid import Grid
from aecore.data.shapes import Shapes
from aecore.model import Autoencoder
from aecore.training import scaled

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

BATCH = 100
"""On one core, 64×64 pictures take half as long again in batches of 250; for 32×32 it is all one."""


class CodeTable:
    """Ground truth for :mod:`aecore.metrics.disentanglement` whose "pictures" are positions in the grid, (N,).

    `encode` looks their codes up. poll: called between batches of pictures; what it raises ends the work.
    """

    def __init__(self, model: Autoencoder, grid: Grid, resolution: int, poll: Callable[[], None] = lambda: None) -> None:
        self._model = model
        self._grid = grid
        self._shapes = Shapes(resolution)
        self._poll = poll
        self._codes = np.zeros((grid.size, model.plan.code_size), np.float32)
        self._known = np.zeros(grid.size, np.bool_)

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """How many values each factor has."""
        return self._grid.steps

    def sample_factors(self, count: int, rng: np.random.Generator) -> Integers:
        """Levels (count, 5) of the grid's factors, each drawn uniformly and independently."""
        return self._grid.draw_levels(count, rng)

    def draw(self, factors: Integers) -> Integers:
        """The positions in the grid, (N,), of levels (N, 5)."""
        return self._grid.index_of(factors)

    def encode(self, positions: Integers) -> Floats:
        """The codes (N, D), posterior means, of positions (N,)."""
        unknown = np.flatnonzero(~self._known[positions])
        if unknown.size:
            self._fill(np.unique(positions[unknown]))
        codes: Floats = self._codes[positions]
        return codes

    @torch.no_grad()
    def _fill(self, positions: Integers) -> None:
        for start in range(0, len(positions), BATCH):
            self._poll()
            part = positions[start : start + BATCH]
            pictures = self._shapes.draw(self._grid.at(self._grid.levels_of(part)))[:, None]
            images = scaled(torch.from_numpy(pictures), torch.device("cpu"))
            self._codes[part] = self._model.encode(images).mean.numpy()
            self._known[part] = True
