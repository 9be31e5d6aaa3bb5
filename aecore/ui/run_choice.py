"""A selector of runs: one that came with the app, the person's own, or that of a link; also while it is in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from aecore.config import RunConfig
from aecore.data.catalogue import is_sequences
from aecore.runs import ACTIVE, Run, find_run, runs_of, shipped
from aecore.shipped_runs import TITLES
from aecore.ui import lesson
from aecore.ui.gone import say_gone
from aecore.ui.run_config import config_of
from aecore.ui.run_panel import name_of
from aecore.ui.server import person
from aecore.ui.wish import Selector, Wish

__all__ = ["RunChoice", "config_of", "pictures_of", "title", "whose"]

_LISTED = 40  # newest runs of a person in a selector
_STATES = {"queued": " · waiting", "preparing": " · in training", "running": " · in training", "paused": " · paused"}


@dataclass(frozen=True)
class RunChoice:
    """The selector of a page, or of one tab of it.

    view: the tab. key: in the address, where no other page uses it. first: names of the app's runs that it starts with.
    suits: whether a run with that configuration belongs there. tabs: the key of the page's tabs, also in the address. tab: the
    wish for one of them.
    """

    view: str
    key: str
    first: tuple[str, ...]
    suits: Callable[[RunConfig], bool]
    explained: str
    tabs: str
    tab: Wish
    label: str = "Network"

    def choose(self) -> Run | None:
        """Show the selector; the choice is also in the address. None where there is no run at all."""
        linked = st.query_params.get(self.key, "")
        wanted = self._selector.wanted
        runs = {run.token: run for run in self._candidates(wanted or linked)}
        gone = ""
        if linked and linked not in runs:
            what = "is not on this server" if find_run(linked) is None else "does not fit here"
            gone = f"The run in this address {what}: another one is shown."
        if not runs:
            say_gone(self.key, "", gone)
            return None
        first = next(iter(runs))
        if wanted is not None and wanted not in runs:
            self._selector.give_up()
        if wanted in runs:
            st.session_state[self._choice] = wanted
        # A link, or going back in the browser's history, changes the address without touching the selector.
        elif linked in runs and linked != st.session_state.get(self._written):
            st.session_state[self._choice] = linked
        elif not linked and self._went_back():
            st.session_state[self._choice] = first
        if st.session_state.get(self._choice) not in runs:
            unlinked = first if linked else self._in_training(runs) or first
            st.session_state[self._choice] = linked if linked in runs else unlinked
        titles = {token: title(run) for token, run in runs.items()}
        if lesson.hides("choice"):
            token = str(st.session_state[self._choice])
        else:
            token = st.selectbox(
                self.label,
                list(runs),
                key=self._choice,
                persist_state="session",
                width=520,
                format_func=lambda token: titles.get(token, "a run that is gone"),
                help=self.explained,
            )
        st.session_state[self._written], st.session_state[self._seen] = token, self._touched()
        # What an address without a run means must not change: that is one of the app's, never one of a person's.
        if st.query_params.get(self.key, "" if runs[first].about.owner else first) != token:
            st.query_params[self.key] = token
        say_gone(self.key, token, gone)
        return runs[token]

    def settle(self) -> None:
        """To be called at the end of the page."""
        self._selector.settle()

    def show(self, token: str) -> None:
        """Show this run from the next rerun on."""
        self._selector.show(token)

    def turn_to(self, token: str) -> None:
        """Open this tab with that run; from a callback."""
        self.show(token)
        self.tab.ask(self.view)

    @property
    def _selector(self) -> Selector:
        return Selector(self.key)

    @property
    def _choice(self) -> str:
        return self._selector.key

    @property
    def _written(self) -> str:  # the token that this page wrote into the address last
        return f"{self.key}_written"

    @property
    def _seen(self) -> str:  # what the person's controls held then
        return f"{self.key}_seen"

    def _touched(self) -> tuple[object, object]:
        return st.session_state.get(self._choice), st.session_state.get(self.tabs)

    def _went_back(self) -> bool:
        """Whether the address lost its run although nobody used a control or came from another page.

        A click that is quicker than the page brings along the address that the browser still has: then it is the control that
        counts.
        """
        in_place = st.session_state["page_before"] == st.session_state["page"]
        return in_place and self._choice in st.session_state and st.session_state.get(self._seen) == self._touched()

    def _candidates(self, linked: str) -> list[Run]:
        """The tab's own first, then the person's, that of a link, and the others of the app, if they suit."""
        found = find_run(linked) if linked else None
        mine = [run for run in runs_of(person())[:_LISTED] if run.newest_weights is not None or run.status.state in ACTIVE]
        unique = {run.token: run for run in (*shipped(), *mine, *([found] if found is not None else []))}
        order = {token: place for place, token in enumerate(self.first)}
        suiting = [run for run in unique.values() if (config := config_of(run)) is not None and self.suits(config)]
        return sorted(suiting, key=lambda run: order.get(run.token, len(order) + (not run.about.owner)))

    def _in_training(self, runs: dict[str, Run]) -> str | None:
        """The person's newest run that is under way: who comes back wants to see it."""
        mine = person()
        return next((run.token for run in runs.values() if run.about.owner == mine and run.status.state in ACTIVE), None)


def pictures_of(run: Run) -> RunConfig | None:
    """The configuration of a run that learned from pictures; None for sequences, which most pages cannot show."""
    config = config_of(run)
    return None if config is None or config.architecture.kind == "conv1d" or is_sequences(config.data.name) else config


def title(run: Run) -> str:
    """A network's name on this page, with its state where it is not over."""
    return TITLES.get(run.token, name_of(run)) + _STATES.get(run.status.state, "")


def whose(run: Run) -> str:
    """Whose run it is, as the end of a sentence that begins with “This run”."""
    owner = run.about.owner
    return "came with the app" if not owner else "is yours" if owner == person() else "is somebody else's: you can watch it"
