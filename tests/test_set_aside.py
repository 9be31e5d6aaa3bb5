"""Folders that are deleted, unfinished or being removed: whole under one name or the other, and gone when they are old."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aecore.runs import SWEEP_FILE, all_runs, find_run, new_run, runs_of
from aecore.set_aside import UNFINISHED_KEPT, being_made, bring_back, deleted, purge, set_aside
from tests.tiny import config


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "runs"
    monkeypatch.setenv("AECORE_RUNS", str(folder))
    return folder


def test_what_is_set_aside_is_not_there_and_can_come_back() -> None:
    run = new_run(config(), owner="me")
    before = sorted(path.name for path in run.folder.iterdir())
    gone = set_aside(run.folder)
    assert (gone.token, find_run(run.token), runs_of("me"), list(all_runs())) == (run.token, None, [], [])
    assert abs(gone.when - time.time()) < 60
    assert deleted() == [gone]
    assert bring_back(gone) == run.folder
    assert sorted(path.name for path in run.folder.iterdir()) == before
    assert deleted() == []


def test_nothing_that_has_the_name_by_now_is_replaced(root: Path) -> None:
    run = new_run(config())
    gone = set_aside(run.folder)
    run.folder.mkdir()
    with pytest.raises(FileExistsError):
        bring_back(gone)
    assert deleted() == [gone]


def test_names_with_hyphens_and_hexadecimal_ends(root: Path) -> None:
    for token in ("a-b-0123456789abcdef", "f" * 32, "run_1-"):
        (root / token).mkdir(parents=True)
        assert set_aside(root / token).token == token
    assert {each.token for each in deleted()} == {"a-b-0123456789abcdef", "f" * 32, "run_1-"}


@pytest.mark.parametrize(
    "name", [".deleted-abc", ".deleted-abc-12345678", ".deleted--0123456789abcdef", ".deleted-../x-0", "abc"]
)
def test_other_names_are_none_of_deleted_folders(root: Path, name: str) -> None:
    (root / name.replace("/", "_")).mkdir(parents=True)
    assert deleted() == []


def test_only_what_is_old_is_purged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, kept = (new_run(config()) for _ in range(3))
    now = time.time()
    monkeypatch.setattr("aecore.set_aside.time.time", lambda: now - 100)
    set_aside(old.folder)
    monkeypatch.setattr("aecore.set_aside.time.time", lambda: now)
    recent = set_aside(new.folder)
    assert purge(older_than=50) == 1
    assert deleted() == [recent]
    assert kept.exists
    assert purge(older_than=0) == 1
    assert [path.name for path in root.iterdir()] == [kept.token]


def test_what_was_cut_off_is_purged(root: Path) -> None:
    for name in (".removing-12", ".deleted-abc-12345678", ".unfinished-old"):  # the second as an earlier version named them
        (root / name / "frames").mkdir(parents=True)
        (root / name / SWEEP_FILE).write_text("{}")
    past = time.time() - UNFINISHED_KEPT - 10
    os.utime(root / ".unfinished-old", (past, past))
    (root / ".unfinished-now").mkdir()
    (root / ".other").mkdir()
    assert purge() == 3
    assert sorted(path.name for path in root.iterdir()) == [".other", ".unfinished-now"]


def test_a_purge_follows_no_link(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("stays")
    run = new_run(config())
    (run.folder / "link").symlink_to(outside)
    set_aside(run.folder)
    (root / ".removing-link").symlink_to(outside)
    purge(older_than=0)
    assert (outside / "file").read_text() == "stays"


def test_nothing_to_purge(root: Path) -> None:
    assert (purge(), deleted()) == (0, [])


def test_a_folder_is_made_whole_or_not_at_all(root: Path) -> None:
    root.mkdir()
    with being_made(root / "made") as beside:
        (beside / "file").write_text("x")
        assert not (root / "made").exists()
    assert [path.name for path in (root / "made").iterdir()] == ["file"]

    def fail() -> None:
        with being_made(root / "other") as beside:
            (beside / "file").write_text("x")
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        fail()
    assert [path.name for path in root.iterdir()] == ["made"]
    with pytest.raises(FileExistsError), being_made(root / "made"):
        pass
    assert [path.name for path in root.iterdir()] == ["made"]
