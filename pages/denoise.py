"""Denoise: see a network take noise away, train one, compare it with what people used before, try one's own picture."""

from pathlib import Path

import streamlit as st

from aecore.ui import denoise_compare, denoise_corrupt, denoise_train, denoise_yours, lesson

TRAIN_PAGE = str(Path(__file__).parent / "train.py")

st.title("Denoise")
corrupt, train, compare, yours = lesson.tabs(["Corrupt", "Train", "Compare", "Yours"], key=denoise_train.TAB)
if corrupt.open:
    with corrupt:
        denoise_corrupt.show()
if train.open:
    with train:
        denoise_train.show(TRAIN_PAGE, "Corrupt")
if compare.open:
    with compare:
        denoise_compare.show()
if yours.open:
    with yours:
        denoise_yours.show()
