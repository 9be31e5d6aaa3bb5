"""The losses of a run stage by stage: what each chart is of, how it is drawn, and that it follows a run in training."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from aecore.config import RunConfig
from aecore.ui.components import source
from aecore.ui.features_drawing import stage_svg, stage_words
from aecore.ui.layer_curves import SCRIPTS, STYLES, course, panels
from tests import tiny
from tests.component_page import ADDRESS, ComponentPage
from tests.saved_chart import parsed, save, texts

TOKEN, TWIN = "a" * 32, "b" * 32
COLUMNS = ["step", "epoch", "seconds", "learning_rate", "train_loss", "train_reconstruction", "val_loss", "val_reconstruction"]


def stacked(**settings: Any) -> RunConfig:
    """Two layers, an epoch of three steps each, an epoch of fine-tuning, and one each of the two with labels."""
    given = {"architecture__hidden": (8,), "schedule__layer_epochs": 2, "schedule__classifier_epochs": 1, "epochs": 2}
    return tiny.config("stacked", **given | settings)


# --- what is drawn --------------------------------------------------------------------------------------------------------


def test_each_stage_has_a_chart_of_its_own_steps() -> None:
    config = stacked()
    found = panels(config)
    assert [(panel["title"], panel["first"], panel["last"]) for panel in found] == [
        ("Layer 1", 0, 6),
        ("Layer 2", 6, 12),
        ("All layers", 12, 18),
        ("Classifier", 18, 21),
        ("Fine-tuning with labels", 21, 24),
    ]
    assert {panel["term"] for panel in found} == {"loss"}
    assert "layer 1" in found[1]["unit"]
    assert "class" in found[4]["unit"]
    through = course(config)
    assert through is not None
    assert [mark["at"] for mark in through["marks"]] == [0, 2, 4, 6, 7]
    assert through["epochs"] == 8


@pytest.mark.parametrize(
    ("preset", "terms"),
    [
        ("sparse-kl", ["reconstruction", "sparsity"]),
        ("contractive", ["reconstruction", "contraction"]),
        ("overcomplete-sparse", ["reconstruction"]),
        ("vae", ["reconstruction", "kl"]),
    ],
)
def test_a_run_without_stages_has_a_chart_for_each_term(preset: str, terms: list[str]) -> None:
    settings: dict[str, Any] = {"code__size": 50} if preset == "overcomplete-sparse" else {}
    config = tiny.config(preset, **settings)
    assert [panel["term"] for panel in panels(config)] == terms
    assert {(panel["first"], panel["last"]) for panel in panels(config)} == {(0, config.total_steps)}
    assert course(config) is None


def test_the_network_is_drawn_as_far_as_it_has_grown() -> None:
    config = stacked()
    drawn = [stage_svg(config, stage) for stage in config.stages]
    states = [re.findall('data-state="(.*?)"', svg) for svg in drawn]
    assert states == [
        ["learns", "learns"],
        ["frozen", "learns", "learns", "frozen"],
        ["learns"] * 4,
        ["frozen", "frozen", "learns"],
        ["learns"] * 3,
    ]
    sizes = [re.findall(r"<text[^>]*>(\d+)</text>", svg) for svg in drawn]
    assert sizes[0] == ["784", "8", "784"]
    assert sizes[1] == ["784", "8", "4", "8", "784"]
    assert sizes[3] == ["784", "8", "4", "10"]
    assert len({re.search('viewBox="(.*?)"', svg)[1] for svg in drawn}) == 1, "to one scale"  # type: ignore[index]


def test_words_say_what_is_frozen() -> None:
    config = stacked(architecture__hidden=(9, 8))
    said = [stage_words(config, stage) for stage in config.stages]
    assert said[0] == "The first layer learns to give back the picture."
    assert said[1] == "Layer 1 is frozen; layer 2 learns to give back what layer 1 answers."
    assert said[2] == "Layers 1 to 2 are frozen; layer 3 learns to give back what layer 2 answers."
    assert said[3].startswith("Fine-tuning")
    joint = stacked(schedule__kind="joint")
    assert stage_words(joint, joint.stages[0]) == "All layers are trained together."
    assert re.findall('data-state="(.*?)"', stage_svg(joint, joint.stages[0])) == ["learns"] * 4


# --- in the browser -------------------------------------------------------------------------------------------------------


class FakeRun:
    """What the server knows of a run; a test changes it and the view has to follow."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.state = "running"
        self.rows: list[list[float | None]] = []

    def train(self, step: int, loss: float, validation: float | None = None) -> None:
        """A row of this step, with the validation where there was one."""
        epoch = step / self.config.steps_per_epoch
        so_far = None if validation is None else validation / 2
        self.rows.append([step, epoch, step / 10, 0.001, loss, None, validation, so_far])

    @property
    def answer(self) -> dict[str, Any]:
        step = self.rows[-1][0] if self.rows else 0
        status = {"state": self.state, "reason": "", "step": step, "steps": self.config.total_steps, "seconds": 2.0}
        status |= {"epoch": (step or 0) / self.config.steps_per_epoch, "epochs": self.config.total_epochs}
        status |= {"preparing": None, "queue": 3 if self.state == "queued" else None, "slots": 2}
        return {"status": status, "columns": COLUMNS, "frame": None, "gallery": None}


