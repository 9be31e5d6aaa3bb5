"""The progress of a job that a page waits for, with a button that stops it."""

from __future__ import annotations

import streamlit as st

from aecore.tasks.desk import Job
from aecore.ui.server import task_desk


def follow(job: Job, key: str) -> None:
    """Show progress until the job is over. Whatever the person does meanwhile leaves this at the next change of the bar."""
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center", key=f"{key}_place"):
        bar = st.progress(0.0, "Waiting")
        st.button("Stop", key=key, icon=":material/stop:", on_click=task_desk().cancel, args=(job,))
    for seen in task_desk().follow(job):
        before = task_desk().position(seen)
        waiting = seen.state == "waiting" and before
        bar.progress(min(1.0, seen.progress), f"Waiting: {before} before yours" if waiting else seen.what or "Getting ready")
    place.empty()
