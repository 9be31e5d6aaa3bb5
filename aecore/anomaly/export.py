"""Scores as a table that others can read: one row a test case."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from aecore.anomaly.results import Cases, Report
from aecore.data.catalogue import Card


def scores_csv(
    report: Report, cases: Cases, data: Card, threshold: float, score: str, by_hand: Mapping[int, int] | None = None
) -> str:
    """Where each test case is from, its class, its scores, and whether its `score` lies above the threshold.

    by_hand: what a person said of cases, by their place: 0 normal, 1 anomalous; a column of its own where there is some.
    """
    names = [method.name for method in report.scores]
    with io.StringIO(newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        known = ["label", "anomalous"] if report.is_labelled else []
        writer.writerow(["row", *known, *(["by_hand"] if by_hand else []), *names, "called_anomalous"])
        for place, row in enumerate(cases.rows.tolist()):
            index = int(cases.classes[place])
            truth = [data.classes[index], int(index not in report.normal)] if report.is_labelled else []
            said = [by_hand.get(place, "")] if by_hand else []
            scores = [f"{float(cases.test[name][place]):.9g}" for name in names]
            writer.writerow([row, *truth, *said, *scores, int(float(cases.test[score][place]) > threshold)])
        return text.getvalue()
