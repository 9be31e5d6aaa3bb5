"""The command line: ``python -m aecore presets | train | evaluate | latent | bench``, and those of
:mod:`aecore.cli_features`, :mod:`aecore.cli_anomaly`, :mod:`aecore.cli_sweep`, :mod:`aecore.cli_exchange` and
:mod:`aecore.cli_making`.

Long work shows a progress bar on stderr; with ``--json`` the last line of stdout is one JSON object. Exit code 2 and one
sentence on stderr for what cannot be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.allocator import keep_freed_memory
from aecore.cli_anomaly import anomaly_commands
from aecore.cli_exchange import exchange_commands
from aecore.cli_features import feature_commands
from aecore.cli_making import making_commands
from aecore.cli_sweep import METRICS, evaluate_metrics, sweep_commands
from aecore.cli_tools import UsageError, advance, bar_of, move_to, settings_of
from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, UnknownDataError
from aecore.presets import PRESETS, preset
from aecore.runs import SWEEP_FILE

if TYPE_CHECKING:
    from aecore.runs import Run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    options.words = sys.argv[1:] if arguments is None else arguments
    try:
        result: dict[str, Any] = options.command(options)
    except (ConfigError, UnknownDataError, UsageError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        which = f" ({error.filename})" if error.filename else ""
        print(f"The files could not be read or written: {error.strerror or error}{which}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m aecore", description="Train and measure autoencoders.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    presets = commands.add_parser("presets", help="list the presets")
    presets.set_defaults(command=_presets)

    train = commands.add_parser("train", help="train a preset, with changes")
    train.add_argument("preset", metavar="PRESET", help="; ".join(PRESETS))
    train.add_argument("--data", metavar="NAME", help=f"{', '.join(CARDS)} (usual: digits)")
    train.add_argument(
        "--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], help="any setting, e.g. code.size=20 epochs=10"
    )
    train.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="folder for the run; must not hold one yet")
    train.add_argument("--threads", metavar="N", type=int, default=1, help="threads torch may use (usual: 1)")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser("evaluate", help="measure a trained run on its test images, or on those of other data")
    evaluate.add_argument("folder", metavar="FOLDER", type=Path)
    evaluate.add_argument("--data", metavar="NAME", help="other data with images of the same size")
    evaluate.add_argument(
        "--metrics",
        metavar="NAMES",
        help=f"how disentangled the code is, of a run or a sweep: some of {','.join(METRICS)},udr, or all",
    )
    evaluate.set_defaults(command=_evaluate)

    latent = commands.add_parser("latent", help="measure how a trained run uses its code, and the likelihood of a VAE")
    latent.add_argument("folder", metavar="FOLDER", type=Path)
    latent.add_argument("--samples", metavar="K", type=int, default=100, help="codes for each image (usual: 100)")
    latent.add_argument("--images", metavar="N", type=int, default=500, help="test images for the likelihood (usual: 500)")
    latent.set_defaults(command=_latent)

    bench = commands.add_parser("bench", help="measure the speed of this machine against the project's targets")
    bench.add_argument("--only", metavar="NAME", nargs="+", help="some of the measurements")
    bench.set_defaults(command=_bench)

    features = feature_commands(commands)
    detectors = anomaly_commands(commands)
    swept = sweep_commands(commands)
    exchanged = exchange_commands(commands)
    made = making_commands(commands)

    for command in (presets, train, evaluate, latent, bench, *features, *detectors, *swept, *exchanged, *made):
        command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return parser


def _presets(options: argparse.Namespace) -> dict[str, Any]:
    if not options.json:
        width = max(map(len, PRESETS))
        for row in PRESETS.values():
            sizes = "-".join(str(prod(shape)) for shape in row.config.plan.shapes)
            print(f"{row.name:<{width}}  {row.summary} {sizes}.")
    return {name: {"summary": row.summary, "config": row.config.model_dump(mode="json")} for name, row in PRESETS.items()}


def _train(options: argparse.Namespace) -> dict[str, Any]:
    settings = settings_of(options.set)
    if options.data:
        settings["data.name"] = options.data
    config = preset(options.preset).config.with_settings(settings)
    if options.threads < 1:
        raise UsageError("--threads must be at least 1.")

    import torch  # only now: `presets` and wrong arguments are answered at once

    from aecore.recording import Recorder
    from aecore.runs import Run

    try:
        run = Run.create(config, options.out, name=options.preset)
    except FileExistsError as error:
        raise UsageError(str(error)) from None
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    with bar_of(config.total_steps) as bar:
        status = Recorder(run, watch=lambda status: advance(bar, status)).record()
    if status.state == "failed":
        raise UsageError(status.reason)
    result = _result(run, config, status.test or {}, status.test_images)
    result |= {"seconds": status.seconds, "images_per_second": status.images_per_second}
    if not options.json:
        _print_test(result)
        print(f"{status.seconds:.1f} s of training, {status.images_per_second:,.0f} images/s; the run is in {run.folder}")
    return result


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    if options.metrics is not None:
        if options.data:
            raise UsageError("--metrics compares codes with the factors of the run's own data: leave --data out.")
        return evaluate_metrics(options.folder, options.metrics, quiet=options.json)
    if (options.folder / SWEEP_FILE).is_file():
        raise UsageError(
            f"{options.folder} holds a sweep: add --metrics, for example --metrics mig,sap, or name one of its runs."
        )
    run = _run_in(options.folder)
    config = run.config
    if options.data:
        config = config.with_settings({"data.name": options.data})
        if config.plan.input_shape != run.config.plan.input_shape:
            raise UsageError(
                f"This run takes images of {_size(run.config)}; those of {options.data} are {_size(config)}. Choose other data."
            )

    from aecore.checkpoint import DamagedModelError, load_model
    from aecore.data.downloads import DataUnavailableError
    from aecore.data.kept import load_kept
    from aecore.evaluation import accuracy, evaluate
    from aecore.training import pick_device

    try:
        model = load_model(run, pick_device())
        with bar_of(100) as bar:
            dataset = load_kept(config.data)
            test = evaluate(model, config, dataset.test, lambda done: move_to(bar, round(100 * done)))
            if model.classifier is not None and config.data == run.config.data:
                test["accuracy"] = accuracy(model, dataset.test)
            move_to(bar, 100)
    except (FileNotFoundError, DamagedModelError, DataUnavailableError) as error:
        raise UsageError(str(error)) from None
    result = _result(run, config, test, len(dataset.test))
    if not options.json:
        _print_test(result)
    return result


def _latent(options: argparse.Namespace) -> dict[str, Any]:
    if options.samples < 1 or options.images < 1:
        raise UsageError("--samples and --images must be at least 1.")
    run = _run_in(options.folder)
    data = run.config.data

    from dataclasses import asdict

    from aecore.data.downloads import DataUnavailableError
    from aecore.data.kept import load_kept
    from aecore.latent_measuring import measure

    try:
        with bar_of(100) as bar:
            test = load_kept(data).test
            numbers = measure(
                run,
                test,
                samples=options.samples,
                bound_images=options.images,
                poll=lambda done, what: move_to(bar, round(100 * done)),
            )
            move_to(bar, 100)
    except (FileNotFoundError, DataUnavailableError, ValueError) as error:  # damaged weights are a ValueError
        raise UsageError(str(error)) from None
    if not options.json:
        active = f"{sum(numbers.active)} of {len(numbers.active)} code numbers active"
        print(f"on {numbers.images:,} test images of {data.name}: {active}")
        if numbers.neg_elbo is not None and numbers.kl is not None:
            print(f"  -ELBO {numbers.neg_elbo:.3f} = reconstruction {numbers.reconstruction:.3f} + KL {sum(numbers.kl):.3f}")
        for bound in numbers.bounds:
            print(f"  log p(x) with {bound.samples:>6,} samples  {bound.mean:.3f} ± {bound.error:.3f}")
    return asdict(numbers) | {"active": sum(numbers.active)}


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    from aecore.bench import MEASUREMENTS, measure

    unknown = set(options.only or ()) - set(MEASUREMENTS)
    if unknown:
        raise UsageError(f"There is no measurement called {', '.join(sorted(unknown))}. There are: {', '.join(MEASUREMENTS)}.")
    return measure(options.only or list(MEASUREMENTS), report=lambda line: print(line, file=sys.stderr, flush=True))


def _run_in(folder: Path) -> Run:
    from aecore.runs import Run

    run = Run(folder)
    if not run.exists:
        raise UsageError(f"{folder} holds no run (there is no config.json in it).")
    return run


def _result(run: Run, config: RunConfig, test: dict[str, float], images: int) -> dict[str, Any]:
    return {
        "test": test,
        "test_images": images,
        "data": config.data.name,
        "input": "clean" if config.corruption.kind == "none" else config.corruption.words,
        "folder": str(run.folder),
        "parameters": config.plan.parameters,
        "config": config.model_dump(mode="json"),
    }


def _print_test(result: dict[str, Any]) -> None:
    print(f"on {result['test_images']:,} test images of {result['data']}, input {result['input']}:")
    for name, value in result["test"].items():
        print(f"  {name:<18} {value:.5f}")


def _size(config: RunConfig) -> str:
    channels, height, width = config.plan.input_shape
    return f"{height}×{width} pixels" + (f" in {channels} channels" if channels > 1 else "")
