"""Take away and Bring back through the entry script, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from aecore.exchange.brought import Brought, brought, write_brought
from aecore.exchange.keeping import keep_in
from aecore.exchange.reading import read_run
from aecore.runs import About, Run, Status, new_run, runs_of
from aecore.tasks.desk import Job
from aecore.ui import measurement, run_choice, runs_take_away
from aecore.ui.server import engine, measuring_desk, person, study_desk, task_desk
from tests import tiny
from tests.exchange_files import NAME, apart, together, trained, whole, with_json
from tests.server import ROOT, wait_for
from tests.test_sweep_compare import NotedDesk

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "runs.py")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs lie in all of these tests: the process that keeps them learns it when it starts."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    for desk in (task_desk, measuring_desk, study_desk):
        desk().close()
        desk.cache_clear()


@pytest.fixture(autouse=True)
def _only_ones_own(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Nothing comes with the app or is left from another test."""
    monkeypatch.setattr(run_choice, "shipped", list)
    monkeypatch.setenv("AECORE_RUNS", str(root))
    for folder in root.iterdir():
        shutil.rmtree(folder)
    measurement.jobs.clear()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The zip of a run."""
    return whole(trained(tmp_path_factory.mktemp("trained") / "run", tiny.config()))


def kept(content: bytes, owner: str | None = None) -> Run:
    """A run of this person, or of somebody else, that was never anywhere else."""
    run = new_run(tiny.config())
    shutil.rmtree(run.folder)
    keep_in(read_run(content, "a.zip"), "a.zip", run.folder)
    known = brought(run)
    assert known is not None
    (run.folder / "brought.json").unlink()
    run.write_about(About(person() if owner is None else owner, 1.0, "My run"))
    run.write_status(Status(state="finished", step=6, steps=6, test=known.said, test_images=known.said_images))
    return run


def page(view: str, **query: str) -> AppTest:
    app = AppTest.from_file(ENTRY, default_timeout=90).run()
    app.switch_page(PAGE)
    for name, value in {"view": view, **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.success)
    return " ".join(element.value for kind in kinds for element in kind)


def links(app: AppTest) -> list[str]:
    return [element.proto.url for element in app.get("link_button")]


# --- taking away --------------------------------------------------------------------------------------------------------


def test_without_any_run_the_view_says_what_to_do() -> None:
    assert "train one on the Train page" in words(page("Take away"))


def test_a_run_is_offered_as_files_and_lines(content: bytes) -> None:
    run = kept(content)
    app = page("Take away", run=run.token)
    offered = links(app)
    for what in ("run.zip", "model.safetensors", "metrics.csv"):
        assert f"/api/runs/{run.token}/{what}" in offered
    assert "load_model(run)" in app.code[0].value
    app.segmented_control(key="take_lines").set_value("onnx").run()
    assert "onnxruntime.InferenceSession" in app.code[0].value


def test_a_run_of_a_link_is_offered_too(content: bytes) -> None:
    run = kept(content, "somebody else")
    assert f"/api/runs/{run.token}/run.zip" in links(page("Take away", run=run.token))


def test_of_a_run_in_training_only_the_curves_are_offered(content: bytes) -> None:
    run = kept(content)
    run.write_status(Status(state="running", step=2, steps=6))
    app = page("Take away", run=run.token)
    assert "still in training" in words(app)
    assert [link.rpartition("/")[2] for link in links(app) if "page.html" not in link] == ["metrics.csv"]
    assert not app.code


class ReadyDesk(NotedDesk):
    """Has done what it is asked for at once; `error`: or could not."""

    error = ""

    def submit(self, task: str, arguments: dict[str, object], *rest: object, **options: object) -> Job:
        result = {"difference": 1.5e-7, "held_out": 8, "drawn": 5}
        state = "failed" if self.error else "done"
        return Job(task, dict(arguments), [], "", state=state, result=result, made=[np.zeros(9, np.uint8)], error=self.error)


def test_a_network_that_cannot_be_given_away_says_why(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = ReadyDesk()
    desk.error = "The ONNX file of this network answers otherwise than torch."
    monkeypatch.setattr(runs_take_away, "task_desk", lambda: desk)
    app = page("Take away", run=kept(content).token)
    app.button(key="take_onnx_make").click().run()
    app.run()
    assert "answers otherwise than torch" in words(app)
    assert not app.get("download_button")


def test_the_onnx_file_is_offered_with_its_difference(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_take_away, "task_desk", ReadyDesk)
    app = page("Take away", run=kept(content).token)
    app.button(key="take_onnx_make").click().run()
    assert not app.exception
    assert "the largest difference is 1.5e-07 of the largest number" in words(app)
    (saved,) = app.get("download_button")
    assert saved.proto.label.startswith("Save as ONNX")


# --- bringing back ------------------------------------------------------------------------------------------------------


def upload(app: AppTest, name: str, content: bytes, place: int = 0) -> AppTest:
    app.file_uploader[place].set_value((name, content, "application/octet-stream")).run()
    assert not app.exception, app.exception
    return app


def test_what_is_in_a_file_is_said_before_it_is_kept_and_measured_after(content: bytes) -> None:
    app = upload(page("Bring back"), "mine.zip", content)
    said = words(app)
    assert "Ein Lauf, größer/kleiner 7" in said.replace("\\", "")
    assert "7,060 weights" in said
    assert "500 held-out examples" in said
    assert "from the file" in said
    assert "Checked: size, names of all files" in said
    assert runs_of(person()) == []
    app.button(key="bring_keep").click().run()
    assert not app.exception
    (run,) = runs_of(person())
    assert (run.about.file, run.about.name) == ("mine.zip", NAME)
    assert (app.query_params["view"], app.query_params["run"]) == ("Rewind", run.token)
    wait_for(lambda: run.status.test is not None, "the test numbers")
    known = brought(run)
    assert known is not None
    assert known.is_same
    app = page("Bring back")
    assert "the same as in the file, to the last digit" in words(app)
    assert not [file for file in app.file_uploader if file.value]


def test_numbers_that_are_not_found_again_are_both_shown(content: bytes) -> None:
    run = kept(content)
    run.write_about(About(person(), 1.0, "My run", file="mine.zip"))
    write_brought(run, Brought(0.0, {"mse": 0.1}, 500, {"mse": 0.1000001}, 500))
    app = page("Bring back")
    assert "differ from those in the file" in words(app)
    table = app.table[0].value
    assert table["From the file"].tolist() == ["0.1"]
    assert table["Measured here"].tolist() == ["0.1000001"]


def test_where_the_data_cannot_be_had_that_is_said(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = NotedDesk()
    monkeypatch.setattr(measurement, "measuring_desk", lambda: noted)
    run = kept(content)
    run.write_about(About(person(), 1.0, "My run", file="mine.zip"))
    write_brought(run, Brought(0.0, {"mse": 0.1}, 500, problem="MNIST could not be downloaded."))
    app = page("Bring back")
    assert "could not be measured here. MNIST could not be downloaded." in words(app).replace("\\", "")
    app.button(key="measure_brought").click().run()
    assert [(job.task, job.arguments) for job in noted.jobs] == [("brought", {"run": run.token})]


def test_who_only_looks_cannot_have_it_measured(content: bytes) -> None:
    run = kept(content, "somebody else")
    run.write_about(About("somebody else", 1.0, "Theirs", file="mine.zip"))
    write_brought(run, Brought(0.0, {"mse": 0.1}, 500))
    app = page("Take away", run=run.token)
    assert "from the file" in words(app)
    assert not [button for button in app.button if button.key == "measure_brought"]


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        ("evil.zip", lambda files: together(files | {"../evil": b""}), "leads out of the run's folder"),
        ("other.zip", lambda files: together(with_json(files, "config.json", colour=1)), "no setting called"),
        ("text.safetensors", lambda files: b"hello", "neither a zip of a run nor a safetensors file"),
        ("alone.safetensors", lambda files: files["model.safetensors"], "choose the run's config.json beside it"),
    ],
)
def test_what_is_refused_is_refused_with_a_sentence(content: bytes, name: str, make: object, sentence: str) -> None:
    assert callable(make)
    app = upload(page("Bring back"), name, make(apart(content)))
    assert sentence in words(app).replace("\\", "")
    assert not [button for button in app.button if button.key == "bring_keep"]
    assert runs_of(person()) == []


def test_weights_come_back_with_the_configuration_beside_them(content: bytes) -> None:
    files = apart(content)
    app = upload(page("Bring back"), "alone.safetensors", files["model.safetensors"])
    app = upload(app, "config.json", files["config.json"], place=1)
    assert "no curves and no pictures of its training" in words(app)
    app.button(key="bring_keep").click().run()
    (run,) = runs_of(person())
    assert run.about.name == "alone"
    wait_for(lambda: run.status.test is not None, "the test numbers")
    known = brought(run)
    assert known is not None
    assert (known.said, known.measured) == (None, run.status.test)


def test_where_there_is_no_room_that_is_said(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aecore.limits.RUNS_EACH", 0)
    app = upload(page("Bring back"), "mine.zip", content)
    app.button(key="bring_keep").click().run()
    assert "one person may keep 0" in words(app)
    assert [button for button in app.button if button.key == "bring_keep"], "it can be tried again"
    assert runs_of(person()) == []


def test_neither_view_needs_torch_in_the_server() -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        "for view in ('Take away', 'Bring back'):\n"
        f"    app.switch_page({PAGE!r})\n"
        "    app.query_params['view'] = view\n"
        "    app.run()\n"
        "    assert not app.exception, app.exception\n"
        "assert 'torch' not in sys.modules and 'onnx' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.dumps(done.stdout) == '""'
