"""The controls of the Train page that depend on each other: what one hides gets a value with which the others are valid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from aecore.config import RunConfig
from aecore.ui.server import engine
from tests.test_app_pages import query, train_page


@pytest.fixture(autouse=True)
def _no_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The page opens with a run in training, if there is one: not with one that another test has left."""
    monkeypatch.setenv("AECORE_RUNS", str(tmp_path))


@pytest.fixture(scope="module", autouse=True)
def _engine_ends() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()


def keys(app: AppTest) -> set[str]:
    return {str(slider.key) for slider in app.select_slider}


def test_each_regulariser_has_its_own_settings() -> None:
    app = train_page(preset="vae")
    assert "set:objective.beta" in keys(app)
    app.segmented_control(key="set:objective.divergence").set_value("capacity").run()
    assert "set:objective.beta" not in keys(app)
    app.select_slider(key="set:objective.capacity").set_value(10.0).run()
    app.select_slider(key="set:objective.gamma").set_value(30.0).run()
    app.select_slider(key="set:objective.capacity_rise").set_value(0.8).run()
    assert not app.error
    objective = RunConfig.from_query(query(app)).objective
    assert (objective.divergence, objective.capacity, objective.gamma, objective.capacity_rise) == ("capacity", 10, 30, 0.8)
    app.segmented_control(key="set:objective.divergence").set_value("total-correlation").run()
    app.select_slider(key="set:objective.beta").set_value(6.0).run()
    objective = RunConfig.from_query(query(app)).objective
    assert (objective.divergence, objective.beta, objective.capacity) == ("total-correlation", 6, 10)


def test_a_code_without_a_prior_has_no_regulariser() -> None:
    app = train_page(preset="vae", objective__divergence="capacity")
    app.segmented_control(key="set:code.kind").set_value("vector").run()
    assert not app.error
    assert RunConfig.from_query(query(app)).objective.divergence == "kl"
    assert not keys(app) & {"set:objective.capacity", "set:objective.gamma", "set:objective.beta"}


def test_the_factors_of_shapes_can_be_held_fixed() -> None:
    app = train_page(data__name="shapes", data__resolution="32", data__factor_steps="1-6-1-16-16")
    assert [app.number_input(key=f"set:data.factor_steps.{name}").value for name in ("shape", "scale", "x")] == [1, 6, 16]
    app.number_input(key="set:data.factor_steps.shape").set_value(3).run()
    assert query(app)["data.factor_steps"] == "3-6-1-16-16"
    for name, size in (("rotation", 40), ("x", 32), ("y", 32)):
        app.number_input(key=f"set:data.factor_steps.{name}").set_value(size).run()
    assert "data.factor_steps" not in query(app), "all steps of all factors are the usual data"
    app.number_input(key="set:data.factor_steps.rotation").set_value(10).run()
    app.selectbox(key="set:data.name").set_value("digits").run()
    assert not app.error
    assert RunConfig.from_query(query(app)).data.factor_steps is None
    app.selectbox(key="set:data.name").set_value("shapes").run()
    assert RunConfig.from_query(query(app)).data.factor_steps is None, "other data begins with all that it has"


def test_too_few_pictures_are_explained() -> None:
    app = train_page(data__name="shapes", data__factor_steps="1-3-1-6-6")
    app.number_input(key="set:data.factor_steps.x").set_value(1).run()
    assert "at least 100 are needed" in app.error[0].value
    assert app.button(key="train").disabled


def config_of(app: AppTest) -> RunConfig:
    assert not app.exception
    assert not app.error
    return RunConfig.from_query(query(app))


def shown(app: AppTest) -> set[str]:
    """The keys of all controls."""
    kinds = ("select_slider", "slider", "number_input", "toggle", "selectbox", "segmented_control", "multiselect")
    return {str(widget.key) for kind in kinds for widget in app.get(kind)}


def test_each_sparsity_has_its_own_settings() -> None:
    app = train_page(preset="sparse-kl")
    assert {"set:objective.sparsity_target", "set:objective.sparsity_weight"} <= shown(app)
    app.select_slider(key="set:objective.sparsity_target").set_value(0.1).run()
    app.select_slider(key="set:objective.sparsity_weight").set_value(2.0).run()
    objective = config_of(app).objective
    assert (objective.sparsity, objective.sparsity_target, objective.sparsity_weight) == ("kl", 0.1, 2)
    app.segmented_control(key="set:objective.sparsity").set_value("l1").run()
    assert "set:objective.sparsity_target" not in shown(app)
    assert config_of(app).objective.sparsity_weight == 2
    app.segmented_control(key="set:objective.sparsity").set_value("none").run()
    assert "set:objective.sparsity_weight" not in shown(app)
    app.segmented_control(key="set:objective.sparsity").set_value("kl").run()
    assert config_of(app).objective.sparsity_target == 0.1


def test_kl_sparsity_of_an_activation_without_a_range_is_explained() -> None:
    app = train_page()
    app.segmented_control(key="set:objective.sparsity").set_value("kl").run()
    assert "set code.activation to sigmoid or tanh" in app.error[0].value
    app.selectbox(key="set:code.activation").set_value("sigmoid").run()
    assert config_of(app).objective.sparsity == "kl"


