"""Random numbers for noise on pixels: 16 random bits a pixel, looked up in a table.

Noise on every pixel of every batch must not take longer than a few percent of a training step. torch's generator needs about
7 ns a number, which for a small network was a tenth of the step. A pixel has 256 levels; 65,536 levels of noise are more
than enough, and make one cheap 64-bit draw (SFC64) serve four pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

LEVELS = 1 << 16
_UNIFORM = ((np.arange(LEVELS) + 0.5) / LEVELS).astype(np.float32)


class PixelNoise:
    """A stream of noise for pixels, decided by its seed alone. Its place in the stream can be saved and restored."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.SFC64(seed)

    def normal(self, like: Tensor, sigma: float) -> Tensor:
        """Normal noise of standard deviation `sigma`, of the shape and on the device of `like`, float32; at most 4.3 sigma."""
        return self._look_up(_normal_quantiles(sigma), like)

    def uniform(self, like: Tensor) -> Tensor:
        """Numbers between 0 and 1 (neither is reached), of the shape and on the device of `like`, float32."""
        return self._look_up(_UNIFORM, like)

    def share(self, like: Tensor, probability: float | Tensor) -> Tensor:
        """1.0 with the given probability, else 0.0, for each element of `like`. Exact to 1/65,536.

        A tensor of probabilities must broadcast to the shape of `like`.
        """
        if isinstance(probability, Tensor):
            return (self.uniform(like) < probability).to(torch.float32)
        table = np.zeros(LEVELS, np.float32)
        table[: round(probability * LEVELS)] = 1
        return self._look_up(table, like)

    def _look_up(self, table: npt.NDArray[np.float32], like: Tensor) -> Tensor:
        count = like.numel()
        draws = self._bits.random_raw(-(-count // 4)).view(np.uint16)[:count]
        return torch.from_numpy(table.take(draws, mode="wrap")).view(like.shape).to(like.device)

    def state(self) -> Tensor:
        """The place in the stream: int64 of shape (4,)."""
        words = self._bits.state["state"]["state"]
        return torch.from_numpy(words.view(np.int64).copy())

    def set_state(self, state: Tensor) -> None:
        """Go on from a place that :meth:`state` returned."""
        whole = self._bits.state
        whole["state"]["state"] = state.numpy().view(np.uint64)
        self._bits.state = whole


@lru_cache(16)
def _normal_quantiles(sigma: float) -> npt.NDArray[np.float32]:
    """The normal's quantiles in the middle of 65,536 equally likely intervals."""
    middle = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
    quantiles: npt.NDArray[np.float32] = (sigma * torch.special.ndtri(middle)).float().numpy()
    return quantiles
