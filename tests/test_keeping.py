"""What a person does with what is kept: only their own, with bounds, and nothing half."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore import keeping, limits, runs
from aecore.atlas import read_atlas
from aecore.frames import read_gallery
from aecore.keeping import (
    NAME_LETTERS,
    NOTE_LETTERS,
    Entry,
    KeepingError,
    annotate,
    delete,
    deleted_of,
    duplicate,
    purge,
    rename,
    restore,
    star,
)
from aecore.recording import Recorder
from aecore.runs import ACTIVE, About, Run, Status, find_run, new_run, runs_of, runs_root
from aecore.sweeps import find_sweep, new_sweep, sweeps_of
from tests.tiny import config, sweep_config

ME, YOU = "me", "you"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny trained run."""
    run = Run.create(config(), tmp_path_factory.mktemp("trained") / "run", owner=ME, name="vanilla · digits")
    assert Recorder(run).record().state == "finished"
    return run.folder


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr("aecore.atlas.CHECKPOINTS", tmp_path / "checkpoints")
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def run_of(owner: str, state: str = "finished", name: str = "A run") -> Run:
    run = new_run(config(), owner=owner, name=name)
    run.write_status(Status(state=state, step=3, steps=6))
    return run


def entry_of(owner: str, kind: str) -> Entry:
    if kind == "run":
        return run_of(owner)
    sweep = new_sweep(sweep_config(), owner=owner, name="A sweep")
    for run in sweep.runs:
        run.write_status(Status(state="finished"))
    return sweep


# --- name, note, star -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["run", "sweep"])
def test_name_note_and_star_are_kept_and_nothing_else_changes(kind: str) -> None:
    entry = entry_of(ME, kind)
    before = entry.about
    assert rename(entry, "  My \t best\nrun\x00\u202e ", owner=ME) == "My best run"
    assert annotate(entry, "one  \r\ntwo\x07\n\n", owner=ME) == "one\ntwo"
    star(entry, True, owner=ME)
    assert entry.about == About(ME, before.created, "My best run", "one\ntwo", True)
    star(entry, False, owner=ME)
    annotate(entry, "", owner=ME)
    assert entry.about == About(ME, before.created, "My best run")


@pytest.mark.parametrize("name", ["", " ", "\n\t", "\x00\x1f", "\u202e\u200f", "a" * (NAME_LETTERS + 1), "x" * 10_000_000])
def test_a_name_that_is_none(name: str) -> None:
    run = run_of(ME)
    with pytest.raises(KeepingError, match="name"):
        rename(run, name, owner=ME)
    assert run.about.name == "A run"


def test_a_note_that_is_too_long() -> None:
    with pytest.raises(KeepingError, match="2,000 letters, and this has more"):
        annotate(run_of(ME), "x" * (NOTE_LETTERS + 1), owner=ME)


@given(st.text(max_size=120))
def test_any_text_is_kept_as_one_clean_line_or_refused(text: str) -> None:
    run = run_of(ME)
    try:
        kept = rename(run, text, owner=ME)
    except KeepingError:
        return
    finally:
        shutil.rmtree(run.folder)
    assert kept == kept.strip()
    assert 0 < len(kept) <= NAME_LETTERS
    assert all(sign >= " " and sign not in "\x7f\x85\u2028\u2029\u202e" for sign in kept)
    kept.encode()  # no half of a pair of surrogates


@pytest.mark.parametrize("kind", ["run", "sweep"])
@pytest.mark.parametrize(("owner", "says"), [(YOU, "somebody else"), ("", "came with the app")])
def test_nobody_changes_what_is_not_theirs(kind: str, owner: str, says: str) -> None:
    entry = entry_of(owner, kind)
    before = entry.about
    for asking in (ME, ""):
        for change in (
            lambda asking=asking: rename(entry, "x", owner=asking),
            lambda asking=asking: annotate(entry, "x", owner=asking),
            lambda asking=asking: star(entry, True, owner=asking),
            lambda asking=asking: delete(entry, owner=asking),
        ):
            with pytest.raises(KeepingError, match=says) as refused:
                change()
            assert refused.value.status == 403
    assert entry.about == before
    assert entry.exists


