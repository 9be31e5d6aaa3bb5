"""Measure how disentangled the codes of a run are: see :class:`~aecore.disentangle_numbers.DisentangleNumbers`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby

import numpy as np
import numpy.typing as npt
import torch

from aecore.checkpoint import load_model
from aecore.code_table import BATCH, CodeTable
from aecore.config import RunConfig
from aecore.data.kept import load_kept
from aecore.data.loading import Split
from aecore.data.shape_grid import Grid
from aecore.disentangle_numbers import GROUPS, TEST_POINTS, TITLES, TRAIN_POINTS, UDR, DisentangleNumbers, Number, keep, kept
from aecore.latent_numbers import digest
from aecore.metrics.disentanglement import (
    Interval,
    beta_vae_score,
    dci,
    factor_vae_score,
    mig,
    modularity_explicitness,
    sap,
    udr,
)
from aecore.metrics.latent import kl_per_dimension
from aecore.model import Autoencoder
from aecore.runs import Run
from aecore.sweeps import Member, Sweep
from aecore.training import scaled

Floats = npt.NDArray[np.float64]

Poll = Callable[[float, str], None]
"""Told the share done (0..1) and what is being done, several times a second; what it raises ends the work."""

UDR_POINTS = 1_000
"""Test pictures on which the codes of runs of different seeds are compared."""

_COST = {"mig": 2.0, "sap": 2.0, "modularity_explicitness": 6.0, "beta_vae": 12.0, "factor_vae": 6.0, "dci": 70.0}
"""Roughly what share of the time each group takes: for the progress bar alone."""


def silent(done: float, what: str) -> None:
    """Progress that nobody asked for."""


def measure(
    run: Run,
    groups: tuple[str, ...],
    *,
    train_points: int = TRAIN_POINTS,
    test_points: int = TEST_POINTS,
    random_state: int = 0,
    poll: Poll = silent,
    found: Callable[[DisentangleNumbers], None] = lambda numbers: None,
) -> DisentangleNumbers:
    """Measure those of the named groups (of :data:`~aecore.disentangle_numbers.GROUPS`) that the run's folder does not keep yet.

    Pictures are drawn uniformly from the factors that the run was trained with. `found` is told the numbers after each group.
    The same at every call. Raises what :func:`~aecore.checkpoint.load_model` does, ValueError for data whose factors are not
    known, for a name that is no group, and for codes that are not finite.
    """
    config = run.config
    _check(groups, config)
    before = kept(run)
    numbers = before if before is not None and before.factors and before.train_points == train_points else None
    wanted = groups if numbers is None else numbers.missing(groups)
    if numbers is not None and not wanted:
        return numbers
    measuring = _Measuring(run, config, (train_points, test_points), random_state)
    if numbers is None:
        numbers = measuring.empty(run, before, poll)
    total = sum(_COST[name] for name in wanted) or 1.0
    done = reached = 0.0
    for name in wanted:
        share = _COST[name] / total
        started = time.perf_counter()
        title = next(group.title for group in GROUPS if group.name == name)

        def tell(inner: float, what: str, done: float = done, share: float = share, title: str = title) -> None:
            nonlocal reached
            reached = max(reached, done + share * inner)
            poll(reached, title)

        for number, value in measuring.group(name, tell).items():
            numbers = numbers.with_number(number, value)
        seconds = numbers.seconds | {name: time.perf_counter() - started}
        numbers = measuring.with_details(numbers, seconds)
        found(numbers)
        done += share
    return numbers


def _check(groups: tuple[str, ...], config: RunConfig) -> None:
    """ValueError with a sentence for groups that do not exist or cannot be measured on this data."""
    known = {group.name for group in GROUPS}
    if wrong := [name for name in groups if name not in known]:
        raise ValueError(f"There is no metric called {', '.join(wrong)}. There are: {', '.join(known | {UDR.name})}.")
    if not config.card.factor_names:
        ruled_out = ", ".join(TITLES[name] for group in GROUPS for name in group.numbers)
        raise ValueError(
            f"No factors are known of {config.card.title}: {ruled_out} compare codes with factors and cannot be measured. UDR, "
            "which compares seeds, can."
        )


def measure_sweep(sweep: Sweep, groups: tuple[str, ...], *, poll: Poll = silent) -> None:
    """Measure every finished run of a sweep that lacks some of the groups (those of GROUPS, and UDR), writing as it goes.

    A run that cannot be measured stops no other one; only its arm has no UDR. Raises ValueError at the end, naming such runs
    and what is wrong with each, and at once for groups that do not exist or cannot be measured on this data.
    """
    finished = sweep.finished
    single = tuple(name for name in groups if name != UDR.name)
    if single:
        _check(single, sweep.config.base)
    wrong: dict[str, str] = {}
    for index, member in enumerate(finished):
        words = _words(member)

        def tell(done: float, what: str, index: int = index, words: str = words) -> None:
            poll((index + done) / len(finished), f"{words}: {what}")

        if single:
            try:
                measure(member.run, single, poll=tell, found=partial(keep, member.run))
            except (ValueError, FileNotFoundError) as error:
                wrong[words] = str(error)
    if UDR.name in groups:
        for arm, members in groupby(finished, key=lambda member: member.arm):
            poll(1.0, f"{arm.title}: {UDR.title}")
            wrong |= _measure_udr(list(members))
    if wrong:
        reasons = " ".join(f"{words}: {reason}" for words, reason in wrong.items())
        raise ValueError(f"{len(wrong)} of {len(finished)} runs could not be measured. {reasons}")


def _words(member: Member) -> str:
    return f"{member.arm.title}, seed {member.seed}"


class _Measuring:
    """One run's network with the pictures that it is measured on."""

    def __init__(self, run: Run, config: RunConfig, points: tuple[int, int], random_state: int) -> None:
        self._grid = Grid(config.data.factor_steps)
        self._names = tuple(config.card.factor_names[k] for k in self._grid.varying)
        self._random_state = random_state
        self._tell: Callable[[], None] = lambda: None
        self._table = CodeTable(load_model(run), self._grid, config.card.height, lambda: self._tell())
        rng = np.random.default_rng(random_state)
        self._factors = [self._table.sample_factors(count, rng) for count in points]
        self._points = points
        self._importance: tuple[tuple[float, ...], ...] | None = None

    def _parts(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Codes and factors to learn from, codes and factors to be tested on."""
        train, test = self._factors
        return self._codes(train), train, self._codes(test), test

    def _codes(self, factors: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return self._table.encode(self._table.draw(factors))

    def empty(self, run: Run, before: DisentangleNumbers | None, poll: Poll) -> DisentangleNumbers:
        """What all numbers stand beside: the mutual information of codes and factors. Of `before` stays what needs no factors."""
        self._tell = lambda: poll(0.0, "Encoding pictures")
        found = mig(self._codes(self._factors[0]), self._factors[0], bootstrap=0)
        return DisentangleNumbers(
            factors=self._names,
            mutual_information=found.mutual_information,
            entropies=found.entropies,
            train_points=self._points[0],
            test_points=self._points[1],
            weights=digest(run.model_path.read_bytes()),
            numbers={} if before is None else {name: value for name, value in before.numbers.items() if name in UDR.numbers},
        )

    def group(self, name: str, poll: Poll) -> Mapping[str, Number | None]:
        """The numbers of one group, None for those that have no value here."""
        self._tell = lambda: poll(0.0, "")  # the table knows that it encodes, not how far the metric is that asks it to
        seed = self._random_state
        match name:
            case "mig":
                gap = mig(self._codes(self._factors[0]), self._factors[0], random_state=seed)
                return {"mig": _number(gap.score, gap.interval)}
            case "sap":
                separated = sap(*self._parts(), random_state=seed)
                return {"sap": _number(separated.score, separated.interval)}
            case "modularity_explicitness":
                both = modularity_explicitness(*self._parts(), random_state=seed, poll=poll)
                return {
                    "modularity": _number(both.modularity, both.modularity_interval),
                    "explicitness": _number(both.explicitness, both.explicitness_interval),
                }
            case "beta_vae":
                told = beta_vae_score(
                    self._table.encode, self._table, seed, train=self._points[0], test=self._points[1], poll=poll
                )
                return {"beta_vae": _number(told.score, told.interval)}
            case "factor_vae":
                voted = factor_vae_score(
                    self._table.encode, self._table, seed, train=self._points[0], test=self._points[1], poll=poll
                )
                return {"factor_vae": _number(voted.score, voted.interval)}
            case _:
                trees = dci(*self._parts(), random_state=seed, poll=poll)
                self._importance = trees.importance
                return {
                    "disentanglement": _number(trees.disentanglement, trees.disentanglement_interval),
                    "completeness": _number(trees.completeness, trees.completeness_interval),
                    "informativeness": _number(trees.informativeness, trees.informativeness_interval),
                }

    def with_details(self, numbers: DisentangleNumbers, seconds: dict[str, float]) -> DisentangleNumbers:
        """With what was found beside the numbers."""
        return replace(numbers, seconds=seconds, importance=self._importance or numbers.importance)


def _number(value: float, interval: Interval | None) -> Number | None:
    if math.isnan(value):
        return None
    return Number(value) if interval is None else Number(value, interval.low, interval.high, interval.method)


def _measure_udr(members: list[Member]) -> dict[str, str]:
    """UDR of the runs of one arm, which differ in their seed alone; nothing where there is only one.

    Returns what is wrong with each run that has no code to compare; the arm is then not measured.
    """
    if len(members) < 2 or all(_has_udr(member.run) for member in members):
        return {}
    config = members[0].run.config
    test = load_kept(config.data).test.take(min(UDR_POINTS, _different_test_pictures(config)))
    codes, kls = [], []
    wrong: dict[str, str] = {}
    for member in members:
        try:
            mean, kl = _codes_and_kl(load_model(member.run), test)
        except (ValueError, FileNotFoundError) as error:
            wrong[_words(member)] = str(error)
        else:
            codes.append(mean)
            kls.append(kl)
    if wrong:
        return wrong
    result = udr(codes, kls)
    for index, member in enumerate(members):
        interval = None if result.intervals is None else result.intervals[index]
        numbers = kept(member.run) or _without_factors(member.run)
        keep(member.run, numbers.with_number("udr", _number(result.scores[index], interval)))
    return {}


def _different_test_pictures(config: RunConfig) -> int:
    card = config.card
    if not card.factor_names:
        return card.test
    return Grid(config.data.factor_steps).split_sizes(card.train, card.validation, card.test)[2]


def _has_udr(run: Run) -> bool:
    numbers = kept(run)
    return numbers is not None and not numbers.missing((UDR.name,))


def _without_factors(run: Run) -> DisentangleNumbers:
    return DisentangleNumbers((), (), (), 0, 0, digest(run.model_path.read_bytes()))


@torch.no_grad()
def _codes_and_kl(model: Autoencoder, split: Split) -> tuple[Floats, Floats]:
    """Posterior means (N, D), and the KL of each code number (D,), nats. ValueError where they are not finite."""
    parts = (split.images[start : start + BATCH] for start in range(0, len(split), BATCH))
    encodings = [model.encode(scaled(part, torch.device("cpu"))) for part in parts]
    mean = torch.cat([encoding.mean for encoding in encodings]).double()
    log_variance = torch.cat([encoding.log_variance for encoding in encodings if encoding.log_variance is not None]).double()
    kl = kl_per_dimension(mean, log_variance)
    if not (mean.isfinite().all() and kl.isfinite().all()):
        raise ValueError("Its codes are not finite, as when training has diverged: train again with a smaller learning rate.")
    return mean.numpy(), kl.numpy()
