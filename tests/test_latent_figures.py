"""The charts of the Numbers tab say what was measured."""

from __future__ import annotations

import dataclasses

import pytest

from aecore.latent_figures import bound_line, use_bars
from aecore.latent_numbers import Bound, LatentNumbers

NUMBERS = LatentNumbers(
    images=100,
    mse=0.01,
    variance=(0.001, 0.9, 0.5),
    kl=(0.0, 1.5, 2.5),
    reconstruction=70.0,
    neg_elbo=74.0,
    bounds=(Bound(1, -74.0, 1.0), Bound(10, -72.0, 0.9), Bound(50, -71.0, 0.8)),
    bound_images=20,
    step=5,
    weights="w",
)


def test_bars_in_the_order_of_use_collapsed_ones_apart() -> None:
    figure = use_bars(NUMBERS)
    active, collapsed = figure.data
    assert (active.name, list(active.x), list(active.y)) == ("Active", ["z3", "z2"], [2.5, 1.5])
    assert (collapsed.name, list(collapsed.x), list(collapsed.y)) == ("Collapsed", ["z1"], [0.0])
    assert list(figure.layout.xaxis.categoryarray) == ["z3", "z2", "z1"]
    assert active.marker.color != collapsed.marker.color


def test_without_a_prior_the_bars_are_variances() -> None:
    figure = use_bars(dataclasses.replace(NUMBERS, kl=None))
    assert list(figure.data[0].y) == [0.9, 0.5]
    assert "Variance" in figure.layout.yaxis.title.text


def test_a_large_code_shows_its_most_used_numbers() -> None:
    figure = use_bars(dataclasses.replace(NUMBERS, kl=None, variance=tuple(range(1, 301))))
    assert len(figure.data[0].x) == 64
    assert figure.data[0].x[0] == "z300"


@pytest.mark.parametrize("count", [1, 3])
def test_the_bound_against_samples(count: int) -> None:
    figure = bound_line(dataclasses.replace(NUMBERS, bounds=NUMBERS.bounds[:count]))
    line = figure.data[0]
    assert list(line.x) == [1, 10, 50][:count]
    assert list(line.y) == [-74.0, -72.0, -71.0][:count]
    assert list(line.error_y.array) == [1.0, 0.9, 0.8][:count]
    assert figure.layout.xaxis.type == "log"
