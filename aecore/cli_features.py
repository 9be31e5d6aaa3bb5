"""Commands that measure what features are good for: ``probe | bottleneck``."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.allocator import keep_freed_memory
from aecore.bottleneck_results import ARMS, SIZES, check_amount, data_of, sizes_for, usual_epochs
from aecore.cli_tools import UsageError, bar_of, teller
from aecore.data.catalogue import PICTURES, card
from aecore.runs import Run, replace_file

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def feature_commands(commands: Commands) -> list[argparse.ArgumentParser]:
    """Add these commands to the parser of all; returns their own parsers."""
    probe = commands.add_parser("probe", help="how well a linear classifier does on a run's codes, on pixels and on PCA")
    probe.add_argument("folder", metavar="FOLDER", type=Path)
    probe.add_argument("--data", metavar="NAME", help="other data with images of the same size (usual: the run's)")
    probe.add_argument("--labels", metavar="N", type=int, help="labelled images that the classifier learns from (usual: all)")
    probe.add_argument("--draws", metavar="N", type=int, default=10, help="how often they are drawn (usual: 10)")
    probe.add_argument("--classes", metavar="LIST", help="tell only these classes apart, e.g. 0-1-2-3-4 (usual: all)")
    probe.set_defaults(command=_probe)

    bottleneck = commands.add_parser("bottleneck", help="reconstruction against the size of the code, beside PCA")
    bottleneck.add_argument("--data", metavar="NAME", default="digits", help=f"{', '.join(PICTURES)} (usual: digits)")
    bottleneck.add_argument("--sizes", metavar="LIST", help=f"code sizes (usual: {'-'.join(map(str, SIZES))})")
    bottleneck.add_argument("--epochs", metavar="N", type=int, help="for each network (usual: 20 on the digits, 6 on MNIST)")
    bottleneck.add_argument("--seed", metavar="N", type=int, default=0)
    bottleneck.add_argument("--out", metavar="FILE", type=Path, required=True, help="file for the study, JSON")
    bottleneck.set_defaults(command=_bottleneck)
    return [probe, bottleneck]


def _probe(options: argparse.Namespace) -> dict[str, Any]:
    run = Run(options.folder)
    if not run.exists:
        raise UsageError(f"{options.folder} holds no run (there is no config.json in it).")
    if options.labels is not None and options.labels < 1:
        raise UsageError("--labels must be at least 1; leave it out for all labels.")
    classes = None if options.classes is None else _whole_numbers("--classes", options.classes)
    settings: dict[str, Any] = {"data.classes": None}
    if options.data and options.data != run.config.data.name:
        # An image size and steps of factors are of the run's own data.
        settings |= {"data.name": card(options.data).name, "data.resolution": None, "data.factor_steps": None}
    config = run.config.with_settings(settings)
    data, ours, theirs = config.data, run.config.plan.input_shape, config.plan.input_shape
    if ours != theirs:  # before anything is downloaded
        sizes = ("×".join(map(str, shape)) for shape in (ours, theirs))
        raise UsageError("This run takes pictures of {}, these data are {}: choose other data.".format(*sizes))

    import torch

    from aecore.comparison_results import held_out
    from aecore.data.downloads import DataUnavailableError
    from aecore.data.kept import load_kept
    from aecore.probe import measure
    from aecore.probe_results import REPRESENTATIONS

    torch.set_num_threads(1)
    try:
        with bar_of(1000) as bar:
            tell = teller(bar)

            labels = (options.labels or 0,)
            found = measure(run, load_kept(data), classes=classes, labels=labels, draws=options.draws, poll=tell)
    except (FileNotFoundError, DataUnavailableError, ValueError) as error:  # damaged weights are a ValueError
        raise UsageError(str(error)) from None
    with_labels = run.config.schedule.classifier_epochs > 0
    point = found.points[0]
    count = point.labels or found.train_images
    draws = len(point.features.values)
    result: dict[str, Any] = {}
    for name, title in REPRESENTATIONS.items():
        prefix, spread = "" if name == "features" else f"{name}_", point.of(name)
        result |= {f"{prefix}accuracy": spread.mean, f"{prefix}deviation": spread.deviation}
        if not options.json:
            print(f"  {title:<14} {100 * spread.mean:6.2f} % ± {100 * spread.deviation:.2f}")
    if not options.json:
        print(f"test accuracy on {found.test_images:,} images of {found.data}, {count:,} labels, draws: {draws}")
        if with_labels:
            print("Note: this run was fine-tuned with the labels of its training images, so its features know them already.")
    return result | {
        "labels": count,
        "draws": draws,
        "trained_with_labels": with_labels,
        "classes": list(found.classes),
        "data": found.data,
        "held_out": held_out(run.config.data.name, found.data),
        "code_size": found.code_size,
        "train_images": found.train_images,
        "test_images": found.test_images,
        "confusion": found.confusion,
        "seconds": found.seconds,
        "folder": str(run.folder),
    }


def _bottleneck(options: argparse.Namespace) -> dict[str, Any]:
    name = card(options.data).name  # an unknown name is refused before anything is imported
    sizes = sizes_for(name) if options.sizes is None else _whole_numbers("--sizes", options.sizes)
    epochs = usual_epochs(name) if options.epochs is None else options.epochs

    import torch

    from aecore.bottleneck import measure
    from aecore.data.downloads import DataUnavailableError
    from aecore.data.kept import load_kept
    from aecore.training import DivergedError

    keep_freed_memory()
    torch.set_num_threads(1)
    try:
        with bar_of(1000) as bar:
            tell = teller(bar)

            check_amount(name, epochs)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            # After each point: who stops it keeps what was measured.
            study = measure(
                load_kept(data_of(name)),
                sizes,
                epochs,
                options.seed,
                tell,
                lambda found: replace_file(options.out, found.to_json()),
            )
    except (DataUnavailableError, DivergedError, ValueError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{options.out} cannot be written ({error.strerror}): choose another file with --out.") from None
    if not options.json:
        for point in study.points:
            print(
                f"{ARMS[point.arm]:<19} {point.size:>5} numbers  squared error {point.mse:.5f}  {point.psnr:5.2f} dB at "
                f"{point.bytes_per_image:,.0f} bytes  noise {point.noise_mse:.5f}"
            )
        print(f"The study is in {options.out}.")
    return asdict(study)


def _whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """«2-4-8» or «2,4,8». Raises UsageError."""
    parts = [part for part in re.split(r"[\s,-]+", text.strip()) if part]
    if not parts or not all(re.fullmatch(r"[0-9]{1,6}", part) for part in parts):
        raise UsageError(f"{option} needs whole numbers, for example {option} 2-4-8; “{text}” is something else.")
    return tuple(int(part) for part in parts)
