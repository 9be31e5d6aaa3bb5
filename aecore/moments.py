"""What a member of a sweep says of its code while it trains: numbers at any step, and traversals at steps that all members share.

`moments.csv` in the run's folder: a row each time the code is measured, with the columns step, kl_1 … kl_D (nats, of each code
number, on validation pictures) and, where the factors are known, mig and sap (see :mod:`aecore.moment_taking` for the pictures).
`moments/<step>.npz`: the traversals then.
numpy only: the server reads these without torch.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aecore.metrics_log import MetricsReader, RowFile
from aecore.runs import Run, replace_file

Bytes = npt.NDArray[np.uint8]

STEPS_ACROSS = 7
REACH = 3.0
"""A traversal sets one number of the code to seven values from −3 to 3 (the prior has standard deviation 1), the others stay."""
MOST_PIXELS = 32
"""Height and width of the traversals that are kept: those of larger pictures are averaged down."""
COLLAPSED_KL = 0.05
"""Nats: a code number whose mean KL is below this says next to nothing of a picture."""
_FACTOR = 1.35  # from one kept step to the next: about 20 of them in a run


def traversal_values() -> npt.NDArray[np.float32]:
    """The values that a code number takes in a traversal, (STEPS_ACROSS,)."""
    return np.linspace(-REACH, REACH, STEPS_ACROSS).astype(np.float32)


def kept_steps(total: int) -> tuple[int, ...]:
    """The steps after which a run of `total` steps keeps its traversals: 0, log-spaced, `total`; they depend on `total` alone."""
    steps = {0, total}
    step = float(total)
    while step >= 1:
        steps.add(round(step))
        step /= _FACTOR
    return tuple(sorted(steps))


def moments_path(run: Run) -> Path:
    return run.folder / "moments.csv"


def columns_of(code_size: int, factors: bool) -> list[str]:
    """The columns of `moments.csv`."""
    return ["step", *(f"kl_{index + 1}" for index in range(code_size)), *(("mig", "sap") if factors else ())]


class MomentsWriter:
    """Appends rows; made anew for a resumed run, it first drops the rows and pictures after the step where that run goes on."""

    def __init__(self, run: Run, columns: list[str], from_step: int = -1) -> None:
        self._run = run
        folder = run.folder / "moments"
        folder.mkdir(exist_ok=True)
        self._columns = columns
        reader = MetricsReader(moments_path(run))
        reader.read()
        kept = [row for row in reader.rows if (row[0] or 0) <= from_step] if reader.columns == columns else []
        replace_file(moments_path(run), ",".join(columns) + "\n" + "".join(_line(row) for row in kept))
        for step in pictured_steps(run):
            if step > from_step:
                (folder / _name(step)).unlink(missing_ok=True)
        self._rows = RowFile(moments_path(run))

    def write(self, values: Mapping[str, float]) -> None:
        """Append a row; what is not in `values` stays empty."""
        self._rows.append(_line([values.get(column) for column in self._columns]))

    @property
    def waits(self) -> bool:
        """Whether there are rows for which there was no room on the disk."""
        return self._rows.waits

    def flush(self) -> bool:
        """Try to write those; whether there are none left."""
        return self._rows.flush()

    def keep(self, step: int, traversals: Bytes) -> None:
        """Keep the traversals (D, STEPS_ACROSS, C, H, W), 0..255, of a step."""
        write_traversals(self._run, step, traversals)

    def close(self) -> None:
        self._rows.close()


def pictured_steps(run: Run) -> list[int]:
    """The steps whose traversals were kept, ascending."""
    return sorted(int(path.stem) for path in (run.folder / "moments").glob("*.npz") if path.stem.isdigit())


def write_traversals(run: Run, step: int, traversals: Bytes) -> None:
    """Replace the traversals (D, STEPS_ACROSS, C, H, W), 0..255, that are kept of a step."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, traversals=traversals)
    replace_file(run.folder / "moments" / _name(step), buffer.getvalue())


def read_traversals(run: Run, step: int) -> Bytes | None:
    """The traversals (D, STEPS_ACROSS, C, H, W) that were kept after a step, or None."""
    with (
        suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile),
        np.load(run.folder / "moments" / _name(step), allow_pickle=False) as kept,
    ):
        found: Bytes = kept["traversals"]
        return found
    return None


def _name(step: int) -> str:
    return f"{step:08d}.npz"


def _line(row: list[float | None]) -> str:
    cells = ("" if value is None else (str(int(value)) if index == 0 else f"{value:.6g}") for index, value in enumerate(row))
    return ",".join(cells) + "\n"
