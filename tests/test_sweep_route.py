"""The routes of a sweep: what is new in all its runs, and their kept traversals."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from aecore.metrics_log import MetricsReader
from aecore.moments import MomentsWriter, columns_of, kept_steps, moments_path, pictured_steps, read_traversals
from aecore.runs import Run, Status
from aecore.sweeps import Sweep, overall_state
from aecore.ui import sweep_route
from aecore.ui.sweep_route import MOST_ROWS
from tests import tiny
from tests.sweep_harness import client

TOKEN = "d" * 32


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return tiny.trained_sweep(tmp_path_factory.mktemp("trained") / TOKEN)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A sweep whose runs wait."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    return Sweep.create(tiny.sweep_config(), tmp_path / TOKEN)


@pytest.fixture
def asked(trained: Sweep, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("AECORE_RUNS", str(trained.folder.parent))
    monkeypatch.setattr(sweep_route, "_COMPRESSED", sweep_route._Compressed())
    return client()


def live(asking: TestClient, since: str = "") -> dict[str, Any]:
    response = asking.get(f"/api/sweeps/{TOKEN}/live", params={"since": since})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    return dict(response.json())


def moments(asking: TestClient, query: str, encoding: str = "gzip") -> tuple[dict[str, Any], list[np.ndarray[Any, Any]]]:
    response = asking.get(f"/api/sweeps/{TOKEN}/moments?{query}", headers={"Accept-Encoding": encoding})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers.get("content-encoding") == ("gzip" if encoding == "gzip" else None)
    block = response.content
    end = 4 + int.from_bytes(block[:4], "little")
    header = json.loads(block[4:end])
    parts = []
    for entry, length in zip(header["runs"], header["parts"], strict=True):
        pixels = np.frombuffer(block[end : end + length], np.uint8)
        parts.append(pixels.reshape(len(entry["numbers"]), *header["shape"]))
        end += length
    assert end == len(block)
    return header, parts


def test_all_of_a_finished_sweep(trained: Sweep, asked: TestClient) -> None:
    answer = live(asked)
    assert answer["state"] == "finished"
    assert len(answer["members"]) == 4
    for news, member in zip(answer["members"], trained.members, strict=True):
        losses = MetricsReader(member.run.metrics_path)
        losses.read()
        assert (news["state"], news["step"], news["steps"]) == ("finished", 6, 6)
        assert [row[0] for row in news["loss_rows"]] == [row[0] for row in losses.rows]
        for name in news["loss_columns"]:
            theirs = [row[losses.columns.index(name)] for row in losses.rows]
            assert [row[news["loss_columns"].index(name)] for row in news["loss_rows"]] == theirs
        assert {"train_reconstruction", "train_kl", "val_reconstruction", "val_kl"} < set(news["loss_columns"])
        assert news["code_columns"] == columns_of(4, factors=True)
        assert news["code_rows"][-1][0] == 6
        assert news["kept"] == pictured_steps(member.run) == list(kept_steps(6))


def test_only_what_is_newer_is_sent(asked: TestClient) -> None:
    first = live(asked, "6:6:6,2:-1:0")["members"]
    assert first[0]["loss_rows"] == first[0]["code_rows"] == first[0]["kept"] == []
    all_steps = [row[0] for row in live(asked)["members"][1]["loss_rows"]]
    assert [row[0] for row in first[1]["loss_rows"]] == [step for step in all_steps if step > 2] != all_steps
    assert first[1]["kept"] == [step for step in kept_steps(6) if step > 0]
    assert first[2]["kept"] == list(kept_steps(6))  # nothing was said of the third: all of it


@pytest.mark.parametrize("since", ["x", "1:2", "1:2:3:4", "1:2:3,", "1:2:∞", "1.5:2:3", "9" * 5000 + ":1:1"])
def test_steps_that_are_none_are_refused(asked: TestClient, since: str) -> None:
    response = asked.get(f"/api/sweeps/{TOKEN}/live", params={"since": since})
    assert response.status_code == 400
    assert "three step numbers" in response.json()["error"]


def test_more_steps_than_runs_do_no_harm(asked: TestClient) -> None:
    assert len(live(asked, ",".join(["6:6:6"] * 100))["members"]) == 4


@pytest.mark.parametrize("what", ["live", "moments?step=0"])
@pytest.mark.parametrize("token", ["e" * 32, "..", "..%2f..", "a b", f"{TOKEN}--beta-1-seed-0", "x" * 300])
def test_no_such_sweep(asked: TestClient, what: str, token: str) -> None:
    response = asked.get(f"/api/sweeps/{token}/{what}")
    assert response.status_code == 404
    if token not in ("..", "..%2f.."):  # which are no address at all
        assert response.json()["error"] == "This sweep is not on this server (any more): choose another one."


@pytest.mark.parametrize("what", ["live", "moments?step=0"])
def test_a_sweep_that_cannot_be_read_is_none(fresh: Sweep, what: str) -> None:
    (fresh.folder / "sweep.json").write_text("{")
    assert client().get(f"/api/sweeps/{TOKEN}/{what}").status_code == 404


def test_a_sweep_that_waits(fresh: Sweep) -> None:
    answer = live(client())
    assert answer["state"] == "queued"
    for news in answer["members"]:
        assert news["state"] == "queued"
        assert news["loss_rows"] == news["loss_columns"] == news["code_rows"] == news["kept"] == []


class Engine:
    """An engine that counts how often it is asked for its queue."""

    slots = 2

    def __init__(self, places: dict[str, int]) -> None:
        self.places = places
        self.count = 0

    def positions(self) -> dict[str, int]:
        self.count += 1
        return self.places


def test_the_queue_is_asked_for_once_a_second_whoever_looks(fresh: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    fake = Engine({run.token: place for place, run in enumerate(fresh.runs[1:], 5)})
    monkeypatch.setattr(sweep_route, "engine", lambda: fake)
    monkeypatch.setattr(sweep_route, "_QUEUE", sweep_route._Queue(lambda: now))
    asking = client()
    for _ in range(3):
        assert [news["queue"] for news in live(asking)["members"]] == [None, 5, 6, 7]
    assert fake.count == 1
    now += 1.1
    fake.places = {fresh.runs[1].token: 1}
    fresh.runs[2].write_status(replace(Status(), state="running"))
    assert [news["queue"] for news in live(asking)["members"]] == [None, 1, None, None]
    assert fake.count == 2
    for run in fresh.runs:
        run.write_status(replace(Status(), state="finished"))
    now += 1.1
    assert {news["queue"] for news in live(asking)["members"]} == {None}
    assert fake.count == 2  # nobody waits


def test_rows_and_pictures_that_are_being_written_are_left_out(fresh: Sweep) -> None:
    run = fresh.runs[0]
    writer = MomentsWriter(run, ["step", "kl_1"])
    writer.write({"step": 1, "kl_1": 0.5})
    writer.keep(1, np.zeros((4, 7, 1, 32, 32), np.uint8))
    writer.close()
    run.metrics_path.write_text("step,train_reconstruction,train_kl\n1,5,nan\n2,4,1\n3,3.")
    with moments_path(run).open("a") as file:
        file.write("2,0.")
    (run.folder / "moments" / ".00000002.npz.1.ab").write_bytes(b"half")
    (run.folder / "moments" / "00000003.npz").write_bytes(b"PK half")
    run.write_status(replace(Status(), state="running", step=3, steps=10))
    answer = live(client())
    assert answer["state"] == "running"
    news = answer["members"][0]
    assert news["loss_rows"] == [[1, 5, None], [2, 4, 1]]  # JSON has no NaN
    assert news["code_rows"] == [[1, 0.5]]
    assert moments(client(), "step=1")[0]["runs"] == [{"member": 0, "numbers": [0, 1, 2, 3]}]
    assert moments(client(), "step=3")[0]["runs"] == []


def test_long_tables_are_thinned_but_end_with_the_newest_row(fresh: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh.runs[0]
    lines = "".join(f"{step},1,1,1\n" for step in range(10 * MOST_ROWS))
    run.metrics_path.write_text("step,train_reconstruction,train_kl,val_kl\n" + lines)
    writer = MomentsWriter(run, ["step", "kl_1", "mig"])
    for step in range(100):
        writer.write({"step": step, "kl_1": 1.0, "mig": 0.5})
    writer.close()
    monkeypatch.setattr(sweep_route, "MOST_CELLS", 4 * 3 * 30)  # 30 rows for each of four runs
    news = live(client())["members"][0]
    for rows, most, last in ((news["loss_rows"], MOST_ROWS, 10 * MOST_ROWS - 1), (news["code_rows"], 30, 99)):
        assert most // 2 < len(rows) <= most
        assert rows[-1][0] == last
        assert len({row[0] for row in rows}) == len(rows)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_the_kept_traversals_of_all_runs(trained: Sweep, asked: TestClient, encoding: str) -> None:
    header, parts = moments(asked, "step=6", encoding)
    assert header["step"] == 6
    assert header["shape"] == [7, 1, 32, 32]
    assert header["runs"] == [{"member": i, "numbers": [0, 1, 2, 3]} for i in range(4)]
    for run, pixels in zip(trained.runs, parts, strict=True):
        expected = read_traversals(run, 6)
        assert expected is not None
        np.testing.assert_array_equal(pixels, expected)


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps whose traversals are read from files from now on, once for each file."""
    read: list[int] = []

    def counted(run: Run, step: int) -> Any:
        read.append(step)
        return read_traversals(run, step)

    monkeypatch.setattr(sweep_route, "read_traversals", counted)
    return read


