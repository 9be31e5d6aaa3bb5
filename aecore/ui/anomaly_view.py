"""Anomaly detection by reconstruction error, in the browser: scores, a threshold, what follows from it, and the cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.ui.bytes_block import bytes_block
from aecore.ui.components import source

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Label = Literal[0, 1]

# The files of the browser's side, in the order in which they are joined.
SHEETS = ("controls.css", "range.css", "save_chart.css", "anomaly.css", "anomaly_numbers.css", "anomaly_cases.css")
FILES = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "curve.js",
    "small_chart.js",
    "pixels.js",
    "random.js",
    "quantile.js",
    "idle_work.js",
    "anomaly_numbers.js",
    "anomaly_bootstrap.js",
    "anomaly_cases.js",
    "anomaly_csv.js",
    "anomaly_memory.js",
    "anomaly_axis.js",
    "anomaly_handle.js",
    "anomaly_colours.js",
    "anomaly_histogram.js",
    "anomaly_threshold.js",
    "anomaly_rates.js",
    "anomaly_curves.js",
    "anomaly_spans.js",
    "anomaly_series.js",
    "anomaly_picture.js",
    "anomaly_sequence.js",
    "anomaly_card.js",
    "anomaly_gallery.js",
    "mounting.js",
    "anomaly.js",
)

_ANOMALY = st.components.v2.component("anomaly", html=source("anomaly.html"), css=source(*SHEETS), js=source(*FILES))


@dataclass(frozen=True)
class LongSeries:
    """A long series of which the cases are windows.

    low, high: (C, P), the least and the largest value of each channel in each of P columns of equal length.
    length: its time steps.
    window: the length of a window, in time steps.
    starts: (n,), where each window begins, ascending.
    scores: (n,), of each window, larger = more anomalous.
    parts: (n,), 0 trained on, 1 validation, 2 test.
    positions: (n,), which of the N cases a window is; −1: none.
    truth: (n,), 0 normal, 1 anomalous, −1 unknown; that of a window which is a case comes from the case.
    """

    low: Floats
    high: Floats
    length: int
    window: int
    starts: Integers
    scores: Floats
    parts: npt.NDArray[np.int8]
    positions: Integers
    truth: npt.NDArray[np.int8]


@dataclass(frozen=True)
class AnomalyView:
    """What the view is made of. A case is called anomalous when its score is larger than the threshold, not when it equals it.

    id: of the measurement; another id means other data, for which page and order begin anew, and the threshold is the one that
        the browser remembers for that id, or else the mean + 3 σ of the training scores.
    scores: (N,), of the held-out cases, larger = more anomalous.
    labels: (N,), 0 normal, 1 anomalous, −1 unknown; as given, without those by hand.
    classes: (N,), place in `class_names`, −1 unknown.
    numbers, called: how a case is named: "Row" 12, "Test picture" 12, "Window at step" 5120.
    training, validation: (M,), (V,), scores of normal cases that were trained on, and that were not; V may be 0.
    score_name, unit: such as "Squared error", "summed over the pixels".
    kind: whether a case is a picture or a sequence.
    shown: (K,), positions of the cases whose data are here.
    originals, reconstructions: of those; pictures (K, C, H, W) of bytes, C 1 or 3; sequences (K, C, W) of floats.
    channel_names: of a sequence's channels, C of them.
    file_name: of the table of scores that can be saved, such as "scores-heartbeats.csv".
    own: labels by hand, by position; can_label: whether a person may give any.
    """

    id: str
    scores: Floats
    labels: npt.NDArray[np.int8]
    numbers: Integers
    training: Floats
    validation: Floats
    shown: Integers
    originals: npt.NDArray[np.uint8] | Floats
    reconstructions: npt.NDArray[np.uint8] | Floats
    called: str
    score_name: str
    unit: str
    kind: Literal["pictures", "sequences"]
    file_name: str
    classes: npt.NDArray[np.int16] | None = None
    class_names: tuple[str, ...] = ()
    channel_names: tuple[str, ...] = ()
    own: Mapping[int, Label] = field(default_factory=dict)
    can_label: bool = True
    series: LongSeries | None = None

    def __post_init__(self) -> None:
        """Raise ValueError with a sentence when these do not fit together."""
        count = len(self.scores)
        if count == 0 or len(self.labels) != count or len(self.numbers) != count:
            raise ValueError(
                f"{count} scores, {len(self.labels)} labels, {len(self.numbers)} numbers: one of each a case, at least one."
            )
        all_scores = [self.scores, self.training, self.validation, *([self.series.scores] if self.series else [])]
        if not all(np.isfinite(scores).all() for scores in all_scores):
            raise ValueError("A score is not a finite number: cases that a network has no finite error for cannot be ordered.")
        dimensions = 4 if self.kind == "pictures" else 3
        if self.originals.shape != self.reconstructions.shape or self.originals.ndim != dimensions:
            raise ValueError(
                f"Originals {self.originals.shape} and reconstructions {self.reconstructions.shape} do not fit together."
            )
        if len(self.shown) != len(self.originals):
            raise ValueError(f"{len(self.shown)} cases are to be shown, but the data of {len(self.originals)} are here.")

    def data(self) -> bytes:
        """Join all that the browser needs into one block of bytes."""
        kind = np.uint8 if self.kind == "pictures" else np.float32
        channels, *sides = self.originals.shape[1:]
        header = {
            "id": self.id,
            "class_names": list(self.class_names),
            "called": self.called,
            "own": {str(position): label for position, label in self.own.items()},
            "can_label": self.can_label,
            "file_name": self.file_name,
            "score_name": self.score_name,
            "unit": self.unit,
            "kind": self.kind,
            "channels": channels,
            "height": sides[0] if self.kind == "pictures" else 1,
            "width": sides[-1],
            "channel_names": list(self.channel_names),
            "series": {"length": self.series.length, "window": self.series.window} if self.series else None,
        }
        classes = np.full(len(self.scores), -1) if self.classes is None else self.classes
        parts = [
            _bytes(self.scores, np.float32),
            _bytes(self.labels, np.int8),
            _bytes(classes, np.int16),
            _bytes(self.numbers, np.int32),
            _bytes(self.training, np.float32),
            _bytes(self.validation, np.float32),
            _bytes(self.shown, np.int32),
            _bytes(self.originals, kind),
            _bytes(self.reconstructions, kind),
        ]
        if self.series:
            series = self.series
            parts += [
                _bytes(series.low, np.float32),
                _bytes(series.high, np.float32),
                _bytes(series.starts, np.int32),
                _bytes(series.scores, np.float32),
                _bytes(series.parts, np.int8),
                _bytes(series.positions, np.int32),
                _bytes(series.truth, np.int8),
            ]
        return bytes_block(header, *parts)


def _bytes(values: npt.NDArray[Any], kind: type[np.generic]) -> bytes:
    return np.asarray(values, np.dtype(kind).newbyteorder("<")).tobytes()


def anomaly_view(view: AnomalyView, *, key: str) -> Mapping[str, Any] | None:
    """Show the view, and return the labels that are new in this run of the page, or None.

    The page reruns when a case is labelled, and never for the threshold, which is the browser's own.

    key: its identity; the same data again leave everything as the person left it.
    Returns `{"positions": [...], "value": 0, 1 or None}`, value None taking labels back. Labels have to come back in `own`: until
    then they are known to the browser only.
    """
    result = _ANOMALY(key=key, data=view.data(), on_label_change=lambda: None)
    return label_in(result.label, len(view.scores))


def label_in(told: object, count: int) -> Mapping[str, Any] | None:
    """Return the labels that the browser told, or None for whatever is not a label of some of `count` cases."""
    if not isinstance(told, Mapping) or told.get("value") not in (0, 1, None):
        return None
    positions = told.get("positions")
    if not isinstance(positions, (list, tuple)) or not positions:
        return None
    if not all(isinstance(position, int) and 0 <= position < count for position in positions):
        return None
    return {"positions": list(positions), "value": told.get("value")}
