"""A browser for tests, and a page that mounts one component the way Streamlit does, without Streamlit."""

import json
import os
import shutil
import subprocess
import sys

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

INSTALLED = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Programs that will do. The first has no windows at all: it opens a page three times as fast, and most tests open one."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_PALETTE = "#3f90da,#ffa90e,#bd1f01,#94a4a2,#832db6,#a96b59,#e76300,#b9ac70,#717581,#92dadd"

_COMMON = {
    "font": '"Source Sans", sans-serif',
    "heading-font": '"Source Sans", sans-serif',
    "base-radius": "0.75rem",
    "button-radius": "0.75rem",
    "chart-categorical-colors": _PALETTE,
    "red-color": "#ff4b4b",
    "orange-color": "#ffa421",
    "green-color": "#21c354",
    "blue-color": "#1c83e1",
}

# The variables that Streamlit sets for a component: name without "--st-", value.
THEMES = {
    "light": {
        **_COMMON,
        "background-color": "#ffffff",
        "secondary-background-color": "#f3f5fa",
        "text-color": "#1a2233",
        "heading-color": "#1a2233",
        "primary-color": "#3f51d9",
        "border-color": "rgba(26, 34, 51, 0.16)",
        "red-background-color": "rgba(255, 43, 43, 0.1)",
        "red-text-color": "#bd4043",
        "orange-background-color": "rgba(255, 164, 33, 0.15)",
        "orange-text-color": "#a4590b",
        "green-background-color": "rgba(33, 195, 84, 0.13)",
        "green-text-color": "#158237",
        "blue-background-color": "rgba(28, 131, 225, 0.1)",
        "blue-text-color": "#0054a3",
        "gray-background-color": "rgba(26, 34, 51, 0.08)",
        "gray-text-color": "#4d5566",
    },
    "dark": {
        **_COMMON,
        "background-color": "#0f1420",
        "secondary-background-color": "#1a2234",
        "text-color": "#e8ecf5",
        "heading-color": "#e8ecf5",
        "primary-color": "#6b7dff",
        "border-color": "rgba(232, 236, 245, 0.18)",
        "red-background-color": "rgba(255, 75, 75, 0.2)",
        "red-text-color": "#ff7a7a",
        "orange-background-color": "rgba(255, 164, 33, 0.18)",
        "orange-text-color": "#ffbd45",
        "green-background-color": "rgba(33, 195, 84, 0.18)",
        "green-text-color": "#5ce488",
        "blue-background-color": "rgba(28, 131, 225, 0.22)",
        "blue-text-color": "#7cc0ff",
        "gray-background-color": "rgba(232, 236, 245, 0.12)",
        "gray-text-color": "#bcc3d2",
    },
}

_MOUNT = """
import component from "./component.js"
const host = document.querySelector("#host")
const parentElement = host.attachShadow({ mode: "open" })
parentElement.append(document.createRange().createContextualFragment(HTML))
parentElement.append(Object.assign(document.createElement("style"), { textContent: CSS }))
window.events = []
window.mount = (data) => {
  const note = (kind) => (name, value) => window.events.push([kind, name, value])
  const ways = { setTriggerValue: note("trigger"), setStateValue: note("state") }
  window.unmount = component({ data, parentElement, name: "component", key: "component", ...ways })
}
window.setTheme = (name) => {
  document.body.style.background = THEMES[name]["background-color"]
  for (const [key, value] of Object.entries(THEMES[name])) host.style.setProperty(`--st-${key}`, value)
}
window.setTheme("light")
window.isReady = true
"""


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium: the one that is installed, or else the one that Playwright brought."""
    executable = next(filter(None, map(shutil.which, INSTALLED)), None)
    return playwright.chromium.launch(executable_path=executable, args=list(FLAGS))


def component_page(html: str, css: str) -> str:
    """Return a page that mounts a component in a shadow root, as Streamlit does.

    html, css: the component's own. Its script is expected beside the page as component.js.
    In the page, mount(data) mounts the component or gives it new data, unmount() runs its clean-up, setTheme(name)
    changes the theme, and events lists what it told Python: ["trigger" or "state", name, value]. isReady is true
    once these exist.
    """
    values = {"HTML": html, "CSS": css, "THEMES": THEMES}
    constants = "".join(f"const {name} = {_for_script(value)}\n" for name, value in values.items())
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>One component</title>
<body style="margin: 16px">
<div id="host"></div>
<script type="module">
{constants}{_MOUNT}</script>
"""


def _for_script(value: object) -> str:
    return json.dumps(value).replace("</", "<\\/")


def ensure() -> None:
    """Make sure that there is a browser: an installed one, else Debian's, else Playwright's own. Exits with a sentence if not."""
    if _works():
        return
    ways = [[sys.executable, "-m", "playwright", "install", "--with-deps", "--only-shell", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        smallest, usual = ([*root, "apt-get", "install", "-y", name] for name in INSTALLED[:2])
        ways = [[*root, "apt-get", "update"], smallest, *ways, usual]
    for way in ways:
        print("No browser found; trying:", " ".join(way), flush=True)
        if subprocess.run(way, check=False).returncode == 0 and _works():
            break
    else:
        sys.exit("The browser tests need Chromium or Google Chrome: install one, then run this again.")


def _works() -> bool:
    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
        except Error:
            return False
    return True


if __name__ == "__main__":
    ensure()
