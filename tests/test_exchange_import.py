"""Files that somebody means harm with, or that are damaged: each is refused with a sentence, and nothing of it is written."""

from __future__ import annotations

import io
import json
import stat
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from aecore.exchange.keeping import bring_back, keep, keep_in
from aecore.exchange.reading import read_run
from aecore.exchange.refused import RefusedError
from aecore.limits import FILE_BYTES, UNPACKED_BYTES
from aecore.runs import Run, runs_of, runs_root
from tests import tiny
from tests.exchange_files import apart, raw_tensors, refused, together, trained, whole, with_json, without
from tests.server import ROOT

Files = dict[str, bytes]
WEIGHT = "encoder.1.0.weight"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture(scope="module")
def files(run: Run) -> Files:
    return apart(whole(run))


def test_what_was_put_together_again_is_taken(files: Files) -> None:
    assert read_run(together(files), "a.zip").facts.step == 6


# --- the zip itself -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "frames/../../evil.json",
        "/etc/evil.json",
        "C:evil.json",
        "..\\evil.json",
        "frames\\..\\..\\evil",
        "//server/share",
        "weights/../model.safetensors",
    ],
)
def test_no_path_leaves_the_folder(files: Files, tmp_path: Path, name: str) -> None:
    refused(together(files | {name: b"evil"}), "leads out of the run's folder", tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "resume.safetensors",
        "control.json",
        "frames/1.safetensors",
        "frames/000000018.safetensors",
        "model.safetensors.xz",
        "a/b",
        " ",
    ],
)
def test_only_known_names_are_taken(files: Files, tmp_path: Path, name: str) -> None:
    refused(together(files | {name: b"{}"}), "belongs to no run", tmp_path)


@pytest.mark.parametrize("name", ["data.pkl", "archive/data.pkl", "model.pt", "weights/x.pth"])
def test_pickles_are_never_opened(files: Files, tmp_path: Path, name: str) -> None:
    refused(together(files | {name: b"\x80\x04."}), "is a pickle", tmp_path)


def test_a_file_of_torch_itself_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, buffer)
    refused(buffer.getvalue(), "is a pickle|no run", tmp_path)


def test_arrays_of_numpy_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(2))
    refused(buffer.getvalue(), "belongs to no run", tmp_path)


