"""The Train page with sequences: those of the app, and those of somebody's own file, which may be gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, own_folder
from aecore.data.own_series import keep_series
from aecore.data.series_file import SeriesTable
from aecore.data.series_preparing import Preparation
from aecore.frames import Gallery, write_gallery
from aecore.presets import PRESETS, for_data
from aecore.runs import Run, Status, new_run
from aecore.ui import address
from aecore.ui.live_route import ROUTES
from aecore.ui.run_choice import config_of
from aecore.ui.run_panel import run_name
from aecore.ui.server import engine, person
from tests.server import ROOT
from tests.test_app_pages import ENTRY, TRAIN, caption, query, train_page

GONE = "The run in this address is not on this server."


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs and files of this test alone."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))


@pytest.fixture(scope="module", autouse=True)
def _engine_ends() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()


def own_file(labels: bool = True, title: str = "pump.csv", rare: int = 40) -> str:
    """A long series of one's own; returns the name of its data set."""
    marks = tuple("fault" if 2_400 <= step < 2_400 + rare else "fine" for step in range(3_000)) if labels else None
    values = np.sin(np.arange(3_000, dtype=np.float32) / 7)[:, None].astype(np.float32)
    table = SeriesTable("long", values, marks, np.arange(1, 3_001), ("Value",), ("Comma, no header.",))
    return keep_series(table, title, Preparation(64, 16))


def detector(name: str) -> RunConfig:
    return for_data(PRESETS["anomalies-sequences"].config, {"data.name": name, "data.classes": None})


def config_in(app: AppTest) -> RunConfig:
    """What the page would train; nothing on it complains."""
    assert not app.exception, app.exception
    assert not app.error, [error.value for error in app.error]
    assert not app.warning, [warning.value for warning in app.warning]
    assert not app.button(key="train").disabled
    read, problems = address.read(query(app))
    assert problems == []
    return read.config


def choose(app: AppTest, data: str) -> RunConfig:
    app.selectbox(key="set:data.name").set_value(data).run()
    config = config_in(app)
    assert (config.data.name, config.train_size) == (data, config.card.train)
    return config


# --- all data sets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("vanilla", {}),
        ("vae", {}),
        ("denoising-convolutional", {}),
        ("stacked", {}),
        ("anomalies-pictures", {}),
        ("anomalies-sequences", {}),
        ("denoising-gaussian", {"corruption__kind": "mixed"}),
    ],
)
def test_every_data_set_can_be_chosen_and_left_again(preset: str, changes: dict[str, str]) -> None:
    app = train_page(preset=preset, **changes)
    convolves = config_in(app).architecture.kind != "dense"
    for name in [*(name for name in CARDS if name != "digits"), "digits"]:
        card = CARDS[name]
        config = choose(app, name)
        kind = "conv1d" if card.is_sequence else "conv2d"
        assert config.architecture.kind == (kind if convolves else "dense")
        assert f"numbers a {'sequence' if card.is_sequence else 'picture'}" in caption(app)
        assert f"{card.train:,} {'sequences' if card.is_sequence else 'images'}" in caption(app)
        if card.is_sequence:
            assert config.objective.reconstruction == "mse"
            assert config.corruption.kind in ("none", "gaussian", "masking")


def test_a_run_of_sequences_that_came_with_the_app_opens() -> None:
    app = train_page(run="heartbeat-detector")
    assert config_in(app).card.is_sequence
    assert query(app)["run"] == "heartbeat-detector"
    assert "Look into its code" not in [link.proto.label for link in app.get("page_link")]


@pytest.mark.parametrize("labels", [True, False])
def test_a_link_with_a_file_of_ones_own_opens_also_beside_other_data(labels: bool) -> None:
    name = own_file(labels)
    config = for_data(PRESETS["anomalies-sequences"].config, {"data.name": name})
    assert config.data.classes == ((0,) if labels else None)
    app = train_page()
    choose(app, "shapes")
    for key, value in address.write(address.Experiment(config, "anomalies-sequences")).items():
        app.query_params[key] = value
    app.run()
    assert config_in(app) == config


