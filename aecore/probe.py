"""What a run's codes are good for: a linear classifier on them, against the same on raw pixels and on principal components.

The protocol is the same for all three. The numbers are centred and brought to one common scale, both from unlabelled images.
(Each number to a scale of its own would make the least principal components as loud as the first: on MNIST with 100 labels that
cost 196 components 27 points of accuracy, pixels one, and the codes of sparse units nothing.) Labelled images are drawn
stratified from the training images, several times; the classifier of :mod:`aecore.probe_classifier` learns from them, and its
accuracy is that on all test images of the classes. No label but the drawn ones is used.
(Linear probes: Alain & Bengio 2016, arXiv:1610.01644. Features learned from other classes: Raina et al. 2007, "Self-taught
learning".)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aecore.checkpoint import load_model
from aecore.config import RunConfig
from aecore.data.loading import Dataset, Split
from aecore.latent_numbers import digest
from aecore.metrics.disentanglement.threads import on_one_core
from aecore.principal_components import PrincipalComponents
from aecore.probe_classifier import draw, learn
from aecore.probe_results import LABELS, REPRESENTATIONS, Case, Probe, ProbePoint, Spread
from aecore.runs import Run
from aecore.training import random_seed, scaled

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, in words; what it raises ends the measuring."""
Encode = Callable[[Tensor], Floats]
"""Pictures (N, C, H, W), 0..1, to the numbers that are classified, (N, D)."""

MOST_DRAWS = 100

_BATCH = 500
_DRAWING = 7  # a stream of random numbers of its own, beside those of training, evaluation and painting
_ENCODING_SHARE = 0.1  # of the time of a representation, roughly
_FIT_COST = 500  # images of which a fit takes as long as one of no images at all, roughly


def unseen_classes(config: RunConfig) -> tuple[int, ...]:
    """The classes that a run did not learn from. Raises ValueError where it learned from all."""
    learned = config.data.classes
    unseen = tuple(each for each in range(len(config.card.classes)) if learned is not None and each not in learned)
    if not unseen:
        raise ValueError("This run learned from images of all classes: train one with some of them only (data.classes).")
    return unseen


@on_one_core
def measure(
    run: Run,
    dataset: Dataset,
    *,
    classes: Sequence[int] | None = None,
    labels: Sequence[int] = LABELS,
    draws: int = 10,
    case: Case = "all",
    poll: Poll = lambda done, what: None,
) -> Probe:
    """Measure a run with each of so many `labels` (0: all that there are), drawn `draws` times; the draws are those of every run.

    dataset: with all its classes, the run's own data or another with images of that size. `classes`: those that are told apart
    (None: all that its images are of). The unlabelled images are those that the run learned from; with other data, all of its
    training images.

    Raises what :func:`~aecore.checkpoint.load_model` does, and ValueError for images of another size, fewer than two classes or
    some that there are not, numbers of labels that cannot be drawn, and codes that are not finite.
    """
    started = time.perf_counter()
    config, card = run.config, dataset.card
    present = set(np.unique(dataset.train.labels.numpy()).tolist())
    chosen = tuple(sorted(present if classes is None else set(classes)))
    _check(config, dataset, chosen, present, labels, draws)
    weights = digest(run.model_path.read_bytes()) if run.model_path.is_file() else ""
    model = load_model(run).eval()
    train, test = dataset.train.of_classes(chosen), dataset.test.of_classes(chosen)
    counts = sorted(set(labels), key=lambda count: count or len(train) + 1)  # all labels last
    drawn = [
        [draw(train.labels.numpy(), chosen, count, random_seed(0, _DRAWING, number)) for number in range(draws if count else 1)]
        for count in counts
    ]
    contest = _Contest(train, test, _learned_from(config, dataset), drawn, chosen)
    code_size = config.code.size
    results: dict[str, tuple[list[Spread], list[list[int]]]] = {}
    for index, (name, title) in enumerate(REPRESENTATIONS.items()):

        def tell(done: float, what: str, index: int = index, title: str = title) -> None:
            poll((index + done) / len(REPRESENTATIONS), f"{title}: {what}")

        tell(0.0, "getting ready")
        encode = _encoder(name, model, contest.unlabelled, code_size)
        results[name] = contest.of(encode, tell)
    rows = zip(counts, *(spreads for spreads, _ in results.values()), strict=True)
    return Probe(
        data=card.name,
        step=run.status.step,
        classes=chosen,
        code_size=code_size,
        draws=draws,
        test_images=len(test),
        points=tuple(ProbePoint(count, *spreads) for count, *spreads in rows),
        confusion={name: confusion for name, (_, confusion) in results.items()},
        seconds=time.perf_counter() - started,
        train_images=len(train),
        case=case,
        weights=weights,
    )


