"""Scores as a table that others can read: one row a test case."""

from __future__ import annotations

import csv
import io

from aecore.anomaly.results import Cases, Report
from aecore.data.catalogue import Card


def scores_csv(report: Report, cases: Cases, data: Card, threshold: float, score: str) -> str:
    """Where each test case is from, its class, its scores, and whether its `score` lies above the threshold."""
    names = [method.name for method in report.scores]
    with io.StringIO(newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["row", *(["label", "anomalous"] if report.is_labelled else []), *names, "called_anomalous"])
        for place, row in enumerate(cases.rows.tolist()):
            index = int(cases.classes[place])
            truth: list[object] = ["", ""] if report.is_labelled else []
            if report.is_labelled and index >= 0:
                truth = [_harmless(data.classes[index]), int(index not in report.normal)]
            scores = [f"{float(cases.test[name][place]):.9g}" for name in names]
            writer.writerow([row, *truth, *scores, int(float(cases.test[score][place]) > threshold)])
        return text.getvalue()


def _harmless(label: str) -> str:
    """A label that a spreadsheet will not run as a formula."""
    is_number = label.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{label}" if label[:1] in ("=", "+", "-", "@", "\t") and not is_number else label
