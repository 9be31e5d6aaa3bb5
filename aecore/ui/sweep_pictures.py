"""A few pictures of the data that a sweep will learn from, and what is known of their factors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from aecore.data.arrays import sample_images
from aecore.data.catalogue import PICTURES
from aecore.data.shape_grid import Grid
from aecore.data.shapes import FACTOR_NAMES, Shapes
from aecore.data_uri import data_uri
from aecore.disentangle_numbers import GROUPS, UDR

_COUNT = 8
_STRIP = "display:flex;flex-wrap:wrap;gap:6px"
_PICTURE = "width:64px;height:64px;image-rendering:pixelated;border-radius:4px;display:block"


def show_pictures(data: str, resolution: int, factors: tuple[int, ...]) -> None:
    """Eight pictures, drawn at random from what was chosen; how many different ones there are, or what is not known of them."""
    card = PICTURES.get(data)
    if card is None:
        return
    if not card.factor_names:
        _strip(_sampled(data))
        ruled_out = ", ".join(group.title for group in GROUPS)
        st.caption(
            f"Nobody knows the factors of {card.title}, so what is measured against known factors is ruled out: {ruled_out}. "
            f"What remains: reconstruction, KL, traversals, and with two or more seeds the {UDR.title.lower()}."
        )
        return
    try:
        grid = Grid(factors)
    except ValueError as error:
        st.warning(str(error), icon=":material/grid_off:")
        return
    _strip(_drawn(grid.steps, resolution))
    varying = " × ".join(f"{grid.steps[factor]} ({FACTOR_NAMES[factor]})" for factor in grid.varying)
    st.caption(f"{grid.size:,} different pictures: {varying}. These are known, so all metrics can be measured.")


def _strip(pictures: npt.NDArray[np.uint8] | None) -> None:
    if pictures is None:
        st.caption("These pictures are fetched when the first sweep on them starts.")
        return
    shown = "".join(f'<img src="{data_uri(picture)}" alt="" style="{_PICTURE}">' for picture in pictures)
    st.html(f'<div data-testid="sweep-pictures" role="img" aria-label="Eight of the pictures" style="{_STRIP}">{shown}</div>')


@st.cache_data(show_spinner=False, max_entries=200)
def _drawn(steps: tuple[int, ...], resolution: int) -> npt.NDArray[np.uint8]:
    grid = Grid(steps)
    # Spread over the grid rather than drawn anew for each: a change of one factor then changes little else.
    shares = np.random.default_rng(3).random((_COUNT, len(steps)))
    levels = (shares * np.array(steps)).astype(np.int64)
    return Shapes(resolution).draw(grid.at(levels))


@st.cache_data(show_spinner=False, max_entries=20)
def _sampled(data: str) -> npt.NDArray[np.uint8] | None:
    images = sample_images(data, _COUNT)
    return None if images is None else images[:, 0]
