"""A sweep's results as a CSV file in long form."""

from __future__ import annotations

import csv
import io

from aecore.config import RunConfig
from aecore.sweep_table import Measured, Results

COLUMNS = ("objective", "value", "seed", "what", "code_number", "factor", "score", "low", "high", "method")
"""The first columns of the CSV file; then every other setting of the run by its dotted name."""


def csv_text(results: Results) -> str:
    """A row for each run and number: metrics with 95 % intervals and methods, test numbers, and of each code number its KL (nats)
    and the share (0..1) of each factor's entropy that it knows. Numbers as Python writes them: nothing is rounded. The sweep's
    name is left out: a spreadsheet could take what a person wrote for a formula.
    """
    settings = tuple(name for name in RunConfig().flat() if name not in COLUMNS)
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, *settings])
    for run in results.runs:
        config = run.arm.config(results.config.base, run.seed)
        values = list(config.query_of(settings).values())
        for row in _csv_rows(run):
            writer.writerow([run.arm.objective, repr(run.arm.value), run.seed, *row, *values])
    return file.getvalue()


def _csv_rows(run: Measured) -> list[list[str]]:
    rows = [[name, "", "", repr(value), "", "", "test pictures"] for name, value in run.test.items()]
    rows += [
        ["kl of a code number", f"z{code + 1}", "", repr(value), "", "", "validation pictures"]
        for code, value in enumerate(run.kl)
    ]
    if run.numbers is None:
        return rows
    for name, number in run.numbers.numbers.items():
        low, high = ("" if bound is None else repr(bound) for bound in (number.low, number.high))
        rows.append([name, "", "", repr(number.value), low, high, number.method])
    for code in range(len(run.numbers.mutual_information)):
        for factor, name in enumerate(run.numbers.factors):
            share = repr(run.numbers.known(code, factor))
            rows.append(["share known", f"z{code + 1}", name, share, "", "", "mutual information / entropy, 20 bins"])
    return rows
