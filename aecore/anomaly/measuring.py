"""Measure a run as a detector: it has learned from normal cases, and scores all test cases of its data."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aecore.anomaly.baselines import BASELINES, MOST_FITTED, fit_and_score
from aecore.anomaly.cases import held_back_cases, normal_classes
from aecore.anomaly.results import Cases, Method, Report, Windows
from aecore.anomaly.score_names import RELATIVE, TITLES
from aecore.anomaly.scores import names_of, reconstructions, relative_error, score
from aecore.anomaly.truth import Truth
from aecore.checkpoint import load_model
from aecore.config import RunConfig
from aecore.data.loading import Dataset, Split
from aecore.data.own_series import whole_series
from aecore.latent_numbers import digest
from aecore.metrics.anomaly import Decision, Threshold, areas
from aecore.metrics.disentanglement.threads import on_one_core
from aecore.model import Autoencoder
from aecore.painting import as_bytes
from aecore.principal_components import PrincipalComponents
from aecore.runs import Run
from aecore.training import scaled

Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done; what it raises ends the measuring."""
Floats = NDArray[np.floating]

MOST_TRAINING = 20_000
"""Normal training cases that are scored: enough for any threshold."""
MOST_SHOWN = 600
"""Test cases that are kept to look at…"""
MOST_SHOWN_BYTES = 2 << 20
"""…and bytes of them, originals and reconstructions together."""


def measure(
    run: Run,
    dataset: Dataset,
    *,
    rule: Threshold | None = None,
    most_shown: int = MOST_SHOWN,
    poll: Poll = lambda done, what: None,
) -> tuple[Report, Cases]:
    """Score training and validation cases that are normal, and all test cases.

    dataset: the run's data with all its classes. Raises what :func:`~aecore.checkpoint.load_model` does, and ValueError where the
    network's errors are no finite numbers.
    """
    started = time.perf_counter()
    config, rule = run.config, rule or Threshold()
    weights = digest(run.model_path.read_bytes()) if run.model_path.is_file() else ""
    model = load_model(run).eval()
    normal, names = normal_classes(config), names_of(config)
    train, validation = (each.of_classes(normal) for each in (dataset.train, dataset.validation))
    train = train.take(min(len(train), config.train_size, MOST_TRAINING))
    test = held_back_cases(config, dataset)
    total = len(train) + len(validation) + len(test)
    done = 0
    found = []
    for split, what in ((train, "training"), (validation, "validation"), (test, "test")):

        def tell(share: float, what: str = what, size: int = len(split), before: int = done) -> None:
            poll(0.7 * (before + share * size) / total, f"Scoring {what} cases")

        found.append(score(model, config, split.images, tell))
        done += len(split)
    training, held_out, tested = found
    truth = Truth.of(test.labels.numpy(), normal) if dataset.card.is_labelled else None
    methods = []
    for index, name in enumerate(names):

        def wait(index: int = index) -> None:
            poll(0.7 + 0.2 * index / len(names), "Drawing cases again, for the intervals")

        methods.append(_method(name, TITLES[name], training[name], tested[name], truth, rule, poll=wait))
    poll(0.9, "Choosing cases to look at")
    shown = _shown(tested[names[0]], methods[0].threshold, test, most_shown)
    originals, answers = _looked_at(model, test, shown)
    rows = np.arange(1, len(test) + 1) if test.rows is None else test.rows.numpy()
    windows = _windows(model, config, dataset, lambda share: poll(0.9 + 0.1 * share, "Scoring the whole series"))
    cases = Cases(training, held_out, tested, test.labels.numpy(), rows.astype(np.int64), shown, originals, answers, windows)
    report = Report(
        data=config.data.name,
        normal=tuple(normal),
        is_labelled=truth is not None,
        train_cases=len(train),
        validation_cases=len(validation),
        test_cases=len(test),
        anomalous=int(truth.anomalous.sum()) if truth is not None else 0,
        scores=tuple(methods),
        rule=rule.words,
        step=run.status.step,
        weights=weights,
        seconds=time.perf_counter() - started,
    )
    return report, cases


class Compared(NamedTuple):
    """How well the other detectors do, from how many cases they learned, and of pictures the `control` of a report."""

    methods: tuple[Method, ...]
    fitted: int
    control: Method | None


