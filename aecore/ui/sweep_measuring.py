"""Measuring what a sweep lacks: chosen by the person, done by a desk of its own while the page stays in use, kept as it comes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from statistics import median
from threading import Lock

import streamlit as st

from aecore.disentangle_numbers import GROUPS, UDR
from aecore.sweep_table import Measured
from aecore.sweeps import Sweep, find_sweep
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui.server import measuring_desk, person
from aecore.ui.ticking import tick

Stamps = tuple[tuple[str, ...], tuple[int, ...]]
Lacking = dict[str, tuple[str, ...]]
"""By group, the tokens of the finished runs that it was not measured of."""

AT_ONCE = ("mig", "sap")
"""Groups that take about a second a run, and are measured without being asked for."""
_EVERY = 1.0  # seconds between two looks at a measuring under way
_REFRESH = 15.0
"""Seconds after which a page shows what was measured meanwhile: drawing all charts anew is nothing for every second."""
_TITLES = {group.name: group.title for group in (*GROUPS, UDR)}


class _Jobs:
    """The newest measuring of each sweep on this server, with what was lacking then: a reload, or a second tab, finds it."""

    def __init__(self, most: int = 64) -> None:
        self._jobs: OrderedDict[str, tuple[Lacking, Job]] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def get(self, sweep: str) -> tuple[Lacking, Job] | None:
        with self._lock:
            return self._jobs.get(sweep)

    def start(self, sweep: str, lacking: Lacking, groups: Sequence[str]) -> None:
        """Ask for a measuring unless one is under way, as after a double click. Raises TooManyJobsError."""
        with self._lock:
            before = self._jobs.get(sweep)
            if before is not None and not before[1].over:
                return
            # Kept, though the files hold all: the desk then goes on also while nobody looks.
            arguments = {"sweep": sweep, "groups": list(groups)}
            job = measuring_desk().submit("disentangle", arguments, owner=person(), keep=lambda job: None)
            self._jobs[sweep] = lacking, job
            self._jobs.move_to_end(sweep)
            while len(self._jobs) > self._most:
                self._jobs.popitem(last=False)

    def stop(self, sweep: str) -> None:
        """Stop what is under way of a sweep, and forget it."""
        with self._lock:
            known = self._jobs.pop(sweep, None)
        if known is not None:
            measuring_desk().cancel(known[1])


def stop_measuring(token: str) -> None:
    """Of a sweep that is going to be deleted."""
    _jobs().stop(token)


@st.cache_resource(show_spinner=False)
def _jobs() -> _Jobs:
    return _Jobs()


def stamps(sweep: Sweep) -> Stamps:
    """Tells apart what the finished runs of a sweep hold: changes when one more finishes or something more was measured."""
    runs = [member.run for member in sweep.finished]
    times = []
    for run in runs:
        for name in ("status.json", "disentanglement.json", "model.safetensors"):
            try:
                times.append((run.folder / name).stat().st_mtime_ns)
            except OSError:
                times.append(0)
    return tuple(run.token for run in runs), tuple(times)


def measure_missing(sweep: Sweep, runs: Sequence[Measured], stamp: Stamps) -> None:
    """Say what was not measured of the finished `runs`, and why; let the sweep's owner measure it, with progress and Stop."""
    if not sweep.config.base.card.factor_names:
        st.info(
            f"{sweep.config.base.card.title} comes without known factors, so MIG, SAP, DCI and all others that compare the code "
            "with the factors that a picture was drawn from cannot be measured. UDR needs no factors, only seeds: it and the "
            "traversals remain.",
            icon=":material/info:",
        )
    if sweep.config.seeds < 2:
        st.caption("UDR compares the seeds of a value: it needs a sweep of two seeds or more.")
    lacking = lacking_of(runs)
    if not lacking:
        return
    if sweep.about.owner != person():
        st.caption(f"Not measured: {_list(lacking)}. Only who made this sweep can measure more of it.")
        return
    if sweep.active:
        st.caption(f"Not measured yet: {_list(lacking)}. This can be done as soon as all runs are over.")
        return
    known = _jobs().get(sweep.token)
    if known is not None and not known[1].over:
        _follow(sweep.token, stamp, time.monotonic())
        return
    first = tuple(name for name in AT_ONCE if name in lacking)
    try:
        if any(set(lacking[name]) - set(known[0].get(name, ()) if known else ()) for name in first):  # else it was stopped
            _jobs().start(sweep.token, lacking, first)
            st.rerun()
        if known is not None and known[1].state == "failed":
            st.error(known[1].error, icon=":material/error:")
        _choose(sweep, runs, lacking)
    except TooManyJobsError as error:
        st.warning(str(error), icon=":material/hourglass_top:")


