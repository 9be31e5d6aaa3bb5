"""What is trained in each stage of a run, drawn: the network as far as it has grown, and which of its layers are frozen."""

from __future__ import annotations

import math
from html import escape
from typing import Literal

from aecore.config import RunConfig
from aecore.stages import Stage
from aecore.ui.architecture_drawing import LAYER_COLOURS, column_height

State = Literal["learns", "frozen"]

_COLUMN, _MIDDLE, _TOP, _HEIGHT = 48, 44, 76, 104
_BAR = 15
_NAMED_UP_TO = 9
"""Columns of the whole network beyond which their sizes would be too small to read below them."""


def stage_words(config: RunConfig, stage: Stage) -> str:
    """What happens in a stage, in a sentence."""
    depth = stage.depth
    if stage.kind == "whole":
        together = "all layers are trained together."
        return f"Fine-tuning: {together}" if config.schedule.kind == "greedy" else together.capitalize()
    if stage.kind == "softmax":
        return "The encoder is frozen; a softmax on the code learns the labels."
    if stage.kind == "labels":
        return "Encoder and softmax are trained together, with the labels."
    if depth == 1:
        return "The first layer learns to give back the picture."
    frozen = "Layer 1 is frozen" if depth == 2 else f"Layers 1 to {depth - 1} are frozen"
    return f"{frozen}; layer {depth} learns to give back what layer {depth - 1} answers."


def stage_svg(config: RunConfig, stage: Stage) -> str:
    """The network of a stage as an SVG picture in the page's colours: encoder, code and decoder, or encoder and classes.

    What learns is filled, what is frozen is hatched. All stages of a run are drawn to the same scale, so that it grows.
    """
    encoder = [config.plan.input_size, *config.architecture.hidden, config.code.size]
    states: list[State]
    if stage.kind in ("softmax", "labels"):
        sizes = [*encoder, len(config.card.classes)]
        roles = ["picture", *["hidden"] * (len(encoder) - 2), "code", "classes"]
        encoding: State = "frozen" if stage.kind == "softmax" else "learns"
        states = [encoding for _ in encoder[1:]] + ["learns"]
    else:
        grown = encoder[: stage.depth + 1]
        sizes = [*grown, *grown[-2::-1]]
        roles = ["picture", *["hidden"] * (stage.depth - 1), "code", *["hidden"] * (stage.depth - 1), "picture"]
        up: list[State] = [
            "learns" if stage.kind == "whole" or each == stage.depth else "frozen" for each in range(1, stage.depth + 1)
        ]
        states = [*up, *up[::-1]]
    columns = max(2 * len(encoder) - 1, len(encoder) + 1)
    width, most = columns * _COLUMN, max(encoder)
    start = (width - len(sizes) * _COLUMN) / 2
    boxes = [_box(start, place, size, most) for place, size in enumerate(sizes)]
    parts = [_wedge(left, right, state) for left, right, state in zip(boxes, boxes[1:], states, strict=False)]
    parts += [_bar(box, LAYER_COLOURS[role]) for box, role in zip(boxes, roles, strict=True)]
    if columns <= _NAMED_UP_TO:
        parts += [_size(box, size) for box, size in zip(boxes, sizes, strict=True)]
    description = escape(" → ".join(f"{size:,}" for size in sizes) + f". {stage_words(config, stage)}")
    return (
        f'<svg viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{description}" font-family="inherit" fill="currentColor">'
        '<defs><pattern id="frozen" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="5" height="5" fill="currentColor" opacity="0.07"/>'
        '<rect width="1.4" height="5" fill="currentColor" opacity="0.5"/></pattern></defs>'
        f"{''.join(parts)}</svg>"
    )


def _box(start: float, place: int, size: int, most: int) -> tuple[float, float, float, float]:
    """x, y, width, height of a column."""
    height = column_height(size, most, _TOP)
    return start + (place + 0.5) * _COLUMN - _BAR / 2, _MIDDLE - height / 2, _BAR, height


def _wedge(left: tuple[float, float, float, float], right: tuple[float, float, float, float], state: State) -> str:
    x0, x1 = left[0] + left[2], right[0]
    points = f"{x0:g},{left[1]:.1f} {x1:g},{right[1]:.1f} {x1:g},{right[1] + right[3]:.1f} {x0:g},{left[1] + left[3]:.1f}"
    look = 'style="fill:var(--st-primary-color)" opacity="0.62"' if state == "learns" else 'fill="url(#frozen)"'
    return f'<polygon points="{points}" data-state="{state}" {look}/>'


def _bar(box: tuple[float, float, float, float], colour: str) -> str:
    x, y, width, height = box
    return f'<rect x="{x:g}" y="{y:.1f}" width="{width}" height="{height:.1f}" rx="3" fill="{colour}"/>'


def _size(box: tuple[float, float, float, float], size: int) -> str:
    text = f"{size}" if size < 10_000 else f"{math.floor(size / 1000)}k"
    return f'<text x="{box[0] + box[2] / 2:g}" y="{_HEIGHT - 6}" text-anchor="middle" font-size="13">{text}</text>'
