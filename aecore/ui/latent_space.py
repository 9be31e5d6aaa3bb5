"""What all views of a code space on a page are made of, and what they are given: which run, and how new its weights are."""

from __future__ import annotations

from typing import Any

from aecore.runs import ACTIVE, Run
from aecore.ui.base_path import base_path

# The files of the browser's side that every view needs, in the order in which they are joined.
STYLES = ("controls.css", "range.css", "thumbnails.css", "latent.css")
SCRIPTS = (
    "canvas.js",
    "pixels.js",
    "random.js",
    "network.js",
    "idle_work.js",
    "code_statistics.js",
    "space.js",
    "space_view.js",
)


def space_data(run: Run) -> dict[str, Any]:
    """What a view is given as `space`: where to fetch the network and its pictures from.

    `stamp` names the weights of a run that is over, so that a browser that has them need not fetch them again; None for a
    run that is still in training (or waits for it), whose weights are fetched again and again.
    """
    state = run.status.state
    path = None if state in ACTIVE else run.newest_weights
    return {
        "base": base_path(),
        "token": run.token,
        "state": state,
        "stamp": None if path is None else str(path.stat().st_mtime_ns),
    }
