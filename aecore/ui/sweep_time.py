"""How long a sweep will take, said before it starts: measured by the task desk while the page stays free."""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st

from aecore.runs import ACTIVE, all_runs
from aecore.sweep_config import SweepConfig
from aecore.sweep_estimate import configs_to_measure, estimate_words, speed_key
from aecore.tasks.desk import Job, TooManyJobsError
from aecore.ui.measuring import Results, results
from aecore.ui.server import engine, person, task_desk
from aecore.ui.ticking import tick

_JOB = "sweep_speed_job"
_EVERY = 0.7  # seconds between two looks at a measurement under way
_LOOK = 4  # seconds for which the count of other people's runs is kept


@dataclass(frozen=True)
class _Asked:
    """A measurement that was asked for, and what of: the key of each objective's network."""

    keys: dict[str, tuple[object, ...]]
    job: Job


def show_time(config: SweepConfig) -> None:
    """What the sweep will take; measures it first where this server does not know it yet."""
    st.fragment(_time)(config)


def _time(config: SweepConfig) -> None:
    speeds = _speeds(config)
    if speeds is None:
        st.caption(_ask(config))
        tick(_EVERY, key="sweep_time_tick")
    else:
        st.caption(f"{estimate_words(config, speeds, engine().slots)}{_others()}")


def _speeds(config: SweepConfig) -> dict[str, float] | None:
    """Seconds a step by objective, or None where some are not known."""
    found = {name: results().get(speed_key(run)) for name, run in configs_to_measure(config).items()}
    return {name: float(text) for name, text in found.items() if text is not None} if None not in found.values() else None


def _ask(config: SweepConfig) -> str:
    """Have measured what is missing, unless that is under way; what to say meanwhile."""
    runs = configs_to_measure(config)
    keys = {name: speed_key(run) for name, run in runs.items() if results().get(speed_key(run)) is None}
    arguments = {"configs": {name: runs[name].to_json() for name in keys}}
    kept: _Asked | None = st.session_state.get(_JOB)
    if kept is not None and kept.job.state == "failed" and kept.job.arguments == arguments:
        return f"How long it takes is not known: {kept.job.error}"
    # One that is over without having said what is missing was stopped, or its result is not kept any more: ask again.
    if kept is not None and kept.keys == keys and not kept.job.over and not kept.job.unwanted:
        job = kept.job
        before = task_desk().position(job)
        return (
            "Measuring the speed of this machine …" if not before else "The time is measured as soon as another measurement ends."
        )
    if kept is not None:
        task_desk().cancel(kept.job)
    store: Results = results()

    def keep(job: Job) -> None:
        for name, seconds in json.loads(str(job.result["json"])).items():
            store.put(keys[name], repr(seconds))

    try:
        st.session_state[_JOB] = _Asked(keys, task_desk().submit("sweep_speed", arguments, owner=person(), keep=keep))
    except TooManyJobsError:
        return "The time is measured when your other measurements have ended."
    return "Measuring the speed of this machine …"


def _others() -> str:
    mine = person()
    owners = _under_way()
    others, own = sum(owner != mine for owner in owners), sum(owner == mine for owner in owners)
    if others:
        return f" Others have {_runs(others)} training or waiting at the moment: the workers are shared, so it takes longer."
    if own:
        return f" You have {_runs(own)} under way already: they share the workers, so it takes longer."
    return ""


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


@st.cache_data(ttl=_LOOK, show_spinner=False)
def _under_way() -> list[str]:
    """The owner of every run that is, or waits to be, with a worker."""
    return [run.about.owner for run in all_runs() if run.status.state in ACTIVE]
