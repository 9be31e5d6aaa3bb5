"""What three sensors on a slowly rotating machine (about 4 turns a second) measure, normal and with four kinds of anomaly.

A load that comes and goes slowly sets the current, warms the winding, slows the shaft a little (the slip of an induction motor)
and strengthens its vibration, which is a sum of harmonics of the rotation. Load and speed are sums of sines, so that the angle of
the shaft and the temperature are known in closed form at any time. Every window is from a machine of its own; anomalies do not
depend on it, so the same seed with other labels gives the same machines with others, or none, equal to the last bit outside the
span.

100 samples a second; vibration in mm/s, current in A, temperature in °C above 60.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aecore.data.draws import Draws
from aecore.data.planted import anomalous_windows, chosen_labels
from aecore.data.sequence_names import MACHINE_CHANNELS, SEQUENCE_LENGTH

Floats = NDArray[np.float64]
Signals = NDArray[np.float32]
Integers = NDArray[np.int64]

NORMAL, DRIFT, SPIKE, LEVEL_SHIFT, FREQUENCY_CHANGE = range(5)
RATE = 100
"""Samples a second."""
SLIP = 0.08
"""By what part full load (1) slows the shaft."""
HARMONICS = np.array([1.0, 0.45, 0.25])
"""Mean amplitudes of the vibration at the frequency of the rotation, twice and three times it, in mm/s."""
AMPERES_AT_REST, AMPERES_OF_LOAD, RIPPLE = 0.4, 2.0, 0.12
WARMING, WARMING_TIME = 3.0, 2.0
"""°C of full load, and the time constant of the winding in seconds."""

_TURN = 2 * math.pi
_MARGIN = 8  # samples at either end of a window that an anomaly leaves alone
_NOISE = np.array([0.08, 0.03, 0.03])
# By class: mean heights in the three channels, in their units; the shortest and the longest span in samples.
_HEIGHTS = {DRIFT: np.array([0.9, 0.5, 0.5]), SPIKE: np.array([2.0, 0.7, 0.7]), LEVEL_SHIFT: np.array([0.8, 0.4, 0.4])}
_LENGTHS = {DRIFT: (80, 160), SPIKE: (5, 12), LEVEL_SHIFT: (40, 120), FREQUENCY_CHANGE: (90, 150)}


class Machines(NamedTuple):
    """What differs between N machines, and the load of each while it is watched."""

    speeds: Floats
    """Turns a second without load (N,)."""
    start: Floats
    """Angle of the shaft at time 0, in turns (N,)."""
    load: Floats
    """Mean load (N,); 1 is full load."""
    swing: Floats
    """Amplitudes of the load's sines (N, 3)."""
    swing_frequency: Floats
    """Their frequencies in Hz (N, 3)."""
    swing_start: Floats
    """Their phases at time 0, in turns (N, 3)."""
    harmonics: Floats
    """Amplitudes of the vibration's harmonics in mm/s (N, 3)."""
    lag: Floats
    """Phases of the harmonics, and of the current's ripple, against the shaft, in turns (N, 4)."""


def draw_machines(draws: Draws, count: int) -> Machines:
    """`count` machines."""
    return Machines(
        speeds=draws.uniform(count, low=3.8, high=4.2),
        start=draws.uniform(count),
        load=draws.uniform(count, low=0.35, high=0.65),
        swing=draws.uniform(count, 3, low=0.02, high=0.09),
        swing_frequency=draws.uniform(count, 3, low=0.05, high=0.4),
        swing_start=draws.uniform(count, 3),
        harmonics=HARMONICS * np.exp(draws.normal(count, 3, sd=0.12)),
        # Machines of one make: their parts are mounted nearly alike.
        lag=np.array([0.0, 0.2, 0.6, 0.1]) + draws.normal(count, 4, sd=0.03),
    )


def sensors(machines: Machines, times: Floats, turns: Floats) -> Floats:
    """Readings (N, 3, T) without noise at `times` (T,) in seconds; the shaft has gone `turns` (N, T) further than it should."""
    swing, frequency = machines.swing[:, :, None], machines.swing_frequency[:, :, None]
    angle = _TURN * (frequency * times + machines.swing_start[:, :, None])
    load = machines.load[:, None] + (swing * np.sin(angle)).sum(axis=1)
    # The shaft turns at speed · (1 − SLIP · load): the integral of the load, up to a constant that `start` already is.
    load_so_far = machines.load[:, None] * times - (swing * np.cos(angle) / (_TURN * frequency)).sum(axis=1)
    shaft = machines.start[:, None] + machines.speeds[:, None] * (times - SLIP * load_so_far) + turns
    strength = 0.7 + 0.6 * load
    vibration = np.zeros_like(load)
    for i in range(len(HARMONICS)):
        vibration += machines.harmonics[:, [i]] * np.cos(_TURN * ((i + 1) * shaft + machines.lag[:, [i]]))
    current = AMPERES_AT_REST + AMPERES_OF_LOAD * load + RIPPLE * np.cos(_TURN * (2 * shaft + machines.lag[:, [3]]))
    # The winding follows a sine of the load as any first-order low-pass does: by cos(delay) weaker, and later by the delay.
    delay = np.arctan(_TURN * frequency * WARMING_TIME)
    warmth = WARMING * (machines.load[:, None] + (swing * np.cos(delay) * np.sin(angle - delay)).sum(axis=1))
    return np.stack([strength * vibration, current, warmth], axis=1)