def test_the_largest_numbers_can_be_kept_and_no_more_than_there_are() -> None:
    app = train_page(code__size="60")
    assert "set:code.top_k" not in shown(app)
    app.toggle(key="set:code.top_k.on").set_value(True).run()
    assert config_of(app).code.top_k == 3
    app.number_input(key="set:code.top_k").set_value(20).run()
    assert config_of(app).code.top_k == 20
    app.number_input(key="set:code.size").set_value(8).run()
    assert config_of(app).code.top_k == 8
    app.toggle(key="set:code.top_k.on").set_value(False).run()
    assert config_of(app).code.top_k is None


@pytest.mark.parametrize("preset", ["sparse-kl", "sparse-l1", "overcomplete-sparse", "contractive", "stacked"])
def test_a_gaussian_code_puts_away_what_only_a_vector_can_have(preset: str) -> None:
    app = train_page(preset=preset)
    app.segmented_control(key="set:code.kind").set_value("gaussian").run()
    config = config_of(app)
    assert (config.code.top_k, config.objective.sparsity, config.objective.contractive) == (None, "none", 0)
    assert config.schedule.kind == "joint"
    assert not shown(app) & {"set:objective.sparsity", "set:code.top_k.on", "set:objective.contractive", "set:schedule.kind"}


@pytest.mark.parametrize("preset", ["contractive", "stacked"])
def test_convolutions_put_away_what_only_dense_layers_can_have(preset: str) -> None:
    app = train_page(preset=preset)
    app.segmented_control(key="set:architecture.kind").set_value("conv2d").run()
    config = config_of(app)
    assert (config.objective.contractive, config.schedule.kind) == (0, "joint")
    assert not shown(app) & {"set:objective.contractive", "set:schedule.kind", "set:schedule.layer_epochs"}


def test_layers_can_be_trained_one_by_one_and_labels_come_last() -> None:
    app = train_page(architecture__hidden="30")
    assert "set:schedule.layer_epochs" not in shown(app)
    app.segmented_control(key="set:schedule.kind").set_value("greedy").run()
    app.number_input(key="set:schedule.layer_epochs").set_value(3).run()
    app.number_input(key="set:schedule.classifier_epochs").set_value(2).run()
    assert [(stage.name, stage.steps // 32) for stage in config_of(app).stages] == [
        ("layer_1", 3),
        ("layer_2", 3),
        ("whole", 40),
        ("softmax", 2),
        ("labels", 2),
    ]
    said = " ".join(caption.value for caption in app.caption)
    assert "50 epochs (Layer 1: 3, Layer 2: 3, All layers: 40, Classifier: 2, Fine-tuning with labels: 2)" in said


def test_lbfgs_has_no_learning_rate() -> None:
    app = train_page(optimizer__schedule="cosine")
    app.selectbox(key="set:optimizer.kind").set_value("lbfgs").run()
    optimizer = config_of(app).optimizer
    assert (optimizer.kind, optimizer.schedule) == ("lbfgs", "constant")
    assert not shown(app) & {"set:optimizer.learning_rate", "set:optimizer.schedule"}
    app.selectbox(key="set:optimizer.kind").set_value("adam").run()
    assert "set:optimizer.learning_rate" in shown(app)
    config_of(app)


def test_classes_are_chosen_by_name_and_the_number_of_images_goes_with_them() -> None:
    app = train_page()
    app.multiselect(key="set:data.classes").set_value([9, 5, 6]).run()
    config = config_of(app)
    assert (config.data.classes, config.data.train_images, config.train_size) == ((5, 6, 9), None, 1200)
    assert app.number_input(key="set:data.train_images").value == 1200
    app.number_input(key="set:data.train_images").set_value(300).run()
    assert config_of(app).data.train_images == 300
    app.multiselect(key="set:data.classes").set_value([]).run()
    assert (config_of(app).data.classes, config_of(app).data.train_images) == (None, 300)
    app.number_input(key="set:data.train_images").set_value(4000).run()
    app.multiselect(key="set:data.classes").set_value(list(range(10))).run()
    assert (config_of(app).data.classes, config_of(app).data.train_images) == (None, None), "all of them are the usual data"


def test_other_data_begins_with_all_its_classes() -> None:
    app = train_page(data__classes="7-8")
    assert app.multiselect(key="set:data.classes").value == [7, 8]
    app.selectbox(key="set:data.name").set_value("shapes").run()
    assert config_of(app).data.classes is None
    app.multiselect(key="set:data.classes").set_value([2]).run()
    assert config_of(app).data.classes == (2,)
    app.number_input(key="set:data.factor_steps.shape").set_value(2).run()
    assert config_of(app).data.classes is None, "the steps decide which shapes there are"
    assert "set:data.classes" not in shown(app)


def test_an_address_fills_all_of_these_controls() -> None:
    given = {
        "data.classes": "5-6-7-8-9",
        "code.top_k": "5",
        "code.activation": "tanh",
        "objective.sparsity": "kl",
        "objective.sparsity_target": "0.037",
        "objective.sparsity_weight": "0.0123",
        "objective.contractive": "0.077",
        "optimizer.kind": "lbfgs",
        "optimizer.schedule": "constant",
        "schedule.kind": "greedy",
        "schedule.layer_epochs": "7",
        "schedule.classifier_epochs": "4",
    }
    app = train_page(**{name.replace(".", "__"): value for name, value in given.items()})
    assert not app.warning
    written = query(app)
    assert {name: written.get(name) for name in given} == given
    config_of(app)
