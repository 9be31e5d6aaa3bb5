"""The weights of a run in training, written for whoever looks into its code space, and only while somebody does."""

from __future__ import annotations

import time

from aecore.checkpoint import save_live_model
from aecore.model import Autoencoder
from aecore.pacing import Paced
from aecore.runs import Run

WATCHED_FOR = 5.0
"""Seconds after somebody asked for the weights of this moment in which they are offered again."""
OFFERING_SHARE = 0.02
"""Part of the time that writing them may take."""


class LiveWeights:
    """Offers the weights of one run, where its folder says that they are wanted: see :class:`~aecore.runs.Run`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._pace = Paced(OFFERING_SHARE)
        self._step = -1  # whose weights were offered last

    def offer(self, model: Autoencoder, step: int) -> None:
        """Write the weights after this step, if somebody wants them, they are not there yet, and it is time."""
        try:
            asked = self._run.watched_path.stat().st_mtime
        except OSError:
            return
        is_there = step == self._step and self._run.live_model_path.is_file()
        if time.time() - asked > WATCHED_FOR or is_there or not self._pace.due:
            return
        with self._pace:
            save_live_model(self._run, model)
        self._step = step
