"""What a sweep shows, in sentences that only say what was measured and whether it is beyond the spread over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aecore.moments import COLLAPSED_KL
from aecore.sweep_config import NAMES, SYMBOLS
from aecore.sweep_table import Column, Results, Row, Table, above


@dataclass(frozen=True)
class Finding:
    """Sentences under a heading that says what is compared. Plain text."""

    heading: str
    sentences: tuple[str, ...]


def findings(table: Table) -> tuple[Finding, ...]:
    """For each objective with several values: what changes from its lowest to its highest, and where the first metric is highest.

    Lowest against highest was chosen before anything was measured, so that the test of :func:`~aecore.sweep_table.above` is fair;
    the highest mean has to be above all other values. Empty where nothing can be compared.
    """
    found = []
    for objective in dict.fromkeys(row.arm.objective for row in table.rows):
        rows = [row for row in table.rows if row.arm.objective == objective]
        sentences = (*_ends(table, rows[0], rows[-1]), *_top(table, rows)) if len(rows) > 1 else ()
        if sentences:
            values = f"from {SYMBOLS[objective]} = {rows[0].arm.value:g} to {rows[-1].arm.value:g}"
            found.append(Finding(f"{NAMES[objective]}, {values} ({_seeds(rows[0], rows[-1])})", sentences))
    return tuple(found)


def described(results: Results) -> str:
    """What the columns that are not metrics are, and in which unit."""
    unit = "nats" if results.config.base.objective.reconstruction == "bce" else "squared error"
    return (
        "Mean ± standard deviation over seeds; of a single seed, its own 95 % interval in brackets. Reconstruction "
        f"({unit}) and KL (nats): sums over pixels and code numbers, means over test pictures. Numbers in use: KL of "
        f"{COLLAPSED_KL:g} nats or more, validation pictures."
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


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
