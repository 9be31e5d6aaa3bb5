"""The presets are what their names say, and run on every data set."""

from __future__ import annotations

import pytest

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, PICTURES
from aecore.layers import Dense
from aecore.presets import PRESETS, for_data, preset

NAMES = {
    *("vanilla", "deep", "undercomplete", "overcomplete", "convolutional", "vae", "beta-vae"),
    *("denoising-gaussian", "denoising-dropout", "denoising-convolutional"),
    *("anomalies-pictures", "anomalies-sequences"),
    *("sparse-kl", "sparse-l1", "overcomplete-sparse", "contractive", "stacked", "stacked-denoising"),
}
SIZES = [(name, size) for name, card in PICTURES.items() for size in card.resolutions]


def test_the_names_are_those_that_people_look_for() -> None:
    assert set(PRESETS) == NAMES
    for name, row in PRESETS.items():
        assert row.name == name
        assert all(text.strip() for text in (row.title, row.summary, row.watch))


@pytest.mark.parametrize(("data", "size"), SIZES)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_preset_runs_on_every_data_set(name: str, data: str, size: int) -> None:
    run = for_data(preset(name).config, {"data.name": data, "data.resolution": size})
    assert run.plan.input_shape == (1, size, size)
    assert RunConfig.from_query(run.to_query()) == run


@pytest.mark.parametrize("data", sorted(set(CARDS) - set(PICTURES)))
@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_preset_runs_on_sequences_too(name: str, data: str) -> None:
    """With the convolutions, the loss and the noise that these can have; and back on pictures it has those that pictures can."""
    start = preset(name).config
    run = for_data(start, {"data.name": data})
    assert run.plan.input_shape == (CARDS[data].channels, 1, 256)
    assert (run.architecture.kind == "dense") == (start.architecture.kind == "dense")
    assert run.objective.reconstruction == ("mae" if start.objective.reconstruction == "mae" else "mse")
    assert for_data(run, {"data.name": "digits"}).plan.input_shape == (1, 28, 28)


def units(name: str) -> list[int]:
    """Pixels, then the outputs of each dense layer."""
    layers = preset(name).config.plan
    return [784, *(layer.outputs for layer in layers.encoder + layers.decoder if isinstance(layer, Dense))]


def test_vanilla_has_one_hidden_layer_of_32() -> None:
    assert units("vanilla") == [784, 32, 784]
    assert preset("vanilla").config.plan.parameters == 784 * 32 + 32 + 32 * 784 + 784


def test_deep_has_three_hidden_layers_on_each_side() -> None:
    assert units("deep") == [784, 512, 256, 128, 32, 128, 256, 512, 784]


def test_undercomplete_is_smaller_than_the_picture_and_overcomplete_larger() -> None:
    assert preset("undercomplete").config.code.size < preset("vanilla").config.code.size
    assert preset("overcomplete").config.code.size > 784


def test_the_vae_is_that_of_the_paper_s_examples() -> None:
    assert units("vae") == [784, 400, 2 * 20, 400, 784]  # 20 means and 20 log-variances
    assert preset("vae").config.plan.gaussian
    assert preset("vae").config.objective.beta == 1


def test_the_beta_vae_weighs_its_kl_more() -> None:
    assert preset("beta-vae").config.code.kind == "gaussian"
    assert preset("beta-vae").config.objective.beta > 1


def test_the_denoising_ones_have_their_noise() -> None:
    kinds = {name: row.config.corruption.kind for name, row in PRESETS.items() if row.config.corruption.kind != "none"}
    assert kinds == {
        "denoising-gaussian": "gaussian",
        "denoising-dropout": "masking",
        "denoising-convolutional": "gaussian",
        "stacked-denoising": "masking",
    }
    assert all(preset(name).config.corruption.level > 0 for name in kinds)


def test_the_sparse_ones_are_kept_sparse_each_in_its_own_way() -> None:
    kinds = {name: row.config.objective.sparsity for name, row in PRESETS.items() if row.config.objective.sparsity != "none"}
    assert kinds == {"sparse-kl": "kl", "sparse-l1": "l1", "stacked": "kl"}
    assert all(preset(name).config.objective.sparsity_weight > 0 for name in kinds)
    assert {name: row.config.code.top_k for name, row in PRESETS.items() if row.config.code.top_k} == {"overcomplete-sparse": 40}
    assert preset("overcomplete-sparse").config.code.size > 784
    contracted = {name for name, row in PRESETS.items() if row.config.objective.contractive}
    assert contracted == {"contractive"}


def test_the_stacked_ones_are_trained_layer_by_layer() -> None:
    greedy = {name for name, row in PRESETS.items() if row.config.schedule.kind == "greedy"}
    assert greedy == {"stacked", "stacked-denoising"}
    assert [stage.name for stage in preset("stacked").config.stages] == ["layer_1", "layer_2", "whole"]
    assert units("stacked") == [784, 200, 200, 200, 784]


def test_those_that_convolve_say_so() -> None:
    convolving = {name for name, row in PRESETS.items() if row.config.architecture.kind == "conv2d"}
    assert convolving == {"convolutional", "denoising-convolutional"}


def test_an_unknown_name_gets_the_nearest_or_the_list() -> None:
    with pytest.raises(ConfigError, match=r"no preset called “vanila”\. Did you mean “vanilla”"):
        preset("vanila")
    with pytest.raises(ConfigError, match="There are: vanilla, deep, "):
        preset("zzzz")
