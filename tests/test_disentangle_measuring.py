"""What is measured of a run's code, kept with it and measured once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aecore import disentangle_measuring as measuring
from aecore import disentangle_numbers
from aecore.checkpoint import load_model, save_model
from aecore.code_table import CodeTable
from aecore.data.shape_grid import Grid
from aecore.data.shapes import Shapes
from aecore.disentangle_measuring import measure_sweep
from aecore.disentangle_numbers import GROUPS, TITLES, UDR, DisentangleNumbers, Number, from_json, kept, to_json
from aecore.metrics.disentanglement import Udr, mig, sap, udr
from aecore.runs import Run, runs_root
from aecore.sweep_config import SweepConfig
from aecore.sweeps import Sweep
from aecore.tasks.disentangle import disentangle
from aecore.tasks.messages import TaskError
from aecore.training import scaled
from tests.tiny import sweep_config, trained_sweep

measure = partial(measuring.measure, train_points=400, test_points=200)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return trained_sweep(tmp_path_factory.mktemp("sweeps") / "tiny")


def test_a_table_looks_up_what_the_network_says(sweep: Sweep) -> None:
    run = sweep.runs[0]
    model, grid = load_model(run), Grid(run.config.data.factor_steps)
    calls = []
    table = CodeTable(model, grid, 32, lambda: calls.append(1))
    factors = table.sample_factors(50, np.random.default_rng(0))
    codes = table.encode(table.draw(factors))
    pictures = torch.from_numpy(Shapes(32).draw(grid.at(factors))[:, None])
    with torch.no_grad():
        expected = model.encode(scaled(pictures, torch.device("cpu"))).mean.numpy()
    np.testing.assert_allclose(codes, expected, atol=1e-6)
    before = len(calls)
    table.encode(table.draw(factors))
    assert len(calls) == before  # each picture is encoded once


def test_all_groups_of_a_run_are_measured_and_named(sweep: Sweep) -> None:
    run = sweep.runs[0]
    heard: list[float] = []
    numbers = measure(run, tuple(group.name for group in GROUPS), poll=lambda done, what: heard.append(done))
    assert set(numbers.numbers) == set(TITLES) - set(UDR.numbers)
    assert numbers.factors == ("scale", "x", "y")
    assert all(0 <= number.value <= 1 for number in numbers.numbers.values())
    assert all(number.low is not None and number.low <= number.value for number in numbers.numbers.values())
    assert numbers.importance is not None
    assert set(numbers.seconds) == {group.name for group in GROUPS}
    assert heard == sorted(heard)
    assert heard[-1] <= 1
    assert from_json(to_json(numbers)) == numbers


def test_the_numbers_are_those_of_the_metrics_themselves(sweep: Sweep) -> None:
    run = sweep.runs[1]
    numbers = measure(run, ("mig", "sap"))
    grid = Grid(run.config.data.factor_steps)
    rng = np.random.default_rng(0)
    table = CodeTable(load_model(run), grid, 32)
    train, test = (table.sample_factors(count, rng) for count in (400, 200))
    codes = [table.encode(table.draw(part)) for part in (train, test)]
    assert numbers.numbers["mig"].value == mig(codes[0], train, bootstrap=0).score
    assert numbers.numbers["sap"].value == sap(codes[0], train, codes[1], test, bootstrap=0).score
    information = np.array(mig(codes[0], train, bootstrap=0).mutual_information)
    assert numbers.carriers == tuple(information.argmax(axis=0).tolist())
    assert numbers.known(numbers.carriers[0], 0) == information[:, 0].max() / numbers.entropies[0]


def test_what_is_kept_is_not_measured_again_and_what_is_missing_is_added(sweep: Sweep) -> None:
    run = sweep.runs[2]
    first = measure(run, ("mig",))
    marked = first.with_number("mig", Number(0.123))
    disentangle_numbers.keep(run, marked)
    again = measure(run, ("mig", "sap"))
    assert again.numbers["mig"] == Number(0.123)
    assert "sap" in again.numbers
    other = measure(run, ("mig",), train_points=300, test_points=100)
    assert other.numbers["mig"] != Number(0.123)  # numbers of other points are other numbers


def test_numbers_of_other_weights_are_not_kept_numbers(tmp_path: Path) -> None:
    run = trained_sweep(tmp_path / "one").runs[0]
    disentangle_numbers.keep(run, measure(run, ("mig",)))
    assert kept(run) is not None
    data = bytearray(run.model_path.read_bytes())
    data[-1] ^= 1
    run.model_path.write_bytes(bytes(data))
    assert kept(run) is None


def test_a_sweep_is_measured_run_by_run_and_a_stop_loses_only_the_one_in_work(tmp_path: Path) -> None:
    sweep = trained_sweep(tmp_path / "sweep")
    seen: list[str] = []

    def stop_in_the_second(done: float, what: str) -> None:
        seen.append(what)
        if "seed 1" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_sweep(sweep, ("mig",), poll=stop_in_the_second)
    assert [kept(run) is not None for run in sweep.runs] == [True, False, False, False]
    measure_sweep(sweep, ("mig", "udr"))
    found = [kept(run) for run in sweep.runs]
    assert all(numbers is not None and {"mig", "udr"} <= set(numbers.numbers) for numbers in found)
    assert seen[0].startswith("β-VAE, β = 1, seed 0")


def test_without_factors_only_the_seeds_are_compared(tmp_path: Path) -> None:
    base = sweep_config().base.with_settings({"data.name": "digits", "data.resolution": None, "data.factor_steps": None})
    sweep = trained_sweep(tmp_path / "digits", base=base.model_dump())
    with pytest.raises(ValueError, match="No factors are known of Digits"):
        measure(sweep.runs[0], ("mig",))
    measure_sweep(sweep, ("udr",))
    numbers = kept(sweep.runs[0])
    assert numbers is not None
    assert set(numbers.numbers) == {"udr"}
    assert numbers.factors == ()
    assert SweepConfig.model_validate(sweep.config).seeds == 2


def test_wrong_names_and_missing_sweeps_are_sentences(sweep: Sweep) -> None:
    with pytest.raises(ValueError, match="no metric called mug"):
        measure(sweep.runs[0], ("mug",))
    with pytest.raises(TaskError, match="gone"):
        disentangle({"sweep": "a" * 32, "groups": ["mig"]}, [], lambda done, what: None)


def test_the_task_writes_into_the_folders_of_the_runs() -> None:
    sweep = trained_sweep(runs_root() / ("b" * 32))
    result, made = disentangle({"sweep": sweep.token, "groups": ["mig"]}, [], lambda done, what: None)
    assert (result, made) == ({"json": "{}"}, [])
    assert all(kept(run) is not None for run in sweep.runs)


def test_a_factor_that_is_known_nowhere_counts_nothing() -> None:
    empty = DisentangleNumbers(("x",), ((0.0,), (0.0,)), (0.0,), 10, 5, "w")
    assert empty.known(0, 0) == 0
    assert empty.carriers == (0,)
    assert empty.missing(("mig", "dci", "udr")) == ("mig", "dci", "udr")
    assert replace(empty, numbers={"mig": Number(0.0)}).missing(("mig", "sap")) == ("sap",)


def test_a_number_without_a_value_is_not_measured_again() -> None:
    numbers = DisentangleNumbers(("x",), ((0.1,),), (0.7,), 10, 5, "w").with_number("mig", None)
    assert numbers.undefined == ("mig",)
    assert numbers.missing(("mig", "sap")) == ("sap",)
    assert from_json(to_json(numbers)) == numbers


def test_while_pictures_are_encoded_the_share_stays_where_it_was(sweep: Sweep) -> None:
    heard: list[tuple[str, float]] = []
    measure(sweep.runs[3], ("beta_vae",), poll=lambda done, what: heard.append((what, done)))
    shares = [done for _, done in heard]
    assert shares == sorted(shares)
    assert heard[0] == ("Encoding pictures", 0.0)
    assert 0 < max(shares) < 1


class _SlowTable(CodeTable):
    """Encodes each picture anew, as if each were asked for the first time."""

    def encode(self, positions: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.float32]]:
        self._known[:] = False
        return super().encode(positions)


def test_the_share_never_falls_where_a_metric_asks_for_new_pictures(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "CodeTable", _SlowTable)
    heard: list[float] = []
    measure(sweep.runs[3], ("beta_vae", "factor_vae"), poll=lambda done, what: heard.append(done))
    assert heard == sorted(heard)


def _damage(run: Run) -> None:
    run.model_path.write_bytes(b"no weights")


def _diverge(run: Run) -> None:
    model = load_model(run)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    save_model(run, model)


@pytest.mark.parametrize(("spoil", "words"), [(_damage, "is damaged"), (_diverge, "not finite")])
@pytest.mark.parametrize("groups", [("mig", "udr"), ("udr",)])
def test_a_run_that_cannot_be_measured_stops_no_other(
    tmp_path: Path, spoil: Callable[[Run], None], words: str, groups: tuple[str, ...]
) -> None:
    sweep = trained_sweep(tmp_path / "sweep")
    spoil(sweep.runs[0])
    with pytest.raises(ValueError, match=f"1 of 4 runs could not be measured. β-VAE, β = 1, seed 0: .*{words}"):
        measure_sweep(sweep, groups)
    found = [kept(run) for run in sweep.runs]
    assert found[0] is None
    single = set(groups) - {"udr"}
    assert set(() if found[1] is None else found[1].numbers) == single  # its arm lacks a seed to be compared with
    assert all(numbers is not None and set(numbers.numbers) == set(groups) for numbers in found[2:])


def test_udr_compares_each_picture_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counting(codes: list[Any], kls: list[Any]) -> Udr:
        seen.extend(map(len, codes))
        return udr(codes, kls)

    monkeypatch.setattr(measuring, "udr", counting)
    measure_sweep(trained_sweep(tmp_path / "sweep"), ("udr",))
    assert seen == [20] * 4  # a grid of 108 has so many different test pictures
