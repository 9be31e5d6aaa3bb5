"""The machine's sensors against their formulas, and its anomalies against the same machine without them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aecore.data import machine
from aecore.data.draws import Draws
from aecore.data.machine import (
    DRIFT,
    FREQUENCY_CHANGE,
    HARMONICS,
    LEVEL_SHIFT,
    NORMAL,
    RATE,
    SLIP,
    SPIKE,
    WARMING,
    WARMING_TIME,
    Machines,
    draw_effects,
    draw_machines,
    machine_arrays,
    machine_recording,
    sensors,
)
from aecore.data.sequence_names import MACHINE_CHANNELS, MACHINE_CLASSES, SEQUENCE_LENGTH

Array = npt.NDArray[Any]

VIBRATION, CURRENT, TEMPERATURE = range(3)


def steady(count: int = 1, **changes: Any) -> Machines:
    """Machines of 5 turns a second without load, whose load does not swing."""
    found = draw_machines(Draws(0), count)
    still = {"speeds": np.full(count, 5.0), "load": np.zeros(count), "swing": np.zeros((count, 3))}
    return found._replace(**{**still, **changes})


def read(machines: Machines, seconds: float, turns: float = 0.0) -> Array:
    times = np.arange(round(seconds * RATE)) / RATE
    return sensors(machines, times, np.full((len(machines.speeds), len(times)), turns))


@pytest.mark.parametrize("load", [0.0, 0.5, 1.0])
def test_the_spectrum_has_the_rotation_and_its_harmonics(load: float) -> None:
    """A loaded shaft turns slower, by the slip, and vibrates more."""
    machines = steady(load=np.array([load]), speeds=np.array([5 / (1 - SLIP * load)]))
    readings = read(machines, 10)[0]
    amplitudes = 2 * np.abs(np.fft.rfft(readings, axis=1)) / readings.shape[1]
    frequency = np.fft.rfftfreq(readings.shape[1], 1 / RATE)
    strength = 0.7 + 0.6 * load
    for i in range(len(HARMONICS)):
        at = np.argmin(np.abs(frequency - 5 * (i + 1)))
        assert amplitudes[VIBRATION, at] == pytest.approx(strength * machines.harmonics[0, i])
    others = ~np.isin(np.rint(frequency * 10), [50, 100, 150])
    assert amplitudes[VIBRATION, others].max() < 1e-9
    assert frequency[1:][np.argmax(amplitudes[CURRENT, 1:])] == pytest.approx(10)
    assert amplitudes[CURRENT, 0] / 2 == pytest.approx(machine.AMPERES_AT_REST + machine.AMPERES_OF_LOAD * load)


def test_speed_follows_the_load_and_the_winding_warms_behind_it() -> None:
    """Current gives the load away; speed and temperature, integrated step by step from it, are what the closed forms say."""
    machines = draw_machines(Draws(1), 5)._replace(harmonics=np.tile([1.0, 0.0, 0.0], (5, 1)), lag=np.zeros((5, 4)))
    quarter = machines._replace(lag=np.full((5, 4), -0.25))
    step = 0.0005
    times: Array = np.arange(round(20 / step)) * step
    readings = sensors(machines, times, np.zeros((5, len(times))))
    angle = 2 * math.pi * (machines.swing_frequency[:, :, None] * times + machines.swing_start[:, :, None])
    load = machines.load[:, None] + (machines.swing[:, :, None] * np.sin(angle)).sum(axis=1)
    ripple = readings[:, CURRENT] - machine.AMPERES_AT_REST - machine.AMPERES_OF_LOAD * load
    np.testing.assert_allclose(np.abs(ripple).max(axis=1), machine.RIPPLE, rtol=1e-4)

    turns = np.cumsum(machines.speeds[:, None] * (1 - SLIP * load), axis=1) * step
    # The vibration is the cosine of the shaft's angle, and with a lag of a quarter turn its sine.
    sine = sensors(quarter, times, np.zeros((5, len(times))))[:, VIBRATION]
    shaft = np.unwrap(np.arctan2(sine, readings[:, VIBRATION]), axis=1) / (2 * math.pi)
    np.testing.assert_allclose(shaft[:, 1:] - shaft[:, :1], turns[:, 1:] - turns[:, :1], atol=1e-3)

    warmth = readings[:, TEMPERATURE]
    rate = np.gradient(warmth, step, axis=1)[:, 1:-1]
    np.testing.assert_allclose(rate, ((WARMING * load - warmth) / WARMING_TIME)[:, 1:-1], atol=1e-4)


def test_whole_turns_of_the_shaft_leave_no_trace() -> None:
    machines = draw_machines(Draws(2), 3)
    np.testing.assert_allclose(read(machines, 1, turns=2.0), read(machines, 1), atol=1e-9)
    assert np.abs(read(machines, 1, turns=0.5) - read(machines, 1))[:, VIBRATION].max() > 0.5


@pytest.fixture(scope="module")
def windows() -> tuple[Array, Array, Array]:
    return machine_arrays(800, 3)


@pytest.fixture(scope="module")
def twins() -> Array:
    """The same machines without anomalies."""
    return machine_arrays(800, 3, labels=np.zeros(800, np.int64))[0]


def test_windows_are_what_a_network_takes(windows: tuple[Array, Array, Array]) -> None:
    signals, labels, _ = windows
    assert signals.shape == (800, len(MACHINE_CHANNELS), 1, SEQUENCE_LENGTH)
    assert [part.dtype.name for part in windows] == ["float32", "int64", "int64"]
    assert np.bincount(labels).tolist() == [400, 100, 100, 100, 100]
    assert len(MACHINE_CLASSES) == 5
    assert np.isfinite(signals).all()
    assert np.abs(signals).max() < 6


def test_an_anomaly_changes_its_span_and_nothing_else(windows: tuple[Array, Array, Array], twins: Array) -> None:
    signals, labels, spans = windows
    at = np.arange(SEQUENCE_LENGTH)
    inside = (at >= spans[:, :1]) & (at < spans[:, 1:])
    changed = (signals != twins)[:, :, 0]
    assert not (changed & ~inside[:, None]).any()
    assert not changed[labels == NORMAL].any()
    anomalous = labels != NORMAL
    share = (changed.any(axis=1) & inside).sum(axis=1)[anomalous] / inside.sum(axis=1)[anomalous]
    assert share.min() > 0.9


def test_spans_lie_well_inside_their_windows(windows: tuple[Array, Array, Array]) -> None:
    _, labels, spans = windows
    assert not spans[labels == NORMAL].any()
    assert spans[labels != NORMAL].min() >= 8
    assert spans.max() <= SEQUENCE_LENGTH - 8
    length = spans[:, 1] - spans[:, 0]
    for kind, (shortest, longest) in {
        DRIFT: (80, 160),
        SPIKE: (5, 12),
        LEVEL_SHIFT: (40, 120),
        FREQUENCY_CHANGE: (90, 150),
    }.items():
        assert shortest <= length[labels == kind].min()
        assert longest >= length[labels == kind].max()


def test_each_kind_is_what_its_name_says() -> None:
    labels = np.repeat([DRIFT, SPIKE, LEVEL_SHIFT], 100)
    effects = draw_effects(Draws(4), labels)
    assert not effects.turns.any()
    for label, added, (first, last) in zip(labels, effects.added, effects.spans, strict=True):
        assert not added[:, :first].any()
        assert not added[:, last:].any()
        affected = added[np.abs(added).max(axis=1) > 0, first:last]
        assert len(affected) >= 1
        change = np.abs(affected)
        assert (affected > 0).all() or (affected < 0).all()
        peak = np.argmax(change, axis=1) / (last - first)
        if label == DRIFT:
            assert (peak > 0.85).all()
            assert np.abs(np.diff(affected[:, : (last - first) // 2], n=2)).max() < 1e-12
        elif label == SPIKE:
            assert (peak == 0).all()
        else:
            np.testing.assert_allclose(affected, np.repeat(affected[:, :1], last - first, axis=1))


def test_every_channel_is_affected_alone_and_with_others() -> None:
    affected = draw_effects(Draws(5), np.full(600, LEVEL_SHIFT)).added.any(axis=2)
    assert len(np.unique(affected, axis=0)) == 7
    assert affected.mean(axis=0) == pytest.approx([0.53, 0.53, 0.53], abs=0.07)


def test_a_change_of_frequency_is_a_whole_turn() -> None:
    effects = draw_effects(Draws(6), np.full(200, FREQUENCY_CHANGE))
    assert not effects.added.any()
    reached = np.array([turns[last - 1] for turns, (_, last) in zip(effects.turns, effects.spans, strict=True)])
    np.testing.assert_allclose(np.abs(reached), np.rint(np.abs(reached)), atol=1e-4)
    assert set(np.rint(reached)) == {-1.0, 1.0}
    # The slowest shaft still turns forwards.
    fastest = max(
        np.abs(np.diff(turns[first:last])).max() for turns, (first, last) in zip(effects.turns, effects.spans, strict=True)
    )
    assert 0.01 < fastest < 3.8 * (1 - SLIP) / RATE


def test_the_temperature_knows_nothing_of_a_frequency(windows: tuple[Array, Array, Array], twins: Array) -> None:
    signals, labels, _ = windows
    change = np.abs(signals - twins)[labels == FREQUENCY_CHANGE].max(axis=(2, 3))
    assert change[:, VIBRATION].min() > 0.5
    assert change[:, CURRENT].min() > 0.1
    assert change[:, TEMPERATURE].max() == 0


def test_the_same_seed_makes_the_same_windows_however_many(windows: tuple[Array, Array, Array]) -> None:
    for whole, part in zip(windows, machine_arrays(100, 3), strict=True):
        np.testing.assert_array_equal(whole[:100], part)
    assert (machine_arrays(8, 4)[0] != windows[0][:8]).any(axis=(1, 2, 3)).all()


def test_what_cannot_be_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="at least one window"):
        machine_arrays(0, 0)
    with pytest.raises(ValueError, match="between 0 and 4"):
        machine_arrays(1, 0, labels=np.array([5]))
    with pytest.raises(ValueError, match="at least 640 time steps"):
        machine_recording(600, 0)


def test_a_long_recording_begins_normal_and_has_a_dozen_anomalies() -> None:
    values, labels = machine_recording(20_000, 1)
    assert (values.shape, values.dtype.name) == ((20_000, 3), "float32")
    assert (labels.shape, labels.dtype.name) == ((20_000,), "int64")
    assert np.isfinite(values).all()
    assert not labels[:12_000].any()
    begins = labels[1:][(labels[1:] != labels[:-1]) & (labels[1:] > 0)]
    assert np.bincount(begins).tolist() == [0, 3, 3, 3, 3]
    np.testing.assert_array_equal(machine_recording(20_000, 1)[0], values)


def test_a_recordings_labels_are_where_its_anomalies_are(monkeypatch: pytest.MonkeyPatch) -> None:
    values, labels = machine_recording(10_000, 2)

    def nothing(draws: Draws, kinds: Array) -> machine.Effects:
        return draw_effects(draws, np.zeros_like(kinds))

    monkeypatch.setattr(machine, "draw_effects", nothing)
    normal, none = machine_recording(10_000, 2)
    assert not none.any()
    changed = (values != normal).any(axis=1)
    assert not changed[labels == NORMAL].any()
    assert changed[labels != NORMAL].mean() > 0.95
