"""The only part of aecore that knows Streamlit: the server, shared controls, live views, browser components."""