def test_ones_own_file_stays_in_the_list() -> None:
    name = own_file()
    app = train_page(preset="anomalies-sequences", **{"data.name": name})
    choose(app, "digits")
    assert "pump.csv" in app.selectbox(key="set:data.name").options
    assert choose(app, name).architecture.kind == "conv1d"
    choose(app, "machine")
    shutil.rmtree(own_folder(name))
    app.run()
    assert "pump.csv" not in app.selectbox(key="set:data.name").options
    config_in(app)


def test_a_class_with_too_few_examples_is_explained() -> None:
    name = own_file(rare=1)
    app = train_page(preset="anomalies-sequences", **{"data.name": name})
    app.multiselect(key="set:data.classes").set_value([1]).run()
    assert not app.exception
    assert "Fewer than 10 training examples" in app.error[0].value


# --- addresses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["", "denoising-convolutional", "anomalies-sequences", "anomalies-pictures"])
def test_an_address_that_names_data_gets_what_they_can_have(preset: str) -> None:
    given = {"preset": preset} if preset else {}
    for name, card in CARDS.items():
        experiment, problems = address.read({**given, "data.name": name})
        assert problems == []
        assert experiment.config.architecture.kind != ("conv2d" if card.is_sequence else "conv1d")
        assert address.read(address.write(experiment)) == (experiment, [])


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("objective.reconstruction", "bce", "cross-entropy cannot compare them"),
        ("architecture.kind", "conv2d", "These data are sequences"),
        ("corruption.kind", "patches", "noise is for pictures"),
    ],
)
def test_what_an_address_names_itself_is_refused_not_changed(setting: str, value: str, says: str) -> None:
    _, problems = address.read({"data.name": "heartbeats", setting: value})
    assert says in problems[0]
    config = address.read({"data.name": "heartbeats", "objective.reconstruction": "mae"})[0].config
    assert config.objective.reconstruction == "mae"


def test_data_that_do_not_exist_are_explained() -> None:
    with pytest.raises(ConfigError, match="cats"):
        for_data(RunConfig(), {"data.name": "cats"})
    with pytest.raises(ConfigError, match="upload it again"):
        for_data(RunConfig(), {"data.name": "series-" + "0" * 24})


# --- presets that learn from one class --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["digits", "shapes", "heartbeats"])
@pytest.mark.parametrize("preset", ["anomalies-pictures", "anomalies-sequences"])
def test_a_preset_for_anomalies_learns_from_one_class(preset: str, data: str) -> None:
    app = train_page(**{"data.name": data})
    app.selectbox(key="set:preset").set_value(preset).run()
    config = config_in(app)
    assert (config.data.name, config.data.classes) == (data, (0,))
    assert app.multiselect(key="set:data.classes").value == [0]
    app.selectbox(key="set:preset").set_value("vae").run()
    assert config_in(app).data.classes is None, "they came with the preset"


def test_classes_that_somebody_chose_stay() -> None:
    app = train_page(preset="vanilla", **{"data.classes": "3-5"})
    for preset in ("anomalies-pictures", "vae"):
        app.selectbox(key="set:preset").set_value(preset).run()
        assert config_in(app).data.classes == (3, 5)


def test_data_without_known_classes_keep_none() -> None:
    app = train_page(**{"data.name": own_file(labels=False)})
    app.selectbox(key="set:preset").set_value("anomalies-sequences").run()
    assert config_in(app).data.classes is None
    app = train_page(**{"data.name": "shapes", "data.factor_steps": "3-6-10-16-16"})
    app.selectbox(key="set:preset").set_value("anomalies-pictures").run()
    assert (config_in(app).data.classes, config_in(app).data.factor_steps) == (None, (3, 6, 10, 16, 16))


def test_a_preset_that_is_too_large_for_the_data_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(40_000, 6)).astype(np.float32)
    table = SeriesTable("long", values, None, np.arange(1, 40_001), tuple("abcdef"), ())
    app = train_page(**{"data.name": keep_series(table, "long.csv", Preparation(2048, 64))})
    config_in(app)
    app.selectbox(key="set:preset").set_value("overcomplete").run()
    assert not app.exception
    assert "Overcomplete does not fit these data" in app.warning[0].value
    assert address.read(query(app))[0].config == PRESETS["overcomplete"].config
    app.run()
    config_in(app)


