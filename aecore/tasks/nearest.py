"""The task behind the pictures that a network makes of random codes: which training picture is nearest to each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from aecore.checkpoint import DamagedModelError, load_model
from aecore.config import RunConfig
from aecore.data.downloads import DataUnavailableError
from aecore.data.kept import load_kept
from aecore.data.loading import Dataset
from aecore.nearest import nearest
from aecore.runs import Run, find_run
from aecore.tasks.messages import Arrays, Message, Report, TaskError
from aecore.training import scaled

TYPICAL_IMAGES = 200
"""Test pictures whose own distances say what is usual."""
_MOST = 64

_typical: dict[tuple[str, int | None, int], float] = {}


@torch.no_grad()
def nearest_training(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Decode codes and search all pictures that the run was trained on.

    Arguments: `run` (its token). Arrays: the codes, float32 (N, D), N ≤ 64. Result: `distances`, the root mean square
    difference per pixel of each code's picture from its nearest one; `typical`, the median of that for the first 200 test
    pictures; `searched`, how many training pictures there are. Arrays: the nearest pictures, uint8 (N, C, H, W).
    The newest weights that there are decode.
    """
    (codes,) = arrays
    run = find_run(arguments["run"])
    if run is None:
        raise TaskError("This run is gone: choose another one.")
    config = run.config
    if codes.ndim != 2 or not 1 <= len(codes) <= _MOST or codes.shape[1] != config.code.size:
        raise TaskError(f"These are not up to {_MOST} codes of {config.code.size} numbers.")
    pictures = _decode(run, codes)
    dataset = _dataset(config, report)
    training = dataset.train.images[: config.train_size]
    typical = _typical_distance(config, dataset, lambda done: report(0.5 * done, "Searching for test pictures first"))
    index, distance = nearest(
        pictures, training, lambda done: report(0.5 + 0.5 * done, f"Searching {len(training):,} training pictures")
    )
    result = {"distances": distance.tolist(), "typical": typical, "searched": len(training)}
    return result, [training[index].numpy()]


def _decode(run: Run, codes: npt.NDArray[np.float32]) -> torch.Tensor:
    """The pictures (N, P) as they are shown: within 0..1."""
    try:
        model = load_model(run, path=run.newest_weights)
    except (DamagedModelError, FileNotFoundError) as error:
        raise TaskError(str(error)) from None
    pictures = model.decode(torch.from_numpy(codes)).flatten(1).clamp(0, 1)
    if not pictures.isfinite().all():
        raise TaskError("The weights of this network have grown beyond all bounds: it draws nothing that could be compared.")
    return pictures


def _dataset(config: RunConfig, report: Report) -> Dataset:
    report(0.0, "Getting the training pictures")
    try:
        return load_kept(config.data, lambda what, done: report(0.0, what))
    except DataUnavailableError as error:
        raise TaskError(
            f"The training pictures of {config.card.title} cannot be had here, so none can be shown beside the samples. {error}"
        ) from None


def _typical_distance(config: RunConfig, dataset: Dataset, poll: Callable[[float], None]) -> float:
    """How far test pictures usually are from their nearest training picture; found once, since no network has a part in it."""
    key = (config.data.name, config.data.resolution, config.train_size)
    if key not in _typical:
        test = scaled(dataset.test.images[:TYPICAL_IMAGES], torch.device("cpu")).flatten(1)
        _, distance = nearest(test, dataset.train.images[: config.train_size], poll)
        _typical[key] = float(np.median(distance.numpy()))
    return _typical[key]
