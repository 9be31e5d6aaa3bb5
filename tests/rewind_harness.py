"""The time machine in a page of its own, and a training that exists in a test only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Route, expect

from aecore.ui.bytes_block import bytes_block
from aecore.ui.rewind_view import FILES, SHEETS
from tests.component_page import ADDRESS, ComponentPage, opened

COLUMNS = ["step", "epoch", "seconds", "learning_rate", "train_loss", "val_loss"]


class FakeFilm:
    """A run and what the server answers for it.

    steps: of its kept moments. shape: (channels, height, width) of its pictures. A row of losses for each step, a validation at
    every tenth. starts: steps whose weights were kept.
    """

    token = "e" * 32
    pictures, points = 6, 12

    def __init__(self, *steps: int, shape: tuple[int, int, int] = (1, 8, 6), state: str = "finished", **facts: Any) -> None:
        self.steps = list(steps)
        self.shape = shape
        self.state = state
        self.facts = facts
        self.filters: tuple[int, ...] | None = (4, *shape)
        self.starts: list[int] = []
        self.classes = ["cat", "dog"]
        self.problem = ""
        self.corrupted = False
        self.asked: list[str] = []
        self.is_down = False

    @property
    def data(self) -> dict[str, Any]:
        """What the page gives the view."""
        stamp = None if self.state == "running" else "1"
        film = {"base": "", "token": self.token, "stamp": stamp, "state": self.state}
        return {"film": film, "words": {"unit": "nats a picture", "labels": {}, "explanations": {}}}

    def positions(self, step: int) -> np.ndarray[Any, Any]:
        around = np.linspace(0, 6, self.points)
        return (np.stack([np.cos(around), np.sin(around)], 1) * (1 + step)).astype("<f4")

    def block(self, after: int = -1) -> bytes:
        steps = [step for step in self.steps if step > after]
        rows = [
            [s, s / 10, s / 100, 0.001, 100.0 - s, 50.0 - s if s % 10 == 0 else np.nan] for s in range(after + 1, steps[-1] + 1)
        ]
        random = [np.random.default_rng(step) for step in steps]
        gallery = np.random.default_rng(1).integers(0, 256, (self.pictures, *self.shape), dtype=np.uint8).tobytes()
        facts = {
            "token": self.token,
            "state": self.state,
            "step": steps[-1],
            "total": 1000,
            "epochs": 100,
            "after": after,
            "steps": steps,
            "fleeting": False,
            "missing": 0,
            "left_out": 0,
            "count": self.pictures,
            "channels": self.shape[0],
            "height": self.shape[1],
            "width": self.shape[2],
            "classes": self.classes,
            "positions_kind": "code",
            "has_corrupted": self.corrupted,
            "filters": self.filters,
            "stages": [],
            "starts": self.starts,
            "columns": COLUMNS,
            "stamp": self.data["film"]["stamp"],
            **self.facts,
        }
        size = self.pictures * int(np.prod(self.shape))
        return bytes_block(
            facts,
            gallery if after < 0 else b"",
            gallery if self.corrupted and after < 0 else b"",
            bytes(index % len(self.classes) for index in range(self.points)) if after < 0 else b"",
            b"".join(each.integers(0, 256, size, dtype=np.uint8).tobytes() for each in random),
            b"".join(self.positions(step).tobytes() for step in steps),
            b"" if self.filters is None else b"".join(each.integers(0, 256, self.filters, np.uint8).tobytes() for each in random),
            np.array(rows, "<f8").tobytes(),
        )

    def answer(self, route: Route) -> None:
        url = route.request.url
        self.asked.append(url.removeprefix(f"{ADDRESS}api"))
        if self.is_down:
            route.abort()
        elif self.problem:
            route.fulfill(status=404, body=json.dumps({"error": self.problem}), headers={"X-Run-State": self.state})
        elif f"have={self.steps[-1]}" in url:
            route.fulfill(status=204, headers={"X-Run-State": self.state})
        else:
            have = int(url.partition("have=")[2]) if "have=" in url else -1
            after = max([step for step in self.steps if step < min(have, self.steps[-1])], default=-1)
            route.fulfill(body=self.block(after))


class RewindPage(ComponentPage):
    """The time machine with a fake film, mounted."""

    film: FakeFilm

    def mount_view(self) -> None:
        """Mount the view, or run it again as a rerun of the page does."""
        self.page.evaluate("text => mount(JSON.parse(text))", json.dumps(self.film.data))

    def reading(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}") or ""

    def drag_to(self, moment: int) -> None:
        """Put the slider's knob at a moment, as a hand does."""
        slide = "(slider, to) => { slider.value = to; slider.dispatchEvent(new InputEvent('input', { bubbles: true })) }"
        self.find("moment").evaluate(slide, moment)
        self.shows(moment=moment)

    @property
    def starts_told(self) -> list[int]:
        """The steps from which Python was asked to start again."""
        return [value for kind, name, value in self.told if (kind, name) == ("trigger", "start")]


@contextmanager
def shown(browser: Browser, film: FakeFilm, **context: Any) -> Iterator[RewindPage]:
    """Open and mount the view; wait until its first answer is there. Fails when the script failed."""
    size = {"viewport": {"width": 1200, "height": 1400}, **context}
    with opened(browser, "rewind", css=SHEETS, js=FILES, **size) as component:
        component.__class__ = RewindPage
        assert isinstance(component, RewindPage)
        component.film = film
        component.page.route(f"{ADDRESS}api/**", film.answer)
        component.mount_view()
        expect(component.find("message") if film.problem or film.is_down else component.find("play")).to_be_visible()
        yield component
