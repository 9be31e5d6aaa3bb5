"""Somebody's own file on the Anomalies page: chosen, read in a process of its own, said back in sentences, corrected."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import streamlit as st

from aecore.data.catalogue import Card, UnknownDataError, card, is_own
from aecore.data.own_series import notes_of
from aecore.data.series_file import LIMITS, ReadOptions
from aecore.data.series_preparing import Preparation
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui.job_progress import follow
from aecore.ui.measuring import Results
from aecore.ui.plain_words import escaped
from aecore.ui.server import person, task_desk
from aecore.ui.settings_form import known_card

FILE = "file"
"""What stands for a file of one's own in the list of data."""
_KEY = "series"  # in the address: the name of the data set that the file has become
_EXAMPLE = "anomaly_example_taken"  # which of the app's own recordings stands in for a file, "" for none
_EXAMPLES = {
    "machine": ("A machine’s recording", ":material/precision_manufacturing:"),
    "heart": ("A heart’s recording", ":material/ecg_heart:"),
}
_TURN = "anomaly_upload_turn"
_READING = "anomaly_reading_job"
_LAYOUTS = {"detect": "Find out", "rows": "One series a row", "long": "One long series"}
_HEADERS = {"detect": "Find out", "yes": "Yes", "no": "No"}
_MISSING = {"refuse": "Say so and stop", "interpolate": "Fill in along time", "drop": "Leave them out"}
_LABELS = {"detect": "Find out", "none": "None", "first": "First column", "last": "Last column", "named": "Another one …"}


def own_series() -> str | None:
    """The data set of the person's file, from the address; None where there is none."""
    name = st.query_params.get(_KEY, "")
    return name if is_own(name) else None


def upload(present: str | None) -> str | None:
    """The controls of a file; returns the name of its data set, or None as long as there is none that could be read."""
    task_desk().wake()  # while a file is looked for
    with st.container(border=True, key="anomaly_file"):
        st.markdown(
            "A text file with **one series a row** (a label may stand first, as in the UCR archive), or **one long series**, "
            "one time "
            "step a row and a column for each channel, which is cut into windows. Comma, semicolon or tab; with or without a "
            "header. "
            f"At most {int(st.get_option('server.maxUploadSize'))} MB and {LIMITS.rows:,} rows."
        )
        first, second = st.columns(2)
        with first:
            turn = st.session_state.get(_TURN, 0)
            file = st.file_uploader("File", ["csv", "tsv", "txt"], key=f"anomaly_upload_{turn}")
        with second:
            test = st.file_uploader(
                "A second file for the test, if there is one",
                ["csv", "tsv", "txt"],
                key=f"anomaly_upload_test_{turn}",
                help="Otherwise a part of the first file is held back.",
            )
        options, preparation = _options()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("No file at hand? Try one that the app makes:", width="content")
            for which, (words, icon) in _EXAMPLES.items():
                st.button(words, icon=icon, key=f"anomaly_example_{which}", on_click=_take_example, args=(which,))
        name = present
        example = st.session_state.get(_EXAMPLE, "")
        if file is None and example:
            name = _ask("example_series", {"which": example, "preparation": asdict(preparation)}, [])
        elif file is not None:
            st.session_state[_EXAMPLE] = ""
            files = [file, *([test] if test is not None else [])]
            arguments = {"titles": [each.name for each in files], "options": asdict(options), "preparation": asdict(preparation)}
            name = _ask("read_file", arguments, [each.getvalue() for each in files])
        if name is not None:
            _say(name)
    return name


def _take_example(which: str) -> None:
    st.session_state[_EXAMPLE] = which
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1  # the browser does not know this uploader: it is empty


