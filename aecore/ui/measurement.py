"""Measurements that a page asks for: done by a desk while the page stays in use, once for all who ask for the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

import streamlit as st

from aecore.tasks.desk import Job, TaskDesk, TooManyJobsError
from aecore.ui.measuring import Key, results
from aecore.ui.server import measuring_desk, person, study_desk, task_desk
from aecore.ui.ticking import tick

_EVERY = 1.0  # seconds between two looks at a measurement under way


class Jobs:
    """The newest job of each key on this server: a reload, a second tab, or somebody else who asks for the same finds it."""

    def __init__(self, most: int = 128) -> None:
        self._jobs: OrderedDict[Key, Job] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, key: Key) -> Job | None:
        with self._lock:
            return self._jobs.get(key)

    def start(self, key: Key, desk: TaskDesk, arguments: Mapping[str, object]) -> None:
        """Ask for it unless that was done already, as with a double click. Its result's `json` is kept under the key.

        The key's first part is the task's name. Raises TooManyJobsError.
        """
        with self._lock:
            before = self._jobs.get(key)
            if before is not None and not before.over and not before.unwanted:
                return
            store = results()

            def keep(job: Job) -> None:
                store.put(key, str(job.result["json"]))

            self._jobs[key] = desk.submit(str(key[0]), dict(arguments), owner=person(), keep=keep)
            self._jobs.move_to_end(key)
            while len(self._jobs) > self._most:
                self._jobs.popitem(last=False)


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Those of this server."""
    return Jobs()


@dataclass(frozen=True)
class Measurement:
    """Something that can be measured.

    key: what it is; its first part is the task's name. quick: whether it takes seconds, so that nobody waits long for it;
    long: whether it may take an hour, so that others must not wait for it.
    """

    key: Key
    arguments: Mapping[str, object]
    quick: bool = False
    long: bool = False

    @property
    def desk(self) -> TaskDesk:
        return task_desk() if self.quick else study_desk() if self.long else measuring_desk()

    @property
    def text(self) -> str | None:
        """What it said, if it was measured on this server and is still known."""
        return results().get(self.key)

    @property
    def job(self) -> Job | None:
        """The job that is at it, if one is."""
        job = jobs().get(self.key)
        return None if job is None or job.over or job.unwanted else job

    def start(self) -> bool:
        """Ask for it; where too much has been asked for, say so and return False."""
        try:
            jobs().start(self.key, self.desk, self.arguments)
        except TooManyJobsError as error:
            st.warning(str(error), icon=":material/hourglass_top:")
            return False
        return True

    def button(self, label: str) -> None:
        """A button that starts it; also why the last try failed."""
        self.say_failed()
        if st.button(label, key=f"measure_{self.key[0]}", icon=":material/straighten:", type="primary") and self.start():
            st.rerun()

    def say_failed(self) -> None:
        """Why the last try failed, if it did."""
        job = jobs().get(self.key)
        if job is not None and job.state == "failed":
            st.error(job.error, icon=":material/error:")

    def follow(self, meanwhile: Callable[[], None] | None = None) -> None:
        """The progress of the job that is at it; shows the page anew when it is over. meanwhile: drawn with each look."""
        st.fragment(_follow)(self, meanwhile)


def _follow(measurement: Measurement, meanwhile: Callable[[], None] | None) -> None:
    job = measurement.job
    if job is None:
        st.rerun()
    name = str(measurement.key[0])
    before = measurement.desk.position(job)
    with st.container(horizontal=True, vertical_alignment="center", key=f"{name}_measuring"):
        waiting = f"Waiting: {before} other measurement{'s are' if before > 1 else ' is'} made before this one"
        st.progress(min(1.0, job.progress), waiting if before else f"Measuring: {job.what or 'getting ready'}")
        if job.owner == person():
            st.button("Stop", key=f"{name}_stop", icon=":material/stop:", on_click=measurement.desk.cancel, args=(job,))
    if job.owner != person():
        st.caption("Somebody else has asked for this too: it is measured once for all.")
    if meanwhile is not None:
        meanwhile()
    tick(_EVERY, key=f"{name}_tick")
