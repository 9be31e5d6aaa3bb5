"""The tasks behind the page of anomalies: reading somebody's file, scoring a run's test cases, and the detectors beside it."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from aecore.anomaly.measuring import measure, measure_baselines
from aecore.anomaly.results import add_baselines, keep
from aecore.config_errors import ConfigError
from aecore.config_sections import DataConfig
from aecore.data.downloads import DataUnavailableError
from aecore.data.heartbeats import heart_recording
from aecore.data.kept import load_kept
from aecore.data.machine import machine_recording
from aecore.data.own_series import keep_series, make_room
from aecore.data.sequence_names import HEARTBEAT_CLASSES, MACHINE_CHANNELS, MACHINE_CLASSES
from aecore.data.series_file import ReadOptions, SeriesFileError, SeriesTable, read_series
from aecore.data.series_preparing import Preparation
from aecore.runs import Run, all_runs, find_run
from aecore.tasks.features import one_thread
from aecore.tasks.messages import Arrays, Message, Report, TaskError

_WRONG = (ConfigError, DataUnavailableError, FileNotFoundError, ValueError)
"""What the work raises with a sentence; damaged weights are a ValueError."""

_EXAMPLE_LENGTH, _EXAMPLE_SEED = 24_000, 7
_EXAMPLES = {
    "machine": ("A machine's recording", machine_recording, MACHINE_CLASSES, MACHINE_CHANNELS),
    "heart": ("A heart's recording", heart_recording, HEARTBEAT_CLASSES, ("ECG, mV",)),
}


def read_file(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `titles` of the files, `options` for reading and `preparation`, plain values of ReadOptions and Preparation.

    arrays: one or two files, uint8; the second is the test part. Result: `json`, the name of the data set that they are now.
    """
    options, preparation = ReadOptions(**arguments["options"]), Preparation(**arguments["preparation"])
    tables: list[SeriesTable] = []
    for index, (title, content) in enumerate(zip(arguments["titles"], arrays, strict=True)):

        def tell(done: float, what: str, index: int = index) -> None:
            report(0.9 * (index + done) / len(arrays), what)

        try:
            tables.append(read_series(content.tobytes(), options, poll=tell))
        except SeriesFileError as error:
            raise TaskError(f"{title}: {error}" if len(arrays) > 1 else str(error)) from None
    report(0.9, "Cutting, splitting and keeping it")
    return _kept(tables, arguments["titles"][0], preparation)


def example_series(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """A long recording of a machine or a heart, as if somebody had uploaded it.

    Arguments: `which` (“machine” or “heart”), `preparation`. Result: as of :func:`read_file`.
    """
    which = arguments["which"]
    title, make, classes, channels = _EXAMPLES[which]
    report(0.0, f"Recording a {which}")
    values, labels = make(_EXAMPLE_LENGTH, _EXAMPLE_SEED)
    each = f"{len(channels)} channels" if len(channels) > 1 else "one channel"
    notes = (f"A recording made by the app: {each}, and for each time step what was wrong with it, if anything.",)
    table = SeriesTable(
        layout="long",
        values=np.asarray(values, np.float32),
        labels=tuple(classes[label] for label in labels.tolist()),
        rows=np.arange(1, len(values) + 1),
        channel_names=channels,
        notes=notes,
    )
    return _kept([table], title, Preparation(**arguments["preparation"]))


def _kept(tables: list[SeriesTable], title: str, preparation: Preparation) -> tuple[Message, Arrays]:
    if not make_room(_in_use()):
        raise TaskError("There is no room for more files on this server at the moment: try again in an hour, or ask its keeper.")
    try:
        name = keep_series(tables[0], title, preparation, tables[1] if len(tables) > 1 else None)
    except SeriesFileError as error:
        raise TaskError(str(error)) from None
    except OSError as error:
        raise TaskError(f"The series cannot be kept on this server ({error.strerror}): try again later.") from None
    return {"json": json.dumps({"name": name})}, []


def _in_use() -> list[str]:
    """The data sets that runs were trained on."""
    names = []
    for run in all_runs():
        try:
            names.append(str(json.loads((run.folder / "config.json").read_bytes())["data"]["name"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return names


@one_thread()
def anomaly(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run` (its token). Result: `json`, the text of a :class:`~aecore.anomaly.results.Report`, kept with the run."""
    run = _run(arguments["run"])
    report(0.0, "Getting the data")
    try:
        found, cases = measure(run, load_kept(_all_classes(run), lambda what, done: report(0.0, what)), poll=report)
    except _WRONG as error:
        raise TaskError(str(error)) from None
    keep(run, found, cases)
    return {"json": found.to_json()}, []


@one_thread()
def anomaly_baselines(arguments: Message, arrays: Arrays, report: Report) -> tuple[Message, Arrays]:
    """Arguments: `run` (its token). Result: `json`, what the other detectors reach, a list of plain values; kept with the run."""
    run = _run(arguments["run"])
    report(0.0, "Getting the data")
    try:
        dataset = load_kept(_all_classes(run), lambda what, done: report(0.0, what))
        found = measure_baselines(run.config, dataset, poll=report)
    except _WRONG as error:
        raise TaskError(str(error)) from None
    add_baselines(run, *found)
    return {"json": json.dumps([asdict(each) for each in found.methods])}, []


def _all_classes(run: Run) -> DataConfig:
    """The run's data, with the classes too that it did not learn from."""
    return run.config.with_settings({"data.classes": None}).data


def _run(token: str) -> Run:
    run = find_run(token)
    if run is None:
        raise TaskError("This run is gone: choose another one.")
    return run
