"""The weights of a run at a few steps of its training, in half precision, from where it can be started again.

Files in a run's `weights/`: one `<step>.safetensors` for each. A large network has few of them, or none.
"""

from __future__ import annotations

import numpy as np
from safetensors.numpy import save as save_arrays

from aecore.frames import FRAMES_BYTES
from aecore.model import Autoencoder
from aecore.runs import Run, replace_file
from aecore.snapshot_steps import snapshots

MOST = 12
"""Snapshots of a run."""
BYTES = FRAMES_BYTES // 2
"""The most bytes that all snapshots of a run take."""
_FIRST_SHARE = 0.01
"""The share of all steps that are done at the first snapshot."""


def steps_to_keep(steps: int, parameters: int) -> tuple[int, ...]:
    """The steps, log-spaced, at which the weights of a run of so many steps and parameters are kept; () where they are too large.

    The last step is none of them: its weights are those of the run.
    """
    count = min(MOST, BYTES // (2 * parameters + 4096))
    if count < 1:
        return ()
    # Most happens early.
    shares = [0.1] if count == 1 else np.geomspace(_FIRST_SHARE, 1, count + 1)[:-1].tolist()
    return tuple(sorted({step for share in shares if 0 < (step := round(steps * share)) < steps}))


def keep_snapshot(run: Run, model: Autoencoder, step: int) -> None:
    """Write the weights of this moment."""
    with np.errstate(over="ignore"):  # a training that diverges: what is too large becomes infinite, and is refused as a start
        weights = {name: value.detach().cpu().numpy().astype(np.float16) for name, value in model.state_dict().items()}
    run.weights_folder.mkdir(exist_ok=True)
    replace_file(run.weights_folder / f"{step:08d}.safetensors", save_arrays(weights))


def drop_snapshots_after(run: Run, step: int) -> None:
    """Forget the weights after a step, for a run that goes on from there."""
    for later, path in snapshots(run).items():
        if later > step:
            path.unlink(missing_ok=True)
