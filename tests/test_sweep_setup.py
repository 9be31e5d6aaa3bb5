"""What a person chooses of a sweep, and the configuration that it means."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, UnknownDataError
from aecore.data.shapes import FACTOR_SIZES
from aecore.sweep_choices import (
    ARCHITECTURES,
    DATA,
    MINUTE,
    PRESETS,
    Choices,
    arms_of,
    spread,
    sweep_name,
    text_of,
    values_of,
    with_steps,
)
from tests.tiny import sweep_config


def sentence(chosen: Choices) -> str:
    with pytest.raises(ConfigError) as error:
        chosen.config()
    (only,) = error.value.problems
    return only


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_sweep(name: str) -> None:
    chosen = PRESETS[name][2]
    config = chosen.config()
    assert config.base.code.kind == "gaussian"
    assert config.base.card.name == chosen.data
    assert abs(config.base.total_steps - chosen.steps) <= config.base.steps_per_epoch / 2
    assert {arm.objective for arm in config.arms} == set(chosen.objectives)
    assert len(config.members) == len(config.arms) * chosen.seeds


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_network_fits_all_data(data: str, architecture: str) -> None:
    for resolution in CARDS[data].resolutions:
        config = Choices(data=data, resolution=resolution, architecture=architecture).config()
        assert config.base.card.height == resolution
        assert config.base.plan.code_size == MINUTE.code_size


def test_the_convolutional_network_is_that_of_the_paper() -> None:
    base = Choices(resolution=64, architecture="conv", code_size=10).base()
    # Burgess et al. (2018), appendix A: four convolutions of 32 filters of 4×4 that halve, two layers of 256 units, code 10.
    shapes = ((1, 64, 64), (32, 32, 32), (32, 16, 16), (32, 8, 8), (32, 4, 4), (256,), (256,), (10,))
    assert base.plan.shapes[: len(shapes)] == shapes
    assert base.architecture.kernel_size == 4
    assert base.architecture.activation == "relu"


def test_all_factors_in_all_their_steps_are_the_usual_data() -> None:
    assert Choices(factors=FACTOR_SIZES).base().data.factor_steps is None
    assert Choices(factors=(1, 3, 1, 6, 6)).base().data.factor_steps == (1, 3, 1, 6, 6)
    digits = Choices(data="digits").base().data
    assert (digits.factor_steps, digits.resolution) == (None, None)


def test_values_that_no_objective_uses_are_not_looked_at() -> None:
    config = Choices(objectives=("capacity",), betas=(), capacities=(3, 6)).config()
    assert [arm.value for arm in config.arms] == [3, 6]
    config = Choices(objectives=("kl",), betas=(1, 2), capacities=()).config()
    assert [arm.value for arm in config.arms] == [1, 2]


def test_settings_overrule_choices() -> None:
    config = Choices(steps=500).config({"epochs": "3", "code.size": "4", "data.name": "digits"})
    assert (config.base.epochs, config.base.code.size, config.base.data.name) == (3, 4, "digits")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"betas": (1.0, 1.0)}, "must differ"),
        ({"betas": (1.0, 5000.0)}, "at most 1000"),
        ({"objectives": ()}, "at least one objective"),
        ({"objectives": ("kl", "elbo")}, "no objective called “elbo”"),
        ({"architecture": "transformer"}, "no network called “transformer”"),
        ({"seeds": 11}, "at most 10"),
        ({"betas": tuple(range(1, 9)), "seeds": 7}, "48 are allowed"),
        ({"steps": 0}, "at least one training step"),
        ({"factors": (1, 1, 1, 2, 2)}, "at least 100 are needed"),
        ({"code_size": 0}, "at least 1"),
        ({"resolution": 48}, "Image size"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(change: dict[str, object], says: str) -> None:
    assert says in sentence(replace(MINUTE, **change))  # type: ignore[arg-type]


def test_unknown_data_is_named() -> None:
    with pytest.raises(UnknownDataError, match="shapes"):
        Choices(data="shape").config()


# --- steps --------------------------------------------------------------------------------------------------------------


@given(steps=st.integers(1, 20_000))
def test_steps_are_whole_epochs_nearest_to_what_is_wished(steps: int) -> None:
    base = sweep_config().base.with_settings({"data.train_images": 1000})  # 63 steps an epoch
    config = with_steps(base, steps)
    if steps < 63:
        assert (config.epochs, config.total_steps) == (1, steps)
        assert config.train_size <= 1000
    else:
        assert config.train_size == 1000
        assert abs(config.total_steps - steps) <= 63 / 2


def test_there_are_not_more_epochs_than_are_allowed() -> None:
    assert with_steps(sweep_config().base, 10**6).epochs == 500


# --- values -------------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1000, width=16), min_size=2, max_size=8), st.sampled_from([", ", " ", ",", "; ", " ,"]))
def test_values_are_read_however_they_are_divided(values: list[float], between: str) -> None:
    assert values_of(between.join(f"{value!r}" for value in values), "β") == tuple(sorted(values))


@given(st.text(max_size=40))
def test_any_text_is_values_or_a_sentence(text: str) -> None:
    try:
        values = values_of(text, "β")
    except ConfigError as error:
        (only,) = error.problems
        assert "values of β" in only
        assert only.endswith(".")
    else:
        assert 2 <= len(values) <= 8


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1, x", "“x” is no number"),
        ("", "There is no value of β"),
        ("4", "these are 1"),
        ("1 2 3 4 5 6 7 8 9", "these are 9"),
        ("1, inf", "“inf” is no number"),
    ],
)
def test_wrong_values_are_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        values_of(text, "β")


def test_a_range_grows_by_a_factor_or_evenly() -> None:
    assert spread(1, 16, 5, doubling=True) == (1, 2, 4, 8, 16)
    assert spread(0, 20, 5, doubling=False) == (0, 5, 10, 15, 20)
    assert spread(1, 10, 3, doubling=True) == (1, 3.16, 10)


@given(st.floats(0.01, 500), st.floats(0.01, 499), st.integers(2, 8), st.booleans())
def test_a_range_has_its_ends_and_can_be_read_back(first: float, length: float, count: int, doubling: bool) -> None:
    values = spread(first, first + length, count, doubling=doubling)
    assert len(values) == count
    assert values[0] == pytest.approx(first, rel=0.006)
    assert values[-1] == pytest.approx(first + length, rel=0.006)
    assert list(values) == sorted(values)
    assert values_of(text_of(values), "β") == values


@pytest.mark.parametrize(
    ("arguments", "doubling", "says"),
    [((4, 4, 3), True, "goes up"), ((0, 8, 3), True, "above 0"), ((1, 8, 1), False, "2 to 8"), ((1, 8, 9), False, "2 to 8")],
)
def test_ranges_that_cannot_be_are_explained(arguments: tuple[float, float, int], doubling: bool, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        spread(*arguments, doubling=doubling)


def test_a_sweep_is_named_after_what_it_compares() -> None:
    assert sweep_name(sweep_config()) == "β-VAE, β = 1, 4 · Shapes 32×32 · 2 seeds"
    both = sweep_config(objectives=("kl", "total-correlation", "capacity"), capacities=(5, 10), seeds=1)
    assert arms_of(both) == "β-VAE and β-TCVAE, β = 1, 4; Capacity, C = 5, 10"
