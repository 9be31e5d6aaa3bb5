"""The entry script that Streamlit reruns: the frame around every page."""

from pathlib import Path

import streamlit as st

from aecore.ui import lesson, share

PAGES = Path(__file__).resolve().parent.parent.parent / "pages"

st.set_page_config(page_title="Autoencoder Lab", page_icon=":material/compress:", layout="wide", initial_sidebar_state=340)

lesson.enter()
page = st.navigation(
    [
        st.Page(
            PAGES / "home.py",
            title="Home",
            icon=":material/home:",
            help="What an autoencoder is, with a trained one to play with.",
            default=True,
        ),
        st.Page(
            PAGES / "train.py",
            title="Train",
            icon=":material/model_training:",
            help="Choose data and a network, train it, and watch it learn.",
        ),
        st.Page(
            PAGES / "denoise.py",
            title="Denoise",
            icon=":material/blur_on:",
            help="Add noise and see a network take it away, from test images or from your own picture.",
        ),
        st.Page(
            PAGES / "latent.py",
            title="Latent space",
            icon=":material/explore:",
            help="Walk through what a network has learned, draw the map of it, and make new pictures.",
        ),
        st.Page(
            PAGES / "features.py",
            title="Features",
            icon=":material/category:",
            help="Bottlenecks, sparsity, training layer by layer, and what features learned without labels are good for.",
        ),
        st.Page(
            PAGES / "anomalies.py",
            title="Anomalies",
            icon=":material/troubleshoot:",
            help="What a network that knows only the normal case cannot reconstruct, in pictures and in sequences.",
        ),
        st.Page(
            PAGES / "disentangle.py",
            title="Disentangle",
            icon=":material/tune:",
            help="Train with several weights β side by side, and measure whether each number of the code means one thing.",
        ),
        st.Page(
            PAGES / "runs.py",
            title="Runs",
            icon=":material/inventory_2:",
            help="Keep what was trained, compare it, look back at its training, take it away and share it.",
        ),
    ],
    position="hidden" if lesson.hides("nav") else "top",
)
# A rerun in place, or the first one after another page: pages that keep their state in the address must know.
st.session_state["page_before"], st.session_state["page"] = st.session_state.get("page"), page.url_path
if st.session_state["page_before"] != page.url_path:
    st.session_state["visit"] = st.session_state.get("visit", 0) + 1
share.style()
# Below the page, where a style that comes late moves nothing but the button itself; drawn after it, for it decides its address.
frame, corner = st.container(), st.container(key="share", width="content")
with frame:
    lesson.show()
    page.run()
with corner:
    share.show(page.url_path)
