"""The Draw view's numbers and its looks: terms of the loss, nats of each number of the code, any network, any width."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, expect

from aecore.objective import bernoulli, kl_to_standard_normal
from tests.denoise_harness import pixels
from tests.latent_harness import FakeSpace, SpacePage
from tests.test_latent_draw import SEVEN, check_against_torch, draw, opened_draw, seen


def number(view: SpacePage, name: str) -> float:
    return float(view.find(name).inner_text().replace(",", "").replace("−", "-"))


@torch.no_grad()
def terms_of_all(space: FakeSpace) -> tuple[torch.Tensor, torch.Tensor]:
    """Reconstruction term and KL divergence of each number of the code, (N,) and (N, D), by torch."""
    x = torch.from_numpy(space.images) / 255
    encoding = space.model.encode(x)
    assert encoding.log_variance is not None
    logits = space.model.decoder(encoding.mean).reshape(x.shape)
    terms = torch.stack([bernoulli(logits[i : i + 1], x[i : i + 1]) for i in range(len(x))])
    rows = zip(encoding.mean.flatten(), encoding.log_variance.flatten(), strict=True)
    kl = torch.stack([kl_to_standard_normal(mean[None, None], variance[None, None]) for mean, variance in rows])
    return terms, kl.reshape(encoding.mean.shape)


def test_terms_beside_those_of_a_typical_picture(browser: Browser) -> None:
    space = FakeSpace()
    with opened_draw(browser, space) as view:
        draw(view, *SEVEN)
        terms, kl = terms_of_all(space)
        expect(view.find("typical-total")).not_to_have_text("…")
        assert number(view, "typical-reconstruction") == pytest.approx(float(np.median(terms)), rel=1e-3)
        assert number(view, "typical-kl") == pytest.approx(float(np.median(kl.sum(1))), rel=1e-3)
        assert number(view, "typical-total") == pytest.approx(float(np.median(terms + kl.sum(1))), rel=1e-3)
        own = [number(view, f"term-{name}") for name in ("reconstruction", "kl", "total")]
        assert own[:2] == pytest.approx([float(view.reading(name)) for name in ("reconstruction", "kl")], rel=1e-3)
        assert own[2] == pytest.approx(own[0] + own[1], rel=1e-3)
        expect(view.find("terms")).to_contain_text("−ELBO")
        expect(view.find("terms")).to_contain_text("This drawing")


def test_a_beta_that_is_not_1_counts_in_the_loss(browser: Browser) -> None:
    with opened_draw(browser, FakeSpace(objective__beta=4.0)) as view:
        view.shows(source="example")
        reconstruction, kl = float(view.reading("reconstruction")), float(view.reading("kl"))
        assert number(view, "term-total") == pytest.approx(reconstruction + 4 * kl, rel=1e-3)
        expect(view.find("terms")).to_contain_text("Loss: reconstruction + 4 × KL")
        rows = view.find("terms").locator("tbody tr")
        shares = rows.evaluate_all(
            "rows => rows.map((row) => Number(row.querySelector('.bar').style.getPropertyValue('--share')))"
        )
        assert shares == pytest.approx(
            [reconstruction / (reconstruction + 4 * kl), 4 * kl / (reconstruction + 4 * kl), 1], rel=1e-5
        )


def test_squared_errors_are_called_so(browser: Browser) -> None:
    with opened_draw(browser, FakeSpace(objective__reconstruction="mse")) as view:
        draw(view, *SEVEN)
        check_against_torch(view)
        expect(view.find("terms")).to_contain_text("Reconstruction (squared error)")
        expect(view.find("terms")).to_contain_text("up to a constant")


def test_nats_of_each_number_most_used_first(browser: Browser) -> None:
    space = FakeSpace(code__size=20)
    with opened_draw(browser, space) as view:
        draw(view, *SEVEN)
        expect(view.find("typical-total")).not_to_have_text("…")
        order = terms_of_all(space)[1].mean(0).argsort(descending=True).tolist()
        with torch.no_grad():
            encoding = space.model.encode(seen(view))
        assert encoding.log_variance is not None
        each = zip(encoding.mean[0], encoding.log_variance[0], strict=True)
        kl = [kl_to_standard_normal(mean[None, None], variance[None, None]).item() for mean, variance in each]
        rows = [row.split() for row in view.find("kl-each").locator("li").all_inner_texts()]
        assert [name for name, _ in rows] == [f"z{k + 1}" for k in order[:16]]
        assert [float(value) for _, value in rows] == pytest.approx([kl[k] for k in order[:16]], abs=0.006)
        expect(view.find("kl-rest")).to_contain_text("4 more tell ")


def test_a_plain_autoencoder_makes_a_point(browser: Browser) -> None:
    space = FakeSpace(code__kind="vector", objective__reconstruction="bce")
    with opened_draw(browser, space) as view:
        draw(view, *SEVEN)
        check_against_torch(view)
        expect(view.find("again")).to_be_disabled()
        expect(view.find("about-samples")).to_contain_text("a point of a picture, not a cloud")
        expect(view.find("strip")).to_be_hidden()
        expect(view.find("term-reconstruction")).to_be_visible()
        assert view.find("term-kl").count() == view.find("term-total").count() == 0
        expect(view.find("kl-each")).to_be_hidden()


SETTINGS: dict[str, dict[str, Any]] = {
    "convolutional": {"architecture__kind": "conv2d", "architecture__channels": (4,)},
    "one number": {"code__size": 1},
    "many numbers": {"code__size": 300},
    "fashion": {"data__name": "fashion-mnist"},
    "letters": {"data__name": "emnist-letters"},
    "shapes": {"data__name": "shapes"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_any_network(browser: Browser, name: str) -> None:
    space = FakeSpace(pictures=20, spread=1.0, **SETTINGS[name])
    with opened_draw(browser, space) as view:
        draw(view, *SEVEN)
        check_against_torch(view)
        assert view.find("centring").is_visible() == (space.config.data.name not in ("fashion-mnist", "shapes"))
        side = space.config.plan.input_shape[1]
        assert pixels(view.find("seen")).shape[:2] == (side, side)
        expect(view.find("typical-total")).not_to_have_text("…")


def test_newer_weights_answer_for_the_same_drawing(browser: Browser) -> None:
    space = FakeSpace()
    space.state = "running"
    with opened_draw(browser, space) as view:
        draw(view, *SEVEN)
        drawing, answer = view.reading("seen-hash"), view.reading("reconstruction-hash")
        space.model = FakeSpace(seed=1).model
        space.stamp = "2"
        expect(view.root).not_to_have_attribute("data-reconstruction-hash", answer)
        view.shows(**{"seen-hash": drawing})
        check_against_torch(view)
        typical = float(np.median(terms_of_all(space)[0]))
        expect(view.find("typical-reconstruction")).to_have_text(f"{typical:.1f}")


def test_a_network_that_has_diverged_shows_no_numbers_and_no_error(browser: Browser) -> None:
    space = FakeSpace()
    with torch.no_grad():
        for parameter in space.model.parameters():
            parameter.fill_(math.nan)
    with opened_draw(browser, space) as view:
        expect(view.find("message")).to_contain_text("has diverged")  # it stands above the board, which then moves
        draw(view, *SEVEN)
        expect(view.find("term-total")).to_have_text("–")
        expect(view.find("typical-total")).to_have_text("–")
        view.find("again").click()
        view.find("walk").click()


def test_samples_of_a_slow_network_come_when_the_pen_rests(browser: Browser) -> None:
    with opened_draw(browser, FakeSpace()) as view:
        draw(view, *SEVEN)
        expect(view.root).not_to_have_attribute("data-old-samples", "")
        quick = view.reading("samples-hash")
        view.page.evaluate(
            "() => { let late = 0; const now = performance.now; performance.now = () => now.call(performance) + (late += 5) }"
        )
        view.unmount()
        view.space.token = "c" * 32
        view.root.evaluate("root => root.removeAttribute('data-samples-hash')")
        view.mount_view()
        view.shows(**{"samples-hash": quick})
        expect(view.root).not_to_have_attribute("data-old-samples", "")
        view.page.mouse.move(*view.point("board", 0.2, 0.9))
        view.page.mouse.down()
        expect(view.root).to_have_attribute("data-old-samples", "")
        view.page.mouse.up()
        expect(view.root).not_to_have_attribute("data-old-samples", "")
        expect(view.root).not_to_have_attribute("data-samples-hash", quick)


def places(view: SpacePage, names: tuple[str, ...]) -> list[tuple[float, ...]]:
    """Left, top, width and height of elements, from the top of the view: the page may have been scrolled."""
    top = view.box("latent-draw")[1]
    boxes = [view.box(name) for name in names]
    return [(left, round(y - top, 2), width, height) for left, y, width, height in boxes]


@pytest.mark.parametrize("width", [360, 520, 800, 1000, 1400])
@pytest.mark.parametrize(
    "settings", [{}, {"code__size": 40, "data__name": "shapes", "objective__beta": 0.25}], ids=["2-D", "shapes"]
)
def test_it_fits_and_nothing_moves(browser: Browser, width: int, settings: dict[str, Any]) -> None:
    with opened_draw(browser, FakeSpace(pictures=12, **settings), viewport={"width": width, "height": 900}) as view:
        expect(view.find("typical-total")).not_to_have_text("…")
        assert not view.is_too_wide()
        assert view.cut_off("h3, p, label, button, th, td, li, span") == []
        side = view.space.config.plan.input_shape[1]
        across, down = view.box("seen")[2:]
        assert across == pytest.approx(down, abs=0.01)
        assert across % side == pytest.approx(0, abs=0.01)
        names = ("board", "seen", "reconstruction", "take", "walk", "strip", "again", "terms", "latent-draw")
        before = places(view, names)
        draw(view, *SEVEN)
        view.find("walk").click()
        assert places(view, names) == before
        view.find("take").click()
        view.shows(source="test")
        assert places(view, names) == before
