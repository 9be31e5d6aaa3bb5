"""The runs that come with the app are what their command makes, and do what their status says."""

from __future__ import annotations

import math
import re

import pytest
import torch

from aecore import disentangle_numbers, probe_results
from aecore.anomaly import results
from aecore.atlas import read_atlas
from aecore.checkpoint import load_model
from aecore.data.loading import Split
from aecore.evaluation import evaluate
from aecore.frames import kept_frames, read_frame, read_gallery
from aecore.latent_numbers import kept
from aecore.moments import pictured_steps
from aecore.presets import PRESETS
from aecore.runs import CHECKPOINTS, shipped, shipped_run
from aecore.shipped_manifest import read_manifest, sample_numbers
from aecore.shipped_runs import (
    HEARTBEAT_DETECTOR,
    PICTURE_DETECTOR,
    SELF_TAUGHT,
    SHIPPED,
    SPARSE,
    STACKED,
    STACKED_AT_ONCE,
    TITLES,
    command_of,
    shipped_config,
)
from aecore.shipped_sweeps import SHIPPED_SWEEPS
from aecore.sweeps import shipped_sweeps
from aecore.ui.features_layers import all_at_once


def test_there_is_a_run_for_every_row_and_no_other() -> None:
    assert {run.token for run in shipped()} == set(SHIPPED) == set(TITLES)


def test_every_preset_has_a_run() -> None:
    assert {base for base, _ in SHIPPED.values()} == set(PRESETS)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_manifest_says_what_each_run_is_and_does(name: str) -> None:
    run, entry = shipped_run(name), read_manifest()[name]
    assert run is not None
    assert (entry["preset"], entry["data"], entry["seed"]) == (SHIPPED[name][0], run.config.data.name, run.config.seed)
    assert entry["command"] == command_of(name)
    assert entry["test"] == run.status.test
    assert entry["test_images"] == run.status.test_images
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", entry["date"])
    measured = sample_numbers(run)
    assert measured.keys() == entry["sample_test"].keys()
    for number, value in measured.items():
        assert math.isclose(value, entry["sample_test"][number], rel_tol=1e-3), number


def test_the_manifest_names_all_runs_and_sweeps_and_nothing_else() -> None:
    manifest = read_manifest()
    assert set(manifest) == {*SHIPPED, *SHIPPED_SWEEPS}
    for sweep in shipped_sweeps():
        entry = manifest[sweep.token]
        assert entry["test"] == {run.folder.name: run.status.test for run in sweep.runs}
        assert entry["seeds"] == sorted({run.config.seed for run in sweep.runs})


def test_the_stacked_network_comes_with_the_same_all_at_once() -> None:
    assert shipped_config(STACKED_AT_ONCE) == all_at_once(shipped_config(STACKED))


def test_what_features_are_worth_comes_with_the_sparse_networks() -> None:
    for name, case in ((SPARSE, "all"), (SELF_TAUGHT, "unseen")):
        run = shipped_run(name)
        assert run is not None
        probe = probe_results.kept(run)[case]  # only where it is of these weights
        assert probe.points[-1].labels == 0
        assert probe.points[-1].features.mean > probe.points[-1].pixels.mean


@pytest.mark.parametrize("name", [HEARTBEAT_DETECTOR, PICTURE_DETECTOR])
def test_detectors_come_with_their_scores_and_are_better_than_the_others(name: str) -> None:
    run = shipped_run(name)
    assert run is not None
    report, cases = results.kept(run), results.kept_cases(run)
    assert report is not None
    assert cases is not None
    assert len(cases.shown) <= 120
    assert report.scores[0].auroc is not None
    assert len(report.baselines) == 4
    assert all(each.auroc is not None and each.auroc.value < report.scores[0].auroc.value for each in report.baselines)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_run_is_whole_small_and_as_good_as_it_says(name: str) -> None:
    run = shipped_run(name)
    assert run is not None
    assert run.config == shipped_config(name)
    status = run.status
    assert status.state == "finished"
    assert status.step == run.config.total_steps
    assert status.test is not None
    gallery = read_gallery(run.frames_folder)
    assert gallery is not None
    assert len(gallery.originals) == 20
    assert read_frame(run.frames_folder) is not None
    assert len(kept_frames(run.frames_folder)) > 10
    assert sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file()) < 3_000_000
    # The first test images are kept with the run: a sample of those that its status speaks of.
    atlas = read_atlas(run)
    assert atlas is not None
    assert atlas.origin == "test"
    sample = Split(torch.from_numpy(atlas.images), torch.from_numpy(atlas.labels))
    measured = evaluate(load_model(run), run.config, sample)
    assert math.isclose(measured["mse"], status.test["mse"], rel_tol=0.1)
    if run.config.card.is_sequence:
        return
    numbers = kept(run)
    assert numbers is not None
    assert numbers.images == status.test_images
    if run.config.corruption.kind == "none":
        assert math.isclose(numbers.mse, status.test["mse"], rel_tol=1e-4)
    if numbers.neg_elbo is not None:
        assert math.isclose(numbers.neg_elbo, status.test["neg_elbo"], rel_tol=1e-4)
        assert (numbers.bounds[-1].samples, numbers.bound_images) == (500, min(1000, status.test_images))


def test_the_sweeps_that_come_with_the_app_are_whole_and_measured() -> None:
    assert {sweep.token for sweep in shipped_sweeps()} == set(SHIPPED_SWEEPS)
    for sweep in shipped_sweeps():
        made = SHIPPED_SWEEPS[sweep.token]
        assert sweep.config == made.config
        assert len(sweep.finished) == len(made.config.members)
        for run in sweep.runs:
            numbers = disentangle_numbers.kept(run)
            assert numbers is not None
            assert numbers.missing(made.groups) == ()
            assert pictured_steps(run)[-1] == run.status.steps
            assert load_model(run).plan == run.config.plan


def test_what_comes_with_the_app_stays_small() -> None:
    files = [path for path in CHECKPOINTS.rglob("*") if path.is_file() and "runs" not in path.relative_to(CHECKPOINTS).parts]
    assert sum(path.stat().st_size for path in files) < 25e6
