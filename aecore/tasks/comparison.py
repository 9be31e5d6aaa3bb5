"""The tasks behind the comparison of denoisers: one noise on many pictures, and one kind of noise at several levels."""

from __future__ import annotations

from functools import lru_cache

from aecore.checkpoint import DamagedModelError
from aecore.comparison import Contest, Network, compare, quality_curve
from aecore.comparison_results import to_json
from aecore.data.downloads import DataUnavailableError
from aecore.data.kept import load_kept
from aecore.runs import find_run
from aecore.tasks.messages import Arrays, Message, Report, TaskError
from aecore.tuning import TunedStore


def compare_once(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `runs` and `titles` of the networks, `kind` and `level` of the noise, `images` to measure on.

    Result: `json`, the text of a :class:`~aecore.comparison_results.Comparison`.
    """
    contest = _contest(arguments, report)
    found = compare(contest, arguments["kind"], arguments["level"], arguments["images"], poll=report)
    return {"json": to_json(found)}, []


def compare_levels(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """The same with `levels` in the place of `level`; the text is that of a :class:`~aecore.comparison_results.QualityCurve`."""
    contest = _contest(arguments, report)
    found = quality_curve(contest, arguments["kind"], arguments["levels"], arguments["images"], poll=report)
    return {"json": to_json(found)}, []


@lru_cache(1)
def _store() -> TunedStore:
    """The parameters that came with the app, and those found in this process since."""
    return TunedStore.read()


def _contest(arguments: Message, report: Report) -> Contest:
    """The networks, all of which were trained on the data of the first."""
    report(0.0, "Getting the pictures")
    runs = [find_run(token) for token in arguments["runs"]]
    found = [run for run in runs if run is not None]
    if len(found) < len(runs) or not found:
        raise TaskError("One of these runs is gone: choose networks again.")
    data = found[0].config.data
    try:
        dataset = load_kept(data, lambda what, done: report(0.0, what))
        networks = [Network.of(run, title) for run, title in zip(found, arguments["titles"], strict=True)]
    except (DataUnavailableError, DamagedModelError, FileNotFoundError) as error:
        raise TaskError(str(error)) from None
    return Contest(dataset, networks, store=_store())
