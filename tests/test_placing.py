"""Which worker trains which run, without any process."""

from __future__ import annotations

from pathlib import Path

import pytest

from aecore.config_rules import MAX_PARAMETERS
from aecore.placing import MOST_TOGETHER, Bench, Seat, place_for, to_move, to_park, to_yield
from aecore.runs import Run, Status


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run_in(folder: Path, name: str, *, sweep: str = "", step: int = 0, state: str = "running") -> Run:
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    run = Run(place, sweep)
    run.write_status(Status(state=state, step=step))
    return run


def member(folder: Path, index: int, **of: int | str) -> Seat:
    return Seat(run_in(folder, f"member-{index}", sweep="s", **of), "ada")  # type: ignore[arg-type]


def single(folder: Path, name: str = "single", **of: str) -> Seat:
    return Seat(run_in(folder, name, **of), "bob")  # type: ignore[arg-type]


def bench(*seats: Seat, ready: bool = True) -> Bench:
    return Bench(ready, list(seats))


def test_a_run_goes_to_a_worker_that_has_nothing_to_do(folder: Path) -> None:
    busy, free, cold = bench(single(folder)), bench(), bench(ready=False)
    assert place_for(run_in(folder, "new"), 1, [busy, cold, free]) is free
    assert place_for(run_in(folder, "new"), 1, [busy, cold]) is None


def test_members_go_where_there_are_fewest_of_them_and_never_to_a_run_that_has_its_worker_for_itself(folder: Path) -> None:
    three, two = bench(*(member(folder, n) for n in range(3))), bench(*(member(folder, n) for n in range(3, 5)))
    alone = bench(single(folder))
    assert place_for(member(folder, 9).run, 1, [alone, three, two]) is two
    assert place_for(member(folder, 9).run, 1, [alone]) is None


def test_a_worker_of_a_sweep_takes_in_one_run_of_somebody_else(folder: Path) -> None:
    swept = bench(*(member(folder, n) for n in range(3)))
    new = run_in(folder, "new")
    assert place_for(new, 1, [swept]) is swept
    swept.seats.append(single(folder))
    assert place_for(new, 1, [swept]) is None
    assert place_for(member(folder, 9).run, 1, [swept]) is swept


def test_a_worker_does_not_take_more_than_its_memory_holds(folder: Path) -> None:
    full = bench(*(member(folder, n) for n in range(MOST_TOGETHER)))
    assert place_for(member(folder, 99).run, 1, [full]) is None
    heavy = bench(Seat(run_in(folder, "heavy", sweep="s"), "ada", MAX_PARAMETERS))
    assert place_for(member(folder, 99).run, MAX_PARAMETERS + 1, [heavy]) is None
    assert place_for(member(folder, 99).run, MAX_PARAMETERS, [heavy]) is heavy
    assert place_for(run_in(folder, "huge"), 10 * MAX_PARAMETERS, [bench()]) is not None


def test_members_are_evened_out_the_least_advanced_first(folder: Path) -> None:
    many = bench(*(member(folder, n, step=10 * n) for n in range(5)))
    moved = to_move([many, bench()])
    assert [seat.run.status.step for seat in moved] == [0, 10]
    assert to_move([many, bench(), bench(ready=False)]) != []
    three, two = bench(*(member(folder, n) for n in range(3))), bench(*(member(folder, n) for n in range(3, 5)))
    assert to_move([three, two]) == []  # one more is as even as it gets
    assert to_move([many, bench(single(folder))]) == []


def test_nothing_is_moved_while_something_is_on_its_way_or_paused(folder: Path) -> None:
    many = bench(*(member(folder, n) for n in range(4)))
    many.seats[0].parking = True
    assert to_move([many, bench()]) == []
    paused = bench(*(member(folder, n, state="paused") for n in range(10, 14)))
    assert to_move([paused, bench()]) == []


def test_paused_runs_make_room_for_those_who_wait(folder: Path) -> None:
    paused = bench(single(folder, "one", state="paused"))
    half = bench(member(folder, 1, state="paused"), member(folder, 2))
    assert to_park([half, paused], 2) == paused.seats
    assert to_park([half, paused], 0) == []
    whole = bench(member(folder, 3, state="paused"), member(folder, 4, state="paused"))
    assert to_park([whole, paused], 1) == whole.seats


def test_a_full_sweep_lets_one_guest_in_and_yields_to_another_sweep(folder: Path) -> None:
    full = [bench(*(member(folder, 30 * n + m, step=m) for m in range(MOST_TOGETHER))) for n in range(2)]
    guest = run_in(folder, "guest")
    assert place_for(guest, 1, full) in full
    assert place_for(run_in(folder, "other", sweep="t"), 1, full) is None
    moved = to_yield(full, ["bob"])
    assert len(moved) == MOST_TOGETHER // 2
    assert [seat.run.status.step for seat in moved] == list(range(MOST_TOGETHER // 2))
    assert to_yield(full, ["ada"]) == []  # who trains something already waits like everybody
    assert to_yield(full, []) == []
    moved[0].parking = True
    assert to_yield(full, ["bob"]) == []


def test_paused_members_do_not_send_others_to_and_fro(folder: Path) -> None:
    """Four that are trained beside three that are paused elsewhere: two are moved there, and then it is even."""
    active, paused = [member(folder, n) for n in range(4)], [member(folder, n, state="paused") for n in range(10, 13)]
    here, there = bench(*active), bench(*paused)
    moved = to_move([here, there])
    assert len(moved) == 2
    for seat in moved:
        here.seats.remove(seat)
        place = place_for(seat.run, 1, [here, there])
        assert place is there
        place.seats.append(seat)
    assert to_move([here, there]) == []
