"""Runs side by side as one table: a column for each run, in its colour, a line for each thing that is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aecore.run_comparison import Line

_STYLE = """<style>
.compare-scroll { overflow-x: auto; max-width: 100%%; }
.compare { border-collapse: collapse; font-size: 0.95rem; font-variant-numeric: tabular-nums; min-width: 100%%; }
.compare :is(th, td) { padding: 7px 20px 7px 0; text-align: left; vertical-align: top; font-weight: 400; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%%, transparent); }
.compare thead th { font-weight: 600; vertical-align: bottom; min-width: 8.5rem; }
.compare th:first-child { position: sticky; left: 0; z-index: 1; min-width: 9rem; background: light-dark(%s, %s); }
.compare tbody tr:first-child :is(th, td) { padding-top: 16px; font-weight: 600; border-bottom-width: 2px; }
.compare i { display: inline-block; width: 12px; height: 12px; margin-right: 8px; border-radius: 3px; background: var(--run); }
.compare .best { font-weight: 700; }
.compare .best small { display: block; font-weight: 400; opacity: 0.8; }
@media (max-width: 640px) { .compare th:first-child { min-width: 7rem; } .compare thead th { min-width: 7rem; } }
</style>"""


def compare_table(
    names: Sequence[str], colours: Sequence[str], groups: Sequence[tuple[str, Sequence[Line]]], papers: tuple[str, str]
) -> str:
    """The table as HTML. groups: a title and the lines under it; those without lines are left out.

    colours: of the runs, as the chart has them. papers: the page's ground in light and in dark, which the titles stand on while
    the columns are scrolled beneath them.
    """
    head = "".join(
        f'<th scope="col"><i style="--run:{escape(colour)}" aria-hidden="true"></i>{escape(name)}</th>'
        for name, colour in zip(names, colours, strict=True)
    )
    bodies = "".join(_body(title, lines, len(names)) for title, lines in groups if lines)
    return (
        _STYLE % papers + '<div class="compare-scroll" role="region" aria-label="The runs side by side" tabindex="0">'
        f'<table class="compare" data-testid="compare-table"><thead><tr><th></th>{head}</tr></thead>{bodies}</table></div>'
    )


def _body(title: str, lines: Sequence[Line], columns: int) -> str:
    rows = "".join(
        f'<tr data-line="{escape(line.name)}"><th scope="row">{escape(line.title)}</th>'
        + "".join(_cell(text, index == line.best) for index, text in enumerate(line.texts))
        + "</tr>"
        for line in lines
    )
    return f'<tbody><tr><th scope="rowgroup">{escape(title)}</th><td colspan="{columns}"></td></tr>{rows}</tbody>'


def _cell(text: str, is_best: bool) -> str:
    shown = escape(text) or "–"
    return f'<td class="best">★ {shown}<small>best</small></td>' if is_best else f"<td>{shown}</td>"
