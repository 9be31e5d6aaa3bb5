"""A run as one HTML document that works by itself: it asks nothing of any server, and the network runs in it.

The same scripts draw it that draw the app. What people wrote is escaped, and a policy in the page lets the browser run and load
nothing but what the page was made with.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import UnknownDataError
from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.run_page_data import for_script, network_data, training_data
from aecore.ui.run_page_words import facts_html, name_on_page, note_html, settings_html, test_html
from aecore.usage import size

MOST_BYTES = 30 << 20
"""The largest page: beyond, browsers are slow to open it and mail does not take it."""

# Each is one module: files in the order in which they are joined.
TRAINING_SCRIPTS = (
    "numbers.js",
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "curve.js",
    "run_stages.js",
    "chart.js",
    "sequences.js",
    "pictures.js",
    "markers.js",
    "scatter.js",
    "run_page_data.js",
    "run_page_training.js",
)
NETWORK_SCRIPTS = (
    "canvas.js",
    "svg_pen.js",
    "save_chart.js",
    "pixels.js",
    "random.js",
    "network.js",
    "idle_work.js",
    "code_statistics.js",
    "space.js",
    "space_view.js",
    "numbers.js",
    "normal_distribution.js",
    "principal_axes.js",
    "plane.js",
    "markers.js",
    "class_legend.js",
    "map_window.js",
    "map_points.js",
    "map_view.js",
    "map_pointer.js",
    "noise.js",
    "picture_chooser.js",
    "code_slider.js",
    "traversals.js",
    "latent_walk.js",
    "run_page_data.js",
    "run_page_example.js",
    "run_page_map.js",
    "run_page_walk.js",
)
TRAINING_SHEETS = ("markers.css", "live_run.css", "run_stages.css", "range.css", "save_chart.css", "run_page_training.css")
NETWORK_SHEETS = (
    "controls.css",
    "range.css",
    "thumbnails.css",
    "latent.css",
    "latent_walk.css",
    "markers.css",
    "map.css",
    "save_chart.css",
    "run_page_walk.css",
)

_NO_NETWORK = "The weights of this run are not here: its training had not come far enough when this page was made."


class RunPageError(ValueError):
    """No page can be made of this run; the message is a sentence."""


def run_page(run: Run) -> str:
    """The document. Raises RunPageError where the run cannot be read, or the page would be too large."""
    try:
        config = run.config
        card = config.card
    except (OSError, ConfigError, UnknownDataError):
        raise RunPageError("This run's settings, or the file that it learned from, are not here any more.") from None
    _check_size(config.plan.parameters * 8 // 3)  # two bytes each, in base64
    status, about = run.status, run.about
    network = network_data(run, config)
    name = name_on_page(run)
    sheets = [source("run_page.css"), source(*TRAINING_SHEETS), source(*NETWORK_SHEETS)]
    scripts = [script(*TRAINING_SCRIPTS), script(*NETWORK_SCRIPTS)]
    kind = "sequence" if card.is_sequence else "picture"
    parts = [
        f"<header><h1>{escape(name)}</h1>{facts_html(config, status, about)}{note_html(about.note)}</header>",
        f"<section><h2>How well it does</h2>{test_html(config, status)}</section>",
        f"<section><h2>The network itself</h2><p>{_about_network(config, kind)}</p>"
        + (_shadow("network", "run_page_walk.html", sheets[2]) if network is not None else f"<p>{_NO_NETWORK}</p>")
        + "</section>",
        "<section><h2>How it learned</h2>" + _shadow("training", "run_page_training.html", sheets[1]) + "</section>",
        f"<section><h2>Settings</h2>{settings_html(config, about)}</section>",
        _data("training-data", for_script(training_data(run, config, status))),
        _data("network-data", for_script(network)),
    ]
    body = "\n".join(parts)
    count = len(body.encode()) + sum(len(text.encode()) for text in (*sheets, *scripts))
    _check_size(count)
    body += f"\n<footer><p>{_footer(count)}</p></footer>"
    return _document(name, body, sheets, scripts if network is not None else scripts[:1])


def script(*names: str) -> str:
    """The files as one module for a page that nothing imports from."""
    text = re.sub(r"^export default ", "", source(*names), flags=re.MULTILINE)
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise ValueError("This script cannot stand in a page: it has what ends a script element.")
    return text


def _check_size(count: int) -> None:
    if count > MOST_BYTES:
        raise RunPageError(
            f"The page of this run would have {size(count)}, more than the {MOST_BYTES >> 20} MB that a page may have: "
            "take it away as a zip instead."
        )


def _about_network(config: RunConfig, kind: str) -> str:
    words = [
        f"It runs in this page. Choose a {kind} that it was never trained on: its code is shown as sliders, and the decoder "
        f"draws the {kind} of every code that you set."
    ]
    if config.corruption.kind != "none":
        words.append(f"It learned to remove noise, so it is given a {kind} with noise.")
    if config.architecture.skips and config.architecture.kind != "dense":
        words.append(
            "Its skip connections pass fine detail around the code: the sliders move the code's own part only, and the whole "
            "network's answer is beside it."
        )
    return escape(" ".join(words))


def _footer(count: int) -> str:
    return (
        f"Made by Autoencoder Lab. This page has about {size(count)}, holds the network's weights in half precision, and "
        "asks nothing of any server."
    )


def _shadow(name: str, html: str, sheet: str) -> str:
    """A part with a style of its own, which cannot touch that of others."""
    return f'<div id="{name}"><template shadowrootmode="open"><style>{sheet}</style>{source(html)}</template></div>'


def _data(name: str, text: str) -> str:
    return f'<script type="application/json" id="{name}">{text}</script>'


def _document(name: str, body: str, sheets: list[str], scripts: list[str]) -> str:
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; script-src {_hashes(scripts)}; "
        f"style-src {_hashes(sheets)}"
    )
    tags = "\n".join(f'<script type="module">{text}</script>' for text in scripts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{escape(name)} · Autoencoder Lab</title>
<style>{sheets[0]}</style>
</head>
<body>
<main>
<noscript><p>The network and the curves need JavaScript, which is switched off in this browser.</p></noscript>
{body}
</main>
{tags}
</body>
</html>
"""


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
