"""The controls of the Train page for a Gaussian code's regulariser and for the factors of Shapes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from aecore.config import RunConfig
from aecore.ui.server import engine
from tests.test_app_pages import query, train_page


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
