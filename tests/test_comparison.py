"""The comparison: one noise for all, parameters from validation alone, numbers that can be made again, and its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore.checkpoint import save_model
from aecore.classical import Floats, Method, Parameters
from aecore.comparison import NOTHING, Contest, Network, compare, quality_curve
from aecore.comparison_results import (
    Comparison,
    Pictures,
    QualityCurve,
    ShippedComparison,
    Spread,
    from_json,
    held_out,
    read_shipped,
    to_json,
    write_shipped,
)
from aecore.data.loading import Dataset
from aecore.metrics.picture_quality import PSNR_CAP, decibels, psnr, squared_error, ssim
from aecore.model import build
from aecore.runs import Run
from aecore.tuning import Tuned, TunedStore
from tests.tiny import config, dataset, split


def floats(images: torch.Tensor) -> Floats:
    """uint8 to 0..1."""
    scaled: Floats = (images.to(torch.float32) / 255).numpy()
    return scaled


def network(code_size: int = 4, seed: int = 0) -> Network:
    settings = config("denoising-gaussian", code__size=code_size, architecture__hidden=())
    return Network(f"net-{seed}", f"Network {seed}", build(settings.plan, seed).eval(), "digits")


def numbers(spread: Spread) -> list[float]:
    return [spread.mean, spread.deviation, spread.error]


def seen_by(method: Method, seen: list[Floats]) -> Method:
    """The method, keeping what it is given."""

    def function(noisy: Floats, parameters: Parameters) -> Floats:
        seen.append(noisy)
        return method.function(noisy, parameters)

    return replace(method, function=function)


def contest(data: Dataset | None = None, names: tuple[str, ...] = ("blur", "median", "pca-4"), **more: object) -> Contest:
    """Two networks against a few quick methods, on 20 pictures."""
    made = Contest(data or dataset(), [network(), network(seed=1)], tuning_images=8, **more)  # type: ignore[arg-type]
    made.methods = tuple(method for method in made.methods if method.name in names)
    return made


@pytest.fixture(scope="module")
def result() -> Comparison:
    return compare(contest(), "gaussian", 0.4, images=12, examples=3)


def test_there_is_a_row_for_everybody(result: Comparison) -> None:
    assert [row.name for row in result.rows] == [NOTHING, "median", "blur", "pca-4", "net-0", "net-1"]
    assert [row.kind for row in result.rows] == ["none", *["classical"] * 3, *["network"] * 2]
    assert (result.data, result.kind, result.level, result.images) == ("digits", "gaussian", 0.4, 12)
    assert all(row.images == 12 for row in result.rows)
    assert [row.tuned_on for row in result.rows] == [0, 8, 8, 0, 0, 0]
    assert result.row("blur").parameters_in_words == f"sigma {result.row('blur').parameters['sigma']}"
    with pytest.raises(KeyError):
        result.row("blurr")


def test_the_numbers_are_those_of_the_pictures() -> None:
    made = compare(contest(), "gaussian", 0.4, images=12, examples=12)
    clean = floats(split(20, 3).images[:12])
    assert np.array_equal(made.examples["clean"].array(), split(20, 3).images[:12].numpy())
    for row in made.rows:
        denoised = floats(torch.from_numpy(made.examples[row.name].array().copy()))
        found = psnr(clean, denoised)
        assert row.psnr.mean == pytest.approx(found.mean(), abs=0.02)  # the examples are rounded to 256 levels
        assert row.psnr.deviation == pytest.approx(found.std(ddof=1), abs=0.02)
        assert row.psnr.error == pytest.approx(row.psnr.deviation / 12**0.5)
        assert row.psnr_of_mean_error == pytest.approx(decibels(squared_error(clean, denoised).mean()), abs=0.02)
        assert row.ssim.mean == pytest.approx(ssim(clean, denoised).mean(), abs=0.005)


def test_a_network_gets_the_noisy_pictures_that_are_shown(result: Comparison) -> None:
    noisy = floats(torch.from_numpy(result.examples[NOTHING].array().copy()))
    answer = floats(torch.from_numpy(result.examples["net-1"].array().copy()))
    assert network(seed=1).denoise(noisy) == pytest.approx(answer, abs=0.02)


def test_all_get_the_same_noise_and_parameters_come_from_validation_alone() -> None:
    data = dataset()
    made, seen = contest(data), [list[Floats](), list[Floats]()]
    made.methods = tuple(seen_by(method, into) for method, into in zip(made.methods[:2], seen, strict=True))
    compare(made, "salt-and-pepper", 0.3, images=12)
    assert seen[0][-1] is not seen[0][0]
    assert np.array_equal(seen[0][-1], seen[1][-1])
    untouched = floats(data.test.images[:12])
    assert 0 < np.mean(seen[0][-1] != untouched) < 0.35
    validation = floats(data.validation.images[:8])
    for noisy in (*seen[0][:-1], *seen[1][:-1]):
        assert noisy.shape == validation.shape
        assert np.mean(noisy == validation) > 0.65
    # Other test pictures change the numbers, and not the parameters.
    other = replace(data, test=split(20, 9))
    rows = [compare(contest(each), "salt-and-pepper", 0.3, images=12).rows for each in (data, other)]
    assert [row.parameters for row in rows[0]] == [row.parameters for row in rows[1]]
    assert rows[0][0].psnr != rows[1][0].psnr
    # Other validation pictures do change the parameters: here they are noise that no blur can save.
    grains = split(20, 2)
    grains = replace(
        grains, images=torch.from_numpy(np.random.default_rng(0).integers(0, 256, grains.images.shape, dtype=np.uint8))
    )
    rough = compare(contest(replace(data, validation=grains)), "gaussian", 0.1, images=12)
    assert rough.row("blur").parameters != compare(contest(data), "gaussian", 0.1, images=12).row("blur").parameters


def test_the_same_comparison_gives_the_same_numbers(result: Comparison) -> None:
    again = compare(contest(), "gaussian", 0.4, images=12, examples=3)
    assert [replace(row, seconds=0) for row in again.rows] == [replace(row, seconds=0) for row in result.rows]
    assert again.examples == result.examples


def test_pictures_that_the_noise_left_alone_are_not_counted() -> None:
    made = compare(contest(), "patches", 0.05, images=20, examples=20)
    assert 0 < made.untouched < 20
    assert made.images + made.untouched == 20
    clean, noisy = made.examples["clean"].array(), made.examples[NOTHING].array()
    assert len(clean) == made.images
    assert (clean != noisy).any((1, 2, 3)).all()
    assert made.row(NOTHING).psnr.mean < PSNR_CAP
    assert all(row.images == made.images for row in made.rows)


def test_without_noise_nothing_is_best_and_the_mean_is_finite() -> None:
    made = compare(contest(), "masking", 0.0, images=6)
    assert (made.images, made.untouched) == (6, 0)
    assert numbers(made.row(NOTHING).psnr) == pytest.approx([PSNR_CAP, 0, 0], abs=1e-9)
    assert made.row("blur").psnr.mean == pytest.approx(PSNR_CAP)
    assert made.row("net-0").psnr.mean < PSNR_CAP


def test_kept_parameters_are_used_and_new_ones_kept() -> None:
    kept = Tuned("digits", "gaussian", 0.4, "blur", {"sigma": 2.0}, 1.0, 77)
    made = contest(store=TunedStore([kept]))
    row = compare(made, "gaussian", 0.4, images=6).row("blur")
    assert (row.parameters, row.tuned_on) == ({"sigma": 2.0}, 77)
    compare(made, "gaussian", 0.3, images=6)
    levels = [(entry.method, entry.level) for entry in made.store.entries]
    assert levels == [("blur", 0.4), ("median", 0.4), ("median", 0.3), ("blur", 0.3)]


def test_a_slow_method_is_tuned_on_fewer_pictures_and_measured_on_as_many() -> None:
    made = Contest(dataset(validation=110), [], tuning_images=110)
    made.methods = tuple(
        replace(method, slow=method.name == "blur") for method in made.methods if method.name in ("blur", "median")
    )
    rows = compare(made, "gaussian", 0.4, images=12).rows
    assert [(row.name, row.tuned_on, row.images) for row in rows] == [(NOTHING, 0, 12), ("median", 110, 12), ("blur", 100, 12)]


def test_progress_rises_to_the_end_in_words() -> None:
    told: list[tuple[float, str]] = []
    quality_curve(contest(), "gaussian", [0.2, 0.6], images=6, poll=lambda done, what: told.append((done, what)))
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.1
    assert 0.9 < shares[-1] < 1
    assert told[0][1] == "Noise 0.2. Nothing (the noisy picture)"
    assert any("Median: finding its best settings" in what for _, what in told)


@pytest.mark.parametrize("where", ["Median: finding its best settings", "Network 1"])
def test_a_comparison_stops_when_asked(where: str) -> None:
    def poll(done: float, what: str) -> None:
        if what == where:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        compare(contest(), "gaussian", 0.4, images=6, poll=poll)


def test_a_curve_is_a_comparison_at_each_level() -> None:
    curve = quality_curve(contest(), "gaussian", [0.1, 0.5], images=6)
    assert curve.levels == [0.1, 0.5]
    for point in curve.points:
        alone = compare(contest(), "gaussian", point.level, images=6, examples=0)
        assert point.row(NOTHING) == replace(alone.row(NOTHING), seconds=point.row(NOTHING).seconds)
        assert not point.examples
    assert curve.points[0].row(NOTHING).psnr.mean > curve.points[1].row(NOTHING).psnr.mean


def test_what_cannot_be_compared_is_refused() -> None:
    wide = Network("wide", "Wide", build(config(data__name="shapes").plan, 0), "shapes")
    with pytest.raises(ValueError, match="Wide takes pictures of 1×64×64, these data are 1×28×28"):
        Contest(dataset(), [wide])
    with pytest.raises(ValueError, match="kind"):
        compare(contest(), "snow", 0.4)


def test_a_network_that_was_trained_on_the_test_pictures_is_marked() -> None:
    assert not held_out("mnist", "digits")
    assert held_out("mnist", "mnist")
    assert held_out("digits", "mnist")
    made = contest()
    made.networks = [replace(network(), trained_on="mnist"), network(seed=1)]
    assert [row.seen for row in compare(made, "gaussian", 0.4, images=6).networks] == [True, False]


def trained(folder: Path, **settings: object) -> Path:
    """A run's folder with weights, as if it had been trained."""
    run = Run.create(config("denoising-gaussian", **settings), folder, name="any")
    save_model(run, build(run.config.plan, 0))
    return folder


