"""The views of the Runs page, and how one of them is opened with a run by another."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from aecore.ui.run_choice import RunChoice
from aecore.ui.wish import Wish

RUNS, COMPARE, REWIND, TAKE_AWAY, BRING_BACK = "Runs", "Compare", "Rewind", "Take away", "Bring back"
VIEWS = (RUNS, COMPARE, REWIND, TAKE_AWAY, BRING_BACK)
VIEW = "view"
COMPARED = "runs"
"""The key of the compared runs in the address: their tokens with commas between."""

TAB = Wish("runs_tab")


def _choice(view: str, explained: str) -> RunChoice:
    # One key: who looks back at a run and then takes it away means the same one.
    return RunChoice(
        view=view,
        key="run",
        first=("vanilla-mnist",),
        suits=lambda config: True,
        explained=explained,
        tabs=VIEW,
        tab=TAB,
        label="Run",
    )


REWOUND = _choice(REWIND, "Any run of yours, also while it trains, those that came with the app, and that of a link.")
TAKEN = _choice(TAKE_AWAY, "Any run of yours, those that came with the app, and that of a link.")


def open_view(view: str, tokens: Sequence[str] = ()) -> None:
    """Open a view from the next rerun on, with these runs where it shows some. To be called in a callback."""
    if view == COMPARE:
        st.query_params[COMPARED] = ",".join(tokens)
    elif tokens:
        REWOUND.show(tokens[0])
    TAB.ask(view)


def open_tab() -> None:
    """Turn to the tab that was asked for; to be called before the tabs are drawn."""
    if TAB.value is not None:
        st.session_state[VIEW] = TAB.value


def settle() -> None:
    """To be called at the end of the page: what was asked for has been shown."""
    TAB.settle()
    REWOUND.settle()
