"""Under which path the app is served, for what the browser asks of its routes."""

from __future__ import annotations

import streamlit as st


def base_path() -> str:
    """“” or “/path”, without a slash at its end."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
