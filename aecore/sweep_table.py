"""What a sweep measured, put together: mean and spread over seeds, and which differences are larger than the spread. No torch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scipy.special import stdtrit

from aecore.disentangle_numbers import TITLES, DisentangleNumbers, kept
from aecore.metrics_log import MetricsReader
from aecore.moments import COLLAPSED_KL, moments_path
from aecore.runs import Run
from aecore.sweep_colours import arm_colours
from aecore.sweep_config import Arm, SweepConfig
from aecore.sweep_unfinished import Unfinished, no_run
from aecore.sweeps import Sweep

LEAST_KNOWN = 0.1
"""The share of a factor's entropy below which no code number counts as carrying it."""
LEVEL = 0.95
_JUDGED = tuple(name for name in TITLES if name != "udr")

RULE = (
    "★ best marks the highest mean of a column, only where it is above that of every other row beyond the spread: by Welch's "
    "t-test over the seeds (two-sided, 5 %); where a row has one seed, or its seeds agree exactly, only where the runs' own 95 % "
    "intervals do not overlap. Those intervals tell how sure the measurement of one run is, and nothing of other seeds. "
    "Each column is tested by itself: of many columns, one or another can be beyond the spread by chance. "
    "Reconstruction, KL and the numbers in use are described, not judged. UDR is not judged either: it compares the seeds of a "
    "row with each other, so its values are no independent draws."
)


@dataclass(frozen=True)
class Measured:
    """One finished run. `test`: its numbers on test pictures. `kl`: of each code number, nats, in the last row of its moments."""

    arm: Arm
    seed: int
    run: Run
    test: Mapping[str, float]
    kl: tuple[float, ...]
    numbers: DisentangleNumbers | None

    @property
    def order(self) -> tuple[int, ...]:
        """The code numbers, counted from 0, those of highest KL first."""
        return tuple(sorted(range(len(self.kl)), key=lambda code: -self.kl[code]))


@dataclass(frozen=True)
class Column:
    """One thing that was measured of every run. `judged`: whether more is better, and a best can be marked."""

    name: str
    title: str
    decimals: int
    judged: bool


DESCRIBED = (
    Column("reconstruction", "Reconstruction", 2, False),
    Column("kl", "KL (nats)", 2, False),
    Column("used", "Numbers in use", 1, False),
)
COLUMNS = (*DESCRIBED, *(Column(name, title, 3, name in _JUDGED) for name, title in TITLES.items()))


