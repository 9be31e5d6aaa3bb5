"""The nearest training picture: the right one, exactly, of any set; the task that searches; and how the page asks for it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

import aecore.nearest
import aecore.tasks.nearest as task
from aecore.checkpoint import load_model, save_live_model, save_model
from aecore.data.downloads import DataUnavailableError
from aecore.data.loading import load
from aecore.model import build
from aecore.nearest import nearest
from aecore.runs import Run, new_run
from aecore.tasks.desk import TooManyJobsError
from aecore.tasks.messages import TaskError
from aecore.tasks.process import TASKS
from aecore.ui import latent_generate as page
from aecore.ui.server import task_desk
from tests import tiny


def brute_force(pictures: npt.NDArray[Any], training: npt.NDArray[np.uint8]) -> tuple[list[int], list[float]]:
    """One after the other, as the definition says it."""
    flat = training.reshape(len(training), -1).astype(np.float64)
    squares = [[float(np.square(255 * picture.astype(np.float64) - row).sum()) for row in flat] for picture in pictures]
    index = [row.index(min(row)) for row in squares]
    return index, [float(np.sqrt(min(row) / flat.shape[1]) / 255) for row in squares]


@st.composite
def searches(draw: st.DrawFn) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Few grey levels and few pixels, so that many are equally near; pictures at levels, between them, and anywhere."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pixels, levels = draw(st.integers(1, 5)), draw(st.sampled_from([2, 3, 256]))
    training = generator.integers(0, levels, (draw(st.integers(1, 40)), 1, 1, pixels)).astype(np.uint8)
    pictures = draw(
        st.sampled_from(
            [
                generator.integers(0, levels, (3, pixels)) / 255,
                generator.integers(0, levels, (3, pixels)) / 255 + 0.5 / 255,
                generator.random((3, pixels)),
            ]
        )
    )
    return np.clip(pictures, 0, 1).astype(np.float32), training


@given(searches(), st.sampled_from([1, 3, 7, 1000]))
def test_it_is_the_first_of_the_nearest(search: tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]], block: int) -> None:
    pictures, training = search
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aecore.nearest, "_BLOCK", block * pictures.shape[1])
        index, distance = nearest(torch.from_numpy(pictures), torch.from_numpy(training))
    expected = brute_force(pictures, training)
    assert index.tolist() == expected[0]
    np.testing.assert_allclose(distance.numpy(), expected[1], rtol=1e-12, atol=1e-12)


def test_digits_are_found_again_and_others_are_not_exact() -> None:
    data = load("digits")
    index, distance = nearest(data.train.images[[7, 1234]].flatten(1) / 255, data.train.images)
    assert index.tolist() == [7, 1234]
    assert distance.max() < 1e-7
    test = data.test.images[:20].flatten(1) / 255
    index, distance = nearest(test, data.train.images)
    expected = brute_force(test.numpy(), data.train.images.numpy())
    assert index.tolist() == expected[0]
    assert distance.tolist() == pytest.approx(expected[1], rel=1e-9)
    assert 0.05 < distance.min() < distance.max() < 0.4


def test_all_of_a_large_set_is_searched_and_progress_is_told() -> None:
    training = torch.arange(55_000).remainder(100).byte()[:, None, None, None].repeat(1, 1, 28, 28)
    training[-1] = 153
    told: list[float] = []
    index, distance = nearest(torch.full((16, 784), 0.62), training, told.append)
    assert index.tolist() == [54_999] * 16
    assert distance.tolist() == pytest.approx([0.02] * 16)
    assert len(told) > 5
    assert told == sorted(told)
    assert told[-1] < 1


@pytest.mark.parametrize("pictures", [torch.zeros(2, 5), torch.full((1, 4), float("nan")), torch.full((1, 4), float("inf"))])
def test_what_cannot_be_searched_for_is_refused(pictures: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"pixels"):
        nearest(pictures, torch.zeros(3, 1, 2, 2, dtype=torch.uint8))


def test_nothing_to_search_in_is_refused() -> None:
    with pytest.raises(ValueError, match="looked for"):
        nearest(torch.zeros(1, 4), torch.zeros(0, 1, 2, 2, dtype=torch.uint8))


# --- the task ---------------------------------------------------------------------------------------------------------


def trained(**settings: Any) -> Run:
    config = tiny.config("vae", code__size=3, architecture__hidden=(16,), **{"data__train_images": 300, **settings})
    run = new_run(config)
    save_model(run, build(config.plan, seed=1))
    return run


def search(run: Run, codes: npt.NDArray[np.float32]) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    told: list[tuple[float, str]] = []
    result, (pictures,) = TASKS["nearest"]({"run": run.token}, [codes], lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    return result, pictures


CODES = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def test_the_task_finds_what_is_nearest_among_those_that_the_run_was_trained_on() -> None:
    run = trained()
    result, pictures = search(run, CODES)
    data = load("digits")
    training = data.train.images[:300]
    with torch.no_grad():
        decoded = load_model(run).decode(torch.from_numpy(CODES)).flatten(1).numpy()
    index, distance = brute_force(decoded, training.numpy())
    np.testing.assert_array_equal(pictures, training[index].numpy())
    assert result["distances"] == pytest.approx(distance)
    assert result["searched"] == 300
    own = brute_force(data.test.images[:200].flatten(1).numpy() / np.float32(255), training.numpy())[1]
    assert result["typical"] == pytest.approx(np.median(own), abs=1e-6)


def test_test_pictures_are_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    def counting(pictures: torch.Tensor, *rest: Any) -> Any:
        counts.append(len(pictures))
        return nearest(pictures, *rest)

    monkeypatch.setattr(task, "nearest", counting)
    run, again, other = trained(data__train_images=123), trained(data__train_images=123), trained(data__train_images=124)
    for each in (run, again, other):
        search(each, CODES)
    assert counts == [200, 5, 5, 200, 5]


def test_a_run_in_training_is_searched_for_with_its_newest_weights() -> None:
    run = trained()
    newer = build(run.config.plan, seed=2)
    save_live_model(run, newer)
    with torch.no_grad():
        decoded = newer.decode(torch.from_numpy(CODES)).flatten(1).numpy()
    expected = brute_force(decoded, load("digits").train.images[:300].numpy())[1]
    assert search(run, CODES)[0]["distances"] == pytest.approx(expected)


def test_what_cannot_be_done_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained()
    for codes in (CODES[:, :2], np.zeros((65, 3), np.float32), np.zeros((0, 3), np.float32), CODES[0]):
        with pytest.raises(TaskError, match="codes of 3 numbers"):
            search(run, codes)

    diverged = build(run.config.plan, seed=1)
    with torch.no_grad():
        next(diverged.decoder.parameters()).fill_(float("nan"))
    broken = trained()
    save_model(broken, diverged)
    with pytest.raises(TaskError, match="beyond all bounds"):
        search(broken, CODES)

    (broken.folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(TaskError, match="damaged"):
        search(broken, CODES)

    def unavailable(*_: Any) -> Any:
        raise DataUnavailableError("It is on no mirror.")

    monkeypatch.setattr(task, "load_kept", unavailable)
    with pytest.raises(TaskError, match=r"training pictures of Digits cannot be had.*on no mirror"):
        search(run, CODES)
    with pytest.raises(TaskError, match="gone"):
        TASKS["nearest"]({"run": "0123456789abcdef"}, [CODES], lambda share, what: None)


# --- the page ---------------------------------------------------------------------------------------------------------


class FakeView:
    """In the place of the browser: asks once for what is in `wanted`, and keeps the answers that it was given."""

    def __init__(self) -> None:
        self.wanted: object = None
        self.given: list[Any] = []

    def __call__(self, *, data: dict[str, Any], **_: Any) -> SimpleNamespace:
        self.given.append(data["nearest"])
        wanted, self.wanted = self.wanted, None
        return SimpleNamespace(wanted=wanted, state="finished")


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeView]:
    fake = FakeView()
    monkeypatch.setattr(page, "_LATENT_GENERATE", fake)
    yield fake
    task_desk().close()
    task_desk.cache_clear()


def as_asked(name: str, codes: npt.NDArray[np.float32]) -> dict[str, str]:
    return {"name": name, "codes": base64.b64encode(codes.astype("<f4").tobytes()).decode()}


def opened(run: Run) -> AppTest:
    app = AppTest.from_string(
        f"""
