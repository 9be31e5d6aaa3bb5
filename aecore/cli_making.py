"""Commands that make what comes with the app: ``checkpoints`` and the documents' ``denoise-table | picture-table |
features-table | anomaly-table``."""

from __future__ import annotations

import argparse
import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.allocator import keep_freed_memory
from aecore.cli_tools import UsageError, advance, bar_of, move_to, teller
from aecore.data.catalogue import PICTURES, card

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

PICTURE_DENOISER = "picture-denoiser"
_DOCUMENT = Path("docs/denoising.md")
_FEATURES = Path("docs/features.md")
_ANOMALIES = Path("docs/anomalies.md")


def making_commands(commands: Commands) -> list[argparse.ArgumentParser]:
    """Add these commands to the parser of all; returns their own parsers."""
    checkpoints = commands.add_parser("checkpoints", help="train the networks that come with the app again")
    checkpoints.add_argument("names", metavar="NAME", nargs="*", help="some of them (usual: all)")
    checkpoints.set_defaults(command=_checkpoints)

    table = commands.add_parser("denoise-table", help="measure denoisers of digits against classical ones; writes the document")
    table.add_argument("--runs", metavar="NAME", nargs="*", help="runs that come with the app, or folders (usual: all denoisers)")
    table.add_argument("--data", metavar="NAME", default="mnist", help=f"{', '.join(PICTURES)} (usual: mnist)")
    table.add_argument("--images", metavar="N", type=int, default=10_000, help="test images (usual: 10000)")
    table.add_argument("--tuning-images", metavar="N", type=int, default=200, help="validation images (usual: 200)")
    table.add_argument("--keep-tuned", action="store_true", help="use the parameters that were found last time")
    table.add_argument("--processes", metavar="N", type=int, default=os.cpu_count(), help="usual: as many as cores")
    table.add_argument("--out", metavar="FILE", type=Path, default=_DOCUMENT, help=f"usual: {_DOCUMENT}")
    table.add_argument("--app-files", metavar="FOLDER", type=Path, help="for what the app shows (usual: checkpoints)")
    table.set_defaults(command=_denoise_table)

    pictures = commands.add_parser("picture-table", help="the same for the picture denoiser, on photographs it never saw")
    pictures.add_argument("--out", metavar="FILE", type=Path, default=_DOCUMENT, help=f"usual: {_DOCUMENT}")
    pictures.set_defaults(command=_picture_table)

    features = commands.add_parser("features-table", help="what features are good for, against published figures, on MNIST")
    features.add_argument("rows", metavar="ROW", nargs="*", help="some of them (usual: all, about an hour)")
    features.add_argument(
        "--runs", metavar="FOLDER", type=Path, required=True, help="for the runs; what is finished there is kept"
    )
    features.add_argument("--out", metavar="FILE", type=Path, default=_FEATURES, help=f"usual: {_FEATURES}")
    features.set_defaults(command=_features_table)

    anomalies = commands.add_parser("anomaly-table", help="how well detectors of anomalies do, against scikit-learn's")
    anomalies.add_argument("rows", metavar="ROW", nargs="*", help="some of them (usual: all, about half an hour)")
    anomalies.add_argument(
        "--runs", metavar="FOLDER", type=Path, required=True, help="for the runs; what is finished there is kept"
    )
    anomalies.add_argument("--out", metavar="FILE", type=Path, default=_ANOMALIES, help=f"usual: {_ANOMALIES}")
    anomalies.set_defaults(command=_anomaly_table)
    return [checkpoints, table, pictures, features, anomalies]


def _checkpoints(options: argparse.Namespace) -> dict[str, Any]:
    from aecore.shipped_runs import SHIPPED
    from aecore.shipped_sweeps import SHIPPED_SWEEPS

    known = [*SHIPPED, PICTURE_DENOISER, *SHIPPED_SWEEPS]
    unknown = set(options.names) - set(known)
    if unknown:
        raise UsageError(f"Nothing called {', '.join(sorted(unknown))} comes with the app. There are: {', '.join(known)}.")

    import torch

    keep_freed_memory()
    torch.set_num_threads(1)
    made = {}
    for name in options.names or known:
        make = _sweep if name in SHIPPED_SWEEPS else _picture_denoiser if name == PICTURE_DENOISER else _run
        made[name] = make(name)
        if not options.json:
            print(f"{name}: {made[name]}")
    return made


def _run(name: str) -> dict[str, Any]:
    from aecore.shipped_runs import make, shipped_config

    with bar_of(shipped_config(name).total_steps) as bar:
        status = make(name, lambda status: advance(bar, status))
    if status.state == "failed":
        raise UsageError(f"{name}: {status.reason}")
    return {"test": status.test, "test_images": status.test_images, "seconds": status.seconds}


