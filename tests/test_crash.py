"""The short form of the crash test: a few kills, with the same look at everything; see :mod:`tests.crash` for the long one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aecore.runs import Status, find_run, new_run, runs_root
from aecore.sweeps import new_sweep
from aecore.tidying import tidy
from tests.crash import OWNER, BrokenError, Ledger, check, crash
from tests.tiny import config, sweep_config


@pytest.mark.timeout(600)
def test_killed_a_few_times_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    ledger = crash(2, 3, tmp_path)
    assert ledger.done["made"] >= 2


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    return runs_root()


def test_the_look_finds_what_is_broken(root: Path) -> None:
    run = new_run(config(), owner=OWNER)
    check(root, Ledger(there={run.token}), {})
    for broken in (Ledger(there={"f" * 32}), Ledger(gone={run.token}), Ledger(either={"f" * 32})):
        with pytest.raises(BrokenError):
            check(root, broken, {})
    for name, content in (("status.json", b'{"state": "run'), ("model.safetensors", b"half"), ("metrics.csv", b"step\n2\n1\n")):
        before = (run.folder / name).read_bytes() if (run.folder / name).exists() else None
        (run.folder / name).write_bytes(content)
        with pytest.raises(BrokenError):
            check(root, Ledger(), {})
        (run.folder / name).unlink() if before is None else (run.folder / name).write_bytes(before)
    run.write_status(Status(state="finished"))
    with pytest.raises(BrokenError):
        check(root, Ledger(), {})


def test_what_was_cut_off_is_tidied_and_nothing_else(root: Path) -> None:
    run, sweep = new_run(config(), owner=OWNER), new_sweep(sweep_config(), owner=OWNER)
    run.frames_folder.mkdir()
    member = sweep.runs[0]
    half = [root / f"{number:032x}" for number in (1, 2)]
    (half[0]).mkdir()
    (half[0] / "about.json").write_text("{}")  # a run that was not made
    (half[1] / "beta-1-seed-1").mkdir(parents=True)
    (half[1] / "beta-1-seed-1" / "config.json").write_text("{}")  # a sweep that was not
    beside = [
        run.folder / ".status.json.123.0123abcd",
        run.frames_folder / ".live.safetensors.123.0123abcd",
        member.folder / ".model.safetensors.9.0123abcd",
        sweep.folder / ".atlas.npz.9.0123abcd",
    ]
    kept = [run.folder / ".hidden", run.folder / "notes.1.0123abcd", root / "my folder", root / "0123", root / "file.txt"]
    for path in (*beside, *kept[:2], kept[4]):
        path.write_text("x")
    kept[2].mkdir()
    kept[3].mkdir()
    before = sorted(
        path for path in root.rglob("*") if path not in beside and not any(each in (path, *path.parents) for each in half)
    )
    tidy()
    assert all(path.exists() for path in (*beside, *half)), "somebody may be at it"
    past = time.time() - 7_200
    for path in (*beside, *(path for each in half for path in (each, *each.rglob("*")))):
        os.utime(path, (past, past))
    tidy()
    assert sorted(root.rglob("*")) == before
    assert find_run(run.token)
    assert find_run(member.token)
