"""The command ``sweep``, and ``evaluate --metrics``: an experiment with several βs, and how disentangled its codes are."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.cli_tools import UsageError, bar_of, move_to, settings_of
from aecore.data.catalogue import PICTURES
from aecore.disentangle_numbers import GROUPS, TITLES, UDR
from aecore.sweep_choices import ARCHITECTURES, Choices, sweep_name, text_of, values_of
from aecore.sweep_config import OBJECTIVES

if TYPE_CHECKING:
    from aecore.config import RunConfig
    from aecore.disentangle_numbers import DisentangleNumbers
    from aecore.engine import Engine
    from aecore.runs import Run
    from aecore.sweep_config import SweepConfig
    from aecore.sweeps import Member, Sweep

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_USUAL = Choices()
_LOOK = 0.2  # seconds between two looks at the runs
_PATIENCE = 60.0  # seconds in which the first worker has to start
METRICS = tuple(group.name for group in GROUPS)


def sweep_commands(commands: Commands) -> list[argparse.ArgumentParser]:
    """Add the command to the parser of all; returns its own parser."""
    sweep = commands.add_parser("sweep", help="train the same network with several βs and seeds, side by side")
    sweep.add_argument("--data", metavar="NAME", default=_USUAL.data, help=f"{', '.join(PICTURES)} (usual: {_USUAL.data})")
    sweep.add_argument("--resolution", metavar="PIXELS", type=int, help=f"of shapes: 32 or 64 (usual: {_USUAL.resolution})")
    usual = "-".join(map(str, _USUAL.factors))
    sweep.add_argument("--factors", metavar="STEPS", help=f"of shapes: steps of shape, scale, rotation, x, y (usual: {usual})")
    sweep.add_argument("--beta", metavar="VALUES", help=f"2 to 8 values of β (usual: {text_of(_USUAL.betas).replace(' ', '')})")
    sweep.add_argument("--objective", metavar="NAMES", default="kl", help=f"some of {','.join(OBJECTIVES)} (usual: kl)")
    sweep.add_argument("--capacity", metavar="VALUES", help="2 to 8 values of C, in nats, for the objective capacity")
    sweep.add_argument("--seeds", metavar="N", type=int, default=_USUAL.seeds, help=f"of each value (usual: {_USUAL.seeds})")
    sweep.add_argument("--architecture", metavar="NAME", help=f"{' or '.join(ARCHITECTURES)} (usual: {_USUAL.architecture})")
    sweep.add_argument("--code", metavar="N", type=int, help=f"numbers in the code (usual: {_USUAL.code_size})")
    length = sweep.add_mutually_exclusive_group()
    length.add_argument("--steps", metavar="N", type=int, help=f"of each run, in whole epochs (usual: {_USUAL.steps})")
    length.add_argument("--epochs", metavar="N", type=int)
    sweep.add_argument(
        "--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], help="any other setting, e.g. batch_size=128"
    )
    sweep.add_argument("--processes", metavar="N", type=int, help="workers (usual: as many as cores)")
    sweep.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="folder for the sweep: new, empty, or one to go on with"
    )
    sweep.set_defaults(command=_sweep)
    return [sweep]


def _sweep(options: argparse.Namespace) -> dict[str, Any]:
    settings = settings_of(options.set)
    if options.epochs is not None:
        settings["epochs"] = str(options.epochs)
    config = _choices(options).config(settings)
    if options.processes is not None and options.processes < 1:
        raise UsageError("--processes must be at least 1.")

    from aecore.engine import Engine
    from aecore.runs import ACTIVE

    sweep = _made_or_begun(config, options.out)
    started = time.perf_counter()
    engine = Engine(options.processes)
    try:
        for run in sweep.runs:
            if run.status.state in ACTIVE or run.resumable:
                engine.resume(run)
        _follow(sweep, engine)
    finally:
        engine.close()  # also after Ctrl-C: each run is saved where it stands
    result = _sweep_result(sweep, time.perf_counter() - started)
    failed = [member for member in sweep.members if member.run.status.state == "failed"]
    if failed and not sweep.finished:
        raise UsageError(f"{failed[0].arm.title}, seed {failed[0].seed}: {failed[0].run.status.reason}")
    if not options.json:
        _print_sweep(sweep, result)
    return result


def _made_or_begun(config: SweepConfig, folder: Path) -> Sweep:
    """A new sweep in the folder, or the one of this very configuration that was begun there. Raises UsageError."""
    from aecore.runs import HEARTBEAT_LIMIT
    from aecore.sweeps import Sweep

    begun = Sweep(folder)
    if begun.exists and begun.config == config:
        statuses = [run.status for run in begun.runs]
        signs_of_life = [status.heartbeat for status in statuses if status.state in ("preparing", "running", "paused")]
        if time.time() - max(signs_of_life, default=0.0) < HEARTBEAT_LIMIT:
            raise UsageError(
                f"The sweep in {folder} is in training: wait for its end. If it was cut off just now, try again in ten seconds."
            )
        return begun
    try:
        return Sweep.create(config, folder, name=sweep_name(config))
    except FileExistsError as error:
        raise UsageError(str(error)) from None


def _choices(options: argparse.Namespace) -> Choices:
    given: dict[str, Any] = {
        "data": options.data,
        "resolution": options.resolution,
        "factors": None if options.factors is None else _whole_numbers(options.factors),
        "betas": None if options.beta is None else values_of(options.beta, "β"),
        "capacities": None if options.capacity is None else values_of(options.capacity, "C"),
        "objectives": tuple(_words(options.objective)),
        "seeds": options.seeds,
        "architecture": options.architecture,
        "code_size": options.code,
        "steps": options.steps,
    }
    usual = {field.name: getattr(_USUAL, field.name) for field in fields(Choices)}
    return Choices(**usual | {name: value for name, value in given.items() if value is not None})


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(",", "-").split("-"))
    except ValueError:
        raise UsageError(f"--factors needs five whole numbers such as 3-6-10-16-16; you gave “{text}”.") from None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _follow(sweep: Sweep, engine: Engine) -> None:
    """A progress bar over the steps of all runs, until none is under way. Raises UsageError where no worker takes any."""
    from aecore.runs import ACTIVE

    served = time.monotonic()
    with bar_of(sum(run.status.steps for run in sweep.runs)) as bar:
        while True:
            active = sweep.active
            statuses = [run.status for run in sweep.runs]
            counts = Counter(status.state for status in statuses)
            bar.set_description_str(", ".join(f"{count} {state}" for state, count in counts.items()), refresh=False)
            move_to(bar, sum(status.step for status in statuses))
            if not active:
                return
            # A worker that has started takes as many runs as it can at once: only without any do all of them wait.
            waiting = engine.positions()
            if any(run.token not in waiting for run in sweep.runs if run.status.state in ACTIVE):
                served = time.monotonic()
            elif time.monotonic() - served > _PATIENCE:
                raise UsageError(
                    f"No process that trains could be started for {_PATIENCE:.0f} seconds. The same command goes on with this "
                    "sweep when what hinders them is put right; what they said is above."
                )
            time.sleep(_LOOK)


def _sweep_result(sweep: Sweep, seconds: float) -> dict[str, Any]:
    config = sweep.config
    return {
        "folder": str(sweep.folder),
        "seconds": seconds,
        "config": config.model_dump(mode="json"),
        "runs": [_member(member, config.base) | _trained(member.run) for member in sweep.members],
    }


def _member(member: Member, base: RunConfig) -> dict[str, Any]:
    differences = member.run.config.differences(base)
    return {
        "name": member.run.folder.name,
        "objective": member.arm.objective,
        "value": member.arm.value,
        "seed": member.seed,
        "differences": {name: value for name, (value, _) in differences.items()},
    }


def _trained(run: Run) -> dict[str, Any]:
    status = run.status
    return {
        "state": status.state,
        "reason": status.reason,
        "test": status.test,
        "test_images": status.test_images,
        "steps": status.step,
        "seconds": status.seconds,
    }


def _unit(sweep: Sweep) -> str:
    """What the test numbers of its runs are in."""
    unit = sweep.config.base.objective.unit
    return "nats an image" if unit == "nats" else f"reconstruction in {unit} and kl in nats an image"


def _print_sweep(sweep: Sweep, result: dict[str, Any]) -> None:
    data = sweep.config.base.data.name
    print(f"on {max(run['test_images'] for run in result['runs']):,} test images of {data}, {_unit(sweep)}:")
    for member, run in zip(sweep.members, result["runs"], strict=True):
        test = run["test"]
        numbers = "  ".join(f"{name} {test[name]:8.3f}" for name in ("reconstruction", "kl", "neg_elbo") if name in test or ())
        print(f"  {member.arm.title:<22} seed {member.seed}  {numbers if test else run['reason'] or run['state']}")
    print(f"{result['seconds']:.1f} s in all; the sweep is in {sweep.folder}")


# --- evaluate --metrics -------------------------------------------------------------------------------------------------


def evaluate_metrics(folder: Path, names: str, *, quiet: bool) -> dict[str, Any]:
    """Measure a run's folder, or those of all finished runs of a sweep, and keep the numbers there.

    `names`: groups of :data:`~aecore.disentangle_numbers.GROUPS` and, of a sweep, UDR, with commas between; or “all”. Raises
    UsageError, also for data without known factors.
    """
    from aecore.runs import Run
    from aecore.sweeps import Sweep

    sweep, run = Sweep(folder), Run(folder)
    if not sweep.exists and not run.exists:
        raise UsageError(f"{folder} holds neither a run nor a sweep (there is no config.json and no sweep.json in it).")
    config = sweep.config.base if sweep.exists else run.config
    groups = _groups(names, of_sweep=sweep.exists, known=bool(config.card.factor_names))

    from aecore.data.downloads import DataUnavailableError
    from aecore.disentangle_measuring import measure, measure_sweep
    from aecore.disentangle_numbers import keep, kept

    try:
        with bar_of(100) as bar:

            def tell(done: float, what: str) -> None:
                bar.set_description_str(what, refresh=False)
                move_to(bar, round(100 * done))

            if not sweep.exists:
                numbers = measure(run, groups, poll=tell, found=partial(keep, run))
                found = {"folder": str(folder), **_measured(numbers, groups)}
            else:
                if not sweep.finished:
                    raise UsageError(f"No run of the sweep in {folder} is finished: train it to its end first.")
                measure_sweep(sweep, groups, poll=tell)
                members = [
                    _member(member, sweep.config.base) | _measured(made, groups)
                    for member in sweep.finished
                    if (made := kept(member.run)) is not None
                ]
                found = {"folder": str(folder), "runs": members}
    except (FileNotFoundError, DataUnavailableError, ValueError) as error:  # damaged weights are a ValueError
        raise UsageError(str(error)) from None
    if not quiet:
        for row in found.get("runs", [found]):
            values = "  ".join(f"{TITLES[name]} {_with_interval(number)}" for name, number in row["numbers"].items())
            print(f"{row.get('name', folder)}: {values}")
    return found


def _groups(names: str, *, of_sweep: bool, known: bool) -> tuple[str, ...]:
    """The groups that are asked for; “all” are those that can be measured."""
    possible = (METRICS if known else ()) + ((UDR.name,) if of_sweep else ())
    groups = list(dict.fromkeys(_words(names)))
    if "all" in groups:
        groups = [*possible] or [*METRICS]  # without factors the sentence of the measuring says why there is nothing
    wrong = [name for name in groups if name not in (*METRICS, UDR.name)]
    if wrong or not groups:
        what = f"There is no metric called “{wrong[0]}”" if wrong else "--metrics needs a name"
        raise UsageError(f"{what}. There are: {', '.join((*METRICS, UDR.name))}, or all.")
    if UDR.name in groups and not of_sweep:
        raise UsageError("UDR compares runs that differ in their seed: give the folder of a sweep, or leave udr out.")
    return tuple(groups)


def _measured(numbers: DisentangleNumbers, groups: tuple[str, ...]) -> dict[str, Any]:
    wanted = {number for group in (*GROUPS, UDR) if group.name in groups for number in group.numbers}
    return {
        "numbers": {name: asdict(number) for name, number in numbers.numbers.items() if name in wanted},
        "factors": numbers.factors,
        "train_points": numbers.train_points,
        "test_points": numbers.test_points,
    }


def _with_interval(number: dict[str, Any]) -> str:
    interval = "" if number["low"] is None else f" ({number['low']:.3f} to {number['high']:.3f})"
    return f"{number['value']:.3f}{interval}"
