"""Make a run of what was found in a file: whole, or not at all."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from aecore.atlas import write_atlas
from aecore.exchange.brought import Brought, write_brought
from aecore.exchange.reading import MOST_BYTES_HERE, Found, read_run
from aecore.exchange.refused import RefusedError
from aecore.runs import About, Run, Status, replace_file, runs_root
from aecore.set_aside import being_made
from aecore.usage import check_room

_NO_OPTIMIZER = (
    "It was brought back from a file, which has its weights but not the state of its training: start again from these."
)


def keep(found: Found, file: str, *, owner: str) -> Run:
    """The run of a person, in a folder of its own. Raises LimitReachedError where there is no room, OSError."""
    check_room(owner, bytes=sum(found.sizes.values()))
    return keep_in(found, file, runs_root() / secrets.token_hex(16), owner=owner)


def keep_in(found: Found, file: str, folder: Path, *, owner: str = "") -> Run:
    """The run in that folder. Raises FileExistsError where there is something, OSError where it cannot be written."""
    facts, config = found.facts, found.config
    if folder.exists():
        raise FileExistsError(f"{folder} is there already: choose another folder.")
    with being_made(folder) as beside:
        run = Run(beside)
        run.frames_folder.mkdir()
        for name, content in found.contents():
            path = beside / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        if found.atlas is not None:
            write_atlas(run, found.atlas)
        run.write_about(About(owner, time.time(), facts.name, facts.note, start=facts.start, file=file[:200]))
        run.write_status(
            Status(
                state=facts.state,
                reason="" if facts.state == "finished" else _NO_OPTIMIZER,
                step=facts.step,
                steps=config.total_steps,
                epoch=facts.step / config.steps_per_epoch,
                epochs=config.total_epochs,
                seconds=facts.seconds,
                images_per_second=facts.images_per_second,
            )
        )
        write_brought(run, Brought(facts.made, facts.test, facts.test_images))
        replace_file(beside / "config.json", config.to_json())
    return Run(folder)


def bring_back(file: Path, folder: Path, config: Path | None = None) -> Run:
    """The run in a file, checked, as a new folder: for scripts and notebooks. Raises RefusedError, FileExistsError or OSError."""
    for path in (file, *([config] if config is not None else [])):
        if path.stat().st_size > MOST_BYTES_HERE:
            raise RefusedError(f"{path.name} has more than {MOST_BYTES_HERE >> 20} MB.")
    beside = None if config is None else config.read_bytes()
    return keep_in(read_run(file.read_bytes(), file.name, beside, most=MOST_BYTES_HERE), file.name, folder)
