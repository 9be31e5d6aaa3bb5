"""Links to copy, with QR codes: where they lead, and the part of the browser that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import segno
import streamlit as st

from aecore.ui.components import source

SCRIPTS, STYLES = ("share_links.js",), ("controls.css", "share_links.css")

_LINKS = st.components.v2.component("share_links", html=source("share_links.html"), css=source(*STYLES), js=source(*SCRIPTS))
MOST_IN_A_CODE = 2900  # bytes; the largest QR code holds 2,953


@dataclass(frozen=True)
class Link:
    """A link as it is shown. id: tells it from the others beside it. words: what it is, in a sentence. is_tried: can be opened
    from here."""

    id: str
    title: str
    words: str
    address: str
    is_tried: bool = False


def link_to_here(query: Mapping[str, str | Sequence[str]]) -> str:
    """The address of this page with another query, as this browser reaches it: also behind a proxy and under a path."""
    page = (st.context.url or "").split("?")[0].split("#")[0]
    encoded = urlencode(query, doseq=True)
    return f"{page}?{encoded}" if encoded else page


def show_links(links: Sequence[Link], *, key: str) -> None:
    """The links one under the other, each to copy. The QR code of a link is made when somebody wants to see it."""
    asked = (st.session_state.get(key) or {}).get("code")
    rows = [
        {
            "id": link.id,
            "title": link.title,
            "words": link.words,
            "address": link.address,
            "code": qr_code(link.address) if link.id == asked else "",
            "hasCode": len(link.address.encode()) <= MOST_IN_A_CODE,
            "isTried": link.is_tried,
        }
        for link in links
    ]
    _LINKS(key=key, data={"links": rows}, on_code_change=lambda: None)


@st.cache_data(show_spinner=False, max_entries=200)
def qr_code(address: str) -> str:
    """A QR code as the address of a picture, one pixel a module; "" where the text is longer than a code can be."""
    if len(address.encode()) > MOST_IN_A_CODE:
        return ""
    # The least correction: the code is on a screen, whole, and the fewer modules the farther away it can be read.
    return str(segno.make_qr(address, error="l", boost_error=False).png_data_uri(scale=1, border=4))
