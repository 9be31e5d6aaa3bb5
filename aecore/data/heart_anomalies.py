"""What goes wrong in a heartbeat or its recording: four anomalies, added to windows made by :mod:`~.heart_model`.

The model's z is linear in the pushes of its waves, so a beat that is lost, replaced or changed is the normal recording and the
answer to the difference. That answer dies away slowly (over a second), so it is faded out where the anomaly's waves have ended:
outside its span an anomaly changes nothing.

A window is SEQUENCE_LENGTH samples in mV at RATE samples a second, and its angles are given at every half step; an R wave is at
each multiple of 2π.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aecore.data.draws import Draws
from aecore.data.heart_model import Floats, Waves, integrate, nearest_turn, push
from aecore.data.sequence_names import SEQUENCE_LENGTH

Integers = NDArray[np.int64]

NORMAL, ECTOPIC, MISSING, ST_ELEVATION, NOISE_BURST = range(5)
RATE = 128
"""Samples a second, and also steps of integration: their error is below 0.001 mV."""
MARGIN = 8
"""Samples at either end of a window in which no anomaly begins or ends; only ST elevation, of all beats, reaches there."""

_TURN = 2 * math.pi
_FADE = 0.3  # radians, about 40 ms: how long an anomaly takes to come and to go


class Chances(NamedTuple):
    """The random numbers that decide on an anomaly: 0 ... 1, each (N,), and normally distributed noise (N, SEQUENCE_LENGTH)."""

    place: Floats
    height: Floats
    early: Floats
    extent: Floats
    noise: Floats


class Beats(NamedTuple):
    """N windows as the anomalies see them: angles (N, 2 SEQUENCE_LENGTH − 1), the waves of each one's heart, and the chances."""

    angles: Floats
    waves: Waves
    chances: Chances

    def of(self, chosen: Integers) -> Beats:
        """Some of the windows."""
        waves, chances = ([part[chosen] for part in parts] for parts in (self.waves, self.chances))
        return Beats(self.angles[chosen], Waves(*waves), Chances(*chances))


def draw_chances(draws: Draws, count: int) -> Chances:
    """Chances for `count` windows, whether or not anything will go wrong in them."""
    place, height, early, extent = draws.uniform(count, 4).T
    return Chances(place, height, early, extent, draws.normal(count, SEQUENCE_LENGTH))


def _between(angles: Floats, first: Floats, last: Floats) -> Floats:
    """1 between two angles (N,) and 0 outside, with half a cosine inside at either end: (N, T)."""
    depth = np.minimum(angles - first[:, None], last[:, None] - angles) / _FADE
    return 0.5 - 0.5 * np.cos(math.pi * np.clip(depth, 0, 1))


def _ends(waves: Waves) -> tuple[Floats, Floats]:
    """The angles (N,) from the R wave at which the P wave begins and the T wave has ended."""
    return waves.angles[:, 0] - 2.5 * waves.widths[:, 0], waves.angles[:, 4] + 3 * waves.widths[:, 4]


def _choose_beat(angles: Floats, first: Floats, last: Floats, place: Floats) -> Floats:
    """The angle (N,) of an R wave that has room for `first` ... `last` around it within the margins of its window."""
    earliest = np.ceil((angles[:, 2 * MARGIN] - first) / _TURN)
    latest = np.floor((angles[:, -1 - 2 * MARGIN] - last) / _TURN)
    chosen: Floats = earliest + np.floor(place * (latest - earliest + 1))
    return _TURN * chosen


def _one_beat(from_beat: Floats, waves: Waves) -> Floats:
    """The pushes (N, T) of one beat, at angles from its R wave."""
    total = np.zeros_like(from_beat)
    for angle, size, width in zip(*(part.T[:, :, None] for part in waves), strict=True):
        total += push(from_beat - angle, size, width)
    return total


def _missing(beats: Beats, strength: float) -> Floats:
    """A beat fails to come, its P wave too, and the next is on time (a sinoatrial exit block).

    With `strength` below 1, that part of its height is lost.
    """
    first, last = _ends(beats.waves)
    from_beat = beats.angles - _choose_beat(beats.angles, first, last, beats.chances.place)[:, None]
    lost = integrate(_one_beat(from_beat, beats.waves), RATE)
    return -min(1.0, strength) * lost * _between(from_beat[:, ::2], first, last)


