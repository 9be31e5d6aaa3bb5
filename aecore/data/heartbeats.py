"""Windows of electrocardiograms, normal and with four kinds of anomaly: a data set made by the model of :mod:`~.heart_model`.

Every window is from a recording of its own: heart rate, waves, breathing, gain and noise differ from all others', and it starts
anywhere in a beat. An anomaly is added to the recording it is in, so the same seed with other labels gives the same recordings
without it, equal to the last bit outside its span.

Signals are in mV at 128 samples a second; angles are in radians, 2π for a beat, and an R wave is at each multiple of 2π.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aecore.data.draws import Draws
from aecore.data.heart_model import BASELINE, BREATHING_FREQUENCY, WANDER, Waves
from aecore.data.heart_model import angles_of, beat_pushes, integrate, nearest_turn, push, rr_process, waves_at

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HEARTBEAT_CLASSES = ("Normal", "Ectopic beat", "Missing beat", "ST elevation", "Noise burst")
NORMAL, ECTOPIC, MISSING, ST_ELEVATION, NOISE_BURST = range(5)
SAMPLES = 256
RATE = 128
"""Samples a second, and also steps of integration: their error is below 0.001 mV."""

_TURN = 2 * math.pi
_LEAD = 192  # samples made before a window, in which z forgets where it started: its time constant is one second
_STEPS = _LEAD + SAMPLES - 1
_MARGIN = 8  # samples at either end of a window that an anomaly (but ST elevation) leaves alone
_FADE = 0.3  # radians, about 40 ms: how long an anomaly takes to come and to go
_BLOCK = 256  # windows made at a time: their arrays fit the processor's cache

# Half normal, and the four anomalies in turn.
_TURNS = np.array([NORMAL, ECTOPIC, NORMAL, MISSING, NORMAL, ST_ELEVATION, NORMAL, NOISE_BURST])


class _Hearts(NamedTuple):
    """What differs between N hearts, each (N,) but the waves: beats a minute, mV, Hz, turns, a factor, mV."""

    rates: Floats
    waves: Waves
    wander: Floats
    breathing: Floats
    breath: Floats
    gain: Floats
    noise: Floats


class _Chances(NamedTuple):
    """The random numbers that decide on an anomaly, 0 ... 1, (N,); and normally distributed noise (N, SAMPLES)."""

    place: Floats
    height: Floats
    early: Floats
    extent: Floats
    noise: Floats


def _hearts(draws: Draws, count: int) -> _Hearts:
    # Slower hearts might have no whole beat in a window of two seconds, and in much faster ones T and P waves would merge.
    rates = np.clip(78 + draws.normal(count, sd=8), 66, 96)
    angles, sizes, widths = waves_at(rates)
    waves = Waves(
        angles * np.exp(draws.normal(count, 5, sd=0.04)),
        sizes * np.exp(draws.normal(count, 5, sd=0.12)),
        widths * np.exp(draws.normal(count, 5, sd=0.05)),
    )
    return _Hearts(
        rates,
        waves,
        wander=WANDER * draws.uniform(count, low=0.4, high=1.4),
        breathing=BREATHING_FREQUENCY + draws.uniform(count, low=-0.05, high=0.05),
        breath=draws.uniform(count),
        gain=np.exp(draws.normal(count, sd=0.08)),
        noise=draws.uniform(count, low=0.01, high=0.02),
    )


def _chances(draws: Draws, count: int) -> _Chances:
    place, height, early, extent = draws.uniform(count, 4).T
    return _Chances(place, height, early, extent, draws.normal(count, SAMPLES))


def _normal(hearts: _Hearts, angles: Floats) -> Floats:
    """Clean electrocardiograms in mV (N, T) at `angles` (N, 2T − 1)."""
    times = np.arange(angles.shape[1]) / (2 * RATE)
    baseline = np.sin(_TURN * (hearts.breathing[:, None] * times + hearts.breath[:, None])) * hearts.wander[:, None]
    return BASELINE + integrate(beat_pushes(angles, hearts.waves) + baseline, RATE)


def _between(angles: Floats, first: Floats, last: Floats) -> Floats:
    """1 between two angles (N,), 0 outside, with a smooth step (half a cosine) inside at either end: (N, T)."""
    depth = np.minimum(angles - first[:, None], last[:, None] - angles) / _FADE
    return 0.5 - 0.5 * np.cos(math.pi * np.clip(depth, 0, 1))


def _choose_beat(angles: Floats, first: Floats, last: Floats, place: Floats) -> Floats:
    """The angle 2πk (N,) of a beat with room for `first` ... `last` around it within the margins of its window."""
    earliest = np.ceil((angles[:, 2 * (_LEAD + _MARGIN)] - first) / _TURN)
    latest = np.floor((angles[:, 2 * (_LEAD + SAMPLES - 1 - _MARGIN)] - last) / _TURN)
    return _TURN * (earliest + np.floor(place * (latest - earliest + 1)))


def _all_waves(angles: Floats, waves: Waves, beat: Floats) -> Floats:
    """The pushes (N, T) of single waves (N, number of them) of the beats at `beat` (N,)."""
    parts = zip(*(part.T[:, :, None] for part in waves), strict=True)
    return sum((push(angles - beat[:, None] - angle, size, width) for angle, size, width in parts), np.zeros_like(angles))


def _without_beat(angles: Floats, hearts: _Hearts, chances: _Chances, strength: float) -> Floats:
    """A pause: one beat, and with it its P wave, fails to come, and the next is on time (a sinoatrial exit block)."""
    waves = hearts.waves
    first, last = _beat_ends(waves)
    beat = _choose_beat(angles, first, last, chances.place)
    lost = integrate(-min(1.0, strength) * _all_waves(angles, waves, beat), RATE)
    return lost * _between(angles[:, ::2] - beat[:, None], first, last)


def _beat_ends(waves: Waves) -> tuple[Floats, Floats]:
    """The angles (N,) at which a beat's P wave begins and its T wave has ended."""
    return waves.angles[:, 0] - 2.5 * waves.widths[:, 0], waves.angles[:, 4] + 3 * waves.widths[:, 4]


