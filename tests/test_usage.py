"""How much is kept: against counting everything, whatever changes in between."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aecore import usage
from aecore.keeping import delete, restore
from aecore.runs import Run, Status, new_run, runs_root
from aecore.sweeps import new_sweep
from aecore.usage import Usage
from tests.tiny import config, sweep_config


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))


def counted(*folders: Path) -> int:
    """The bytes of all files, looked at one by one."""
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def later(folder: Path) -> None:
    """As if its last change was a while ago: sizes are only kept of what has come to rest."""
    past = time.time_ns() - 10**9
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            os.utime(path, ns=(past, past))


def test_nothing_is_kept_where_there_is_no_folder() -> None:
    assert usage.usage_of("ada") == usage.usage_in_all() == Usage(0, 0)
    usage.check_room("ada")


def test_it_is_what_counting_everything_gives() -> None:
    runs = [new_run(config(), owner=owner) for owner in ("ada", "ada", "bob")]
    sweep = new_sweep(sweep_config(), owner="ada")
    for _ in range(2):  # counted, and then known
        assert usage.usage_of("ada") == Usage(3, counted(runs[0].folder, runs[1].folder, sweep.folder))
        assert usage.usage_of("bob") == Usage(1, counted(runs[2].folder))
        assert usage.usage_in_all() == Usage(4, counted(runs_root()))
        for folder in runs_root().iterdir():
            later(folder)


def test_changes_are_seen() -> None:
    run = new_run(config(), owner="ada")
    sweep = new_sweep(sweep_config(), owner="ada")
    member = sweep.runs[0]
    later(run.folder)
    later(sweep.folder)
    usage.usage_of("ada")
    run.frames_folder.mkdir()
    (run.frames_folder / "live.safetensors").write_bytes(b"x" * 5_000)
    run.write_status(Status(state="finished"))  # it comes after all else
    member.model_path.write_bytes(b"y" * 7_000)
    (sweep.folder / "atlas.npz").write_bytes(b"z" * 9_000)
    assert usage.usage_of("ada") == Usage(2, counted(run.folder, sweep.folder))
    run.write_about(replace(run.about, owner="bob"))
    assert usage.usage_of("bob").runs == 1
    assert usage.usage_of("ada").runs == 1


def test_what_is_deleted_counts_no_more_until_it_is_brought_back() -> None:
    run = new_run(config(), owner="ada")
    run.write_status(Status(state="finished"))
    delete(run, owner="ada")
    assert usage.usage_of("ada") == usage.usage_in_all() == Usage(0, 0)
    restore(run.token, "ada")
    assert usage.usage_of("ada") == Usage(1, counted(run.folder))


def test_what_is_no_run_and_links_to_elsewhere_do_not_count(tmp_path: Path) -> None:
    run = new_run(config(), owner="ada")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (run.folder / "link").symlink_to(tmp_path / "large")
    (runs_root() / "notes.txt").write_text("mine")
    (runs_root() / "empty").mkdir()
    (runs_root() / "broken").mkdir()
    (runs_root() / "broken" / "sweep.json").write_text("{")
    assert usage.usage_in_all().runs == 1
    assert usage.usage_in_all().bytes < 100_000


def test_the_oldest_unstarred_that_have_ended() -> None:
    def made(created: float, state: str = "finished", starred: bool = False, owner: str = "ada") -> Run:
        run = new_run(config(), owner=owner)
        run.write_about(replace(run.about, created=created, starred=starred))
        run.write_status(Status(state=state))
        return run

    newest, oldest = made(30.0), made(10.0, "interrupted")
    made(5.0, starred=True)
    made(6.0, "running")
    made(7.0, "queued")
    made(8.0, owner="bob")
    assert [each.token for each in usage.oldest_unstarred("ada")] == [oldest.token, newest.token]


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (3 << 20, "3.0 MB"), (250 << 20, "250 MB"), (4 << 30, "4.0 GB")],
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert usage.size(count) == words
