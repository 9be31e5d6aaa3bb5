"""Means, spreads and marks of a sweep's table, against numbers worked out by hand and against scipy's own test."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from aecore.runs import replace_file
from aecore.sweep_config import Arm
from aecore.sweep_findings import described, findings, not_compared, nothing_marked, points
from aecore.sweep_table import Cell, above, best_arm, carriers, results_of, table_of
from aecore.sweep_unfinished import Unfinished
from tests.measured_sweep import cell, measure, measured, numbers, results, trained

ONE, FOUR, SIXTEEN = (Arm("kl", value) for value in (1.0, 4.0, 16.0))
SCORES = st.floats(0, 1)


def test_mean_deviation_and_words() -> None:
    three = cell(0.1, 0.2, 0.6, half=0.01)
    assert three.mean == pytest.approx(0.3)
    assert three.deviation == pytest.approx(math.sqrt((0.04 + 0.01 + 0.09) / 2))
    assert three.text(2) == "0.30 ± 0.26"
    assert cell(0.25, half=0.05).text(3) == "0.250 (0.200 to 0.300)"
    assert math.isnan(cell(0.25).deviation)
    assert cell(0.25).text(2) == "0.25"


def test_welch_by_hand() -> None:
    # Means 3 and 1, variances 1 and 1, three values each: standard error √(2/3) = 0.816, four degrees of freedom, where the
    # 97.5 % point of t is 2.776: a difference of 2 is beyond 2.267 not yet, one of 2.3 is.
    low = cell(0.0, 1.0, 2.0)
    assert not above(cell(2.0, 3.0, 4.0), low)
    assert above(cell(2.3, 3.3, 4.3), low)
    assert not above(low, cell(2.3, 3.3, 4.3))


@given(st.lists(SCORES, min_size=2, max_size=5), st.lists(SCORES, min_size=2, max_size=5))
def test_several_seeds_as_scipy(one: list[float], other: list[float]) -> None:
    assume(min(max(one) - min(one), max(other) - min(other)) > 1e-6)
    answer = ttest_ind(one, other, equal_var=False)
    assume(abs(answer.pvalue - 0.05) > 1e-9)
    assert above(cell(*one), cell(*other)) == (answer.statistic > 0 and answer.pvalue < 0.05)


@given(SCORES, SCORES, st.floats(0, 0.5), st.lists(SCORES, min_size=1, max_size=4))
def test_a_single_seed_is_above_only_where_intervals_are_apart(one: float, first: float, half: float, rest: list[float]) -> None:
    other = cell(first, *rest, half=half)
    assert above(cell(one, half=half), other) == all(one - half > value + half for value in other.values)


def test_without_intervals_or_spread_nothing_is_said() -> None:
    assert not above(cell(0.9), cell(0.1))
    assert not above(cell(0.9, half=0.01), cell(0.1))
    # Seeds that agree exactly have no spread: then the intervals of the runs count.
    assert not above(cell(1.0, 1.0, half=0.01), cell(0.99, 0.99, half=0.01))
    assert above(cell(1.0, 1.0, half=0.01), cell(0.9, 0.9, half=0.01))


@given(st.lists(st.lists(SCORES, min_size=1, max_size=3), min_size=2, max_size=4))
def test_what_is_marked_is_above_every_other(values: list[list[float]]) -> None:
    arms = [Arm("kl", float(2**place)) for place in range(len(values))]
    table = table_of([measured(arm, seed, mig) for arm, migs in zip(arms, values, strict=True) for seed, mig in enumerate(migs)])
    cells = {row.arm: row.cells["mig"] for row in table.rows}
    winners = [one for one in arms if all(above(cells[one], cells[other]) for other in arms if other != one)]
    assert table.best.get("mig") == (winners[0] if winners else None)


@given(SCORES, st.lists(SCORES, min_size=1, max_size=4))
def test_overlapping_single_runs_are_never_marked(one: float, rest: list[float]) -> None:
    values = [one, *rest]
    half = (max(values) - sorted(values)[-2]) / 2 + 1e-9  # the two highest just overlap
    rows = table_of([measured(Arm("kl", 2.0**place), 0, value) for place, value in enumerate(values)]).rows
    cells = [cell(value, half=half) for value in values]
    widened = [row.__class__(row.arm, row.seeds, {"mig": its}) for row, its in zip(rows, cells, strict=True)]
    assert best_arm(widened, "mig") is None


def test_the_table_marks_and_leaves_unmarked() -> None:
    table = table_of(results({ONE: (0.1, 0.11), FOUR: (0.5, 0.51), SIXTEEN: (0.3, 0.29)}).runs)
    assert table.best["mig"] == FOUR
    assert [row.cells["mig"].text(3) for row in table.rows] == ["0.105 ± 0.007", "0.505 ± 0.007", "0.295 ± 0.007"]
    assert [row.cells["used"].values for row in table.rows] == [(2.0, 2.0)] * 3  # z3 and z4 are collapsed
    assert not {"udr", "reconstruction", "kl", "used"} & table.best.keys()
    assert nothing_marked(table) == ""
    close = table_of(results({ONE: (0.1, 0.3), FOUR: (0.2, 0.4)}).runs)
    assert close.best == {}
    assert nothing_marked(close).startswith("No row")


def test_a_row_that_is_not_measured_yet_has_no_cell_and_no_mark() -> None:
    table = table_of(results({ONE: (0.1, 0.11), FOUR: (0.5, None)}).runs)
    assert "mig" in table.rows[0].cells
    assert "mig" not in table.rows[1].cells
    assert "kl" in table.rows[1].cells
    assert table.best == {}


def test_carriers_are_named_with_what_they_share() -> None:
    scale, x, y = carriers(numbers(0.3))
    assert (scale.code, scale.known, scale.also, scale.carried) == (0, 0.6, ("x",), True)
    assert (x.code, x.known, x.also) == (0, 0.8, ("scale",))
    assert (y.code, y.known, y.also) == (1, 0.5, ())
    weak = numbers(0.3)
    object.__setattr__(weak, "mutual_information", ((0.09, 1.6, 0.1), *weak.mutual_information[1:]))
    scale, x, _ = carriers(weak)
    assert not scale.carried
    assert (scale.also, x.also) == ((), ())  # what is not carried shares no number


def test_findings_say_what_was_measured() -> None:
    (found,) = findings(table_of(results({ONE: (0.1, 0.11), FOUR: (0.5, 0.51), SIXTEEN: (0.3, 0.29)}).runs))
    assert found.heading == "β-VAE, from β = 1 to 16 (2 seeds each)"
    described, higher, between, top = found.sentences
    assert "KL (nats) 20.05 ± 0.07 → 16.05 ± 0.07 (beyond the spread)" in described
    assert higher.startswith("Higher beyond the spread: MIG 0.105 ± 0.007 → 0.295 ± 0.007, SAP")
    assert "UDR" not in higher
    assert between == (
        "β = 4 against 1: KL 20.05 → 18.05 lower beyond the spread; MIG 0.105 → 0.505, SAP 0.105 → 0.505 and DCI disentanglement "
        "0.105 → 0.505 higher beyond the spread; Modularity, Explicitness, BetaVAE, FactorVAE, "
        "DCI completeness and DCI informativeness higher."
    )
    assert top == "The highest mean MIG is at β = 4, 0.505 ± 0.007; it is above every other value beyond the spread."


def test_findings_do_not_tell_a_story() -> None:
    (found,) = findings(table_of(results({ONE: (0.1, 0.3), FOUR: (0.2, 0.5), SIXTEEN: (0.2, 0.4)}).runs))
    assert found.sentences[1].startswith("Within the spread: MIG 0.200 ± 0.141 → 0.300 ± 0.141")
    assert found.sentences[2].endswith(
        "MIG 0.200 → 0.350, SAP 0.200 → 0.350 and DCI disentanglement 0.200 → 0.350 within the spread; all 6 others within."
    )
    assert found.sentences[3].endswith("it is not above β = 1 and 16 beyond the spread.")
    (single,) = findings(table_of(results({ONE: (0.5,), FOUR: (0.1,)}).runs))
    assert "the spread of one seed is not known" in single.sentences[0]
    assert single.sentences[1].startswith("Lower beyond the runs' own 95 % intervals: MIG 0.500 (0.490 to 0.510) → 0.100")
    assert findings(table_of([measured(ONE, 0, 0.5)])) == ()


def test_one_line_for_each_value_between_the_lowest_and_the_highest() -> None:
    two, eight = Arm("kl", 2.0), Arm("kl", 8.0)
    made = results({ONE: (0.1, 0.11), two: (0.1, 0.12), FOUR: (0.05, 0.06), eight: (0.5, None), SIXTEEN: (0.3, 0.29)})
    (found,) = findings(made.table)
    lines = [sentence for sentence in found.sentences if " against 1: " in sentence]
    assert [line[:5] for line in lines] == ["β = 2", "β = 4", "β = 8"]
    assert "DCI disentanglement 0.105 → 0.110 within the spread; all 6 others within." in lines[0]
    assert "DCI disentanglement 0.105 → 0.055 lower beyond the spread; Modularity, " in lines[1]
    assert lines[1].endswith(" and DCI informativeness lower.")
    assert lines[2] == "β = 8 against 1: KL 20.05 → 14.05 lower beyond the spread."  # not all its runs were measured
    (single,) = findings(results({ONE: (0.5,), FOUR: (0.1,), SIXTEEN: (0.5,)}).table)
    assert "β = 4 against 1: KL 20.00 → 18.00, one seed; MIG 0.500 → 0.100" in single.sentences[2]
    assert "lower beyond the runs' own 95 % intervals" in single.sentences[2]


def test_only_a_cross_entropy_is_in_nats() -> None:
    made = results({ONE: (0.1, 0.2), FOUR: (0.3, 0.4)})
    assert made.table.columns[0].title == "Reconstruction (nats)"
    base = made.config.base.with_settings({"objective.reconstruction": "mse"})
    squared = replace(made, config=made.config.model_copy(update={"base": base}))
    assert squared.table.columns[0].title == "Reconstruction (squared error)"
    assert "Reconstruction (squared error) 80.00" in findings(squared.table)[0].sentences[0].replace("79.95", "80.00")
    assert "Reconstruction (squared error) and KL (nats)" in described(squared)


def test_few_different_pictures_are_said() -> None:
    made = results({ONE: (0.1, 0.2), FOUR: (0.3, 0.4)})

    def words(steps: tuple[int, ...]) -> str:
        base = made.config.base.with_settings({"data.factor_steps": steps})
        return points(replace(made, config=made.config.model_copy(update={"base": base})))

    few = words((3, 2, 1, 16, 16))
    assert (
        "tested on 5,000 pictures, drawn from 1,536 different pictures, so learning and test pictures are often the same" in few
    )
    assert "(about 100 % of the test pictures)" in few
    some = words((3, 6, 10, 16, 16))
    assert "often the same" not in some
    assert "46,080 different pictures, so about 20 % of the test pictures are among those learned from." in some  # 1 − e^(−10/46)
    assert "737,280 different pictures, so about 1 % of" in words((3, 6, 40, 32, 32))
    assert points(results({ONE: (None,), FOUR: (None,)})) == ""


def test_runs_that_did_not_finish_are_named_with_their_reason() -> None:
    made = results({ONE: (0.1, 0.2), FOUR: (0.3,)})
    failed = [Unfinished(SIXTEEN, seed, "failed", "The loss stopped being a finite number.") for seed in (0, 1)]
    others = [Unfinished(FOUR, 1, "stopped", "", 300, 1000), Unfinished(SIXTEEN, 2, "running", "", 5, 1000)]
    found = replace(made, unfinished=(*failed, *others))
    assert not_compared(found) == (
        "β-VAE, β = 16, seeds 0 and 1: failed (The loss stopped being a finite number)",
        "β-VAE, β = 4, seed 1: stopped at step 300 of 1,000",
        "1 run is in training or waiting",
    )
    assert found.table.empty == {SIXTEEN: "No finished run: 2 failed, 1 in training or waiting."}
    assert not_compared(made) == ()


def test_a_sweep_on_the_disk(tmp_path: Path) -> None:
    sweep = trained(tmp_path / "sweep")
    before = results_of(sweep)
    assert [run.numbers for run in before.runs] == [None] * 4
    measure(sweep)
    found = results_of(sweep)
    assert found.name == "Tiny"
    assert [(run.arm.value, run.seed) for run in found.runs] == [(member.arm.value, member.seed) for member in sweep.members]
    assert all(run.numbers is not None and len(run.kl) == 4 and run.test["kl"] > 0 for run in found.runs)
    assert sorted(found.runs[0].order, key=lambda code: found.runs[0].kl[code], reverse=True) == list(found.runs[0].order)
    assert [run.arm.value for run in found.of_seed(found.seeds[0])] == [1.0, 4.0]
    member = sweep.members[0].run
    member.write_status(type(member.status)(state="stopped"))
    replace_file(sweep.members[1].run.folder / "moments.csv", "step,kl_1\n0,\n")
    left = results_of(sweep)
    assert len(left.runs) == 3
    assert [(run.arm.value, run.state) for run in left.unfinished] == [(1.0, "stopped")]
    assert left.runs[0].kl == ()
    assert "used" not in table_of(left.runs).rows[0].cells


def test_cells_hold_each_runs_interval() -> None:
    (row,) = table_of([measured(ONE, 3, 0.2)]).rows
    assert row.seeds == (3,)
    assert row.cells["mig"] == Cell((0.2,), ((0.2 - 0.01, 0.2 + 0.01),))
