"""How fast this machine trains the networks of a sweep: measured, not guessed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from aecore.config import RunConfig
from aecore.data.loading import Dataset, Split
from aecore.training import Trainer

SECONDS = 1.0
"""Of measuring each network, after its first steps."""
_FIRST_STEPS = 5  # in which torch lays out its memory
_RATE = 1e-6  # with which no network diverges in a second, whatever it will be trained with: a step takes as long
_POLL = 0.1  # seconds
_BATCHES = 4  # of made-up pictures: what they show makes no step slower or faster


def seconds_per_step(config: RunConfig, seconds: float = SECONDS, poll: Callable[[], object] = lambda: None) -> float:
    """Seconds that a training step of this configuration takes on one thread, as the workers train.

    Measured over `seconds` on pictures of noise of the data's size, so that nothing has to be read or downloaded. On a CPU it is
    the thread's own time that counts, so that it matters little what else this machine does meanwhile. `poll` is called
    between steps, some ten times a second.
    """
    harmless = {"optimizer.learning_rate": _RATE, "optimizer.schedule": "constant"}
    config = config.with_settings({"data.train_images": max(10, _BATCHES * config.batch_size), "epochs": 500} | harmless)
    card = config.card
    shape = (config.train_size, card.channels, card.height, card.width)
    pictures = Split(torch.randint(0, 256, shape, dtype=torch.uint8), torch.zeros(config.train_size, dtype=torch.int64))
    with _one_thread():
        trainer = Trainer(config, Dataset(card, pictures, pictures, pictures))
        clock = time.perf_counter if trainer.device.type == "cuda" else time.thread_time
        steps = trainer.run()
        for _ in range(_FIRST_STEPS):
            next(steps)
        trainer.read_losses()  # waits for a GPU
        first, start, next_poll = trainer.step, clock(), time.perf_counter()
        end = next_poll + seconds
        for _ in steps:
            now = time.perf_counter()
            if now >= end:
                break
            if now >= next_poll:
                poll()
                next_poll = now + _POLL
        trainer.read_losses()
        return (clock() - start) / (trainer.step - first)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
