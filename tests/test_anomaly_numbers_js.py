"""anomaly_numbers.js and anomaly_bootstrap.js against numpy and scikit-learn, anomaly_csv.js against csv; spans; own labels."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page
from sklearn import metrics

from aecore.ui.anomaly_view import FILES
from aecore.ui.components import source

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# All that is asked of one set of cases, in one call. What is not a number comes back as null.
MEASURE = """([scores, labels, weights, thresholds]) => {
  const ranking = rankingOf(Float32Array.from(scores))
  const tally = tallyOf(ranking, Int8Array.from(labels))
  const weighted = tallyOf(ranking, Int8Array.from(labels), weights)
  const best = bestF1Threshold(ranking, tally)
  const at = (threshold) => ({ called: calledAt(ranking, threshold), ...confusionAt(tally, calledAt(ranking, threshold)) })
  const lists = ({ x, y }) => [[...x], [...y]]
  return {
    order: [...ranking.order],
    reached: ranking.ends.map((called) => [called, calledAt(ranking, thresholdFor(ranking, called))]),
    at: thresholds.map((threshold) => ({ ...at(threshold), rates: ratesOf(at(threshold)) })),
    best: Number.isNaN(best) ? null : ratesOf(at(best)).f1,
    roc: lists(rocOf(ranking, tally)),
    pr: lists(precisionRecallOf(ranking, tally)),
    areas: [aurocOf(ranking, tally), averagePrecisionOf(ranking, tally)],
    weighted: [aurocOf(ranking, weighted), averagePrecisionOf(ranking, weighted)],
  }
}"""
BOOTSTRAP = """([scores, labels, resamples]) => {
  const steps = bootstrapIntervals(rankingOf(Float32Array.from(scores)), Int8Array.from(labels), resamples)
  for (let slices = 0; ; slices++) {
    const { done, value } = steps.next()
    if (done) return { value, slices }
  }
}"""
CSV = """([{ scores, ...facts }, byHand, threshold]) => {
  const cases = Object.assign(Object.create(Cases.prototype), facts, { scores: Float32Array.from(scores) })
  const own = new OwnLabels()
  own.hear(byHand)
  return scoresCsv(cases, own, threshold)
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=source(*FILES[:-1]))  # without the view itself, which is a module
    yield page
    page.close()


def measure(page: Page, scores: Floats, labels: Labels, weights: Any = None, thresholds: Any = ()) -> dict[str, Any]:
    given_weights = np.ones(len(scores)) if weights is None else weights
    given_ = [scores.tolist(), labels.tolist(), np.asarray(given_weights).tolist(), list(thresholds)]
    found: dict[str, Any] = page.evaluate(MEASURE, given_)
    return found


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_any_cases_with_ties_and_without_labels(page: Page, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    # From all the same through many ties to none, of either sign.
    scores = np.round(rng.normal(size=count) * 3, int(rng.integers(0, 3))) if rng.random() < 0.8 else rng.random(count)
    scores = scores.astype(np.float32).astype(np.float64)
    labels = rng.choice([-1, 0, 1], count, p=rng.dirichlet([0.5, 2, 1])).astype(np.int8)
    weights = rng.integers(0, 4, count)
    thresholds = [float(rng.choice(scores)), float(rng.normal())]
    found = measure(page, scores, labels, weights, thresholds)

    assert found["order"] == np.lexsort([np.arange(count), -scores]).tolist()
    assert all(called == reached for called, reached in found["reached"])
    assert [called for called, _ in found["reached"]] == sorted({int((scores > t).sum()) for t in (*scores, -np.inf)})
    for threshold, one in zip(thresholds, found["at"], strict=True):
        calls = scores > threshold
        assert one["called"] == calls.sum()
        expected = [(calls & (labels == 1)), (calls & (labels == 0)), (~calls & (labels == 1)), (~calls & (labels == 0))]
        assert [one[name] for name in ("tp", "fp", "fn", "tn")] == [int(cases.sum()) for cases in expected]
        _check_rates(one, calls[labels >= 0], labels[labels >= 0])
    known = labels >= 0
    y, s = labels[known], scores[known]
    if len(set(y)) < 2:
        assert np.isnan(found["areas"]).all()
        assert (found["best"] is None) == (not (y == 1).any())
        return
    assert found["areas"] == pytest.approx([metrics.roc_auc_score(y, s), metrics.average_precision_score(y, s)])
    _check_curves(found, y, s)
    calls = s > np.append(s, -np.inf)[:, None]
    assert found["best"] == pytest.approx((2 * (calls & (y == 1)).sum(1) / (calls.sum(1) + (y == 1).sum())).max())
    w = weights[known]
    if w[y == 1].sum() and w[y == 0].sum():
        expected_areas = [f(y, s, sample_weight=w) for f in (metrics.roc_auc_score, metrics.average_precision_score)]
        assert found["weighted"] == pytest.approx(expected_areas)


def _check_rates(one: dict[str, Any], calls: Any, truth: Any) -> None:
    undefined = {"zero_division": np.nan}
    expected = {
        "precision": metrics.precision_score(truth, calls, **undefined) if len(truth) else np.nan,
        "recall": metrics.recall_score(truth, calls, **undefined) if len(truth) else np.nan,
        "f1": metrics.f1_score(truth, calls, **undefined) if len(truth) else np.nan,
        "accuracy": (truth == calls).mean() if len(truth) else np.nan,
        "falseAlarms": calls[truth == 0].mean() if (truth == 0).any() else np.nan,
    }
    assert one["rates"] == pytest.approx(expected, nan_ok=True)


def _check_curves(found: dict[str, Any], y: Any, s: Any) -> None:
    false_alarms, recall, _ = metrics.roc_curve(y, s, drop_intermediate=False)
    ours = np.unique(np.array(found["roc"]).T, axis=0)
    np.testing.assert_allclose(ours, np.unique(np.stack([false_alarms, recall], 1), axis=0), atol=1e-12)
    precision, recall, _ = metrics.precision_recall_curve(y, s)
    points = np.array(found["pr"]).T
    points = points[np.isfinite(points[:, 1])]
    np.testing.assert_allclose(np.unique(points, axis=0), np.unique(np.stack([recall, precision], 1)[:-1], axis=0), atol=1e-12)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40), st.floats(0.5, 6), st.floats(0.9, 1))
