"""A sweep's results in one HTML file that holds everything and asks for nothing.

Its charts are the page's own figures, with plotly's script in the file once (4.5 MB): they can be pointed at, zoomed
and saved as PNG without a network, and there is one way of drawing them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from aecore.config import RunConfig
from aecore.disentangle_figures import CHARTS, HEAT_MAPS, chart_config, heat_map, metric_chart
from aecore.disentangle_numbers import GROUPS, TITLES, UDR
from aecore.sweep_findings import SPREAD, Finding, described, findings, not_compared, nothing_marked, points
from aecore.sweep_html import STYLE, table_html, traversals_html, traversals_words
from aecore.sweep_strips import drawn_of
from aecore.sweep_table import RULE, Measured, Results, Table


def report_html(results: Results, made: date) -> str:
    """The report: what the sweep shows, table, charts, traversals, heat maps, configuration and methods, of `made`'s day.

    Works from a file without a network: the document itself forbids the browser to ask for anything. Every text that a person
    wrote is escaped.
    """
    table = results.table
    colours = results.colours
    title = f"{escape(results.name)}: disentanglement"
    shown = "".join(_finding(finding) for finding in findings(table))
    charts = "".join(
        _figure(metric_chart(table.rows, column, colours), f"chart-{column.name}", column.title) for column in table.columns
    )
    sections = [
        f"<h2>What this sweep shows</h2>{shown}<p class=note>{escape(SPREAD)}</p>" if shown else "",
        f"<h2>Table</h2>{table_html(table, colours)}<p class=note>{escape(described(results))}</p><p class=note>"
        f"{escape(RULE)} {escape(nothing_marked(table))}</p>",
        f"<h2>Charts</h2><p class=note>{escape(CHARTS)}</p><div class=charts>{charts}</div>",
        *(_seed(results, seed, number == 0) for number, seed in enumerate(results.seeds)),
        f"<h2>Configuration</h2>{_configuration(results)}",
        f"<h2>Methods</h2>{_methods(results, table)}",
    ]
    return _DOCUMENT.format(
        title=title,
        policy=_POLICY,
        style=STYLE + _STYLE,
        plotly=get_plotlyjs(),
        about=f"{len(results.runs)} of {len(results.config.members)} runs had finished. Made on {made.isoformat()}.",
        missing=_missing(results),
        body="\n".join(f"<section>{section}</section>" for section in sections if section),
        script=_SCRIPT,
    )


def _missing(results: Results) -> str:
    phrases = "".join(f"<li>{escape(phrase)}</li>" for phrase in not_compared(results))
    return f"<p>Not compared:</p><ul>{phrases}</ul>" if phrases else ""


def _finding(finding: Finding) -> str:
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in finding.sentences)
    return f"<p><b>{escape(finding.heading)}</b></p><ul>{sentences}</ul>"


def _figure(figure: go.Figure, name: str, words: str) -> str:
    """A figure as a piece of the document, light as on paper: its CSS makes it dark where the reader's screen is."""
    figure.update_layout(template=_TEMPLATE)
    config = chart_config(name)
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, include_mathjax=False, div_id=name, config=config)
    return f'<div class="chart" role="img" aria-label="{escape(words)}">{drawn}</div>'


def _seed(results: Results, seed: int, is_open: bool) -> str:
    runs, colours = results.of_seed(seed), results.colours
    maps = "".join(
        _figure(heat_map(run, colours[run.arm]), f"map-{run.arm.key}-seed-{seed}", f"Heat map of {run.arm.title}")
        for run in runs
        if run.numbers is not None and run.numbers.factors
    )
    traversals = traversals_html(runs, colours)
    body = f"<p class=note>{escape(traversals_words(len(drawn_of(runs))))}</p>{traversals}" if traversals else ""
    body += f"<h3>What each number knows</h3><p class=note>{escape(HEAT_MAPS)}</p><div class=charts>{maps}</div>" if maps else ""
    if not body:
        return ""
    return f"<details{' open' if is_open else ''}><summary><h2>Traversals, seed {seed}</h2></summary>{body}</details>"


