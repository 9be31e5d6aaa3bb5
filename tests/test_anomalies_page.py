"""The Anomalies page through the entry script, without a browser."""

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

from aecore.anomaly.measuring import measure, measure_baselines
from aecore.anomaly.results import add_baselines, keep, keep_labels_by_hand, kept
from aecore.data.catalogue import own_folder
from aecore.data.kept import load_kept
from aecore.data.own_series import keep_series
from aecore.data.series_file import SeriesTable
from aecore.data.series_preparing import Preparation
from aecore.recording import Recorder
from aecore.runs import ACTIVE, About, Run, new_run, runs_of
from aecore.ui import anomaly_scores, measurement, run_choice
from aecore.ui.anomaly_compare import verdict
from aecore.ui.anomaly_view import AnomalyView, anomaly_view
from aecore.ui.server import engine, measuring_desk, person, study_desk, task_desk
from tests import tiny
from tests.server import ROOT, wait_for
from tests.test_sweep_compare import NotedDesk

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
PAGE = str(ROOT / "pages" / "anomalies.py")
TABS = ("Scores and cases", "Against others", "Train one")


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    for desk in (task_desk, measuring_desk, study_desk):
        desk().close()
        desk.cache_clear()


@pytest.fixture(autouse=True)
def _only_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing comes with the app or is left from another test."""
    monkeypatch.setattr(run_choice, "shipped", list)
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))
    measurement.jobs.clear()


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch) -> NotedDesk:
    """Takes what is to be measured, and does nothing with it."""
    noted = NotedDesk()
    monkeypatch.setattr(measurement, "measuring_desk", lambda: noted)
    monkeypatch.setattr(measurement, "task_desk", lambda: noted)
    return noted


@pytest.fixture(scope="module")
def zeros(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of zeros, measured and compared, trained once."""
    run = Run.create(tiny.config(None, data__classes=(0,)), tmp_path_factory.mktemp("trained") / "zeros", name="zeros")
    assert Recorder(run).record().state == "finished"
    dataset = tiny.dataset(60, 30, 50)
    keep(run, *measure(run, dataset, most_shown=12))
    add_baselines(run, *measure_baselines(run.config, dataset))
    return run.folder


def copy_of(folder: Path, owner: str | None = None) -> Run:
    """A trained run as the person's own, or somebody else's."""
    made = new_run(Run(folder).config)
    shutil.rmtree(made.folder)
    shutil.copytree(folder, made.folder)
    made.write_about(About(person() if owner is None else owner, 1.0, folder.name))
    return made


def page(**query: str) -> AppTest:
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.success)
    return " ".join(element.value for kind in kinds for element in kind)


def shown(monkeypatch: pytest.MonkeyPatch) -> list[AnomalyView]:
    """What the component was given, in its order."""
    views: list[AnomalyView] = []
    genuine = anomaly_view

    def note(view: AnomalyView, *, key: str) -> object:
        views.append(view)
        return genuine(view, key=key)

    monkeypatch.setattr(anomaly_scores, "anomaly_view", note)
    return views


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_without_any_run(tab: str) -> None:
    said = words(page(look=tab))
    assert "no detector yet" in said or "normal cases only" in said


@pytest.mark.parametrize(
    "address",
    [{"detector": "nowhere"}, {"look": "Elsewhere"}, {"anomaly_epochs": "many"}, {"series": "../.."}, {"anomaly_data": "cats"}],
)
def test_bad_addresses_open_all_the_same(address: dict[str, str]) -> None:
    page(**({"look": "Train one"} | address))


