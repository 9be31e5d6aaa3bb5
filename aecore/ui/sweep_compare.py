"""The Compare tab of the Disentangle page: what the finished runs of a sweep turned out to be, side by side."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import streamlit as st

from aecore.disentangle_numbers import GROUPS, TITLES, UDR, Group
from aecore.moments import pictured_steps
from aecore.sweep_csv import csv_text
from aecore.sweep_findings import SPREAD, described, findings, not_compared, nothing_marked, points
from aecore.sweep_html import STYLE, table_html, traversals_html, traversals_words
from aecore.sweep_png import traversals_png
from aecore.sweep_strips import drawn_of
from aecore.sweep_table import RULE, Results, Table, results_of
from aecore.sweep_unfinished import Unfinished
from aecore.sweeps import Sweep
from aecore.ui import plotly_chart
from aecore.ui.sweep_measuring import Stamps, measure_missing, stamps

_LAYOUT = """<style>
.stApp { --sweep-paper: light-dark(%s, %s); }
.st-key-sweep_charts { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%%, 250px), 1fr)); }
</style>"""
"""Where the table's arms stand on the page's own ground (Streamlit says no more of its theme than whether it is dark), and
charts that fill the width."""


def sweep_compare(sweep: Sweep) -> None:
    """The whole tab, of a sweep that can be read."""
    finished = len(sweep.finished)
    members = len(sweep.members)
    stamp = stamps(sweep)
    results = _results(str(sweep.folder), stamp, _states(sweep), sweep)
    if not finished:
        _nothing(results)
        return
    if finished < members:
        st.caption(f"{finished} of {members} runs have finished, and only these are compared.")
        _not_compared(results)
    table = results.table
    _findings(table)
    _table(table, results)
    measuring = st.container()  # filled last: starting to measure reruns the page
    _columns(results)
    _charts(table, results)
    seed = _codes(results, sweep.token, stamp)
    _export(results, stamp, seed)
    with measuring:
        measure_missing(sweep, results.runs, stamp)


def _states(sweep: Sweep) -> tuple[str, ...]:
    return tuple(run.status.state for run in sweep.runs)


@st.cache_data(show_spinner=False, max_entries=32)
def _results(folder: str, stamp: Stamps, states: tuple[str, ...], _sweep: Sweep) -> Results:
    """What the files hold, read again when one of them, or the state of a run, has changed."""
    return results_of(_sweep)


def _nothing(results: Results) -> None:
    """No run has finished: there is nothing to compare yet, or there will be nothing unless somebody does something."""
    if any(run.active for run in results.unfinished):
        st.info(
            "None of this sweep's runs has come to its end yet. They are compared here as soon as the first one has: watch them "
            "on the Live tab."
        )
    else:
        st.warning(
            "None of this sweep's runs came to its end, and none is in training, so there is nothing to compare. Those that "
            "were stopped can go on from the Live tab; for those that failed, start another sweep with what the reason advises."
        )
    _not_compared(results)


def _not_compared(results: Results) -> None:
    phrases = not_compared(results)
    if len(phrases) == 1:
        st.caption(f"Not compared: {phrases[0]}.")
    elif phrases:
        st.caption("\n".join(["Not compared:", "", *(f"- {phrase}" for phrase in phrases)]))


def _findings(table: Table) -> None:
    found = findings(table)
    if found:
        st.subheader("What this sweep shows")
    for finding in found:
        st.markdown("\n".join([f"**{finding.heading}**", "", *(f"- {sentence}" for sentence in finding.sentences)]))
    if found:
        st.caption(SPREAD)


def _table(table: Table, results: Results) -> None:
    colours = [st.get_option(f"theme.{kind}.backgroundColor") for kind in ("light", "dark")]
    st.html(STYLE + _LAYOUT % tuple(colours) + table_html(table, results.colours))
    st.caption(f"{described(results)} {nothing_marked(table)}")
    with st.expander("How the best is found"):
        st.markdown(RULE)


def _charts(table: Table, results: Results) -> None:
    from aecore.disentangle_figures import CHARTS, metric_chart  # plotly takes a quarter of a second to import

    colours = results.colours
    st.subheader("Against β and C" if "capacity" in results.config.objectives else "Against β")
    with st.container(key="sweep_charts"):
        for column in table.columns:
            plotly_chart.chart(
                metric_chart(table.rows, column, colours), key=f"sweep_chart_{column.name}", title=f"{column.title} of each run"
            )
    plotly_chart.offer_saving("sweep_save")
    st.caption(f"{CHARTS} Point at a chart: its button saves it as PNG or SVG.")


def _codes(results: Results, token: str, stamp: Stamps) -> int:
    """Traversals and heat maps of the runs of one seed. Returns the seed."""
    st.subheader("What each number of the code draws")
    seeds = results.seeds
    seed = seeds[0]
    if len(seeds) > 1:
        seed = int(
            st.segmented_control("Seed", seeds, default=seeds[0], required=True, key=f"compare_seed_{token}", format_func=str)
        )
    drawn, arms = _traversals(token, stamp, seed, results)
    if drawn:
        st.html(STYLE + drawn)
        st.caption(traversals_words(arms))
    else:
        st.caption("These runs kept no traversals.")
    runs = [run for run in results.of_seed(seed) if run.numbers is not None and run.numbers.factors]
    if not runs:
        return seed
    from aecore.disentangle_figures import HEAT_MAPS, heat_map  # as above

    colours = results.colours
    st.subheader("What each number knows")
    with st.container(horizontal=True, key="sweep_heat_maps"):
        for run in runs:
            plotly_chart.chart(
                heat_map(run, colours[run.arm]),
                width="content",
                key=f"sweep_map_{run.arm.key}",
                title=f"What each number of {run.arm.title} knows of each factor, in percent, seed {run.seed}",
            )
    st.caption(HEAT_MAPS)
    return seed


@st.cache_data(show_spinner=False, max_entries=64)
def _traversals(token: str, stamp: Stamps, seed: int, _results: Results) -> tuple[str, int]:
    """The pieces of HTML, and of how many arms they are."""
    runs = _results.of_seed(seed)
    return traversals_html(runs, _results.colours), len(drawn_of(runs))


def _export(results: Results, stamp: Stamps, seed: int) -> None:
    st.subheader("Take it away")
    name = re.sub(r"[^0-9A-Za-z]+", "-", results.name).strip("-").lower()[:40] or "sweep"
    folder = str(results.runs[0].run.folder)
    with st.container(horizontal=True, key="sweep_export"):
        st.download_button(
            "Report (HTML)",
            lambda: _report(folder, stamp, results.unfinished, date.today(), results),
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
        if any(pictured_steps(run.run) for run in results.of_seed(seed)):
            st.download_button(
                "Traversals (PNG)",
                lambda: _png(folder, stamp, seed, results),
                f"{name}-seed-{seed}.png",
                "image/png",
                key="sweep_png",
                on_click="ignore",
                icon=":material/image:",
                help=f"One picture of all traversals of seed {seed} side by side, labelled, for a slide or a paper.",
            )
    st.caption("Charts and heat maps as PNG or SVG: by the button of each; as PNG also in the report.")


@st.cache_data(show_spinner=False, max_entries=4)
def _report(folder: str, stamp: Stamps, unfinished: tuple[Unfinished, ...], made: date, _results: Results) -> str:
    from aecore.sweep_report import report_html  # plotly, as above

    return report_html(_results, made)


@st.cache_data(show_spinner=False, max_entries=8)
def _png(folder: str, stamp: Stamps, seed: int, _results: Results) -> bytes:
    heading = f"{_results.name}, seed {seed}"
    return traversals_png(_results.of_seed(seed), _results.colours, heading, page_font())


def page_font() -> Path:
    """The font of the page itself, as Streamlit brings it: Pillow's own has no β. Raises FileNotFoundError where it is gone."""
    folder = Path(st.__file__).parent / "static" / "static" / "media"
    for path in folder.glob("SourceSansVF-Upright*.woff2"):
        return path
    raise FileNotFoundError(f"{folder} holds no Source Sans.")


def _columns(results: Results) -> None:
    with st.expander("What the columns mean"):
        st.markdown("\n".join([f"- {described(results)}", *(f"- {_explained(group)}" for group in (*GROUPS, UDR))]))
        st.caption(
            f"{points(results)} Without assumptions on the data or the network no method can be sure to find the factors, as "
            "[Locatello et al. (2019)](https://arxiv.org/abs/1811.12359) show: what a sweep finds depends on its seeds too, so "
            "look at the spread."
        )


def _explained(group: Group) -> str:
    columns = [TITLES[name] for name in group.numbers]
    title = group.title if group.title in columns else f"{group.title} ({', '.join(columns)})"
    return f"**{title}.** {group.explanation} {group.paper}."