def lacking_of(runs: Sequence[Measured]) -> Lacking:
    """The groups that can be measured and were not, in the order of :data:`GROUPS`, with the runs that lack them."""
    arms = [run.arm for run in runs]
    lacking: Lacking = {}
    for group in (*GROUPS, UDR):
        possible = [run for run in runs if (arms.count(run.arm) > 1 if group is UDR else bool(run.run.config.card.factor_names))]
        missing = tuple(run.run.token for run in possible if run.numbers is None or run.numbers.missing((group.name,)))
        if missing:
            lacking[group.name] = missing
    return lacking


def estimate(groups: Sequence[str], lacking: Lacking, measured: Sequence[Measured]) -> float | None:
    """Seconds that measuring takes, by the median of what each group took before; None where one of them was never measured."""
    total = 0.0
    for name in groups:
        took = [run.numbers.seconds[name] for run in measured if run.numbers is not None and name in run.numbers.seconds]
        if not took:
            return None
        total += median(took) * len(lacking[name])
    return total


def _choose(sweep: Sweep, runs: Sequence[Measured], lacking: Lacking) -> None:
    with st.container(border=True, key="sweep_measure"):
        chosen = st.pills(
            "Not measured yet",
            list(lacking),
            selection_mode="multi",
            default=[name for name in AT_ONCE if name in lacking],
            format_func=lambda name: _TITLES[name],
            key=f"sweep_groups_{sweep.token}",
            help="What each one is, and its paper, is said below.",
        )
        groups = [name for name in lacking if name in chosen]
        if not groups:
            st.caption("Choose what to measure. The results are kept with the runs.")
            return
        count = len({token for name in groups for token in lacking[name]})
        seconds = estimate(groups, lacking, runs)
        of_runs = f"{count} run{'s' if count > 1 else ''}, one after the other"
        if seconds is None:
            st.caption(f"{of_runs}. How long it takes is not known yet. You can stop at any time.")
        else:
            st.caption(f"{of_runs}: {_duration(seconds)}, as long as it took for other runs of this sweep.")
        if st.button("Measure", key="sweep_measure_start", type="primary", icon=":material/straighten:"):
            _jobs().start(sweep.token, lacking, groups)
            st.rerun()


@st.fragment
def _follow(token: str, stamp: Stamps, drawn: float) -> None:
    """The progress of a sweep's measuring; shows the page anew when it is over, and now and then what was measured so far."""
    known, sweep = _jobs().get(token), find_sweep(token)
    if known is None or sweep is None or known[1].over:
        st.rerun()
    if time.monotonic() - drawn > _REFRESH and stamps(sweep) != stamp:
        st.rerun()
    job = known[1]
    before = measuring_desk().position(job)
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_measuring"):
        st.progress(
            min(1.0, job.progress),
            f"Waiting: {before} other sweep{'s are' if before > 1 else ' is'} measured before this one"
            if before
            else f"Measuring: {job.what or 'getting ready'}",
        )
        st.button("Stop", key="sweep_measure_stop", icon=":material/stop:", on_click=measuring_desk().cancel, args=(job,))
    st.caption("You can go on looking around. What is measured of a run is kept at once: to stop loses only the run in work.")
    tick(_EVERY, key="sweep_measuring_tick")


def _list(lacking: Lacking) -> str:
    return ", ".join(_TITLES[name] for name in lacking)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} seconds"
    return f"about {round(seconds / 60)} minutes"
