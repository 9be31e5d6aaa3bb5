"""The server: `streamlit run app.py`. It starts the training engine, adds the live-data route, and shows the pages."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from aecore.ui import exchange_route, export_route, film_route, latent_route, live_route, run_page_route, runs_route, sweep_route
from aecore.ui.server import PersonCookie, lifespan

# Streamlit looks for exactly this assignment. The entry script is not beside `pages/`: there, Streamlit's older way of
# finding pages would show them without their frame when they are opened by their own address.
app = st.App(
    Path(__file__).parent / "aecore" / "ui" / "entry.py",
    lifespan=lifespan,
    routes=[
        *live_route.ROUTES,
        *latent_route.ROUTES,
        *exchange_route.ROUTES,
        *export_route.ROUTES,
        *film_route.ROUTES,
        *run_page_route.ROUTES,
        *sweep_route.ROUTES,
        *runs_route.ROUTES,
    ],
    middleware=[Middleware(PersonCookie)],
)
