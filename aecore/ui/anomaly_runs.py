"""Which detector the Anomalies page shows, and what its page was asked for."""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.runs import ACTIVE, Run
from aecore.shipped_runs import HEARTBEAT_DETECTOR, PICTURE_DETECTOR
from aecore.ui.run_choice import RunChoice
from aecore.ui.run_start import PRESSED
from aecore.ui.settings_form import known_card
from aecore.ui.wish import Wish

TABS = "look"
"""The key of the page's tabs, also in the address."""
SCORES, COMPARE, TRAIN = "Scores and cases", "Against others", "Train one"

TAB = Wish("anomalies_tab")


def is_detector(config: RunConfig) -> bool:
    """Whether a run with that configuration can be used as a detector: it learned some classes only, or there are no labels."""
    found = known_card(config.data.name)
    return found is not None and (config.data.classes is not None or not found.is_labelled)


DETECTOR = RunChoice(
    SCORES,
    "detector",
    (HEARTBEAT_DETECTOR, PICTURE_DETECTOR),
    is_detector,
    "Those that come with the app, and all that you train on some classes only, or on a file without labels, on any page.",
    TABS,
    TAB,
    "Detector",
)


def open_tab() -> None:
    """To be called before the tabs: open the one that was asked for."""
    if TAB.value is not None:
        st.session_state[TABS] = TAB.value


def settle() -> None:
    """To be called at the end of the page: what was asked for is shown, and the browser has been told."""
    TAB.settle()
    PRESSED.settle()
    DETECTOR.settle()


def is_ready(run: Run) -> bool:
    """Whether the run's training is over and its weights are there, so that it can be measured."""
    return run.status.state not in ACTIVE and run.newest_weights == run.model_path and run.model_path.is_file()


def why_not_ready(run: Run) -> str:
    """What to do about a run that cannot be measured, in a sentence."""
    if run.status.state in ACTIVE:
        return f"This detector is still in training: its scores come when that is over. Watch it in the tab “{TRAIN}”."
    if run.status.state == "failed":
        return f"The training of this run failed: {run.status.reason} Change its settings and train again."
    if run.resume_path.is_file():
        return "This run broke off before its weights were saved: resume it on the page Train, then it can be measured."
    return "This run has no weights, so there is nothing to measure: choose another one, or train it again."
