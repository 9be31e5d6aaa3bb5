"""The linear probe: codes that say all, codes that say nothing, and that no label is used but the drawn ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from aecore import probe as probing
from aecore.checkpoint import DamagedModelError, save_model
from aecore.data.loading import Split
from aecore.latent_numbers import digest
from aecore.model import Encoding, build
from aecore.probe import measure, unseen_classes
from aecore.probe_classifier import FEW_STRENGTH, draw
from aecore.probe_results import Probe
from aecore.runs import Run
from aecore.training import random_seed
from tests.tiny import config, dataset


@dataclass
class CodesOf:
    """In the place of a network: codes by any function of the images."""

    function: Callable[[Tensor], Tensor]

    def eval(self) -> CodesOf:
        return self

    def encode(self, images: Tensor) -> Encoding:
        return Encoding(self.function(images))


def one_hot(images: Tensor) -> Tensor:
    """The class of each of the tiny pictures: where its bar is."""
    bars = images[:, 0].mean(dim=1)
    centres = torch.stack([bars[:, 2 * label : 2 * label + 4].sum(dim=1) for label in range(10)], dim=1)
    return torch.nn.functional.one_hot(centres.argmax(dim=1), 10).float()


def a_run(folder: Path, **values: Any) -> Run:
    run = Run.create(config(**values), folder)
    save_model(run, build(run.config.plan, 0))
    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return a_run(tmp_path / "run", code__size=10)


def relabelled(split: Split, labels: Tensor) -> Split:
    return replace(split, labels=labels)


def test_codes_that_are_the_class_are_told_apart_without_fault(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "load_model", lambda run: CodesOf(one_hot))
    found = measure(run, dataset(train=100, test=100), labels=(0, 10, 20), draws=3)
    assert [point.labels for point in found.points] == [10, 20, 0]
    for point in found.points:
        assert point.features.mean == 1.0
        assert point.features.deviation == 0.0
        assert len(point.features.values) == len(point.pca.values) == (3 if point.labels else 1)
    assert found.confusion["features"] == np.diag([10] * 10).tolist()
    assert (found.data, found.code_size, found.test_images, found.train_images) == ("digits", 10, 100, 100)
    assert (found.classes, found.case, found.draws) == (tuple(range(10)), "all", 3)
    assert found.weights == digest(run.model_path.read_bytes())
    assert Probe.from_json(found.to_json()) == found


def test_codes_that_are_noise_are_worth_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    monkeypatch.setattr(probing, "load_model", lambda run: CodesOf(lambda x: torch.randn(len(x), 10, generator=generator)))
    found = measure(run, dataset(train=100, test=400), labels=(20,), draws=5)
    chance, error = 0.1, (0.1 * 0.9 / 400) ** 0.5
    assert abs(found.points[0].features.mean - chance) < 4 * error
    assert sum(map(sum, found.confusion["features"])) == 400


def test_raw_pixels_are_what_scikit_learn_makes_of_them(run: Run) -> None:
    data = dataset(train=200, test=100)
    found = measure(run, data, labels=(20,), draws=2)

    def flat(split: Split) -> np.ndarray[Any, Any]:
        return split.images.numpy().reshape(len(split), -1) / 255

    unlabelled = flat(data.train)[:40]  # the run's own training images
    mean, deviation = unlabelled.mean(axis=0), np.sqrt(unlabelled.var(axis=0).mean())
    train, test = (flat(data.train) - mean) / deviation, (flat(data.test) - mean) / deviation
    labels = data.train.labels.numpy()
    expected = []
    for number in range(2):
        drawn = draw(labels, tuple(range(10)), 20, random_seed(0, probing._DRAWING, number))
        model = LogisticRegression(C=FEW_STRENGTH, tol=1e-6, max_iter=1000).fit(train[drawn], labels[drawn])
        expected.append(model.score(test, data.test.labels.numpy()))
    assert found.points[0].pixels.values == pytest.approx(expected, abs=0.011)  # one test image may lie on a border


def test_the_principal_components_are_those_of_scikit_learn() -> None:
    images = torch.randint(0, 256, (60, 1, 5, 5), dtype=torch.uint8)
    pixels = images / 255
    ours = probing._encoder("pca", None, images, 7)(pixels)
    theirs = PCA(7, svd_solver="full").fit(pixels.flatten(1).double().numpy()).transform(pixels.flatten(1).double().numpy())
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, atol=1e-4)


def test_labels_that_were_not_drawn_change_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(train=100, validation=50, test=50)
    drawn = draw(data.train.labels.numpy(), tuple(range(10)), 40, 1)
    monkeypatch.setattr(probing, "draw", lambda *arguments: drawn)
    before = measure(run, data, labels=(40,), draws=1)
    others = torch.ones(100, dtype=torch.bool)
    others[torch.from_numpy(drawn)] = False
    labels = data.train.labels.clone()
    labels[others] = labels[others].roll(7)
    validation = relabelled(data.validation, data.validation.labels.roll(3))
    after = measure(run, replace(data, train=relabelled(data.train, labels), validation=validation), labels=(40,), draws=1)
    assert not torch.equal(labels, data.train.labels)
    assert (after.points, after.confusion) == (before.points, before.confusion)


def test_test_labels_only_judge(run: Run) -> None:
    data = dataset(train=100, test=50)
    before = measure(run, data, labels=(30,), draws=1)
    after = measure(run, replace(data, test=relabelled(data.test, data.test.labels.roll(1))), labels=(30,), draws=1)
    assert after.points != before.points
    for name, confusion in before.confusion.items():
        assert np.sum(after.confusion[name], axis=0).tolist() == np.sum(confusion, axis=0).tolist(), "the same answers"


def test_classes_that_the_run_did_not_see(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", data__classes=(5, 6, 7, 8, 9), data__train_images=30)
    unseen = unseen_classes(run.config)
    assert unseen == (0, 1, 2, 3, 4)
    data = dataset(train=100, test=100)
    found = measure(run, data, classes=unseen, labels=(10, 0), draws=2, case="unseen")
    assert (found.classes, found.case) == (unseen, "unseen")
    assert (found.train_images, found.test_images) == (50, 50)
    assert np.array(found.confusion["pca"]).shape == (5, 5)
    assert np.sum(found.confusion["pixels"], axis=1).tolist() == [10] * 5
    learned = probing._learned_from(run.config, data)
    assert torch.equal(learned, data.train.of_classes((5, 6, 7, 8, 9)).images[:30])
    with pytest.raises(ValueError, match="learned from images of all classes"):
        unseen_classes(config())


def test_with_other_data_all_of_its_training_images_are_the_unlabelled_ones(run: Run) -> None:
    data = dataset(train=60)
    assert len(probing._learned_from(run.config, data)) == 40
    other = replace(data, card=replace(data.card, name="mnist"))
    assert len(probing._learned_from(run.config, other)) == 60


def test_numbers_are_centred_and_keep_their_proportions() -> None:
    numbers = np.random.default_rng(0).normal(5, [3, 0, 1], (100, 3)).astype(np.float32)
    scaling = probing._Scaling.of(iter([numbers[:70], numbers[70:]]))
    made = scaling.all_of(iter([numbers]))
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-5)
    assert made.var(axis=0).mean() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(made.std(axis=0) / made[:, 0].std(), numbers.std(axis=0) / numbers[:, 0].std(), atol=1e-5)


def test_numbers_that_never_vary_are_zero() -> None:
    scaling = probing._Scaling.of(iter([np.full((50, 2), 0.3, np.float32)]))
    assert (scaling.all_of(iter([np.full((5, 2), 7, np.float32)])) == 0).all(), "also where they vary later"


@pytest.mark.parametrize(
    ("values", "code"), [({"architecture__kind": "conv2d"}, 4), ({"code__kind": "gaussian"}, 4), ({"code__size": 800}, 800)]
)
def test_every_kind_of_network_can_be_probed(tmp_path: Path, values: dict[str, Any], code: int) -> None:
    found = measure(a_run(tmp_path / "run", **values), dataset(train=60), labels=(20,), draws=1)
    assert found.code_size == code
    assert 0 <= found.points[0].features.mean <= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"labels": (9,)}, "9 labels are too few for 10 classes"),
        ({"labels": (500,)}, "only 10 training images of class 0"),
        ({"labels": (-1,)}, "number of labels"),
        ({"labels": ()}, "number of labels"),
        ({"draws": 0}, "1 to 100 times, not 0"),
        ({"classes": (3,)}, "name two of them at least"),
        ({"classes": (3, 10)}, "classes 0 to 9"),
    ],
)
def test_what_cannot_be_measured_is_said(run: Run, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        measure(run, dataset(train=100), **arguments)


def test_other_sizes_and_missing_or_broken_weights_are_said(run: Run) -> None:
    data = dataset()
    small = Split(data.test.images[:, :, :8, :8], data.test.labels)
    with pytest.raises(ValueError, match="takes pictures of 1×28×28, these data are 1×8×8"):
        measure(run, replace(data, test=small))
    model = build(run.config.plan, 0)
    with torch.no_grad():
        next(model.parameters()).fill_(float("inf"))
    save_model(run, model)
    with pytest.raises(ValueError, match="not finite"):
        measure(run, data, labels=(10,))
    run.model_path.write_bytes(b"nothing")
    with pytest.raises(DamagedModelError):
        measure(run, data, labels=(10,))
    run.model_path.unlink()
    with pytest.raises(FileNotFoundError, match="no trained weights"):
        measure(run, data, labels=(10,))


def test_progress_rises_and_can_stop_it(run: Run) -> None:
    told: list[float] = []
    measure(run, dataset(train=60), labels=(10, 20), draws=2, poll=lambda done, what: told.append(done))
    assert told == sorted(told)
    assert 0 == told[0] < told[-1] <= 1

    class StopError(Exception):
        pass

    def stop(done: float, what: str) -> None:
        if done > 0.4:
            raise StopError

    with pytest.raises(StopError):
        measure(run, dataset(train=60), labels=(10, 20), draws=2, poll=stop)
