"""A sweep's results as a CSV file in long form."""

from __future__ import annotations

import csv
import io

from aecore.config import RunConfig
from aecore.sweep_table import Measured, Results

COLUMNS = ("objective", "value", "seed", "state", "what", "code_number", "factor", "score", "low", "high", "method")
"""The first columns of the CSV file; then every other setting of the run by its dotted name."""


def csv_text(results: Results) -> str:
    """A row for each run and number: metrics with 95 % intervals and methods, test numbers, and of each code number its KL (nats)
    and the share (0..1) of each factor's entropy that it knows. Numbers as Python writes them: nothing is rounded. A run that
    did not come to its end has one row with its state and why, and no number. The sweep's name is left out: a spreadsheet
    could take what a person wrote for a formula.
    """
    settings = tuple(name for name in RunConfig().flat() if name not in COLUMNS)
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, *settings])
    found = {(run.arm, run.seed): ("finished", _csv_rows(run, results.unit)) for run in results.runs}
    for run in results.unfinished:
        found[run.arm, run.seed] = run.state, [["not compared", "", "", "", "", "", run.words]]
    for arm, seed in results.config.members:
        state, rows = found.get((arm, seed), ("", []))
        values = list(arm.config(results.config.base, seed).query_of(settings).values())
        for row in rows:
            writer.writerow([arm.objective, repr(arm.value), seed, state, *row, *values])
    return file.getvalue()


def _csv_rows(run: Measured, unit: str) -> list[list[str]]:
    units = {"reconstruction": f", {unit}", "kl": ", nats"}
    rows = [[name, "", "", repr(value), "", "", f"test pictures{units.get(name, '')}"] for name, value in run.test.items()]
    rows += [
        ["kl of a code number", f"z{code + 1}", "", repr(value), "", "", "validation pictures, nats"]
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