def test_the_network_of_a_run_says_what_it_is(tmp_path: Path) -> None:
    dense = Network.of(Run(trained(tmp_path / "dense", corruption__kind="mixed", corruption__level_from=0, corruption__level=1)))
    assert (dense.name, dense.title) == ("dense", "Dense network trained with noise: mixed 0 to 1")
    plain = Network.of(Run(trained(tmp_path / "plain", architecture__kind="conv2d", corruption__kind="none")))
    assert plain.title == "Convolutional network trained without noise"
    assert Network.of(Run(tmp_path / "plain"), "Mine").title == "Mine"
    noisy = floats(split(2).images)
    assert plain.denoise(noisy).shape == noisy.shape


# --- files --------------------------------------------------------------------------------------------------------------


def test_results_come_back_from_json(result: Comparison, tmp_path: Path) -> None:
    assert from_json(Comparison, to_json(result)) == result
    curve = QualityCurve("digits", "gaussian", (replace(result, examples={}),))
    assert from_json(QualityCurve, to_json(curve)) == curve
    shipped = ShippedComparison((result,), (curve,), "2024-01-01")
    write_shipped(shipped, tmp_path / "shipped.json")
    assert read_shipped(tmp_path / "shipped.json") == shipped
    assert shipped.comparison("gaussian", 0.4) == result
    assert shipped.comparison("gaussian", 0.5) is None
    assert shipped.curve("gaussian") == curve
    assert shipped.curve("patches") is None
    (tmp_path / "shipped.json").write_text("{}")
    assert read_shipped(tmp_path / "shipped.json") is None
    assert read_shipped(tmp_path / "missing.json") is None
    with pytest.raises(ValueError, match="another version"):
        from_json(Comparison, "[]")


