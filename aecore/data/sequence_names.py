"""What the sequences that the app makes are called. The cards of data sets need no more, and are read without numpy or scipy."""

from __future__ import annotations

SEQUENCE_LENGTH = 256
"""Time steps of a sequence that the app makes."""

HEARTBEAT_CLASSES = ("Normal", "Ectopic beat", "Missing beat", "ST elevation", "Noise burst")
MACHINE_CLASSES = ("Normal", "Drift", "Spike", "Level shift", "Frequency change")
MACHINE_CHANNELS = ("Vibration", "Current", "Temperature")
