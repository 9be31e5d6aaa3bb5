"""Anomaly detection: a network that has learned the normal case only reconstructs the rest badly: a detector."""
