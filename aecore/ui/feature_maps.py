"""Two maps of the same pictures side by side: as their pixels see them, and as the features of a run do."""

from __future__ import annotations

import streamlit as st

from aecore.feature_maps_results import FeatureMaps
from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.latent_space import space_data

FILES = (
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "pixels.js",
    "markers.js",
    "feature_maps_map.js",
    "mounting.js",
    "feature_maps.js",
)
SHEETS = ("controls.css", "markers.css", "map.css", "latent.css", "save_chart.css", "feature_maps.css")

_FEATURE_MAPS = st.components.v2.component(
    "feature_maps", html=source("feature_maps.html"), css=source(*SHEETS), js=source(*FILES)
)


def feature_maps(maps: FeatureMaps, run: Run, *, key: str) -> None:
    """Show the maps of the atlas pictures of `run`; pointing at a picture in one shows it in both.

    maps: of this run; its places are -1..1.
    key: the view's identity.
    """
    space = space_data(run)
    channels, height, width = run.config.plan.input_shape
    _FEATURE_MAPS(
        key=key,
        data={
            "base": space["base"],
            "token": space["token"],
            "method": maps.method,
            "pixels": maps.pixels,
            "features": maps.features,
            "labels": maps.labels,
            "classes": list(run.config.card.classes),
            "size": {"channels": channels, "height": height, "width": width},
            "numbers": [run.config.plan.input_size, run.config.code.size],
        },
    )