@dataclass(frozen=True)
class Cell:
    """The values of an arm's runs, with each one's own 95 % interval where it has one."""

    values: tuple[float, ...]
    intervals: tuple[tuple[float, float] | None, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        """The standard deviation over seeds (n − 1 in the denominator); NaN of a single one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else math.nan

    def text(self, decimals: int) -> str:
        """“0.213 ± 0.020”; of a single seed “0.213 (0.200 to 0.226)” with its own interval, or the value alone."""
        mean = f"{self.mean:.{decimals}f}"
        if len(self.values) > 1:
            return f"{mean} ± {self.deviation:.{decimals}f}"
        interval = self.intervals[0]
        return mean if interval is None else f"{mean} ({interval[0]:.{decimals}f} to {interval[1]:.{decimals}f})"


@dataclass(frozen=True)
class Row:
    """An arm: the seeds of its finished runs, and a cell for each column that all of these have a value in."""

    arm: Arm
    seeds: tuple[int, ...]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """Rows for the arms with finished runs, in the sweep's order; `best` names the arm that is marked in a column.

    `empty`: the arms without any finished run, each with a sentence that says so.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    best: Mapping[str, Arm] = field(default_factory=dict)
    empty: Mapping[Arm, str] = field(default_factory=dict)

    @property
    def unmarked(self) -> tuple[Column, ...]:
        """The columns in which several arms could be compared, and none is best beyond the spread."""
        return tuple(
            column
            for column in self.columns
            if column.judged and column.name not in self.best and sum(column.name in row.cells for row in self.rows) > 1
        )


@dataclass(frozen=True)
class Carrier:
    """The code number, counted from 0, that knows most of a factor: the share `known` (0..1) of the factor's entropy.

    `carried`: whether that is :data:`LEAST_KNOWN` or more. `also`: the other factors that the same number carries.
    """

    factor: str
    code: int
    known: float
    also: tuple[str, ...]

    @property
    def carried(self) -> bool:
        return self.known >= LEAST_KNOWN


@dataclass(frozen=True)
class Results:
    """All that is said of a sweep: its name, its configuration, its finished runs in the order of its arms, and the others."""

    name: str
    config: SweepConfig
    runs: tuple[Measured, ...]
    unfinished: tuple[Unfinished, ...] = ()

    @property
    def unit(self) -> str:
        """Of the reconstruction: a sum over pixels. Only a cross-entropy is in nats."""
        return self.config.base.objective.unit

    @property
    def table(self) -> Table:
        """The table of these runs."""
        return table_of(self.runs, unit=self.unit, unfinished=self.unfinished)

    @property
    def colours(self) -> dict[Arm, str]:
        """Of all arms, those without finished runs too: an arm keeps its colour."""
        return arm_colours(self.config.arms)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that some run has finished with, ascending."""
        return tuple(sorted({run.seed for run in self.runs}))

    def of_seed(self, seed: int) -> tuple[Measured, ...]:
        """The finished runs of a seed, in the order of the arms."""
        return tuple(run for run in self.runs if run.seed == seed)


def results_of(sweep: Sweep) -> Results:
    """What is kept of a sweep. Reads files. Raises ConfigError where the sweep cannot be read."""
    runs, unfinished = [], []
    for member in sweep.members:
        arm, seed, run, status = member.arm, member.seed, member.run, member.run.status
        if status.state == "finished":
            runs.append(Measured(arm, seed, run, status.test or {}, _last_kl(run), kept(run)))
        else:
            unfinished.append(Unfinished(arm, seed, status.state, status.reason, status.step, status.steps))
    return Results(sweep.about.name or "Sweep", sweep.config, tuple(runs), tuple(unfinished))


def table_of(runs: Sequence[Measured], *, unit: str = "nats", unfinished: Sequence[Unfinished] = ()) -> Table:
    """The table of a sweep's finished runs. An arm lacks a cell until all its finished runs have the value.

    unit: of the reconstruction, in the title of its column. unfinished: the other runs, for arms that have no finished one.
    """
    arms = list(dict.fromkeys(run.arm for run in runs))
    rows = tuple(_row(arm, [run for run in runs if run.arm == arm]) for arm in arms)
    columns = tuple(
        replace(column, title=f"{column.title} ({unit})") if column.name == "reconstruction" else column
        for column in COLUMNS
        if any(column.name in row.cells for row in rows)
    )
    best = {column.name: arm for column in columns if column.judged and (arm := best_arm(rows, column.name)) is not None}
    missing = list(dict.fromkeys(run.arm for run in unfinished if run.arm not in arms))
    return Table(columns, rows, best, {arm: no_run([run for run in unfinished if run.arm == arm]) for arm in missing})


def best_arm(rows: Sequence[Row], column: str) -> Arm | None:
    """The arm of highest mean, if it is above every other beyond the spread; None where not, or where a row has no value yet."""
    if len(rows) < 2 or any(column not in row.cells for row in rows):
        return None
    top = max(rows, key=lambda row: row.cells[column].mean)
    others = [row for row in rows if row is not top]
    return top.arm if all(above(top.cells[column], row.cells[column]) for row in others) else None


def above(one: Cell, other: Cell) -> bool:
    """Whether the mean of one is larger than the other's beyond the spread.

    Two values or more of each: Welch's t-test, two-sided at 5 %: the 95 % interval of the difference of the means lies above 0
    (Welch 1947, Biometrika 34, with his degrees of freedom). One value of either, or no spread at all in both: whether all
    intervals of the one's own runs lie above all of the other's; without intervals nothing can be said, and it is False.
    """
    difference = one.mean - other.mean
    if len(one.values) > 1 and len(other.values) > 1:
        variances = [cell.deviation**2 / len(cell.values) for cell in (one, other)]
        error = math.sqrt(sum(variances))
        if error > 1e-12:
            shares = [(each / error**2) ** 2 / (len(cell.values) - 1) for each, cell in zip(variances, (one, other), strict=True)]
            return difference > float(stdtrit(1 / sum(shares), (1 + LEVEL) / 2)) * error
    lows = [interval[0] if interval else math.nan for interval in one.intervals]
    highs = [interval[1] if interval else math.nan for interval in other.intervals]
    return difference > 0 and all(low > high for low in lows for high in highs)


def carriers(numbers: DisentangleNumbers) -> tuple[Carrier, ...]:
    """Which code number carries each factor, by the measured mutual information."""
    pairs = [
        (name, code, numbers.known(code, factor))
        for factor, (name, code) in enumerate(zip(numbers.factors, numbers.carriers, strict=True))
    ]
    return tuple(
        Carrier(
            name,
            code,
            known,
            tuple(
                other
                for other, same, its in pairs
                if other != name and same == code and min(its, known) >= LEAST_KNOWN  # both are carried
            ),
        )
        for name, code, known in pairs
    )


def _row(arm: Arm, runs: Sequence[Measured]) -> Row:
    cells = {}
    for column in COLUMNS:
        found = [_value(run, column.name) for run in runs]
        known = [value for value in found if value is not None]
        if len(known) == len(runs):
            cells[column.name] = Cell(tuple(value for value, _ in known), tuple(interval for _, interval in known))
    return Row(arm, tuple(run.seed for run in runs), cells)


def _value(run: Measured, name: str) -> tuple[float, tuple[float, float] | None] | None:
    if name == "used":
        return (float(sum(kl >= COLLAPSED_KL for kl in run.kl)), None) if run.kl else None
    if name in ("reconstruction", "kl"):
        return (run.test[name], None) if name in run.test else None
    number = run.numbers.numbers.get(name) if run.numbers is not None else None
    if number is None:
        return None
    return number.value, None if number.low is None or number.high is None else (number.low, number.high)


def _last_kl(run: Run) -> tuple[float, ...]:
    """The last KL of each code number; empty where there is none, or where one of them is missing."""
    reader = MetricsReader(moments_path(run))
    reader.read()
    for row in reversed(reader.rows):
        values = [value for column, value in zip(reader.columns, row, strict=True) if column.startswith("kl_")]
        known = [value for value in values if value is not None]
        if known and len(known) == len(values):
            return tuple(known)
    return ()