class CurvesPage(ComponentPage):
    """The view, mounted on runs that exist in the test only."""

    runs: dict[str, FakeRun]

    def reply(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        run = self.runs.get(url.path.split("/")[3])
        if run is None:
            route.fulfill(status=404, json={"error": "There is no such run."})
            return
        since = float(parse_qs(url.query)["since"][0])
        route.fulfill(json=run.answer | {"rows": [row for row in run.rows if (row[0] or 0) > since]})

    def show(self, config: RunConfig, *others: str) -> None:
        names = [(TOKEN, "layer by layer"), *((token, "all at once") for token in others)]
        data = {
            "base": "",
            "runs": [{"token": token, "name": name} for token, name in names],
            "state": "running",
            "nonce": 0,
            "panels": panels(config),
            "course": course(config),
        }
        self.page.evaluate("text => mount(JSON.parse(text))", json.dumps(data))

    def panel(self, place: int, **readings: object) -> None:
        for name, value in readings.items():
            expect(self.find(f"panel-{place}")).to_have_attribute(f"data-{name.replace('_', '-')}", str(value))


@pytest.fixture
def view(browser: Browser) -> Iterator[CurvesPage]:
    parts = {"html": source("layer_curves.html"), "css": source(*STYLES), "js": source(*SCRIPTS)}
    made = CurvesPage(browser, "layer-curves", **parts)
    made.page.route(f"{ADDRESS}api/**", made.reply)
    made.runs = {TOKEN: FakeRun(stacked())}
    yield made
    made.context.close()
    assert made.errors == []


def test_each_row_is_drawn_in_the_chart_of_its_stage_while_it_trains(view: CurvesPage) -> None:
    run = view.runs[TOKEN]
    run.train(0, 500.0, 400.0)
    run.train(3, 300.0)
    view.show(run.config)
    view.panel(0, status="now", points=2, last=300)
    view.panel(1, status="waiting", points=0)
    expect(view.find("curves-message")).to_contain_text("Layer 1 · epoch 1.0 of 8")
    run.train(6, 200.0, 190.0)  # the last of layer 1: still its own
    run.train(7, 90.0)
    view.panel(0, status="done", points=3, validation_points=2, last=200)
    view.panel(1, status="now", points=1, last=90)
    expect(view.find("curves-message")).to_contain_text("Layer 2")
    view.panel(5, validation_points=2, points=0)  # through all stages: what was validated
    assert view.told == []


def test_a_change_of_state_is_told_once(view: CurvesPage) -> None:
    run = view.runs[TOKEN]
    run.train(3, 300.0)
    view.show(run.config)
    view.panel(0, points=1)
    run.train(24, 0.2, 0.3)
    run.state = "finished"
    view.shows(state="finished")
    assert view.told == [["trigger", "state", "finished"]]
    expect(view.find("curves-state")).to_have_text("Finished")
    expect(view.find("curves-progress")).to_be_hidden()
    for place in range(5):
        view.panel(place, status="done")


def test_another_run_is_laid_over_the_last_chart_only(view: CurvesPage) -> None:
    view.runs[TWIN] = FakeRun(stacked(schedule__kind="joint", epochs=6))
    for run in view.runs.values():
        run.train(3, 300.0, 250.0)
    view.show(view.runs[TOKEN].config, TWIN)
    expect(view.find("reading-5")).to_have_text("layer by layer: validation 125.0 · all at once: validation 125.0")
    expect(view.find("reading-0")).to_have_text("training 300.0, validation 250.0")
    expect(view.find("curves-legend")).to_contain_text("all at once (last chart)")


def test_values_are_read_with_the_keyboard_and_the_pointer(view: CurvesPage) -> None:
    run = view.runs[TOKEN]
    for step, loss in ((1, 400.0), (3, 300.0), (5, 200.0)):
        run.train(step, loss, loss - 10)
    view.show(run.config)
    view.panel(0, points=3)
    chart = view.find("curve-0")
    chart.focus()
    chart.press("ArrowLeft")
    expect(view.find("reading-0")).to_have_text("epoch 1.0: training 300.0, validation 290.0")
    chart.press("Home")
    expect(view.find("reading-0")).to_have_text("epoch 0.3: training 400.0, validation 390.0")
    chart.press("Escape")
    expect(view.find("reading-0")).to_have_text("training 200.0, validation 190.0")
    view.page.mouse.move(*view.point("curve-0", 0.5, 0.5))
    expect(view.find("reading-0")).to_contain_text("epoch 1.0")
    view.page.mouse.move(5, 5)
    expect(view.find("reading-0")).to_have_text("training 200.0, validation 190.0")
    expect(chart).to_have_attribute("aria-label", re.compile("Layer 1: training 200.0"))


def test_a_run_that_is_gone_waits_or_failed_gets_a_sentence(view: CurvesPage) -> None:
    run = view.runs.pop(TOKEN)
    view.show(run.config)
    expect(view.find("curves-message")).to_contain_text("does not know this run any more")
    run.state = "queued"
    view.runs[TOKEN] = run
    expect(view.find("curves-message")).to_have_text("Number 3 in the queue: 2 runs train at a time here")
    run.state = "interrupted"
    run.train(3, 1.0)
    expect(view.find("curves-message")).to_contain_text("Training was cut off at step 3")


def test_it_fits_a_phone_and_follows_the_theme(view: CurvesPage) -> None:
    view.set_width(360)
    run = view.runs[TOKEN]
    run.train(3, 300.0)
    view.show(run.config)
    view.panel(0, points=1)
    assert not view.is_too_wide()
    assert view.cut_off("h4, .reading, .message") == []
    left, _, width, _ = view.box("panel-0")
    below = view.box("panel-1")
    assert (below[0], below[2]) == (left, width), "one under the other"
    light = view.screen()
    view.set_theme("dark")
    view.show(run.config)
    assert view.screen().mean() < light.mean() / 2


def test_its_charts_are_saved(view: CurvesPage) -> None:
    run = view.runs[TOKEN]
    run.train(0, 500.0, 400.0)
    run.train(3, 300.0)
    view.show(run.config)
    view.panel(0, points=2)
    name, content = save(view.find("panel-0").locator(".plot"), "svg")
    assert name.endswith(".svg")
    assert {"training", "validation", "epoch"} <= set(texts(parsed(content)))
