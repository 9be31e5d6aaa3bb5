"""Features: bottlenecks, sparsity, training layer by layer, and what features learned without labels are good for."""

from pathlib import Path

import streamlit as st

from aecore.ui import features_bottleneck, features_layers, features_sparsity, features_use, lesson
from aecore.ui.features_formulas import formulas
from aecore.ui.features_runs import BOTTLENECK, LAYERS, SPARSITY, USE, VIEW, open_tab, settle

TRAIN_PAGE = str(Path(__file__).parent / "train.py")

st.title("Features")
open_tab()
bottleneck, sparsity, layers, use = lesson.tabs([BOTTLENECK, SPARSITY, LAYERS, USE], key=VIEW)
if bottleneck.open:
    with bottleneck:
        features_bottleneck.show()
if sparsity.open:
    with sparsity:
        features_sparsity.show(TRAIN_PAGE)
if layers.open:
    with layers:
        features_layers.show(TRAIN_PAGE)
if use.open:
    with use:
        features_use.show(TRAIN_PAGE)
formulas()
settle()