@pytest.mark.parametrize("name", ["config.json", "CONFIG.json", "Model.SafeTensors", "ｃonfig.json"])
def test_no_name_is_taken_twice(files: Files, tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO(together(files))
    with (
        zipfile.ZipFile(buffer, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name") if name in files else _nothing(),
    ):
        archive.writestr(name, files["config.json"])
    refused(buffer.getvalue(), "in this zip twice", tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR])
def test_links_and_devices_are_refused(files: Files, tmp_path: Path, kind: int) -> None:
    def change(entry: zipfile.ZipInfo) -> None:
        if entry.filename == "metrics.csv":
            entry.external_attr = (kind | 0o777) << 16

    refused(together(files, change), "is a link or a device", tmp_path)


def test_another_way_of_packing_is_refused(files: Files, tmp_path: Path) -> None:
    def change(entry: zipfile.ZipInfo) -> None:
        entry.compress_type = zipfile.ZIP_LZMA

    refused(together(files, change), "packed in a way", tmp_path)


def test_encrypted_files_are_refused(files: Files, tmp_path: Path) -> None:
    content = bytearray(together(files))
    place = content.index(b"PK\x01\x02") + 8  # the flags of the first entry of the directory
    content[place] |= 1
    refused(bytes(content), "encrypted", tmp_path)


def test_a_second_name_in_the_extra_field_does_not_count(files: Files, tmp_path: Path) -> None:
    import zlib

    def change(entry: zipfile.ZipInfo) -> None:
        if entry.filename == "metrics.csv":
            name = b"../../evil"
            field = struct.pack("<BL", 1, zlib.crc32(b"metrics.csv")) + name
            entry.extra = struct.pack("<HH", 0x7075, len(field)) + field

    content = together(files, change)
    try:
        read_run(content, "a.zip")  # where this Python does not know that field
    except RefusedError:
        refused(content, "belongs to no run", tmp_path)


@pytest.mark.parametrize("where", ["front", "back", "comment", "cut", "middle"])
def test_something_added_or_cut_off_is_noticed(files: Files, tmp_path: Path, where: str) -> None:
    content = together(files)
    if where == "comment":
        buffer = io.BytesIO(content)
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.comment = b"hello"
        content = buffer.getvalue()
    added = {"front": b"PK\x03\x04" + content, "back": content + b"x", "cut": content[:-3], "middle": content[:-22]}
    refused(added.get(where, content), "not a whole zip file", tmp_path)


def test_very_many_files_are_refused_before_they_are_looked_at(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(20_000):
            archive.writestr(f"frames/{index:08d}.safetensors", b"")
    refused(buffer.getvalue(), "no run has that many", tmp_path)


def test_a_zip_for_more_than_four_gigabytes_is_refused(files: Files, tmp_path: Path) -> None:
    content = bytearray(together(files))
    content[-22 + 12 : -22 + 20] = b"\xff" * 8
    refused(bytes(content), "beyond 4 GB", tmp_path)


def test_files_that_share_bytes_are_refused(files: Files, tmp_path: Path) -> None:
    content = bytearray(together(files))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]  # both begin at the same place
    refused(bytes(content), "overlap", tmp_path)


@pytest.mark.parametrize("name", ["run.json", "config.json", "about.json", "status.json", "model.safetensors"])
def test_what_every_run_has_must_be_there(files: Files, tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, data in without(files, name).items():
            archive.writestr(key, data)
    refused(buffer.getvalue(), f"it has no {name}", tmp_path)


def test_a_file_that_was_changed_is_noticed(files: Files, tmp_path: Path) -> None:
    manifest = json.loads(files["run.json"])["files"]
    other = files | {"metrics.csv": files["metrics.csv"].replace(b"1", b"2")}
    refused(together(other, files=manifest), r"metrics\.csv is not the file that run\.json speaks of", tmp_path)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"format": 2}, "of a newer app"),
        ({"format": 0}, "a format from 1 to 1"),
        ({"format": True}, "a format from 1 to 1"),
        ({"format": "1"}, "a format from 1 to 1"),
        ({"app": "Another"}, "none of this app"),
        ({"more": 1}, "something called “more”"),
        ({"files": {}}, "does not list the files"),
        ({"files": []}, "does not list the files"),
    ],
)
def test_the_manifest_is_checked(files: Files, tmp_path: Path, values: dict[str, object], sentence: str) -> None:
    refused(together(files, **values), sentence, tmp_path)


