"""What one person, and all together, may use of a server: all in this file.

A server for a class on one computer. Change the numbers here; every message reads them from here.
"""

RUNS_EACH = 200
"""Runs that one person may keep; a sweep counts as one."""
BYTES_EACH = 4 << 30
"""Bytes that the runs of one person may take."""
RUNS_IN_ALL = 5_000
BYTES_IN_ALL = 50 << 30
BYTES_LEFT_FREE = 64 << 20
"""Bytes of the disk that are left for the runs that are under way: with less, nothing new is begun."""

ACTIVE_EACH = 8
"""Runs that one person may have training or waiting at a time; a sweep counts as one."""
SWEEPS_EACH = 2
"""Sweeps that one person may have training or waiting at a time."""
WAITING_IN_ALL = 500
"""Runs that may wait in the queue in all, the members of sweeps too."""

TRAINING_SECONDS = 6 * 3600.0
"""Seconds of training after which a run is stopped; it can be resumed, for as long again."""
DELETED_KEPT = 24 * 3600.0
"""Seconds for which a deleted run can be brought back; then its bytes are free. Sooner where the disk is full."""

REMOVAL_OFFERED = 10
"""So many of a person's oldest unstarred runs are offered for removal where a limit is reached; more where that is too few."""

FILE_BYTES = 40 << 20
"""The most bytes of a file of a run that is brought back, as it comes."""
UNPACKED_BYTES = 120 << 20
"""The most bytes that it may hold once it is unpacked."""
