"""The same held-out pictures through several networks, computed in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from aecore.config import RunConfig
from aecore.runs import ACTIVE, Run
from aecore.ui.components import source

SCRIPTS = ("canvas.js", "pixels.js", "random.js", "noise.js", "network.js", "mounting.js", "compare_pictures.js")

_PICTURES = st.components.v2.component(
    "compare_pictures",
    html=source("compare_pictures.html"),
    css=source("controls.css", "range.css", "compare_pictures.css"),
    js=source(*SCRIPTS),
)


def compare_pictures(runs: Sequence[tuple[Run, str, RunConfig]], *, base: str, key: str) -> None:
    """Show what each run, given with its name and configuration, makes of the same pictures, with noise on them if wanted.

    Runs whose pictures have another size than those of the first are named, not drawn; so are runs without weights.
    """
    _PICTURES(key=key, data={"base": base, "runs": [_described(*each) for each in runs]})


def _described(run: Run, name: str, config: RunConfig) -> dict[str, Any]:
    path = run.newest_weights
    # Weights that cannot change any more may be kept by the browser.
    stamp = "" if path is None or run.status.state in ACTIVE else str(path.stat().st_mtime_ns)
    return {"token": run.token, "name": name, "stamp": stamp, "data": config.card.title, "shape": list(config.plan.input_shape)}
