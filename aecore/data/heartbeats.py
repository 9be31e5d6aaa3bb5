"""Electrocardiograms, normal and with four kinds of anomaly: a data set made by the model of :mod:`~.heart_model`.

Every window is from a recording of its own: heart rate, waves, breathing, gain and noise differ from all others', and it starts
anywhere in a beat. Anomalies are added to it (:mod:`~.heart_anomalies`), so the same seed with other labels gives the same
recordings with others, or none, and equal to the last bit outside the span.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aecore.data.draws import Draws
from aecore.data.heart_anomalies import MARGIN, RATE, Beats, anomalies, draw_chances
from aecore.data.heart_model import (
    BASELINE,
    BREATHING_FREQUENCY,
    WANDER,
    Floats,
    Waves,
    angles_of,
    beat_pushes,
    integrate,
    rr_process,
    waves_at,
)
from aecore.data.planted import anomalous_windows, chosen_labels
from aecore.data.sequence_names import SEQUENCE_LENGTH

Signals = NDArray[np.float32]
Integers = NDArray[np.int64]

_TURN = 2 * math.pi
_LEAD = 192  # samples made before a recording, in which z forgets where it started (its time constant is a second)
_BLOCK = 256  # windows made at a time: few enough for their arrays to stay in the processor's cache


class _Hearts(NamedTuple):
    """What differs between N hearts and their recordings."""

    waves: Waves
    rates: Floats
    """Beats a minute (N,)."""
    wander: Floats
    """Amplitude of the baseline in mV (N,)."""
    breathing: Floats
    """Frequency of the baseline in Hz (N,)."""
    breath: Floats
    """How far into a breath the recording starts, in turns (N,)."""
    gain: Floats
    """What the electrodes make of a millivolt (N,)."""
    noise: Floats
    """Standard deviation of the measurement's noise in mV (N,)."""


def _hearts(draws: Draws, count: int) -> _Hearts:
    # Of a slower heart, two seconds may hold no whole beat; in a much faster one T and P waves would merge.
    rates = np.clip(78 + draws.normal(count, sd=8), 66, 96)
    angles, sizes, widths = waves_at(rates)
    waves = Waves(
        angles * np.exp(draws.normal(count, 5, sd=0.04)),
        sizes * np.exp(draws.normal(count, 5, sd=0.12)),
        widths * np.exp(draws.normal(count, 5, sd=0.05)),
    )
    return _Hearts(
        waves,
        rates,
        wander=WANDER * draws.uniform(count, low=0.4, high=1.4),
        breathing=BREATHING_FREQUENCY + draws.uniform(count, low=-0.05, high=0.05),
        breath=draws.uniform(count),
        gain=np.exp(draws.normal(count, sd=0.08)),
        noise=draws.uniform(count, low=0.01, high=0.02),
    )


def _angles(draws: Draws, hearts: _Hearts, length: int) -> Floats:
    """Angles from _LEAD samples before recordings of `length` samples, at every half step: (N, 2 (_LEAD + length) − 1)."""
    steps = _LEAD + length - 1
    # At least about two minutes, so that the spectrum of the RR intervals has room for its two peaks.
    half = max(64, math.ceil(steps / RATE / 2) + 1)
    rr = rr_process(draws.uniform(len(hearts.rates), half), hearts.rates)
    return angles_of(rr, draws.uniform(len(hearts.rates), high=_TURN), steps, RATE)


def _clean(hearts: _Hearts, angles: Floats) -> Floats:
    """Normal electrocardiograms in mV (N, length), before gain and noise."""
    times = np.arange(angles.shape[1]) / (2 * RATE)
    baseline = hearts.wander[:, None] * np.sin(_TURN * (hearts.breathing[:, None] * times + hearts.breath[:, None]))
    return BASELINE + integrate(beat_pushes(angles, hearts.waves) + baseline, RATE)[:, _LEAD:]


def _block(draws: Draws, labels: Integers, difficulty: float) -> tuple[Signals, Integers]:
    count = len(labels)
    hearts = _hearts(draws, count)
    angles = _angles(draws, hearts, SEQUENCE_LENGTH)
    noise = hearts.noise[:, None] * draws.normal(count, SEQUENCE_LENGTH)
    added, spans = anomalies(Beats(angles[:, 2 * _LEAD :], hearts.waves, draw_chances(draws, count)), labels, difficulty)
    signals = hearts.gain[:, None] * (_clean(hearts, angles) + added) + noise
    return signals.astype(np.float32), spans


def heartbeat_arrays(
    count: int, seed: int, *, labels: NDArray[np.integer] | None = None, difficulty: float = 1.0
) -> tuple[Signals, Integers, Integers]:
    """Windows of 2 s: signals float32 (N, 1, 1, 256) in mV, labels int64 (N,), spans int64 (N, 2).

    A span is the first sample of an anomaly and its last + 1, and 0, 0 of a normal window; that of an ST elevation is from the
    first lifted sample to the last. `labels` chooses the classes (see :func:`~.planted.chosen_labels` for the default). The first
    windows are the same however many are made. A `difficulty` above 1 makes anomalies weaker, one below 1 bursts and ST
    elevations stronger. ValueError if an argument cannot be.
    """
    labels = chosen_labels(count, labels)
    if not difficulty > 0:
        raise ValueError(f"The difficulty must be above 0, not {difficulty:g}.")
    blocks = [_block(Draws(seed, start), labels[start : start + _BLOCK], difficulty) for start in range(0, count, _BLOCK)]
    signals, spans = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return signals[:, None, None], labels, spans


def heart_recording(length: int, seed: int) -> tuple[Signals, Integers]:
    """One long recording, 128 samples a second: values float32 (T, 1) in mV, and the class int64 (T,) of each time step.

    Normal for 60 % of it, then about a dozen anomalies. ValueError if it is too short for one.
    """
    draws = Draws(seed)
    starts, kinds = anomalous_windows(draws, length)
    hearts = _hearts(draws, 1)
    angles = _angles(draws, hearts, length)
    signal = _clean(hearts, angles)[0]
    within = 2 * (_LEAD + starts[:, None]) + np.arange(2 * SEQUENCE_LENGTH - 1)
    one = np.zeros(len(starts), np.int64)
    beats = Beats(angles[0, within], Waves(*(part[one] for part in hearts.waves)), draw_chances(draws, len(starts)))
    added, spans = anomalies(beats, kinds, difficulty=1.0)
    # An ST segment that the end of a window cuts is lifted gently.
    at = np.arange(SEQUENCE_LENGTH)
    added *= np.minimum(1.0, np.minimum(at, at[::-1]) / MARGIN)
    labels = np.zeros(length, np.int64)
    for start, kind, changes, (first, last) in zip(starts, kinds, added, spans, strict=True):
        signal[start : start + SEQUENCE_LENGTH] += changes
        labels[start + first : start + last] = kind
    values = hearts.gain * signal + hearts.noise * draws.normal(length)
    return values.astype(np.float32)[:, None], labels