@on_one_core
def measure_baselines(
    config: RunConfig,
    dataset: Dataset,
    *,
    rule: Threshold | None = None,
    names: Sequence[str] = tuple(BASELINES),
    poll: Poll = lambda done, what: None,
) -> Compared:
    """The same of the other detectors, on the same normal training cases and the same test cases."""
    rule = rule or Threshold()
    normal = normal_classes(config)
    train = dataset.train.of_classes(normal)
    train = train.take(min(len(train), config.train_size, MOST_FITTED))
    tested = held_back_cases(config, dataset)
    truth = Truth.of(tested.labels.numpy(), normal) if dataset.card.is_labelled else None
    given, test = (scaled(split.images, torch.device("cpu")) for split in (train, tested))
    flat_given, flat_test = given.flatten(1).numpy(), test.flatten(1).numpy()
    methods = []
    for index, name in enumerate(names):

        def tell(done: float, what: str, index: int = index) -> None:
            poll((index + done) / len(names), what)

        started = time.perf_counter()
        training, found = fit_and_score(name, flat_given, flat_test, tell)
        seconds = time.perf_counter() - started
        methods.append(_method(name, BASELINES[name][0], training, found, truth, rule, seconds, lambda: poll(0.99, "Intervals")))
    control = None if dataset.card.is_sequence else _control(config.code.size, given, test, truth, rule)
    return Compared(tuple(methods), len(train), control)


def _control(count: int, train: Tensor, test: Tensor, truth: Truth | None, rule: Threshold) -> Method:
    """What the network's own score is worth without a network: on the drawings of as many principal components."""
    components = PrincipalComponents.fit(as_bytes(train))
    count = min(count, len(components.components))

    def scores(images: Tensor) -> Floats:
        drawn = torch.from_numpy(components.project(images.numpy(), count)).clamp(0, 1)
        return np.asarray(relative_error(images, drawn).numpy())

    title = f"PCA of {count} numbers, {TITLES[RELATIVE].lower()}"
    return _method("pca_relative", title, scores(train), scores(test), truth, rule)


def _method(
    name: str,
    title: str,
    training: Floats,
    test: Floats,
    truth: Truth | None,
    rule: Threshold,
    seconds: float = 0.0,
    poll: Callable[[], object] = lambda: None,
) -> Method:
    threshold = rule.of(training)
    if truth is None:
        return Method(name, title, None, None, threshold, None, None, None, None, seconds)
    test, anomalous = test[truth.known], truth.anomalous[truth.known]
    both = areas(test, anomalous, poll=poll)
    at = Decision.at(threshold, test, anomalous)
    auroc, precision = (None, None) if both is None else (both.auroc, both.average_precision)
    return Method(name, title, auroc, precision, threshold, at.accuracy, at.precision, at.recall, at.f1, seconds)


def _shown(scores: Floats, threshold: float, test: Split, most: int) -> NDArray[np.int64]:
    """Which test cases are kept to look at: half the most anomalous, a quarter the least, others near the threshold."""
    each = 2 * test.images[0].numel() * test.images.element_size()
    count = min(len(scores), most, max(12, MOST_SHOWN_BYTES // each))
    if count == len(scores):
        return np.arange(count)
    order = np.argsort(-scores, kind="stable")
    nearest = np.argsort(np.abs(scores - threshold), kind="stable")
    chosen = dict.fromkeys([*order[: count // 2].tolist(), *order[-(count // 4) :].tolist()])
    for place in nearest.tolist():
        if len(chosen) == count:
            break
        chosen.setdefault(place)
    return np.array(sorted(chosen), np.int64)


def _looked_at(model: Autoencoder, test: Split, shown: NDArray[np.int64]) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    chosen = test.images[torch.from_numpy(shown)]
    answers = reconstructions(model, chosen)
    if chosen.is_floating_point():
        return chosen.numpy(), answers
    return chosen.numpy(), as_bytes(torch.from_numpy(answers))


def _windows(model: Autoencoder, config: RunConfig, dataset: Dataset, poll: Callable[[float], None]) -> Windows | None:
    """All windows of a long series, in its order; None of other data."""
    if whole_series(config.data.name) is None:
        return None
    splits = (dataset.train, dataset.validation, dataset.test)
    together = dataset.train.joined(dataset.validation, dataset.test)
    assert together.rows is not None
    starts = together.rows.numpy()
    parts = np.repeat(np.arange(3), [len(split) for split in splits])
    found = score(model, config, together.images, poll)
    order = np.argsort(starts, kind="stable")
    scores = {name: each[order] for name, each in found.items()}
    return Windows(scores, starts[order], parts[order], together.labels.numpy()[order])
