"""Measurements: each names the paper that it comes from."""