def test_an_older_format_of_the_zip_is_refused_with_a_sentence(files: Files, tmp_path: Path) -> None:
    content = together({name: data for name, data in files.items() if name != "run.json"})
    old = apart(content)
    manifest = json.loads(old["run.json"])
    del manifest["format"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in (old | {"run.json": json.dumps(manifest).encode()}).items():
            archive.writestr(name, data)
    refused(buffer.getvalue(), "must name the app and a format", tmp_path)


# --- too large ----------------------------------------------------------------------------------------------------------


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    refused(b"PK\x03\x04" + bytes(FILE_BYTES), "40 MB is the most", tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    refused(b"", "is empty", tmp_path)


def bomb(files: Files) -> bytes:
    """A zip of a few hundred kilobytes that would be 140 megabytes: each file for itself is as large as one may be."""
    zeros = bytes(10 << 20)
    return together(files | {f"frames/{index:08d}.safetensors": zeros for index in range(100, 114)})


def lying_bomb(files: Files) -> bytes:
    """A zip in which a file is said to have a thousand bytes, and has a quarter of a gigabyte once it is inflated."""
    content = bytearray(together(files | {"metrics.csv": bytes(1 << 28)}))
    place = content.index(b"metrics.csv", content.index(b"PK\x01\x02")) - 46
    content[place + 24 : place + 28] = struct.pack("<L", 1000)  # the size in the directory
    return bytes(content)


def declared(size: int) -> bytes:
    """Weights whose header speaks of so many bytes."""
    entry = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    return raw_tensors({"__metadata__": {"config": tiny.config().to_json()}, WEIGHT: entry}, bytes(100))


HOSTILE: dict[str, Callable[[Files], bytes]] = {
    "bomb": bomb,
    "lying": lying_bomb,
    "declared": lambda files: declared(10 << 30),
    "in_zip": lambda files: together(files | {"model.safetensors": declared(10 << 30)}),
    "header": lambda files: (8 << 30).to_bytes(8, "little") + b"{" + bytes(100),
    "json": lambda files: together(files | {"config.json": b'{"a": "' + b"x" * (30 << 20) + b'"}'}),
    "deep": lambda files: together(files | {"config.json": b"[" * 60_000}),
}


@pytest.mark.parametrize("which", HOSTILE)
def test_memory_stays_bounded(files: Files, tmp_path: Path, which: str) -> None:
    content = HOSTILE[which](files)
    file = tmp_path / "their.zip"
    file.write_bytes(content)
    code = (
        "import pathlib, resource, sys\n"
        "from aecore.exchange.reading import read_run\n"
        "from aecore.exchange.refused import RefusedError\n"
        "content = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    read_run(content, 'their.zip')\n"
        "except RefusedError as error:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], cwd=ROOT, capture_output=True, text=True, check=True)
    kilobytes, _, sentence = done.stdout.partition(" ")
    assert sentence.strip()
    assert int(kilobytes) << 10 < UNPACKED_BYTES


# --- whose it becomes, and what is there already ------------------------------------------------------------------------


def test_a_run_of_somebodys_own_file_needs_that_file(files: Files, tmp_path: Path) -> None:
    config = json.loads(files["config.json"])
    config["data"]["name"] = "series-" + "0" * 24
    refused(together(files | {"config.json": json.dumps(config).encode()}), "read that file on the Anomalies page", tmp_path)


def test_it_belongs_to_who_brought_it_back(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    run = keep(read_run(together(files), "a.zip"), "a.zip", owner="me")
    assert [each.token for each in runs_of("me")] == [run.token]
    assert len(run.token) == 32
    assert time.time() - run.about.created < 600
    assert [path.name for path in runs_root().iterdir()] == [run.token], "nothing is left beside it"


def test_a_failure_on_the_way_leaves_nothing(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_run(together(files), "a.zip")

    def full(run: Run, status: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Run, "write_status", full)
    with pytest.raises(OSError, match="No space"):
        keep_in(found, "a.zip", tmp_path / "back")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(files: Files, tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "mine.txt").write_text("mine")
    file = tmp_path / "a.zip"
    file.write_bytes(together(files))
    with pytest.raises(FileExistsError):
        bring_back(file, tmp_path / "back")
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["mine.txt"]


def test_control_characters_in_a_name_become_spaces(files: Files) -> None:
    found = read_run(together(with_json(files, "about.json", name="a\x00b\u202ec\nd", note="one\ntwo\x1b[0m")), "a.zip")
    assert (found.facts.name, found.facts.note) == ("a b c d", "one\ntwo [0m")


# --- the stored older one -----------------------------------------------------------------------------------------------


def test_a_stored_run_of_an_older_format_is_loaded(tmp_path: Path) -> None:
    run = bring_back(Path(__file__).parent / "data" / "run-format-1.zip", tmp_path / "back")
    stored = apart((Path(__file__).parent / "data" / "run-format-1.zip").read_bytes())
    assert "format" not in json.loads(stored["config.json"]), "as configurations were before they named their format"
    assert json.loads((run.folder / "config.json").read_bytes())["format"] >= 2
    assert run.config.code.size == 2
    assert run.config.optimizer.learning_rate == 0.003
    assert run.status.state == "finished"


def _nothing() -> io.BytesIO:
    """A context in which nothing is expected."""
    return io.BytesIO()
