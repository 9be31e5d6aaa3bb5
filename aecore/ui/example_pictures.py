"""The same few pictures by every competitor, side by side."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.comparison_results import Comparison
from aecore.data_uri import data_uri

_GRID = "display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));gap:14px 18px"
_CAPTION = "font-size:0.92rem;margin-bottom:3px;display:flex;justify-content:space-between"
_PICTURE = "width:100%;image-rendering:pixelated;border-radius:6px;display:block"


def show_examples(comparison: Comparison) -> None:
    """A strip of pictures for the clean ones, and one for each competitor, the best first."""
    order = sorted(comparison.rows, key=lambda row: (row.kind != "none", -row.psnr.mean))
    strips = [("Clean", "", "clean"), *((row.title, f"{row.psnr.mean:.2f} dB", row.name) for row in order)]
    shown = "".join(
        _strip(name, note, comparison.examples[key].array()) for name, note, key in strips if key in comparison.examples
    )
    st.html(f'<div data-testid="examples" style="{_GRID}">{shown}</div>')


def _strip(name: str, note: str, pictures: npt.NDArray[np.uint8]) -> str:
    side_by_side = np.concatenate(list(pictures), axis=2)
    pixels = side_by_side[0] if len(side_by_side) == 1 else side_by_side.transpose(1, 2, 0)
    return (
        f'<figure style="margin:0"><figcaption style="{_CAPTION}"><b>{escape(name)}</b><span style="opacity:0.75">{note}</span>'
        f'</figcaption><img src="{data_uri(pixels)}" alt="{escape(name)}" style="{_PICTURE}"></figure>'
    )
