"""What a sweep measured as pieces of HTML, for the page and for the report: the table, and traversals side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from aecore.data_uri import data_uri
from aecore.disentangle_numbers import GROUPS, UDR
from aecore.moments import pictured_steps, read_traversals
from aecore.sweep_config import Arm
from aecore.sweep_table import Carrier, Measured, Row, Table, carriers

Bytes = npt.NDArray[np.uint8]

GLYPHS: Mapping[str, str] = {"kl": "●", "total-correlation": "■", "capacity": "◆"}
"""Each objective's shape in text: colour is never alone."""

_MOST_NUMBERS = 10
"""Traversals of a run whose factors are not known."""
_FEW_ARMS = 3  # their pictures have room for two screen pixels each way

TRAVERSALS = (
    "In each row one number of the code goes from −3 to 3, while the others stay as they are for one test picture. Beside a "
    "factor: the number that knows most of it, and the share of the factor's entropy that it knows (measured mutual information)."
)

STYLE = """<style>
.sweep-scroll { overflow-x: auto; max-width: 100%; }
.sweep-table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sweep-table th, .sweep-table td { padding: 6px 14px 6px 0; text-align: right; vertical-align: top; font-weight: 400;
  border: 0; border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.sweep-table thead th { font-weight: 600; }
.sweep-table th:first-child { text-align: left; }
.sweep-table small, .sweep-arm small, .sweep-arm figcaption { font-size: 0.86em; opacity: 0.8; }
.sweep-table td.sweep-best { font-weight: 700; }
.sweep-arms { display: grid; gap: 22px 18px; grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--strip)), 1fr)); }
.sweep-arm { display: grid; grid-template-rows: subgrid; grid-row: span var(--rows); row-gap: 0; }
.sweep-arm h4 { font-size: 1rem; margin: 0 0 8px; padding: 0; }
.sweep-arm figure { margin: 0 0 10px; break-inside: avoid; }
.sweep-arm img { display: block; width: var(--strip); max-width: 100%; image-rendering: pixelated; border-radius: 4px; }
.sweep-arm figcaption b { font-weight: 700; }
</style>"""
"""Colours are those of the text around, so that the pieces are at home in light, in dark and on paper."""


def mark(arm: Arm, colours: Mapping[Arm, str]) -> str:
    """An arm's shape in its colour."""
    return f'<span style="color:{colours[arm]}" aria-hidden="true">{GLYPHS[arm.objective]}</span>'


def table_html(table: Table, colours: Mapping[Arm, str]) -> str:
    """The table, a row for each arm; what is best is bold, with a star and the word."""
    explained = {number: group.explanation for group in (*GROUPS, UDR) for number in group.numbers}
    head = "".join(
        f'<th scope="col" title="{escape(explained.get(column.name, ""))}">{escape(column.title)}</th>'
        for column in table.columns
    )
    rows = "".join(_row(row, table, colours) for row in table.rows)
    return (
        f'<div class="sweep-scroll" tabindex="0"><table class="sweep-table" data-testid="sweep-table"><thead><tr><th scope="col">'
        f"Objective</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def traversals_html(runs: Sequence[Measured], colours: Mapping[Arm, str]) -> str:
    """What the code number that carries each factor draws, for runs side by side; without factors, the numbers of highest KL.

    runs: those of one seed. Reads the traversals that each run kept last; a run without any is left out.
    """
    drawn = [(run, last) for run in runs if (last := last_traversals(run)) is not None]
    if not drawn:
        return ""
    scale = 2 if len(drawn) <= _FEW_ARMS else 1
    width = scale * _strip(drawn[0][1][0]).shape[1]
    cards = [_card(run, pictures, colours) for run, pictures in drawn]
    rows = 1 + max(card.count("<figure>") for card in cards)  # a title and its strips: side by side on the same height
    style = f"--strip:{width}px;--rows:{rows}"
    return f'<div class="sweep-arms" data-testid="sweep-traversals" style="{style}">{"".join(cards)}</div>'


def last_traversals(run: Measured) -> Bytes | None:
    """The traversals (D, 7, C, h, w) at the end of a run's training, or None."""
    steps = pictured_steps(run.run)
    return read_traversals(run.run, steps[-1]) if steps else None


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


def _card(run: Measured, pictures: Bytes, colours: Mapping[Arm, str]) -> str:
    if run.numbers is not None and run.numbers.factors:
        strips = [
            (_carrier_caption(carrier), f"{carrier.factor}: what z{carrier.code + 1} draws, from −3 to 3", carrier.code)
            for carrier in carriers(run.numbers)
        ]
    else:
        strips = [
            (f"<b>z{code + 1}</b> · {run.kl[code]:.2f} nats", f"What z{code + 1} draws, from −3 to 3", code)
            for code in run.order[:_MOST_NUMBERS]
        ]
    shown = "".join(
        f'<figure><img src="{data_uri(_strip(pictures[code]))}" alt="{escape(words)}"><figcaption>{caption}</figcaption></figure>'
        for caption, words, code in strips
    )
    return f'<div class="sweep-arm"><h4>{mark(run.arm, colours)} {escape(run.arm.title)}</h4>{shown}</div>'


def _carrier_caption(carrier: Carrier) -> str:
    factor, number, share = escape(carrier.factor), f"z{carrier.code + 1}", f"{100 * carrier.known:.0f} %"
    if not carrier.carried:
        return f"<b>{factor}</b> · no number carries it (the most: {number}, {share})"
    also = f", the same number as {escape(' and '.join(carrier.also))}" if carrier.also else ""
    return f"<b>{factor} · {number}</b> · {share}{also}"


def _strip(pictures: Bytes) -> Bytes:
    """Pictures (N, C, h, w) in a row, with a grey line between: (h, N·w + N − 1), or with three channels last."""
    line = np.full((*pictures.shape[1:3], 1), 128, np.uint8)
    parts = [part for picture in pictures for part in (line, picture)][1:]
    row: Bytes = np.concatenate(parts, axis=2)
    return row[0] if len(row) == 1 else np.ascontiguousarray(row.transpose(1, 2, 0))
