"""A run as a page that works by itself, in the Take away view."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from aecore.runs import ACTIVE, Run
from aecore.ui.base_path import base_path
from aecore.ui.run_page import RunPageError, run_page
from aecore.usage import size


def show(run: Run) -> None:
    """What the page is for, its size, and the link to it; a sentence in their place where it cannot be made."""
    st.markdown(
        "One file that opens in any browser, without this app and without the internet: the curves, the training as a film, and "
        "the network itself with its sliders. For a report, a lesson, or somebody who wants to play."
    )
    try:
        # While it trains, the page is another one at every step.
        how_large = "" if run.status.state in ACTIVE else f", {size(_size(run.folder, run.sweep, _stamp(run)))}"
    except RunPageError as error:
        st.info(str(error), icon=":material/info:")
        return
    st.link_button(
        f"Save as a page (HTML{how_large})",
        f"{base_path()}/api/runs/{run.token}/page.html",
        icon=":material/web:",
        help="The weights in it have half precision: the pictures are the same to the eye. Of a run that is still in training, "
        "it shows the moment at which you save it.",
    )


def _stamp(run: Run) -> tuple[int, ...]:
    """What tells whether the page would be another one than before."""
    weights = run.newest_weights
    paths = [run.folder / "about.json", run.folder / "status.json", run.metrics_path, *([weights] if weights is not None else [])]
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)


@lru_cache(maxsize=500)
def _size(folder: Path, sweep: str, stamp: tuple[int, ...]) -> int:
    # Pages are rerun for every click, and making a page takes some tenths of a second.
    return len(run_page(Run(folder, sweep)).encode())
