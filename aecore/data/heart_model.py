"""The heart as a dynamical system: McSharry, Clifford, Tarassenko and Smith (2003), "A dynamical model for generating synthetic
electrocardiogram signals", IEEE Transactions on Biomedical Engineering 50(3), 289-294; for many recordings at once.

A point (x, y) circles the unit circle once a heartbeat, and z, the electrocardiogram, is pushed up and down as it passes the
angles of the waves P, Q, R, S and T (equation 1):

    dx/dt = (1 − √(x² + y²)) x − ω y        dz/dt = −Σ aᵢ Δθᵢ exp(−Δθᵢ² / 2bᵢ²) − (z − z₀)
    dy/dt = (1 − √(x² + y²)) y + ω x        Δθᵢ = θ − θᵢ to the nearest turn, θ = atan2(y, x)

The circle attracts every start, and a point that starts on it stays on it, so only its angle θ (dθ/dt = ω) and z are
integrated here. Given the angle, the equation of z is linear: the answer to a sum of pushes is the sum of the answers.

Angles are in radians (0 at the R wave), times in seconds, z in millivolts; N recordings, T time steps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WAVES = ("P", "Q", "R", "S", "T")
# Table I of the paper.
ANGLES = np.array([-math.pi / 3, -math.pi / 12, 0.0, math.pi / 12, math.pi / 2])
SIZES = np.array([1.2, -5.0, 30.0, -7.5, 0.75])
WIDTHS = np.array([0.25, 0.1, 0.1, 0.1, 0.4])

# The paper scales each finished recording to −0.4 ... 1.2 mV. Here the two numbers are fixed to what that is for Table I at
# 60 beats a minute, so that a recording's size does not depend on what else is in it.
MILLIVOLTS = 27.476
"""Millivolts for each unit of z in the paper, by which the sizes aᵢ are multiplied here."""
BASELINE = 0.047
"""Millivolts added to z."""

WANDER = 0.15
"""Amplitude A of the baseline z₀ = A sin(2π f₂ t), in mV; z follows it at 0.25 Hz with about half of it."""
MAYER_FREQUENCY = 0.1
"""f₁ in Hz: waves of the blood pressure, the low-frequency part of the heart rate's variation."""
BREATHING_FREQUENCY = 0.25
"""f₂ in Hz: breathing, the high-frequency part (respiratory sinus arrhythmia)."""
FREQUENCY_SPREAD = 0.01
"""c₁ = c₂ in Hz: standard deviation of each of the two peaks of the spectrum."""
LOW_TO_HIGH = 0.5
"""LF/HF: the power of the low-frequency peak divided by that of the high-frequency peak."""


class Waves(NamedTuple):
    """Gaussian pushes: angles θᵢ, sizes aᵢ (mV) and widths bᵢ (radians), each (N, number of waves)."""

    angles: Floats
    sizes: Floats
    widths: Floats


def waves_at(rates: Floats) -> Waves:
    """Table I for hearts with mean `rates` (N,) in beats a minute.

    At 60 it is the table itself. A faster heart shortens its waves less than its pauses, so, as in the authors' program ECGSYN,
    with α = √(rate / 60) the widths grow by α, the angles of Q and S by α and those of P and T by √α. The height of a wave is
    about a b² / ω, which this leaves as it is.
    """
    alpha = np.sqrt(rates / 60)[:, None]
    angles = ANGLES * np.where(np.isin(WAVES, ("P", "T")), np.sqrt(alpha), alpha)
    return Waves(angles, np.broadcast_to(SIZES * MILLIVOLTS, angles.shape).copy(), WIDTHS * alpha)


def rr_spectrum(frequencies: Floats, low_to_high: float = LOW_TO_HIGH) -> Floats:
    """Power S(f) of the RR process, two Gaussian peaks of areas `low_to_high` and 1 (equation 2 and figure 3), at f in Hz."""

    def peak(centre: float) -> Floats:
        return np.exp(-((frequencies - centre) ** 2) / (2 * FREQUENCY_SPREAD**2)) / (math.sqrt(2 * math.pi) * FREQUENCY_SPREAD)

    return low_to_high * peak(MAYER_FREQUENCY) + peak(BREATHING_FREQUENCY)