def test_rules_of_normal_scores(page: Page, scores: list[float], k: float, share: float) -> None:
    found = page.evaluate(
        """([scores, k, share]) => {
          const { mean, quantile, largest } = REFERENCE_RULES
          const values = Float32Array.from(scores)
          return [mean(values, k), quantile(values, share), largest(values)]
        }""",
        [scores, k, share],
    )
    deviation = np.std(scores, ddof=1) if len(scores) > 1 else 0
    expected = [np.mean(scores) + k * deviation, np.quantile(scores, share), max(scores)]
    np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-9, atol=1e-6)


def test_intervals_are_those_of_the_bootstrap_and_the_same_each_time(page: Page) -> None:
    rng = np.random.default_rng(5)
    labels = (rng.random(300) < 0.2).astype(np.int8)
    scores = np.round(rng.normal(size=300) + 1.2 * labels, 1)
    labels[:20] = -1  # does not count
    found = page.evaluate(BOOTSTRAP, [scores.tolist(), labels.tolist(), 300])
    assert found["slices"] == 300
    assert found == page.evaluate(BOOTSTRAP, [scores.tolist(), labels.tolist(), 300])
    y, s = labels[20:], scores[20:]
    drawn = [rng.integers(0, 280, 280) for _ in range(150)]
    for name, area in (("auroc", metrics.roc_auc_score), ("ap", metrics.average_precision_score)):
        expected = np.quantile([area(y[at], s[at]) for at in drawn], [0.025, 0.975])
        np.testing.assert_allclose(found["value"][name], expected, atol=0.05)


@pytest.mark.parametrize("labels", [[-1, -1, -1], [1, 1, 1], [0, -1, 0]])
def test_no_intervals_without_both_kinds(page: Page, labels: list[int]) -> None:
    assert page.evaluate(BOOTSTRAP, [[1, 2, 3], labels, 5])["value"] is None


def test_windows_that_touch_are_one_span(page: Page) -> None:
    found = page.evaluate(
        """() => {
          const series = { starts: [0, 4, 8, 16, 20, 40], window: 8, scores: [5, 1, 6, 9, 9, 7], positions: [-1, 0, 1, 2, 3, -1] }
          const spans = (limit) => spansOf(series, (i) => series.scores[i] > limit)
          const caseAt = (i, isShown = (at) => at >= 0) => caseOfSpan(series, i, 4, isShown)
          const cases = [caseAt(0), caseAt(0, (at) => at === 1), caseAt(1), caseAt(5)]
          return [spans(4), spans(8), spans(99), [0, 7, 13, 300].map((step) => windowAt(series, step)), ...cases]
        }"""
    )
    assert found[:3] == [[[0, 28, 0, 4], [40, 48, 5, 5]], [[16, 28, 3, 4]], []]
    assert found[3:] == [[0, 1, 2, 5], 2, 1, 2, -1]


