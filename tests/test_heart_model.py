"""The heart model against its paper's numbers and a general solver; and the random numbers that hearts are drawn with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from aecore.data.draws import Draws
from aecore.data.heart_anomalies import RATE
from aecore.data.heart_model import (
    ANGLES,
    BASELINE,
    MILLIVOLTS,
    SIZES,
    WANDER,
    WIDTHS,
    angles_of,
    beat_pushes,
    integrate,
    rr_process,
    rr_spectrum,
    waves_at,
)

Array = npt.NDArray[Any]

SIXTY = np.array([60.0])


def steady_heart(seconds: int, rate: float = 128) -> Array:
    """z (T + 1) of a heart at 60 beats a minute, an R wave at each whole second, without wander."""
    angles = angles_of(np.ones((1, seconds + 1)), np.zeros(1), round(seconds * rate), rate)
    z: Array = integrate(beat_pushes(angles, waves_at(SIXTY)), rate)[0] + BASELINE
    return z


def test_at_sixty_beats_the_waves_are_those_of_table_1() -> None:
    waves = waves_at(np.array([60.0, 60.0]))
    np.testing.assert_allclose(waves.angles, np.tile(np.array([-1 / 3, -1 / 12, 0, 1 / 12, 1 / 2]) * math.pi, (2, 1)))
    np.testing.assert_allclose(waves.sizes / MILLIVOLTS, np.tile([1.2, -5.0, 30.0, -7.5, 0.75], (2, 1)))
    np.testing.assert_allclose(waves.widths, np.tile([0.25, 0.1, 0.1, 0.1, 0.4], (2, 1)))


def test_a_faster_heart_has_shorter_waves_of_the_same_height() -> None:
    fast = waves_at(np.array([4 * 60.0]))
    np.testing.assert_allclose(fast.widths[0], 2 * WIDTHS)
    np.testing.assert_allclose(fast.angles[0] / np.where(ANGLES == 0, 1, ANGLES), [math.sqrt(2), 2, 0, 2, math.sqrt(2)])
    height = SIZES * MILLIVOLTS * WIDTHS**2 / (2 * math.pi)
    np.testing.assert_allclose(fast.sizes[0] * fast.widths[0] ** 2 / (4 * 2 * math.pi), height)


def test_the_waves_come_when_the_paper_says() -> None:
    """θᵢ · RR / 2π after the R wave: P at −0.17 s, Q at −0.04, S at 0.04 and T at 0.25."""
    rate = 1024
    # From half a second before an R wave to half a second after it.
    beat = steady_heart(10, rate)[-rate - rate // 2 :][: rate + 1]
    time = np.arange(-rate // 2, rate // 2 + 1) / rate

    def extreme(low: float, high: float, sign: int) -> float:
        inside = (time >= low) & (time <= high)
        return float(time[inside][np.argmax(sign * beat[inside])])

    expected = ANGLES / (2 * math.pi)
    assert extreme(-0.3, -0.1, 1) == pytest.approx(expected[0], abs=0.01)
    assert extreme(-0.1, 0.0, -1) == pytest.approx(expected[1], abs=0.01)
    assert extreme(-0.1, 0.1, 1) == pytest.approx(expected[2], abs=0.002)
    assert extreme(0.0, 0.1, -1) == pytest.approx(expected[3], abs=0.01)
    assert extreme(0.12, 0.45, 1) == pytest.approx(expected[4], abs=0.02)


def test_a_recording_spans_the_papers_millivolts() -> None:
    z = steady_heart(12, 1024)[-1025:]
    assert z.min() == pytest.approx(-0.4, abs=0.002)
    assert z.max() == pytest.approx(1.2, abs=0.002)


def test_on_the_circle_the_angle_and_z_are_the_whole_system() -> None:
    """The three coupled equations, solved by scipy from a point on the unit circle, at two heart rates and with wander."""
    for rate, start in ((60.0, -2.0), (90.0, 1.0)):
        waves = waves_at(np.array([rate]))
        omega = 2 * math.pi * rate / 60

        def equations(t: float, state: Array, waves: Any = waves, omega: float = omega) -> list[float]:
            x, y, z = state
            alpha = 1 - math.hypot(x, y)
            away = math.atan2(y, x) - waves.angles[0]
            away = (away + math.pi) % (2 * math.pi) - math.pi
            pushes = -(waves.sizes[0] * away * np.exp(-(away**2) / (2 * waves.widths[0] ** 2))).sum()
            z0 = WANDER * math.sin(2 * math.pi * 0.25 * t)
            return [alpha * x - omega * y, alpha * y + omega * x, pushes - (z - z0)]

        times = np.arange(4 * RATE + 1) / RATE
        whole = solve_ivp(
            equations, (0, 4), [math.cos(start), math.sin(start), 0.1], t_eval=times, rtol=1e-7, atol=1e-9, max_step=0.02
        )
        angles = angles_of(np.full((1, 6), 60 / rate), np.array([start]), 4 * RATE, RATE)
        baseline = WANDER * np.sin(2 * math.pi * 0.25 * np.arange(angles.shape[1]) / (2 * RATE))
        z = integrate(beat_pushes(angles, waves) + baseline, RATE, start=0.1)[0]
        np.testing.assert_allclose(np.hypot(*whole.y[:2]), 1, atol=1e-5)
        np.testing.assert_allclose(np.cos(angles[0, ::2]), whole.y[0], atol=1e-4)
        np.testing.assert_allclose(z, whole.y[2], atol=1e-3)


def test_the_method_is_of_fourth_order() -> None:
    """Against the closed form for pushes of sin t: an eighth of the step has 1/4096 of the error."""
    errors = []
    for rate in (16, 128):
        time = np.arange(2 * 5 * rate + 1) / (2 * rate)
        z = integrate(np.sin(time)[None], rate, start=1.0)[0]
        exact = (np.sin(time) - np.cos(time)) / 2 + 1.5 * np.exp(-time)
        errors.append(np.abs(z - exact[::2]).max())
    assert errors[0] / errors[1] == pytest.approx(8**4, rel=0.2)


def test_rr_intervals_have_the_mean_and_the_spread_asked_for() -> None:
    rates = np.array([60.0, 75.0, 90.0])
    rr = rr_process(Draws(0).uniform(3, 512), rates)
    assert rr.shape == (3, 1024)
    np.testing.assert_allclose(rr.mean(axis=1), 60 / rates, rtol=1e-12)
    np.testing.assert_allclose(rr.std(axis=1), 60 / rates**2, rtol=1e-9)
    # A spread of 1 beat a minute is what the heart rate itself then has.
    np.testing.assert_allclose((60 / rr).std(axis=1), 1.0, rtol=0.02)


def test_rr_intervals_vary_at_a_tenth_and_a_quarter_of_a_hertz() -> None:
    rr = rr_process(Draws(1).uniform(20, 1024), np.full(20, 60.0))
    power = (np.abs(np.fft.rfft(rr - rr.mean(axis=1, keepdims=True), axis=1)) ** 2).mean(axis=0)
    frequency = np.fft.rfftfreq(2048)
    low, high = frequency < 0.175, frequency >= 0.175
    assert frequency[low][np.argmax(power[low])] == pytest.approx(0.1, abs=0.002)
    assert frequency[high][np.argmax(power[high])] == pytest.approx(0.25, abs=0.002)
    assert power[low].sum() / power[high].sum() == pytest.approx(0.5, rel=0.01)
    # Each peak's standard deviation.
    for part, centre in ((low, 0.1), (high, 0.25)):
        spread = np.sqrt((power[part] * (frequency[part] - centre) ** 2).sum() / power[part].sum())
        assert spread == pytest.approx(0.01, rel=0.02)


def test_the_spectrum_has_the_areas_of_its_two_peaks() -> None:
    frequency = np.linspace(0, 0.5, 5001)
    assert rr_spectrum(frequency).sum() / 10_000 == pytest.approx(1.5, rel=1e-6)


def test_an_angle_goes_round_once_an_rr_interval() -> None:
    angles = angles_of(np.full((2, 9), 0.8), np.array([0.0, 1.0]), 8 * RATE, RATE)
    np.testing.assert_allclose(angles[:, -1] - angles[:, 0], 10 * 2 * math.pi)
    np.testing.assert_allclose(np.diff(angles), 2 * math.pi / 0.8 / (2 * RATE))
    assert angles[1, 0] == 1.0


def test_too_few_rr_intervals_are_refused() -> None:
    with pytest.raises(ValueError, match="5 seconds of RR intervals are too few for 8 seconds"):
        angles_of(np.ones((1, 5)), np.zeros(1), 8 * RATE, RATE)


def test_draws_are_a_raw_stream_that_numpy_never_changes() -> None:
    first = Draws(7, 2).uniform(4)
    raw = np.random.PCG64((7, 2, 1)).random_raw(4)
    np.testing.assert_allclose(first, raw / 2.0**64, atol=1e-12)
    assert first[0] == pytest.approx(0.523114750209189, abs=1e-15)


def test_draws_are_uniform_and_normal() -> None:
    draws = Draws(0)
    uniform = draws.uniform(100_000, low=2.0, high=4.0)
    assert 2 < uniform.min() < uniform.max() < 4
    assert uniform.mean() == pytest.approx(3, abs=0.01)
    assert uniform.std() == pytest.approx(2 / math.sqrt(12), abs=0.01)
    normal = draws.normal(100_000, sd=3.0)
    assert normal.mean() == pytest.approx(0, abs=0.04)
    assert normal.std() == pytest.approx(3, abs=0.04)
    assert abs(np.corrcoef(uniform, normal)[0, 1]) < 0.02
