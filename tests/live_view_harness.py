"""A server of made-up runs and a page that mounts the live view, for its tests: no training is needed."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from aecore.stages import Stage
from aecore.ui.components import source
from aecore.ui.live_view import SCRIPTS, STYLES, described
from tests.browser import component_page

COLUMNS = ["step", "epoch", "seconds", "learning_rate", "train_loss", "train_kl", "val_loss", "val_kl"]
SIDE, COUNT = 4, 3
PLACES = [(0, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)]  # of the dots, in multiples of the frame's step
# Keeps the addresses that are fetched, as they are asked for, in window.asked.
KEEP_ADDRESSES = """() => {
  const ask = window.fetch
  window.asked = []
  window.fetch = (address, options) => {
    window.asked.push(address)
    return ask(address, options)
  }
}"""


def encoded(values: bytes) -> str:
    return base64.b64encode(values).decode()


@dataclass
class FakeRun:
    """What the server knows of one run; a test changes it and the view has to follow."""

    state: str = "running"
    rows: list[list[float | None]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    frame_step: int | None = None
    classes: list[str] = field(default_factory=lambda: ["cat", "dog"])
    is_down: bool = False

    @property
    def step(self) -> float:
        return self.rows[-1][0] or 0 if self.rows else 0

    def train(self, *losses: float | None, validation: float | None = None) -> None:
        """Add rows ten steps apart; the last one has the validation."""
        for loss in losses:
            step = self.step + 10
            self.rows.append([step, step / 100, step / 50, 0.001, loss, 0.5, None, None])
        if validation is not None:
            self.rows[-1][6:] = [validation, 0.25]

    def draw_frame(self) -> None:
        self.frame_step = int(self.step)

    def answer(self, query: Mapping[str, str]) -> dict[str, Any]:
        frame: dict[str, Any] | None = None
        gallery: dict[str, Any] | None = None
        if self.frame_step is not None:
            if "frame" in query and int(query["frame"]) != self.frame_step:
                shade = self.frame_step % 256
                positions = b"".join(struct.pack("<2f", self.frame_step * x, self.frame_step * y) for x, y in PLACES)
                pictures = bytes([shade] * COUNT * SIDE * SIDE)
                frame = {"step": self.frame_step, "epoch": 1.5, "reconstructions": encoded(pictures)}
                frame["positions"] = encoded(positions)
            if query["gallery"] == "1":
                gallery = {"positions_kind": "code", "height": SIDE, "width": SIDE, "channels": 1, "count": COUNT, "code_size": 2}
                gallery |= {"originals": encoded(bytes(COUNT * SIDE * SIDE)), "corrupted": None, "labels": [0, 1, 0]}
                gallery |= {"point_labels": encoded(bytes(i % 2 for i in range(len(PLACES)))), "classes": self.classes}
        status: dict[str, Any] = {"state": self.state, "reason": "", "step": self.step, "steps": 1000, "epoch": self.step / 100}
        status |= {"epochs": 10, "seconds": self.step / 50, "preparing": None, "queue": None, "test": None, **self.facts}
        rows = [row for row in self.rows if (row[0] or 0) > float(query["since"])][:2000]
        return {"status": status, "columns": COLUMNS, "rows": rows, "frame": frame, "gallery": gallery}


class FakeServer(ThreadingHTTPServer):
    """Serves the page with the component, and the live data of the runs below."""

    daemon_threads = True
    runs: Mapping[str, FakeRun] = {}

    def reply(self, address: str) -> tuple[int, str, str]:
        path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
        if path == "/":
            return 200, "text/html", component_page(source("live_run.html"), source(*STYLES))
        if path == "/component.js":
            return 200, "text/javascript", source(*SCRIPTS)
        run = self.runs.get(path.removeprefix("/lab/api/runs/").removesuffix("/live"))
        if run is None:
            return 404, "application/json", '{"error": "There is no such run."}'
        if run.is_down:
            return 500, "text/plain", "down"
        return 200, "application/json", json.dumps(run.answer({name: values[-1] for name, values in query.items()}))


class Handler(BaseHTTPRequestHandler):
    server: FakeServer

    def do_GET(self) -> None:
        code, kind, text = self.server.reply(self.path)
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output quiet."""


class LivePage:
    """The view in a browser, and the few things that tests ask of it."""

    def __init__(self, page: Page, server: FakeServer) -> None:
        self.page = page
        self.server = server
        self.root = page.get_by_test_id("live-run")
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, runs: Mapping[str, FakeRun], **data: Any) -> None:
        self.server.runs = runs
        self.page.clock.install()
        self.page.goto(f"http://127.0.0.1:{self.server.server_port}/")
        self.page.wait_for_function("window.isReady")
        self.page.evaluate(KEEP_ADDRESSES)
        self.mount(*runs, **data)

    def mount(self, *tokens: str, state: str = "running", nonce: int = 0, stages: Sequence[Stage] = ()) -> None:
        runs = [{"token": token, "name": f"run {token}"} for token in tokens]
        data = {
            "base": "/lab",
            "runs": runs,
            "state": state,
            "nonce": nonce,
            "corrupted": False,
            "labels": {},
            "shape": [1, SIDE, SIDE],
        }
        data |= {"stages": described(stages)}
        self.page.evaluate("data => mount(data)", data)

    def shows(self, **data: object) -> None:
        """Wait until the root's data attributes are these."""
        for name, value in data.items():
            expect(self.root).to_have_attribute(f"data-{name.replace('_', '-')}", str(value))

    def find(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def reading(self, token: str, kind: str) -> Locator:
        return self.page.locator(f"[data-testid=reading][data-run={token}][data-kind={kind}]")

    def pixels(self, canvas: str) -> str:
        return str(self.find(canvas).evaluate("canvas => canvas.toDataURL()"))

    @property
    def asked(self) -> list[str]:
        """The addresses fetched so far, oldest first."""
        return list(self.page.evaluate("window.asked"))

    @property
    def told(self) -> list[list[str]]:
        """What the view has told Python so far."""
        return list(self.page.evaluate("window.events"))

    def assert_asks_nothing_for_a_minute(self) -> None:
        before = len(self.asked)
        self.page.clock.fast_forward(60_000)
        assert len(self.asked) == before

    def hide(self, is_hidden: bool) -> None:
        self.page.evaluate(
            """isHidden => {
              Object.defineProperty(document, "hidden", { value: isHidden, configurable: true })
              document.dispatchEvent(new Event("visibilitychange"))
            }""",
            is_hidden,
        )
