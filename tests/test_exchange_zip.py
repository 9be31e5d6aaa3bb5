"""A run taken away as a file and brought back: all of it is there, and its test numbers are found again to the last digit."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as load_arrays
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aecore.atlas import read_atlas
from aecore.checkpoint import load_model, pack_weights
from aecore.exchange.brought import brought
from aecore.exchange.keeping import bring_back, keep_in
from aecore.exchange.measuring import measure_brought
from aecore.exchange.python_lines import with_the_app
from aecore.exchange.reading import read_run
from aecore.exchange.refused import RefusedError
from aecore.exchange.taking import curves, file_name, weights_file
from aecore.frames import pack_film, read_film, read_frame, read_gallery
from aecore.metrics_log import MetricsReader
from aecore.runs import About, Run, Status
from aecore.snapshot_steps import snapshots
from aecore.ui import exchange_route
from tests import tiny
from tests.exchange_files import NAME, apart, trained, whole
from tests.server import ROOT

TOKEN = "c" * 32


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("trained") / "run")


def test_a_run_comes_back_whole_and_its_test_numbers_are_the_same_to_the_last_digit(run: Run, tmp_path: Path) -> None:
    found = read_run(whole(run), "mine.zip")
    back = keep_in(found, "mine.zip", tmp_path / "back", owner="me")
    assert back.config == run.config
    about, status = back.about, back.status
    assert (about.owner, about.name, about.note, about.file) == ("me", NAME, "A note.\nOf two lines.", "mine.zip")
    assert (status.state, status.step, status.epoch, status.seconds) == ("finished", 6, 2.0, run.status.seconds)
    assert status.test is None, "what a file says is not the run's own yet"
    assert tiny.same_weights(load_model(back), load_model(run))
    assert snapshots(back).keys() == snapshots(run).keys() != set()
    mine, theirs = MetricsReader(back.metrics_path), MetricsReader(run.metrics_path)
    mine.read()
    theirs.read()
    assert (mine.columns, mine.rows) == (theirs.columns, theirs.rows)
    films = [read_film(each.frames_folder) for each in (back, run)]
    assert films[0] is not None
    assert films[1] is not None
    assert np.array_equal(films[0].reconstructions, films[1].reconstructions)
    assert read_frame(back.frames_folder) is not None
    gallery = read_gallery(back.frames_folder)
    assert gallery is not None
    atlases = [read_atlas(each) for each in (back, run)]
    assert atlases[0] is not None
    assert atlases[1] is not None
    assert np.array_equal(atlases[0].images, atlases[1].images)

    known = measure_brought(back, lambda done, what: None)
    assert known.said == known.measured == run.status.test
    assert known.is_same
    assert back.status.test == run.status.test


def test_what_was_brought_back_can_be_taken_away_and_brought_back_again(run: Run, tmp_path: Path) -> None:
    once = keep_in(read_run(whole(run), "a.zip"), "a.zip", tmp_path / "once")
    twice = keep_in(read_run(whole(once), "b.zip"), "b.zip", tmp_path / "twice")
    known = brought(twice)
    assert known is not None
    assert (known.said, known.made) == (run.status.test, 1_700_000_000.0)
    assert apart(whole(once)).keys() == apart(whole(run)).keys()


def test_the_zip_does_not_say_whose_the_run_is(run: Run) -> None:
    files = apart(whole(run))
    assert set(json.loads(files["about.json"])) == {"name", "note", "created", "start"}
    assert b"somebody" not in b"".join(data for name, data in files.items() if name.endswith(".json"))


def test_unzipped_it_is_a_runs_folder(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(whole(run))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unzipped")
    opened = Run(tmp_path / "unzipped")
    assert (opened.config, opened.status.test, opened.about.name) == (run.config, run.status.test, NAME)
    assert tiny.same_weights(load_model(opened), load_model(run))


def test_a_run_with_stages_keeps_their_numbers(tmp_path: Path) -> None:
    config = tiny.config(
        "stacked", architecture__hidden=(8,), schedule__layer_epochs=1, epochs=1, schedule__classifier_epochs=1, code__size=4
    )
    run = trained(tmp_path / "run", config)
    back = keep_in(read_run(whole(run), "a.zip"), "a.zip", tmp_path / "back")
    assert (back.folder / "stages.json").read_bytes() == (run.folder / "stages.json").read_bytes()
    known = measure_brought(back, lambda done, what: None)
    assert known.is_same
    assert "accuracy" in (known.measured or {})


def test_a_run_of_the_app_is_taken_away_unpacked(run: Run, tmp_path: Path) -> None:
    copy = bring_back(saved(tmp_path / "a.zip", whole(run)), tmp_path / "copy")
    film = read_film(copy.frames_folder)
    assert film is not None
    pack_film(copy.frames_folder, film)
    pack_weights(copy, 8)
    files = apart(whole(copy))
    assert not [name for name in files if name.endswith(".xz")]
    assert load_arrays(files["model.safetensors"])["encoder.1.0.weight"].dtype == np.float32
    back = keep_in(read_run(whole(copy), "b.zip"), "b.zip", tmp_path / "back")
    assert tiny.same_weights(load_model(back), load_model(copy))


def test_the_weights_alone_come_back_with_what_they_say(run: Run, tmp_path: Path) -> None:
    size, pieces = weights_file(run)
    content = b"".join(pieces)
    assert len(content) == size
    back = bring_back(saved(tmp_path / "w.safetensors", content), tmp_path / "back")
    assert (back.config, back.about.name, back.status.state) == (run.config, NAME, "finished")
    assert tiny.same_weights(load_model(back), load_model(run))
    assert measure_brought(back, lambda done, what: None).is_same


def test_weights_from_elsewhere_come_back_with_a_configuration_beside_them(run: Run, tmp_path: Path) -> None:
    file = saved(tmp_path / "theirs.safetensors", run.model_path.read_bytes())
    with pytest.raises(RefusedError, match=r"choose the run's config\.json"):
        bring_back(file, tmp_path / "none")
    back = bring_back(file, tmp_path / "back", run.folder / "config.json")
    assert (back.about.name, back.status.state, back.status.test) == ("theirs", "finished", None)
    known = measure_brought(back, lambda done, what: None)
    assert (known.said, known.measured, known.is_same) == (None, run.status.test, False)


def test_a_stopped_run_comes_back_stopped_and_is_not_resumed(run: Run, tmp_path: Path) -> None:
    copy = bring_back(saved(tmp_path / "a.zip", whole(run)), tmp_path / "copy")
    copy.write_about(About(name="here"))
    copy.write_status(Status(state="stopped", step=6, steps=run.config.total_steps))
    assert copy.resumable
    back = keep_in(read_run(whole(copy), "b.zip"), "b.zip", tmp_path / "back")
    assert back.status.state == "stopped"
    assert "start again" in back.status.reason
    assert not back.resumable


@pytest.mark.parametrize("state", ["queued", "running", "paused", "interrupted", "failed"])
def test_a_run_that_is_not_over_is_not_taken_away(run: Run, tmp_path: Path, state: str) -> None:
    copy = bring_back(saved(tmp_path / "a.zip", whole(run)), tmp_path / "copy")
    copy.write_status(Status(state=state, step=2, steps=run.config.total_steps))
    for take in (whole, weights_file):
        with pytest.raises(RefusedError, match="run is"):
            take(copy)
    assert curves(copy)[0] > 0


def test_a_run_that_never_began_has_nothing_to_take(tmp_path: Path) -> None:
    run = Run.create(tiny.config(), tmp_path / "new")
    run.write_status(Status(state="stopped"))
    with pytest.raises(RefusedError, match="before it had any weights"):
        whole(run)
    with pytest.raises(RefusedError, match="no curves yet"):
        curves(run)


def test_half_a_row_is_left_out_of_the_curves(run: Run, tmp_path: Path) -> None:
    copy = bring_back(saved(tmp_path / "a.zip", whole(run)), tmp_path / "copy")
    rows = copy.metrics_path.read_bytes()
    copy.metrics_path.write_bytes(rows + b"7,2.3,0.")
    size, pieces = curves(copy)
    assert b"".join(pieces) == rows
    assert size == len(rows)
    assert read_run(whole(copy), "a.zip").rows == rows.count(b"\n") - 1


def test_the_lines_of_python_load_the_run_and_use_it(run: Run, tmp_path: Path) -> None:
    saved(tmp_path / file_name(run, ".zip"), whole(run))
    done = subprocess.run(
        [sys.executable, "-c", with_the_app(run)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "digits code (5, 4) error" in done.stdout


def test_nothing_here_needs_torch_but_what_says_so() -> None:
    code = (
        "import sys\n"
        "import aecore.exchange.keeping, aecore.exchange.taking, aecore.exchange.python_lines, aecore.ui.exchange_route\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# --- the routes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    bring_back(saved(tmp_path / "a.zip", whole(run)), tmp_path / TOKEN)
    return TestClient(Starlette(routes=exchange_route.ROUTES))


def test_the_routes_send_the_files_under_good_names(client: TestClient, run: Run) -> None:
    for what, ending in (("run.zip", "zip"), ("model.safetensors", "safetensors"), ("metrics.csv", "csv")):
        answer = client.get(f"/api/runs/{TOKEN}/{what}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        named = answer.headers["content-disposition"]
        assert f'filename="Ein-Lauf-groer-kleiner-7.{ending}"' in named
        assert named.isascii()
        assert "filename*=UTF-8''Ein%20Lauf%2C%20gr%C3%B6%C3%9Ferkleiner%207." in named
    assert read_run(client.get(f"/api/runs/{TOKEN}/run.zip").content, "a.zip").config == run.config
    assert answer.content == run.metrics_path.read_bytes()


def test_the_routes_say_what_cannot_be_had(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/api/runs/nowhere/run.zip").status_code == 404
    run = Run(tmp_path / TOKEN)
    run.write_status(Status(state="running", step=2, steps=6, heartbeat=time.time()))
    answer = client.get(f"/api/runs/{TOKEN}/run.zip")
    assert (answer.status_code, "still in training" in answer.text) == (409, True)
    assert client.get(f"/api/runs/{TOKEN}/metrics.csv").status_code == 200
    assert client.post(f"/api/runs/{TOKEN}/run.zip").status_code == 405


def test_the_routes_send_so_many_files_at_once_and_no_more(client: TestClient) -> None:
    for _ in range(exchange_route.AT_A_TIME):
        assert exchange_route._FREE.acquire(blocking=False)
    assert client.get(f"/api/runs/{TOKEN}/run.zip").status_code == 503
    for _ in range(exchange_route.AT_A_TIME):
        exchange_route._FREE.release()
    for _ in range(2 * exchange_route.AT_A_TIME):  # each is given back
        assert client.get(f"/api/runs/{TOKEN}/metrics.csv").status_code == 200
        assert client.get("/api/runs/nowhere/metrics.csv").status_code == 404


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
