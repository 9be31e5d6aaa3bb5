"""Anomalies: what a network that has learned the normal case cannot reconstruct, in pictures, in heartbeats, in one's own
table."""

from pathlib import Path

import streamlit as st

from aecore.ui import anomaly_compare, anomaly_scores, anomaly_train, lesson
from aecore.ui.anomaly_formulas import formulas
from aecore.ui.anomaly_runs import COMPARE, DETECTOR, SCORES, TABS, TRAIN, open_tab, settle

TRAIN_PAGE = str(Path(__file__).parent / "train.py")

st.title("Anomalies")
st.markdown(
    "An autoencoder that has only ever seen the **normal** case fails on everything else, and that failure is a detector: "
    "the larger "
    "the error, the stranger the case."
)
open_tab()
run = DETECTOR.choose()
scores, compare, train = lesson.tabs([SCORES, COMPARE, TRAIN], key=TABS)
for tab, show in ((scores, anomaly_scores.show), (compare, anomaly_compare.show)):
    if tab.open:
        with tab:
            if run is None:
                st.info(f"There is no detector yet: train one in the tab “{TRAIN}”.", icon=":material/model_training:")
            else:
                show(run)
if train.open:
    with train:
        anomaly_train.show(run, TRAIN_PAGE)
formulas()
settle()
