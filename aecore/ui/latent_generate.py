"""The Generate view: pictures from random codes, and the training pictures that are nearest to them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.data.arrays import is_here
from aecore.runs import Run
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui.components import source
from aecore.ui.job_progress import follow
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data
from aecore.ui.server import person, task_desk

FILES = ("numbers.js", *SCRIPTS, "latent_generate.js")
SHEETS = (*STYLES, "latent_generate.css")
MOST_SAMPLES = 64
_LONGEST_NAME = 200

_LATENT_GENERATE = st.components.v2.component(
    "latent_generate", html=source("latent_generate.html"), css=source(*SHEETS), js=source(*FILES)
)


@dataclass
class _Search:
    """For the nearest pictures of one set of samples: what the view calls it, its job, and the answer when there is one."""

    token: str
    name: str
    job: Job | None = None
    answer: dict[str, Any] | None = None


def latent_generate(run: Run, *, key: str) -> str | None:
    """Show the view. Returns the run's new state, once, in the rerun that a change of state causes; else None.

    When the view asks for the nearest training pictures they are searched for, with progress below it, and the page reruns. It
    asks by itself where they are on this machine, and where they would have to be downloaded when the person wants them.
    """
    place = f"{key}_search"
    search: _Search | None = st.session_state.get(place)
    if search is not None and search.token != run.token:
        _drop(search)
        search = st.session_state[place] = None
    result = _LATENT_GENERATE(
        key=key,
        data={
            "space": space_data(run),
            "nearest": None if search is None else search.answer,
            "searches": is_here(run.config.data.name),
        },
        on_state_change=lambda: None,
        on_wanted_change=lambda: None,
    )
    name = _name_of(result.wanted)
    if name is not None and (search is None or search.name != name):
        if search is not None:
            _drop(search)
        search = st.session_state[place] = _begin(run, name, codes_in(result.wanted, run.config.code.size))
    if search is not None and (search.answer is None or name is not None):
        if search.job is not None:
            follow(search.job, f"{key}_stop")
            search.answer = _answer(search.name, search.job)
        st.rerun()
    state: str | None = result.state
    return state


def _name_of(wanted: object) -> str | None:
    name = wanted.get("name") if isinstance(wanted, Mapping) else None
    return name if isinstance(name, str) and len(name) <= _LONGEST_NAME else None


def codes_in(wanted: object, size: int) -> npt.NDArray[np.float32] | None:
    """The codes (N, `size`) in what the browser asks for, {"codes": base64 of float32}, or None if there are none.

    The browser's word is not trusted: 1 to 64 codes of that size, all of them finite, and nothing else.
    """
    text = wanted.get("codes") if isinstance(wanted, Mapping) else None
    if not isinstance(text, str) or len(text) > -(-4 * size * MOST_SAMPLES // 3) * 4:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
        return None
    if not data or len(data) % (4 * size) or len(data) > 4 * size * MOST_SAMPLES:
        return None
    codes = np.frombuffer(data, "<f4").reshape(-1, size).astype(np.float32)
    return codes if np.isfinite(codes).all() else None


def _begin(run: Run, name: str, codes: npt.NDArray[np.float32] | None) -> _Search:
    search = _Search(run.token, name)
    if codes is None:
        search.answer = {"name": name, "problem": "These codes hold numbers that nothing can be compared with."}
        return search
    try:
        search.job = task_desk().submit("nearest", {"run": run.token}, [codes], owner=person())
    except TooManyJobsError as error:
        search.answer = {"name": name, "problem": str(error)}
    return search


def _answer(name: str, job: Job) -> dict[str, Any]:
    """What the view is given; see latent_generate.js."""
    if job.state == "failed":
        return {"name": name, "problem": job.error}
    if job.state != "done":
        return {"name": name, "problem": "The search was stopped."}
    (pictures,) = job.made
    return {"name": name, "pictures": base64.b64encode(pictures.tobytes()).decode(), **job.result}


def _drop(search: _Search) -> None:
    if search.job is not None and not search.job.over:
        task_desk().cancel(search.job)
