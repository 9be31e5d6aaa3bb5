"""Charts saved as files in the browser, and what tests ask of these."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator

SVG = "{http://www.w3.org/2000/svg}"


def save(box: Locator, kind: str) -> tuple[str, bytes]:
    """Save the chart in this box as "png" or "svg", by the keyboard; the file's name and its content."""
    button = box.get_by_test_id("save-chart")
    button.focus()
    button.press("Enter")
    with box.page.expect_download() as download:
        box.get_by_test_id(f"save-{kind}").press("Enter")
    file = download.value
    return file.suggested_filename, Path(file.path()).read_bytes()


def parsed(content: bytes) -> ElementTree.Element:
    """The SVG, which must be whole and refer to nothing outside itself."""
    root = ElementTree.fromstring(content)
    assert root.tag == f"{SVG}svg"
    text = content.decode()
    assert re.findall(r'href="(?!data:image/png;base64,)', text) == []
    assert re.findall(r"url\((?!#|&quot;#)", text) == []
    assert "<script" not in text
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def pixels(content: bytes) -> npt.NDArray[np.uint8]:
    """A PNG as (height, width, 3); it must not be blank."""
    shown = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 10
    return shown
