"""The traversals of a sweep's runs side by side as one PNG, for a slide or a paper."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from aecore.sweep_config import Arm
from aecore.sweep_html import traversals_words
from aecore.sweep_strips import Bytes, drawn_of, in_a_row, strips
from aecore.sweep_table import Measured

_INK, _QUIET, _PAPER = "#1a2233", "#4d5566", "#ffffff"
_MOST_ACROSS = 6
"""Arms beside each other; more of them begin a new row."""
_FEW_ARMS = 3
_MARGIN, _GAP, _MARK = 40, 32, 20
_TITLE, _TEXT = 30, 22
_LINE = 30
"""Height of a line of text."""
_LETTER = 0.5
"""Mean width of a letter, as a share of its height."""


def traversals_png(runs: Sequence[Measured], colours: Mapping[Arm, str], heading: str, font: Path) -> bytes:
    """The runs of one seed side by side: of each the strips of :func:`~aecore.sweep_strips.strips`, all seven steps from −3 to 3.

    Pixels are drawn as squares of 3 × 3 (up to three runs) or 2 × 2. Every strip is labelled with its factor, number and share;
    below stands what that means. heading: above all. font: a file with the letters for all this, β and − among them. Reads
    files; b"" where none of the runs kept traversals.
    """
    drawn = drawn_of(runs)
    if not drawn:
        return b""
    scale = 3 if len(drawn) <= _FEW_ARMS else 2
    rows = [drawn[start : start + _MOST_ACROSS] for start in range(0, len(drawn), _MOST_ACROSS)]
    strip_height, strip_width = (scale * size for size in in_a_row(drawn[0][1][0]).shape[:2])
    letters = int(strip_width / (_LETTER * _TEXT))
    label = 2 * _LINE  # the second line is for numbers that several factors share
    heights = [2 * _LINE + max(len(strips(run)) for run, _ in row) * (strip_height + label + 12) for row in rows]
    width = 2 * _MARGIN + len(rows[0]) * (strip_width + _GAP) - _GAP
    words = textwrap.wrap(f"{heading}. {traversals_words(1)}", int((width - 2 * _MARGIN) / (_LETTER * _TEXT)))
    image = Image.new("RGB", (width, 2 * _MARGIN + sum(heights) + len(words) * _LINE), _PAPER)
    pen, title, text = ImageDraw.Draw(image), _font(font, _TITLE, "Semibold"), _font(font, _TEXT, "Regular")
    top = _MARGIN
    for row, height in zip(rows, heights, strict=True):
        for place, (run, pictures) in enumerate(row):
            left = _MARGIN + place * (strip_width + _GAP)
            _mark(pen, run.arm, (left, top + 6), colours[run.arm])
            pen.text((left + _MARK + 10, top), run.arm.title, _INK, title)
            for number, strip in enumerate(strips(run)):
                y = top + 2 * _LINE - 8 + number * (strip_height + label + 12)
                image.paste(_enlarged(pictures[strip.code], scale), (left, y))
                lines = textwrap.wrap(f"{strip.bold} · {strip.words}", letters, max_lines=2, placeholder=" …")
                pen.multiline_text((left, y + strip_height + 3), "\n".join(lines), _INK, text, spacing=3)
        top += height
    for number, line in enumerate(words):
        pen.text((_MARGIN, top + number * _LINE), line, _QUIET, text)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _enlarged(pictures: Bytes, scale: int) -> Image.Image:
    """Pictures (7, C, h, w) in a row, each pixel a square."""
    row = Image.fromarray(in_a_row(pictures)).convert("RGB")
    return row.resize((scale * row.width, scale * row.height), Image.Resampling.NEAREST)


def _font(path: Path, size: int, weight: str) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(path, size)
    font.set_variation_by_name(weight)
    return font


def _mark(pen: ImageDraw.ImageDraw, arm: Arm, corner: tuple[int, int], colour: str) -> None:
    """The shape of the arm's objective, as in :data:`~aecore.sweep_html.GLYPHS`."""
    x, y = corner
    half = _MARK // 2
    match arm.objective:
        case "kl":
            pen.ellipse((x, y, x + _MARK, y + _MARK), colour)
        case "total-correlation":
            pen.rectangle((x + 1, y + 1, x + _MARK - 1, y + _MARK - 1), colour)
        case _:
            pen.polygon([(x + half, y), (x + _MARK, y + half), (x + half, y + _MARK), (x, y + half)], colour)
