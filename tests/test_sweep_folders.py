"""Sweeps among many others in one folder: found by their owner without reading all, and deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aecore import sweeps
from aecore.runs import SWEEP_FILE, all_runs, find_run, runs_root
from aecore.set_aside import bring_back, purge
from aecore.sweeps import Sweep, find_sweep, new_sweep, sweeps_of
from tests.tiny import sweep_config


@pytest.fixture(autouse=True)
def _own_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))


def test_only_ones_own_configurations_are_read() -> None:
    config = sweep_config()
    mine = [new_sweep(config, owner="ada"), new_sweep(config, owner="ada")]
    theirs = [new_sweep(config, owner="bob") for _ in range(5)]
    before = sweeps._parsed.cache_info().misses
    assert {sweep.token for sweep in sweeps_of("ada")} == {sweep.token for sweep in mine}
    assert sweeps._parsed.cache_info().misses == before + 2
    (theirs[0].folder / SWEEP_FILE).write_text("{")
    assert len(sweeps_of("bob")) == 4
    record = json.loads((theirs[1].folder / SWEEP_FILE).read_bytes())
    (theirs[1].folder / SWEEP_FILE).write_text(json.dumps(record | {"owner": "ada", "name": "given away"}))
    assert len(sweeps_of("ada")) == 3
    assert len(sweeps_of("bob")) == 3


def test_more_sweeps_than_a_few_hundred_are_not_read_again_and_again() -> None:
    # As many as a class makes in a term; all of them would fall out of a cache that is a little smaller.
    assert sweeps._parsed.cache_info().maxsize == 4096
    assert (sweeps._read_owner.cache_info().maxsize or 0) > 4096


def test_a_deleted_sweep_is_gone_with_all_its_runs() -> None:
    kept, gone = new_sweep(sweep_config(), owner="ada"), new_sweep(sweep_config(), owner="ada")
    members = [run.token for run in gone.runs]
    gone.delete()
    assert [folder.name for folder in runs_root().iterdir() if not folder.name.startswith(".")] == [kept.token]
    assert find_sweep(gone.token) is None
    assert all(find_run(token) is None for token in members)
    assert [sweep.token for sweep in sweeps_of("ada")] == [kept.token]
    with pytest.raises(OSError, match=gone.token):
        gone.delete()


def test_what_was_deleted_is_found_by_nobody_until_it_is_brought_back_or_gone_for_good() -> None:
    first, second = new_sweep(sweep_config(), owner="ada"), new_sweep(sweep_config(), owner="ada")
    gone = first.delete()
    assert find_sweep(gone.folder.name) is None
    assert [sweep.token for sweep in sweeps_of("ada")] == [second.token]
    assert {run.sweep for run in all_runs()} == {second.token}
    assert bring_back(gone) == first.folder
    assert find_sweep(first.token) is not None
    first.delete()
    second.delete()
    assert purge(older_than=0) == 2
    assert list(runs_root().iterdir()) == []


@pytest.mark.parametrize("name", [".deleted-abc-12345678", ".hidden", "..", "."])
def test_no_folder_that_begins_with_a_dot_is_found(name: str) -> None:
    Sweep.create(sweep_config(), runs_root() / ".deleted-abc-12345678")
    Sweep.create(sweep_config(), runs_root() / ".hidden")
    assert find_sweep(name) is None
