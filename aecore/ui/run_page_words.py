"""What a run's own page says in words and tables, as HTML. All of people's text is escaped."""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape

from aecore.config import RunConfig
from aecore.data.catalogue import is_own
from aecore.nearest_preset import nearest_preset
from aecore.presets import Preset, preset
from aecore.run_comparison import setting_text
from aecore.runs import About, Run, Status
from aecore.shipped_runs import TITLES
from aecore.test_numbers import TEST_NUMBERS, explanation_of, title_of


def name_on_page(run: Run) -> str:
    """What the run is called. Never its token, which is the key to it on its server."""
    about = run.about
    return about.name if about.owner else TITLES.get(run.token, about.name) or "A run"


def preset_of(config: RunConfig, about: About) -> Preset:
    """The preset that a run comes from, or is most like."""
    return preset(nearest_preset(config, about.name))


def changes(config: RunConfig, origin: Preset) -> list[tuple[str, str, str]]:
    """Title, value here and value in the preset of the settings that differ; the data are named elsewhere."""
    fields = RunConfig.settings()
    return [
        (fields[name].title, setting_text(mine), setting_text(theirs))
        for name, (mine, theirs) in config.differences(origin.config).items()
        if name != "data.name"
    ]


def facts_html(config: RunConfig, status: Status, about: About) -> str:
    """What the network is and what it learned from."""
    origin, plan, card = preset_of(config, about), config.plan, config.card
    numbers = "1 number" if plan.code_size == 1 else f"{plan.code_size:,} numbers"
    kind = "sequences" if card.is_sequence else "pictures"
    facts = [
        ("Preset", origin.title),
        ("Learned from", f"{config.train_size:,} {kind} of {card.title}"),
        ("Code", f"{numbers}, each with a mean and a variance" if plan.gaussian else numbers),
        ("Size", f"{plan.parameters:,} parameters"),
        ("Training", f"{status.epoch:.3g} epochs, {status.step:,} steps, {status.seconds:,.1f} s"),
    ]
    if config.corruption.kind != "none":
        facts.insert(3, ("Noise while training", config.corruption.words))
    if about.start:
        facts.append(("Began with the weights of", about.start))
    if about.created > 0:
        facts.append(("Made", time.strftime("%Y-%m-%d", time.gmtime(about.created))))
    return f'<p class="lead">{escape(origin.summary)}</p><dl class="facts">{_pairs(facts)}</dl>'


def note_html(note: str) -> str:
    """A person's note; "" where there is none."""
    return f'<p class="note">{escape(note)}</p>' if note.strip() else ""


def test_html(config: RunConfig, status: Status) -> str:
    """The test numbers with what they were measured on."""
    test = status.test
    if not test:
        words = "These come at the end of a training." if status.state != "finished" else "It was not measured."
        return f'<p class="caption">No test numbers. {words}</p>'
    cards = "".join(
        f"<div><dt>{escape(title_of(name, config))}</dt><dd>{test[name]:.4g}</dd><dd class='caption'>"
        f"{escape(explanation_of(name, config))}</dd></div>"
        for name in TEST_NUMBERS
        if name in test
    )
    noise = "" if config.corruption.kind == "none" else f" with noise ({config.corruption.words})"
    kind = "sequences" if config.card.is_sequence else "images"
    measured = f"Measured on {status.test_images:,} test {kind} of {config.card.title}{noise} that training never saw."
    return f'<dl class="numbers">{cards}</dl><p class="caption">{escape(measured)}</p>'


def settings_html(config: RunConfig, about: About) -> str:
    """What differs from the preset, and all settings behind a click."""
    origin = preset_of(config, about)
    changed = changes(config, origin)
    flat, fields = config.flat(), RunConfig.settings()
    own_file = is_own(config.data.name)  # its name in a configuration says nothing to anybody
    texts = [
        (fields[name].title, config.card.title if own_file and name == "data.name" else setting_text(value))
        for name, value in flat.items()
    ]
    if changed:
        differences = f"<p>Other than in the preset {escape(origin.title)}:</p>" + _table(("Setting", "Here", "Preset"), changed)
    else:
        differences = f"<p>As in the preset {escape(origin.title)}.</p>"
    everything = _table(("Setting", "Value"), texts)
    return f"{differences}<details><summary>All {len(texts)} settings</summary>{everything}</details>"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<div><dt>{escape(title)}</dt><dd>{escape(text)}</dd></div>" for title, text in pairs)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(text)}</td>" for text in others)}</tr>'
        for first, *others in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
