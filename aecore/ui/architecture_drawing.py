"""A network drawn from its plan, as an SVG picture that takes the page's colours."""

from __future__ import annotations

import itertools
import math
from html import escape

import streamlit as st

from aecore.layers import Plan, Reshape, Shape

# st.html removes drawings, and st.image cannot take the page's colours: a component of one line shows it instead.
_DRAWING = st.components.v2.component(
    "architecture_drawing",
    html="<div></div>",
    css=":host, div {\n color: var(--st-text-color); font-family: var(--st-font); }",
    js="""
export default function ({ data, parentElement }) {
  parentElement.querySelector("div").innerHTML = data.svg
}
""",
)

_HEIGHT, _MIDDLE, _TOP = 132, 58, 104
_COLUMN = 66
_ARC = 30  # room for skip connections above the columns
LAYER_COLOURS = {"picture": "#717581", "hidden": "#3f90da", "code": "#ffa90e", "classes": "#832db6"}
"""What a column is, wherever a network is drawn."""


def show_architecture(plan: Plan, name: str) -> None:
    """Draw the network on the page."""
    _DRAWING(data={"svg": architecture_svg(plan, name)}, key="architecture_drawing")


def architecture_svg(plan: Plan, name: str) -> str:
    """Encoder, code and decoder from left to right. The height of a column grows with the logarithm of its numbers."""
    columns = _columns(plan)
    width = _COLUMN * len(columns)
    code = next(index for index, column in enumerate(columns) if column[1] == "code")
    most = max(math.prod(shape) for shape, _ in columns)
    parts: list[str] = []
    boxes = [_box(index, shape, most) for index, (shape, _) in enumerate(columns)]
    for left, right in itertools.pairwise(boxes):
        parts.append(_wedge(left, right))
    for index, ((shape, role), box) in enumerate(zip(columns, boxes, strict=True)):
        parts.append(_layer(box, shape, role))
        parts.append(_label(index, shape, role))
    parts += [_arc(boxes[source + 1], boxes[-2 - source]) for _, source in plan.skips]
    parts.append(_role(0, code, "encoder"))
    parts.append(_role(code, len(columns) - 1, "decoder"))
    around = ", with skip connections around the code" if plan.skips else ""
    description = escape(f"{name}: " + " → ".join(_words(shape) for shape, _ in columns) + around)
    top = -4 - (_ARC if plan.skips else 0)
    style = f"width:100%;max-width:{round(width * 1.25)}px;max-height:140px;display:block;margin:auto;color:inherit"
    return (
        f'<svg viewBox="0 {top} {width} {_HEIGHT + 10 - top}" role="img" aria-label="{description}" style="{style}" '
        f'font-family="inherit" fill="currentColor"><title>{description}</title>{"".join(parts)}</svg>'
    )


def column_height(numbers: int, most: int, top: float) -> float:
    """How high a column of so many numbers is, where one of `most` is `top` high: it grows with the logarithm."""
    share = math.log(1 + numbers) / math.log(1 + most)
    return max(8.0, top * math.pow(share, 1.6))


def _columns(plan: Plan) -> list[tuple[Shape, str]]:
    shapes = plan.shapes
    code = sum(not isinstance(layer, Reshape) for layer in plan.encoder)
    roles = {0: "picture", code: "code", len(shapes) - 1: "picture"}
    return [(shape, roles.get(index, "hidden")) for index, shape in enumerate(shapes)]


def _box(index: int, shape: Shape, most: int) -> tuple[float, float, float, float]:
    """x, y, width, height of a column."""
    height = column_height(math.prod(shape), most, _TOP)
    width = 16.0 if len(shape) == 1 else 26.0
    return (index + 0.5) * _COLUMN - width / 2, _MIDDLE - height / 2, width, height


def _wedge(left: tuple[float, float, float, float], right: tuple[float, float, float, float]) -> str:
    x0, x1 = left[0] + left[2], right[0]
    points = f"{x0},{left[1]} {x1},{right[1]} {x1},{right[1] + right[3]} {x0},{left[1] + left[3]}"
    return f'<polygon points="{points}" fill="currentColor" opacity="0.09"/>'


def _arc(left: tuple[float, float, float, float], right: tuple[float, float, float, float]) -> str:
    """A skip connection, from column to column over all between them."""
    x0, x1 = left[0] + left[2] / 2, right[0] + right[2] / 2
    lift = -_ARC * (0.5 + 0.5 * (x1 - x0) / (6 * _COLUMN))
    return (
        f'<path d="M{x0},{left[1] - 7} C{x0},{lift} {x1},{lift} {x1},{right[1] - 2}" fill="none" stroke="#3f90da" '
        'stroke-width="1.6" stroke-dasharray="5 3"/>'
    )


def _layer(box: tuple[float, float, float, float], shape: Shape, role: str) -> str:
    x, y, width, height = box
    colour = LAYER_COLOURS[role]
    rect = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="{colour}"/>'
    if len(shape) == 3 and role == "hidden":  # a stack of feature maps
        behind = "".join(
            f'<rect x="{x + shift}" y="{y - shift}" width="{width}" height="{height}" rx="4" fill="{colour}" opacity="0.45"/>'
            for shift in (6, 3)
        )
        return behind + rect
    return rect


def _label(index: int, shape: Shape, role: str) -> str:
    weight = "700" if role == "code" else "500"
    text = "×".join(map(str, _sizes(shape)))
    x = (index + 0.5) * _COLUMN
    return f'<text x="{x}" y="{_HEIGHT - 8}" text-anchor="middle" font-size="12.5" font-weight="{weight}">{text}</text>'


def _role(first: int, last: int, text: str) -> str:
    x = ((first + last) / 2 + 0.5) * _COLUMN
    return f'<text x="{x}" y="{_HEIGHT + 8}" text-anchor="middle" font-size="11" opacity="0.7">{text}</text>'


def _sizes(shape: Shape) -> Shape:
    """What is worth saying of a shape: not that there is one channel, nor that a sequence has one row."""
    if len(shape) == 3 and shape[1] == 1 < shape[2]:
        shape = (shape[0], shape[2])
    return shape if len(shape) == 1 or shape[0] > 1 else shape[1:]


def _words(shape: Shape) -> str:
    return " by ".join(str(size) for size in shape) if len(shape) > 1 else f"{shape[0]} numbers"
