"""Commands that take runs away and bring them back: ``export`` and ``import``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.cli_tools import UsageError, bar_of, move_to, teller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aecore.runs import Run

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_ENDINGS = (".zip", ".safetensors", ".onnx", ".csv", ".html")


def exchange_commands(commands: Commands) -> list[argparse.ArgumentParser]:
    """Add these commands to the parser of all; returns their own parsers."""
    export = commands.add_parser("export", help="take a run away: as a zip, its weights alone, its curves as CSV, a page")
    export.add_argument("folder", metavar="RUN", type=Path, help="a run's folder")
    export.add_argument("--out", metavar="FILE", type=Path, required=True, help=f"its ending says what: {', '.join(_ENDINGS)}")
    export.set_defaults(command=_export)

    back = commands.add_parser("import", help="bring a run back from a zip or a safetensors file; everything is checked first")
    back.add_argument("file", metavar="FILE", type=Path)
    back.add_argument("--config", metavar="FILE", type=Path, help="the config.json of a safetensors file that has none in it")
    back.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="folder for the run; must not be there yet")
    back.add_argument("--unmeasured", action="store_true", help="do not measure the test numbers again")
    back.set_defaults(command=_import)
    return [export, back]


def _export(options: argparse.Namespace) -> dict[str, Any]:
    from aecore.exchange.refused import RefusedError
    from aecore.exchange.taking import curves, weights_file, zip_pieces
    from aecore.runs import Run

    run, out = Run(options.folder), options.out
    if not run.exists:
        raise UsageError(f"{options.folder} holds no run (there is no config.json in it).")
    if out.suffix not in _ENDINGS:
        raise UsageError(f"{out} must end in one of {', '.join(_ENDINGS)}: that says what is wanted.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent}: make it, or name another one.")
    result: dict[str, Any] = {}
    try:
        if out.suffix == ".onnx":
            from aecore.exchange.onnx_export import export_onnx

            with bar_of(1000) as bar:
                made = export_onnx(run, teller(bar))
            pieces: Iterable[bytes] = [made.content]
            result["difference"] = made.difference
        elif out.suffix == ".html":
            pieces = [_page(run)]
        else:
            take = {".zip": lambda run: (None, zip_pieces(run)), ".safetensors": weights_file, ".csv": curves}[out.suffix]
            _, pieces = take(run)
        size = _write(out, pieces)
    except RefusedError as error:
        raise UsageError(str(error)) from None
    if not options.json:
        print(f"{out}: {size:,} bytes")
        if "difference" in result:
            print(f"  its answers differ from torch's by {result['difference']:.1e} of the largest number, at most")
    return {"file": str(out), "bytes": size} | result


def _page(run: Run) -> bytes:
    from aecore.ui.run_page import RunPageError, run_page  # its parts are the browser's, and need no server

    try:
        return run_page(run).encode()
    except RunPageError as error:
        raise UsageError(str(error)) from None


def _write(out: Path, pieces: Iterable[bytes]) -> int:
    """A file that is cut off is not left behind, nor does it replace another one."""
    from aecore.exchange.taking import write_pieces

    beside = out.with_name(f".{out.name}.part")
    try:
        with beside.open("wb") as file:
            size = write_pieces(pieces, file)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    return size


def _import(options: argparse.Namespace) -> dict[str, Any]:
    from aecore.exchange.keeping import bring_back
    from aecore.exchange.refused import RefusedError

    try:
        run = bring_back(options.file, options.out, options.config)
    except (RefusedError, FileExistsError) as error:
        raise UsageError(str(error)) from None
    if not options.json:
        what = f"{run.config.plan.parameters:,} parameters, {run.config.data.name}"
        print(f"{options.file.name} is now the run in {run.folder}: {what}")
    result: dict[str, Any] = {"folder": str(run.folder), "config": run.config.model_dump(mode="json")}
    return result | (_measured(run, quiet=options.json) if not options.unmeasured else {})


def _measured(run: Run, *, quiet: bool) -> dict[str, Any]:
    """Measure the test numbers here, and say whether they are those of the file."""
    from aecore.exchange.brought import brought, can_be_measured, keep_problem

    if not can_be_measured(run):
        return {}
    import torch

    from aecore.checkpoint import DamagedModelError
    from aecore.data.downloads import DataUnavailableError
    from aecore.exchange.measuring import measure_brought

    torch.set_num_threads(1)
    try:
        with bar_of(1000) as bar:
            known = measure_brought(run, teller(bar))
            move_to(bar, 1000)
    except (DataUnavailableError, DamagedModelError) as error:
        known = keep_problem(run, str(error))
    known = brought(run) or known
    if not quiet:
        print(verdict_in_words(known.measured is not None, known.said is not None, known.is_same))
        for name, value in (known.measured or {}).items():
            said = "" if known.said is None or known.is_same else f"   in the file {known.said.get(name)!r}"
            print(f"  {name:<18} {value!r}{said}")
        if known.problem:
            print(f"  {known.problem}")
    return {"test": known.measured, "test_in_file": known.said, "same": known.is_same}


def verdict_in_words(is_measured: bool, is_said: bool, is_same: bool) -> str:
    """What became of the test numbers, in a sentence."""
    if not is_measured:
        return "The test numbers could not be measured here; those of the file are not shown as the run's own:"
    if not is_said:
        return "The file said no test numbers; measured here:"
    return (
        "Measured here, the test numbers are the same to the last digit:"
        if is_same
        else "Measured here, the test numbers differ:"
    )
