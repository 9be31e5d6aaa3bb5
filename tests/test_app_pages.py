"""Every page through the entry script, without a browser."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore.config import RunConfig
from aecore.presets import PRESETS, for_data
from aecore.runs import Status, find_run, new_run
from aecore.ui.server import engine
from tests.server import ROOT, wait_for

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
TRAIN = str(ROOT / "pages" / "train.py")


@pytest.fixture(scope="module", autouse=True)
def _engine_ends() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()


def train_page(**query: str) -> AppTest:
    """The Train page, opened by an address with this query."""
    app = AppTest.from_file(ENTRY, default_timeout=30).run()
    app.switch_page(TRAIN)
    for name, value in query.items():
        app.query_params[name.replace("__", ".")] = value
    app.run()
    assert not app.exception, app.exception
    return app


def caption(app: AppTest) -> str:
    return " ".join(element.value for element in app.caption)


def query(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_home_shows_the_run_that_came_with_the_app() -> None:
    app = AppTest.from_file(ENTRY, default_timeout=30).run()
    assert not app.exception
    assert app.title[0].value == "What is an autoencoder?"
    assert "10,000 test images of MNIST" in caption(app)
    assert not app.info


def test_no_page_needs_torch() -> None:
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({ENTRY!r}, default_timeout=60).run()\n"
        f"app.switch_page({TRAIN!r}).run()\n"
        "assert not app.exception\n"
        "print('torch' in sys.modules or 'torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split()[-1] == "False"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fills_the_controls_and_the_address(name: str) -> None:
    app = train_page()
    app.selectbox(key="set:preset").set_value(name).run()
    assert not app.exception
    assert not app.error
    expected = for_data(PRESETS[name].config, {"data.name": "digits"})
    assert f"{expected.plan.parameters:,} parameters" in caption(app)
    written = query(app)
    assert written.pop("preset") == name
    assert RunConfig.from_query(written) == expected


def test_an_address_opens_its_whole_experiment() -> None:
    app = train_page(
        preset="vae",
        architecture__hidden="300-77",
        architecture__activation="silu",
        code__kind="gaussian",
        code__size="3",
        data__name="shapes",
        data__resolution="32",
        data__train_images="1234",
        epochs="7",
        seed="41",
        optimizer__learning_rate="0.00077",
    )
    assert not app.error
    assert not app.warning
    assert app.number_input(key="set:architecture.hidden.1").value == 77
    config = RunConfig.from_query(query(app))
    assert config.architecture.hidden == (300, 77)
    assert config.data.train_images == 1234
    assert config.data.resolution == 32
    assert config.optimizer.learning_rate == 0.00077
    assert config.seed == 41


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("code__size", "0", "at least 1"),
        ("epochs", "9e99", "whole number"),
        ("optimizer__learning_rate", "nan", "ordinary number"),
        ("data__name", "cats", "cats"),
        ("architecture__hidden", "4096-4096-4096-4096", "parameters"),
        ("preset", "nothing", "does not exist"),
        ("run", "../../etc", "not on this server"),
        ("run", "f" * 32, "not on this server"),
    ],
)
def test_a_bad_address_is_explained_and_the_page_works(name: str, value: str, says: str) -> None:
    app = train_page(**{name: value})
    assert says in " ".join(warning.value for warning in app.warning)
    assert not app.button(key="train").disabled


def test_an_address_with_a_preset_and_a_change_means_that_preset_with_that_change() -> None:
    app = train_page(preset="vae", code__size="2")
    assert RunConfig.from_query(query(app)) == PRESETS["vae"].config.with_settings({"code.size": 2})


def test_a_misspelt_setting_in_the_address_is_named() -> None:
    app = train_page(preset="vae", code__sise="2")
    assert "Did you mean “code.size”" in app.warning[0].value


def test_settings_that_do_not_fit_together_are_explained_and_cannot_be_trained() -> None:
    app = train_page()
    app.segmented_control(key="set:architecture.output").set_value("linear").run()
    assert "set the output to sigmoid" in app.error[0].value
    assert app.button(key="train").disabled
    app.segmented_control(key="set:objective.reconstruction").set_value("mse").run()
    assert not app.error
    assert not app.button(key="train").disabled


def test_layers_can_be_added_and_sized() -> None:
    app = train_page()
    app.number_input(key="set:architecture.hidden.count").set_value(2).run()
    app.number_input(key="set:architecture.hidden.0").set_value(50).run()
    app.number_input(key="set:architecture.hidden.1").set_value(40).run()
    assert query(app)["architecture.hidden"] == "50-40"
    app.segmented_control(key="set:architecture.kind").set_value("conv2d").run()
    assert not app.exception
    assert not app.error
    app.number_input(key="set:architecture.channels.count").set_value(3).run()
    assert RunConfig.from_query(query(app)).architecture.channels == (16, 32, 32)


def test_train_pause_step_resume_stop() -> None:
    app = train_page(preset="vanilla", epochs="500", code__size="4")
    app.button(key="train").click().run()
    assert not app.exception
    run = find_run(query(app)["run"])
    assert run is not None
    wait_for(lambda: run.status.state == "running", "training")
    app.run()
    app.button(key="pause").click().run()
    wait_for(lambda: run.status.state == "paused", "the pause")
    step = run.status.step
    app.run()
    app.button(key="step").click().run()
    wait_for(lambda: run.status.step == step + 1, "a single step")
    app.select_slider(key=f"rate:{run.token}").set_value(0.0005).run()
    assert run.control.learning_rate == 0.0005
    app.button(key="pause").click().run()
    wait_for(lambda: run.status.state == "running", "going on")
    app.run()
    app.button(key="stop").click().run()
    wait_for(lambda: run.status.state == "stopped", "the stop")
    app.run()
    assert "Train again" in app.button(key="train").label
    app.number_input(key="set:code.size").set_value(5).run()
    assert app.button(key="train").label == "Train a copy with these changes"
    assert run.token in caption(app)


def test_pressing_train_twice_at_once_makes_one_run() -> None:
    app = train_page(preset="vanilla", epochs="400")
    app.button(key="train").click().run()
    first = query(app)["run"]
    app.button(key="train").click().run()
    assert query(app)["run"] == first
    run = find_run(first)
    assert run is not None
    engine().stop(run)


def test_a_finished_run_shows_its_test_numbers() -> None:
    app = train_page(preset="vae", code__kind="gaussian", code__size="2", epochs="1", data__train_images="200")
    app.button(key="train").click().run()
    run = find_run(query(app)["run"])
    assert run is not None
    wait_for(lambda: run.status.state == "finished", "the end")
    app.run()
    assert [metric.label for metric in app.metric] == ["Squared error per pixel", "Cross-entropy per pixel", "−ELBO", "KL"]
    test = run.status.test
    assert test is not None
    assert app.metric[2].value == f"{test['neg_elbo']:.4g}"
    assert "500 test images of Digits" in caption(app)


def test_somebody_elses_run_is_shown_but_has_no_buttons() -> None:
    run = new_run(RunConfig.parse({"epochs": 3}), owner="somebody else", name="theirs")
    run.write_status(Status(state="running"))
    app = train_page(run=run.token)
    assert "somebody else's" in caption(app)
    assert {button.key for button in app.button} & {"pause", "stop", "step", "resume"} == set()
    assert RunConfig.from_query(query(app)) == run.config
    run.write_status(Status(state="stopped"))


def test_without_network_the_digits_are_offered() -> None:
    run = new_run(RunConfig.parse({"data": {"name": "mnist"}}), owner="somebody", name="x")
    reason = "MNIST could not be downloaded. The data set 'digits' comes with the app and needs no network."
    run.write_status(Status(state="failed", reason=reason))
    app = train_page(run=run.token)
    app.button(key="use_digits").click().run()
    assert app.selectbox(key="set:data.name").value == "digits"
    assert "run" not in query(app)
    assert "use_digits" not in {button.key for button in app.button}


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 10**9), ("code.size", -5), ("objective.reconstruction", "evil")],
)
def test_values_that_only_a_changed_browser_can_send_never_get_through(name: str, value: object) -> None:
    app = train_page()
    app.session_state[f"set:{name}"] = value
    app.run()
    assert not app.exception
    RunConfig.from_query(query(app))
    assert str(value) not in query(app).values()


def test_only_the_user_interface_knows_streamlit_and_pages_hold_no_maths() -> None:
    def imported(path: Path) -> set[str]:
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module.split(".")[0], node.module}
        return names

    core = [path for path in (ROOT / "aecore").rglob("*.py") if "ui" not in path.relative_to(ROOT).parts]
    assert len(core) > 20
    assert {path.name for path in core if "streamlit" in imported(path)} == set()
    assert {path.name for path in (ROOT / "pages").glob("*.py") if {"torch", "torchvision"} & imported(path)} == set()
    loop = imported(ROOT / "aecore" / "training.py")
    assert not loop & {"aecore.runs", "aecore.engine", "aecore.recording"}


def test_controls_that_were_hidden_come_back_as_they_were() -> None:
    app = train_page(
        preset="denoising-convolutional", architecture__kernel_size="5", corruption__level="0.6", corruption__level_from="0.2"
    )
    app.segmented_control(key="set:architecture.kind").set_value("dense").run()
    app.selectbox(key="set:corruption.kind").set_value("none").run()
    app.segmented_control(key="set:code.kind").set_value("gaussian").run()
    assert not app.exception
    app.segmented_control(key="set:code.kind").set_value("vector").run()
    app.segmented_control(key="set:architecture.kind").set_value("conv2d").run()
    app.selectbox(key="set:corruption.kind").set_value("gaussian").run()
    assert not app.exception
    assert not app.error
    config = RunConfig.from_query(query(app))
    assert config.architecture.channels == (32, 64, 128)
    assert config.architecture.kernel_size == 5
    assert config.architecture.full_size_channels == 16
    assert config.corruption.words == "gaussian 0.2 to 0.6"
