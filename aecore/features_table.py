"""``python -m aecore features-table``: what features are good for, against published figures, on the full MNIST.

Each row trains its networks from their configuration alone (those that are finished in its folder of runs are kept), measures
them on the 10,000 test images, and writes a section of its own into the document.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aecore.config import RunConfig
from aecore.config_sections import DataConfig
from aecore.data.kept import load_kept
from aecore.data.loading import Dataset
from aecore.presets import preset
from aecore.principal_components import PrincipalComponents
from aecore.probe import measure, unseen_classes
from aecore.probe_results import Probe
from aecore.quality_document import markdown_table, provenance, put_section
from aecore.recording import Recorder
from aecore.runs import Run, Status
from aecore.shipped_runs import SELF_TAUGHT, SHIPPED, STACKED
from aecore.stage_numbers import stage_numbers

TITLE = "# What features are good for\n\nMade by commands, not by hand: each section names its own.\n"
DATA = "mnist"

Tell = Callable[[float, str], None]
"""Told the share done, 0..1, and what is being done."""


@dataclass(frozen=True)
class Figure:
    """One measured number, with what was published, what is wanted, and whether it is reached (None: nothing is wanted)."""

    what: str
    published: str
    target: str
    reached: str
    met: bool | None
    value: float


@dataclass(frozen=True)
class Row:
    """A section of the document: the runs that it needs, by name, and what is measured of them."""

    title: str
    text: str
    runs: dict[str, tuple[str, dict[str, str]]]
    figures: Callable[[dict[str, Run], Dataset, Tell], list[Figure]]
    sources: str = ""
    all_settings: dict[str, str] = field(default_factory=lambda: {"data.name": DATA})

    def config(self, name: str) -> RunConfig:
        """The configuration of one of its runs."""
        base, settings = self.runs[name]
        return preset(base).config.with_settings(self.all_settings | settings)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _stacked(runs: dict[str, Run], dataset: Dataset, tell: Tell) -> list[Figure]:
    numbers = {each.name: each.test for each in stage_numbers(runs["stacked"])}
    before, after = numbers["softmax"]["accuracy"], numbers["labels"]["accuracy"]
    return [
        Figure("Softmax on the frozen code", "87.7 %", "≥ 87.7 %", _percent(before), before >= 0.877, before),
        Figure("After fine-tuning with labels", "97.6 %", "≥ 98.0 %", _percent(after), after >= 0.98, after),
    ]


def _self_taught(runs: dict[str, Run], dataset: Dataset, tell: Tell) -> list[Figure]:
    run = runs["self-taught"]
    probe = measure(run, dataset, classes=unseen_classes(run.config), labels=(0,), case="unseen", poll=tell)
    point = probe.points[-1]
    features, pixels = point.features.mean, point.pixels.mean
    gain = features - pixels
    return [
        Figure(
            "Linear classifier of 0–4 on the features of 5–9",
            "≈ 98 %",
            "≥ 98.3 %",
            _percent(features),
            features >= 0.983,
            features,
        ),
        Figure("The same on raw pixels", "≈ 96 %", "", _percent(pixels), None, pixels),
        Figure("Features above pixels", "≈ 2 points", "≥ 1 point", f"{100 * gain:+.2f} points", gain >= 0.01, gain),
    ]


def _deep(runs: dict[str, Run], dataset: Dataset, tell: Tell) -> list[Figure]:
    count = dataset.test.images[0].numel()
    error, dense = ((runs[name].status.test or {})["mse"] * count for name in ("deep", "published-layers"))
    pixels = dataset.test.images.numpy()
    own, learned = (_pca_error(images, pixels, 30) for images in (pixels, dataset.train.images.numpy()))
    return [
        Figure("Convolutional, 30 numbers, test images", "", "≤ 3.0", f"{error:.3f}", error <= 3.0, error),
        Figure("Dense, 784-1000-500-250-30 as published", "3.00", "≤ 3.0", f"{dense:.3f}", dense <= 3.0, dense),
        Figure("PCA with 30, fitted on the test images themselves", "13.87", "", f"{own:.2f}", None, own),
        Figure("PCA with 30, fitted on the training images", "", "", f"{learned:.2f}", None, learned),
    ]


def _few_labels(runs: dict[str, Run], dataset: Dataset, tell: Tell) -> list[Figure]:
    probe: Probe = measure(runs["few-labels"], dataset, labels=(100,), draws=20, poll=tell)
    point = probe.points[0]
    gain = point.features.mean - point.pixels.mean

    def spread(name: str) -> str:
        found = point.of(name)
        return f"{100 * found.mean:.1f} ± {100 * found.deviation:.1f} %"

    return [
        Figure("Linear classifier on the features", "", "", spread("features"), None, point.features.mean),
        Figure("The same on raw pixels", "", "", spread("pixels"), None, point.pixels.mean),
        Figure("The same on as many principal components", "", "", spread("pca"), None, point.pca.mean),
        Figure("Features above pixels", "", "≥ 8 points", f"{100 * gain:+.1f} points", gain >= 0.08, gain),
    ]


def _linear(runs: dict[str, Run], dataset: Dataset, tell: Tell) -> list[Figure]:
    run = runs["linear"]
    size = run.config.code.size
    ours = (run.status.test or {})["mse"] * dataset.test.images[0].numel()
    theirs = _pca_error(dataset.train.images.numpy(), dataset.test.images.numpy(), size)
    ratio = ours / theirs - 1
    return [
        Figure(f"Linear autoencoder, {size} numbers", "", "", f"{ours:.3f}", None, ours),
        Figure(f"PCA, {size} numbers, same training images", "", "", f"{theirs:.3f}", None, theirs),
        Figure("Autoencoder above PCA", "0 in theory", "within 1 %", f"{100 * ratio:+.2f} %", abs(ratio) <= 0.01, ratio),
    ]


def _pca_error(fitted: np.ndarray[Any, Any], images: np.ndarray[Any, Any], size: int) -> float:
    """Σ (x − x̂)² an image, pixels 0..1, of reconstructions from `size` principal components of other (or the same) images."""
    components = PrincipalComponents.fit(fitted)
    centred = images.reshape(len(images), -1) / 255 - components.mean
    codes = centred @ components.components[:size].T
    return float(((centred - codes @ components.components[:size]) ** 2).sum() / len(images))


_THIRTY = {
    "code.size": "30",
    "architecture.activation": "gelu",
    "objective.reconstruction": "mse",
    "optimizer.schedule": "one-cycle",
}
_FAST = {"optimizer.schedule": "one-cycle", "optimizer.learning_rate": "3e-3", "batch_size": "200"}

ROWS: dict[str, Row] = {
    "stacked": Row(
        "Stacked: layer by layer, then labels",
        "784-200-200, sigmoid units with KL sparsity, trained greedily; then a softmax on the code, alone and with the encoder. "
        "Test accuracy.",
        {"stacked": SHIPPED[STACKED]},
        _stacked,
        "Published: UFLDL tutorial, exercise “Implement deep networks for digit classification”.",
    ),
    "self-taught": Row(
        "Self-taught learning",
        "200 sparse features learned from the digits 5–9 without labels; then a linear classifier of the digits 0–4 with all "
        "their labels. Test accuracy.",
        {"self-taught": SHIPPED[SELF_TAUGHT]},
        _self_taught,
        "Published: UFLDL tutorial, exercise “Self-taught learning”.",
    ),
    "deep": Row(
        "A deep autoencoder against PCA",
        "Squared error an image, summed over pixels (0..1), of test images from 30 numbers. The dense network with the published "
        "layers learns its training images better than the convolutional one and new images worse.",
        {
            "deep": (
                "deep",
                _THIRTY
                | {
                    "architecture.kind": "conv2d",
                    "architecture.channels": "32-64",
                    "architecture.hidden": "512",
                    "optimizer.learning_rate": "2e-3",
                    "batch_size": "100",
                    "epochs": "22",
                },
            ),
            "published-layers": (
                "deep",
                _THIRTY
                | {
                    "architecture.hidden": "1000-500-250",
                    "optimizer.learning_rate": "1.5e-3",
                    "batch_size": "200",
                    "epochs": "120",
                },
            ),
        },
        _deep,
        "Published: G. E. Hinton and R. Salakhutdinov (2006), Reducing the dimensionality of data with neural networks.",
    ),
    "few-labels": Row(
        "A hundred labels",
        "Features learned from all training images without labels, by a convolutional network with a sparse code that restores "
        "heavily damaged pictures; then a linear classifier with 100 labels, ten of each digit, drawn 20 times. Test accuracy, "
        "mean ± standard deviation over the draws.",
        {
            "few-labels": (
                "denoising-convolutional",
                _FAST
                | {
                    "architecture.channels": "16-32-64",
                    "architecture.full_size_channels": "0",
                    "architecture.skips": "false",
                    "code.size": "200",
                    "code.activation": "sigmoid",
                    "objective.sparsity": "kl",
                    "objective.sparsity_target": "0.05",
                    "objective.sparsity_weight": "1",
                    "corruption.kind": "mixed",
                    "corruption.level_from": "0.3",
                    "corruption.level": "1",
                    "epochs": "6",
                },
            )
        },
        _few_labels,
    ),
    "linear": Row(
        "A linear autoencoder is PCA",
        "Squared error an image, summed over pixels (0..1), of test images. Without non-linearities the best that an autoencoder "
        "can do is to span the same plane as the principal components (Baldi and Hornik 1989).",
        {
            "linear": (
                "vanilla",
                _FAST | {"architecture.output": "linear", "objective.reconstruction": "mse", "code.size": "30", "epochs": "20"},
            )
        },
        _linear,
    ),
}
"""By name: what the command can be asked for."""


def make_row(name: str, folder: Path, document: Path, command: str, tell: Tell) -> list[Figure]:
    """Train what a row needs in `folder` (runs that are finished there with this configuration are kept), measure, write.

    Raises RuntimeError where a run fails, and what :func:`~aecore.data.kept.load_kept` raises where the data cannot be had.
    """
    started = time.perf_counter()
    row = ROWS[name]
    runs = {each: _trained(row.config(each), folder / each, tell) for each in row.runs}
    figures = row.figures(runs, load_kept(DataConfig(name=DATA)), tell)
    training = sum(run.status.seconds for run in runs.values()) / 60
    minutes = (time.perf_counter() - started) / 60
    put_section(document, name, section(row, figures, provenance(command, max(minutes, training))), TITLE)
    return figures


def _trained(config: RunConfig, folder: Path, tell: Tell) -> Run:
    run = Run(folder)
    if not (run.exists and run.config == config and run.status.state == "finished"):
        if not run.exists:
            run = Run.create(config, folder, name=folder.name)
        elif run.config != config:
            raise RuntimeError(f"{folder} holds another run: choose another folder with --runs, or remove it.")

        def watch(status: Status) -> None:
            tell(status.step / max(1, status.steps), f"training {folder.name}, epoch {status.epoch:.0f} of {status.epochs}")

        status = Recorder(run, watch=watch).record()
        if status.state != "finished":
            raise RuntimeError(f"{folder.name}: {status.reason or status.state}")
    return run


def section(row: Row, figures: Sequence[Figure], measured: str) -> str:
    """The row's part of the document."""
    marks = {True: " (met)", False: " (**not met**)", None: ""}
    cells = [[each.what, each.published, each.target, each.reached + marks[each.met]] for each in figures]
    networks = []
    for base, changed in row.runs.values():
        settings = " ".join(f"{key}={value}" for key, value in (row.all_settings | changed).items())
        networks.append(f"`python -m aecore train {base} --set {settings} --out FOLDER`")
    parts = [
        f"## {row.title}",
        row.text,
        markdown_table(["What", "Published", "Target", "Reached"], cells),
        f"The network: {'; '.join(networks)}.",
        row.sources,
        measured,
    ]
    return "\n\n".join(part for part in parts if part)


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """For ``--json``."""
    return json.loads(json.dumps([vars(each) for each in figures]))  # type: ignore[no-any-return]
