"""The Yours tab of the Denoise page: a person's own picture, uploaded, photographed or drawn."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import streamlit as st

from aecore.pictures.digits import Found, find_digits
from aecore.pictures.errors import PictureError
from aecore.pictures.intake import Picture, open_picture
from aecore.ui import denoise_photo
from aecore.ui.denoise_live import denoise_live
from aecore.ui.denoise_networks import choose_networks, shown_networks
from aecore.ui.digit_steps import show_digit_steps
from aecore.ui.draw_digit import draw_digit

_SOURCES = {"upload": "Upload", "camera": "Camera", "draw": "Draw"}
_WAYS = {"digits": "Handwritten digits", "photo": "Any other picture"}
_KEPT = "yours_kept"  # what was made of the last picture, so that a rerun does not make it again


def show() -> None:
    """The whole tab."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="yours_choices"):
        source = st.segmented_control(
            "Your picture",
            list(_SOURCES),
            default="upload",
            key="from",
            bind="query-params",
            required=True,
            format_func=lambda name: _SOURCES[name],
        )
        way = "digits"
        if source != "draw":
            way = (
                st.segmented_control(
                    "What it shows",
                    list(_WAYS),
                    default="digits",
                    key="shows",
                    bind="query-params",
                    required=True,
                    format_func=lambda name: _WAYS[name],
                    help="Digits on paper are found, cut out and made like those of MNIST. Any other picture is denoised as it "
                    "is, in colour and at its own size.",
                )
                or "digits"
            )
    data = _picture_bytes(source or "upload")
    if data is None or way != "photo":
        denoise_photo.forget()
    if data is None:
        st.session_state.pop(_KEPT, None)  # a picture that was taken away is not kept
        return
    try:
        picture = _kept("picture", data, lambda: open_picture(data))
        for note in picture.notes:
            st.caption(f":material/info: {note}")
        if way == "photo":
            denoise_photo.show(picture, sha256(data).hexdigest())
        else:
            _digits(picture, data)
    except PictureError as error:
        st.error(str(error), icon=":material/image_not_supported:")


def _picture_bytes(source: str) -> bytes | None:
    if source == "draw":
        drawing = draw_digit(key="yours_board")
        if drawing is None:
            st.caption(
                "Draw one digit, or several side by side. With the keyboard: arrow keys move the pen, the space bar puts it down."
            )
        return drawing
    if source == "camera":
        photo = st.camera_input(
            "Take a photo", key="yours_camera", width=520, help="Write digits large, with a dark pen on plain paper."
        )
        return None if photo is None else photo.getvalue()
    file = st.file_uploader(
        "A picture: PNG, JPEG, WebP, GIF, BMP or TIFF",
        key="yours_upload",
        help="It stays in this server's memory while you are here. It is not written to a disk, and nobody else sees it.",
    )
    return None if file is None else file.getvalue()


def _digits(picture: Picture, data: bytes) -> None:
    found: Found = _kept("found", data, lambda: find_digits(picture.pixels))
    show_digit_steps(found)
    runs = [run for run in choose_networks() if run.config.plan.input_shape == (1, 28, 28)]
    if not runs:
        st.info("Choose a network that takes pictures of 28×28 pixels, such as the digit denoisers that come with the app.")
        return
    images = np.stack([digit.image for digit in found.digits])[:, None]
    denoise_live(
        shown_networks(runs),
        images,
        [f"digit {number}" for number in range(1, len(images) + 1)],
        key="yours_live",
        kind="gaussian",
        level=0.3,
        clean_title="Your digit",
    )


def _kept(name: str, data: bytes, make: Any) -> Any:
    """What `make` returns for this picture, made once: kept in this session's memory until there is another picture."""
    digest = sha256(data).hexdigest()
    kept: dict[str, Any] = st.session_state.setdefault(_KEPT, {})
    if kept.get("digest") != digest:
        kept.clear()
        kept["digest"] = digest
    if name not in kept:
        kept[name] = make()
    return kept[name]
