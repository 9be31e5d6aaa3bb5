"""Measure a run as a detector: it has learned from normal cases, and scores all test cases of its data."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from aecore.anomaly.baselines import BASELINES, MOST_FITTED, Scores, fit_and_score
from aecore.anomaly.results import Cases, Method, Report, Windows
from aecore.anomaly.score_names import TITLES
from aecore.anomaly.scores import names_of, reconstructions, score
from aecore.checkpoint import load_model
from aecore.config import RunConfig
from aecore.data.loading import Dataset, Split
from aecore.data.own_series import whole_series
from aecore.latent_numbers import digest
from aecore.metrics.anomaly import Decision, Threshold, areas
from aecore.metrics.disentanglement.threads import on_one_core
from aecore.model import Autoencoder
from aecore.painting import as_bytes
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


def normal_classes(config: RunConfig) -> tuple[int, ...]:
    """The classes that count as normal: those that the run learned from, or where it learned from all, those of its card."""
    card = config.card
    if not card.is_labelled:
        return (0,)
    return config.data.classes or card.normal


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
    normal = normal_classes(config)
    train, validation = (each.of_classes(normal) for each in (dataset.train, dataset.validation))
    train = train.take(min(len(train), config.train_size, MOST_TRAINING))
    test, names = dataset.test, names_of(config)
    total = len(train) + len(validation) + len(test)
    done = 0
    found = []
    for split, what in ((train, "training"), (validation, "validation"), (test, "test")):

        def tell(share: float, what: str = what, size: int = len(split), before: int = done) -> None:
            poll(0.9 * (before + share * size) / total, f"Scoring {what} cases")

        found.append(score(model, config, split.images, tell).scores)
        done += len(split)
    training, held_out, tested = found
    anomalous = ~np.isin(test.labels.numpy(), normal)
    poll(0.9, "Drawing the cases again")
    methods = tuple(
        _method(name, TITLES[name], training[name], tested[name], anomalous if dataset.card.is_labelled else None, rule, 0.0)
        for name in names
    )
    shown = _shown(tested[names[0]], methods[0].threshold, test, most_shown)
    originals, answers = _looked_at(model, test, shown)
    rows = np.arange(1, len(test) + 1) if test.rows is None else test.rows.numpy()
    cases = Cases(
        training,
        held_out,
        tested,
        test.labels.numpy(),
        rows.astype(np.int64),
        shown,
        originals,
        answers,
        _windows(model, config, dataset),
    )
    report = Report(
        data=config.data.name,
        normal=tuple(normal),
        is_labelled=dataset.card.is_labelled,
        train_cases=len(train),
        validation_cases=len(validation),
        test_cases=len(test),
        anomalous=int(anomalous.sum()) if dataset.card.is_labelled else 0,
        scores=methods,
        rule=rule.words,
        step=run.status.step,
        weights=weights,
        seconds=time.perf_counter() - started,
    )
    return report, cases


@on_one_core
def measure_baselines(
    config: RunConfig,
    dataset: Dataset,
    *,
    rule: Threshold | None = None,
    names: Sequence[str] = tuple(BASELINES),
    poll: Poll = lambda done, what: None,
) -> tuple[tuple[Method, ...], dict[str, tuple[Scores, Scores]], int]:
    """The same of the other detectors, on the same normal training cases and all test cases.

    Returns how well they do, their scores (of training and test cases) by name, and from how many cases they learned.
    """
    rule = rule or Threshold()
    normal = normal_classes(config)
    train = dataset.train.of_classes(normal)
    train = train.take(min(len(train), config.train_size, MOST_FITTED))
    anomalous = ~np.isin(dataset.test.labels.numpy(), normal)
    given, test = (scaled(split.images, torch.device("cpu")).flatten(1).numpy() for split in (train, dataset.test))
    methods, scores = [], {}
    for index, name in enumerate(names):
        started = time.perf_counter()
        training, tested = fit_and_score(name, given, test, lambda done, what, i=index: poll((i + done) / len(names), what))  # type: ignore[misc]
        seconds = time.perf_counter() - started
        truth = anomalous if dataset.card.is_labelled else None
        methods.append(_method(name, BASELINES[name][0], training, tested, truth, rule, seconds))
        scores[name] = (training, tested)
    return tuple(methods), scores, len(train)


def _method(
    name: str, title: str, training: Floats, test: Floats, anomalous: NDArray[np.bool_] | None, rule: Threshold, seconds: float
) -> Method:
    threshold = rule.of(training)
    if anomalous is None:
        return Method(name, title, None, None, threshold, None, None, None, None, seconds)
    both = areas(test, anomalous)
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


def _windows(model: Autoencoder, config: RunConfig, dataset: Dataset) -> Windows | None:
    """All windows of a long series; None of other data."""
    if whole_series(config.data.name) is None:
        return None
    splits = (dataset.train, dataset.validation, dataset.test)
    starts = np.concatenate([split.rows.numpy() for split in splits if split.rows is not None])
    parts = np.repeat(np.arange(3), [len(split) for split in splits])
    classes = np.concatenate([split.labels.numpy() for split in splits])
    found = [score(model, config, split.images).scores for split in splits]
    order = np.argsort(starts, kind="stable")
    scores = {name: np.concatenate([each[name] for each in found])[order] for name in found[0]}
    return Windows(scores, starts[order], parts[order], classes[order])
