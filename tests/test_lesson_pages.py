"""Lessons through the entry script, without a browser: what is hidden is not there, and keeps what the link says."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from aecore.config import RunConfig
from aecore.presets import PRESETS
from aecore.ui import lesson_form, share
from aecore.ui.server import engine, measuring_desk, study_desk, task_desk
from aecore.ui.share_links import Link
from tests.server import ROOT

ENTRY = str(ROOT / "aecore" / "ui" / "entry.py")
LESSON = {"lesson": "Rates", "task": "Find the largest.", "hide": "nav,compare,drawing", "only": "optimizer.learning_rate,epochs"}
TABS = {"latent": "Walk", "denoise": "Corrupt", "features": "Sparsity", "anomalies": "Against others", "runs": "Rewind"}


@pytest.fixture(scope="module", autouse=True)
def _all_processes_end() -> Iterator[None]:
    yield
    engine().close()
    engine.cache_clear()
    for desk in (task_desk, measuring_desk, study_desk):
        desk().close()
        desk.cache_clear()


def page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(ENTRY, default_timeout=60).run()
    if name != "home":
        app.switch_page(str(ROOT / "pages" / f"{name}.py"))
    for key, value in query.items():
        app.query_params[key.replace("__", ".")] = value
    app.run()
    assert not app.exception, app.exception
    return app


def query(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def written(app: AppTest) -> str:
    """The lesson's own words, as they are sent to the browser."""
    return " ".join(element.proto.body for element in app.get("html") if "Lesson</span>" in element.proto.body)


def keys(app: AppTest) -> set[str]:
    kinds = (app.selectbox, app.multiselect, app.number_input, app.slider, app.select_slider, app.button, app.toggle)
    return {str(widget.key) for kind in kinds for widget in kind} | {str(each.key) for each in app.segmented_control}


def controls(app: AppTest) -> set[str]:
    return {key for key in keys(app) if key.startswith("set:")}


def test_a_page_without_a_lesson_has_none() -> None:
    app = page("train")
    assert written(app) == ""
    assert "compare" in keys(app)
    assert "set:preset" in controls(app)


def test_hidden_is_hidden_and_keeps_what_the_link_says() -> None:
    app = page("train", **LESSON, preset="vae", code__size="3", seed="41", data__classes="1-7")
    assert controls(app) == {"set:optimizer.learning_rate", "set:epochs"}
    assert "compare" not in keys(app)
    assert "parameters" not in " ".join(caption.value for caption in app.caption)
    app.number_input(key="set:epochs").set_value(3).run()
    assert not app.exception
    app.select_slider(key="set:optimizer.learning_rate").set_value(0.001).run()
    assert not app.exception
    changed = {"code.size": 3, "seed": 41, "data.classes": (1, 7), "epochs": 3, "optimizer.learning_rate": 0.001}
    assert RunConfig.from_query(query(app)) == PRESETS["vae"].config.with_settings(changed)
    assert {name: query(app)[name] for name in ("lesson", "task")} == {name: LESSON[name] for name in ("lesson", "task")}
    again = page("train", **{name.replace(".", "__"): value for name, value in query(app).items()})
    assert controls(again) == {"set:optimizer.learning_rate", "set:epochs"}
    assert RunConfig.from_query(query(again)) == RunConfig.from_query(query(app))


@pytest.mark.parametrize("name", ["sparse-kl", "convolutional", "stacked", "anomalies-sequences", "vae"])
def test_every_preset_keeps_all_that_is_hidden(name: str) -> None:
    app = page("train", lesson="", hide="settings,preset,data", preset=name, seed="5")
    assert controls(app) == set()
    assert not app.error
    assert RunConfig.from_query(query(app)) == PRESETS[name].config.with_settings({"seed": 5})


def test_another_preset_leaves_what_is_hidden_by_name() -> None:
    app = page("train", hide="seed,optimizer,data", preset="vanilla", seed="41")
    app.selectbox(key="set:preset").set_value("deep").run()
    config = RunConfig.from_query(query(app))
    assert config.architecture == PRESETS["deep"].config.architecture
    assert config.seed == 41
    assert config.optimizer == PRESETS["vanilla"].config.optimizer
    app.selectbox(key="set:preset").set_value("anomalies-sequences").run()
    assert not app.exception


def test_other_data_find_hidden_settings_that_they_can_have() -> None:
    app = page("train", hide="settings", preset="convolutional")
    app.selectbox(key="set:data.name").set_value("heartbeats").run()
    assert not app.error
    config = RunConfig.from_query(query(app))
    assert config.architecture.kind == "conv1d"
    assert config.objective.reconstruction == "mse"


def test_a_smaller_code_finds_room_for_a_hidden_k() -> None:
    app = page("train", only="code.size", preset="overcomplete-sparse")
    app.number_input(key="set:code.size").set_value(20).run()
    assert not app.error
    assert RunConfig.from_query(query(app)).code.top_k == 20