def rr_process(turns: Floats, rates: Floats, spread: float = 1.0) -> Floats:
    """RR intervals (the time from beat to beat) in seconds, once a second: (N, 2M) of random `turns` (N, M), uniform in 0 ... 1.

    A process with the power of `rr_spectrum` and random phases (2π times `turns`), scaled so that each row has mean 60 / rate and
    the standard deviation that `spread`, that of the heart rate in beats a minute, comes to (60 spread / rate²).
    """
    count = turns.shape[1]
    power = rr_spectrum(np.arange(count + 1) / (2 * count))
    power[0] = 0.0
    phases = np.exp(2j * math.pi * np.pad(turns, ((0, 0), (1, 0))))
    process = np.fft.irfft(np.sqrt(power) * phases, axis=1)
    spreads = 60 * spread / rates**2
    rr: Floats = 60 / rates[:, None] + process * (spreads / process.std(axis=1))[:, None]
    return rr


def angles_of(rr: Floats, start: Floats, steps: int, rate: float) -> Floats:
    """The angle θ, not wrapped, at every half step: (N, 2 `steps` + 1), from `start` (N,) on, with `rate` steps a second.

    ω(t) = 2π / RR(t) is taken between the seconds of `rr` (N, seconds) by straight lines, and summed by the trapezium rule.
    ValueError if `rr` is too short.
    """
    times = np.arange(2 * steps + 1) / (2 * rate)
    if times[-1] > rr.shape[1] - 1:
        raise ValueError(f"{rr.shape[1]} seconds of RR intervals are too few for {times[-1]:g} seconds.")
    second = np.minimum(times.astype(np.int64), rr.shape[1] - 2)
    speed = 2 * math.pi / rr
    speeds = speed[:, second] + (speed[:, second + 1] - speed[:, second]) * (times - second)
    angles: Floats = np.empty_like(speeds)
    angles[:, 0] = start
    np.cumsum((speeds[:, 1:] + speeds[:, :-1]) / (4 * rate), axis=1, out=angles[:, 1:])
    angles[:, 1:] += start[:, None]
    return angles


def nearest_turn(angles: Floats) -> Floats:
    """The angles less the nearest multiple of 2π: −π ... π."""
    turns = angles / (2 * math.pi)
    np.rint(turns, out=turns)
    turns *= -2 * math.pi
    turns += angles
    return turns


def push(from_wave: Floats, size: Floats, width: Floats) -> Floats:
    """One Gaussian wave's part of dz/dt at the angles Δθ from it; the arguments broadcast."""
    # Most of the time that a data set takes is spent here, so arrays are made once and changed in place.
    widths_away = from_wave / width
    pushes = widths_away * widths_away
    pushes *= -0.5
    np.exp(pushes, out=pushes)
    widths_away *= -size * width
    pushes *= widths_away
    return pushes


def beat_pushes(angles: Floats, waves: Waves) -> Floats:
    """What all waves together add to dz/dt at `angles` (N, T): every beat alike."""
    total = np.zeros_like(angles)
    for angle, size, width in zip(*(part.T[:, :, None] for part in waves), strict=True):
        total += push(nearest_turn(angles - angle), size, width)
    return total


def integrate(pushes: Floats, rate: float, start: float = 0.0) -> Floats:
    """z (N, T + 1) from dz/dt = pushes − z by the Runge-Kutta method of fourth order with `rate` steps a second.

    `pushes` (N, 2T + 1) holds the right side at every half step, the baseline z₀ included, which is where the method looks.
    """
    h = 1 / rate
    by_time = np.ascontiguousarray(pushes.T)
    left, middle, right = by_time[:-1:2], by_time[1::2], by_time[2::2]
    # The equation is linear, and so a step of the method is what it makes of z = 0, for all times at once, and a multiple of z.
    k1 = left
    k2 = middle - h / 2 * k1
    k3 = middle - h / 2 * k2
    k4 = right - h * k3
    from_zero = h / 6 * (k1 + 2 * (k2 + k3) + k4)
    decay = 1 - h + h**2 / 2 - h**3 / 6 + h**4 / 24
    z = np.empty((len(from_zero) + 1, len(pushes)))
    z[0] = start
    for i, made in enumerate(from_zero):
        z[i + 1] = decay * z[i] + made
    return np.ascontiguousarray(z.T)
