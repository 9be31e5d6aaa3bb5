"""The second tab of the Anomalies page: what a user would pick instead, given the same cases."""

from __future__ import annotations

import streamlit as st

from aecore.anomaly.baselines import BASELINES, MOST_FITTED
from aecore.anomaly.results import Method, Report, stamp
from aecore.metrics.anomaly import Area
from aecore.runs import Run
from aecore.ui import plotly_chart
from aecore.ui.anomaly_runs import is_ready, why_not_ready
from aecore.ui.anomaly_scores import measured
from aecore.ui.measurement import Measurement


def show(run: Run) -> None:
    """The whole tab."""
    st.markdown(
        "Is a network worth it? Four detectors that need no training to speak of are given **the same normal cases**, as raw "
        "values, "
        "and score **the same test cases**."
    )
    if not is_ready(run):
        st.info(why_not_ready(run), icon=":material/hourglass_top:")
        return
    found = measured(run)
    if found is None:
        return
    report = found.report
    if not report.is_labelled:
        st.info(
            "Without labels nobody can say which detector is better: there is nothing to compare.", icon=":material/label_off:"
        )
        return
    if report.scores[0].auroc is None:
        st.info(
            "The test cases are all normal, or all anomalous, so no detector can tell them apart: choose other normal "
            "classes, or "
            "data with both kinds.",
            icon=":material/info:",
        )
        return
    _table(report)
    if not report.baselines:
        _measure(run, report)


def _measure(run: Run, report: Report) -> None:
    measurement = Measurement(("anomaly_baselines", run.token, stamp(run)[0]), {"run": run.token})
    if measurement.job is not None:
        measurement.follow()
        return
    st.caption(
        f"{', '.join(title for title, _ in BASELINES.values())}: they learn from {min(MOST_FITTED, report.train_cases):,} normal "
        "cases. Of short sequences that takes seconds, of thousands of pictures a minute or two; you can look around meanwhile."
    )
    measurement.button("Compare")


def _table(report: Report) -> None:
    from aecore.anomaly_figures import areas_chart  # plotly takes a quarter of a second to import

    plotly_chart.chart(areas_chart(report.scores, report.baselines), key="anomaly_areas", title="AUROC of each")
    plotly_chart.offer_saving("anomaly_save")
    if report.baselines:
        st.markdown(verdict(report))
        if report.control is not None and report.control.auroc is not None:
            st.markdown(
                f"How much of that is the score, not the network? {report.control.title}: **{report.control.auroc.value:.3f}**. "
                "It is none of the four, which are used as they come."
            )
    st.dataframe(
        [_row(method, "network") for method in report.scores] + [_row(each, "scikit-learn") for each in report.baselines],
        hide_index=True,
    )
    fitted = (
        f" The others learned from {report.fitted:,} of them." if report.fitted and report.fitted < report.train_cases else ""
    )
    st.caption(
        f"{report.test_cases:,} test cases, {report.anomalous:,} of them anomalous; {report.train_cases:,} normal ones to "
        "learn from."
        f"{fitted} AUROC and average precision with their 95 % bootstrap intervals; the others at each one's own threshold, "
        f"{report.rule} of its training scores, which knows no labels."
    )


def verdict(report: Report) -> str:
    """Whether the network is better than the best of the others, in a sentence; only intervals that are apart say so."""
    network = report.scores[0]
    best = max(report.baselines, key=lambda each: each.auroc.value if each.auroc is not None else 0.0)
    if network.auroc is None or best.auroc is None:
        return ""
    ours, theirs = network.auroc, best.auroc
    difference = abs(ours.value - theirs.value)
    more = "more" if ours.value >= theirs.value else "less"
    apart = ours.low > theirs.high or theirs.low > ours.high
    chance = "The intervals are apart." if apart else "The intervals overlap: that may be chance."
    return (
        f"The network’s {network.title.lower()} reaches **{ours.value:.3f}**, {difference:.3f} {more} than the best of the "
        "others, "
        f"{best.title} ({theirs.value:.3f}). {chance}"
    )


def _row(method: Method, kind: str) -> dict[str, str]:
    def area(each: Area | None) -> str:
        return "–" if each is None else f"{each.value:.3f} ({each.low:.3f}–{each.high:.3f})"

    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.1%}"

    return {
        "Detector": method.title,
        "Of": kind,
        "AUROC": area(method.auroc),
        "Average precision": area(method.average_precision),
        "Precision": share(method.precision),
        "Recall": share(method.recall),
        "F1": share(method.f1),
        "Accuracy": share(method.accuracy),
        "Seconds": f"{method.seconds:.1f}" if method.seconds else "",
    }
