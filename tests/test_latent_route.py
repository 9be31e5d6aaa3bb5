"""What the browser is answered when it asks for a run's network and pictures."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from aecore import runs
from aecore.atlas import Atlas, write_atlas
from aecore.checkpoint import save_live_model, save_model
from aecore.frames import Gallery, write_gallery
from aecore.model import build
from aecore.runs import Run, Status
from aecore.ui.browser_network import browser_network
from aecore.ui.latent_route import ROUTES, _Networks
from tests import tiny

TOKEN = "b" * 32


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    return Run.create(tiny.config("vae", architecture__hidden=(12,), objective__beta=2.0), tmp_path / TOKEN)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=ROUTES)) as client:
        yield client


def finish(run: Run, seed: int = 1, state: str = "finished") -> str:
    """Give the run weights and a state; returns their stamp."""
    save_model(run, build(run.config.plan, seed))
    run.write_status(Status(state=state, step=5))
    return str(run.model_path.stat().st_mtime_ns)


def opened(response: Any) -> tuple[dict[str, Any], list[bytes]]:
    content = response.content
    end = 4 + int.from_bytes(content[:4], "little")
    header = json.loads(content[4:end])
    parts = []
    for length in header["parts"]:
        parts.append(content[end : end + length])
        end += length
    return header, parts


def test_the_network_of_a_finished_run_is_kept_by_the_browser(run: Run, client: TestClient) -> None:
    stamp = finish(run)
    response = client.get(f"/api/runs/{TOKEN}/network?stamp={stamp}")
    header, (weights,) = opened(response)
    description, expected = browser_network(run)
    assert weights == expected
    assert header["description"] == description
    assert len(weights) == 4 * run.config.plan.parameters, "four bytes a parameter"
    assert header["stamp"] == stamp
    assert header["state"] == "finished"
    assert header["beta"] == 2.0
    assert (header["channels"], header["height"], header["width"]) == (1, 28, 28)
    assert "immutable" in response.headers["cache-control"]
    assert "private" in response.headers["cache-control"]


def test_weights_that_are_not_those_asked_for_are_not_kept(run: Run, client: TestClient) -> None:
    stamp = finish(run)
    response = client.get(f"/api/runs/{TOKEN}/network?stamp=1")
    assert opened(response)[0]["stamp"] == stamp
    assert response.headers["cache-control"] == "no-store"


def test_nothing_newer(run: Run, client: TestClient) -> None:
    stamp = finish(run)
    response = client.get(f"/api/runs/{TOKEN}/network?have={stamp}")
    assert response.status_code == 204
    assert response.headers["x-run-state"] == "finished"
    assert not response.content
    assert not run.watched_path.exists(), "a run that is over offers nothing newer"


def test_a_run_in_training_is_watched_and_gives_its_newest_weights(run: Run, client: TestClient) -> None:
    finish(run, state="running")
    save_live_model(run, build(run.config.plan, 2))
    later = run.model_path.stat().st_mtime_ns + 10_000_000
    os.utime(run.live_model_path, ns=(later, later))
    response = client.get(f"/api/runs/{TOKEN}/network?have=7")
    header, (weights,) = opened(response)
    assert header["stamp"] == str(later)
    assert header["state"] == "running"
    assert weights == browser_network(run, run.live_model_path)[1] != browser_network(run)[1]
    assert response.headers["cache-control"] == "no-store"
    assert run.watched_path.exists()
    assert client.get(f"/api/runs/{TOKEN}/network?have={later}").status_code == 204


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("queued", "waits for its turn"),
        ("preparing", "getting ready"),
        ("running", "weights of this moment"),
        ("paused", "weights of this moment"),
        ("stopped", "no weights"),
        ("failed", "has failed. It diverged."),
    ],
)
@pytest.mark.parametrize("what", ["network?have=", "atlas"])
def test_what_is_not_there_yet_is_said(run: Run, client: TestClient, state: str, sentence: str, what: str) -> None:
    run.write_status(Status(state=state, reason="It diverged." if state == "failed" else ""))
    response = client.get(f"/api/runs/{TOKEN}/{what}")
    assert response.status_code == 404
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-run-state"] == state
    expected = "pictures of this run are missing" if what == "atlas" and state in ("stopped", "failed") else sentence
    assert expected in response.json()["error"]


@pytest.mark.parametrize("what", ["network?have=", "atlas"])
@pytest.mark.parametrize("token", ["c" * 32, "..%2f..%2fetc", "a b", "x" * 300])
def test_no_such_run(run: Run, client: TestClient, what: str, token: str) -> None:
    response = client.get(f"/api/runs/{token}/{what}")
    assert response.status_code == 404
    assert response.headers.get("x-run-state", "gone") == "gone"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_the_pictures(run: Run, client: TestClient, encoding: str) -> None:
    images = np.random.default_rng(1).integers(0, 256, (6, 1, 28, 28), dtype=np.uint8)
    write_atlas(run, Atlas(images, np.arange(6)))
    response: Response | Any = client.get(f"/api/runs/{TOKEN}/atlas", headers={"Accept-Encoding": encoding})
    header, (pixels,) = opened(response)
    assert pixels == images.tobytes()
    assert header["labels"] == list(range(6))
    assert header["classes"] == list("0123456789")
    assert header["origin"] == "test"
    assert header["factors"] is None
    assert response.headers.get("content-encoding") == ("gzip" if encoding == "gzip" else None)
    assert "max-age" in response.headers["cache-control"]


def test_known_factors_come_with_the_pictures(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    run = Run.create(tiny.config("vae", data__name="shapes", data__resolution=32), tmp_path / TOKEN)
    factors = np.arange(10, dtype=np.int64).reshape(2, 5)
    write_atlas(run, Atlas(np.zeros((2, 1, 32, 32), np.uint8), np.arange(2), factors))
    header, _ = opened(client.get(f"/api/runs/{TOKEN}/atlas"))
    assert header["factors"] == {"names": list(run.config.card.factor_names), "values": factors.tolist()}


def test_every_run_that_comes_with_the_app_answers(client: TestClient) -> None:
    for run in runs.shipped():
        header, _ = opened(client.get(f"/api/runs/{run.token}/network?have="))
        assert header["description"]["code_size"] == run.config.code.size
        header, (pixels,) = opened(client.get(f"/api/runs/{run.token}/atlas"))
        assert header["origin"] == "test"
        assert len(header["labels"]) == 500 == len(pixels) // run.config.plan.input_size


def test_only_the_newest_weights_of_a_run_are_kept_in_memory(run: Run) -> None:
    networks = _Networks()
    finish(run, seed=1)
    first = networks.get(run, run.model_path, "1")
    assert networks.get(run, run.model_path, "1") is first
    finish(run, seed=2)
    second = networks.get(run, run.model_path, "2")
    assert second[1] != first[1]
    assert len(networks._kept) == 1


def test_networks_that_were_not_asked_for_lately_are_let_go(run: Run) -> None:
    finish(run)
    networks = _Networks(most=int(2.5 * 4 * run.config.plan.parameters))
    for name in ("one", "two", "three"):
        copy = Run(Path(shutil.copytree(run.folder, run.folder.parent / name)))
        networks.get(copy, copy.model_path, "1")
    assert [folder.name for folder in networks._kept] == ["two", "three"]


def test_a_gallery_in_the_place_of_an_atlas_is_not_kept_by_the_browser(run: Run, client: TestClient) -> None:
    run.frames_folder.mkdir(exist_ok=True)
    pictures = np.zeros((2, 1, 28, 28), np.uint8)
    write_gallery(run.frames_folder, Gallery(pictures, np.arange(2, dtype=np.uint8), np.zeros(3, np.uint8), "pca"))
    response = client.get(f"/api/runs/{TOKEN}/atlas")
    assert opened(response)[0]["origin"] == "validation"
    assert response.headers["cache-control"] == "no-store"
