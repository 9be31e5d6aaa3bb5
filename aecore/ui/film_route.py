"""The route from which the browser fetches all that it needs to scrub through a training, in one answer.

As with the live route: a run is found only by its unguessable token (or the name of one that came with the app), nothing of it
can be changed here, and answers are bounded.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aecore.config import RunConfig
from aecore.frames import Film, Gallery, kept_frames, read_film, read_frame, read_gallery
from aecore.runs import ACTIVE, Run, Status, find_run
from aecore.snapshot_steps import starting_points
from aecore.ui.bytes_block import bytes_block
from aecore.ui.live_route import rows_after
from aecore.ui.loss_words import described
from aecore.ui.run_config import config_of

MOST_BYTES = 10 << 20
"""The most bytes of frames in one answer; of a run that has more, frames are left out evenly."""

_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
_NOT_KEPT = {"Cache-Control": "no-store"}
_NO_RUN = "This run is not on this server (any more): choose another one."
_WAITING = {
    "queued": "This run waits for its turn. The moments of its training appear here as soon as it has begun.",
    "preparing": "This run is getting ready. The moments of its training appear here as soon as it has begun.",
}
_COMING = "Waiting for the first moment of this training…"
_NEVER = "This run kept no pictures of its training, so there is nothing to look back at: choose another run, or train it again."
_DAMAGED = "The pictures that this run kept of its training are damaged: choose another run, or train it again."


class _NothingError(ValueError):
    """There is nothing to show; the message is a sentence."""


@dataclass(frozen=True)
class _Moments:
    """What is new of a run. after: frames and rows of later steps are those here. fleeting: whether the last frame is none that
    is kept. missing: how many of the kept ones are damaged. left_out: how many there was no room for."""

    gallery: Gallery
    film: Film
    after: int
    fleeting: bool
    missing: int
    left_out: int


async def film(request: Request) -> Response:
    """GET /api/runs/{token}/film?stamp=<stamp> or ?have=<step>: the moments of a training, as one block.

    `stamp`: of a run that is over; the answer may then be kept for good, if it is still that one. `have`: the step of the last
    frame that is there already; the answer is 204 where none is newer, else it has only what comes after its `after`. The block's
    header has what `_facts` returns; its parts: originals, corrupted, point labels (these three empty where `have` is given),
    reconstructions (N, G, C, H, W), positions (N, P, 2) as float32, filters (N, F, C, h, w), rows (R, columns) as float64 with
    NaN for gaps; bytes where nothing else is said.
    """
    run = find_run(request.path_params["token"])
    config = None if run is None else await run_in_threadpool(config_of, run)
    if run is None or config is None:
        return _sentence(_NO_RUN, "gone")
    query = request.query_params
    text = query.get("have", "")
    have = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
    accepts = "gzip" in request.headers.get("accept-encoding", "")
    return await run_in_threadpool(_answer, run, config, query.get("stamp"), have, accepts)


def stamp_of(run: Run) -> str | None:
    """What names the film of a run that is over: another one once it was resumed. None for runs in training."""
    try:
        return None if run.status.state in ACTIVE else str((run.folder / "status.json").stat().st_mtime_ns)
    except OSError:
        return "0"


def _answer(run: Run, config: RunConfig, wanted: str | None, have: int | None, zipped: bool) -> Response:
    # The stamp and the status first: of a run that ends in between, more is there than is said.
    stamp, status = stamp_of(run), run.status
    try:
        found = _moments(run, have)
    except _NothingError as nothing:
        text = _WAITING.get(status.state, _COMING) if status.state in ACTIVE else str(nothing)
        return _sentence(text, status.state)
    except (KeyError, ValueError, TypeError, IndexError):  # arrays that are missing, or are of another kind
        return _sentence(_DAMAGED, status.state)
    if found is None:
        return Response(status_code=204, headers=_NOT_KEPT | {"X-Run-State": status.state})
    columns, rows = rows_after(run, found.after)
    gallery, frames = found.gallery, found.film
    numbers = np.array(rows, np.float64).reshape(-1, max(1, len(columns)))  # None becomes NaN
    parts: list[npt.NDArray[Any] | None] = [gallery.originals, gallery.corrupted, gallery.point_labels]
    if have is not None:
        parts = [None, None, None]
    parts += [frames.reconstructions, frames.positions.astype("<f4"), frames.filters, numbers.astype("<f8")]
    block = bytes_block(
        _facts(run, config, status, found) | {"columns": columns, "stamp": stamp},
        *(b"" if part is None else np.ascontiguousarray(part).tobytes() for part in parts),
    )
    headers = _FOR_GOOD if stamp is not None and wanted == stamp and have is None else _NOT_KEPT
    if zipped:
        block, headers = gzip.compress(block, 4), headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(block, media_type="application/octet-stream", headers=headers)


def _moments(run: Run, have: int | None) -> _Moments | None:
    """What is newer than the frame `have`, or all there is; None where nothing is. Raises _NothingError."""
    folder = run.frames_folder
    gallery = read_gallery(folder)
    kept = kept_frames(folder)
    live = read_frame(folder)
    if gallery is None:
        raise _NothingError(_DAMAGED if kept else _NEVER)
    last = max([*kept, *([live.step] if live is not None else [])], default=-1)
    if have is not None and last == have:
        return None
    # What was there already may be the present moment only, or of a training that has gone back since: as far as what is kept.
    after = -1 if have is None else max([step for step in kept if step < min(have, last)], default=-1)
    frames = read_film(folder, after)
    missing = sum(step > after for step in kept) - (0 if frames is None else len(frames))
    fleeting = live is not None and (frames is None or live.step > int(frames.steps[-1]))
    if live is not None and fleeting and _suits(gallery, live.reconstructions, live.positions):
        present = Film(
            np.array([live.step], np.int64),
            live.reconstructions[None],
            live.positions[None],
            None if live.filters is None else live.filters[None],
        )
        frames = present if frames is None else _joined(frames, present)
    else:
        fleeting = False
    if frames is None:
        raise _NothingError(_DAMAGED if kept else _NEVER)
    if not _suits(gallery, frames.reconstructions[0], frames.positions[0]):
        raise _NothingError(_DAMAGED)
    bounded = _bounded(frames)
    return _Moments(gallery, bounded, after, fleeting, missing, len(frames) - len(bounded))


def _suits(gallery: Gallery, reconstructions: npt.NDArray[Any], positions: npt.NDArray[Any]) -> bool:
    """Whether a frame is one of these pictures and points, in the form that the browser is told."""
    points = gallery.point_labels
    same = reconstructions.shape == gallery.originals.shape and positions.shape == (len(points), 2)
    corrupted = gallery.corrupted is None or gallery.corrupted.shape == gallery.originals.shape
    pictures = [reconstructions, gallery.originals, points] + ([] if gallery.corrupted is None else [gallery.corrupted])
    return same and corrupted and gallery.originals.ndim == 4 and all(array.dtype == np.uint8 for array in pictures)


def _joined(film: Film, present: Film) -> Film:
    filters = None
    if film.filters is not None and present.filters is not None and film.filters.shape[1:] == present.filters.shape[1:]:
        filters = np.concatenate([film.filters, present.filters])
    return Film(
        np.concatenate([film.steps, present.steps]),
        np.concatenate([film.reconstructions, present.reconstructions]),
        np.concatenate([film.positions, present.positions]),
        filters,
    )


def _bounded(film: Film) -> Film:
    """The film, or of a larger one than an answer may be as many of its frames as fit, evenly, the first and the last too."""
    filters = 0 if film.filters is None else film.filters.nbytes
    each = (film.reconstructions.nbytes + film.positions.nbytes + filters) / len(film)
    count = max(1, int(MOST_BYTES / each))
    if count >= len(film):
        return film
    return film.take(np.unique(np.linspace(0, len(film) - 1, count).round().astype(int)).tolist() if count > 1 else [-1])


def _facts(run: Run, config: RunConfig, status: Status, found: _Moments) -> dict[str, Any]:
    gallery, frames = found.gallery, found.film
    count, channels, height, width = gallery.originals.shape
    return {
        "token": run.token,
        "state": status.state,
        "step": status.step,
        "total": status.steps,
        "epochs": status.epochs,
        "after": found.after,
        "steps": frames.steps.tolist(),
        "fleeting": found.fleeting,
        "missing": found.missing,
        "left_out": found.left_out,
        "count": count,
        "channels": channels,
        "height": height,
        "width": width,
        "classes": list(config.card.classes),
        "positions_kind": gallery.positions_kind,
        "has_corrupted": gallery.corrupted is not None,
        "filters": None if frames.filters is None else list(frames.filters.shape[1:]),
        "stages": described(config.stages),
        "starts": sorted(starting_points(run)),
    }


def _sentence(text: str, state: str) -> Response:
    return JSONResponse({"error": text}, 404, headers=_NOT_KEPT | {"X-Run-State": state})


ROUTES = [Route("/api/runs/{token}/film", film)]