class Effects(NamedTuple):
    """Anomalies in N windows: what they add to the sensors (N, 3, L) and to the shaft's turns (N, L), and their spans (N, 2)."""

    added: Floats
    turns: Floats
    spans: Integers


def _shape(label: int, along: Floats) -> Floats:
    """How a disturbance goes, 0 ... 1, `along` its span, 0 ... 1."""
    if label == DRIFT:  # creeps away, and is soon put right
        return np.minimum(along / 0.9, (1 - along) / 0.1)
    return (1 - along) ** 2 if label == SPIKE else np.ones_like(along)


def draw_effects(draws: Draws, labels: Integers) -> Effects:
    """Anomalies for windows of the classes `labels` (N,): a drift, spike or level shift in one or more channels.

    A change of frequency is felt by the vibration and by the current, which has a ripple of the rotation. The shaft gains or
    loses a whole turn, so that after the span it stands as if nothing had been.
    """
    count = len(labels)
    extent, place, height, sign = draws.uniform(count, 4).T
    # One channel for certain, each other one with a chance of 0.3.
    affected = draws.uniform(count, 3) < 0.3
    affected[np.arange(count), (draws.uniform(count) * len(MACHINE_CHANNELS)).astype(np.int64)] = True
    signs = np.where(sign < 0.5, -1.0, 1.0)
    effects = Effects(np.zeros((count, 3, SEQUENCE_LENGTH)), np.zeros((count, SEQUENCE_LENGTH)), np.zeros((count, 2), np.int64))
    for i, label in enumerate(labels.tolist()):
        if label == NORMAL:
            continue
        shortest, longest = _LENGTHS[label]
        length = shortest + int(extent[i] * (longest - shortest + 1))
        start = _MARGIN + int(place[i] * (SEQUENCE_LENGTH - 2 * _MARGIN - length + 1))
        span = slice(start, start + length)
        effects.spans[i] = span.start, span.stop
        along = (np.arange(length) + 0.5) / length
        if label == FREQUENCY_CHANGE:
            # A speed that swells and fades as half a sine's square: 1 − cos.
            effects.turns[i, span] = signs[i] * (along - np.sin(_TURN * along) / _TURN)
        else:
            size = signs[i] * (0.7 + 0.6 * height[i]) * _HEIGHTS[label] * affected[i]
            effects.added[i, :, span] = size[:, None] * _shape(label, along)
    return effects


def machine_arrays(count: int, seed: int, *, labels: NDArray[np.integer] | None = None) -> tuple[Signals, Integers, Integers]:
    """Windows of 2.56 s: signals float32 (N, 3, 1, 256), labels int64 (N,), spans int64 (N, 2) of first sample and last + 1.

    A normal window's span is 0, 0. `labels` chooses the classes (see :func:`~.planted.chosen_labels` for the default). The first
    windows are the same however many are made. ValueError if an argument cannot be.
    """
    labels = chosen_labels(count, labels)
    draws = Draws(seed)
    machines = draw_machines(draws, count)
    noise = _NOISE[:, None] * draws.normal(count, len(_NOISE), SEQUENCE_LENGTH)
    effects = draw_effects(draws, labels)
    readings = sensors(machines, np.arange(SEQUENCE_LENGTH) / RATE, effects.turns) + effects.added + noise
    return readings.astype(np.float32)[:, :, None], labels, effects.spans


def machine_recording(length: int, seed: int) -> tuple[Signals, Integers]:
    """One machine for a long time: values float32 (T, 3), and the class int64 (T,) of each time step.

    Normal for 60 % of it, then about a dozen anomalies. ValueError if it is too short for one.
    """
    draws = Draws(seed)
    starts, kinds = anomalous_windows(draws, length)
    machines = draw_machines(draws, 1)
    effects = draw_effects(draws, kinds)
    turns, added, labels = np.zeros((1, length)), np.zeros((3, length)), np.zeros(length, np.int64)
    for i, (start, kind) in enumerate(zip(starts, kinds, strict=True)):
        window = slice(start, start + SEQUENCE_LENGTH)
        turns[0, window], added[:, window] = effects.turns[i], effects.added[i]
        labels[window][slice(*effects.spans[i])] = kind
    noise = _NOISE[:, None] * draws.normal(length, len(_NOISE)).T
    values = sensors(machines, np.arange(length) / RATE, turns)[0] + added + noise
    return np.ascontiguousarray(values.T.astype(np.float32)), labels
