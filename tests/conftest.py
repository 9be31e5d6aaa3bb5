"""What the tests share: one server, one browser, folders of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from streamlit.components.v2 import manifest_scanner

from tests.browser import launch
from tests.server import AppServer

# Examples take as long as the machine is busy; a deadline would fail for the machine's sake. The same examples each time:
# a failure found on one machine is then found on every other.
settings.register_profile("suite", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("suite")
# What is expected on a page comes when it comes: on a busy machine five seconds, the usual limit, are not always enough.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the runs or the data of the person who runs it."""
    os.environ["AECORE_RUNS"] = str(tmp_path_factory.mktemp("runs"))
    os.environ["AECORE_DATA"] = str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session", autouse=True)
def _one_person() -> Iterator[None]:
    """Who has no cookie is somebody else in each tab; tests without a browser are one person, in a page and beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aecore.ui.server.session", lambda: "")
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_scan() -> Iterator[None]:
    """Each AppTest looks through all installed packages for components, most of a second; what is installed stays the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each test opens a context of its own in it."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """One server of the app for all browser tests."""
    folder: Path = tmp_path_factory.mktemp("server")
    running = AppServer(folder / "runs", folder / "log.txt")
    yield running
    running.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own, with its own cookies."""
    opened = browser.new_context(viewport={"width": 1400, "height": 1000})
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()