def _check(
    config: RunConfig, dataset: Dataset, chosen: tuple[int, ...], present: set[int], labels: Sequence[int], draws: int
) -> None:
    ours, theirs = config.plan.input_shape, tuple(dataset.test.images.shape[1:])
    if ours != theirs:
        sizes = ("×".join(map(str, shape)) for shape in (ours, theirs))
        raise ValueError("This run takes pictures of {}, these data are {}: choose other data.".format(*sizes))
    known = set(range(len(dataset.card.classes)))
    if len(present) < 2:
        raise ValueError("All these pictures are of one class, so there is nothing to tell apart: choose other data.")
    if len(chosen) >= 2 and set(chosen) <= known and not set(chosen) <= present:
        missing = ", ".join(dataset.card.classes[each] for each in sorted(set(chosen) - present))
        raise ValueError(f"None of these pictures are of the class {missing}: name classes that they have.")
    if len(chosen) < 2 or not set(chosen) <= known:
        raise ValueError(
            f"{dataset.card.title} has the classes 0 to {len(dataset.card.classes) - 1}: name two of them at least, e.g. 0-1."
        )
    if not labels or min(labels) < 0:
        raise ValueError("The number of labels must be at least as great as that of the classes; 0 is for all that there are.")
    if not 1 <= draws <= MOST_DRAWS:
        raise ValueError(f"The labelled images can be drawn 1 to {MOST_DRAWS} times, not {draws}.")


def _learned_from(config: RunConfig, dataset: Dataset) -> Tensor:
    """The images that the run learned from; of other data, all that could be learned from."""
    if dataset.card.name != config.data.name:
        return dataset.train.images
    train = dataset.train if config.data.classes is None else dataset.train.of_classes(config.data.classes)
    return train.images[: config.train_size]


def _encoder(name: str, model: Any, unlabelled: Tensor, code_size: int) -> Encode:
    if name == "features":
        return lambda images: np.asarray(model.encode(images).mean.numpy())
    if name == "pixels":
        return lambda images: images.flatten(1).numpy()
    components = PrincipalComponents.fit(unlabelled.numpy())
    chosen = components.components[:code_size].T
    return lambda images: np.asarray((images.flatten(1).numpy() - components.mean) @ chosen, np.float32)


@dataclass(frozen=True)
class _Contest:
    """What all representations are measured on.

    train, test: of the `classes` that are told apart. unlabelled: uint8 (N, C, H, W). drawn: for each number of labels, for each
    draw, positions in `train`.
    """

    train: Split
    test: Split
    unlabelled: Tensor
    drawn: list[list[Integers]]
    classes: tuple[int, ...]

    def of(self, encode: Encode, tell: Poll) -> tuple[list[Spread], list[list[int]]]:
        """The accuracies for each number of labels, and the confusion matrix of the last one's first draw."""
        used = np.unique(np.concatenate([positions for row in self.drawn for positions in row]))
        total = len(self.unlabelled) + len(used) + len(self.test)
        done = 0

        def encoded(images: Tensor) -> Iterator[Floats]:
            nonlocal done
            for start in range(0, len(images), _BATCH):
                tell(_ENCODING_SHARE * done / total, "encoding pictures")
                part = images[start : start + _BATCH]
                yield _encoded(encode, part)
                done += len(part)

        scaling = _Scaling.of(encoded(self.unlabelled))
        numbers = scaling.all_of(encoded(self.train.images[torch.from_numpy(used)]))
        test = scaling.all_of(encoded(self.test.images))
        labels, truth = self.train.labels.numpy()[used], self.test.labels.numpy()
        costs = [[len(positions) + _FIT_COST for positions in row] for row in self.drawn]
        spent, whole = 0, sum(map(sum, costs))
        spreads: list[Spread] = []
        answers: list[Integers] = []
        for row, cost in zip(self.drawn, costs, strict=True):
            answers = []
            for index, positions in enumerate(row):
                what = f"{len(positions):,} labels" + (f", draw {index + 1} of {len(row)}" if len(row) > 1 else "")

                def tick(share: float, begin: int = spent, part: int = cost[index], what: str = what) -> None:
                    tell(_ENCODING_SHARE + (1 - _ENCODING_SHARE) * (begin + share * part) / whole, what)

                places = np.searchsorted(used, positions)
                answers.append(learn(numbers[places], labels[places], tick).predict(test))
                spent += cost[index]
            spreads.append(Spread.of(tuple(float((answer == truth).mean()) for answer in answers)))
        counts = [[int(((truth == row) & (answers[0] == column)).sum()) for column in self.classes] for row in self.classes]
        return spreads, counts


@torch.no_grad()
def _encoded(encode: Encode, images: Tensor) -> Floats:
    numbers = encode(scaled(images, torch.device("cpu")))
    if not np.isfinite(numbers).all():
        raise ValueError("Its codes are not finite, as when training has diverged: train again with a smaller learning rate.")
    return numbers


@dataclass(frozen=True)
class _Scaling:
    """Mean (D,) of each number over the unlabelled images, and the root of the mean of their variances."""

    mean: Floats
    deviation: float

    @classmethod
    def of(cls, parts: Iterator[Floats]) -> _Scaling:
        """Of numbers in parts, (n, D) each. In double precision: these are sums over many images."""
        count, total, squares = 0, np.zeros(1), np.zeros(1)
        for part in parts:
            wide = part.astype(np.float64)
            count, total, squares = count + len(wide), total + wide.sum(axis=0), squares + (wide * wide).sum(axis=0)
        mean = total / count
        variance = float((squares / count - mean**2).mean())
        # Rounding leaves a little variance where there is none: such numbers stay 0.
        is_constant = variance <= 1e-10 * float((squares / count).mean())
        return cls(mean.astype(np.float32), np.inf if is_constant else float(np.sqrt(variance)))

    def all_of(self, parts: Iterator[Floats]) -> Floats:
        """Numbers in parts, (n, D) each, scaled and together; where none ever varied all are 0."""
        return np.concatenate([((part - self.mean) / self.deviation).astype(np.float32) for part in parts])
