"""The process that :mod:`tests.crash` kills: an engine, and somebody who makes, copies, imports, resumes and deletes runs."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from aecore import keeping
from aecore.engine import Engine, EngineError
from aecore.exchange.keeping import keep
from aecore.exchange.reading import read_run
from aecore.exchange.taking import zip_pieces
from aecore.keeping import KeepingError
from aecore.runs import ACTIVE, HEARTBEAT_LIMIT, Run, all_runs
from tests.crash import CONFIGS, OWNER
from tests.server import wait_for

MOST_KEPT = 8
"""Runs after which rather one is deleted than made."""


def said(what: str, token: str) -> None:
    print(json.dumps({"what": what, "token": token}), flush=True)


class Person:
    """Somebody in a hurry."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self._engine = engine
        self._chance = random.Random(seed)

    def act(self) -> None:
        """Do one thing, if it can be done."""
        runs = list(all_runs())
        over = [run for run in runs if run.status.state not in ACTIVE]
        finished = [run for run in runs if run.status.state == "finished"]
        doings: list[tuple[Callable[[Run], None], list[Run], int]] = [
            (self._delete, over if len(runs) > MOST_KEPT else finished, 6 if len(runs) > MOST_KEPT else 1),
            (self._copy, finished, 1 if len(runs) <= MOST_KEPT else 0),
            (self._import, finished, 2 if len(runs) <= MOST_KEPT else 0),
            (self._resume, [run for run in runs if run.resumable], 3),
            (self._stop, [run for run in runs if run.status.state == "running"], 1),
            (self._change, runs, 1),
        ]
        possible = [(do, on, weight) for do, on, weight in doings if on and weight]
        # Limits, a run that has changed meanwhile: people meet these too.
        with suppress(EngineError, KeepingError):
            if not possible or (len(runs) <= MOST_KEPT and self._chance.random() < 0.3):
                self._make()
            else:
                do, on, _ = self._chance.choices(possible, [weight for *_, weight in possible])[0]
                do(self._chance.choice(on))

    def _make(self) -> None:
        name = self._chance.choice(list(CONFIGS))
        said("made", self._engine.submit(CONFIGS[name], owner=OWNER, name=name).token)

    def _copy(self, run: Run) -> None:
        said("copied", keeping.duplicate(run, OWNER).token)

    def _import(self, run: Run) -> None:
        found = read_run(b"".join(zip_pieces(run)), "run.zip")
        said("imported", keep(found, "run.zip", owner=OWNER).token)

    def _delete(self, run: Run) -> None:
        def delete() -> None:
            keeping.delete(run, owner=OWNER)

        said("deleting", run.token)
        try:
            if not self._engine.while_free([run], delete):
                said("kept", run.token)
                return
        except KeepingError:
            said("kept", run.token)
            raise
        said("deleted", run.token)
        if self._chance.random() < 0.3:
            said("restoring", run.token)
            keeping.restore(run.token, OWNER)
            said("restored", run.token)

    def _resume(self, run: Run) -> None:
        self._engine.resume(run)

    def _stop(self, run: Run) -> None:
        self._engine.stop(run)

    def _change(self, run: Run) -> None:
        keeping.annotate(run, "".join(self._chance.choices("abc \n", k=200)), owner=OWNER)


def finish(engine: Engine) -> None:
    """Have every run come to its end."""
    wait_for(lambda: all(run.status.state not in ACTIVE for run in all_runs()), "no run that looks alive", HEARTBEAT_LIMIT + 30)
    for run in all_runs():
        if run.resumable:
            wait_for(lambda run=run: _resumed(engine, run), "a place for one more run", 300)  # type: ignore[misc]
    wait_for(lambda: all(run.status.state not in ACTIVE for run in all_runs()), "the end of all runs", 600)


def _resumed(engine: Engine, run: Run) -> bool:
    with suppress(EngineError):  # so many at a time
        engine.resume(run)
        return True
    return False


def main() -> None:
    mode, seed = sys.argv[1], int(sys.argv[2])
    engine = Engine(slots=2)
    engine.start()
    if mode == "finish":
        finish(engine)
        engine.close()
        return
    person = Person(engine, seed)
    while True:
        person.act()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