def _configuration(results: Results) -> str:
    base = results.config.base
    named = RunConfig.settings()
    swept = {"objective.divergence", "objective.beta", "objective.capacity", "seed"}
    changed = [name for name in base.differences(RunConfig()) if name not in swept]
    rows = [("Runs", ", ".join(arm.title for arm in results.config.arms))]
    rows.append(("Seeds", ", ".join(str(base.seed + place) for place in range(results.config.seeds))))
    rows += [(str(named[name].title or name), value) for name, value in base.query_of(changed).items()]
    cells = "".join(f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table class=plain>{cells}</table><p class=note>All other settings are the usual ones.</p>"


def _methods(results: Results, table: Table) -> str:
    present = {column.name for column in table.columns}
    items = []
    for group in (*GROUPS, UDR):
        names = [name for name in group.numbers if name in present]
        how = [f"{TITLES[name]}: {text}" for name in names if (text := _how(results.runs, name))]
        if names:
            explained = escape(f"{group.explanation} {group.paper}.")
            small = "".join(f"<br><small>{escape(text)}</small>" for text in how)
            items.append(f"<dt>{escape(group.title)}</dt><dd>{explained}{small}</dd>")
    if not items:
        return "<p>No metric was measured yet.</p>"
    return f"<p>{escape(points(results))}</p><dl>{''.join(items)}</dl>"


def _how(runs: Sequence[Measured], name: str) -> str:
    """How the interval of a number was found, as the first run that has it says."""
    methods = (run.numbers.numbers[name].method for run in runs if run.numbers is not None and name in run.numbers.numbers)
    return next(methods, "")


_LIGHT = {"text": "#1a2233", "line": "#dbe0ea", "paper": "#ffffff"}
_AXIS: Mapping[str, object] = {"gridcolor": _LIGHT["line"], "zerolinecolor": _LIGHT["line"], "ticks": ""}
_TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "system-ui, sans-serif", "color": _LIGHT["text"], "size": 13},
        "paper_bgcolor": _LIGHT["paper"],
        "plot_bgcolor": _LIGHT["paper"],
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)

_STYLE = """<style>
:root { color-scheme: light dark; --text: #1a2233; --line: #dbe0ea; --paper: #ffffff; --sweep-paper: var(--paper); }
@media screen and (prefers-color-scheme: dark) { :root { --text: #e8ecf5; --line: #2b3650; --paper: #0f1420; } }
body { margin: 0 auto; max-width: 1280px; padding: 16px; background: var(--paper); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 1.6em 0 0.5em; } h3 { font-size: 1.05rem; margin: 1.4em 0 0.4em; }
summary h2 { display: inline; } summary { cursor: pointer; margin-top: 1.6em; }
.note { max-width: 75ch; font-size: 0.92rem; opacity: 0.85; }
.charts { display: flex; flex-wrap: wrap; gap: 16px; } .chart { break-inside: avoid; max-width: 100%; }
.plain { border-collapse: collapse; } .plain th { text-align: left; font-weight: 600; }
.plain th, .plain td { padding: 4px 16px 4px 0; vertical-align: top; border-bottom: 1px solid var(--line); }
dl { max-width: 80ch; } dt { font-weight: 600; margin-top: 0.6em; } dd { margin: 0; }
.chart .main-svg { background: transparent !important; } .chart .bg { fill: transparent !important; }
.chart .infolayer text, .chart .xtick text, .chart .ytick text, .chart .legend text { fill: var(--text) !important; }
.chart .gridlayer path, .chart .zerolinelayer path { stroke: var(--line) !important; }
@media print { body { max-width: none; padding: 0; } .modebar { display: none !important; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .sweep-table { white-space: normal; font-size: 0.7rem; } }
</style>"""

_SCRIPT = (
    """addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true }))"""
)

_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""The browser itself refuses to fetch anything."""

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
{style}
<script>{plotly}</script>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
{missing}
{body}
<script>{script}</script>
</body>
</html>
"""