def _ectopic_waves(beats: Beats, early: Floats, strength: float) -> Waves:
    """The waves P, R, S and T (N, 4) of a beat that began in a ventricle; with `strength` 0, those of a usual beat."""
    chances = beats.chances
    wide = (1.7 + 0.8 * chances.extent) ** strength
    tall = 1 + strength * (0.4 * chances.height - 0.2)
    turned = 1 - strength * (1.6 + 0.6 * chances.height)
    same = np.ones_like(wide)
    angles, sizes, widths = (part[:, [0, 2, 3, 4]] for part in beats.waves)
    return Waves(
        angles * np.stack([same, wide, (1 + 0.2 * strength) * wide, same], axis=1) - early[:, None],
        # A wave is as high as its size times its width squared.
        sizes * np.stack([(1 - strength) * same, tall / wide**2, (1 + 0.5 * strength) / wide**2, turned], axis=1),
        widths * np.stack([same, wide, wide, same], axis=1),
    )


def _ectopic(beats: Beats, strength: float) -> Floats:
    """A premature ventricular beat: 0.15 to 0.26 of a beat too soon, without a P wave, its QRS wide and its T wave inverted.

    It takes the place of a regular beat, and the next is on time (a full compensatory pause).
    """
    strength = min(1.0, strength)
    early = _TURN * strength * (0.15 + 0.11 * beats.chances.early)
    new = _ectopic_waves(beats, early, strength)
    first, last = _ends(beats.waves)
    first = np.minimum(first, new.angles[:, 1] - 3 * new.widths[:, 1])
    from_beat = beats.angles - _choose_beat(beats.angles, first, last, beats.chances.place)[:, None]
    changed = integrate(_one_beat(from_beat, new) - _one_beat(from_beat, beats.waves), RATE)
    return changed * _between(from_beat[:, ::2], first, last)


def _lifted_st(beats: Beats, strength: float) -> Floats:
    """An injury current: after the S wave of every beat the signal is 0.28 to 0.52 mV higher, times `strength`.

    From 0.2 mV on, cardiologists call it an elevation in the leads over the front of the heart (Thygesen et al. 2018, "Fourth
    universal definition of myocardial infarction").
    """
    centre, width = beats.waves.angles[:, [3]] + 0.55, 0.28
    away = nearest_turn(beats.angles[:, ::2] - centre)
    height = strength * (0.28 + 0.24 * beats.chances.height)
    side = np.full_like(height, 3 * width)
    return height[:, None] * np.exp(-(away**2) / (2 * width**2)) * _between(away, -side, side)


def _burst(beats: Beats, strength: float) -> Floats:
    """Noise of a muscle or an electrode for 0.4 to 0.9 s, swelling and fading; at its height its SD is 0.2 to 0.4 mV ×
    `strength`."""
    chances = beats.chances
    length = np.round(RATE * (0.4 + 0.5 * chances.extent))
    start = MARGIN + np.floor(chances.place * (SEQUENCE_LENGTH - 2 * MARGIN - length + 1))
    along = np.clip((np.arange(SEQUENCE_LENGTH) - start[:, None] + 0.5) / length[:, None], 0, 1)
    height = strength * (0.2 + 0.2 * chances.height)
    burst: Floats = height[:, None] * np.sin(math.pi * along) ** 2 * chances.noise
    return burst


_KINDS: dict[int, Callable[[Beats, float], Floats]] = {
    ECTOPIC: _ectopic,
    MISSING: _missing,
    ST_ELEVATION: _lifted_st,
    NOISE_BURST: _burst,
}


def anomalies(beats: Beats, labels: Integers, difficulty: float) -> tuple[Floats, Integers]:
    """What the anomalies that `labels` (N,) name add to each window in mV (N, SEQUENCE_LENGTH), and their spans (N, 2).

    A span is the first and the last changed sample + 1, or 0, 0. `difficulty` (above 0) divides the strength of an anomaly; that
    of an ectopic or a missing beat, which are complete at 1, is no greater below.
    """
    added = np.zeros((len(labels), SEQUENCE_LENGTH))
    for label, kind in _KINDS.items():
        chosen = np.flatnonzero(labels == label)
        added[chosen] = kind(beats.of(chosen), 1 / difficulty)
    # Half a cosine at its very start, or sin² at 0 and 1, is not always exactly 0.
    added[np.abs(added) < 1e-9] = 0.0
    changed = added != 0
    last = np.where(changed.any(axis=1), SEQUENCE_LENGTH - np.argmax(changed[:, ::-1], axis=1), 0)
    return added, np.stack([np.argmax(changed, axis=1), last], axis=1).astype(np.int64)