@pytest.mark.parametrize(("name", "tab"), TABS.items())
def test_one_tab_stays(name: str, tab: str) -> None:
    whole = page(name)
    app = page(name, lesson="One", hide="nav,choice", tabs=tab)
    assert len(whole.tabs) > 1
    assert [each.label for each in app.tabs] == [tab]
    assert "lesson" in query(app)
    assert not app.get("page_link")


def test_a_hidden_tab_in_the_address_is_not_opened() -> None:
    app = page("latent", view="Map", tabs="walk,Numbers", hide="nav")
    assert [each.label for each in app.tabs] == ["Walk", "Numbers"]
    app = page("latent", tabs="Nowhere", hide="nav")
    assert len(app.tabs) > 2
    assert "Nowhere" in " ".join(element.proto.body for element in app.get("html"))


def test_disentangle_without_its_form() -> None:
    app = page("disentangle", lesson="", tabs="Compare")
    assert [each.label for each in app.tabs] == ["Compare"]


def test_the_lesson_goes_along_to_other_pages() -> None:
    app = page("home", lesson="Tour", task="Look around.")
    app.switch_page(str(ROOT / "pages" / "latent.py"))
    app.query_params.clear()  # as a click in the navigation does
    app.run()
    assert "Look around." in written(app)
    assert query(app)["lesson"] == "Tour"
    app.switch_page(str(ROOT / "pages" / "train.py"))
    app.query_params.clear()
    app.run()
    assert query(app)["lesson"] == "Tour"
    assert not app.warning


@pytest.mark.parametrize("name", ["home", "train", "denoise"])
def test_hostile_words_are_words(name: str) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)> **bold** [link](javascript:alert(1)) $x$ :red[x]"
    app = page(name, lesson=hostile[:70], task=hostile, hide=f"nav,{hostile}", only=f"seed,{hostile}")
    said = written(app)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said
    assert "<script" not in said
    assert "<img" not in said
    for kind in (app.markdown, app.caption, app.warning, app.error, app.info):
        assert not any("script" in element.value or "bold**" in element.value for element in kind)


@pytest.mark.parametrize("lesson", [{"hide": "," * 5000}, {"task": "x" * 100_000}, {"only": "\u202e"}, {"tabs": "\x00,,"}])
def test_a_page_opens_whatever_a_lesson_says(lesson: dict[str, str]) -> None:
    page("train", **lesson)
    page("latent", **lesson)


# --- the popover --------------------------------------------------------------------------------------------------------


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> dict[str, Link]:
    """The links that were shown last, by id."""
    found: dict[str, Link] = {}

    def note(links: list[Link], *, key: str) -> None:
        found.update({link.id: link for link in links})

    for module in (share, lesson_form):
        monkeypatch.setattr(module, "show_links", note)
    return found


def making_a_lesson(app: AppTest) -> AppTest:
    """With the form open."""
    app.session_state["share_lesson"] = True
    app.run()
    assert not app.exception, app.exception
    return app


def query_of(link: Link) -> dict[str, str]:
    return dict(parse_qsl(link.address.partition("?")[2], keep_blank_values=True))


def test_every_page_can_be_shared(links: dict[str, Link]) -> None:
    page("latent", network="vae-plane", view="Map")
    assert set(links) == {"page"}
    assert query_of(links["page"])["view"] == "Map"


def test_the_train_page_shares_its_experiment(links: dict[str, Link]) -> None:
    page("train", preset="vae", seed="41")
    assert set(links) == {"page", "experiment"}
    shared = query_of(links["experiment"])
    assert set(RunConfig.settings()) < set(shared)
    there = page("train", **{name.replace(".", "__"): value for name, value in shared.items()})
    assert not there.warning
    assert RunConfig.from_query(query(there)) == PRESETS["vae"].config.with_settings({"seed": 41})
    assert "format" not in query(there), "the address bar stays short"


def test_a_lesson_is_made_and_opens(links: dict[str, Link]) -> None:
    app = making_a_lesson(page("train", preset="deep"))
    app.text_input(key="lesson_title_train").set_value("Rates").run()
    app.segmented_control(key="lesson_settings_train").set_value("Some stay").run()
    app.multiselect(key="lesson_only_train").set_value(["optimizer.learning_rate"]).run()
    assert not app.exception
    made = query_of(links["lesson"])
    assert made["lesson"] == "Rates"
    assert made["hide"] == "nav"
    there = page("train", **{name.replace(".", "__"): value for name, value in made.items()})
    assert controls(there) == {"set:optimizer.learning_rate", "set:data.name", "set:preset"}
    assert RunConfig.from_query(query(there)) == PRESETS["deep"].config


def test_a_lesson_of_one_tab_is_made(links: dict[str, Link]) -> None:
    making_a_lesson(page("latent", view="Map"))
    assert query_of(links["lesson"]) == {"view": "Map", "lesson": "", "hide": "nav", "tabs": "Map"}
