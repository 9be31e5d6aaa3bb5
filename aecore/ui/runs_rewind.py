"""To come."""

import streamlit as st


def show() -> None:
    st.caption("rewind")
