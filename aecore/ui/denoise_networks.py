"""Which trained networks the Denoise page works with: those that came with the app, and the person's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.config import RunConfig
from aecore.frames import read_gallery
from aecore.runs import Run, find_run, runs_of, shipped
from aecore.shipped_runs import (
    CONVOLUTIONAL_DENOISER,
    DENSE_DENOISER,
    PLAIN,
    TITLES,
)
from aecore.ui import lesson
from aecore.ui.browser_network import browser_network
from aecore.ui.denoise_live import ShownNetwork
from aecore.ui.run_choice import pictures_of
from aecore.ui.run_panel import name_of
from aecore.ui.server import person

KEY = "networks"
MOST = 3
"""Networks at once: more answers than that cannot be looked at side by side."""
_USUAL = (CONVOLUTIONAL_DENOISER, DENSE_DENOISER, PLAIN)


def choose_networks() -> list[Run]:
    """The selector; returns runs whose pictures have one size, the first choice deciding which. [] where there is none."""
    # The address holds tokens, which a widget bound to it would not: it writes what is shown, and names are not unique.
    linked = [token for token in st.query_params.get_all(KEY) if find_run(token)]
    runs = {run.token: run for run in _candidates(linked)}
    usual = [token for token in _USUAL if token in runs]
    if KEY not in st.session_state:
        st.session_state[KEY] = [token for token in linked if token in runs][:MOST] or usual
    if lesson.hides("choice"):
        tokens = [token for token in st.session_state[KEY] if token in runs]
    else:
        tokens = st.multiselect(
            "Networks",
            list(runs),
            key=KEY,
            persist_state="session",
            max_selections=MOST,
            format_func=lambda token: title(runs[token]) if token in runs else "a run that is gone",
            help="Up to three side by side. Those that you train on the Train tab, or on the Train page, appear here.",
            placeholder="Choose up to three trained networks",
        )
    if tokens == usual:
        st.query_params.pop(KEY, None)
    elif tokens != linked:
        st.query_params[KEY] = tokens
    chosen = [runs[token] for token in tokens if token in runs]
    fitting = [run for run in chosen if run.config.plan.input_shape == chosen[0].config.plan.input_shape]
    if len(fitting) < len(chosen):
        st.caption("Only networks for pictures of the same size as the first one's can be compared: the others are left out.")
    return fitting


def title(run: Run) -> str:
    """A network's name on this page."""
    return TITLES.get(run.token, name_of(run))


def trained_with(config: RunConfig) -> str:
    """What a network has seen while it was trained, in a few words."""
    noise = config.corruption
    if noise.kind == "none":
        return "trained without noise"
    kind = {
        "gaussian": "Gaussian noise",
        "masking": "dropout noise",
        "patches": "dropped squares",
        "salt-and-pepper": "salt and pepper",
        "mixed": "all four noises",
    }[noise.kind]
    lowest = "" if noise.level_from is None else f"{noise.level_from:g} to "
    return f"trained with {kind}, {lowest}{noise.level:g}"


def shown_networks(runs: list[Run]) -> list[ShownNetwork]:
    """The networks as the browser takes them."""
    shown = []
    for run in runs:
        description, weights = _browser_network(run.token, run.model_path.stat().st_mtime_ns)
        shown.append(ShownNetwork(title(run), trained_with(run.config), description, weights))
    return shown


def held_out_pictures(run: Run) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Pictures (N, C, H, W) that the run was not trained on, and their classes by name; those of a class side by side."""
    gallery = read_gallery(run.frames_folder)
    if gallery is None:
        return np.zeros((0, *run.config.plan.input_shape), np.uint8), []
    images, labels = gallery.by_label()
    classes = run.config.card.classes
    return images, [classes[label] if label < len(classes) else str(label) for label in labels.tolist()]


def _candidates(linked: list[str]) -> list[Run]:
    """Runs with weights, the usual ones first, then the person's and those of a link, then the others of the app."""
    others = [run for token in (*linked, *st.session_state.get(KEY, [])) if (run := find_run(token)) is not None]
    ready = [
        run for run in (*shipped(), *runs_of(person()), *others) if run.model_path.is_file() and pictures_of(run) is not None
    ]
    order = {token: place for place, token in enumerate(_USUAL)}
    unique = {run.token: run for run in ready}
    return sorted(unique.values(), key=lambda run: order.get(run.token, len(order) + (not run.about.owner)))


@st.cache_data(show_spinner=False, max_entries=24)
def _browser_network(token: str, stamp: int) -> tuple[dict[str, Any], bytes]:
    run = find_run(token)
    if run is None:
        raise FileNotFoundError(token)
    return browser_network(run)
