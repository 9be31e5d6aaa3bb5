"""Disentangle: what β does, as an experiment; several βs trained side by side, then measured against known factors."""

import streamlit as st

from aecore.ui import lesson
from aecore.ui.sweep_choice import LIVE, VIEW, about, choose_sweep, settle
from aecore.ui.sweep_compare import sweep_compare
from aecore.ui.sweep_controls import sweep_controls
from aecore.ui.sweep_formulas import formulas, introduction
from aecore.ui.sweep_live import sweep_live
from aecore.ui.sweep_setup import setup

SET_UP, COMPARE = "Set up", "Compare"

st.title("Disentangle")
introduction()
sweep = choose_sweep()
if sweep is not None:
    about(sweep)
usual = SET_UP if sweep is None else LIVE
set_up, live, compare = lesson.tabs([SET_UP, LIVE, COMPARE], default=usual, key=VIEW)
if not isinstance(set_up, lesson.HiddenTab):
    with set_up:  # also while another is open: its controls are then in the address all the same, and survive a reload
        setup()
if sweep is None:
    for tab in (live, compare):
        if not isinstance(tab, lesson.HiddenTab):
            with tab:
                st.info("There is no sweep yet: set one up and start it.", icon=":material/science:")
else:
    if live.open:
        with live:
            sweep_controls(sweep)
            sweep_live(sweep, key="sweep_live")
    if compare.open:
        with compare:
            sweep_compare(sweep)
formulas()
settle()
