"""The tests. `browser.py`, `tiny.py`, `server.py` hold what several of them share."""
