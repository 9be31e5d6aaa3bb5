"""Learning from some classes only: in all three parts of the data, with epochs as long as if classes were equally frequent."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.kept import load_kept
from aecore.data.loading import Dataset, load
from tests.tiny import config, trainer

CHOSEN = (5, 6, 7, 8, 9)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def test_only_these_classes_are_learned_from_in_all_three_parts(digits: Dataset) -> None:
    found = load_kept(config(data__classes=CHOSEN).data)
    for part, whole in (
        (found.train, digits.train),
        (found.validation, digits.validation),
        (found.test, digits.test),
    ):
        assert sorted(set(part.labels.tolist())) == list(CHOSEN)
        chosen = [index for index, label in enumerate(whole.labels.tolist()) if label in CHOSEN]
        assert torch.equal(part.images, whole.images[chosen])
        assert torch.equal(part.labels, whole.labels[chosen])
    assert len(load_kept(config().data).train) == len(digits.train), "the data that is kept is whole"


def test_shapes_keep_their_factors() -> None:
    whole = load("shapes", resolution=32, factor_steps=(3, 2, 1, 8, 8))
    assert whole.train.factors is not None
    part = whole.of_classes((1,)).train
    assert part.factors is not None
    assert torch.equal(part.factors, whole.train.factors[whole.train.labels == 1])


def test_an_epoch_is_as_long_as_if_all_classes_were_equally_frequent() -> None:
    assert RunConfig().with_settings({"data.classes": "5-6-7-8-9"}).train_size == 2000
    assert RunConfig().with_settings({"data.classes": "3"}).train_size == 400
    assert RunConfig().with_settings({"data.classes": "3", "data.train_images": 50}).train_size == 50
    assert RunConfig().with_settings({"data.classes": "3", "data.train_images": 2500}).train_size == 400


def test_rarer_classes_fill_the_epoch_and_each_image_is_used_as_often_as_any_other(digits: Dataset) -> None:
    run = config(data__train_images=None, data__classes=(0,), batch_size=100, epochs=1)
    few = digits.of_classes((0,)).train.take(150)
    running = trainer(run, Dataset(digits.card, few, digits.validation, digits.test))
    assert run.train_size == 400
    seen: list[Tensor] = []
    for _ in range(run.steps_per_epoch):
        images, _ = running.next_batch()
        seen.append((255 * images).round().to(torch.uint8).flatten(1))
        running.step += 1
    assert sum(len(batch) for batch in seen) == 400
    _, counts = torch.unique(torch.cat(seen), dim=0, return_counts=True)
    _, present = torch.unique(few.images.flatten(1), dim=0, return_counts=True)
    assert set((counts / present).tolist()) == {2, 3}


def test_a_run_learns_from_its_classes(digits: Dataset) -> None:
    run = config(data__train_images=20, data__classes=(8, 1))
    running = trainer(run, digits.of_classes((8, 1)))
    assert sorted(set(running.labels.tolist())) == [1, 8]
    assert len(running.images) == 20
    assert running.config.plan.classes == 0
    assert config(data__classes=(8, 1), schedule__classifier_epochs=1).plan.classes == 10


@pytest.mark.parametrize("classes", [(), (10,), (-1,), (3, 3), (0, 1, 99)])
def test_classes_that_are_not_there_are_refused(classes: tuple[int, ...]) -> None:
    with pytest.raises(
        ConfigError, match=r"The classes of Digits are 0 to 9: name some of them in data\.classes, each once, e\.g\. 0-1"
    ):
        config(data__classes=classes)


def test_factors_and_classes_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match=r"leave data\.classes empty"):
        config(data__name="shapes", data__factor_steps="3-2-1-8-8", data__classes=(1,))
