"""Data sets as torch tensors, for the processes that train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aecore.data.arrays import ArraySplit, load_arrays
from aecore.data.catalogue import Card, card
from aecore.data.downloads import Progress


@dataclass(frozen=True)
class Split:
    """Images uint8 (N, C, H, W) with values 0..255, labels int64 (N,), factors int64 (N, K) or None.

    Sequences are float32 (N, C, 1, L), and may have `rows`, int64 (N,): see :class:`~aecore.data.arrays.ArraySplit`.
    """

    images: Tensor
    labels: Tensor
    factors: Tensor | None = None
    rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, count: int) -> Split:
        """The first `count` images, or all if there are fewer: a fair sample, since the order is shuffled.

        Shares memory; ValueError for a negative count.
        """
        if count < 0:
            raise ValueError(f"The number of images to take must not be negative, and is {count}.")
        return self._of(slice(count))

    def of_classes(self, classes: Sequence[int]) -> Split:
        """Only the images of these classes, in their order."""
        chosen = torch.isin(self.labels, torch.tensor(classes))
        return self._of(chosen)

    def but_classes(self, classes: Sequence[int]) -> Split:
        """Only the images whose class is known and none of these, in their order."""
        return self._of(~torch.isin(self.labels, torch.tensor([*classes, -1])))

    def joined(self, *others: Split) -> Split:
        """The images of this split, then those of others; factors and rows where all have them."""
        splits = (self, *others)

        def together(parts: list[Tensor | None]) -> Tensor | None:
            known = [part for part in parts if part is not None]
            return torch.cat(known) if len(known) == len(parts) else None

        return Split(
            torch.cat([split.images for split in splits]),
            torch.cat([split.labels for split in splits]),
            together([split.factors for split in splits]),
            together([split.rows for split in splits]),
        )

    def _of(self, chosen: slice | Tensor) -> Split:
        rest = (None if each is None else each[chosen] for each in (self.factors, self.rows))
        return Split(self.images[chosen], self.labels[chosen], *rest)


@dataclass(frozen=True)
class Dataset:
    """A data set's card and its three disjoint splits, the same on every machine."""

    card: Card
    train: Split
    validation: Split
    test: Split

    def of_classes(self, classes: Sequence[int]) -> Dataset:
        """The same with only the images of these classes in each split."""
        return Dataset(self.card, *(split.of_classes(classes) for split in (self.train, self.validation, self.test)))


def _tensors(split: ArraySplit) -> Split:
    rest = (None if each is None else torch.from_numpy(each) for each in (split.factors, split.rows))
    return Split(torch.from_numpy(split.images), torch.from_numpy(split.labels), *rest)


def load(
    name: str,
    *,
    resolution: int | None = None,
    factor_steps: tuple[int, ...] | None = None,
    root: Path | str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """A data set by name, downloaded first if it must be.

    `resolution` is one of the card's (pixels; None is the usual one); `factor_steps`, of Shapes, those of
    :class:`~aecore.data.shape_grid.Grid`. `root` is the folder of downloads:
    the argument, else $AECORE_DATA, else the user's cache folder. `progress(what, fraction)` hears what is
    being done, 0 to 1. Raises UnknownDataError (a ValueError) or DataUnavailableError (a RuntimeError),
    each with a sentence for people.
    """
    found = card(name, resolution)
    data = load_arrays(name, resolution=resolution, factor_steps=factor_steps, root=root, progress=progress)
    return Dataset(found, *(_tensors(split) for split in data))
