"""Maps of pixels and of codes: where pictures lie, that the two can be compared, and what cannot be mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from aecore.atlas import atlas_of, write_atlas
from aecore.checkpoint import save_live_model, save_model
from aecore.feature_maps import feature_maps, turn_onto
from aecore.feature_maps_results import METHODS, FeatureMaps
from aecore.model import build
from aecore.runs import Run
from tests.tiny import config, split


def a_run(folder: Path, pictures: int = 60, code: int = 4) -> Run:
    run = Run.create(config(code__size=code), folder)
    save_model(run, build(run.config.plan, 0))
    some = split(pictures)
    write_atlas(run, atlas_of(some.images.numpy(), some.labels.numpy()))
    return run


coordinates = st.lists(st.lists(st.floats(-1, 1), min_size=2, max_size=2), max_size=4)


@given(coordinates, coordinates)
def test_json_gives_back_what_it_was_given(pixels: list[list[float]], features: list[list[float]]) -> None:
    maps = FeatureMaps("tsne", pixels, features, [3, 1], 7)
    assert FeatureMaps.from_json(maps.to_json()) == maps


@pytest.mark.parametrize("text", ["", "[]", '{"method": "umap"}'])
def test_what_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        FeatureMaps.from_json(text)


@given(st.floats(0, 6.3), st.booleans(), st.integers(0, 100))
def test_a_turned_and_mirrored_map_is_turned_back(angle: float, mirrored: bool, seed: int) -> None:
    places = np.random.default_rng(seed).normal(size=(12, 2))
    places -= places.mean(axis=0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if mirrored:
        turn = turn @ np.diag([1, -1])
    moved = places @ turn
    np.testing.assert_allclose(moved @ turn_onto(moved, places), places, atol=1e-8)


def test_the_pca_map_shows_the_first_two_components(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    maps = feature_maps(run, "pca")
    pixels = split(60).images.numpy().reshape(60, -1) / 255
    expected = PCA(2).fit_transform(pixels)
    expected /= np.abs(expected).max()
    made = np.array(maps.pixels)
    np.testing.assert_allclose(made * np.sign((made * expected).sum(axis=0)), expected, atol=1e-3)
    assert maps.labels == split(60).labels.tolist()
    assert (maps.method, maps.step) == ("pca", 0)
    assert feature_maps(run, "pca") == maps


def test_both_maps_reach_from_minus_one_to_one_and_lie_alike(tmp_path: Path) -> None:
    for method in METHODS:
        maps = feature_maps(a_run(tmp_path / method), method)
        pixels, features = np.array(maps.pixels), np.array(maps.features)
        for places in (pixels, features):
            assert places.shape == (60, 2)
            assert np.abs(places).max() == 1
            np.testing.assert_allclose(places.mean(axis=0), 0, atol=0.02)
        np.testing.assert_allclose(turn_onto(features, pixels), np.eye(2), atol=0.01)


def test_neighbours_of_the_tsne_map_are_neighbours(tmp_path: Path) -> None:
    maps = feature_maps(a_run(tmp_path / "run"), "tsne")
    pixels = split(60).images.numpy().reshape(60, -1) / 255
    assert trustworthiness(pixels, np.array(maps.pixels)) > 0.9


def test_a_code_of_one_number_few_pictures_and_equal_codes_can_be_mapped(tmp_path: Path) -> None:
    for method in METHODS:
        maps = feature_maps(a_run(tmp_path / f"one {method}", pictures=5, code=1), method)
        assert np.isfinite(maps.features).all()
        run = a_run(tmp_path / f"dead {method}", pictures=5)
        model = build(run.config.plan, 0)
        with torch.no_grad():
            for weights in model.encoder.parameters():
                weights.zero_()
        save_model(run, model)
        assert np.array(feature_maps(run, method).features).tolist() == [[0, 0]] * 5


def test_the_newest_weights_are_mapped(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    before = feature_maps(run, "pca")
    save_live_model(run, build(run.config.plan, 1))
    assert feature_maps(run, "pca").features != before.features


def test_what_cannot_be_mapped_is_said(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    with pytest.raises(ValueError, match="no map called umap"):
        feature_maps(run, "umap")  # type: ignore[arg-type]
    model = build(run.config.plan, 0)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    save_model(run, model)
    with pytest.raises(ValueError, match="not finite"):
        feature_maps(run, "pca")
    with pytest.raises(ValueError, match="Too few pictures"):
        feature_maps(a_run(tmp_path / "few", pictures=3), "tsne")
    run.atlas_path.unlink()
    with pytest.raises(ValueError, match="Too few pictures"):
        feature_maps(run, "pca")
