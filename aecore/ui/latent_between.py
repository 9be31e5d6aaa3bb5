"""The Between view: from one picture to another through the code space, with the person's own pictures among the ends."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from aecore.data.catalogue import Card
from aecore.pictures.errors import PictureError
from aecore.pictures.for_network import for_network
from aecore.pictures.intake import Picture, open_picture, thumbnail
from aecore.runs import Run
from aecore.ui.components import source
from aecore.ui.draw_digit import draw_digit
from aecore.ui.latent_space import SCRIPTS, STYLES, space_data

FILES = (
    "numbers.js",
    *SCRIPTS,
    "quantile.js",
    "picture_chooser.js",
    "paths.js",
    "player.js",
    "latent_between_export.js",
    "latent_between.js",
)
SHEETS = (*STYLES, "latent_between.css")

MOST_OWN = 8
"""So many pictures of a person's own are kept."""

_LONGEST_SIDE = 1000  # pixels; what is kept is no larger, and digits are not looked for in more
_SHOWN = 72  # pixels, of a kept picture in its list

Bytes = NDArray[np.uint8]

_LATENT_BETWEEN = st.components.v2.component(
    "latent_between", html=source("latent_between.html"), css=source(*SHEETS), js=source(*FILES)
)


class _Own(NamedTuple):
    """A picture of the person's: what it is called, the picture, and its identity."""

    name: str
    picture: Picture
    digest: str


def latent_between(run: Run, *, key: str) -> str | None:
    """Show the view, and below it where a person adds pictures of their own; these stay in this session's memory only.

    Returns the run's new state, once, in the rerun that a change of state causes; else None.
    """
    card = run.config.card
    inputs, problems = [], []
    for own in _kept(key):
        try:
            made = _inputs(own, card, key)
        except PictureError as error:
            problems.append(f"{own.name} cannot be used with this network. {error}")
            continue
        inputs += [{"name": name, "pixels": base64.b64encode(pixels.tobytes()).decode()} for name, pixels in made]
    result = _LATENT_BETWEEN(key=key, data={"space": space_data(run), "own": inputs}, on_state_change=lambda: None)
    with st.expander("Your own pictures", icon=":material/add_photo_alternate:", key=f"{key}_own_pictures"):
        left, right = st.columns(2, gap="large")
        with left:
            _upload(card, key)
            for problem in (*problems, *st.session_state.get(f"{key}_problems", ())):
                st.warning(problem, icon=":material/image_not_supported:")
            _list(key)
        with right:
            _draw(card, key)
    state: str | None = result.state
    return state


def _kept(key: str) -> list[_Own]:
    kept: list[_Own] = st.session_state.setdefault(f"{key}_own", [])
    return kept


def _inputs(own: _Own, card: Card, key: str) -> list[tuple[str, Bytes]]:
    """What the network is given of a picture, made once for each kind of data."""
    made: dict[Any, list[tuple[str, Bytes]]] = st.session_state.setdefault(f"{key}_inputs", {})
    what = own.digest, card.name, card.height, card.width
    if what not in made:
        made[what] = [(f"{own.name}: {name}", pixels) for name, pixels in for_network(own.picture, card)]
    return made[what]


def _turn(key: str) -> int:
    """Counts how often something was taken: with another key each time, uploader and board are empty again."""
    turn: int = st.session_state.setdefault(f"{key}_turn", 0)
    return turn


def _is_full(key: str) -> bool:
    return len(_kept(key)) >= MOST_OWN


def _upload(card: Card, key: str) -> None:
    name = f"{key}_upload_{_turn(key)}"
    st.file_uploader(
        "Pictures: PNG, JPEG, WebP, GIF, BMP or TIFF",
        accept_multiple_files=True,
        key=name,
        disabled=_is_full(key),
        on_change=_take_uploads,
        args=(name, card, key),
        help="They stay in this server's memory while you are here. They are not written to a disk, and nobody else sees them.",
    )
    if _is_full(key):
        st.caption(f"There are {MOST_OWN} pictures of your own, and no more are kept: remove one to add another.")


def _draw(card: Card, key: str) -> None:
    drawing = draw_digit(key=f"{key}_board_{_turn(key)}")
    st.button(
        "Add the drawing",
        key=f"{key}_add_drawing",
        disabled=drawing is None or _is_full(key),
        on_click=_take,
        args=([("Drawing", lambda: drawing or b"")], card, key),
    )


def _take_uploads(name: str, card: Card, key: str) -> None:
    files = st.session_state.get(name) or []
    _take([(file.name, file.getvalue) for file in files], card, key)


def _take(offered: list[tuple[str, Callable[[], bytes]]], card: Card, key: str) -> None:
    """Keep those of the pictures that can be used, and say of the others why not."""
    kept = _kept(key)
    problems = []
    for name, read in offered:
        if len(kept) >= MOST_OWN:
            problems.append(f"Only {MOST_OWN} pictures of your own are kept: the others were left out.")
            break
        try:
            data = read()
            digest = sha256(data).hexdigest()
            if any(own.digest == digest for own in kept):
                continue
            picture = open_picture(data)
            small = picture._replace(pixels=thumbnail(picture.pixels, _LONGEST_SIDE))
            own = _Own(_free_name(name, kept), small, digest)
            _inputs(own, card, key)
            kept.append(own)
        except PictureError as error:
            problems.append(f"{name}: {error}")
    st.session_state[f"{key}_problems"] = problems
    st.session_state[f"{key}_turn"] += 1


def _free_name(name: str, kept: list[_Own]) -> str:
    """The name, with a number where another picture has it."""
    taken = {own.name for own in kept}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _remove(digest: str, key: str) -> None:
    st.session_state[f"{key}_own"] = [own for own in _kept(key) if own.digest != digest]
    made = st.session_state.get(f"{key}_inputs", {})
    for what in [what for what in made if what[0] == digest]:
        del made[what]
    st.session_state[f"{key}_problems"] = []


def _list(key: str) -> None:
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for own in _kept(key):
            with st.container(width=_SHOWN + 12):
                st.image(thumbnail(own.picture.pixels, 2 * _SHOWN), width=_SHOWN)
                st.button("Remove", key=f"{key}_remove_{own.digest}", on_click=_remove, args=(own.digest, key), help=own.name)
