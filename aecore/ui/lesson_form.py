"""Making a lesson: a title, a task, what of this page students are to see, and the link that says so."""

from __future__ import annotations

import streamlit as st

from aecore.config import RunConfig
from aecore.ui import address, experiment_state, lesson
from aecore.ui.lesson_link import LONGEST_TASK, LONGEST_TITLE, PARTS, Lesson, lesson_of, write
from aecore.ui.settings_form import field_of
from aecore.ui.share_links import Link, link_to_here, show_links

_OF_TRAIN = ("preset", "settings", "drawing", "compare", "rate", "step")
_CHOOSING = ("denoise", "latent", "features", "anomalies", "disentangle", "runs")
"""Pages with a choice of network or sweep."""
_SETTINGS = ("All stay", "Some stay", "None")
_SECTIONS = {
    "data": "Data",
    "architecture": "Network",
    "code": "Code",
    "corruption": "Noise",
    "objective": "Objective",
    "optimizer": "Optimiser",
    "schedule": "Schedule",
}


def lesson_form(page: str) -> None:
    """The form, filled with the lesson that the page is in, if it is in one. page: its own part of the address."""
    present = lesson.present()
    form = st.expander("Make a lesson", icon=":material/school:", key="share_lesson", on_change="rerun")
    if not form.open:
        return
    with form:
        st.caption(
            "A link that opens this page as it is now, with a task above it, and without what your students are not to use. "
            "Whoever has it can leave the lesson: it guides, it does not lock."
        )
        made = _form(page, present or Lesson())
        is_train = page == "train"
        experiment = experiment_state.shown() if is_train else None
        if experiment is not None:
            start: dict[str, list[str]] = {name: [text] for name, text in address.write_complete(experiment).items()}
            if experiment.run and st.toggle(
                "Start with the run on show",
                key="lesson_run",
                persist_state="session",
                help="Students see it as it is, and train copies of their own. It has to stay on this server.",
            ):
                start["run"] = [experiment.run]
        else:
            start = {name: st.query_params.get_all(name) for name in lesson.without(st.query_params.to_dict())}
        query = {**start, **{name: [text] for name, text in write(made).items()}}
        show_links([Link("lesson", "", "The lesson's link:", link_to_here(query), is_tried=True)], key="lesson_link")


def _form(page: str, present: Lesson) -> Lesson:
    """The controls; `present` is what they say at first."""

    def key(name: str, at_first: object) -> str:
        full = f"lesson_{name}_{page}"
        st.session_state.setdefault(full, at_first)
        return full

    title = st.text_input("Title", max_chars=LONGEST_TITLE, key=key("title", present.title), persist_state="session")
    task = st.text_area(
        "Task",
        max_chars=LONGEST_TASK,
        key=key("task", present.task),
        persist_state="session",
        height=100,
        placeholder="What is to be done, in a few sentences",
    )
    parts = ["nav", *(_OF_TRAIN if page == "train" else ()), *(("choice",) if page in _CHOOSING else ())]
    is_new = lesson.present() is None
    is_train = page == "train"
    offered = [part for part in parts if part != "settings"] + (["data"] if is_train else [])
    hidden = st.pills(
        "Hide",
        offered,
        selection_mode="multi",
        format_func=lambda part: PARTS.get(part, "Data"),
        key=key("hide", ["nav"] if is_new else [part for part in offered if _is_hidden(part, present)]),
        persist_state="session",
    )
    hide, only = set(hidden or ()), set()
    tabs: list[str] = []
    every = lesson.tabs_here()
    if every:
        opened = str(st.query_params.get(lesson.tabs_key(), "")) or every[0]
        tabs = st.multiselect(
            "Tabs that stay",
            every,
            key=key("tabs", [opened] if is_new and opened in every else list(present.of_tabs(every))),
            persist_state="session",
            placeholder="All of them",
        )
        if len(tabs) == len(every):
            tabs = []
    if is_train:
        first = "Some stay" if present.only else "None" if "settings" in present.hidden else "All stay"
        which = st.segmented_control(
            "Settings", _SETTINGS, required=True, key=key("settings", first), persist_state="session", width="stretch"
        )
        if which == "None":
            hide.add("settings")
        elif which == "Some stay":
            only = set(
                st.multiselect(
                    "Settings that stay",
                    [name for name in RunConfig.settings() if name != "data.name"],
                    format_func=setting_title,
                    key=key("only", [name for name in RunConfig.settings() if name in present.only]),
                    persist_state="session",
                    placeholder="Choose some",
                )
            )
            if not only:
                hide.add("settings")
            else:
                only |= {part for part in ("preset",) if part not in hide}
                only |= {name for name in ("data.name",) if "data" not in hide}
                hide.discard("data")  # what is not among those that stay is hidden anyway
                hide.discard("preset")
    return lesson_of(title or "", task or "", hide, only, tabs)


def _is_hidden(part: str, present: Lesson) -> bool:
    return not present.allows("data.name") if part == "data" else present.hides(part)


def setting_title(name: str) -> str:
    """A setting as a teacher finds it among all others: its section before its name."""
    section, _, _ = name.rpartition(".")
    title = str(field_of(name).title)
    return f"{_SECTIONS.get(section, section)} · {title}" if section else title
