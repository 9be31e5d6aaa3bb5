"""Latent space: walk through what a network has learned, at the speed of the hand."""

from pathlib import Path

import streamlit as st

from aecore.ui import latent_numbers_tab, lesson
from aecore.ui.latent_arithmetic import latent_arithmetic
from aecore.ui.latent_between import latent_between
from aecore.ui.latent_draw import latent_draw
from aecore.ui.latent_generate import latent_generate
from aecore.ui.latent_map import latent_map
from aecore.ui.latent_runs import about, choose_run
from aecore.ui.latent_walk import latent_walk

TRAIN_PAGE = str(Path(__file__).parent / "train.py")
FEATURES_PAGE = str(Path(__file__).parent / "features.py")
VIEWS = {
    "Walk": latent_walk,
    "Map": latent_map,
    "Draw": latent_draw,
    "Between": latent_between,
    "Arithmetic": latent_arithmetic,
    "Generate": latent_generate,
}

st.title("Latent space")
run = choose_run()
if run is None:
    st.info("There is no trained network here: train one on the Train page.")
    lesson.page_link(TRAIN_PAGE, label="Open the Train page", icon=":material/play_arrow:")
    st.stop()
about(run, TRAIN_PAGE)
if run.config.code.kind == "vector":
    query = {"view": "Sparsity", "units_of": run.token}
    lesson.page_link(FEATURES_PAGE, label="Look at its units", icon=":material/category:", query_params=query)
tabs = lesson.tabs([*VIEWS, "Numbers"], key="view")
for tab, (name, view) in zip(tabs, VIEWS.items(), strict=False):
    if tab.open:
        with tab:
            view(run, key=f"latent_{name.lower()}")
if tabs[-1].open:
    with tabs[-1]:
        latent_numbers_tab.show(run)