def test_a_run_of_a_sweep_is_kept_with_it() -> None:
    sweep = new_sweep(sweep_config(), owner=ME)
    for refuse in (lambda: rename(sweep.runs[0], "x", owner=ME), lambda: delete(sweep.runs[0], owner=ME)):
        with pytest.raises(KeepingError, match="part of a sweep"):
            refuse()


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(ME)
    full = OSError(errno.ENOSPC, "no room")
    monkeypatch.setattr(Run, "write_about", lambda self, about: (_ for _ in ()).throw(full))
    with pytest.raises(KeepingError, match="disk is full"):
        star(run, True, owner=ME)


# --- duplicate ------------------------------------------------------------------------------------------------------------


def shared(folder: Path, owner: str, into: Path) -> Run:
    shutil.copytree(folder, into)
    run = Run(into)
    run.write_about(About(owner, 5.0, "vanilla · digits", "a note", True, start="another one, step 3", file="run.zip"))
    return run


@pytest.mark.parametrize("owner", [ME, YOU])
def test_a_copy_is_the_same_run_of_somebody_else(trained: Path, root: Path, owner: str) -> None:
    run = shared(trained, owner, root / "shared")
    for name in ("control.json", "watched", "live_model.safetensors", ".beside"):
        (run.folder / name).write_text("{}")
    (run.folder / "link").symlink_to("/etc/passwd")
    (run.folder / "frames" / "link").symlink_to("/etc")
    copy = duplicate(run, ME)
    assert find_run(copy.token) is not None
    assert len(copy.token) == 32
    about = copy.about
    assert (about.owner, about.name, about.note, about.starred) == (ME, "vanilla · digits (copy)", "", False)
    assert (about.start, about.file) == ("another one, step 3", "run.zip")
    assert about.created > 5
    left_out = {"control.json", "watched", "live_model.safetensors", ".beside", "link", "frames/link", "about.json"}
    theirs = {str(path.relative_to(run.folder)): path for path in run.folder.rglob("*")}
    ours = {str(path.relative_to(copy.folder)): path for path in copy.folder.rglob("*")}
    assert ours.keys() - {"about.json"} == theirs.keys() - left_out
    assert all(
        path.read_bytes() == theirs[name].read_bytes() for name, path in ours.items() if path.is_file() and name != "about.json"
    )
    assert duplicate(copy, ME).about.name == "vanilla · digits (copy)"


def test_a_copy_can_be_changed_and_the_run_stays(trained: Path, root: Path) -> None:
    run = shared(trained, YOU, root / "shared")
    copy = duplicate(run, ME)
    rename(copy, "Mine", owner=ME)
    (copy.metrics_path).write_text("")
    assert run.about.name == "vanilla · digits"
    assert run.metrics_path.stat().st_size > 0


def test_a_copy_of_a_run_of_the_app_has_the_pictures_that_it_shares(trained: Path, tmp_path: Path) -> None:
    run = shared(trained, "", tmp_path / "checkpoints" / "vanilla-mnist")
    run.atlas_path.rename(run.folder.parent / f"atlas-{run.config.data.name}.npz")
    copy = duplicate(run, ME)
    assert copy.about.name == "Plain autoencoder, 32 numbers, MNIST (copy)"
    assert copy.atlas_path.is_file()
    ours, theirs = read_atlas(copy), read_atlas(run)
    assert ours is not None
    assert theirs is not None
    assert (ours.images == theirs.images).all()
    assert read_gallery(copy.frames_folder) is not None


def test_a_copy_of_a_run_of_a_sweep_stands_alone(root: Path) -> None:
    sweep = new_sweep(sweep_config(), owner=YOU)
    member = sweep.runs[1]
    member.write_status(Status(state="finished"))
    (sweep.folder / "atlas.npz").write_bytes(b"pictures")
    copy = duplicate(member, ME)
    assert (copy.sweep, copy.atlas_path.read_bytes()) == ("", b"pictures")
    assert copy.config == member.config
    with pytest.raises(KeepingError, match="Disentangle"):
        duplicate(sweep, ME)


