"""Codes of different sizes: what a point measures, worked out by hand, and a tiny study from end to end."""

from __future__ import annotations

from dataclasses import replace
from math import log10
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from torch import Tensor

from aecore import bottleneck, bottleneck_results
from aecore.bottleneck import Coder, Quantiser, config_of, measure, stored_bytes
from aecore.bottleneck_results import (
    KEPT,
    SIZES,
    Bottleneck,
    BottleneckPoint,
    key_of,
    partial,
    put_partial,
    shipped,
    usual_epochs,
    wanted,
)
from aecore.config_errors import ConfigError
from aecore.data.loading import Dataset, load
from aecore.model import TopK
from aecore.principal_components import PrincipalComponents
from aecore.training import scaled
from tests.tiny import CPU, dataset, trainer

numbers = st.floats(0, 100)
points = st.builds(
    BottleneckPoint, st.sampled_from(["autoencoder", "linear", "pca", "sparse"]), st.integers(1, 2048), *[numbers] * 4
)
STUDY = Bottleneck("digits", 2, 0, 40, 20, 784, (), (2, 4))


# --- what is kept -------------------------------------------------------------------------------------------------------


@given(st.lists(points, max_size=4))
def test_json_gives_back_what_it_was_given(some: list[BottleneckPoint]) -> None:
    study = replace(STUDY, points=tuple(some))
    assert Bottleneck.from_json(study.to_json()) == study
    assert [point.size for point in study.of("pca")] == sorted(point.size for point in some if point.arm == "pca")


def test_what_is_wanted_of_which_size() -> None:
    everything = wanted(SIZES, 784)
    assert [size for arm, size in everything if arm == "autoencoder"] == list(SIZES)
    assert [size for arm, size in everything if arm == "pca"] == [size for size in SIZES if size < 784]
    assert [size for arm, size in everything if arm == "linear"] == [2, 4, 8, 16, 32, 64]
    assert [size for arm, size in everything if arm == "sparse"] == [256, 512, 1024]
    assert wanted([8, 2, 8], 784) == wanted([2, 8], 784)


def test_partial_results_are_found_by_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    key = key_of("digits", [4, 2], 2, 0)
    assert key == key_of("digits", (2, 4, 4), 2, 0)
    assert len({key, key_of("mnist", [2, 4], 2, 0), key_of("digits", [2], 2, 0), key_of("digits", [2, 4], 3, 0)}) == 4
    assert partial(key) is None
    put_partial(key, STUDY)
    assert partial(key) == STUDY
    assert not STUDY.complete
    (file,) = (tmp_path / "runs" / "studies").iterdir()
    file.write_text(file.read_text()[:50])
    assert partial(key) is None


def test_only_the_newest_studies_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    monkeypatch.setattr(bottleneck_results, "_KEPT_STUDIES", 3)
    keys = [key_of("digits", [2], 2, seed) for seed in range(5)]
    for key in keys:
        put_partial(key, STUDY)
    assert [partial(key) is not None for key in keys] == [False, False, True, True, True]


def test_the_study_that_comes_with_the_app_is_whole() -> None:
    found = shipped()
    assert found is not None
    assert found.complete
    assert (found.data, found.sizes, found.pixels) == ("mnist", SIZES, 784)
    pca = {point.size: point.mse for point in found.of("pca")}
    for point in found.of("linear"):
        assert pca[point.size] * 0.99 < point.mse < pca[point.size] * 1.02
    for point in found.of("autoencoder"):
        if point.size <= 32:
            assert point.mse < pca[point.size]


def test_a_missing_or_damaged_shipped_study_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bottleneck_results, "SHIPPED_PATH", tmp_path / "bottleneck.json")
    assert shipped() is None
    (tmp_path / "bottleneck.json").write_text("{}")
    assert shipped() is None


def test_epochs_fall_with_the_size_of_the_data() -> None:
    assert usual_epochs("digits") == 20
    assert usual_epochs("mnist") == 6


# --- what a point measures ----------------------------------------------------------------------------------------------


