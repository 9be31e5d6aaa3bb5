"""The view of anomaly detection: a threshold that is dragged, what follows from it, labels by hand, and the cases."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from aecore.ui.anomaly_view import FILES, SHEETS, AnomalyView, LongSeries, label_in
from tests.component_page import ComponentPage, Finger, opened

COUNT, SHOWN = 60, 40


def pictures(**changes: Any) -> AnomalyView:
    """60 cases with the scores 1 to 60 in any order, the anomalous ones mostly at the top; 40 of them with small pictures."""
    rng = np.random.default_rng(3)
    scores = rng.permutation(np.arange(1, COUNT + 1)).astype(np.float32)
    labels = (scores + rng.normal(0, 6, COUNT) > 48).astype(np.int8)
    images = rng.integers(0, 256, (2, SHOWN, 1, 7, 7)).astype(np.uint8)
    view = AnomalyView(
        id="pictures",
        scores=scores,
        labels=labels,
        classes=(np.arange(COUNT) % 3 - 1).astype(np.int16),
        class_names=("boot", "bag"),
        numbers=np.arange(1, COUNT + 1, dtype=np.int32),
        called="Test picture",
        training=np.linspace(0, 40, 101, dtype=np.float32),
        validation=np.linspace(10, 44, 18, dtype=np.float32),
        score_name="Squared error",
        unit="summed over the pixels",
        kind="pictures",
        file_name="scores-bags.csv",
        shown=np.arange(0, SHOWN, dtype=np.int32),
        originals=images[0],
        reconstructions=images[1],
    )
    return replace(view, **changes)


def windows(**changes: Any) -> AnomalyView:
    """A series of 640 steps as 79 windows of 16: the first 40 trained on, the last 30 are the cases; four of those stand out."""
    rng = np.random.default_rng(4)
    starts = np.arange(0, 632, 8, dtype=np.int32)
    scores = rng.uniform(1, 2, len(starts)).astype(np.float32)
    scores[[55, 56, 70, 71]] = [9, 8, 6, 7]
    parts = np.select([np.arange(79) < 40, np.arange(79) < 49], [0, 1], 2).astype(np.int8)
    positions = np.where(parts == 2, np.arange(79) - 49, -1).astype(np.int32)
    truth = (scores > 5).astype(np.int8)
    sequences = rng.normal(size=(2, 30, 2, 16)).astype(np.float32)
    columns = rng.normal(size=(2, 160, 4))
    series = LongSeries(
        low=columns.min(2).astype(np.float32),
        high=columns.max(2).astype(np.float32),
        length=640,
        window=16,
        starts=starts,
        scores=scores,
        parts=parts,
        positions=positions,
        truth=truth,
    )
    view = replace(
        pictures(),
        id="windows",
        scores=scores[49:],
        labels=truth[49:],
        classes=None,
        numbers=starts[49:],
        called="Window at step",
        training=scores[:40],
        validation=scores[40:49],
        kind="sequences",
        channel_names=("flow", "pressure"),
        shown=np.arange(30, dtype=np.int32),
        originals=sequences[0],
        reconstructions=sequences[1],
        series=series,
    )
    return replace(view, **changes)


@contextmanager
def shown(browser: Browser, view: AnomalyView, **context: Any) -> Iterator[ComponentPage]:
    with opened(browser, "anomaly", css=SHEETS, js=FILES, **context) as page:
        page.mount(view.data())
        page.page.wait_for_selector("[data-frames]")
        yield page


@pytest.fixture
def page(browser: Browser) -> Iterator[ComponentPage]:
    with shown(browser, pictures()) as page:
        yield page


def reading(page: ComponentPage, name: str) -> str:
    return page.root.get_attribute(f"data-{name}") or ""


def until_drawn(page: ComponentPage) -> None:
    page.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def follows(page: ComponentPage, view: AnomalyView, labels: Any = None) -> float:
    """All numbers are those of the threshold, which is returned."""
    until_drawn(page)
    threshold = float(reading(page, "threshold"))
    labels = view.labels if labels is None else labels
    calls = view.scores > threshold
    expected = {
        "tp": int((calls & (labels == 1)).sum()),
        "fp": int((calls & (labels == 0)).sum()),
        "fn": int((~calls & (labels == 1)).sum()),
        "tn": int((~calls & (labels == 0)).sum()),
    }
    page.shows(called=int(calls.sum()), **expected)
    for name, count in expected.items():
        expect(page.find(name)).to_have_text(str(count))
    expect(page.find("recall-text")).to_have_text(f"{expected['tp']} of {int((labels == 1).sum())} anomalous ones are found")
    return threshold


def order(page: ComponentPage) -> list[int]:
    """The cases on the page, the first first."""
    until_drawn(page)
    return [int(position) for position in reading(page, "order").split()]


def test_it_begins_with_the_mean_and_three_deviations(page: ComponentPage) -> None:
    view = pictures()
    start = view.training.mean() + 3 * view.training.std(ddof=1)
    assert follows(page, view) == pytest.approx(start, rel=1e-6)
    expect(page.find("about-rule")).to_contain_text("divided by n − 1")


def test_the_threshold_is_dragged_and_python_hears_nothing(page: ComponentPage) -> None:
    view, mouse = pictures(), page.page.mouse
    before = follows(page, view)
    mouse.move(*page.point("handle", 0.5, 0.5))
    mouse.down()
    mouse.move(*page.point("histogram", 0.5, 0.5), steps=4)
    page.shows(rule="")
    middle = follows(page, view)
    assert middle < before
    mouse.move(*page.point("histogram", 0.3, 0.5), steps=4)
    expect(page.find("typed")).not_to_have_value(f"{middle:.5g}")
    mouse.up()
    follows(page, view)
    assert page.find("handle").get_attribute("aria-valuenow") == reading(page, "threshold")
    mouse.click(*page.point("histogram", 0.7, 0.5))  # where there is no handle
    assert follows(page, view) > middle
    page.page.wait_for_timeout(400)
    assert page.told == []


def test_keys_and_typing(page: ComponentPage) -> None:
    view, handle = pictures(), page.find("handle")
    before = follows(page, view)
    handle.focus()
    reached = []
    for key in ("ArrowRight", "PageDown", "Home", "End"):
        page.page.keyboard.press(key)
        reached.append(follows(page, view))
    assert reached[0] > before > reached[1] > 1 > reached[2]
    assert reached[3] > 60
    expect(handle).to_have_attribute("aria-valuetext", "63.60: 0 of 60 cases called anomalous")
    expect(page.find("precision-value")).to_have_text("–")
    expect(page.find("precision-text")).to_have_text("nothing is called anomalous")
    page.find("typed").fill("30.5")
    page.page.keyboard.press("Enter")
    page.shows(threshold=30.5, called=30)
    assert follows(page, view) == 30.5


def test_rules(page: ComponentPage) -> None:
    view, rules = pictures(), page.find("rules")
    rules.get_by_text("Quantile").click()
    page.shows(rule="quantile")
    assert follows(page, view) == pytest.approx(np.quantile(view.training, 0.99), rel=1e-6)
    page.find("strictness").fill("95")
    assert follows(page, view) == pytest.approx(np.quantile(view.training, 0.95), rel=1e-6)
    page.find("references").get_by_text("validation").click()
    page.shows(threshold=np.quantile(view.validation, 0.95))
    expect(page.find("about-rule")).to_contain_text("not trained on")
    rules.get_by_text("Largest").click()
    page.shows(threshold=44)
    rules.get_by_text("Mean").click()
    page.find("strictness").fill("1.5")
    assert follows(page, view) == pytest.approx(view.validation.mean() + 1.5 * view.validation.std(ddof=1), rel=1e-6)
    rules.get_by_text("Quantile").hover()
    expect(page.find("about-rule")).to_contain_text("95.0 %")
    rules.get_by_text("Best F1").click()
    page.shows(rule="f1")
    expect(page.find("about-rule")).to_contain_text("a look at the answers")
    follows(page, view)
    expect(page.find("reference-row")).not_to_be_visible()
    assert page.told == []


def test_curves_have_areas_and_intervals_and_move_the_threshold(page: ComponentPage) -> None:
    view = pictures()
    page.page.wait_for_selector("[data-auroc-interval*=' ']")
    low, high = (float(end) for end in reading(page, "auroc-interval").split())
    assert low < float(reading(page, "auroc")) < high <= 1
    expect(page.find("ap-interval")).to_contain_text("95")
    before = follows(page, view)
    page.find("roc").scroll_into_view_if_needed()
    top = page.box("roc")[1]
    dot = page.find("roc").locator(".dot").bounding_box()
    assert dot is not None
    page.page.mouse.move(dot["x"] + 10, dot["y"] + 10)
    page.page.mouse.down()
    page.page.mouse.move(dot["x"] + 120, top + 14, steps=3)
    page.page.mouse.up()
    assert follows(page, view) < before
    assert page.told == []


def test_a_label_by_hand_counts_at_once(page: ComponentPage) -> None:
    view = pictures()
    area = reading(page, "auroc")
    first = order(page)[0]
    card = page.root.locator(f"[data-position='{first}']")
    other = 1 - int(view.labels[first])
    button = card.get_by_role("button", name=("Normal", "Anomalous")[other], exact=True)
    button.click()
    labels = view.labels.copy()
    labels[first] = other
    follows(page, view, labels)
    assert reading(page, "auroc") != area
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(card).to_contain_text("labelled by you")
    expect(page.find("own")).to_have_text("1 label is yours.")
    assert page.told == [["trigger", "label", {"positions": [first], "value": other}]]
    page.mount(view.data())  # a rerun that has not heard of it yet
    page.shows(own=1)
    page.mount(replace(view, own={first: 1 if other else 0}).data())
    follows(page, view, labels)
    button.click()
    page.shows(own=0, auroc=area)
    card.get_by_role("button", name="Normal", exact=True).click()
    page.shows(own=1)
    page.find("forget").click()
    page.shows(own=0, auroc=area)
    assert page.told[-1] == ["trigger", "label", {"positions": [first], "value": None}]


def test_filters_orders_pages_and_one_case_large(page: ComponentPage) -> None:
    view = pictures()
    threshold = follows(page, view)
    scores, labels = view.scores[:SHOWN], view.labels[:SHOWN]
    ranked = np.argsort(-scores).tolist()
    assert order(page) == ranked[:6]
    page.find("after").click()
    assert order(page) == ranked[6:12]
    page.shows(page=1)
    page.find("orders").get_by_text("Least first").click()
    assert order(page) == ranked[::-1][:6]
    page.find("orders").get_by_text("Nearest").click()
    assert order(page) == np.argsort(np.abs(scores - threshold), kind="stable")[:6].tolist()
    page.find("orders").get_by_text("Most").click()
    missed = [i for i in ranked if scores[i] <= threshold and labels[i] == 1]
    page.find("filters").get_by_text("Missed").click()
    assert order(page) == missed[:6]
    page.find("typed").fill("0.5")
    page.page.keyboard.press("Enter")
    expect(page.find("none")).to_have_text("None is missed here.")
    page.find("filters").get_by_text("All 40").click()
    page.root.locator(f"[data-position='{ranked[1]}'] .open").click()
    expect(page.find("large")).to_be_visible()
    expect(page.find("large")).to_contain_text(f"Test picture {ranked[1] + 1}")
    drawn = page.find("large").locator("canvas").first
    pixels = drawn.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 7, 7).data].filter((_, i) => i % 4 === 0)")
    np.testing.assert_array_equal(np.reshape(pixels, (7, 7)), view.originals[ranked[1], 0])
    page.page.keyboard.press("Escape")
    expect(page.find("large")).to_be_hidden()


def test_the_same_data_again_change_nothing_and_other_data_begin_anew(page: ComponentPage) -> None:
    view = pictures()
    page.find("typed").fill("20")
    page.page.keyboard.press("Enter")
    page.find("filters").get_by_text("Called").click()
    page.find("after").click()
    page.shows(threshold=20, page=1)
    kept = order(page)
    page.mount(view.data())
    page.set_theme("dark")
    page.mount(view.data())
    page.shows(threshold=20, page=1)
    assert order(page) == kept
    page.mount(replace(view, id="other").data())
    page.shows(page=0, rule="mean", id="other")
    assert follows(page, view) == pytest.approx(view.training.mean() + 3 * view.training.std(ddof=1), rel=1e-6)
    page.mount(view.data())  # the threshold of each is its own
    page.shows(threshold=20, page=0, rule="", id="pictures")


def reloaded(page: ComponentPage, view: AnomalyView) -> None:
    page.page.reload()
    page.page.wait_for_function("window.isReady")
    page.mount(view.data())
    page.page.wait_for_selector("[data-frames]")


def test_a_reload_finds_the_threshold_and_its_rule_as_they_were(page: ComponentPage) -> None:
    view = pictures()
    page.find("rules").get_by_text("Quantile").click()
    page.find("references").get_by_text("validation").click()
    page.find("strictness").fill("95")
    page.shows(threshold=(quantile := np.quantile(view.validation, 0.95)))
    reloaded(page, view)
    page.shows(threshold=quantile, rule="quantile")
    expect(page.find("strictness-text")).to_have_text("95.0 %")
    expect(page.find("references").locator("[value=validation]")).to_be_checked()
    page.find("rules").get_by_text("Best F1").click()
    page.shows(rule="f1")
    best = follows(page, view)
    page.unmount()
    page.mount(view.data())  # back from another part of the app
    page.shows(threshold=best, rule="f1")
    reloaded(page, replace(view, labels=np.full(COUNT, -1, np.int8)))
    page.shows(threshold=best, rule="")  # no labels to be best on
    page.find("handle").press("PageDown")
    until_drawn(page)
    by_hand = reading(page, "threshold")
    reloaded(page, view)
    page.shows(threshold=by_hand, rule="")


def test_storage_may_be_forbidden(page: ComponentPage) -> None:
    page.page.evaluate("Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no') } })")
    page.find("typed").fill("20")
    page.page.keyboard.press("Enter")
    page.shows(threshold=20)
    page.mount(replace(pictures(), id="other").data())
    page.shows(rule="mean", id="other")


def test_scores_are_saved_as_they_stand(page: ComponentPage) -> None:
    view = pictures()
    page.find("typed").fill("30.5")
    page.page.keyboard.press("Enter")
    first = order(page)[0]
    page.root.locator(f"[data-position='{first}']").get_by_role("button", name="Normal", exact=True).click()
    page.shows(threshold=30.5, own=1)
    with page.page.expect_download() as download:
        page.find("csv").click()
    assert download.value.suggested_filename == "scores-bags.csv"
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [float(row["squared_error"]) for row in rows] == view.scores.tolist()
    assert [int(row["called_anomalous"]) for row in rows] == (view.scores > 30.5).astype(int).tolist()
    assert [int(row["anomalous"]) for row in rows] == view.labels.tolist()
    assert [i for i, row in enumerate(rows) if row["by_hand"]] == [first]


def test_without_validation_cases_there_is_no_choice_of_reference(browser: Browser) -> None:
    with shown(browser, pictures(validation=np.zeros(0, np.float32))) as page:
        expect(page.find("rules")).to_be_visible()
        expect(page.find("reference-row")).to_be_hidden()
        page.mount(replace(pictures(), id="other").data())
        expect(page.find("reference-row")).to_be_visible()


def test_a_long_series(browser: Browser) -> None:
    view = windows()
    with shown(browser, view, has_touch=True) as page:
        page.find("typed").fill("5")
        page.page.keyboard.press("Enter")
        page.shows(spans=2, called=4)
        page.find("series").scroll_into_view_if_needed()
        left, top, width, _ = page.box("series")
        across = left + 66 + (width - 76) * (56 * 8 + 8) / 640  # the second window of the first span
        page.page.mouse.move(across, top + 50)
        expect(page.find("reading")).to_have_text("Step 456: window 448 to 463, score 8.000, called anomalous.")
        page.page.mouse.click(across, top + 50)
        expect(page.root.locator("[data-position='6']")).to_be_focused()  # the window with the largest score
        expect(page.root.locator("[data-position='6']")).to_contain_text("Window at step 440")
        finger = Finger(page)
        page.find("grip").scroll_into_view_if_needed()
        x, y = page.point("grip", 0.5, 0.5)
        finger.down(x, y)
        finger.move(x, y - 10)
        finger.move(x, y - 30)
        finger.up()
        assert follows(page, view) > 5
        page.find("grip").press("Home")
        page.shows(called=30, spans=1)


def test_without_labels(browser: Browser) -> None:
    view = windows(labels=np.full(30, -1, np.int8), series=None)
    with shown(browser, view) as page:
        expect(page.find("no-labels")).to_contain_text("threshold from the training scores alone")
        expect(page.find("matrix")).to_be_hidden()
        expect(page.find("called-text")).to_contain_text("of 30 cases called anomalous (13.3")
        expect(page.find("rules").locator("[value=f1]")).to_be_disabled()
        page.shows(auroc="", precision="NaN")
        page.root.get_by_role("button", name="Anomalous", exact=True).first.click()
        expect(page.find("matrix")).to_be_visible()
        expect(page.find("counted")).to_contain_text("29 without a label are not counted. 1 label is yours.")
        page.find("orders").get_by_text("Least first").click()
        page.root.get_by_role("button", name="Normal", exact=True).first.click()
        page.shows(auroc="1.000000")


@pytest.mark.parametrize(
    "view",
    [
        pictures(scores=np.full(COUNT, 2, np.float32), training=np.full(3, 2, np.float32)),
        pictures(labels=np.ones(COUNT, np.int8), validation=np.zeros(0, np.float32), can_label=False),
        pictures(shown=np.zeros(0, np.int32), originals=np.zeros((0, 1, 7, 7)), reconstructions=np.zeros((0, 1, 7, 7))),
        windows(
            **{
                name: getattr(windows(), name)[:1]
                for name in ("scores", "labels", "numbers", "shown", "originals", "reconstructions")
            },
            series=None,
        ),
    ],
    ids=["all the same", "one kind", "nothing to look at", "one case"],
)
def test_what_there_is_little_of(browser: Browser, view: AnomalyView) -> None:
    with shown(browser, view, viewport={"width": 360, "height": 800}) as page:
        follows(page, view) if (view.labels == 1).any() else None
        for key in ("Home", "End"):
            page.find("handle").press(key)
        page.shows(called=0)
        assert not page.is_too_wide()


@pytest.mark.parametrize("view", [pictures(), windows()], ids=["pictures", "windows"])
def test_a_phone(browser: Browser, view: AnomalyView) -> None:
    with shown(browser, view, viewport={"width": 360, "height": 800}, has_touch=True) as page:
        assert not page.is_too_wide()
        assert page.cut_off(".caption, .chip, h3, h4, .button, td, th, figcaption") == []
        assert len(order(page)) == 4
        finger = Finger(page)
        page.find("handle").scroll_into_view_if_needed()
        before = follows(page, view)
        x, y = page.point("handle", 0.5, 0.95)
        finger.down(x, y)
        finger.move(x - 20, y)
        finger.move(x - 60, y)
        finger.up()
        assert follows(page, view) < before


def test_what_does_not_fit_together() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        pictures(training=np.array([1, np.nan], np.float32))
    with pytest.raises(ValueError, match="59 labels"):
        pictures(labels=np.zeros(59, np.int8))
    with pytest.raises(ValueError, match="40 are here"):
        pictures(shown=np.arange(3, dtype=np.int32))
    with pytest.raises(ValueError, match="do not fit together"):
        pictures(kind="sequences")


def test_the_browsers_word_is_checked() -> None:
    good = {"positions": [0, 4], "value": None}
    assert label_in(good, 5) == good
    for bad in (None, {}, {"positions": [5], "value": 1}, {"positions": [], "value": 1}, {"positions": [0], "value": 2}):
        assert label_in(bad, 5) is None
