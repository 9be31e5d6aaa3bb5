"""What a sweep shows, in sentences that only say what was measured and whether it is beyond the spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aecore.data.shape_grid import Grid
from aecore.moments import COLLAPSED_KL
from aecore.sweep_config import NAMES, SYMBOLS, Arm
from aecore.sweep_table import Column, Results, Row, Table, above
from aecore.sweep_unfinished import Unfinished

SPREAD = (
    "Beyond the spread: a difference as large as this would come up in fewer than 1 of 20 sweeps if the two values were alike "
    "and only the seeds differed. Within the spread: these seeds cannot tell it from chance, which does not show that the "
    "values are alike. So many differences are looked at that some can be beyond the spread by chance alone."
)
"""What the word means on which every finding hangs; the test itself is in :data:`~aecore.sweep_table.RULE`."""

_SHORT = {"kl": "KL", "mig": "MIG", "sap": "SAP", "disentanglement": "DCI disentanglement"}
"""What is said of every value; of other metrics only which way they go."""


@dataclass(frozen=True)
class Finding:
    """Sentences under a heading that says what is compared. Plain text."""

    heading: str
    sentences: tuple[str, ...]


def findings(table: Table) -> tuple[Finding, ...]:
    """For each objective with several values: each value against its lowest, and where the first metric is highest.

    Of the highest value all columns, of those between one sentence each. The lowest was chosen before anything was measured,
    so that each test of :func:`~aecore.sweep_table.above` is fair; the highest mean has to be above all other values. Empty
    where nothing can be compared.
    """
    found = []
    for objective in dict.fromkeys(row.arm.objective for row in table.rows):
        rows = [row for row in table.rows if row.arm.objective == objective]
        if len(rows) < 2:
            continue
        between = (_between(table, rows[0], row) for row in rows[1:-1])
        sentences = (*_ends(table, rows[0], rows[-1]), *(each for each in between if each), *_top(table, rows))
        if sentences:
            values = f"from {SYMBOLS[objective]} = {rows[0].arm.value:g} to {rows[-1].arm.value:g}"
            found.append(Finding(f"{NAMES[objective]}, {values} ({_seeds(rows[0], rows[-1])})", sentences))
    return tuple(found)


def described(results: Results) -> str:
    """What the columns that are not metrics are, and in which unit."""
    return (
        "Mean ± standard deviation over seeds; of a single seed, its own 95 % interval in brackets. Reconstruction "
        f"({results.unit}) and KL (nats): sums over pixels and code numbers, means over test pictures. Numbers in use: KL of "
        f"{COLLAPSED_KL:g} nats or more, validation pictures."
    )


def not_compared(results: Results) -> tuple[str, ...]:
    """The runs that did not come to their end, one phrase for those of an arm that ended alike; those in training in one."""
    over = [run for run in results.unfinished if not run.active]
    alike = dict.fromkeys((run.arm, run.words) for run in over)
    phrases = [f"{arm.title}, {_seeds_of(over, arm, words)}: {words}" for arm, words in alike]
    if active := len(results.unfinished) - len(over):
        phrases.append(f"{active} run{'s are' if active > 1 else ' is'} in training or waiting")
    return tuple(phrases)


def points(results: Results) -> str:
    """From how many pictures the metrics learned, on how many they were tested, and how many different ones these can be."""
    found = next((run.numbers for run in results.runs if run.numbers is not None and run.numbers.factors), None)
    if found is None:
        return ""
    size = Grid(results.config.base.data.factor_steps).size
    shared = round(100 * (1 - (1 - 1 / size) ** found.train_points))  # both are drawn with replacement
    drawn = f"drawn from {size:,} different pictures"
    if size < found.train_points + found.test_points:
        drawn += f", so learning and test pictures are often the same (about {shared} % of the test pictures)"
    elif shared:
        drawn += f", so about {shared} % of the test pictures are among those learned from"
    return (
        f"Metrics that compare with factors: learned from {found.train_points:,} and tested on {found.test_points:,} pictures, "
        f"{drawn}. Mean codes, settings of Locatello et al. (2019), arXiv:1811.12359."
    )


def nothing_marked(table: Table) -> str:
    """A sentence on the columns in which no arm is best beyond the spread; "" where there are none."""
    if not table.unmarked:
        return ""
    if not table.best:
        return "No row is above all others beyond the spread in any column, so nothing is marked."
    return f"Nothing is marked where no row is above all others beyond the spread: {', '.join(c.title for c in table.unmarked)}."


def _ends(table: Table, first: Row, last: Row) -> tuple[str, ...]:
    both = [column for column in table.columns if column.name in first.cells and column.name in last.cells]
    changes = [_change(column, first, last, beyond=True) for column in both if column.name in ("reconstruction", "kl")]
    limit = _limit(first, last)
    sentences = [f"{_list(changes)}."] if changes else []
    for word, wanted in ((f"Higher beyond {limit}", 1), (f"Lower beyond {limit}", -1), (f"Within {limit}", 0)):
        these = [_change(column, first, last) for column in both if column.judged and _direction(first, last, column) == wanted]
        if these:
            sentences.append(f"{word}: {_list(these)}.")
    return tuple(sentences)


def _between(table: Table, first: Row, row: Row) -> str:
    """A value against the lowest: how KL and the best-known metrics change, and which of the others do."""
    both = [column for column in table.columns if column.name in first.cells and column.name in row.cells]
    shown = [column for column in both if column.name in _SHORT]
    kl = [column for column in shown if not column.judged]
    parts = [f"KL {_short(kl[0], first, row)}, one seed" if _single(first, row) else _grouped(kl, first, row)] if kl else []
    parts.append(_grouped([column for column in shown if column.judged], first, row))
    others = [column for column in both if column.judged and column.name not in _SHORT]
    changed = []
    for direction, word in ((1, "higher"), (-1, "lower")):
        if these := [column.title for column in others if _direction(first, row, column) == direction]:
            changed.append(f"{_list(these)} {word}")
    same = sum(_direction(first, row, column) == 0 for column in others)
    rest = [f"{same} {'other' if same == 1 else 'others'} within"] if changed and same else []
    if others:
        parts.append(", ".join(changed + rest) or f"{'all ' if same > 1 else ''}{same} other{'s' if same > 1 else ''} within")
    text = "; ".join(part for part in parts if part)
    return f"{SYMBOLS[row.arm.objective]} = {row.arm.value:g} against {first.arm.value:g}: {text}." if text else ""


def _grouped(columns: Sequence[Column], first: Row, row: Row) -> str:
    """“MIG 0.1 → 0.3 higher beyond the spread; SAP 0.1 → 0.2 within the spread”."""
    limit = _limit(first, row)
    parts = []
    for direction, word in ((1, f"higher beyond {limit}"), (-1, f"lower beyond {limit}"), (0, f"within {limit}")):
        these = [f"{_SHORT[c.name]} {_short(c, first, row)}" for c in columns if _direction(first, row, c) == direction]
        if these:
            parts.append(f"{_list(these)} {word}")
    return "; ".join(parts)


def _short(column: Column, first: Row, row: Row) -> str:
    one, other = first.cells[column.name].mean, row.cells[column.name].mean
    return f"{one:.{column.decimals}f} → {other:.{column.decimals}f}"


def _top(table: Table, rows: Sequence[Row]) -> tuple[str, ...]:
    """Which value has the highest mean of the first metric that all values have."""
    column = next((each for each in table.columns if each.judged and all(each.name in row.cells for row in rows)), None)
    if column is None or len(rows) < 3:
        return ()
    top = max(rows, key=lambda row: row.cells[column.name].mean)
    not_beyond = [row for row in rows if row is not top and not above(top.cells[column.name], row.cells[column.name])]
    symbol = SYMBOLS[top.arm.objective]
    text = f"The highest mean {column.title} is at {symbol} = {top.arm.value:g}, {_text(column, top)}"
    limit = _limit(*rows)
    if not not_beyond:
        return (f"{text}; it is above every other value beyond {limit}.",)
    others = _list([f"{row.arm.value:g}" for row in not_beyond])
    return (f"{text}; it is not above {symbol} = {others} beyond {limit}.",)


def _direction(first: Row, last: Row, column: Column) -> int:
    one, other = first.cells[column.name], last.cells[column.name]
    return int(above(other, one)) - int(above(one, other))


def _change(column: Column, first: Row, last: Row, beyond: bool = False) -> str:
    text = f"{column.title} {_text(column, first)} → {_text(column, last)}"
    if not beyond:
        return text
    if _single(first, last):
        return f"{text} (the spread of one seed is not known)"
    return f"{text} ({'beyond' if _direction(first, last, column) else 'within'} the spread)"


def _single(*rows: Row) -> bool:
    return any(len(row.seeds) < 2 for row in rows)


def _limit(*rows: Row) -> str:
    """What a difference is held against, as in :func:`~aecore.sweep_table.above`."""
    return "the runs' own 95 % intervals" if _single(*rows) else "the spread"


def _text(column: Column, row: Row) -> str:
    return row.cells[column.name].text(column.decimals)


def _seeds(first: Row, last: Row) -> str:
    counts = {len(first.seeds), len(last.seeds)}
    if len(counts) > 1:
        return f"{len(first.seeds)} and {len(last.seeds)} seeds"
    return "one seed each" if counts == {1} else f"{len(first.seeds)} seeds each"


def _seeds_of(runs: Sequence[Unfinished], arm: Arm, words: str) -> str:
    seeds = [str(run.seed) for run in runs if run.arm == arm and run.words == words]
    return f"seed{'s' if len(seeds) > 1 else ''} {_list(seeds)}"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