@given(arrays_of.arrays(np.float32, (30, 3), elements=st.floats(-100, 100, width=32)))
def test_rounding_moves_a_number_within_its_range_by_half_a_step_at_most(
    codes: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    quantiser = Quantiser.of(codes)
    step = (quantiser.high - quantiser.low) / 255
    rounded = quantiser.rounded(codes)
    inside = (codes >= quantiser.low) & (codes <= quantiser.high)
    assert (np.abs(rounded - codes) <= step / 2 + 1e-4)[inside].all()
    assert (rounded >= quantiser.low - 1e-4).all()
    assert (rounded <= quantiser.high + 1e-4).all()
    for column in rounded.T:
        assert len(np.unique(column)) <= 256


def test_rounding_by_hand() -> None:
    quantiser = Quantiser(np.array([0.0], np.float32), np.array([255.0], np.float32), sparse=False)
    assert quantiser.rounded(np.array([[-9.0], [0.4], [0.6], [254.6], [300.0]], np.float32)).ravel().tolist() == [
        0,
        0,
        1,
        255,
        255,
    ]
    level = np.linspace(0, 1, 1001, dtype=np.float32)[:, None]
    found = Quantiser.of(level)
    assert [found.low.item(), found.high.item()] == pytest.approx([0.001, 0.999])


def test_a_number_of_a_sparse_code_that_was_not_kept_stays_zero() -> None:
    codes = np.array([[0, 5, 0], [0, 7, 0], [0, 0, 3]], np.float32)
    quantiser = Quantiser.of(codes, sparse=True)
    assert quantiser.low.tolist() == pytest.approx([0, 5.002, 3])
    np.testing.assert_allclose(quantiser.rounded(codes), codes, atol=0.01)
    assert (quantiser.rounded(codes)[codes == 0] == 0).all()


def test_bytes_of_a_code() -> None:
    assert stored_bytes(32, 32) == 32
    assert stored_bytes(1024, 40) == 40 + 40 * 10 / 8
    assert stored_bytes(256, 40) == 40 + 256 / 8, "a bit for each number is less than forty places of eight bits"


def test_psnr_and_noise_by_hand() -> None:
    data = dataset()
    pictures = bottleneck._Pictures.of(data, 0)
    copying = Coder(lambda images: images.flatten(1), lambda codes: codes.reshape(-1, 1, 28, 28) + 0.1, 784)
    point = pictures.point(copying, "autoencoder", 784)
    assert point.mse == pytest.approx(0.01, rel=1e-4)
    assert point.noise_mse == pytest.approx(0.01, rel=1e-4), "who copies does it to noise too"
    assert point.psnr == pytest.approx(10 * log10(1 / 0.01), abs=0.1)
    assert point.bytes_per_image == 784

    def one_number(images: Tensor) -> Tensor:
        return images.flatten(1).mean(dim=1, keepdim=True)

    flat = Coder(one_number, lambda codes: codes[:, :, None, None].expand(-1, 1, 28, 28), 1)
    point = pictures.point(flat, "autoencoder", 1)
    assert point.noise_mse == pytest.approx(point.mse, rel=1e-4), "the same brightness, at other places"


def test_the_psnr_is_that_of_rounded_codes() -> None:
    data = dataset()
    pictures = bottleneck._Pictures.of(data, 0)
    # A single number whose range in training is one point: rounded, all codes are that point.
    coder = Coder(lambda images: images.flatten(1), lambda codes: codes.reshape(-1, 1, 28, 28), 784)
    exact = pictures.point(coder, "pca", 784)
    assert exact.mse == 0
    grey = replace(pictures, train=torch.full_like(pictures.train, 51))
    error = float((pictures.test - 0.2).square().mean())
    assert grey.point(coder, "pca", 784).psnr == pytest.approx(10 * log10(1 / error), abs=1e-3)


def test_shuffled_pictures_keep_their_pixels_and_leave_those_that_never_vary() -> None:
    pictures = bottleneck._Pictures.of(dataset(), 0)
    before, after = pictures.test.flatten(1), pictures.noise.flatten(1)
    assert torch.equal(before.sort(dim=1).values, after.sort(dim=1).values)
    never = pictures.train.flatten(1).float().std(dim=0) == 0
    assert never.any()
    assert torch.equal(before[:, never], after[:, never])
    assert (before != after).float().mean() > 0.2


# --- networks -----------------------------------------------------------------------------------------------------------


def test_the_arms_are_what_they_are_called() -> None:
    linear = config_of("linear", 8, "digits", 3, 1)
    assert (linear.architecture.hidden, linear.code.activation, linear.architecture.output) == ((), "linear", "linear")
    assert not linear.architecture.tied
    assert linear.objective.reconstruction == "mse"
    assert (linear.epochs, linear.seed) == (3, 1)
    assert config_of("autoencoder", 128, "digits", 3, 1).architecture.hidden == (256,)
    wide, sparse = config_of("autoencoder", 1024, "digits", 3, 1), config_of("sparse", 1024, "digits", 3, 1)
    assert set(wide.differences(sparse)) == {"code.top_k"}
    assert wide.architecture.hidden == ()
    assert any(isinstance(module, TopK) and module.count == KEPT for module in trainer(sparse, dataset()).model.modules())


def test_a_linear_autoencoder_lands_on_pca() -> None:
    whole = load("digits")
    few = Dataset(whole.card, whole.train.take(400), whole.validation, whole.test)
    config = config_of("linear", 2, "digits", 60, 0).with_settings({"data.train_images": 400, "batch_size": 16})
    training = trainer(config, few)
    for _ in training.run():
        pass
    images = few.train.images.float() / 255
    with torch.no_grad():
        error = float((training.model.to(CPU).reconstruct(images) - images).square().mean())
    best = float(np.square(PrincipalComponents.fit(few.train.images.numpy()).project(images.numpy(), 2) - images.numpy()).mean())
    assert best * 0.9999 < error < best * 1.01


@pytest.fixture
def study_of(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(bottleneck_results, "SPARSE_FROM", 48)
    monkeypatch.setattr(bottleneck, "SPARSE_FROM", 48)
    return dataset(train=60)


def test_a_tiny_study_from_end_to_end(study_of: Dataset) -> None:
    seen: list[Bottleneck] = []
    told: list[tuple[float, str]] = []
    study = measure(study_of, [48, 2], 2, poll=lambda done, what: told.append((done, what)), found=seen.append)
    order = [("pca", 2), ("linear", 2), ("autoencoder", 2), ("pca", 48), ("linear", 48), ("autoencoder", 48), ("sparse", 48)]
    assert [(point.arm, point.size) for point in study.points] == order
    assert study.complete
    assert (study.data, study.sizes, study.train_images, study.test_images, study.pixels) == ("digits", (2, 48), 60, 20, 784)
    assert [len(each.points) for each in seen] == list(range(8))
    assert seen[-1] == study
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 == shares[0] < shares[-1] <= 1
    assert "Sparse autoencoder, 48 numbers" in {what for _, what in told}
    for point in study.points:
        assert all(np.isfinite([point.mse, point.psnr, point.noise_mse])), point
    components = PrincipalComponents.fit(study_of.train.images.numpy())
    images = scaled(study_of.test.images, CPU).numpy()
    assert study.points[0].mse == pytest.approx(float(np.square(components.project(images, 2) - images).mean()), rel=1e-4)


def test_a_study_can_be_stopped_and_what_was_found_stays(study_of: Dataset) -> None:
    class StopError(Exception):
        pass

    def stop(done: float, what: str) -> None:
        if what.startswith("Autoencoder"):
            raise StopError

    seen: list[Bottleneck] = []
    with pytest.raises(StopError):
        measure(study_of, [2], 2, poll=stop, found=seen.append)
    assert [point.arm for point in seen[-1].points] == ["pca", "linear"]
    assert not seen[-1].complete


def test_what_cannot_be_studied_is_said() -> None:
    for sizes in ([], [0], [4096]):
        with pytest.raises(ValueError, match="between 1 and 2,048"):
            measure(dataset(), sizes, 2)
    seen: list[Bottleneck] = []
    with pytest.raises(ConfigError):
        measure(dataset(), [2], 0, found=seen.append)
    assert not seen, "before anything is begun"
