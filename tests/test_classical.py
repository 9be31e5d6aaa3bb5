"""The classical denoisers and their tuning: closed forms, the libraries' own answers, and parameters from validation alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, median_filter
from skimage.restoration import cycle_spin, denoise_nl_means, denoise_tv_chambolle, denoise_wavelet
from sklearn.decomposition import PCA

from aecore.classical import WINDOWS, WITHOUT_TRAINING, Method, Parameters, classical_methods
from aecore.metrics.picture_quality import psnr
from aecore.principal_components import PrincipalComponents
from aecore.tuning import Tuned, TunedStore, tune
from tests.tiny import split

Floats = NDArray[np.float32]
METHODS = {method.name: method for method in classical_methods(split(40).images.numpy(), [8, 4])}


def pictures(count: int = 6, sigma: float = 0.3, channels: int = 1, seed: int = 0) -> tuple[Floats, Floats]:
    """Bars on black and noisy copies, (N, C, 28, 28)."""
    clean = (np.repeat(split(count, seed).images.numpy(), channels, axis=1) / 255).astype(np.float32)
    noise = np.random.default_rng(seed).normal(0, sigma, clean.shape)
    return clean, np.clip(clean + noise, 0, 1).astype(np.float32)


# --- each method --------------------------------------------------------------------------------------------------------


def test_grey_pictures_get_the_libraries_answers() -> None:
    _, noisy = pictures(2)
    asked: dict[str, tuple[Parameters, Callable[..., Any]]] = {
        "median": ({"window": "3×3"}, lambda x: median_filter(x, size=3)),
        "blur": ({"sigma": 0.8}, lambda x: gaussian_filter(x, 0.8)),
        "total-variation": ({"weight": 0.2}, lambda x: denoise_tv_chambolle(x, 0.2)),  # type: ignore[no-untyped-call]
        "non-local-means": (
            {"patch_size": 3, "patch_distance": 6, "h": 0.22, "sigma": 0.1},
            lambda x: denoise_nl_means(x, patch_size=3, patch_distance=6, h=0.22, sigma=0.1),
        ),
        "wavelet": (
            {"method": "VisuShrink", "mode": "soft", "wavelet": "db2", "wavelet_levels": 1, "sigma": 0.2, "shifts": 0},
            lambda x: denoise_wavelet(x, sigma=0.2, method="VisuShrink", wavelet="db2", wavelet_levels=1),
        ),
    }
    for name, (parameters, expected) in asked.items():
        answer = METHODS[name].denoise(noisy, parameters)
        for picture, found in zip(noisy, answer, strict=True):
            assert found[0] == pytest.approx(np.clip(expected(picture[0]), 0, 1), abs=1e-5), name
        assert not np.allclose(answer, noisy), name


def test_a_shifted_wavelet_is_scikit_images_cycle_spinning() -> None:
    _, noisy = pictures(1)
    settings: dict[str, str | float] = {
        "method": "BayesShrink",
        "mode": "hard",
        "wavelet": "db1",
        "wavelet_levels": 2,
        "sigma": 0.3,
    }
    expected = cycle_spin(noisy[0, 0], func=denoise_wavelet, max_shifts=1, workers=1, func_kw=settings)
    answer = METHODS["wavelet"].denoise(noisy, {**settings, "shifts": 1})
    assert answer[0, 0] == pytest.approx(np.clip(expected, 0, 1), abs=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("method", WITHOUT_TRAINING, ids=lambda method: method.name)
def test_every_method_keeps_shape_and_range_and_can_leave_pictures_alone(method: Method, channels: int) -> None:
    _, noisy = pictures(2, channels=channels)
    assert np.array_equal(method.denoise(noisy, method.coarse[0]), noisy)
    strongest = {name: values[-1] for name, values in method.grid.items()}
    denoised = method.denoise(noisy, strongest)
    assert denoised.shape == noisy.shape
    assert denoised.dtype == np.float32
    assert 0 <= denoised.min() <= denoised.max() <= 1
    assert not np.allclose(denoised, noisy)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_the_coarse_grid_is_part_of_the_grid_and_pictures_do_not_mix(method: Method) -> None:
    assert all(method.knows(parameters) for parameters in method.coarse)
    _, noisy = pictures(3)
    together = method.denoise(noisy, method.coarse[-1])
    alone = np.concatenate([method.denoise(noisy[index : index + 1], method.coarse[-1]) for index in range(3)])
    assert together == pytest.approx(alone, abs=1e-5)


def test_grey_levels_are_stretched_between_black_and_white() -> None:
    values = np.array([0.0, 0.2, 0.4, 0.6, 0.8], np.float32).reshape(1, 1, 1, 5)
    stretched = METHODS["blur-stretched"].denoise(values, {"sigma": 0, "black": 0.2, "white": 0.6})
    assert stretched.ravel() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)


def test_a_median_takes_single_wrong_pixels_away() -> None:
    clean = np.zeros((1, 1, 28, 28), np.float32)
    clean[..., 8:20] = 1
    noisy = clean.copy()
    noisy[0, 0, 5, 3] = 1
    noisy[0, 0, 5, 14] = 0
    for window in WINDOWS:
        assert np.array_equal(METHODS["median"].denoise(noisy, {"window": window})[0, 0, 3:8, 1:5], clean[0, 0, 3:8, 1:5]) == (
            window != "1"
        )


# --- PCA ----------------------------------------------------------------------------------------------------------------


def random_images(count: int, side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, 1, side, side), dtype=np.uint8)


@pytest.mark.parametrize(("count", "side"), [(300, 12), (50, 34)])  # by the covariance, and by singular values
def test_pca_is_scikit_learns(count: int, side: int) -> None:
    images = random_images(count, side)
    ours, theirs = PrincipalComponents.fit(images), PCA(9, svd_solver="full").fit(images.reshape(count, -1) / 255)
    noisy = (random_images(4, side) / 255).astype(np.float32)
    expected = theirs.inverse_transform(theirs.transform(noisy.reshape(4, -1))).reshape(noisy.shape)
    assert ours.project(noisy, 9) == pytest.approx(expected, abs=1e-4)


def test_pca_with_all_components_gives_the_picture_back() -> None:
    images = random_images(300, 12)
    noisy = (random_images(4, 12) / 255).astype(np.float32)
    assert PrincipalComponents.fit(images).project(noisy, 144) == pytest.approx(noisy, abs=1e-4)


def test_pca_has_as_many_numbers_as_each_code_and_one_with_its_best() -> None:
    assert [name for name in METHODS if name.startswith("pca")] == ["pca-4", "pca-8", "pca"]
    assert METHODS["pca-4"].grid == {"components": (4,)}
    assert METHODS["pca-4"].listed
    assert not METHODS["pca"].listed
    _, noisy = pictures(2)
    assert np.array_equal(METHODS["pca"].denoise(noisy, {"components": 28 * 28}), noisy)
    flat = METHODS["pca-4"].denoise(noisy, {"components": 4})
    expected = PrincipalComponents.fit(split(40).images.numpy()).project(noisy, 4).clip(0, 1)
    assert flat == pytest.approx(expected, abs=1e-6)


# --- tuning -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["median", "blur", "total-variation", "blur-stretched", "pca"])
def test_tuned_is_at_least_as_good_as_noisy_and_as_the_coarse_grid(name: str) -> None:
    method = METHODS[name]
    clean, noisy = pictures()
    parameters, found = tune(method, clean, noisy)
    assert method.knows(parameters)
    assert found == pytest.approx(psnr(clean, method.denoise(noisy, parameters)).mean())
    assert found > psnr(clean, noisy).mean()
    assert found >= max(psnr(clean, method.denoise(noisy, each)).mean() for each in method.coarse)


def test_where_there_is_no_noise_pictures_are_left_alone() -> None:
    clean, _ = pictures()
    for name in ("blur", "total-variation", "pca"):
        parameters, _ = tune(METHODS[name], clean, clean)
        assert METHODS[name].denoise(clean, parameters) == pytest.approx(clean, abs=1e-5)


def test_tuning_walks_from_its_start_to_the_best() -> None:
    clean, noisy = pictures()
    method = METHODS["blur-stretched"]
    tried: list[float] = []
    start = {"sigma": 0.3, "black": 0.0, "white": 1.0}
    parameters, found = tune(method, clean, noisy, start, tried.append)
    assert found > psnr(clean, method.denoise(noisy, start)).mean()
    assert tried == sorted(tried)
    assert 0 <= tried[0] < tried[-1] < 1
    size = np.prod([len(values) for values in method.grid.values()])
    assert len(tried) < size / 10
    for name, values in method.grid.items():  # no neighbour is better
        index = values.index(parameters[name])
        for neighbour in values[max(0, index - 1) : index + 2]:
            assert psnr(clean, method.denoise(noisy, {**parameters, name: neighbour})).mean() <= found + 1e-9


def test_tuning_stops_when_asked() -> None:
    def stop(done: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        tune(METHODS["blur"], *pictures(), poll=stop)


def entry(level: float, data: str = "digits", sigma: float = 0.8, kind: str = "gaussian") -> Tuned:
    return Tuned(data, kind, level, "blur", {"sigma": sigma}, 12.5, 100)


def test_the_store_comes_back_from_its_file_and_finds_the_nearest(tmp_path: Path) -> None:
    store = TunedStore()
    store.add([entry(0.2), entry(0.5, sigma=1.0), entry(0.4, "mnist"), entry(0.45, kind="masking")])
    store.add([entry(0.2, sigma=0.6)])
    store.write(tmp_path / "tuned.json")
    back = TunedStore.read(tmp_path / "tuned.json")
    assert len(back.entries) == 4
    blur = METHODS["blur"]
    assert back.exact("digits", "gaussian", 0.2, blur) == entry(0.2, sigma=0.6)
    assert back.exact("digits", "gaussian", 0.4, blur) is None
    assert back.nearest("digits", "gaussian", 0.4, blur) == entry(0.5, sigma=1.0)
    assert back.nearest("kmnist", "gaussian", 0.4, blur) == entry(0.4, "mnist")
    assert back.nearest("digits", "patches", 0.4, blur) is None


@pytest.mark.parametrize("content", ["", "[", '{"a": 1}', '[{"data": "digits"}]'])
def test_a_store_that_cannot_be_read_is_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "tuned.json").write_text(content)
    assert TunedStore.read(tmp_path / "tuned.json").entries == []
    assert TunedStore.read(tmp_path / "missing.json").entries == []


def test_parameters_of_another_version_are_not_used() -> None:
    store = TunedStore([entry(0.5, sigma=0.81)])
    assert store.exact("digits", "gaussian", 0.5, METHODS["blur"]) is None
    assert store.nearest("digits", "gaussian", 0.5, METHODS["blur"]) is None


def test_the_server_can_import_all_of_this_without_torch_and_scipy() -> None:
    modules = "aecore.classical, aecore.tuning, aecore.comparison_results, aecore.quality_document"
    code = f"import sys, {modules}; print([name for name in ('torch', 'scipy', 'skimage') if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
