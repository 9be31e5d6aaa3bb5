"""The Compare tab of the Disentangle page: what the finished runs of a sweep turned out to be, side by side."""

from __future__ import annotations

import re
from datetime import date

import streamlit as st

from aecore.disentangle_numbers import GROUPS, UDR
from aecore.sweep_csv import csv_text
from aecore.sweep_findings import described, findings, nothing_marked
from aecore.sweep_html import STYLE, TRAVERSALS, table_html, traversals_html
from aecore.sweep_table import RULE, Results, Table, results_of, table_of
from aecore.sweeps import Sweep
from aecore.ui.sweep_measuring import Stamps, measure_missing, stamps


def sweep_compare(sweep: Sweep) -> None:
    """The whole tab, of a sweep that can be read."""
    finished = len(sweep.finished)
    members = len(sweep.members)
    if not finished:
        st.info(
            "None of this sweep's runs has come to its end yet. They are compared here as soon as the first one has: watch them "
            "on the Live tab."
        )
        return
    if finished < members:
        st.caption(f"{finished} of {members} runs have finished, and only these are compared.")
    stamp = stamps(sweep)
    results = _results(str(sweep.folder), stamp, sweep)
    table = table_of(results.runs)
    _findings(table)
    _table(table, results)
    measuring = st.container()  # filled last: starting to measure reruns the page
    _charts(table, results)
    _codes(results, sweep.token, stamp)
    _export(results, stamp)
    _methods()
    with measuring:
        measure_missing(sweep, results.runs, stamp)


@st.cache_data(show_spinner=False, max_entries=32)
def _results(folder: str, stamp: Stamps, _sweep: Sweep) -> Results:
    """What the files hold, read again when one of them has changed."""
    return results_of(_sweep)


def _findings(table: Table) -> None:
    found = findings(table)
    if found:
        st.subheader("What this sweep shows")
    for finding in found:
        st.markdown("\n".join([f"**{finding.heading}**", "", *(f"- {sentence}" for sentence in finding.sentences)]))


def _table(table: Table, results: Results) -> None:
    st.html(STYLE + table_html(table, results.colours))
    st.caption(f"{described(results)} {nothing_marked(table)}")
    with st.expander("How the best is found"):
        st.markdown(RULE)


def _charts(table: Table, results: Results) -> None:
    from aecore.disentangle_figures import CHARTS, chart_config, metric_chart  # plotly takes a quarter of a second to import

    colours = results.colours
    st.subheader("Against β and C" if "capacity" in results.config.objectives else "Against β")
    with st.container(horizontal=True, key="sweep_charts"):
        for column in table.columns:
            st.plotly_chart(
                metric_chart(table.rows, column, colours),
                width="content",
                key=f"sweep_chart_{column.name}",
                config=chart_config(f"{column.name}-against-beta"),
                alt=f"{column.title} of each run",
            )
    st.caption(f"{CHARTS} Point at a chart: its camera saves it as PNG.")


def _codes(results: Results, token: str, stamp: Stamps) -> None:
    """Traversals and heat maps of the runs of one seed."""
    st.subheader("What each number of the code draws")
    seeds = results.seeds
    seed = seeds[0]
    if len(seeds) > 1:
        seed = int(
            st.segmented_control("Seed", seeds, default=seeds[0], required=True, key=f"compare_seed_{token}", format_func=str)
        )
    drawn = _traversals(token, stamp, seed, results)
    if drawn:
        st.html(STYLE + drawn)
        st.caption(TRAVERSALS)
    else:
        st.caption("These runs kept no traversals.")
    runs = [run for run in results.of_seed(seed) if run.numbers is not None and run.numbers.factors]
    if not runs:
        return
    from aecore.disentangle_figures import HEAT_MAPS, chart_config, heat_map  # as above

    colours = results.colours
    st.subheader("What each number knows")
    with st.container(horizontal=True, key="sweep_heat_maps"):
        for run in runs:
            st.plotly_chart(
                heat_map(run, colours[run.arm]),
                width="content",
                key=f"sweep_map_{run.arm.key}",
                config=chart_config(f"{run.arm.key}-seed-{run.seed}"),
                alt=f"What each number of {run.arm.title} knows of each factor, in percent",
            )
    st.caption(HEAT_MAPS)


@st.cache_data(show_spinner=False, max_entries=64)
def _traversals(token: str, stamp: Stamps, seed: int, _results: Results) -> str:
    return traversals_html(_results.of_seed(seed), _results.colours)


def _export(results: Results, stamp: Stamps) -> None:
    st.subheader("Take it away")
    name = re.sub(r"[^0-9A-Za-z]+", "-", results.name).strip("-").lower()[:40] or "sweep"
    with st.container(horizontal=True, key="sweep_export"):
        st.download_button(
            "Report (HTML)",
            lambda: _report(str(results.runs[0].run.folder), stamp, date.today(), results),
            f"{name}.html",
            "text/html",
            key="sweep_report",
            on_click="ignore",
            icon=":material/description:",
            help="One file with the table, the charts, traversals, heat maps, configuration and methods. It needs no network.",
        )
        st.download_button(
            "Numbers (CSV)",
            lambda: csv_text(results),
            f"{name}.csv",
            "text/csv",
            key="sweep_csv",
            on_click="ignore",
            icon=":material/table:",
            help="A row for each run and number, with intervals, methods and the whole configuration.",
        )
    st.caption("Charts and heat maps as PNG: by the camera of each, here or in the report.")


@st.cache_data(show_spinner=False, max_entries=4)
def _report(folder: str, stamp: Stamps, made: date, _results: Results) -> str:
    from aecore.sweep_report import report_html  # plotly, as above

    return report_html(_results, made)


def _methods() -> None:
    with st.expander("The metrics and their papers"):
        st.markdown("\n".join(f"- **{group.title}.** {group.explanation} {group.paper}." for group in (*GROUPS, UDR)))
        st.caption(
            "Learned from 10,000 and tested on 5,000 pictures, mean codes, with the settings of Locatello et al. (2019), "
            "[arXiv:1811.12359](https://arxiv.org/abs/1811.12359). Without assumptions on the data or the network no method can "
            "be sure to find the factors, as they show: what a sweep finds depends on its seeds too, so look at the spread."
        )
