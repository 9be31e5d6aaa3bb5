"""Take the moments of a run: how it uses its code, how disentangled that is, and what each number of it draws."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from aecore.data.loading import Split
from aecore.metrics.disentanglement import mig, sap
from aecore.metrics.latent import kl_per_dimension
from aecore.model import Autoencoder
from aecore.moments import MOST_PIXELS, Bytes, MomentsWriter, columns_of, kept_steps, traversal_values
from aecore.runs import Run
from aecore.training import Trainer, scaled

PICTURES = 1_000
"""Validation pictures that are encoded for a moment: few, for training waits meanwhile. The final numbers are of 10,000."""


_BATCH = 250


class MomentTaker:
    """Takes the moments of a trainer's network, always with the same validation pictures; goes on after `from_step`."""

    def __init__(self, trainer: Trainer, run: Run, from_step: int) -> None:
        self._trainer = trainer
        self._kept = frozenset(kept_steps(trainer.total_steps))
        split = trainer.dataset.validation.take(PICTURES)
        self._images = split.images
        self._factors = _varying(split)
        code_size = trainer.config.code.size
        self._writer = MomentsWriter(run, columns_of(code_size, self._factors is not None), from_step)
        self._first = scaled(trainer.dataset.test.images[:1], trainer.device)

    @property
    def wants_to_keep(self) -> bool:
        """Whether the traversals of the present step are kept."""
        return self._trainer.step in self._kept

    def keep(self) -> None:
        """Keep what each number of the code draws now."""
        self._writer.keep(self._trainer.step, traversals_of(self._trainer.model, self._first))

    @torch.no_grad()
    def measure(self) -> None:
        """Write a row of numbers."""
        model, device = self._trainer.model, self._trainer.device
        parts = range(0, len(self._images), _BATCH)
        encodings = [model.encode(scaled(self._images[start : start + _BATCH], device)) for start in parts]
        mean = torch.cat([encoding.mean for encoding in encodings]).double()
        log_variance = torch.cat([encoding.log_variance for encoding in encodings if encoding.log_variance is not None]).double()
        values = {f"kl_{index + 1}": value for index, value in enumerate(kl_per_dimension(mean, log_variance).tolist())}
        codes = mean.cpu().numpy()
        if self._factors is not None and np.isfinite(codes).all():  # a run that diverges ends with a sentence of its own
            half = len(codes) // 2
            train, test = (codes[:half], self._factors[:half]), (codes[half:], self._factors[half:])
            values["mig"] = mig(codes, self._factors, bootstrap=0).score
            values["sap"] = sap(*train, *test, bootstrap=0).score
        self._writer.write({"step": self._trainer.step} | values)


def _varying(split: Split) -> np.ndarray[tuple[int, int], np.dtype[np.int64]] | None:
    """The columns of the factors that vary over the first and over the second half of the pictures, or None without any."""
    if split.factors is None:
        return None
    factors = split.factors.numpy()
    half = len(factors) // 2
    varies = [len(np.unique(part[:, k])) > 1 for part in (factors[:half], factors[half:]) for k in range(factors.shape[1])]
    both = np.array(varies).reshape(2, -1).all(axis=0)
    return factors[:, both] if both.any() else None


@torch.no_grad()
def traversals_of(model: Autoencoder, picture: Tensor) -> Bytes:
    """What each number of the code draws around the code of `picture`, (1, C, H, W), 0..1.

    Returns (D, STEPS_ACROSS, C, H, W), 0..255, averaged down to :data:`~aecore.moments.MOST_PIXELS` if they are larger.
    """
    values = torch.from_numpy(traversal_values()).to(picture.device)
    code = model.encode(picture).mean
    size = code.shape[1]
    codes = code.repeat(size * len(values), 1)
    rows = torch.arange(size * len(values), device=picture.device)
    codes[rows, rows // len(values)] = values.repeat(size)
    pictures = torch.cat([model.decode(codes[start : start + _BATCH]) for start in range(0, len(codes), _BATCH)]).clamp(0, 1)
    factor = -(-max(pictures.shape[-2:]) // MOST_PIXELS)
    if factor > 1:
        pictures = functional.avg_pool2d(pictures, factor)
    shaped = pictures.reshape(size, len(values), *pictures.shape[1:])
    drawn: Bytes = (shaped.nan_to_num() * 255).round().to(torch.uint8).cpu().numpy()
    return drawn
