"""The Bring back view: a file is looked at, what is in it is said, and only then is it kept."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import numpy as np
import streamlit as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.engine_errors import LimitReachedError
from aecore.exchange.brought import can_be_measured
from aecore.exchange.parts import MODEL, STAGES, step_of
from aecore.limits import FILE_BYTES
from aecore.nearest_preset import nearest_preset
from aecore.presets import preset
from aecore.runs import find_run, runs_of
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.test_numbers import TEST_NUMBERS, title_of
from aecore.ui import problem
from aecore.ui.brought_note import brought_note, measurement_of
from aecore.ui.job_progress import follow
from aecore.ui.plain_words import escaped
from aecore.ui.run_page_words import changes
from aecore.ui.runs_views import REWIND, open_view
from aecore.ui.server import person, task_desk
from aecore.usage import check_room, size

_TURN = "bring_turn"
_JOB = "bring_job_"
_KEEP = "bring_keep_pressed"
_SHOWN = 3  # runs that were brought back last


def show() -> None:
    """The controls of a file, what is in it, and the runs that were brought back last."""
    task_desk().wake()  # while a file is looked for
    turn = st.session_state.get(_TURN, 0)
    with st.container(border=True, key="bring_file"):
        st.markdown(
            "A run that was taken away, here or on another installation: its **zip**, or its weights as **safetensors**. "
            f"At most {FILE_BYTES >> 20} MB. Everything in it is checked before anything is kept; pickles (.pt, .pth) are not "
            "read."
        )
        first, second = st.columns(2)
        with first:
            file = st.file_uploader("File", ["zip", "safetensors"], key=f"bring_upload_{turn}")
        with second:
            beside = st.file_uploader(
                "Its config.json, if it has none in it",
                ["json"],
                key=f"bring_config_{turn}",
                help="Weights that this app saved say themselves what network they are of. Others need the configuration beside.",
            )
    if file is not None:
        contents = [file.getvalue(), *([beside.getvalue()] if beside is not None else [])]
        _look(file.name, contents)
    _brought_last()


def _look(file: str, contents: list[bytes]) -> None:
    job = _done("look_at_file", {"file": file}, contents)
    if job is None:
        return
    found = json.loads(str(job.result["json"]))
    _say(found)
    arguments = {"file": file, "owner": person()}
    pressed = st.session_state.pop(_KEEP, False) and _has_room(sum(found["sizes"].values()))
    if pressed or _is_under_way("keep_file", arguments, contents):
        kept = _done("keep_file", arguments, contents)
        if kept is not None:
            _open(str(json.loads(str(kept.result["json"]))["token"]))
    problem.show()
    st.button("Keep it", type="primary", icon=":material/save:", key="bring_keep", on_click=_press)


def _has_room(bytes: int) -> bool:
    """Whether a run of so many bytes may be kept; where not, what could go instead is offered."""
    try:
        check_room(person(), bytes=bytes)
    except LimitReachedError as error:
        problem.note(error)
        return False
    return True


def _press() -> None:
    # A press is a wish: the rerun that it causes may be cut off before it gets there.
    st.session_state[_KEEP] = True


def _done(task: str, arguments: dict[str, Any], contents: list[bytes]) -> Job | None:
    """The job that does this with a file, when it has done it; None where it cannot be done, which is said.

    A click while it works cuts off the rerun that follows it: the next one follows the same job, or, where something else is to
    be done by now, stops it first.
    """
    key = _key(task, arguments, contents)
    name = _JOB + task
    kept: tuple[str, Job] | None = st.session_state.get(name)
    if kept is not None and kept[0] != key:
        task_desk().cancel(kept[1])
        kept = None
    if kept is None:
        try:
            arrays = [np.frombuffer(content, np.uint8) for content in contents]
            kept = (key, task_desk().submit(task, arguments, arrays, owner=person()))
        except TooManyJobsError as error:
            st.warning(str(error), icon=":material/hourglass_top:")
            return None
        st.session_state[name] = kept
    job = kept[1]
    if not job.over:
        follow(job, f"{name}_stop")
    if job.state == "done":
        return job
    if job.state == "failed":
        st.error(escaped(job.error), icon=":material/block:")
    if task == "keep_file" or st.button("Look at it again", icon=":material/refresh:", key=f"{name}_again"):
        st.session_state[name] = None
        if task != "keep_file":
            st.rerun()
    return None


def _is_under_way(task: str, arguments: dict[str, Any], contents: list[bytes]) -> bool:
    """Whether that was asked for before: a rerun in between may have cut off the one that followed it."""
    kept: tuple[str, Job] | None = st.session_state.get(_JOB + task)
    return kept is not None and kept[0] == _key(task, arguments, contents)


def _key(task: str, arguments: dict[str, Any], contents: list[bytes]) -> str:
    digest = hashlib.sha256(json.dumps([task, arguments]).encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _open(token: str) -> None:
    """Show what was kept, and have its test numbers measured meanwhile. Ends the rerun."""
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1  # the browser does not know this uploader: it is empty
    for task in ("look_at_file", "keep_file"):
        st.session_state[_JOB + task] = None
    run = find_run(token)
    is_measured = run is not None and can_be_measured(run) and measurement_of(run).start()
    open_view(REWIND, [token])
    st.toast("Kept." + (" Its test numbers are being measured here." if is_measured else ""), icon=":material/save:")
    st.rerun()


def _say(found: dict[str, Any]) -> None:
    """What is in the file."""
    try:
        config = RunConfig.from_json(str(found["config"]))
    except ConfigError as error:  # its data were removed meanwhile
        st.error(escaped(str(error)), icon=":material/block:")
        return
    facts, sizes = found["facts"], found["sizes"]
    origin = preset(nearest_preset(config, facts["name"]))
    with st.container(border=True, key="bring_found"):
        st.markdown(f"#### {escaped(facts['name'] or 'A run without a name')}")
        made = f", made on {time.strftime('%Y-%m-%d', time.gmtime(facts['made']))}" if facts["made"] else ""
        how = "finished" if facts["state"] == "finished" else f"stopped at step {facts['step']:,} of {config.total_steps:,}"
        if facts["has_status"]:
            made += f"; {how}"
        st.markdown(f"**{origin.title}** on **{escaped(config.card.title)}**{made}.")
        if facts["note"].strip():
            st.markdown(f"> {escaped(facts['note'])[:1000]}")
        st.markdown(_parts(found, sizes))
        changed = changes(config, origin)
        if changed:
            st.caption(f"Other than in the preset {origin.title}:")
            st.table([{"Setting": title, "In the file": mine, "Preset": theirs} for title, mine, theirs in changed])
        else:
            st.caption(f"All settings are those of the preset {origin.title}.")
        test = facts["test"]
        if test:
            shown = ", ".join(f"{title_of(name, config)} {test[name]:.4g}" for name in TEST_NUMBERS if name in test)
            st.caption(
                f"Test numbers **from the file**: {shown}. Once it is kept, they are measured here; only then do they count as "
                "the run's."
            )
        if facts["state"] != "finished":
            st.caption(
                "It cannot be resumed: the state of its optimizer is not in the file. A new run can start from its weights."
            )
        st.success(_checked(found), icon=":material/verified_user:")


def _parts(found: dict[str, Any], sizes: dict[str, int]) -> str:
    kinds = [step.kind for name in sizes if (step := step_of(name)) is not None]
    parts = [f"{found['parameters']:,} weights"]
    if kinds.count("weights"):
        parts.append(f"weights at {kinds.count('weights')} moments before")
    if kinds.count("frames"):
        parts.append(f"{kinds.count('frames')} frames")
    if found["rows"]:
        parts.append(f"{found['rows']:,} rows of curves")
    if STAGES in sizes:
        parts.append("numbers of its stages")
    if found["atlas"]:
        parts.append(f"{found['atlas']} held-out examples")
    if found["kind"] == "safetensors":
        parts.append("no curves and no pictures of its training")
    return f"{', '.join(parts)}; {size(sum(sizes.values()))} unpacked (weights {size(sizes[MODEL])})."


def _checked(found: dict[str, Any]) -> str:
    if found["kind"] == "safetensors":
        return "Checked: size, settings, names, shapes and number of the weights, all of them finite."
    return (
        "Checked: size, names of all files, their SHA-256, settings, names, shapes and number of the weights, all of them "
        "finite; curves and pictures."
    )


def _brought_last() -> None:
    """The runs that this person brought back last, with what became of their numbers."""
    runs = [run for run in runs_of(person()) if run.about.file][:_SHOWN]
    if not runs:
        return
    st.markdown("##### Brought back last")
    for run in runs:
        with st.container(key=f"brought_last_{run.token[:8]}"):
            st.button(
                escaped(run.about.name) or "A run without a name",
                icon=":material/history:",
                key=f"brought_open_{run.token}",
                type="tertiary",
                on_click=open_view,
                args=(REWIND, [run.token]),
            )
            brought_note(run)