def _sweep(name: str) -> dict[str, Any]:
    from aecore.disentangle_numbers import kept
    from aecore.shipped_sweeps import make

    with bar_of(1000) as bar:
        tell = teller(bar)

        try:
            sweep = make(name, tell)
        except RuntimeError as error:
            raise UsageError(str(error)) from None
    measured = {member.run.folder.name: kept(member.run) for member in sweep.members}
    return {run: {name: number.value for name, number in found.numbers.items()} for run, found in measured.items() if found}


def _picture_denoiser(name: str) -> dict[str, Any]:
    from aecore.pictures.shipped import make
    from aecore.pictures.training import Settings

    settings = Settings()
    with bar_of(settings.steps) as bar:
        return make(settings, watch=lambda progress: move_to(bar, progress.step))


def _denoise_table(options: argparse.Namespace) -> dict[str, Any]:
    card(options.data)  # an unknown name is refused before anything is imported
    for name in ("images", "tuning_images", "processes"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1.")

    import torch

    from aecore.checkpoint import DamagedModelError
    from aecore.data.downloads import DataUnavailableError
    from aecore.denoise_table import Plan, shipped_denoisers, timed
    from aecore.runs import CHECKPOINTS

    torch.set_num_threads(1)
    names = options.runs
    runs = (
        shipped_denoisers()
        if names is None
        else tuple(CHECKPOINTS / name if (CHECKPOINTS / name).is_dir() else Path(name) for name in names)
    )
    plan = Plan(
        options.data,
        runs,
        options.images,
        options.tuning_images,
        keep_tuned=options.keep_tuned,
        app_files=options.app_files or CHECKPOINTS,
    )
    command = shlex.join(["python", "-m", "aecore", *map(str, options.words)])
    try:
        with bar_of(len(plan.noises)) as bar:
            result = timed(plan, options.processes, options.out, command, lambda done, _: move_to(bar, done))
    except (FileNotFoundError, DamagedModelError, DataUnavailableError, ValueError) as error:
        raise UsageError(str(error)) from None
    if not options.json:
        print(f"The tables are in {options.out}.")
    return {"comparisons": result.summary()}


def _picture_table(options: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    import torch

    from aecore.pictures.quality import measure, section
    from aecore.pictures.shipped import load_shipped
    from aecore.quality_document import provenance, put_section

    torch.set_num_threads(1)
    started = time.perf_counter()
    try:
        with bar_of(100) as bar:

            def tell(done: float, what: str) -> None:
                bar.set_description_str(what, refresh=False)
                move_to(bar, round(100 * done))

            scores = measure(load_shipped(), tell)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from None
    command = shlex.join(["python", "-m", "aecore", *map(str, options.words)])
    put_section(options.out, "photographs", section(scores, provenance(command, (time.perf_counter() - started) / 60)))
    if not options.json:
        print(f"The tables are in {options.out}.")
    return {"scores": [asdict(score) for score in scores]}


def _features_table(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    from aecore.checkpoint import DamagedModelError
    from aecore.data.downloads import DataUnavailableError
    from aecore.features_table import ROWS, as_json, make_row

    unknown = set(options.rows) - set(ROWS)
    if unknown:
        raise UsageError(f"There is no row called {', '.join(sorted(unknown))}. There are: {', '.join(ROWS)}.")
    keep_freed_memory()
    torch.set_num_threads(1)
    options.runs.mkdir(parents=True, exist_ok=True)
    made = {}
    try:
        for name in options.rows or ROWS:
            command = f"python -m aecore features-table {name} --runs FOLDER"
            with bar_of(1000) as bar:
                tell = teller(bar)

                made[name] = as_json(make_row(name, options.runs, options.out, command, tell))
            if not options.json:
                print("; ".join(f"{each['what']}: {each['reached']}" for each in made[name]))
    except (RuntimeError, FileNotFoundError, DamagedModelError, DataUnavailableError, ValueError) as error:
        raise UsageError(str(error)) from None
    return made


def _anomaly_table(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    from aecore.anomaly.table import ROWS, make_row
    from aecore.data.downloads import DataUnavailableError

    unknown = set(options.rows) - set(ROWS)
    if unknown:
        raise UsageError(f"There is no row called {', '.join(sorted(unknown))}. There are: {', '.join(ROWS)}.")
    keep_freed_memory()
    torch.set_num_threads(1)
    options.runs.mkdir(parents=True, exist_ok=True)
    made: dict[str, Any] = {}
    try:
        for name in options.rows or ROWS:
            command = f"python -m aecore anomaly-table {name} --runs FOLDER"
            with bar_of(1000) as bar:
                tell = teller(bar)

                result = make_row(name, options.runs, options.out, command, tell)
            made[name] = {"auroc": result.means, "met": result.is_met}
            if not options.json:
                print(f"{name}: {', '.join(f'{title} {mean:.4f}' for title, mean in result.means.items())}")
    except (RuntimeError, FileNotFoundError, DataUnavailableError, ValueError) as error:
        raise UsageError(str(error)) from None
    return made