def test_traversals_of_a_finished_sweep_are_packed_once(
    trained: Sweep, asked: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted_reads(monkeypatch)
    first = moments(asked, "step=6")
    assert read == [6] * 4
    again = moments(asked, "step=6")
    assert read == [6] * 4
    assert again[0] == first[0]
    np.testing.assert_array_equal(again[1], first[1])
    assert len(moments(asked, "step=6&members=1", "gzip")[1]) == 1  # not the answer that is kept
    moments(asked, "step=6", "identity")
    assert len(read) == 9
    run = trained.runs[0]
    before = run.status
    try:
        run.write_status(replace(before, state="running", step=5))  # it goes on
        moments(asked, "step=6")
        moments(asked, "step=6")
        assert len(read) == 17
        run.write_status(replace(before, since=before.since + 1))  # it ended again, perhaps with other pictures
        moments(asked, "step=6")
        assert len(read) == 21
    finally:
        run.write_status(before)


def test_packed_traversals_have_a_limit(asked: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(sweep_route._packed(Sweep(Path(os.environ["AECORE_RUNS"]) / TOKEN), 6, None))
    monkeypatch.setattr(sweep_route, "_COMPRESSED", sweep_route._Compressed(most=2 * size + size // 2))
    read = counted_reads(monkeypatch)
    for step in (6, 4, 6, 3, 6):  # the one asked for last stays
        moments(asked, f"step={step}")
    assert sorted(read) == [3] * 4 + [4] * 4 + [6] * 4
    moments(asked, "step=4")
    assert read.count(4) == 8  # the one asked for longest ago had to go


def test_only_the_runs_that_are_asked_for(trained: Sweep, asked: TestClient) -> None:
    header, parts = moments(asked, "step=0&members=3,1,17,-1")
    assert [entry["member"] for entry in header["runs"]] == [1, 3]
    expected = read_traversals(trained.runs[3], 0)
    assert expected is not None
    np.testing.assert_array_equal(parts[1], expected)
    assert moments(asked, "step=12345")[0]["runs"] == []


@pytest.mark.parametrize(
    "query", ["", "step=", "step=x", "step=1.5", "step=1&members=", "step=1&members=a", "step=" + "9" * 5000]
)
def test_questions_that_are_none_are_refused(asked: TestClient, query: str) -> None:
    response = asked.get(f"/api/sweeps/{TOKEN}/moments?{query}")
    assert response.status_code == 400
    assert "step must be a step number" in response.json()["error"]


def test_of_a_large_code_the_most_used_numbers_are_sent(
    trained: Sweep, asked: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_route, "MOST_BYTES", 4 * 2 * 7 * 32 * 32)  # two numbers of each of four runs
    header, parts = moments(asked, "step=6")
    for run, entry, pixels in zip(trained.runs, header["runs"], parts, strict=True):
        reader = MetricsReader(moments_path(run))
        reader.read()
        kl = np.array(reader.rows[-1][1:5], float)
        assert entry["numbers"] == sorted(np.argsort(-kl)[:2].tolist())
        expected = read_traversals(run, 6)
        assert expected is not None
        np.testing.assert_array_equal(pixels, expected[entry["numbers"]])


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["finished"] * 3, "finished"),
        (["finished", "preparing", "queued"], "running"),
        (["finished", "running", "failed"], "running"),
        (["paused", "queued", "finished"], "paused"),
        (["queued", "finished", "failed"], "queued"),
        (["finished", "failed", "stopped"], "failed"),
        (["finished", "stopped", "interrupted"], "interrupted"),
        (["finished", "stopped"], "stopped"),
    ],
)
def test_the_state_of_a_sweep(states: list[str], expected: str) -> None:
    assert overall_state(states) == expected
    assert overall_state(states[::-1]) == expected
