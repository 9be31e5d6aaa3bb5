"""Anomalies of heartbeats against the same recordings without them; what the data set promises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aecore.data.draws import Draws
from aecore.data.heart_anomalies import ECTOPIC, MARGIN, MISSING, NOISE_BURST, NORMAL, RATE, ST_ELEVATION
from aecore.data.heartbeats import heart_recording, heartbeat_arrays
from aecore.data.planted import anomalous_windows
from aecore.data.sequence_names import HEARTBEAT_CLASSES, SEQUENCE_LENGTH

Array = npt.NDArray[Any]

ANOMALIES = (ECTOPIC, MISSING, ST_ELEVATION, NOISE_BURST)


@pytest.fixture(scope="module")
def windows() -> tuple[Array, Array, Array]:
    return heartbeat_arrays(1_000, 3)


@pytest.fixture(scope="module")
def twins() -> Array:
    """The same recordings without anomalies."""
    return heartbeat_arrays(1_000, 3, labels=np.zeros(1_000, np.int64))[0]


def test_windows_are_what_a_network_takes(windows: tuple[Array, Array, Array]) -> None:
    signals, labels, _ = windows
    assert signals.shape == (1_000, 1, 1, SEQUENCE_LENGTH)
    assert [part.dtype.name for part in windows] == ["float32", "int64", "int64"]
    assert np.bincount(labels).tolist() == [500, 125, 125, 125, 125]
    assert len(HEARTBEAT_CLASSES) == 5
    assert np.isfinite(signals).all()
    assert signals.min() > -2
    assert signals.max() < 3
    assert np.median(signals.max(axis=3)) == pytest.approx(1.3, abs=0.2)


def test_an_anomaly_changes_its_span_and_nothing_else(windows: tuple[Array, Array, Array], twins: Array) -> None:
    signals, labels, spans = windows
    at = np.arange(SEQUENCE_LENGTH)
    inside = (at >= spans[:, :1]) & (at < spans[:, 1:])
    changed = signals[:, 0, 0] != twins[:, 0, 0]
    assert not (changed & ~inside).any()
    assert not changed[labels == NORMAL].any()
    assert (changed & inside).sum(axis=1)[labels != NORMAL].min() > 0.2 * RATE


def test_an_anomaly_can_be_seen(windows: tuple[Array, Array, Array], twins: Array) -> None:
    """Somewhere, each differs from its normal twin by at least 0.1 mV: ten times the least noise."""
    signals, labels, _ = windows
    assert np.abs(signals - twins).max(axis=(1, 2, 3))[labels != NORMAL].min() > 0.1


def test_spans_lie_well_inside_their_windows(windows: tuple[Array, Array, Array]) -> None:
    _, labels, spans = windows
    assert not spans[labels == NORMAL].any()
    length = spans[:, 1] - spans[:, 0]
    for kind in (ECTOPIC, MISSING, NOISE_BURST):
        assert spans[labels == kind, 0].min() >= MARGIN
        assert spans[labels == kind, 1].max() <= SEQUENCE_LENGTH - MARGIN
        assert 0.35 * RATE < length[labels == kind].min() <= length[labels == kind].max() < 1.1 * RATE
    assert length[labels == ST_ELEVATION].min() > 0.6 * RATE


def test_a_lost_beat_has_no_waves(twins: Array) -> None:
    lost, _, spans = heartbeat_arrays(200, 3, labels=np.full(200, MISSING))
    for window, (first, last) in zip(lost[:, 0, 0], spans, strict=True):
        assert np.ptp(window[first:last]) < 0.45
    assert all(np.ptp(twin[first:last]) > 0.7 for twin, (first, last) in zip(twins[:200, 0, 0], spans, strict=True))


def test_an_ectopic_beat_is_early_wide_and_its_t_wave_inverted(twins: Array) -> None:
    ectopic, _, spans = heartbeat_arrays(200, 3, labels=np.full(200, ECTOPIC))
    wider = []
    for window, twin, (first, last) in zip(ectopic[:, 0, 0], twins[:200, 0, 0], spans, strict=True):
        beat, usual = window[first:last], twin[first:last]
        r_wave = np.argmax(usual[: -RATE // 4])
        assert 0.05 * RATE < r_wave - np.argmax(beat) < 0.4 * RATE
        assert (beat - usual)[r_wave + 12 :].min() < -0.25
        wider.append((beat > beat.max() / 2).sum() / (usual > usual[r_wave] / 2)[: r_wave + 6].sum())
    assert np.median(wider) > 1.7


def test_st_segments_are_lifted_and_only_lifted(twins: Array) -> None:
    lifted, _, spans = heartbeat_arrays(200, 3, labels=np.full(200, ST_ELEVATION))
    lift = (lifted - twins[:200])[:, 0, 0]
    assert lift.min() == 0
    # 0.28 to 0.52 mV times the gain of the electrodes.
    assert 0.2 < lift.max(axis=1).min() < lift.max() < 0.68
    assert (np.ptp(spans, axis=1) > 0).all()


def test_harder_anomalies_are_weaker(twins: Array) -> None:
    for kind in ANOMALIES:
        labels = np.full(100, kind)
        sizes = [
            np.abs(heartbeat_arrays(100, 3, labels=labels, difficulty=difficulty)[0] - twins[:100]).mean()
            for difficulty in (1.0, 2.0, 8.0)
        ]
        assert sizes[0] > 1.2 * sizes[1] > 1.2 * 1.5 * sizes[2] > 0


def test_the_same_seed_makes_the_same_windows_however_many(windows: tuple[Array, Array, Array]) -> None:
    for whole, part in zip(windows, heartbeat_arrays(300, 3), strict=True):
        np.testing.assert_array_equal(whole[:300], part)
    assert (heartbeat_arrays(8, 4)[0] != windows[0][:8]).any(axis=(1, 2, 3)).all()


def test_recordings_differ_as_people_do(twins: Array) -> None:
    heights = twins.max(axis=(1, 2, 3))
    assert 0.1 < heights.std() / heights.mean() < 0.3
    # The first R wave comes anywhere in the first beat.
    first = np.argmax(twins[:, 0, 0, :80], axis=1)
    assert np.bincount(first // 16, minlength=5).min() > 50


def test_every_window_has_room_for_a_whole_beat() -> None:
    for kind in (ECTOPIC, MISSING):
        _, _, spans = heartbeat_arrays(600, 11, labels=np.full(600, kind))
        assert (spans[:, 1] - spans[:, 0]).min() > 0.35 * RATE
        assert spans[:, 0].min() >= MARGIN
        assert spans[:, 1].max() <= SEQUENCE_LENGTH - MARGIN


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"count": 0, "seed": 0}, "at least one window, not 0"),
        ({"count": 2, "seed": -1}, "0 or more, not -1"),
        ({"count": 2, "seed": 0, "difficulty": 0.0}, "difficulty must be above 0, not 0"),
        ({"count": 2, "seed": 0, "difficulty": math.nan}, "difficulty must be above 0, not nan"),
        ({"count": 2, "seed": 0, "labels": np.array([0])}, r"2 whole numbers, not int64 \(1,\)"),
        ({"count": 2, "seed": 0, "labels": np.array([0.0, 1.0])}, "2 whole numbers, not float64"),
        ({"count": 2, "seed": 0, "labels": np.array([0, 5])}, "between 0 and 4"),
        ({"count": 2, "seed": 0, "labels": np.array([-1, 0])}, "between 0 and 4"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        heartbeat_arrays(**arguments)


def test_a_long_recording_begins_normal_and_has_a_dozen_anomalies() -> None:
    values, labels = heart_recording(20_000, 1)
    assert (values.shape, values.dtype.name) == ((20_000, 1), "float32")
    assert (labels.shape, labels.dtype.name) == ((20_000,), "int64")
    assert np.isfinite(values).all()
    assert not labels[:12_000].any()
    begins = labels[1:][(labels[1:] != labels[:-1]) & (labels[1:] > 0)]
    assert np.bincount(begins).tolist() == [0, 3, 3, 3, 3]
    # 78 beats a minute on average, and nowhere a jump that no sensor would show.
    assert np.abs(np.diff(values[labels == NORMAL, 0][:12_000])).max() < 0.6
    np.testing.assert_array_equal(heart_recording(20_000, 1)[0], values)


def test_a_recordings_anomalies_are_apart_and_after_its_normal_part() -> None:
    for length in (640, 2_000, 20_000, 100_000):
        starts, kinds = anomalous_windows(Draws(5), length)
        assert starts[0] >= 0.6 * length
        assert starts[-1] + SEQUENCE_LENGTH <= length
        assert (np.diff(starts) >= SEQUENCE_LENGTH).all()
        assert len(starts) == len(kinds) == min(12, int(0.4 * length) // SEQUENCE_LENGTH)
    with pytest.raises(ValueError, match="at least 640 time steps, not 639"):
        anomalous_windows(Draws(5), 639)