def test_labels_on_their_way_win_until_python_knows_them(page: Page) -> None:
    found = page.evaluate(
        """() => {
          const own = new OwnLabels()
          const now = () => [...own.over(Int8Array.of(-1, -1, 1, 0))].join()
          const log = [own.hear({ 3: 1 }), now()]
          log.push(own.give([0], 1), own.give([1], 1), own.give([3], null), now())
          log.push(own.hear({ 0: 1, 3: 1 }), now(), own.positions) // Python has heard of one of three
          log.push(own.hear({ 0: 1, 1: 1 }), now(), own.sent.size)
          log.push(own.hear({}), now())
          return log
        }"""
    )
    assert found == [
        *(True, "-1,-1,1,1"),
        *([0], [0, 1], [3], "1,1,1,0"),
        *(False, "1,1,1,0", [0, 1]),
        *(False, "1,1,1,0", 0),
        *(True, "-1,-1,1,0"),
    ]


def table(page: Page, by_hand: dict[str, int], threshold: float, **cases: Any) -> list[list[str]]:
    """What Python's own reader finds in the table, the heading first."""
    facts = {"score_name": "Squared error", "class_names": [], "numbers": list(range(len(cases["scores"]))), **cases}
    text = page.evaluate(CSV, [facts, by_hand, threshold])
    assert text.endswith("\n")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


ODD = st.text(st.sampled_from("=+-@\t'\",;\r\n 1.eé−x"), max_size=6) | st.text(max_size=8) | st.integers().map(str)
CASE = st.tuples(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from([-1, 0, 1]), st.integers(-1, 2))


@given(st.lists(CASE, min_size=1, max_size=12), st.lists(ODD, min_size=3, max_size=3), st.integers(0, 11))
def test_the_table_is_read_back(page: Page, cases: list[tuple[float, int, int]], names: list[str], at: int) -> None:
    scores, given_, classes = map(list, zip(*cases, strict=True))
    threshold = scores[at % len(scores)]
    heading, *rows = table(page, {"0": 1}, threshold, scores=scores, given=given_, classes=classes, class_names=names)
    has_classes = max(classes) >= 0
    truth = ["label"] * has_classes + ["anomalous"] * (has_classes or max(given_) >= 0)
    assert heading == ["row", *truth, "by_hand", "squared_error", "called_anomalous"]
    for i, (row, (score, label, place)) in enumerate(zip(rows, cases, strict=True)):
        cell = dict(zip(heading, row, strict=True))
        assert cell["row"] == str(i)
        assert np.float32(cell["squared_error"]) == np.float32(score)
        assert cell["by_hand"] == ("1" if i == 0 else "")
        assert cell["called_anomalous"] == str(int(score > threshold))
        if "anomalous" in cell:
            assert cell["anomalous"] == (str(label) if label >= 0 else "")
        if has_classes:
            name = names[place] if place >= 0 else ""
            assert cell["label"] in (name, f"'{name}")
            assert cell["label"][:1] not in ("=", "@", "\t")


def test_what_a_spreadsheet_would_run_is_text(page: Page) -> None:
    names = ["=1+1", "+x", "-x", "@x", "\tx", "-1", "+1.5e3", "-.5", "-1+1", "a=b", "'x", '-"x",y']
    count = len(names)
    cases = {"scores": [0.1] * count, "given": [0] * count, "classes": list(range(count)), "class_names": names}
    heading, *rows = table(page, {}, 0, **cases, score_name="−ELBO")
    assert heading == ["row", "label", "anomalous", "neg_elbo", "called_anomalous"]
    safe = ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "-1", "+1.5e3", "-.5", "'-1+1", "a=b", "'x", '\'-"x",y']
    assert [row[1] for row in rows] == safe
    assert {row[3] for row in rows} == {"0.1"}


def test_without_classes_and_labels_there_are_only_scores(page: Page) -> None:
    found = table(page, {}, 2, scores=[1, 2, 3], given=[-1] * 3, classes=[-1] * 3, numbers=[5, 6, 5120])
    assert found == [["row", "squared_error", "called_anomalous"], ["5", "1", "0"], ["6", "2", "0"], ["5120", "3", "1"]]