# --- a file that is gone --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["running", "finished"])
def test_a_run_whose_file_is_gone_is_gone_until_the_file_is_back(state: str) -> None:
    name = own_file()
    run = new_run(detector(name), owner=person(), name="anomalies-sequences · pump.csv")
    run.write_status(Status(state=state))
    pictures = np.zeros((2, 1, 1, 64), np.uint8)
    run.frames_folder.mkdir()
    write_gallery(run.frames_folder, Gallery(pictures, np.zeros(2, np.uint8), np.zeros(2, np.uint8), "pca"))
    shutil.rmtree(own_folder(name))
    assert config_of(run) is None
    app = train_page(run=run.token)
    assert GONE in app.warning[0].value
    assert "run" not in query(app)
    assert "Below:" not in caption(app)
    client = TestClient(Starlette(routes=ROUTES))
    for ask in ("", "?gallery=1"):
        assert client.get(f"/api/runs/{run.token}/live{ask}").status_code == 404
    app = train_page()  # the person's newest run
    assert config_in(app) == PRESETS["vanilla"].config
    assert not any("pump.csv" in option for option in app.multiselect(key="compare").options)
    assert own_file() == name
    again = config_of(run)
    assert again is not None
    assert again.data.name == name
    assert client.get(f"/api/runs/{run.token}/live?gallery=1").json()["gallery"]["height"] == 1
    shutil.rmtree(own_folder(name))
    assert config_of(run) is None, "also where it was read before"
    run.write_status(Status(state="stopped"))


def test_pressing_train_beside_a_run_whose_file_is_gone() -> None:
    name = own_file()
    lost = new_run(detector(name), owner=person(), name="lost")
    lost.write_status(Status(state="running"))
    shutil.rmtree(own_folder(name))
    app = train_page(preset="vanilla", epochs="1", **{"data.train_images": "100"})
    app.button(key="train").click().run()
    assert not app.exception
    run = Run(lost.folder.parent / query(app)["run"])
    assert run.token != lost.token
    engine().stop(run)
    lost.write_status(Status(state="stopped"))


def test_a_file_that_went_while_another_page_was_shown_is_said() -> None:
    name = own_file()
    app = train_page(preset="anomalies-sequences", **{"data.name": name})
    app.switch_page(str(ROOT / "pages" / "home.py")).run()
    shutil.rmtree(own_folder(name))
    app.switch_page(TRAIN).run()
    assert not app.exception
    assert "upload it again" in app.warning[0].value
    app.run()
    assert config_in(app) == PRESETS["vanilla"].config


def test_an_address_of_a_file_that_is_gone_promises_nothing() -> None:
    name = own_file()
    settings = address.write(address.Experiment(detector(name), "anomalies-sequences", "f" * 32))
    assert any("press Train to make the same run" in problem for problem in address.read(settings)[1])
    shutil.rmtree(own_folder(name))
    _, problems = address.read(settings)
    assert "upload it again" in problems[0]
    assert problems[-1] == GONE


# --- names ----------------------------------------------------------------------------------------------------------------


def test_a_run_is_called_by_the_file_it_learned_from() -> None:
    preset = PRESETS["anomalies-sequences"]
    config = detector(own_file()).with_settings({"epochs": 500})
    assert run_name(config, preset) == "anomalies-sequences · pump.csv · epochs 500"
    config = config.with_settings({"data.name": own_file(title="![a](b) **pump**.csv" + "x" * 90)})
    name = run_name(config, preset).split(" · ")[1]
    assert len(name) <= 40
    assert not set(name) & set("![]*")
    digits = for_data(preset.config, {"data.name": "digits", "data.classes": None})
    assert run_name(digits, preset) == "anomalies-sequences · digits · kind conv2d"


def test_who_comes_back_finds_what_is_in_training_but_not_what_cannot_be_read() -> None:
    name = own_file()
    run = new_run(detector(name), owner=person(), name="anomalies-sequences · pump.csv")
    run.write_status(Status(state="running"))
    app = AppTest.from_file(ENTRY, default_timeout=30).run()
    app.switch_page(TRAIN).run()
    assert query(app)["run"] == run.token
    assert config_in(app) == run.config
    shutil.rmtree(own_folder(name))
    app = AppTest.from_file(ENTRY, default_timeout=30).run()
    app.switch_page(TRAIN).run()
    assert config_in(app) == PRESETS["vanilla"].config
    run.write_status(Status(state="stopped"))
