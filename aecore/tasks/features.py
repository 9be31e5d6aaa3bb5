"""The tasks behind the page of features: probes, maps, and the study of bottlenecks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch

from aecore.bottleneck import measure as measure_bottleneck
from aecore.bottleneck_results import check_amount, data_of, key_of, put_partial
from aecore.config_errors import ConfigError
from aecore.data.downloads import DataUnavailableError
from aecore.data.kept import load_kept
from aecore.feature_maps import feature_maps
from aecore.probe import measure as measure_probe
from aecore.probe import unseen_classes
from aecore.probe_results import keep
from aecore.runs import Run, find_run, runs_root
from aecore.tasks.messages import Arrays, Message, Report, TaskError
from aecore.training import DivergedError

_WRONG = (ConfigError, DataUnavailableError, DivergedError, FileNotFoundError, ValueError)
"""What the work raises with a sentence; damaged weights are a ValueError."""


@contextmanager
def one_thread() -> Iterator[None]:
    """For measurements that take minutes, beside runs that are trained: two threads that wait for each other took ten times
    as long here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def probe(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run` (its token), `case` (“all” or “unseen”), `labels` (0: all), `draws`.

    Result: `json`, the text of a :class:`~aecore.probe_results.Probe`; it is kept with the run, if that is a person's own.
    """
    run = _run(arguments["run"])
    report(0.0, "Getting the pictures")
    try:
        config = run.config
        case = arguments["case"]
        classes = unseen_classes(config) if case == "unseen" else None
        data = config.with_settings({"data.classes": None}).data
        dataset = load_kept(data, lambda what, done: report(0.0, what))
        found = measure_probe(
            run, dataset, classes=classes, labels=arguments["labels"], draws=arguments["draws"], case=case, poll=report
        )
    except _WRONG as error:
        raise TaskError(str(error)) from None
    if run.folder.is_relative_to(runs_root()):
        keep(run, found)
    return {"json": found.to_json()}, []


@one_thread()
def maps(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run` (its token), `method` (“pca” or “tsne”).

    Result: `json`, the text of a :class:`~aecore.feature_maps_results.FeatureMaps`.
    """
    try:
        found = feature_maps(_run(arguments["run"]), arguments["method"], report)
    except _WRONG as error:
        raise TaskError(str(error)) from None
    return {"json": found.to_json()}, []


@one_thread()
def bottleneck(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `data` (its name), `sizes` of codes, `epochs`, `seed`.

    Result: `json`, the text of a :class:`~aecore.bottleneck_results.Bottleneck`; what has been found so far can be read meanwhile
    with :func:`~aecore.bottleneck_results.partial`.
    """
    data, sizes, epochs, seed = (arguments[name] for name in ("data", "sizes", "epochs", "seed"))
    report(0.0, "Getting the pictures")
    try:
        check_amount(data, epochs)
        dataset = load_kept(data_of(data), lambda what, done: report(0.0, what))
        study = measure_bottleneck(dataset, sizes, epochs, seed, report, partial(put_partial, key_of(data, sizes, epochs, seed)))
    except _WRONG as error:
        raise TaskError(str(error)) from None
    return {"json": study.to_json()}, []


def _run(token: str) -> Run:
    run = find_run(token)
    if run is None:
        raise TaskError("This run is gone: choose another one.")
    return run