def _ectopic_beat(angles: Floats, hearts: _Hearts, chances: _Chances, strength: float) -> Floats:
    """A premature ventricular beat: too soon, without a P wave, its QRS wide, its T wave inverted.

    It takes the place of a regular beat, and the next one is on time (a full compensatory pause).
    """
    strength_1 = min(1.0, strength)
    waves = hearts.waves
    early = _TURN * (0.15 + 0.11 * chances.early) * strength_1
    wide = (1.7 + 0.8 * chances.extent) ** strength
    # P, R, S and T; the height of a wave is as its size times its width squared.
    shape = Waves(
        waves.angles[:, [0, 2, 3, 4]] * np.stack([np.ones_like(wide), wide, 1.2 * wide, np.ones_like(wide)], axis=1)
        - early[:, None],
        waves.sizes[:, [0, 2, 3, 4]]
        * np.stack(
            [
                np.full_like(wide, 1 - strength_1),
                (1 + (0.4 * chances.height - 0.2) * strength_1) / wide**2,
                1.5**strength_1 / wide**2,
                1 - strength_1 * (1.6 + 0.6 * chances.height),
            ],
            axis=1,
        ),
        waves.widths[:, [0, 2, 3, 4]] * np.stack([np.ones_like(wide), wide, wide, np.ones_like(wide)], axis=1),
    )
    first, last = _beat_ends(waves)
    first = np.minimum(first, -early - 3 * shape.widths[:, 1])
    beat = _choose_beat(angles, first, last, chances.place)
    changed = integrate(_all_waves(angles, shape, beat) - _all_waves(angles, waves, beat), RATE)
    return changed * _between(angles[:, ::2] - beat[:, None], first, last)


def _lifted_st(angles: Floats, hearts: _Hearts, chances: _Chances, strength: float) -> Floats:
    """An injury current: between the S and the T wave of every beat, the signal is 0.1 mV or more higher."""
    waves = hearts.waves
    centre, width = waves.angles[:, [3]] + 0.55, 0.28
    height = (0.22 + 0.2 * chances.height) * strength
    size = height * _TURN * hearts.rates / 60 / width**2
    lift = integrate(push(nearest_turn(angles - centre), size[:, None], np.float64(width)), RATE)
    return lift * _between(nearest_turn(angles[:, ::2] - centre), np.full_like(height, -0.8), np.full_like(height, 0.9))


def _burst(angles: Floats, hearts: _Hearts, chances: _Chances, strength: float) -> Floats:
    """Noise of a muscle or an electrode in 0.4 to 0.9 s of a window, swelling and fading."""
    length = np.round(RATE * (0.4 + 0.5 * chances.extent))
    start = _MARGIN + np.floor(chances.place * (SAMPLES - 2 * _MARGIN - length + 1))
    along = (np.arange(-_LEAD, SAMPLES) - start[:, None] + 0.5) / length[:, None]
    swell = np.where((along > 0) & (along < 1), np.sin(math.pi * along) ** 2, 0.0)
    height = (0.2 + 0.2 * chances.height) * strength
    return height[:, None] * swell * np.pad(chances.noise, ((0, 0), (_LEAD, 0)))


_KINDS = {ECTOPIC: _ectopic_beat, MISSING: _without_beat, ST_ELEVATION: _lifted_st, NOISE_BURST: _burst}


def _added(angles: Floats, hearts: _Hearts, chances: _Chances, labels: Integers, difficulty: float) -> tuple[Floats, Integers]:
    """What anomalies add to windows in mV (N, SAMPLES), and their spans (N, 2)."""
    added = np.zeros((len(labels), SAMPLES))
    spans = np.zeros((len(labels), 2), np.int64)
    for label, kind in _KINDS.items():
        of = np.flatnonzero(labels == label)
        if not len(of):
            continue
        own = hearts._replace(
            **{k: (Waves(*(w[of] for w in v)) if isinstance(v, Waves) else v[of]) for k, v in hearts._asdict().items()}
        )
        added[of] = kind(angles[of], own, _Chances(*(part[of] for part in chances)), 1 / difficulty)[:, _LEAD:]
        spans[of, 0] = np.argmax(added[of] != 0, axis=1)
        spans[of, 1] = SAMPLES - np.argmax(added[of, ::-1] != 0, axis=1)
    return added, spans


def heartbeat_arrays(count, seed, *, labels=None, difficulty=1.0):
    if labels is None:
        labels = np.resize(_TURNS, count)
    out = []
    sp = []
    for b, i in enumerate(range(0, count, _BLOCK)):
        n = min(_BLOCK, count - i)
        draws = Draws(seed, b)
        h = _hearts(draws, n)
        rr = rr_process(draws.uniform(n, 64), h.rates)
        angles = angles_of(rr, draws.uniform(n, high=_TURN), _STEPS, RATE)
        noise = draws.normal(n, SAMPLES) * h.noise[:, None]
        ch = _chances(draws, n)
        added, spans = _added(angles, h, ch, labels[i : i + n], difficulty)
        out.append((_normal(h, angles)[:, _LEAD:] + added) * h.gain[:, None] + noise)
        sp.append(spans)
    return np.concatenate(out).astype(np.float32)[:, None, None], labels, np.concatenate(sp)
