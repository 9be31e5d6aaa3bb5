"""Runs: keep what was trained, compare it, look back at it, take it away and bring it back."""

import streamlit as st

from aecore.ui import lesson, runs_bring_back, runs_compare, runs_gallery, runs_rewind, runs_take_away
from aecore.ui.runs_views import VIEW, VIEWS, open_tab, settle

st.title("Runs")
open_tab()
tabs = lesson.tabs(VIEWS, key=VIEW)
parts = (runs_gallery, runs_compare, runs_rewind, runs_take_away, runs_bring_back)
for tab, part in zip(tabs, parts, strict=True):
    if tab.open:
        with tab:
            part.show()
settle()
