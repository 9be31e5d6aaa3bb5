"""What is to be known of a run that was brought back: where it came from, and whose its test numbers are."""

from __future__ import annotations

import time

import streamlit as st

from aecore.config import RunConfig
from aecore.exchange.brought import Brought, brought, can_be_measured
from aecore.runs import Run
from aecore.test_numbers import TEST_NUMBERS, title_of
from aecore.ui.measurement import Measurement
from aecore.ui.plain_words import escaped
from aecore.ui.run_config import config_of
from aecore.ui.server import person


def measurement_of(run: Run) -> Measurement:
    """The measurement of a run that was brought back, with the weights that came, on this machine."""
    return Measurement(("brought", run.token), {"run": run.token})


def brought_note(run: Run) -> None:
    """The note for a run that was brought back; nothing for all others.

    Only whose it is can have it measured: the answer is kept with the run, and who has a link may look, never change.
    """
    known, config = brought(run), config_of(run)
    if known is None or config is None:
        return
    with st.container(border=True, key=f"brought_{run.token[:8]}"):
        made = f", made on {time.strftime('%Y-%m-%d', time.gmtime(known.made))}" if known.made else ""
        st.caption(f"Brought back from **{escaped(run.about.file)}**{made}. Its curves and pictures are as the file has them.")
        if not can_be_measured(run):
            st.caption("It was stopped before its end, so it has no test numbers. Its weights are there to start again from.")
            return
        measurement = measurement_of(run)
        if known.measured is None and measurement.job is not None:
            _say(known, config)
            measurement.follow()
        elif known.measured is None:
            _say(known, config)
            if run.about.owner == person():
                measurement.button("Measure the test numbers here")
        else:
            _say(known, config)


def _say(known: Brought, config: RunConfig) -> None:
    """Whether the file's numbers were found again here, and both where they were not."""
    said, measured = known.said, known.measured
    if measured is not None and known.is_same:
        st.success("Test numbers measured here: the same as in the file, to the last digit.", icon=":material/verified:")
    elif measured is not None and said is None:
        st.info("Test numbers measured here; the file said none.", icon=":material/straighten:")
    elif measured is not None:
        st.warning(
            "Test numbers measured here differ from those in the file. The run now has those of here: another machine or another "
            "version of a library changes the last digits; anything more means that the file says something else.",
            icon=":material/difference:",
        )
    elif known.problem:
        st.warning(f"The test numbers could not be measured here. {escaped(known.problem)}", icon=":material/cloud_off:")
    elif said:
        st.caption("These test numbers are **from the file**. They count as the run's own once the same were measured here.")
    if said and not known.is_same:
        rows = [
            {"Test number": title_of(name, config), "From the file": repr(said[name]) if name in said else "–"}
            | ({} if measured is None else {"Measured here": repr(measured[name]) if name in measured else "–"})
            for name in TEST_NUMBERS
            if name in said or name in (measured or {})
        ]
        st.table(rows)
