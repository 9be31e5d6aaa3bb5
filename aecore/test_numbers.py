"""The test numbers of a run: what each is called, what it means, and when those of two runs may be compared."""

from __future__ import annotations

from dataclasses import dataclass

from aecore.config import RunConfig


@dataclass(frozen=True)
class Measured:
    """One number: its title and explanation; `example` stands for “pixel” or “time step” in them."""

    title: str
    explanation: str
    lower_is_better: bool | None = True  # None where neither is


TEST_NUMBERS: dict[str, Measured] = {
    "mse": Measured("Squared error per {example}", "Mean of ({example} − reconstruction)², in the scale of 0 to 1."),
    "mae": Measured("Absolute error per {example}", "Mean of |{example} − reconstruction|, in the scale of 0 to 1."),
    "bce": Measured("Cross-entropy per pixel", "Binary cross-entropy in nats."),
    "accuracy": Measured(
        "Accuracy",
        "Share of the pictures whose class the classifier on the code names, after fine-tuning with labels.",
        lower_is_better=False,
    ),
    "neg_elbo": Measured("−ELBO", "Nats a picture: reconstruction + KL, an upper bound of −log p(x)."),
    "kl": Measured("KL", "Nats a picture, summed over the numbers of the code.", lower_is_better=None),
    "mse_clean_input": Measured(
        "…from clean input", "Squared error per pixel when the network is given the picture without noise."
    ),
}
"""By the name that :func:`aecore.evaluation.evaluate` gives it, in the order in which they are shown."""


def title_of(name: str, config: RunConfig) -> str:
    """What a number is called for this run's data."""
    return TEST_NUMBERS[name].title.format(example=_example(config))


def explanation_of(name: str, config: RunConfig) -> str:
    return TEST_NUMBERS[name].explanation.format(example=_example(config))


def _example(config: RunConfig) -> str:
    return "time step" if config.card.is_sequence else "pixel"


def may_be_compared(one: RunConfig, other: RunConfig) -> bool:
    """Whether test numbers of two runs were measured on the same examples, with the same noise on them."""
    same_examples = (one.data.name, one.data.resolution, one.data.factor_steps, one.data.classes) == (
        other.data.name,
        other.data.resolution,
        other.data.factor_steps,
        other.data.classes,
    )
    return same_examples and one.corruption == other.corruption