def test_damaged_pictures_are_said(result: Comparison) -> None:
    pictures = result.examples["clean"]
    for damaged in (
        Pictures(pictures.shape, pictures.packed[8:]),
        Pictures((9, 1, 28, 28), pictures.packed),
        Pictures((1, 1, 1, 1), "é"),
    ):
        with pytest.raises(ValueError, match="damaged"):
            damaged.array()


def test_spread_is_over_pictures() -> None:
    assert numbers(Spread.of(np.array([1.0, 3.0]))) == pytest.approx([2, 2**0.5, 1])
    assert Spread.of(np.array([5.0])) == Spread(5, 0, 0)


def test_a_network_is_judged_by_the_pca_of_its_own_code(result: Comparison) -> None:
    spread = result.rows[0].psnr
    rows = tuple(
        replace(result.rows[0], name=name, kind="classical", listed=listed, numbers=numbers, psnr=replace(spread, mean=mean))
        for name, numbers, mean, listed in (
            ("median", 0, 14.0, True),
            ("pca-64", 64, 15.0, True),
            ("pca-128", 128, 14.5, True),
            ("stretched", 0, 17.0, False),
        )
    )
    made = replace(result, rows=rows)
    assert made.best_classical().name == "stretched"
    assert made.best_classical(listed_only=True).name == "pca-64"
    assert made.best_classical(listed_only=True, numbers=128).name == "pca-128"
    assert made.best_classical(listed_only=True, numbers=32).name == "median"


def test_codes_and_their_pca_say_their_size(result: Comparison) -> None:
    sizes = {row.numbers for row in result.networks}
    assert {row.numbers for row in result.rows if row.name.startswith("pca-")} == sizes
    assert 0 not in sizes