from aecore.runs import find_run
from aecore.ui.latent_generate import latent_generate

assert latent_generate(find_run("{run.token}"), key="generate") == "finished"
""",
        default_timeout=100,
    )
    app.run()
    assert not app.exception
    return app


def test_what_the_view_asks_for_is_given_to_it(view: FakeView) -> None:
    run = trained()
    app = opened(run)
    assert view.given == [None]
    view.wanted = as_asked("some samples", CODES)
    app.run()
    assert not app.exception, app.exception
    answer = view.given[-1]
    result, pictures = search(run, CODES)
    # The process that searches may use more threads, which add up in another order.
    assert answer.pop("distances") == pytest.approx(result.pop("distances"), rel=1e-6)
    assert answer == {"name": "some samples", "pictures": base64.b64encode(pictures.tobytes()).decode(), **result}
    view.wanted = as_asked("others", np.full((1, 3), np.nan, np.float32))
    app.run()
    assert (view.given[-1]["name"], view.given[-1].keys()) == ("others", {"name", "problem"})
    for nonsense in ({"name": 3}, "wanted", {}, {"name": "x" * 300}):
        view.wanted = nonsense
        app.run()
        assert not app.exception
        assert view.given[-1]["name"] == "others"


def test_a_search_that_cannot_be_made_is_told_to_the_view(view: FakeView, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained()
    (run.folder / "model.safetensors").write_bytes(b"no weights")
    app = opened(run)
    view.wanted = as_asked("broken", CODES)
    app.run()
    assert not app.exception
    assert "damaged" in view.given[-1]["problem"]

    def full(*_: Any, **__: Any) -> Any:
        raise TooManyJobsError("Wait for another.")

    monkeypatch.setattr(task_desk(), "submit", full)
    view.wanted = as_asked("later", CODES)
    app.run()
    assert view.given[-1] == {"name": "later", "problem": "Wait for another."}


@pytest.mark.parametrize("codes", [None, 7, "", "ä", "AAAA", base64.b64encode(b"x" * 12 * 65).decode(), "A" * 10_000_000])
def test_codes_that_are_none_are_not_taken(codes: object) -> None:
    assert page.codes_in({"codes": codes}, 3) is None
    assert page.codes_in(codes, 3) is None


def test_codes_are_what_the_browser_sent() -> None:
    for count in (1, 64):
        sent = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float32)
        np.testing.assert_array_equal(page.codes_in(as_asked("", sent), 3), sent)
    assert page.codes_in(as_asked("", np.full((2, 3), np.inf, np.float32)), 3) is None
