"""How the digits in a person's picture were found and made like MNIST's: every step as a picture."""

from __future__ import annotations

from html import escape

import streamlit as st

from aecore.data_uri import data_uri
from aecore.pictures.digits import Digit, Found

_STEP = "margin:0;flex:1 1 130px;max-width:220px"
_DIGIT = "margin:0;padding:8px 10px;border:1px solid color-mix(in srgb, currentColor 18%, transparent);border-radius:8px"
_CAPTION = "font-size:0.82rem;opacity:0.78;line-height:1.3;margin-top:4px"
_ROW = "display:flex;flex-wrap:wrap;gap:14px;align-items:flex-start"
_CRISP = "image-rendering:pixelated;background:#000;border-radius:4px;display:block"


def show_digit_steps(found: Found) -> None:
    """The steps on the way, then for each digit: as it was found, in the 20×20 box, and centred by its mass in 28×28."""
    count = len(found.digits)
    st.markdown(f"**{count} digit{'s' if count > 1 else ''} found.** This is what was done to your picture:")
    steps = "".join(
        f'<figure style="{_STEP}"><img src="{data_uri(step.picture)}" alt="{escape(step.title)}" '
        f'style="width:100%;border-radius:6px;display:block"><figcaption style="{_CAPTION}">{number}. {escape(step.title)}'
        "</figcaption></figure>"
        for number, step in enumerate(found.steps, 1)
    )
    st.html(f'<div data-testid="finding-steps" style="{_ROW}">{steps}</div>')
    digits = "".join(_digit(number, digit) for number, digit in enumerate(found.digits, 1))
    st.html(f'<div data-testid="found-digits" style="{_ROW}">{digits}</div>')
    st.caption(
        "Each digit from left to right: as it was found · made to fit a box of 20×20 pixels · moved so that its centre of mass "
        "is the centre of 28×28 pixels. That is how the digits of MNIST were made (LeCun et al. 1998), and so what a network "
        "that learned from MNIST expects."
    )


def _digit(number: int, digit: Digit) -> str:
    pictures = (("as found", digit.crop), ("20×20 box", digit.scaled), ("centred", digit.image))
    images = "".join(
        f'<img src="{data_uri(picture)}" alt="Digit {number}, {title}" title="{title}" style="{_CRISP};height:56px;width:auto">'
        for title, picture in pictures
    )
    return f'<figure style="{_DIGIT}"><div style="display:flex;gap:6px;align-items:center">{images}</div></figure>'
