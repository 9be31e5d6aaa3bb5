"""What the browser is answered when it asks for the film of a training: all of it in one block, then only what is new."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aecore.frames import Film, Frame, Gallery, pack_film, read_film, write_frame, write_gallery
from aecore.metrics_log import MetricsWriter
from aecore.runs import Run, Status
from aecore.ui import film_route
from aecore.ui.film_route import ROUTES, stamp_of
from tests import tiny

COUNT, POINTS, FILTERS = 3, 5, 2
GALLERY = Gallery(
    np.arange(COUNT * 12, dtype=np.uint8).reshape(COUNT, 1, 3, 4),
    np.arange(COUNT, dtype=np.uint8),
    np.arange(POINTS, dtype=np.uint8),
    "code",
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    made = Run.create(tiny.config("vae", code__size=2), tmp_path / secrets.token_hex(16))
    made.frames_folder.mkdir()
    return made


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=ROUTES)) as client:
        yield client


def frame(step: int, filters: bool = True) -> Frame:
    random = np.random.default_rng(step)
    pictures = random.integers(0, 256, (COUNT, 1, 3, 4), dtype=np.uint8)
    of_units = random.integers(0, 256, (FILTERS, 1, 3, 4), dtype=np.uint8) if filters else None
    return Frame(step, pictures, random.normal(size=(POINTS, 2)).astype(np.float32), of_units)


def filmed(run: Run, *steps: int, live: int | None = None, state: str = "finished", gallery: Gallery = GALLERY) -> None:
    """Give a run frames at these steps, a present one, rows of losses at all steps of them, and a state."""
    write_gallery(run.frames_folder, gallery)
    for step in steps:
        write_frame(run.frames_folder, frame(step), keep=True)
    if live is not None:
        write_frame(run.frames_folder, frame(live), keep=False)
    last = max([*steps, live or 0])
    log = MetricsWriter(run.metrics_path, ["loss"])
    for step in range(last + 1):
        log.write({"step": step, "epoch": step / 10, "train_loss": 100 - step} | ({"val_loss": 99.0} if step % 5 == 0 else {}))
    log.close()
    run.write_status(Status(state=state, step=last, steps=50, epochs=5))


@dataclass
class Block:
    header: dict[str, Any]
    parts: list[bytes]

    @property
    def film(self) -> Film:
        count = len(self.header["steps"])
        shape = self.header["filters"]
        return Film(
            np.array(self.header["steps"]),
            self._bytes(3, (count, COUNT, 1, 3, 4)),
            np.frombuffer(self.parts[4], "<f4").reshape(count, POINTS, 2),
            None if shape is None else self._bytes(5, (count, *shape)),
        )

    @property
    def rows(self) -> npt.NDArray[np.float64]:
        return np.frombuffer(self.parts[6], "<f8").reshape(-1, len(self.header["columns"]))

    def _bytes(self, part: int, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.parts[part], np.uint8).reshape(shape)


def block(response: Any) -> Block:
    assert response.status_code == 200, response.text
    content = response.content
    end = 4 + int.from_bytes(content[:4], "little")
    header = json.loads(content[4:end])
    parts = []
    for length in header["parts"]:
        parts.append(content[end : end + length])
        end += length
    assert end == len(content)
    return Block(header, parts)


def get(client: TestClient, run: Run, query: str = "") -> Any:
    return client.get(f"/api/runs/{run.token}/film{query}")


def test_all_moments_come_in_one_answer(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4, 9, 20)
    response = get(client, run)
    found = block(response)
    film = read_film(run.frames_folder)
    assert film is not None
    assert found.header["steps"] == [0, 4, 9, 20]
    np.testing.assert_array_equal(found.film.reconstructions, film.reconstructions)
    np.testing.assert_array_equal(found.film.positions, film.positions)
    assert found.film.filters is not None
    assert film.filters is not None
    np.testing.assert_array_equal(found.film.filters, film.filters)
    assert found.parts[0] == GALLERY.originals.tobytes()
    assert (found.parts[1], found.header["has_corrupted"]) == (b"", False)
    assert found.parts[2] == GALLERY.point_labels.tobytes()
    assert found.rows[:, 0].tolist() == list(range(21))
    column = found.header["columns"].index("val_loss")
    assert np.isnan(found.rows[1, column])
    assert found.rows[5, column] == 99
    header = {name: found.header[name] for name in ("state", "total", "epochs", "fleeting", "missing", "left_out")}
    assert header == {"state": "finished", "total": 50, "epochs": 5, "fleeting": False, "missing": 0, "left_out": 0}
    assert response.headers["content-encoding"] == "gzip"
    assert client.get(f"/api/runs/{run.token}/film", headers={"accept-encoding": "identity"}).content == response.content


def test_a_finished_film_is_kept_by_the_browser_until_it_is_another_one(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4)
    stamp = stamp_of(run)
    response = get(client, run, f"?stamp={stamp}")
    assert "immutable" in response.headers["cache-control"]
    assert "private" in response.headers["cache-control"]
    for query in ("", "?stamp=1", "?stamp="):
        assert get(client, run, query).headers["cache-control"] == "no-store"
    run.write_status(Status(state="running"))
    assert stamp_of(run) is None
    assert get(client, run, f"?stamp={stamp}").headers["cache-control"] == "no-store"


def test_a_run_in_training_is_asked_for_what_is_new(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4, live=6, state="running")
    first = block(get(client, run))
    assert first.header["steps"] == [0, 4, 6]
    assert first.header["fleeting"]
    unchanged = get(client, run, "?have=6")
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert unchanged.headers["x-run-state"] == "running"
    filmed(run, 9, live=11, state="running")
    later = block(get(client, run, "?have=6"))
    assert later.header["after"] == 4, "the present moment that was sent is kept by nobody"
    assert later.header["steps"] == [9, 11]
    assert later.rows[:, 0].tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert later.parts[:3] == [b"", b"", b""]


def test_a_kept_frame_is_never_lost_and_a_training_that_went_back_is_sent_again(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4, 9, state="running")
    assert not block(get(client, run)).header["fleeting"]
    filmed(run, 12, state="running")
    assert block(get(client, run, "?have=9")).header["steps"] == [9, 12], "once too often rather than not at all"
    for step in (9, 12):
        (run.frames_folder / f"{step:08d}.safetensors").unlink()
    write_frame(run.frames_folder, frame(5), keep=False)
    again = block(get(client, run, "?have=12"))
    assert (again.header["after"], again.header["steps"]) == (4, [5])


@pytest.mark.parametrize("state", ["queued", "preparing", "running", "paused"])
def test_before_the_first_frame_it_says_what_it_waits_for(run: Run, client: TestClient, state: str) -> None:
    run.write_status(Status(state=state))
    response = get(client, run)
    assert response.status_code == 404
    assert response.headers["x-run-state"] == state
    assert response.json()["error"].endswith((".", "…"))


def test_a_run_without_frames_gets_a_sentence(run: Run, client: TestClient) -> None:
    run.write_status(Status(state="finished"))
    assert "kept no pictures" in get(client, run).json()["error"]
    shutil.rmtree(run.frames_folder)
    assert "kept no pictures" in get(client, run).json()["error"]


@pytest.mark.parametrize("damage", [b"", b"no frame", b"\xff" * 100])
def test_damaged_frames_are_left_out_and_counted(run: Run, client: TestClient, damage: bytes) -> None:
    filmed(run, 0, 4, 9)
    (run.frames_folder / "00000004.safetensors").write_bytes(damage)
    found = block(get(client, run))
    assert (found.header["steps"], found.header["missing"]) == ([0, 9], 1)
    for path in run.frames_folder.glob("*.safetensors"):
        path.write_bytes(damage)
    assert "damaged" in get(client, run).json()["error"]


def test_frames_of_other_pictures_are_damaged(run: Run, client: TestClient) -> None:
    other = Gallery(np.zeros((COUNT, 1, 4, 4), np.uint8), GALLERY.labels, GALLERY.point_labels, "pca")
    filmed(run, 0, 4, gallery=other)
    assert "damaged" in get(client, run).json()["error"]


def test_a_file_without_its_arrays_is_damaged(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4)
    shutil.copy(run.frames_folder / "gallery.safetensors", run.frames_folder / "00000004.safetensors")
    assert "damaged" in get(client, run).json()["error"]


def test_a_packed_film_comes_as_any_other(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4, 9)
    film = read_film(run.frames_folder)
    assert film is not None
    pack_film(run.frames_folder, film)
    found = block(get(client, run))
    assert found.header["steps"] == [0, 4, 9]
    assert np.abs(found.film.reconstructions.astype(int) - film.reconstructions).max() <= 4
    assert not found.header["fleeting"]


def test_a_film_that_is_too_large_has_fewer_moments(run: Run, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    filmed(run, *range(30))
    monkeypatch.setattr(film_route, "MOST_BYTES", 10 * (COUNT * 12 + POINTS * 8 + FILTERS * 12))
    found = block(get(client, run))
    steps = found.header["steps"]
    assert (len(steps), steps[0], steps[-1], found.header["left_out"]) == (10, 0, 29, 20)
    assert len(found.film.reconstructions) == 10


def test_frames_of_before_there_were_filters_have_none(run: Run, client: TestClient) -> None:
    filmed(run, 0, 4)
    write_frame(run.frames_folder, frame(2, filters=False), keep=True)
    found = block(get(client, run))
    assert (found.header["steps"], found.header["filters"], found.parts[5]) == ([0, 2, 4], None, b"")


def test_nobody_finds_what_is_no_run(run: Run, client: TestClient) -> None:
    for token in ("nothing", "..%2f..", "a" * 300, "%00"):
        response = client.get(f"/api/runs/{token}/film")
        assert response.status_code == 404
    (run.folder / "config.json").write_text("{}broken")
    assert "not on this server" in get(client, run).json()["error"]


@pytest.mark.parametrize("have", ["", "-1", "x", "9" * 40, "１２", "0.5"])
def test_a_step_that_is_none_is_not_asked_for(run: Run, client: TestClient, have: str) -> None:
    filmed(run, 0, 4)
    assert block(get(client, run, f"?have={have}")).header["steps"] == [0, 4]
