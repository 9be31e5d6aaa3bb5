"""The space that all views share: what is fetched and how often, weights that change while the run trains, what goes wrong."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page, Route, expect

from aecore.model import build
from aecore.ui.components import source
from aecore.ui.latent_walk import FILES, SHEETS
from tests.component_page import ADDRESS
from tests.latent_harness import FakeSpace, SpacePage, opened
from tests.test_browser_network import shaken

STATISTICS = """encodings => {
  const found = codeStatistics(encodings.map(([mean, logVariance]) => ({ mean, logVariance })))
  const plain = Object.entries(found).map(([name, value]) => [name, value instanceof Float64Array ? [...value] : value])
  return Object.fromEntries(plain)
}"""
SPACE = "globalThis.aecoreSpaces.values().next().value"


def asked(space: FakeSpace, what: str) -> int:
    return sum(f"/{what}" in url for url in space.asked)


def test_weights_and_pictures_are_fetched_once(browser: Browser) -> None:
    space = FakeSpace()
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        expect(view.root).not_to_have_attribute("data-active", "")
        view.mount_view()
        view.unmount()
        view.mount_view()  # as when another tab of the page is opened
        expect(view.root).to_have_attribute("data-active", "2")
        assert asked(space, "network") == asked(space, "atlas") == 1
        assert space.asked[0].endswith("network?stamp=1"), "an answer that the browser may keep for good"


def test_the_codes_are_torchs(browser: Browser) -> None:
    space = FakeSpace(pictures=130)
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        view.page.wait_for_function(f"() => {SPACE}.encodings.length === 130")
        codes = view.page.evaluate(f"{SPACE}.encodings.map(({{ mean }}) => [...mean])")
        np.testing.assert_allclose(codes, space.means(), atol=1e-4)


def running(**settings: Any) -> FakeSpace:
    space = FakeSpace(**settings)
    space.state = "running"
    return space


def learn(space: FakeSpace, seed: int) -> None:
    """Other weights, as after some training."""
    space.model = shaken(build(space.config.plan, seed))
    space.stamp = str(int(space.stamp) + 1)


def test_weights_of_a_run_in_training_are_followed_to_its_end(browser: Browser) -> None:
    space = running()
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        before = view.reading("picture-hash")
        assert space.asked[0].endswith("network?have=")
        learn(space, 9)
        expect(view.root).not_to_have_attribute("data-picture-hash", before)
        view.page.wait_for_function(
            f"first => Math.abs({SPACE}.encodings[0].mean[0] - first) < 1e-4", arg=float(space.means()[0, 0])
        )
        # Where the person has gone stays, whatever the weights become.
        view.find("walk-from-3").click()
        expect(view.root).to_have_attribute(
            "data-code", json.dumps([round(float(v), 3) for v in space.means()[3]], separators=(",", ":"))
        )
        space.state = "finished"
        learn(space, 10)
        view.page.wait_for_function("() => window.events.some(([kind, name, value]) => value === 'finished')")
        assert ["trigger", "state", "finished"] in view.told
        view.mount_view()  # the page reruns, and knows it too
        count = asked(space, "network")
        view.find("random").click()
        view.page.wait_for_function(f"() => {SPACE}.isFinal && !{SPACE}.isEncoding")
        assert asked(space, "network") == count


def test_a_run_that_goes_on_is_followed_again(browser: Browser) -> None:
    space = FakeSpace()
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        before = view.reading("picture-hash")
        space.state = "running"
        learn(space, 9)
        view.mount_view()
        expect(view.root).not_to_have_attribute("data-picture-hash", before)


def test_the_last_weights_are_those_of_a_page_that_knew_older_ones(browser: Browser) -> None:
    space = FakeSpace()
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        data = {"space": {**space.data, "stamp": "0"}}  # what the server answers is newer
        view.page.evaluate("text => mount(JSON.parse(text))", json.dumps(data))
        view.page.wait_for_function(f"() => {SPACE}.wantedStamp === '1'")


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_run_that_fails_while_it_is_watched_says_why_and_is_asked_no_more(browser: Browser) -> None:
    space = Broken()
    space.state, space.sentence = "running", None
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        space.state, space.sentence = "failed", "The training of this run has failed. It diverged."
        expect(view.find("message")).to_have_text("The training of this run has failed. It diverged.")
        view.page.wait_for_function("() => window.events.some(([kind, name, value]) => value === 'failed')")
        view.mount_view()
        assert view.page.evaluate(f"{SPACE}.isFinal")
        expect(view.find("picture")).to_be_visible()


class Broken(FakeSpace):
    """A server that has only a sentence, until it is mended."""

    sentence: str | None = "This run has no weights yet."

    def answer(self, route: Route) -> None:
        if self.sentence is None:
            super().answer(route)
        elif self.sentence == "":
            route.abort()
        else:
            route.fulfill(status=404, json={"error": self.sentence}, headers={"X-Run-State": self.state})


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [("This run has no weights yet.", "no weights yet"), ("", "does not answer")],
    ids=["waits", "no server"],
)
def test_it_says_what_it_waits_for_and_goes_on_by_itself(browser: Browser, sentence: str, shown: str) -> None:
    space = Broken()
    space.state, space.sentence = "running", sentence
    parts = {"html": source("latent_walk.html"), "css": source(*SHEETS), "js": source(*FILES)}
    view = SpacePage(browser, "latent-walk", **parts)
    view.space = space
    view.page.route(f"{ADDRESS}api/**", space.answer)
    view.mount_view()
    expect(view.find("message")).to_contain_text(shown)
    space.sentence = None
    expect(view.find("message")).to_be_hidden()
    expect(view.root).to_have_attribute("data-ready", "")
    view.context.close()
    assert view.errors == []


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def script(page: Page) -> Page:
    page.add_script_tag(
        content=source("canvas.js", "pixels.js", "random.js", "network.js", "idle_work.js", "code_statistics.js", "space.js")
    )
    return page


@pytest.mark.parametrize("gaussian", [True, False])
def test_statistics(script: Page, gaussian: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    means = torch.randn(40, 6, generator=generator) * torch.tensor([0.0, 0.05, 0.2, 1.0, 2.0, 0.5])
    log_variances = torch.randn(40, 6, generator=generator) - 1
    encodings = [[m.tolist(), v.tolist() if gaussian else None] for m, v in zip(means, log_variances, strict=True)]
    found = script.evaluate(STATISTICS, encodings)
    kl = torch.distributions.kl_divergence(
        torch.distributions.Normal(means, torch.exp(0.5 * log_variances)), torch.distributions.Normal(0.0, 1.0)
    ).mean(0)
    variance = means.var(0, unbiased=False)
    np.testing.assert_allclose(found["mean"], means.mean(0), atol=1e-6)
    np.testing.assert_allclose(found["variance"], variance, atol=1e-6)
    np.testing.assert_allclose([found["low"], found["high"]], [means.amin(0), means.amax(0)], atol=1e-6)
    assert found["active"] == [False, False, True, True, True, True]
    assert found["count"] == 40
    assert found["order"] == (kl if gaussian else variance).argsort(descending=True).tolist()
    if gaussian:
        np.testing.assert_allclose(found["kl"], kl, atol=1e-5)
    else:
        assert found["kl"] is None


SAMPLES = """([gaussian, encodings, temperature, count]) => {
  const space = new Space({ base: "", token: "t" })
  space.facts = { description: { gaussian } }
  space.network = { codeSize: encodings[0].length }
  space.accept(encodings.map((mean) => ({ mean, logVariance: gaussian ? mean.map(() => 0) : null })))
  return Array.from({ length: count }, (_, i) => [...space.sample(makeRandom(seedOf(i)), temperature)])
}"""


@pytest.mark.parametrize("gaussian", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_samples_have_the_priors_moments_or_those_of_the_codes(script: Page, gaussian: bool, temperature: float) -> None:
    generator = np.random.default_rng(1)
    mixing = np.array([[2.0, 0.5, 0.0], [0.0, 1.0, -0.7], [0.0, 0.0, 0.3]])
    codes = generator.normal(size=(60, 3)) @ mixing + [5.0, -2.0, 0.0]
    samples = np.array(script.evaluate(SAMPLES, [gaussian, codes.tolist(), temperature, 6000]))
    mean, covariance = (np.zeros(3), np.eye(3)) if gaussian else (codes.mean(0), np.cov(codes.T, bias=True))
    deviation = np.sqrt(np.diag(covariance)) * temperature
    np.testing.assert_allclose(samples.mean(0), mean, atol=float(5 * deviation.max() / np.sqrt(6000)))
    np.testing.assert_allclose(
        np.cov(samples.T) / np.outer(deviation, deviation),
        covariance * temperature**2 / np.outer(deviation, deviation),
        atol=0.08,
    )


def test_large_networks_in_training_encode_fewer_pictures_and_all_in_the_end(browser: Browser) -> None:
    space = running(pictures=130)
    with opened(browser, "latent_walk", space, css=SHEETS, js=FILES) as view:
        view.page.wait_for_function(f"() => {SPACE}.encodings.length === 130")
        # As if each picture took ten times as long as there is time for all.
        view.page.evaluate(
            f"""() => {{
              const space = {SPACE}
              const now = performance.now.bind(performance)
              let late = 0
              performance.now = () => now() + (late += 5000)
              space.encodeAll()
            }}"""
        )
        view.page.wait_for_function(f"() => {SPACE}.encodings.length === 100")
        space.state = "stopped"
        view.page.wait_for_function(f"() => {SPACE}.isFinal && {SPACE}.encodings.length === 130")
