"""The Take away view: a run as files, and the lines of Python that use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from aecore.exchange.parts import MODEL
from aecore.exchange.python_lines import with_onnx, with_the_app
from aecore.exchange.reading import MOST_BYTES_HERE
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import check_takeable, file_name
from aecore.limits import FILE_BYTES
from aecore.runs import ACTIVE, Run
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui import runs_page_part
from aecore.ui.base_path import base_path
from aecore.ui.brought_note import brought_note
from aecore.ui.job_progress import follow
from aecore.ui.plain_words import escaped
from aecore.ui.run_config import config_of
from aecore.ui.runs_views import TAKEN
from aecore.ui.server import person, task_desk
from aecore.usage import folder_bytes, size

_JOB = "take_away_onnx"
_PRESSED = "take_away_onnx_pressed"
_LINES = {"app": "With this app", "onnx": "With ONNX alone"}


def show() -> None:
    """A selector of the run, then one box for each kind of file."""
    run = TAKEN.choose()
    if run is None or config_of(run) is None:
        st.info("There is no run yet: train one on the Train page, or bring one back.", icon=":material/inventory_2:")
        return
    brought_note(run)
    try:
        check_takeable(run)
        problem = ""
    except RefusedError as error:
        problem = str(error)
    first, second = st.columns(2)
    with first:
        _everything(run, problem)
        with _box("page", "As a page"):
            runs_page_part.show(run)
    with second:
        _weights(run, problem)
        _curves(run)
    if not problem:
        _python(run)


def _box(key: str, title: str) -> Any:
    box = st.container(border=True, key=f"take_{key}")
    box.markdown(f"#### {title}")
    return box


def _everything(run: Run, problem: str) -> None:
    with _box("zip", "Everything"):
        st.markdown(
            "Settings, curves, pictures of its training, weights and test numbers, as one zip. **Bring back** makes a run of it "
            "again, here or on any other installation."
        )
        if problem:
            st.info(problem, icon=":material/info:")
            return
        _link("Save as a zip", run, "run.zip", ":material/folder_zip:", "It does not say whose the run is.")
        if _zip_bytes(run) > FILE_BYTES:
            st.caption(
                f"This run is larger than the {FILE_BYTES >> 20} MB that the page takes back: `python -m aecore import` "
                f"takes up to {MOST_BYTES_HERE >> 20} MB."
            )


def _weights(run: Run, problem: str) -> None:
    with _box("weights", "Weights"):
        st.markdown(
            "**safetensors**: the numbers as they are, with the settings in the same file. **ONNX**: encoder and decoder as one "
            "network for other programs, compared with torch before you get it."
        )
        if problem:
            st.info(problem, icon=":material/info:")
            return
        label = f"Save as safetensors (about {size(_weights_bytes(run))})"
        _link(label, run, MODEL, ":material/data_array:", "Only numbers and words: opening it can run nothing.")
        _onnx(run)


def _onnx(run: Run) -> None:
    """A button that has the file made; then the file, with how far it is from torch."""
    key = (run.token, run.model_path.stat().st_mtime_ns if run.model_path.is_file() else 0)
    kept: tuple[tuple[str, int], Job] | None = st.session_state.get(_JOB)
    if kept is not None and kept[0] != key:
        task_desk().cancel(kept[1])
        kept = st.session_state[_JOB] = None
    pressed = st.session_state.pop(_PRESSED, False)
    if kept is None or kept[1].state in ("failed", "cancelled"):
        if pressed:
            kept = _ask(run, key)
        elif kept is not None and kept[1].state == "failed":
            st.error(escaped(kept[1].error), icon=":material/error:")
    if kept is None or kept[1].state in ("failed", "cancelled"):
        st.button(
            "Make the ONNX file",
            icon=":material/deployed_code:",
            key="take_onnx_make",
            on_click=_press,
            help="Takes some seconds. Input: images; outputs: reconstruction and code (of a Gaussian code the mean); any batch.",
        )
        return
    job = kept[1]
    if not job.over:
        follow(job, "take_onnx_stop")
        st.rerun()
    st.download_button(
        f"Save as ONNX ({size(job.made[0].nbytes)})",
        _bytes_of(job),
        file_name(run, ".onnx"),
        "application/octet-stream",
        icon=":material/deployed_code:",
        key="take_onnx_save",
        on_click="ignore",
    )
    held_out, drawn = job.result["held_out"], job.result["drawn"]
    what = f"{held_out} held-out and {drawn} random examples" if held_out else f"{drawn} random examples"
    st.caption(f"Compared with torch on {what}: the largest difference is {job.result['difference']:.1e} of the largest number.")


def _press() -> None:
    st.session_state[_PRESSED] = True


def _ask(run: Run, key: tuple[str, int]) -> tuple[tuple[str, int], Job] | None:
    try:
        kept = key, task_desk().submit("onnx", {"run": run.token}, owner=person())
    except TooManyJobsError as error:
        st.warning(str(error), icon=":material/hourglass_top:")
        return None
    st.session_state[_JOB] = kept
    return kept


def _bytes_of(job: Job) -> bytes:
    content: np.ndarray[Any, np.dtype[np.uint8]] = job.made[0]
    return content.tobytes()


def _curves(run: Run) -> None:
    with _box("curves", "Curves"):
        st.markdown(
            "Every term of the loss by its own name, one row each time it was read, for a spreadsheet or a plot of your own."
        )
        if not run.metrics_path.is_file():
            st.info("This run has no curves yet: it has not begun.", icon=":material/info:")
            return
        now = " as far as they go" if run.status.state in ACTIVE else ""
        _link(f"Save as CSV{now}", run, "metrics.csv", ":material/table:", "Comma between columns, point in numbers.")


def _python(run: Run) -> None:
    with _box("python", "A few lines of Python"):
        chosen = st.segmented_control(
            "Which", list(_LINES), default="app", format_func=_LINES.__getitem__, key="take_lines", label_visibility="collapsed"
        )
        if chosen == "onnx":
            st.caption("For the ONNX file beside the script; needs `pip install onnxruntime`.")
            st.code(with_onnx(run), language="python")
        else:
            st.caption("For the zip beside the script, which runs in this app's folder or with it on the path.")
            st.code(with_the_app(run), language="python")


def _zip_bytes(run: Run) -> int:
    """About what the zip takes: what is in it hardly gets smaller."""
    parts = sum(folder_bytes(str(folder)) for folder in (run.frames_folder, run.weights_folder))
    return _weights_bytes(run) + parts


def _weights_bytes(run: Run) -> int:
    """About what the weights take as a plain file."""
    config = config_of(run)
    packed = run.model_path.suffix != ".safetensors"
    return 4 * config.plan.parameters if packed and config is not None else run.model_path.stat().st_size


def _link(label: str, run: Run, what: str, icon: str, explained: str) -> None:
    st.link_button(label, f"{base_path()}/api/runs/{run.token}/{what}", icon=icon, help=explained)
