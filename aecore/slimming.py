"""Make finished runs small enough to come with the app: weights in fewer bits, short curves, fewer pictures."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np

from aecore.frames import pack_film, read_film
from aecore.metrics_log import MetricsReader
from aecore.moments import pictured_steps, read_traversals, write_traversals
from aecore.runs import Run, Status, replace_file

_ROWS = 150
"""Rows that are kept of a member's curves."""
_FRAMES = 11
"""Moments whose pictures are kept of a run."""
_LATE_MOMENTS = 5
"""Moments whose traversals are kept of a member's later half, beside its beginning."""
_GREY = 8
"""Grey levels of a traversal are rounded to multiples of this: nobody sees it, and it halves the files."""


def round_weights(run: Run, bits: int) -> Status:
    """Round the weights to so many bits, and measure the test numbers of these weights. Returns the new status."""
    # With torch, which those who only read do not need.
    from aecore.checkpoint import load_model, pack_weights
    from aecore.data.kept import load_kept
    from aecore.evaluation import accuracy, evaluate

    pack_weights(run, bits)
    shutil.rmtree(run.weights_folder, ignore_errors=True)
    config, status = run.config, run.status
    model, test = load_model(run), load_kept(config.data).test
    status.test = evaluate(model, config, test) | ({"accuracy": accuracy(model, test)} if model.classifier is not None else {})
    run.write_status(status)
    return status


def thin_frames(folder: Path, wanted: Collection[int] = ()) -> None:
    """Keep few frames, evenly spread over those that there are, the first and the last, and those of the `wanted` steps.

    They are packed into one file, without the live frame, which is the last one once more.
    """
    film = read_film(folder)
    if film is None:
        return
    places = {round(index * (len(film) - 1) / (_FRAMES - 1)) for index in range(_FRAMES)}
    kept = [place for place, step in enumerate(film.steps.tolist()) if place in places or step in wanted]
    pack_film(folder, film.take(kept))


def thin_curve(path: Path) -> None:
    """Keep few rows of a curve, evenly spread, its first and last among them; of a run's metrics, those with a validation."""
    reader = MetricsReader(path)
    reader.read()
    lines = path.read_text().splitlines(keepends=True)
    telling = reader.telling_column
    rows = [index for index, row in enumerate(reader.rows, start=1) if row[telling] is not None]
    if len(rows) > _ROWS:
        rows = [rows[round(index * (len(rows) - 1) / (_ROWS - 1))] for index in range(_ROWS)]
    replace_file(path, "".join([lines[0], *(lines[index] for index in rows)]))


def thin_moments(run: Run) -> None:
    """Keep the traversals of the beginning and of a few moments of the later half, in fewer grey levels."""
    steps = pictured_steps(run)
    half = len(steps) // 2
    late = np.rint(np.linspace(half, len(steps) - 1, _LATE_MOMENTS)).astype(int)
    kept = {steps[0], *(steps[index] for index in late)}
    for step in steps:
        drawn = read_traversals(run, step)
        if step not in kept or drawn is None:
            (run.folder / "moments" / f"{step:08d}.npz").unlink()
        else:
            rounded = np.minimum((drawn.astype(np.int16) + _GREY // 2) // _GREY * _GREY, 255).astype(np.uint8)
            write_traversals(run, step, rounded)
