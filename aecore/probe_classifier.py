"""The linear classifier of a probe, and the drawing of the labelled images that it learns from.

Multinomial logistic regression with an L2 penalty, scikit-learn's: it makes C·Σ(cross-entropies, nats) + ½·(sum of squared
weights) small, by L-BFGS.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Tick = Callable[[float], None]
"""Told the share done, 0..1, at each step of each fit; what it raises ends the work."""

STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)
"""The values of C that are tried, from a strong penalty to a weak one."""
FEW_STRENGTH = 1e-3
"""C where a class has too few labelled images to hold some out. On MNIST with one or two images a class, of the values above it
was within two points of the best for pixels, codes, and PCA of 10 to 200 components; weak penalties cost up to four. (Tried with
each number at a scale of its own, before :mod:`aecore.probe` gave them a common one.)"""
FOLDS = 3
ONE_SPLIT_FROM = 2_000
"""From so many labelled images on, one sixth of them, held out once, decides on C: folds would take minutes."""

_HELD_OUT = 1 / 6
_PATIENCE = 2  # weaker penalties in a row that do no better, after which none is tried any more
_STEPS = 150
_TOLERANCE = 1e-4  # of the gradient of the mean cross-entropy


def draw(labels: Integers, classes: Sequence[int], count: int, seed: int) -> Integers:
    """Positions of `count` images to be labelled, of each class equally many (one more of some, where it does not go up).

    labels: of all images, (N,), all of `classes`. count: 0 draws all N. Fewer images drawn with the same seed are part of more,
    as long as there is one of each class. Raises ValueError for fewer images than classes, and for more than there are.
    """
    if not count:
        return np.arange(len(labels))
    if count < len(classes):
        raise ValueError(f"{count:,} labels are too few for {len(classes)} classes: ask for {len(classes)} at least.")
    rng = np.random.default_rng(seed)
    more = rng.permutation(len(classes))[: count % len(classes)]
    drawn = []
    for index, each in enumerate(classes):
        those = rng.permutation(np.flatnonzero(labels == each))
        wanted = count // len(classes) + int(index in more)
        if wanted > len(those):
            raise ValueError(
                f"There are only {len(those):,} training images of class {each}, and {wanted:,} would have to be labelled: "
                f"ask for {len(those) * len(classes):,} labels at most, or for all ({len(labels):,})."
            )
        drawn.append(those[:wanted])
    return np.concatenate(drawn)


def learn(numbers: Floats, labels: Integers, tick: Tick = lambda done: None) -> Any:
    """The classifier, scikit-learn's, learned from scaled numbers (N, D) and their labels (N,), at least two classes.

    C is the one of :data:`STRENGTHS` that does best on images held out from these N: in :data:`FOLDS` stratified folds, or in one
    split from :data:`ONE_SPLIT_FROM` images on; with fewer than three images of a class it is :data:`FEW_STRENGTH`. Of several
    that name equally many right, that with the greatest likelihood of the labels. Each fit begins where that with the stronger
    penalty ended.
    """
    if np.unique(labels, return_counts=True)[1].min() < FOLDS:
        return _fit(_model(FEW_STRENGTH), numbers, labels, tick)
    splits = _splits(labels)
    fits = len(STRENGTHS) * len(splits) + 1
    models = [_model(STRENGTHS[0]) for _ in splits]
    scores: list[tuple[float, float]] = []
    for strength in STRENGTHS:
        score = np.zeros(2)
        for (kept, held_out), model in zip(splits, models, strict=True):
            before = len(scores) * len(splits) + models.index(model)
            model.set_params(C=strength)
            _fit(model, numbers[kept], labels[kept], lambda done, before=before: tick((before + done) / fits))  # type: ignore[misc]
            score += _score(model, numbers[held_out], labels[held_out])
        scores.append((float(score[0]), float(score[1])))
        if len(scores) > _PATIENCE and max(scores[-_PATIENCE:]) < max(scores):
            break
    final = models[0].set_params(C=STRENGTHS[scores.index(max(scores))])
    return _fit(final, numbers, labels, lambda done: tick((fits - 1 + done) / fits))


def _splits(labels: Integers) -> list[tuple[Integers, Integers]]:
    """Positions of images to learn from, and of those held out."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    if len(labels) >= ONE_SPLIT_FROM:
        kept, held_out = train_test_split(np.arange(len(labels)), test_size=_HELD_OUT, random_state=0, stratify=labels)
        return [(kept, held_out)]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return list(folds.split(np.zeros(len(labels)), labels))


def _score(model: Any, numbers: Floats, labels: Integers) -> tuple[int, float]:
    """How many labels the model names, and the log-likelihood of all, nats."""
    likely = model.predict_proba(numbers)
    right = np.searchsorted(model.classes_, labels)
    return int((likely.argmax(axis=1) == right).sum()), float(np.log(likely[np.arange(len(labels)), right] + 1e-12).sum())


def _model(strength: float) -> Any:
    # Only now: scikit-learn takes seconds to import.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=_STEPS, warm_start=True)


def _fit(model: Any, numbers: Floats, labels: Integers, tick: Tick) -> Any:
    from sklearn.exceptions import ConvergenceWarning

    model.set_callbacks(_EachStep(tick))
    with warnings.catch_warnings():
        # Weak penalties need more steps than this on many images; what they would still change is not seen in the accuracy.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(numbers, labels)
    tick(1.0)
    return model


class _EachStep:
    """scikit-learn's fit callback (its `FitCallback`): tells the share done at the end of each step."""

    def __init__(self, tick: Tick) -> None:
        self._tick, self._step = tick, 0

    def setup(self, estimator: object, context: object) -> None:
        pass

    def teardown(self, estimator: object, context: object) -> None:
        pass

    def on_fit_task_begin(self, estimator: object, context: object) -> None:
        pass

    def on_fit_task_end(self, estimator: object, context: object) -> bool:
        """Whether to stop: never, what the caller's tick raises does."""
        self._tick(min(1.0, self._step / _STEPS))
        self._step += 1
        return False
