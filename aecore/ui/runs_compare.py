"""The view Compare: several runs side by side, by their curves, settings, test numbers and what they make of one picture."""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.run_comparison import (
    MOST_COMPARED,
    differences,
    effort_lines,
    in_common,
    number_lines,
    why_not_compared,
)
from aecore.runs import Run, find_run, runs_of, shipped
from aecore.shipped_runs import TITLES
from aecore.ui.base_path import base_path
from aecore.ui.compare_curves import compare_curves, run_colours
from aecore.ui.compare_pictures import compare_pictures
from aecore.ui.compare_table import compare_table
from aecore.ui.plain_words import escaped
from aecore.ui.run_config import config_of
from aecore.ui.run_panel import name_of, unit_of
from aecore.ui.runs_views import COMPARED
from aecore.ui.server import person

_CHOICE = "compared_runs"
_WRITTEN = "compared_written"  # what this page wrote into the address last
_LISTED = 100  # newest runs of a person in the selector


def show() -> None:
    """The selector, and what can be said of the runs that are chosen."""
    chosen = _choose()
    if len(chosen) < 2:
        st.info(
            f"Choose two to {MOST_COMPARED} runs above, or mark them on the view Runs and press Compare there.",
            icon=":material/compare:",
        )
        return
    runs, names = [run for run, _ in chosen], [_title(run) for run, _ in chosen]
    configs, statuses = [config for _, config in chosen], [run.status for run, _ in chosen]
    units = {unit_of(config) for config in configs}
    base = base_path()
    compare_curves(
        [(run.token, name) for run, name in zip(runs, names, strict=True)],
        unit=units.pop() if len(units) == 1 else "",
        base=base,
        key="compare_curves",
    )
    if len({_loss_of(config) for config in configs}) > 1:
        st.caption(
            "These runs make different things small: their losses have different scales. Compare the test numbers instead."
        )
    with st.container(border=True):
        st.subheader("Where they differ")
        groups = [
            ("Settings", differences(configs)),
            ("Test numbers", number_lines(configs, statuses)),
            ("Size and effort", effort_lines(configs, statuses)),
        ]
        papers = (str(st.get_option("theme.light.backgroundColor")), str(st.get_option("theme.dark.backgroundColor")))
        st.html(compare_table(names, run_colours(len(runs)), groups, papers))
        _words(configs, why_not_compared(configs, statuses), bool(groups[0][1]))
    st.subheader("The same pictures through each")
    compare_pictures(list(zip(runs, names, configs, strict=True)), base=base, key="compare_pictures")


def _words(configs: list[RunConfig], why_not: str, differ: bool) -> None:
    """What is under the table."""
    if not differ:
        st.caption("All settings are the same: what differs is chance on another machine, or the version of the app.")
    if why_not:
        st.caption(why_not)
    shared = ", ".join(f"{title}: {escaped(text)}" for title, text in in_common(configs))
    st.caption(f"The same in all: {shared}. What is not listed is as usual." if shared else "All else is as usual.")


def _loss_of(config: RunConfig) -> tuple[object, ...]:
    return config.data.name, config.objective


def _choose() -> list[tuple[Run, RunConfig]]:
    """The selector; the choice is also in the address."""
    linked = [token for token in st.query_params.get(COMPARED, "").split(",") if token][:MOST_COMPARED]
    # A link, or the view Runs, changes the address without touching the selector.
    if linked != st.session_state.get(_WRITTEN, []):
        st.session_state[_CHOICE] = linked
    wanted = st.session_state.get(_CHOICE, [])
    candidates = [*(find_run(token) for token in wanted), *runs_of(person())[:_LISTED], *shipped()]
    known = {run.token: (run, config) for run in candidates if run is not None and (config := config_of(run)) is not None}
    gone = [token for token in wanted if token not in known]
    if gone:
        st.session_state[_CHOICE] = [token for token in wanted if token in known]
        many = f"{len(gone)} runs of" if len(gone) > 1 else "A run in"
        st.warning(
            f"{many} this address {'are' if len(gone) > 1 else 'is'} not on this server any more.", icon=":material/link_off:"
        )
    names = {token: _title(run) for token, (run, _) in known.items()}
    tokens = st.multiselect(
        "Runs to compare",
        list(known),
        key=_CHOICE,
        persist_state="session",
        format_func=lambda token: names.get(token, "a run that is gone"),
        max_selections=MOST_COMPARED,
        placeholder="Choose two or more",
        help="Yours, those that came with the app, and those of a link.",
    )
    st.session_state[_WRITTEN] = tokens
    if ",".join(tokens) != st.query_params.get(COMPARED, ""):
        if tokens:
            st.query_params[COMPARED] = ",".join(tokens)
        else:
            del st.query_params[COMPARED]
    return [known[token] for token in tokens if token in known]


def _title(run: Run) -> str:
    return TITLES.get(run.token) or name_of(run)
