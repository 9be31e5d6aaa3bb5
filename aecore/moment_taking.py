"""Take the moments of a run: how it uses its code, how disentangled that is, and what each number of it draws."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from aecore.code_table import BATCH
from aecore.data.arrays import shape_positions
from aecore.data.catalogue import card
from aecore.data.shape_grid import Grid
from aecore.data.shapes import Shapes
from aecore.disentangle_numbers import TEST_POINTS, TRAIN_POINTS
from aecore.metrics.disentanglement import mig, sap
from aecore.metrics.latent import kl_per_dimension
from aecore.model import Autoencoder
from aecore.moments import MOST_PIXELS, Bytes, MomentsWriter, columns_of, kept_steps, traversal_values
from aecore.runs import Run
from aecore.training import Trainer, scaled

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PICTURES = 1_000
"""Validation pictures that are encoded for a moment where no factors are known: few, for training waits meanwhile."""

GRID_PICTURES = 2_000
"""Different pictures of a grid that are encoded for a moment at most. The final numbers are of 10,000 and 5,000 draws."""

_TO_LEARN = 1_300
"""Of GRID_PICTURES, those from which SAP learns where the grid has more pictures; it is tested on the others."""


class _Draws(NamedTuple):
    """Which encoded pictures MIG is of, SAP learns from, and SAP is tested on: rows, (N,) each."""

    mig: Integers
    train: Integers
    test: Integers


class _Pictures(NamedTuple):
    """Pictures uint8 (N, C, H, W), held-out ones first; of them `held_out`. `levels` (N, K) of the factors that vary, or None."""

    images: Tensor
    held_out: int
    levels: Integers | None
    draws: _Draws | None


class MomentTaker:
    """Takes the moments of a trainer's network, always with the same pictures; goes on after `from_step`.

    KL is of different validation pictures. Where the factors are known, MIG and SAP are of pictures drawn uniformly from the
    grid, as the final numbers are (:func:`~aecore.disentangle_measuring.measure`): the very same draws where the grid has
    :data:`GRID_PICTURES` at most. Of a larger grid so many are encoded, held-out ones first. A bias remains: plug-in mutual
    information of few pictures is too high, most so for the second-best number, and MIG therefore somewhat low (of the shipped
    15 networks, whose grid has 46,080 points, by 0.005 in the mean and 0.008 at most). SAP differed there by 0.001 in the mean,
    by 0.022 at most: it is tested on 700 pictures. It learns from 1,300, repeated to the 10,000 of the final numbers, for the
    machines' C = 0.01 weighs a sum over examples: of 1,300 alone, they would be too smooth and SAP too low (by 0.015).
    """

    def __init__(self, trainer: Trainer, run: Run, from_step: int) -> None:
        self._trainer = trainer
        self._kept = frozenset(kept_steps(trainer.total_steps))
        config = trainer.config
        if config.card.factor_names:
            self._pictures = _of_grid(config.data.name, config.data.resolution, config.data.factor_steps)
        else:
            images = trainer.dataset.validation.take(PICTURES).images
            self._pictures = _Pictures(images, len(images), None, None)
        self._writer = MomentsWriter(run, columns_of(config.code.size, self._pictures.levels is not None), from_step)
        self._first = scaled(trainer.dataset.test.images[:1], trainer.device)

    @property
    def wants_to_keep(self) -> bool:
        """Whether the traversals of the present step are kept."""
        return self._trainer.step in self._kept

    def keep(self) -> None:
        """Keep what each number of the code draws now."""
        self._writer.keep(self._trainer.step, traversals_of(self._trainer.model, self._first))

    @property
    def waits(self) -> bool:
        """Whether there are rows for which there was no room on the disk."""
        return self._writer.waits

    def flush(self) -> bool:
        """Try to write those; whether there are none left."""
        return self._writer.flush()

    @torch.no_grad()
    def measure(self) -> None:
        """Write a row of numbers."""
        model, device = self._trainer.model, self._trainer.device
        images, held_out, levels, draws = self._pictures
        parts = range(0, len(images), BATCH)
        encodings = [model.encode(scaled(images[start : start + BATCH], device)) for start in parts]
        mean = torch.cat([encoding.mean for encoding in encodings])
        log_variance = torch.cat([encoding.log_variance for encoding in encodings if encoding.log_variance is not None])
        kl = kl_per_dimension(mean[:held_out].double(), log_variance[:held_out].double())
        values = {f"kl_{index + 1}": value for index, value in enumerate(kl.tolist())}
        codes = mean.cpu().numpy()
        # A run that diverges ends with a sentence of its own.
        if levels is not None and draws is not None and np.isfinite(codes).all():
            train, test = (codes[draws.train], levels[draws.train]), (codes[draws.test], levels[draws.test])
            values["mig"] = mig(codes[draws.mig], levels[draws.mig], bootstrap=0).score
            values["sap"] = sap(*train, *test, bootstrap=0).score
        self._writer.write({"step": self._trainer.step} | values)


@lru_cache(maxsize=2)
def _of_grid(name: str, resolution: int | None, steps: tuple[int, ...] | None) -> _Pictures:
    """The same for all runs of a sweep, which share them: validation pictures and then others of the grid, each once."""
    grid, found = Grid(steps), card(name, resolution)
    train, validation, test = shape_positions(found, grid)
    positions = np.concatenate([validation, train, test])[:GRID_PICTURES]
    levels = grid.levels_of(positions)
    images = torch.from_numpy(Shapes(found.height).draw(grid.at(levels))[:, None])
    held_out = min(len(validation), len(positions))
    return _Pictures(images, held_out, levels[:, list(grid.varying)], _draws(grid, positions))


def _draws(grid: Grid, positions: Integers) -> _Draws:
    if len(positions) < grid.size:
        rows = np.arange(len(positions))
        return _Draws(rows, np.resize(rows[:_TO_LEARN], TRAIN_POINTS), rows[_TO_LEARN:])
    row_of = np.argsort(positions)  # positions are all of 0 … size − 1
    rng = np.random.default_rng(0)
    learned, tested = (row_of[grid.index_of(grid.draw_levels(count, rng))] for count in (TRAIN_POINTS, TEST_POINTS))
    return _Draws(learned, learned, tested)


@torch.no_grad()
def traversals_of(model: Autoencoder, picture: Tensor) -> Bytes:
    """What each number of the code draws around the code of `picture`, (1, C, H, W), 0..1.

    Returns (D, STEPS_ACROSS, C, H, W), 0..255, averaged down to :data:`~aecore.moments.MOST_PIXELS` if they are larger.
    """
    values = torch.from_numpy(traversal_values()).to(picture.device)
    code = model.encode(picture).mean
    size = code.shape[1]
    across = len(values)
    drawn = []
    for start in range(0, size * across, BATCH):
        rows = torch.arange(start, min(start + BATCH, size * across), device=picture.device)
        codes = code.repeat(len(rows), 1)
        codes[torch.arange(len(rows), device=picture.device), rows // across] = values[rows % across]
        drawn.append(_bytes(model.decode(codes)))
    return np.concatenate(drawn).reshape(size, across, *drawn[0].shape[1:])


def _bytes(pictures: Tensor) -> Bytes:
    """Pictures 0..1 as bytes of MOST_PIXELS at most."""
    pictures = pictures.clamp(0, 1)
    factor = -(-max(pictures.shape[-2:]) // MOST_PIXELS)
    if factor > 1:
        pictures = functional.avg_pool2d(pictures, factor)
    made: Bytes = (pictures.nan_to_num() * 255).round().to(torch.uint8).cpu().numpy()
    return made
