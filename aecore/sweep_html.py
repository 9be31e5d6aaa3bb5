"""What a sweep measured as pieces of HTML, for the page and for the report: the table, and traversals side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from aecore.data_uri import data_uri
from aecore.disentangle_numbers import GROUPS, UDR
from aecore.sweep_config import Arm
from aecore.sweep_strips import Bytes, Strip, drawn_of, in_a_row, reach_shown, steps_shown, strips
from aecore.sweep_table import Measured, Row, Table

GLYPHS: Mapping[str, str] = {"kl": "●", "total-correlation": "■", "capacity": "◆"}
"""Each objective's shape in text: colour is never alone."""

_FEW_ARMS = 3  # their pictures have room for two screen pixels each way


STYLE = """<style>
.sweep-scroll { overflow-x: auto; max-width: 100%; }
.sweep-table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sweep-table th, .sweep-table td { padding: 6px 14px 6px 0; text-align: right; vertical-align: top; font-weight: 400;
  border: 0; border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.sweep-table thead th { font-weight: 600; }
.sweep-table th:first-child { text-align: left; position: sticky; left: 0; z-index: 1;
  background: var(--sweep-paper); }
.sweep-table td.sweep-none { text-align: left; opacity: 0.8; }
@media (max-width: 640px) { .sweep-table th:first-child { white-space: normal; min-width: 7.5rem; } }
.sweep-table small, .sweep-arm small, .sweep-arm figcaption { font-size: 0.86em; opacity: 0.8; }
.sweep-table td.sweep-best { font-weight: 700; }
.sweep-arms { display: grid; gap: 22px 18px; grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--strip)), 1fr)); }
.sweep-arm { display: grid; grid-template-rows: subgrid; grid-row: span var(--rows); row-gap: 0; }
.sweep-arm h4 { font-size: 1rem; margin: 0 0 8px; padding: 0; }
.sweep-arm figure { margin: 0 0 10px; break-inside: avoid; }
.sweep-arm img { display: block; width: var(--strip); max-width: 100%; image-rendering: pixelated; border-radius: 4px; }
.sweep-arm figcaption b { font-weight: 700; }
</style>"""
"""Colours are those of the text around, so that the pieces are at home in light, in dark and on paper. Who uses it gives
`--sweep-paper`, the colour of the ground: what stays in sight has to cover what is scrolled under it."""


def traversals_words(arms: int) -> str:
    """What the traversals of so many arms side by side show."""
    return (
        f"In each row one number of the code goes from {reach_shown(arms)}, while the others stay as they are for one test "
        "picture. Beside a factor: the number that knows most of it, and the share of the factor's entropy that it knows "
        "(measured mutual information)."
    )


def mark(arm: Arm, colours: Mapping[Arm, str]) -> str:
    """An arm's shape in its colour."""
    return f'<span style="color:{colours[arm]}" aria-hidden="true">{GLYPHS[arm.objective]}</span>'


def table_html(table: Table, colours: Mapping[Arm, str]) -> str:
    """The table, a row for each arm of `colours`, in their order; what is best is bold, with a star and the word.

    An arm without a finished run has a row that says so. The arms stay in sight while the numbers are scrolled.
    """
    explained = {number: group.explanation for group in (*GROUPS, UDR) for number in group.numbers}
    head = "".join(
        f'<th scope="col" title="{escape(explained.get(column.name, ""))}">{escape(column.title)}</th>'
        for column in table.columns
    )
    filled = {row.arm: _row(row, table, colours) for row in table.rows}
    empty = {arm: _empty_row(arm, words, table, colours) for arm, words in table.empty.items()}
    rows = "".join((filled | empty).get(arm, "") for arm in colours)
    return (
        '<div class="sweep-scroll" role="region" aria-label="Table of all values" tabindex="0">'
        '<table class="sweep-table" data-testid="sweep-table">'
        f'<thead><tr><th scope="col">Objective</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def traversals_html(runs: Sequence[Measured], colours: Mapping[Arm, str]) -> str:
    """What the code number that carries each factor draws, for runs side by side; without factors, the numbers of highest KL.

    runs: those of one seed. Reads the traversals that each run kept last; a run without any is left out.
    """
    drawn = drawn_of(runs)
    if not drawn:
        return ""
    scale = 2 if len(drawn) <= _FEW_ARMS else 1
    width = scale * in_a_row(drawn[0][1][0][steps_shown(len(drawn))]).shape[1]
    cards = [_card(run, pictures, colours, len(drawn)) for run, pictures in drawn]
    rows = 1 + max(card.count("<figure>") for card in cards)  # a title and its strips: side by side on the same height
    style = f"--strip:{width}px;--rows:{rows}"
    return f'<div class="sweep-arms" data-testid="sweep-traversals" style="{style}">{"".join(cards)}</div>'


def _row(row: Row, table: Table, colours: Mapping[Arm, str]) -> str:
    cells = []
    for column in table.columns:
        if column.name not in row.cells:
            cells.append("<td>–</td>")
            continue
        text = row.cells[column.name].text(column.decimals)
        best = table.best.get(column.name) == row.arm
        cells.append(f'<td class="sweep-best">★ {text}<br><small>best</small></td>' if best else f"<td>{text}</td>")
    seeds = f"{len(row.seeds)} seed{'s' if len(row.seeds) > 1 else ''}"
    name = f"{mark(row.arm, colours)} {escape(row.arm.title)}<br><small>{seeds}</small>"
    return f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>'


def _empty_row(arm: Arm, words: str, table: Table, colours: Mapping[Arm, str]) -> str:
    name = f"{mark(arm, colours)} {escape(arm.title)}"
    return f'<tr><th scope="row">{name}</th><td class="sweep-none" colspan="{len(table.columns)}">{escape(words)}</td></tr>'


def _card(run: Measured, pictures: Bytes, colours: Mapping[Arm, str], arms: int) -> str:
    shown = steps_shown(arms)
    figures = "".join(
        f'<figure><img src="{data_uri(in_a_row(pictures[strip.code][shown]))}" alt="{escape(_alt(strip, arms))}">'
        f"<figcaption><b>{escape(strip.bold)}</b> · {escape(strip.words)}</figcaption></figure>"
        for strip in strips(run)
    )
    return f'<div class="sweep-arm"><h4>{mark(run.arm, colours)} {escape(run.arm.title)}</h4>{figures}</div>'


def _alt(strip: Strip, arms: int) -> str:
    return f"{strip.subject} draws, from {reach_shown(arms)}"
