"""The Features page as a person uses it, through a real browser: train, watch, reload, measure, stop, on a phone too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server import AppServer, wait_for

LONG = "?view=Sparsity&sparse_units=16&sparse_epochs=500"
STACK = "?view=Layer+by+layer&stack_layers=12-8&stack_layer_epochs=1&stack_epochs=1&stack_labels=1"


class FeaturesPage:
    """One tab on the Features page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, query: str = "") -> FeaturesPage:
        self.page.goto(f"{self.url}/features{query}")
        self.page.get_by_role("heading", name="Features", exact=True).wait_for()
        self.settled()
        return self

    def settled(self) -> None:
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def unfold(self, name: str) -> None:
        self.page.locator("summary", has_text=name).click()

    @property
    def curves(self) -> Locator:
        return self.page.get_by_test_id("layer-curves")

    def until_state(self, *states: str) -> None:
        expect(self.curves).to_have_attribute("data-state", re.compile("|".join(states)), timeout=120_000)

    def token(self, key: str) -> str:
        expect(self.page).to_have_url(re.compile(f"{key}=[0-9a-f]{{32}}"))
        found = re.search(f"{key}=([0-9a-f]{{32}})", self.page.url)
        assert found is not None
        return found[1]

    @property
    def is_too_wide(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.fixture
def features(page: Page, server: AppServer) -> FeaturesPage:
    return FeaturesPage(page, server.url)


def test_a_sparse_run_is_trained_and_followed_and_a_reload_finds_it(features: FeaturesPage, server: AppServer) -> None:
    page = features.page
    before = {folder.name for folder in server.runs.iterdir()} if server.runs.is_dir() else set()
    features.open(LONG)
    features.unfold("Train one")
    features.button("Train").dblclick()
    features.until_state("running")
    token = features.token("units_of")
    units = page.get_by_test_id("features-units")
    expect(units).to_be_visible()
    wait_for(lambda: int(page.get_by_test_id("panel-1").get_attribute("data-points") or 0) > 3, "the curve of the penalty")

    page.reload()  # in mid-training: the same run, the same settings
    features.until_state("running")
    assert features.token("units_of") == token
    features.unfold("Train one")
    expect(page.get_by_role("spinbutton", name="Units")).to_have_value("16")

    features.button("Pause").click()
    features.until_state("paused")
    features.button("Resume").click()
    features.until_state("running")
    features.button("Stop").click()
    features.until_state("stopped")
    made = {folder.name for folder in server.runs.iterdir()} - before
    assert made == {token}, "a double click starts one run"
    features.button("Use its features").click()
    expect(page.get_by_role("tab", name="Use", exact=True)).to_have_attribute("aria-selected", "true")
    assert features.token("use_of") == token
    assert features.errors == []


def test_a_stack_grows_layer_by_layer_beside_the_same_all_at_once(features: FeaturesPage) -> None:
    page = features.page
    features.open(STACK)
    features.unfold("Train one")
    features.button("Train").click()
    features.token("layers_of")  # until then the one that came with the app is shown, which is finished too
    features.until_state("finished")
    for place in range(5):
        expect(page.get_by_test_id(f"panel-{place}")).to_have_attribute("data-status", "done")
    expect(page.get_by_text("Fine-tuning brought the error from")).to_be_visible()
    expect(page.locator(".stage-rows img")).not_to_have_count(0)
    expect(page.get_by_test_id("curves-legend")).to_contain_text("all at once")
    page.get_by_text("Layer 2, the code", exact=True).click()
    expect(page).to_have_url(re.compile("stack_layer="))
    assert features.errors == []


def test_a_study_grows_and_stops_and_is_kept(features: FeaturesPage) -> None:
    page = features.page
    features.open("?study=Run+here&study_epochs=1")
    features.button("Run it here").click()
    points = page.locator(".js-plotly-plot").first.locator(".point")
    wait_for(lambda: points.count() >= 2, "two points", limit=120)
    features.button("Stop").click()
    expect(features.button("Run it here")).to_be_visible()
    expect(page.get_by_text(re.compile("It was stopped after"))).to_be_visible()
    page.reload()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    assert features.errors == []


def test_what_features_are_worth_is_measured_while_the_page_can_be_used(features: FeaturesPage) -> None:
    page = features.page
    features.open("?view=Use&use_epochs=1&use_draws=1")
    features.unfold("Train one that never sees")
    features.button("Train").click()
    features.token("use_of")
    features.button("Measure").click(timeout=120_000)
    expect(page.get_by_text(re.compile("With all labels the features are right for"))).to_be_visible(timeout=180_000)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.reload()
    expect(page.get_by_text(re.compile("With all labels the features are right for"))).to_be_visible()
    expect(page.get_by_test_id("feature-maps")).to_be_visible(timeout=60_000)
    assert features.errors == []


def test_settings_are_in_the_address_and_another_page_keeps_them(features: FeaturesPage) -> None:
    page = features.page
    features.open("?view=Sparsity")
    features.unfold("Train one")
    page.get_by_test_id("stButtonGroup").get_by_text("L1", exact=True).click()
    expect(page).to_have_url(re.compile("(?=.*sparse_penalty=L1)(?=.*sparse_activation=)"))
    address = page.url
    page.get_by_role("link", name="Latent space", exact=True).click()
    page.get_by_role("heading", name="Latent space", exact=True).wait_for()
    expect(page).not_to_have_url(re.compile("sparse_penalty"))
    page.get_by_role("link", name="Features", exact=True).click()
    page.get_by_role("heading", name="Features", exact=True).wait_for()
    page.get_by_role("tab", name="Sparsity", exact=True).click()
    expect(page).to_have_url(re.compile("sparse_penalty=L1"))
    page.goto(address)
    features.unfold("Train one")
    expect(page.get_by_role("spinbutton", name="k", exact=True)).to_have_count(0)
    expect(page.get_by_role("slider", name="ρ, the wanted mean activation")).to_have_count(0)
    expect(page).to_have_url(re.compile("(?=.*sparse_penalty=L1)(?=.*sparse_activation=)"))
    assert features.errors == []


@pytest.mark.parametrize("view", ["Bottleneck", "Sparsity", "Layer by layer", "Use"])
def test_a_phone(features: FeaturesPage, view: str) -> None:
    features.page.set_viewport_size({"width": 360, "height": 800})
    features.open(f"?view={view.replace(' ', '+')}&study=Run+here")
    for summary in features.page.locator("summary").all():
        summary.click()
    features.settled()
    assert not features.is_too_wide
    assert features.errors == []
