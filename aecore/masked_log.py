"""Keeps tokens out of the log: whoever knows a run's token can look at it, and whoever knows a browser's is that person.

Messages of errors hold paths, and those of a run its token; so whatever is logged has tokens cut to their first letters, which
still tell one from another.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

_TOKEN = re.compile(r"(?<![0-9a-zA-Z])([0-9a-f]{4})[0-9a-f]{28}(?![0-9a-zA-Z])")


def masked(text: str) -> str:
    """The text with every token cut to its first four letters."""
    return _TOKEN.sub(r"\1…", text)


def mask_tokens() -> None:
    """From now on, in this process: in messages, in tracebacks, and in those of threads that nobody waits for."""
    if getattr(logging.getLogRecordFactory(), "masks", False):
        return
    make = logging.getLogRecordFactory()

    def make_masked(*arguments: Any, **options: Any) -> logging.LogRecord:
        record = make(*arguments, **options)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit are for the handler to complain about
            return record
        if masked(message) != message:
            record.msg, record.args = masked(message), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = masked("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return record

    make_masked.masks = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_masked)
    threading.excepthook = _of_thread
    sys.excepthook = _of_process


def print_error() -> None:
    """The traceback of the error that is being handled, to the standard error output."""
    sys.stderr.write(masked(traceback.format_exc()))


def _of_thread(problem: threading.ExceptHookArgs) -> None:
    if problem.exc_type is not SystemExit and problem.exc_value is not None:
        _of_process(problem.exc_type, problem.exc_value, problem.exc_traceback)


def _of_process(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    sys.stderr.write(masked("".join(traceback.format_exception(kind, error, where))))