@pytest.mark.parametrize("state", ACTIVE)
def test_a_run_under_way_is_not_copied_and_not_deleted(state: str, root: Path) -> None:
    run = run_of(ME, state)
    for refuse in (lambda: duplicate(run, ME), lambda: delete(run, owner=ME)):
        with pytest.raises(KeepingError, match="“A run” is still in training: stop it first"):
            refuse()
    assert [path.name for path in root.iterdir()] == [run.token]


@pytest.mark.parametrize(("error", "says"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be read or written")])
def test_a_copy_that_fails_leaves_nothing(
    trained: Path, root: Path, monkeypatch: pytest.MonkeyPatch, error: int, says: str
) -> None:
    run = shared(trained, YOU, root / "shared")
    copied: list[str] = []
    original = shutil.copyfile

    def fail(source: Path, target: Path) -> None:
        copied.append(source.name)
        if len(copied) > 3:
            raise OSError(error, "no")
        original(source, target)

    monkeypatch.setattr("aecore.keeping.shutil.copyfile", fail)
    with pytest.raises(KeepingError, match=says):
        duplicate(run, ME)
    assert len(copied) > 3
    assert [path.name for path in root.iterdir()] == ["shared"]


def test_a_run_that_goes_on_while_it_is_copied_is_not(trained: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = shared(trained, YOU, root / "shared")
    monkeypatch.setattr(keeping, "_copy_shared", lambda run, into: run.write_status(Status(state="queued")))
    with pytest.raises(KeepingError, match="changed meanwhile"):
        duplicate(run, ME)
    assert [path.name for path in root.iterdir()] == ["shared"]


def test_there_is_a_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RUNS_EACH", 2)
    run = run_of(ME)
    duplicate(run, ME)
    with pytest.raises(KeepingError, match="2 runs"):
        duplicate(run, ME)
    assert len(runs_of(ME)) == 2


# --- delete and bring back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["run", "sweep"])
def test_what_is_deleted_comes_back_as_it_was(kind: str) -> None:
    entry = entry_of(ME, kind)
    about = entry.about
    delete(entry, owner=ME)
    assert (find_run(entry.token), find_sweep(entry.token), runs_of(ME), sweeps_of(ME)) == (None, None, [], [])
    assert [(gone.token, said.name) for gone, said in deleted_of(ME)] == [(entry.token, about.name)]
    assert deleted_of(YOU) == deleted_of("") == []
    with pytest.raises(KeepingError, match="kept for 24 hours"):
        restore(entry.token, YOU)
    back = restore(entry.token, ME)
    assert type(back) is type(entry)
    assert (back.token, back.about, deleted_of(ME)) == (entry.token, about, [])
    with pytest.raises(KeepingError, match="cannot be brought back"):
        restore(entry.token, ME)


def test_after_a_day_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(ME)
    gone = delete(run, owner=ME)
    monkeypatch.setattr("aecore.keeping.time.time", lambda: gone.when + limits.DELETED_KEPT + 1)
    assert deleted_of(ME) == []
    with pytest.raises(KeepingError):
        restore(run.token, ME)
    assert purge() == 1
    assert list(runs_root().iterdir()) == []


@pytest.mark.parametrize("token", ["", ".", "..", "../x", "/etc", ".deleted-x", "a" * 10_000, "x\0"])
def test_only_tokens_of_deleted_ones_bring_anything_back(token: str) -> None:
    delete(run_of(ME), owner=ME)
    with pytest.raises(KeepingError):
        restore(token, ME)


def test_a_sweep_under_way_is_not_deleted() -> None:
    sweep = new_sweep(sweep_config(), owner=ME, name="A sweep")  # its runs wait
    with pytest.raises(KeepingError, match="“A sweep” is still in training"):
        delete(sweep, owner=ME)
    assert sweep.exists


def test_a_folder_that_cannot_be_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(ME)
    monkeypatch.setattr(Path, "rename", lambda self, target: (_ for _ in ()).throw(OSError(errno.EACCES, "no")))
    with pytest.raises(KeepingError, match="could not be deleted"):
        delete(run, owner=ME)
    assert run.exists
