"""The task behind the Numbers of a code space."""

from __future__ import annotations

from aecore.data.downloads import DataUnavailableError
from aecore.data.kept import load_kept
from aecore.latent_measuring import measure
from aecore.latent_numbers import to_json
from aecore.runs import find_run
from aecore.tasks.messages import Arrays, Message, Report, TaskError


def latent_numbers(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run` (its token), `samples` and `bound_images` for the likelihood.

    Result: `json`, the text of :class:`~aecore.latent_numbers.LatentNumbers`.
    """
    run = find_run(arguments["run"])
    path = None if run is None else run.newest_weights
    if run is None or path is None:
        raise TaskError("This run is gone, or has no weights: choose another one.")
    data = run.config.data
    report(0.0, "Getting the pictures")
    try:
        test = load_kept(data, lambda what, done: report(0.0, what)).test
        numbers = measure(run, test, samples=arguments["samples"], bound_images=arguments["bound_images"], poll=report, path=path)
    except (DataUnavailableError, FileNotFoundError, ValueError) as error:  # damaged weights are a ValueError
        raise TaskError(str(error)) from None
    return {"json": to_json(numbers)}, []
