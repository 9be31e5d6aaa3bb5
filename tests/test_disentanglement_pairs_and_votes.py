"""The BetaVAE and FactorVAE scores: known answers, what is drawn, an independent count, and that they can be stopped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from aecore.metrics.disentanglement import BetaVae, FactorVae, beta_vae_score, factor_vae_score
from tests.disentanglement_harness import FactorPictures, Polls, StopNowError, stopping_after

Floats = NDArray[np.float64]
Score = Callable[..., BetaVae | FactorVae]

BOTH = pytest.mark.parametrize("measure", [beta_vae_score, factor_vae_score])
SIZES = (3, 6, 8)


def itself(images: Floats) -> Floats:
    return images


def nothing(images: Floats) -> Floats:
    """Codes that tell nothing of the pictures, but are the same for the same picture."""
    mixed = np.sin(images[:, :3] @ np.array([12.9, 78.2, 37.7]))[:, None] * np.array([43758.5, 93911.3, 61717.9])
    return np.asarray(mixed % 1)


def overlapping(images: Floats) -> Floats:
    """Each dimension is a sum of two factors, of one more than of the other: which varies least is not always the same."""
    shares = images / np.array(SIZES)
    return np.asarray(shares + 0.95 * np.roll(shares, 1, axis=1))


@BOTH
def test_a_dimension_for_each_factor_scores_one(measure: Score) -> None:
    found = measure(itself, FactorPictures(*SIZES), train=300, test=200)
    assert found.score == 1
    assert found.kept == (0, 1, 2)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (1, 1)


@BOTH
def test_codes_of_nothing_score_as_chance_does(measure: Score) -> None:
    found = measure(nothing, FactorPictures(30, 40, 50, 1), train=600, test=600)
    assert found.score == pytest.approx(1 / 3, abs=0.08)
    assert found.interval is not None
    assert found.interval.low < found.score < found.interval.high
    assert "test" in found.interval.method


@BOTH
def test_only_factors_that_vary_are_shared(measure: Score) -> None:
    data = FactorPictures(1, 5, 1, 7)
    found = measure(itself, data, train=200, test=100)
    assert found.kept == (1, 3)
    assert found.score == 1


@BOTH
def test_pictures_are_asked_for_in_bounded_numbers(measure: Score) -> None:
    data = FactorPictures(*SIZES)
    measure(itself, data, train=50, test=30)
    counts = [len(factors) for factors in data.drawn]
    assert max(counts) == 1024
    assert sum(counts) == (2 * 64 * 80 if measure is beta_vae_score else 10_000 + 64 * 80)


def test_pairs_share_one_factor_and_no_other() -> None:
    data = FactorPictures(50, 60, 70)
    beta_vae_score(itself, data, train=20, test=12)
    for first, second in zip(data.drawn[::2], data.drawn[1::2], strict=True):
        equal = (first == second).reshape(-1, 64, 3)
        assert (equal.all(axis=1).sum(axis=1) == 1).all()
        # The shared value differs from pair to pair.
        assert all(len(np.unique(column)) > 10 for column in first[:64].T)


def test_batches_share_the_value_of_one_factor() -> None:
    data = FactorPictures(50, 60, 70)
    factor_vae_score(itself, data, train=20, test=12, variance_examples=1024)
    for factors in data.drawn[1:]:
        batches = factors.reshape(-1, 64, 3)
        assert ((batches == batches[:, :1]).all(axis=1).sum(axis=1) == 1).all()


def test_factor_vae_counts_votes_of_active_dimensions() -> None:
    def encode(images: Floats) -> Floats:
        # Dimension 0 follows factor 1, dimension 2 factor 0; dimension 1 is too flat to vote, though it follows factor 2.
        return np.stack([images[:, 1], 0.01 * images[:, 2], -images[:, 0]], axis=1)

    found = factor_vae_score(encode, FactorPictures(3, 6, 8), train=400, test=200)
    assert found.active == (0, 2)
    votes = np.array(found.votes)
    assert votes.sum() == 400
    assert votes[1].sum() == 0
    assert votes[0].argmax() == 1
    assert votes[2].argmax() == 0
    # Two factors of three are told; the third is taken for one of them.
    assert found.score == pytest.approx(2 / 3, abs=0.1)
    assert found.train_accuracy == pytest.approx(2 / 3, abs=0.1)


def test_without_an_active_dimension_factor_vae_is_zero() -> None:
    found = factor_vae_score(lambda images: 0.001 * images, FactorPictures(*SIZES), train=10, test=10)
    assert (found.score, found.active) == (0, ())
    assert np.array(found.votes).tolist() == [[0, 0, 0]] * 3
    assert found.interval is not None


def test_factor_vae_is_an_independent_count() -> None:
    rng = np.random.default_rng(5)
    spread = overlapping(rng.integers(0, SIZES, (10_000, 3)).astype(float)).var(axis=0, ddof=1)
    votes = np.zeros((2, 3, 3))
    for part, count in enumerate((1500, 1500)):
        for _ in range(count):
            shared = rng.integers(3)
            factors = rng.integers(0, SIZES, (64, 3))
            factors[:, shared] = factors[0, shared]
            codes = overlapping(factors.astype(float))
            votes[part, np.argmin(codes.var(axis=0, ddof=1) / spread), shared] += 1
    expected = sum(votes[1, dimension, votes[0, dimension].argmax()] for dimension in range(3)) / votes[1].sum()
    found = factor_vae_score(overlapping, FactorPictures(*SIZES), train=1500, test=1500)
    assert found.score == pytest.approx(expected, abs=0.05)
    assert 0.6 < found.score < 0.95


def test_beta_vae_counts_answers() -> None:
    found = beta_vae_score(overlapping, FactorPictures(*SIZES), train=400, test=300)
    confusion = np.array(found.confusion)
    assert confusion.sum() == 300
    assert found.score == pytest.approx(np.trace(confusion) / 300)
    assert found.train_accuracy == pytest.approx(found.score, abs=0.1)


@BOTH
def test_it_is_the_same_at_every_call_with_the_same_random_state(measure: Score) -> None:
    def run(state: int, bootstrap: int = 50) -> BetaVae | FactorVae:
        return measure(overlapping, FactorPictures(*SIZES), state, train=100, test=80, bootstrap=bootstrap)

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert run(1, 0).interval is None
    assert run(1, 0).score == run(1).score


@BOTH
def test_it_says_how_far_it_is_and_can_be_stopped(measure: Score) -> None:
    polls = Polls()
    data = FactorPictures(*SIZES)
    measure(itself, data, train=60, test=40, poll=polls)
    assert len(polls.shares) == len(data.drawn)  # at every call of the encoder
    assert polls.shares[0] == 0
    assert all(np.diff(polls.shares) >= 0)
    assert 0.8 < polls.shares[-1] < 1
    with pytest.raises(StopNowError):
        measure(itself, data, poll=stopping_after(3))


@BOTH
def test_what_cannot_be_measured_is_refused_in_words(measure: Score) -> None:
    with pytest.raises(ValueError, match="at least two factors that vary"):
        measure(itself, FactorPictures(5, 1))
    with pytest.raises(ValueError, match="ask for thousands"):
        measure(itself, FactorPictures(5, 2), train=0)
    with pytest.raises(ValueError, match="at least 2 resamples"):
        measure(itself, FactorPictures(5, 2), bootstrap=1)
    with pytest.raises(ValueError, match="diverged"):
        measure(lambda images: images * np.nan, FactorPictures(5, 2), train=10, test=10)
    with pytest.raises(ValueError, match="one for each"):
        measure(lambda images: images[1:], FactorPictures(5, 2), train=10, test=10)


def test_training_points_that_all_share_one_factor_are_too_few() -> None:
    with pytest.raises(ValueError, match="more training points"):
        beta_vae_score(itself, FactorPictures(5, 2), train=1, test=10)
