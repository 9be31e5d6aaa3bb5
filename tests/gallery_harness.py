"""The gallery of runs in a page of its own, with made answers of its route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Route

from aecore.ui.components import source
from aecore.ui.runs_gallery import FILES, SHEETS
from tests.component_page import ADDRESS, ComponentPage


def made_run(number: int, **values: Any) -> dict[str, Any]:
    """What the route says of a run; `number` decides its token, name and age: 1 is the oldest."""
    usual = {
        "kind": "run",
        "runs": 1,
        "token": f"run-{number}",
        "version": number,
        "mine": True,
        "name": f"Run {number}",
        "created": 1_700_000_000.0 + number,
        "starred": False,
        "note": "",
        "start": "",
        "file": "",
        "problem": "",
        "state": "finished",
        "reason": "",
        "step": 10,
        "steps": 10,
        "epoch": 2.0,
        "epochs": 2,
        "seconds": 1.5,
        "bytes": 1_000_000 + number,
        "thumbnail": "",
        "curve": [5.0, 2.0, 1.0],
        "preset": "Vanilla",
        "data": "Digits",
        "parameters": 50_000,
        "code": 8,
        "shape": [1, 28, 28],
        "numbers": [{"key": "mse", "name": "Squared error per pixel", "value": number / 100}],
        "error": number / 100,
    }
    return usual | values


class GalleryPage(ComponentPage):
    """The gallery, and the server that it believes to talk to."""

    def __init__(self, browser: Browser, runs: list[dict[str, Any]], **context: Any) -> None:
        parts = {"html": source("runs_gallery.html"), "css": source(*SHEETS), "js": source(*FILES)}
        self.runs = {run["token"]: run for run in runs}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.refuses = ""
        super().__init__(browser, "runs-gallery", **parts, **context)
        self.page.route("**/api/runs*", self._answer)
        self.start()

    def start(self) -> None:
        """Mount the gallery and wait until it shows what there is."""
        self.page.evaluate("() => mount({ base: '' })")
        self.page.wait_for_selector("[data-first-ms]")

    def reload(self) -> None:
        """As after F5: nothing is left but what the tab keeps."""
        self.page.goto(ADDRESS)
        self.page.wait_for_function("window.isReady")
        self.start()

    def _answer(self, route: Route) -> None:
        if route.request.method == "POST":
            content = json.loads(route.request.post_data or "")
            self.asked.append(content)
            route.fulfill(
                status=409 if self.refuses else 200, content_type="application/json", body=json.dumps(self._change(**content))
            )
            return
        tokens = sorted(self.runs, key=lambda token: -self.runs[token]["created"])
        body = {
            "runs": list(self.runs.values()),
            "tokens": tokens,
            "tokens_stamp": ",".join(tokens),
            "version": max((run["version"] for run in self.runs.values()), default=0),
            "queue": {token: 2 for token in tokens if self.runs[token]["state"] == "queued"},
            "deleted": [{"token": token, "name": run["name"], "seconds": 130} for token, run in self.deleted.items()],
            "kept": {
                "runs": sum(run["mine"] for run in self.runs.values()),
                "bytes": 5 << 20,
                "most_runs": 200,
                "most_bytes": 4 << 30,
            },
        }
        route.fulfill(content_type="application/json", body=json.dumps(body))

    def _change(self, action: str, tokens: list[str], value: Any) -> dict[str, Any]:
        if self.refuses:
            return {"done": [], "made": [], "refused": [{"token": tokens[0], "sentence": self.refuses}], "error": self.refuses}
        for token in tokens:
            if action == "delete":
                self.deleted[token] = self.runs.pop(token)
            elif action == "restore":
                self.runs[token] = self.deleted.pop(token)
            else:
                name = {"rename": "name", "note": "note", "star": "starred"}.get(action, "made")
                self.runs[token] = self.runs[token] | {name: value}
        return {"done": tokens, "made": [], "refused": []}

    @property
    def own(self) -> int:
        """How many are the person's own."""
        return sum(run["mine"] for run in self.runs.values())

    # --- what is there ------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The names of the runs that are in the page, in their order."""
        return self.page.locator(".run .name").all_inner_texts()

    def run(self, name: str) -> Locator:
        return self.page.locator(".run").filter(has=self.page.locator(".name").get_by_text(name, exact=True))

    def menu(self, name: str, entry: str) -> None:
        self.run(name).locator(".more").click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()


@contextmanager
def gallery(browser: Browser, runs: list[dict[str, Any]], **context: Any) -> Iterator[GalleryPage]:
    """Open the gallery with these runs. Fails when its script failed."""
    shown = GalleryPage(browser, runs, **context)
    try:
        yield shown
    finally:
        shown.context.close()
    assert shown.errors == []
