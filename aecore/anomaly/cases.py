"""Which cases a detector is measured on."""

from __future__ import annotations

from aecore.config import RunConfig
from aecore.data.loading import Dataset, Split
from aecore.data.own_series import holds_all_rows


def normal_classes(config: RunConfig) -> tuple[int, ...]:
    """The classes that count as normal: those that the run learned from, or where it learned from all, those of its card."""
    card = config.card
    if not card.is_labelled:
        return (0,)
    return config.data.classes or card.normal


def held_back_cases(config: RunConfig, dataset: Dataset) -> Split:
    """All test cases; of a file with a series a row, also the anomalous rows of the other parts, which were not learned from."""
    test = dataset.test
    if config.data.classes is None or not holds_all_rows(config.data.name):
        return test
    rest = (split.but_classes(config.data.classes) for split in (dataset.train, dataset.validation))
    return test.joined(*rest)
