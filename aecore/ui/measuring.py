"""Measurements that a page asks for with a button, made by the task desk and kept for whoever asks for the same again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import streamlit as st

from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui.job_progress import follow
from aecore.ui.server import person, task_desk

Key = tuple[object, ...]
_JOB = "measuring_"


class Results:
    """What was measured on this server, by what it was measured for: a reload, or somebody else, need not measure it again."""

    def __init__(self, most: int = 64) -> None:
        self._texts: OrderedDict[Key, str] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, key: Key) -> str | None:
        with self._lock:
            return self._texts.get(key)

    def put(self, key: Key, text: str) -> None:
        with self._lock:
            self._texts[key] = text
            while len(self._texts) > self._most:
                self._texts.popitem(last=False)


@st.cache_resource(show_spinner=False)
def results() -> Results:
    """Those of this server."""
    return Results()


def ask(
    key: Key, arguments: Mapping[str, object], label: str, keep: Callable[[str], None] = lambda text: None, at_once: bool = False
) -> None:
    """A button that starts a measurement, and its progress from then on; when it is over the page reruns and finds its result.

    key: what is measured; its first part is the task's name. The task's result has its text under `json`.
    keep: is told that text as well. at_once: starts without the button.
    """
    task = str(key[0])
    kept: tuple[Key, Job] | None = st.session_state.get(_JOB + task)
    if kept is None or kept[0] != key or kept[1].over:
        failed = kept is not None and kept[0] == key and kept[1].state in ("failed", "cancelled")
        if kept is not None and kept[0] == key and kept[1].state == "failed":
            st.error(kept[1].error, icon=":material/error:")
        if (failed or not at_once) and not st.button(label, key=f"ask_{task}", icon=":material/straighten:"):
            return
        if kept is not None:
            task_desk().cancel(kept[1])
        store = results()

        def done(job: Job) -> None:
            text: Any = job.result["json"]
            store.put(key, text)
            keep(text)

        try:
            job = task_desk().submit(task, dict(arguments), owner=person(), keep=done)
        except TooManyJobsError as error:
            st.warning(str(error), icon=":material/hourglass_top:")
            return
        kept = st.session_state[_JOB + task] = (key, job)
    follow(kept[1], f"{task}_stop")
    st.rerun()
