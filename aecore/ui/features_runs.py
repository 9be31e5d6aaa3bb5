"""Which run a tab of the Features page shows, and what its page was asked for."""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.data.catalogue import is_sequences
from aecore.shipped_runs import SELF_TAUGHT, SPARSE, STACKED
from aecore.ui.run_choice import RunChoice
from aecore.ui.run_start import PRESSED
from aecore.ui.wish import Wish

VIEW = "view"
"""The key of the page's tabs, also in the address."""
BOTTLENECK, SPARSITY, LAYERS, USE = "Bottleneck", "Sparsity", "Layer by layer", "Use"

_TAB = Wish("features_tab")


def _is_of_pictures(config: RunConfig) -> bool:
    return not is_sequences(config.data.name)


UNITS = RunChoice(
    SPARSITY,
    "units_of",
    (SPARSE, SELF_TAUGHT, STACKED),
    lambda config: _is_of_pictures(config) and config.code.kind == "vector",
    "Those that come with the app, and all that you train here or on the Train page.",
    VIEW,
    _TAB,
)
STACKS = RunChoice(
    LAYERS,
    "layers_of",
    (STACKED,),
    lambda config: _is_of_pictures(config) and config.schedule.kind == "greedy",
    "Networks that were, or are being, trained layer by layer.",
    VIEW,
    _TAB,
)
USED = RunChoice(
    USE,
    "use_of",
    (SPARSE, SELF_TAUGHT, STACKED),
    _is_of_pictures,
    "Those that come with the app, and all that you train, on any page.",
    VIEW,
    _TAB,
)


def open_tab() -> None:
    """To be called before the tabs: open the one that was asked for."""
    if _TAB.value is not None:
        st.session_state[VIEW] = _TAB.value


def settle() -> None:
    """To be called at the end of the page: what was asked for is shown, and the browser has been told."""
    _TAB.settle()
    PRESSED.settle()
    for choice in (UNITS, STACKS, USED):
        choice.settle()