def _options() -> tuple[ReadOptions, Preparation]:
    with st.expander("How it is to be read", icon=":material/tune:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            layout = _one_of("Layout", _LAYOUTS, "anomaly_layout", 170)
            header = _one_of("Header", _HEADERS, "anomaly_header", 130)
            label = _one_of("Label", _LABELS, "anomaly_label", 160)
            if label == "named":
                label = st.text_input("Its header or number", key="anomaly_label_name", width=170).strip() or "detect"
            missing = _one_of("Missing values", _MISSING, "anomaly_missing", 180)
        normalise = st.toggle(
            "Bring each series to mean 0 and standard deviation 1",
            key="anomaly_normalise",
            help="Then only its shape counts, not its height or size: the habit of the UCR archive.",
        )
        sample = st.toggle(
            "Take a part of it if it is too large",
            key="anomaly_sample",
            help="Series at random, or of one long series the first time steps.",
        )
        st.caption("Of one long series:")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            window = st.number_input("Window, time steps", 16, 4096, 128, key="anomaly_window", width=150)
            stride = st.number_input(
                "Step between windows",
                1,
                4096,
                32,
                key="anomaly_stride",
                width=170,
                help="From the beginning of one to the next.",
            )
            share = st.slider(
                "Train on the first …",
                10,
                80,
                50,
                5,
                key="anomaly_share",
                format="%d %%",
                width=220,
                help="This beginning is taken as normal; a tenth after it is held back for validation, the rest is tested.",
            )
    return (
        ReadOptions(str(layout), str(label), str(header), str(missing), bool(sample)),  # type: ignore[arg-type]
        Preparation(int(window), min(int(stride), int(window)), share / 100, bool(normalise)),
    )


def _one_of(title: str, words: dict[str, str], key: str, width: int) -> str:
    return str(st.selectbox(title, list(words), key=key, format_func=lambda name: words.get(name, name), width=width))


@st.cache_resource(show_spinner=False)
def _names() -> Results:
    """What files that were read on this server have become, by a hash of their content and of how they were to be read."""
    return Results(most=1_000)


def _ask(task: str, arguments: dict[str, Any], contents: list[bytes]) -> str | None:
    """The name of the data set, read now unless it was before; None where it cannot be, which is said.

    A click while a file is read cuts off the rerun that follows it: the next one follows the same job, or, where something
    else is to be read by now, stops it first.
    """
    content = hashlib.sha256(json.dumps([task, arguments]).encode())
    for each in contents:
        content.update(hashlib.sha256(each).digest())
    key = (task, content.hexdigest())
    name = _names().get(key)
    if name is None or known_card(name) is None:
        kept: tuple[tuple[str, str], Job] | None = st.session_state.get(_READING)
        if kept is not None and kept[0] != key:
            task_desk().cancel(kept[1])
            kept = None
        if kept is not None and kept[1].state == "cancelled":
            if not st.button("Read the file", icon=":material/description:", key="anomaly_read"):
                return None
            kept = None
        if kept is None or (kept[1].state == "done" and name is not None):  # done, and gone since
            try:
                arrays = [np.frombuffer(each, np.uint8) for each in contents]
                kept = (key, task_desk().submit(task, arguments, arrays, owner=person()))
            except TooManyJobsError as error:
                st.warning(str(error), icon=":material/hourglass_top:")
                return None
            st.session_state[_READING] = kept
        job = kept[1]
        if not job.over:
            follow(job, "anomaly_reading")
        if job.state != "done":
            if job.state == "failed":
                st.error(job.error, icon=":material/error:")
            return None
        name = str(json.loads(str(job.result["json"]))["name"])
        _names().put(key, name)
    if st.query_params.get(_KEY) != name:
        st.query_params[_KEY] = name
        st.rerun()  # what stands above must know it too
    return name


def _say(name: str) -> None:
    """What was understood of the file."""
    try:
        found = card(name)
    except UnknownDataError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.success(described(found), icon=":material/check_circle:")
    notes = notes_of(name)
    if notes:
        st.caption("  \n".join(map(escaped, notes)))


def described(found: Card) -> str:
    """A file's data set in a sentence or two."""
    channels = f", {found.channels} channels" if found.channels > 1 else ""
    kind = "windows" if "windows" in found.description else "series"
    labels = f"Labels: {_shortened(found.classes)}." if found.is_labelled else "No labels."
    return (
        f"**{escaped(found.title)}**: {found.train + found.validation + found.test:,} {kind} of {found.width:,} time "
        f"steps{channels}; "
        f"{found.train:,} to learn from, {found.validation:,} for validation, {found.test:,} for the test. {labels}"
    )


def _shortened(names: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(map(escaped, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
