"""``python -m aecore denoise-table``: denoisers of digits against classical ones, on the full test set.

Makes three files: the document, the comparison that the app shows without computing, and the tuned parameters that it uses
when it does compute.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path

import torch

from aecore.comparison import Contest, Network, compare
from aecore.comparison_results import (
    CURVE_LEVELS,
    SHIPPED_PATH,
    Comparison,
    QualityCurve,
    ShippedComparison,
    held_out,
    write_shipped,
)
from aecore.config_sections import NOISE_KINDS
from aecore.data.catalogue import card
from aecore.data.loading import load
from aecore.quality_document import digits_section, provenance, put_section
from aecore.runs import CHECKPOINTS, Run
from aecore.shipped_runs import PLAIN, SHIPPED, shipped_config
from aecore.tuning import TUNED_PATH, Tuned, TunedStore

Noise = tuple[str, float]

TABLE: tuple[Noise, ...] = (
    *(("gaussian", level) for level in (0.1, 0.25, 0.5, 0.75)),
    *(("masking", level) for level in (0.25, 0.5, 0.75)),
    ("patches", 0.25),
    *(("salt-and-pepper", level) for level in (0.25, 0.5)),
)
"""The noises of the table, kind and level."""

_ALSO_TUNED = {"mnist": ("digits",)}  # the digits that come with the app have validation pictures of their own


@dataclass(frozen=True)
class Plan:
    """What to measure. `runs` are folders; `curve_images` are test pictures for levels that are in the curves only;
    `keep_tuned` uses parameters that the app's file has already."""

    data: str
    runs: tuple[Path, ...]
    images: int = 10_000
    tuning_images: int = 200
    curve_images: int = 500
    examples: int = 4
    keep_tuned: bool = False
    app_files: Path = CHECKPOINTS
    table: tuple[Noise, ...] = TABLE
    curve_levels: tuple[float, ...] = CURVE_LEVELS

    @property
    def noises(self) -> tuple[Noise, ...]:
        """All that is measured: the table first, since it takes longest."""
        curves = [(kind, level) for kind in NOISE_KINDS for level in self.curve_levels]
        return (*self.table, *(noise for noise in curves if noise not in self.table))

    @property
    def tuned_path(self) -> Path:
        return self.app_files / TUNED_PATH.name


def shipped_denoisers() -> tuple[Path, ...]:
    """Folders of the runs that come with the app and were trained with noise, and of the same network trained without."""
    return tuple(CHECKPOINTS / name for name in SHIPPED if shipped_config(name).corruption.kind != "none" or name == PLAIN)


def measure(plan: Plan, processes: int, tell: Callable[[int, int], None] = lambda done, of: None) -> ShippedComparison:
    """Everything in the plan, on so many processes; writes the tuned parameters as they come.

    `tell(done, of)` counts noises. Raises what `Network.of`, `Contest` and `load` raise, before anything is measured.
    """
    _contest(plan, plan.data)
    store = TunedStore.read(plan.tuned_path)
    found: dict[Noise, Comparison] = {}
    tell(0, len(plan.noises))
    for comparison, tuned in _results(plan, processes):
        found[comparison.kind, comparison.level] = comparison
        store.add(tuned)
        store.write(plan.tuned_path)
        tell(len(found), len(plan.noises))
    curves = []
    for kind in NOISE_KINDS:
        levels = sorted(level for each, level in found if each == kind)
        curves.append(QualityCurve(plan.data, kind, tuple(replace(found[kind, level], examples={}) for level in levels)))
    return ShippedComparison(tuple(found[noise] for noise in plan.table), tuple(curves), date.today().isoformat())


def write(plan: Plan, result: ShippedComparison, document: Path, command: str, seconds: float) -> None:
    """Put the result into the document and into the file that comes with the app."""
    text = digits_section(card(plan.data).title, result.comparisons, provenance(command, seconds / 60))
    put_section(document, plan.data, text)
    write_shipped(result, plan.app_files / SHIPPED_PATH.name)


def _results(plan: Plan, processes: int) -> Iterator[tuple[Comparison, list[Tuned]]]:
    if processes == 1:
        for noise in plan.noises:
            yield _one_noise(plan, noise)
        return
    # Started afresh rather than forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(processes, get_context("spawn"), _one_thread) as pool:
        try:
            waiting = [pool.submit(_one_noise, plan, noise) for noise in plan.noises]
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _one_thread() -> None:
    torch.set_num_threads(1)


def _end_if_alone(done: float, what: str) -> None:
    """End this process where the one that gave it its work is gone, however that was ended."""
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)


@lru_cache(4)
def _contest(plan: Plan, data: str) -> Contest:
    """The contest of a process on some data, made when it is first needed."""
    networks = _networks(plan) if data == plan.data else []
    store = TunedStore.read(plan.tuned_path) if plan.keep_tuned else TunedStore()
    return Contest(load(data), networks, store, plan.tuning_images)


def _networks(plan: Plan) -> list[Network]:
    networks = []
    for folder in plan.runs:
        run = Run(folder)
        if not run.exists:
            raise FileNotFoundError(f"{folder} holds no run: train it first, or name others with --runs.")
        if not held_out(run.config.data.name, plan.data):
            raise ValueError(
                f"{folder.name} was trained on {card(run.config.data.name).title}, which holds the test pictures of "
                f"{card(plan.data).title}: nothing could be said of pictures that it never saw."
            )
        networks.append(Network.of(run))
    return networks


def _one_noise(plan: Plan, noise: Noise) -> tuple[Comparison, list[Tuned]]:
    """Tune and measure for one noise: the comparison, and all parameters that were used or tuned beside."""
    contest = _contest(plan, plan.data)
    in_table = noise in plan.table
    if not plan.keep_tuned:
        contest.store.entries.clear()  # each search begins anew, so that the order of the noises does not matter
    images, examples = (plan.images, plan.examples) if in_table else (min(plan.images, plan.curve_images), 0)
    comparison = compare(contest, *noise, images=images, examples=examples, poll=_end_if_alone)
    tuned = [entry for entry in contest.store.entries if (entry.kind, entry.level) == noise]
    for other in _ALSO_TUNED.get(plan.data, ()):
        also = _contest(plan, other)
        if not plan.keep_tuned:
            also.store.entries = list(tuned)  # these searches begin where the others ended
        for method in contest.methods:
            entry = also.best_parameters(method, *noise, poll=lambda done: None)
            if entry.images:
                tuned.append(entry)
    return comparison, tuned


def timed(plan: Plan, processes: int, document: Path, command: str, tell: Callable[[int, int], None]) -> ShippedComparison:
    """:func:`measure`, then :func:`write`."""
    began = time.perf_counter()
    result = measure(plan, processes, tell)
    write(plan, result, document, command, time.perf_counter() - began)
    return result
