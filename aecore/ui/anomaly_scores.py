"""The first tab of the Anomalies page: scores, a threshold, and the cases, all in the browser.

Minute by minute: the heartbeats' detector that comes with the app is there at once. A person sees two heaps of scores, drags the
line between them, and watches what is found, what is missed and what is a false alarm; the dot walks along the curves. Below are
the cases, the most anomalous first, with what the network made of them and where it failed. They doubt a label, press the
other one, and the numbers follow. Then they take the scores away as a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.anomaly.results import Cases, Report, keep_labels_by_hand, kept, kept_cases, labels_by_hand, stamp
from aecore.anomaly.score_names import EXPLANATIONS, TITLES
from aecore.anomaly.truth import Truth
from aecore.data.catalogue import Card
from aecore.data.own_series import whole_series
from aecore.runs import Run
from aecore.ui.anomaly_runs import is_ready, why_not_ready
from aecore.ui.anomaly_view import AnomalyView, LongSeries, anomaly_view
from aecore.ui.measurement import Measurement, jobs
from aecore.ui.plain_words import escaped
from aecore.ui.server import person

_UNITS = {"neg_elbo": "nats", "relative": "by the size of the pictures"}
_COLUMNS = 1_200
"""Columns that a long series is drawn in."""


@dataclass(frozen=True)
class Found:
    """What was measured of a run."""

    report: Report
    cases: Cases


def show(run: Run) -> None:
    """The whole tab."""
    if not is_ready(run):
        st.info(why_not_ready(run), icon=":material/hourglass_top:")
        return
    found = measured(run)
    if found is None:
        return
    name = _choose_score(found.report)
    by_hand = _labels(run)
    labelled = anomaly_view(view_of(run, found, name, by_hand), key=f"anomaly_{run.token}")
    if labelled is not None:
        _label(run, by_hand, labelled)
    st.caption(_measured_on(run, found.report))


def measured(run: Run) -> Found | None:
    """What is kept of the run; where nothing is, it is measured now, with its progress shown, and None is returned."""
    found = _kept(str(run.folder), stamp(run), run)
    if found is not None:
        return found
    measurement = Measurement(("anomaly", run.token, stamp(run)[0]), {"run": run.token}, quick=True)
    if measurement.job is None:
        last = jobs().get(measurement.key)
        if last is None and measurement.start():
            st.rerun()
        st.caption("Not measured yet.")
        measurement.button("Measure")
        return None
    measurement.follow()
    return None


@st.cache_resource(show_spinner=False, max_entries=16)
def _kept(folder: str, changes: tuple[int, ...], _run: Run) -> Found | None:
    """What the run keeps: read again, and held against its weights, when one of the files has changed."""
    report, cases = kept(_run), kept_cases(_run)
    return None if report is None or cases is None else Found(report, cases)


def _choose_score(report: Report) -> str:
    names = [method.name for method in report.scores]
    chosen = st.segmented_control(
        "Score",
        names,
        default=names[0],
        key="anomaly_score",
        bind="query-params",
        required=True,
        format_func=lambda name: TITLES.get(name, name),
        help=" ".join(f"**{TITLES[name]}**: {EXPLANATIONS[name]}" for name in names),
    )
    return chosen if chosen in names else names[0]


# --- labels by hand -------------------------------------------------------------------------------------------------------


def _labels(run: Run) -> dict[int, int]:
    if run.about.owner == person():
        return labels_by_hand(run)
    kept_here: dict[int, int] = st.session_state.get(f"labels_{run.token}", {})
    return dict(kept_here)


def _label(run: Run, before: dict[int, int], told: Mapping[str, Any]) -> dict[int, int]:
    """Keep what was said: with the person's own run, of others' in this tab of the browser."""
    after = {place: label for place, label in before.items() if place not in told["positions"]}
    if told["value"] is not None:
        after |= dict.fromkeys(told["positions"], int(told["value"]))
    if run.about.owner == person():
        keep_labels_by_hand(run, after)
    else:
        st.session_state[f"labels_{run.token}"] = after
    return after


# --- what the browser is given --------------------------------------------------------------------------------------------


def view_of(run: Run, found: Found, name: str, by_hand: Mapping[int, int]) -> AnomalyView:
    """Scores and cases as the component takes them; sequences in their own unit."""
    report, cases, config = found.report, found.cases, run.config
    card = config.card
    is_known = report.is_labelled
    labels = _truth(cases.classes, report)
    originals, answers = cases.originals, cases.reconstructions
    if card.is_sequence:
        originals, answers = (_in_own_unit(each, card)[:, :, 0] for each in (originals, answers))
    row, over = _words(card, cases)
    return AnomalyView(
        id=hashlib.sha256(f"{run.token} {report.weights} {name}".encode()).hexdigest()[:16],
        scores=cases.test[name],
        labels=labels,
        numbers=cases.rows.astype(np.int32),
        training=cases.training[name],
        validation=cases.validation[name],
        shown=cases.shown.astype(np.int32),
        originals=originals,
        reconstructions=answers,
        called=row,
        score_name=TITLES[name],
        unit=_UNITS.get(name, f"summed over the {over}"),
        kind="sequences" if card.is_sequence else "pictures",
        file_name=f"scores-{card.name}-{name}.csv",
        classes=cases.classes.astype(np.int16) if is_known else None,
        class_names=card.classes if is_known else (),
        channel_names=card.channel_names,
        own={place: 1 if label else 0 for place, label in by_hand.items() if place < len(labels)},
        series=_series(config.data.name, report, cases, name),
    )


def _truth(classes: npt.NDArray[np.int64], report: Report) -> npt.NDArray[np.int8]:
    """Of each case 0 normal, 1 anomalous, −1 not known."""
    if not report.is_labelled:
        return np.full(len(classes), -1, np.int8)
    truth = Truth.of(classes, report.normal)
    return np.where(truth.known, truth.anomalous, -1).astype(np.int8)


def _words(card: Card, cases: Cases) -> tuple[str, str]:
    """How a case is called, and what its score is summed over."""
    if not card.is_sequence:
        return "Test picture", "pixels"
    if cases.windows is not None:
        return "Window at step", "time steps"
    return ("Row" if card.name.startswith("series-") else "Test sequence"), "time steps"


def _in_own_unit(values: np.ndarray[Any, np.dtype[Any]], card: Card) -> np.ndarray[Any, np.dtype[np.float32]]:
    low, high = (np.array(ends, np.float32)[None, :, None, None] for ends in zip(*card.scale, strict=True))
    return np.asarray(low + values * (high - low), np.float32)


def _series(data: str, report: Report, cases: Cases, name: str) -> LongSeries | None:
    windows, drawn = cases.windows, _drawn(data)
    if windows is None or drawn is None:
        return None
    low, high, length, window = drawn
    places = {start: place for place, start in enumerate(cases.rows.tolist())}
    positions = [
        places.get(start, -1) if part == 2 else -1
        for start, part in zip(windows.starts.tolist(), windows.parts.tolist(), strict=True)
    ]
    return LongSeries(
        low=low,
        high=high,
        length=length,
        window=window,
        starts=windows.starts.astype(np.int32),
        scores=windows.scores[name],
        parts=windows.parts.astype(np.int8),
        positions=np.array(positions, np.int32),
        truth=_truth(windows.classes, report),
    )


@st.cache_data(show_spinner=False, max_entries=16)
def _drawn(data: str) -> tuple[Any, Any, int, int] | None:
    """The least and the largest value of each channel in each column of the drawing, (C, P) each; its length; that of a
    window."""
    whole = whole_series(data)
    if whole is None:
        return None
    length = len(whole.values)
    edges = np.linspace(0, length, min(_COLUMNS, length) + 1).astype(np.int64)[:-1]
    low, high = (reduce.reduceat(whole.values, edges, axis=0).T for reduce in (np.minimum, np.maximum))
    return low, high, length, whole.window


def _measured_on(run: Run, report: Report) -> str:
    card = run.config.card
    what = "sequences" if card.is_sequence else "pictures"
    names = ", ".join(escaped(card.classes[each]) for each in report.normal)
    if not report.is_labelled:
        learned = f"Trained on {what} without labels"
    elif run.config.data.classes is None:
        learned = f"Trained on {what} of all classes"
    else:
        learned = f"Trained on normal {what} only"
    normal = (
        f" Normal is: {names}." if report.is_labelled else " Without labels there are no curves: threshold and ranks are all."
    )
    return (
        f"{learned}; scores of {report.test_cases:,} test {what} of {escaped(card.title)} that it never saw, "
        f"{report.train_cases:,} of its training {what} and {report.validation_cases:,} normal ones that were held back.{normal}"
    )