def test_the_scores_are_there_and_the_cases(zeros: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, views = copy_of(zeros), shown(monkeypatch)
    app = page(detector=run.token)
    view = views[-1]
    assert view.kind == "pictures"
    assert len(view.scores) == 50
    assert sorted(set(view.labels.tolist())) == [0, 1]
    assert view.class_names[:2] == ("0", "1")
    assert view.originals.shape == (12, 1, 28, 28)
    assert "Normal is: 0" in words(app)
    app.segmented_control(key="anomaly_score").set_value("squared").run()
    assert not app.exception
    assert views[-1].score_name == "Squared error"
    assert views[-1].id != view.id


def test_labels_by_hand_are_given_back(zeros: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, views = copy_of(zeros), shown(monkeypatch)
    keep_labels_by_hand(run, {4: 1, 900: 0})
    page(detector=run.token)
    assert dict(views[-1].own) == {4: 1}, "what is not a case is left out"
    told = {"positions": [4, 5], "value": 0}
    after = anomaly_scores._label(run, {4: 1}, told)
    assert after == {4: 0, 5: 0}
    page(detector=run.token)
    assert dict(views[-1].own) == {4: 0, 5: 0}, "kept with the run"
    assert anomaly_scores._label(run, after, {"positions": [4], "value": None}) == {5: 0}


def test_somebody_elses_run_is_not_written_to(zeros: Path) -> None:
    run = copy_of(zeros, owner="0" * 32)
    page(detector=run.token)
    anomaly_scores._label(run, {}, {"positions": [1], "value": 1})
    assert not (run.folder / "anomaly_labels.json").exists()


def test_what_was_not_measured_is_measured_at_once(zeros: Path, desk: NotedDesk) -> None:
    run = copy_of(zeros)
    (run.folder / "anomaly.json").unlink()
    page(detector=run.token)
    assert [(job.task, job.arguments) for job in desk.jobs] == [("anomaly", {"run": run.token})]
    page(detector=run.token)
    assert len(desk.jobs) == 1, "a reload finds it"


def test_the_comparison_says_who_is_better_and_whether_that_is_chance(zeros: Path, desk: NotedDesk) -> None:
    run = copy_of(zeros)
    app = page(detector=run.token, look="Against others")
    assert "than the best of the others" in words(app)
    table = app.dataframe[0].value
    assert len(table) == 7
    report = kept(run)
    assert report is not None
    assert "intervals" in verdict(report)
    text = json.loads(report.to_json())
    text["baselines"] = []
    (run.folder / "anomaly.json").write_text(json.dumps(text))
    app = page(detector=run.token, look="Against others")
    app.button(key="measure_anomaly_baselines").click().run()
    assert desk.jobs[-1].task == "anomaly_baselines"


def test_a_detector_is_trained_from_the_form() -> None:
    app = page(look="Train one")
    app.selectbox(key="anomaly_data").set_value("digits").run()
    app.multiselect(key="anomaly_normal_digits").set_value(["1", "7"]).run()
    app.number_input(key="anomaly_epochs").set_value(1).run()
    app.button(key="anomaly_train").click().run()
    assert not app.exception
    (run,) = runs_of(person())
    assert run.config.data.classes == (1, 7)
    assert run.config.code.kind == "gaussian", "the recommended one"
    engine().stop(run)
    wait_for(lambda: run.status.state not in ACTIVE, "the end of the run")


@pytest.mark.parametrize(
    ("chosen", "sentence"), [([], "Choose which class"), ([str(digit) for digit in range(10)], "Leave at least one class out")]
)
def test_nothing_or_all_as_normal_is_said(chosen: list[str], sentence: str) -> None:
    app = page(look="Train one")
    app.selectbox(key="anomaly_data").set_value("digits").run()
    app.multiselect(key="anomaly_normal_digits").set_value(chosen).run()
    assert sentence in words(app)
    assert app.button(key="anomaly_train").disabled


def recording(labels: bool = True) -> str:
    """A long series of one's own; returns the name of its data set."""
    steps = np.arange(3_000, dtype=np.float32)
    marks = tuple("fault" if 2_400 <= step < 2_440 else "fine" for step in range(3_000)) if labels else None
    values = np.sin(steps / 7)[:, None].astype(np.float32)
    values[2_400:2_440] += 1.5
    table = SeriesTable("long", values, marks, np.arange(1, 3_001), ("Value",), ("Comma, no header.",))
    return keep_series(table, "pump.csv", Preparation(64, 16))


@pytest.mark.parametrize("labels", [True, False])
def test_a_long_series_of_ones_own_is_shown_whole(monkeypatch: pytest.MonkeyPatch, labels: bool) -> None:
    name, views = recording(labels), shown(monkeypatch)
    app = page(look="Train one", anomaly_data="A file of your own", series=name)
    assert "pump.csv" in words(app)
    assert "Comma, no header." in words(app)
    values = {"data__name": name, "data__classes": (0,) if labels else None, "objective__reconstruction": "mse"}
    run = new_run(tiny.config(None, **values), owner=person(), name="pump")
    assert Recorder(run).record().state == "finished"
    keep(run, *measure(run, load_kept(run.config.with_settings({"data.classes": None}).data)))
    page(detector=run.token)
    view = views[-1]
    assert view.series is not None
    assert view.series.length == 3_000
    assert set(view.series.parts.tolist()) == {0, 1, 2}
    tested = view.series.parts == 2
    np.testing.assert_array_equal(view.series.scores[tested], view.scores[view.series.positions[tested]])
    assert (view.labels == -1).all() == (not labels)
    low, high = view.series.low.min(), view.series.high.max()
    assert low == pytest.approx(-1, abs=0.01)
    assert 2.0 < high <= 2.5, "in its own unit"
    if not labels:
        assert "Without labels" in words(page(detector=run.token, look="Against others"))


def test_a_file_that_is_gone_is_said_to_be() -> None:
    name = recording()
    shutil.rmtree(own_folder(name))
    assert "upload it again" in words(page(look="Train one", anomaly_data="A file of your own", series=name))


def test_no_tab_needs_torch_in_the_server() -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        f"for tab in {TABS!r}:\n"
        f"    app.switch_page({PAGE!r})\n"
        "    app.query_params['look'] = tab\n"
        "    app.run()\n"
        "    assert not app.exception, app.exception\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'sklearn' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
