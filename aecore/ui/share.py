"""Share: links to what a page shows now, at its top on every page; for a teacher also a lesson."""

from __future__ import annotations

import streamlit as st

from aecore.data.catalogue import is_own
from aecore.ui import address, experiment_state
from aecore.ui.components import source
from aecore.ui.lesson_form import lesson_form
from aecore.ui.share_links import Link, link_to_here, show_links

TRAIN = "train"
"""The address of the Train page."""


def style() -> None:
    """What the frame looks like; to be called before anything of it is drawn."""
    st.html(f"<style>{source('share.css')}</style>")


def show(page: str) -> None:
    """The button, and under it the links to this page. page: its own part of the address."""
    # The server is not told whether it is open: a click in the navigation closes it, and that news would overtake the click.
    with st.popover("Share", icon=":material/share:", key="share_open"):
        show_links(_links(page), key="share_links")
        lesson_form(page)


def _links(page: str) -> list[Link]:
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    here = Link("page", "This page", "As it is now, for people who use this server.", link_to_here(query))
    experiment = experiment_state.shown() if page == TRAIN else None
    if experiment is None:
        return [here]
    everywhere = "Every setting and the seed, on this server or any other: who opens it can make the same run."
    if is_own(experiment.config.data.name):
        everywhere = "Every setting and the seed; the file of these data has to be on the server already."
    links = [
        here,
        Link("experiment", "This experiment", everywhere, link_to_here(address.write_complete(experiment))),
    ]
    if experiment.run:
        look = "The run below, on this server: others can look and train a copy, but not change it."
        links.append(Link("run", "This run", look, link_to_here({"run": experiment.run})))
    return links
