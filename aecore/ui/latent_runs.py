"""Which run the Latent space page looks into: one that came with the app, or the person's own, also while it is in training."""

from __future__ import annotations

import streamlit as st

from aecore.runs import ACTIVE, Run, find_run, runs_of, shipped
from aecore.shipped_runs import TITLES, VAE_CONVOLUTIONAL, VAE_DENSE, VAE_FASHION, VAE_PLANE
from aecore.ui import lesson
from aecore.ui.gone import say_gone
from aecore.ui.run_choice import pictures_of
from aecore.ui.run_panel import name_of
from aecore.ui.server import person

KEY = "network"
_CHOICE = "latent_network"
_WRITTEN = "latent_written"  # the token that this page wrote into the address last
_SEEN = "latent_seen"  # what the person's controls held then
_FIRST = (VAE_PLANE, VAE_DENSE, VAE_CONVOLUTIONAL, VAE_FASHION, "vanilla-mnist")


def choose_run() -> Run | None:
    """The selector; the choice is also in the address. None where there is no run at all."""
    # The address holds the token, which a widget bound to it would not: it writes what is shown, and names are not unique.
    linked = st.query_params.get(KEY, "")
    runs = {run.token: run for run in _candidates(linked)}
    if not runs:
        return None
    first = next(iter(runs))
    # A link, or going back in the browser's history, changes the address without touching the selector.
    if linked in runs and linked != st.session_state.get(_WRITTEN):
        st.session_state[_CHOICE] = linked
    elif not linked and _went_back():
        st.session_state[_CHOICE] = first
    gone = ""
    if st.session_state.get(_CHOICE) not in runs:
        if linked and linked not in runs:
            gone = "The run in this address is not on this server: another one is shown."
        st.session_state[_CHOICE] = first
    if lesson.hides("choice"):
        token = str(st.session_state[_CHOICE])
    else:
        token = st.selectbox(
            "Network",
            list(runs),
            key=_CHOICE,
            persist_state="session",
            width=460,
            format_func=lambda token: title(runs[token]) if token in runs else "a run that is gone",
            help="Those that come with the app, and all that you train on the Train page, also while they are in training.",
        )
    say_gone(KEY, token, gone)
    st.session_state[_WRITTEN], st.session_state[_SEEN] = token, _touched()
    if st.query_params.get(KEY, first) != token:
        st.query_params[KEY] = token
    return runs[token]


def _touched() -> tuple[object, object]:
    return st.session_state.get(_CHOICE), st.session_state.get("view")


def _went_back() -> bool:
    """Whether the address lost its network although nobody used a control or came from another page.

    A click that is quicker than the page brings along the address that the browser still has: then it is the control that counts.
    """
    in_place = st.session_state["page_before"] == st.session_state["page"]
    return in_place and st.session_state.get(_SEEN) == _touched()


def title(run: Run) -> str:
    """A network's name on this page."""
    name = TITLES.get(run.token, name_of(run))
    return f"{name} · in training" if run.status.state in ACTIVE else name


def _candidates(linked: str) -> list[Run]:
    """The usual ones first, then the person's and that of a link, then the others of the app."""
    found = find_run(linked)
    others = [run for run in runs_of(person()) if run.newest_weights is not None or run.status.state in ACTIVE]
    unique = {
        run.token: run
        for run in (*shipped(), *others, *([found] if found is not None else []))
        if pictures_of(run) is not None  # of sequences there is no picture to draw
    }
    order = {token: place for place, token in enumerate(_FIRST)}
    return sorted(unique.values(), key=lambda run: order.get(run.token, len(order) + (not run.about.owner)))


_TRAINING = {
    "running": "Still in training: everything here follows its newest weights, a large network's every few seconds.",
    "paused": "Its training is paused: everything here is as it was at the last step.",
}


def about(run: Run, train_page: str) -> None:
    """What the network is and what to make of its code, in two sentences."""
    config, status = run.config, run.status
    data = f"of {config.card.title}"
    if config.code.kind == "gaussian":
        what = (
            f"A **variational autoencoder**: each picture {data} becomes a cloud of codes, and training asked for clouds that "
            "together look like a normal distribution (the *prior*). So the places between them mean something too."
        )
    else:
        what = (
            f"A **plain autoencoder**: each picture {data} becomes a point. Nothing was asked of the places between the points, "
            "so the decoder never learned what to draw there. Compare with a VAE."
        )
    if config.architecture.skips and config.architecture.kind == "conv2d":
        what += " Its skip connections pass fine detail around the code: here only the code's own part is drawn."
    if config.code.kind == "gaussian" and config.objective.words:
        what += f" {config.objective.words}"
    st.markdown(what)
    if status.state in ACTIVE:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_TRAINING.get(status.state, "Waiting for its training to begin."))
            query = {"run": run.token}
            lesson.page_link(train_page, label="Watch it train", icon=":material/model_training:", query_params=query)
