"""The test numbers of a run that was brought back, measured here with the weights that came."""

from __future__ import annotations

from collections.abc import Callable

from aecore.checkpoint import load_model
from aecore.data.kept import load_kept
from aecore.data.loading import Dataset
from aecore.evaluation import accuracy, evaluate
from aecore.exchange.brought import Brought, keep_measured
from aecore.runs import Run
from aecore.training import pick_device


def measure_brought(run: Run, poll: Callable[[float, str], None], dataset: Dataset | None = None) -> Brought:
    """Measure as at the end of a training, and keep it with the run. With one thread, as workers have: sums depend on that.

    Raises DataUnavailableError where there is no data, and what :func:`~aecore.checkpoint.load_model` raises.
    """
    config = run.config
    model = load_model(run, pick_device())
    test = (dataset or load_kept(config.data, lambda what, done: poll(0.0, what))).test
    numbers = evaluate(model, config, test, lambda done: poll(done, f"Measuring on {len(test):,} test examples"))
    if config.stages[-1].kind in ("softmax", "labels"):
        numbers |= {"accuracy": accuracy(model, test)}
    return keep_measured(run, numbers, len(test))
