"""Plotly's figures on the pages: all of them without plotly's own bar, and each with a button that saves it as PNG or SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from aecore.ui.components import source

if TYPE_CHECKING:  # plotly takes a quarter of a second to import
    import plotly.graph_objects as go

SCRIPTS = ("canvas.js", "svg_pen.js", "save_chart.js", "save_plotly.js")
MENU_STYLE = "save_chart.css"

# What it shows is nothing: it gives its buttons to the figures of the page.
_OFFER_SAVING = st.components.v2.component(
    "save_plotly",
    html='<div data-testid="save-plotly" hidden></div>',
    css=source(MENU_STYLE),
    js=source(*SCRIPTS),
)


def chart(figure: go.Figure, *, key: str, title: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """Show a figure. Whoever shows some calls :func:`offer_saving` once after them.

    title: what it shows, in a few words: said to who cannot see it, and written over it in a file.
    """
    st.plotly_chart(figure, key=key, width=width, config={"displayModeBar": False}, alt=title)


def offer_saving(key: str) -> None:
    """Give each figure of the page its button. To be called once in a view, after its figures."""
    _OFFER_SAVING(key=key, data={"style": source(MENU_STYLE)})
