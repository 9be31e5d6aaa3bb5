"""Runs side by side: what differs, what is shared, and which number may be called the best."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config import RunConfig
from aecore.presets import PRESETS
from aecore.run_comparison import differences, effort_lines, in_common, number_lines, setting_text, why_not_compared
from aecore.runs import Status
from aecore.ui.compare_table import compare_table
from tests import tiny

A = tiny.config()
B = A.with_settings({"code.size": 8, "epochs": 3})


def status(**numbers: float) -> Status:
    return Status(state="finished", test=numbers or None, step=6, seconds=1.5)


def by_name(lines: list[object]) -> dict[str, object]:
    return {line.name: line for line in lines}  # type: ignore[attr-defined]


def test_only_what_differs_is_listed_with_each_run_s_value() -> None:
    found = [(line.name, line.texts) for line in differences([A, B, A])]
    assert found == [("code.size", ("4", "8", "4")), ("epochs", ("2", "3", "2"))]
    assert differences([A, A]) == []


def test_a_level_of_noise_that_is_not_there_is_none() -> None:
    noisy = A.with_settings({"corruption.kind": "gaussian", "corruption.level": 0.5})
    found = {line.name: line.texts for line in differences([A, noisy])}
    assert found["corruption.level"] == ("–", "0.5")


def test_what_is_shared_and_not_usual_is_told() -> None:
    shared = dict(in_common([A, B]))
    assert shared == {"Training images": "40", "Batch size": "16"}


@given(st.lists(st.sampled_from(sorted(PRESETS)), min_size=2, max_size=5))
def test_every_setting_is_either_different_or_shared(names: list[str]) -> None:
    configs = [PRESETS[name].config for name in names]
    different = {line.name for line in differences(configs)}
    titles = {title for title, _ in in_common(configs)}
    usual, fields = RunConfig().flat(), RunConfig.settings()
    for name in fields:
        values = [config.flat()[name] for config in configs]
        if any(value != values[0] for value in values):
            assert name in different
        elif values[0] != usual[name]:
            assert fields[name].title in titles


def test_the_best_is_marked_where_runs_may_be_compared() -> None:
    lines = by_name(list(number_lines([A, B], [status(mse=0.2, kl=1.0), status(mse=0.1, kl=2.0)])))
    assert lines["mse"].best == 1  # type: ignore[attr-defined]
    assert lines["kl"].best is None  # type: ignore[attr-defined]  # less of it is not better
    lines = by_name(list(number_lines([A, B], [status(accuracy=0.2), status(accuracy=0.1)])))
    assert lines["accuracy"].best == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "other", [{"data.name": "mnist"}, {"data.classes": (1, 2)}, {"corruption.kind": "masking"}], ids=["data", "classes", "noise"]
)
def test_nothing_is_best_among_runs_that_were_tested_differently(other: dict[str, object]) -> None:
    configs = [A, A.with_settings(other)]
    statuses = [status(mse=0.2), status(mse=0.1)]
    (line,) = number_lines(configs, statuses)
    assert line.best is None
    assert "different" in why_not_compared(configs, statuses)
    assert why_not_compared([A, B], statuses) == ""


def test_a_number_that_one_run_lacks_is_left_out_of_its_column_only() -> None:
    (line,) = number_lines([A, B, A], [status(mse=0.2), status(), status(mse=0.1)])
    assert line.texts == ("0.2", "", "0.1")
    assert line.best == 2
    (line,) = number_lines([A, B], [status(mse=0.2), status()])
    assert line.best is None
    assert number_lines([A, B], [status(), status()]) == []
    tied = number_lines([A, B], [status(mse=0.2), status(mse=0.2)])
    assert tied[0].best is None


def test_sizes_are_those_of_the_plans() -> None:
    lines = by_name(list(effort_lines([A, B], [status(), status()])))
    assert lines["parameters"].texts == tuple(f"{config.plan.parameters:,}" for config in (A, B))  # type: ignore[attr-defined]
    assert lines["code"].texts == ("4", "8")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (True, "yes"), ((512, 256), "512-256"), ((), "none"), (0.003, "0.003"), ("relu", "relu")],
    ids=str,
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    assert setting_text(value) == text


def test_the_table_shows_names_as_text() -> None:
    lines = number_lines([A, B], [status(mse=0.2), status(mse=0.1)])
    html = compare_table(["<script>x</script>", "b"], ["#111", "#222"], [("Numbers", lines), ("None", [])], ("#fff", "#000"))
    assert "<script>" not in html
    assert "★ 0.1" in html
    assert "None" not in html
