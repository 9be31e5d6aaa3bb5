"""The trained runs that come with the app: ``python -m aecore checkpoints`` makes them again, from the code as it is."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from aecore.atlas import share_atlas
from aecore.config import RunConfig
from aecore.presets import preset
from aecore.probe_results import Case
from aecore.runs import CHECKPOINTS, Run, Status
from aecore.shipped_manifest import note_in_manifest
from aecore.slimming import round_weights, thin_curve, thin_frames

CONVOLUTIONAL_DENOISER = "denoise-convolutional-mnist"
GAUSSIAN_DENOISER = "denoise-convolutional-gaussian-mnist"
DROPOUT_DENOISER = "denoise-convolutional-dropout-mnist"
DENSE_DENOISER = "denoise-dense-mnist"
PLAIN = "plain-dense-mnist"
"""The dense denoiser's network, trained without noise."""
VAE_PLANE = "vae-2d-mnist"
VAE_DENSE = "vae-16d-mnist"
VAE_FASHION = "vae-2d-fashion-mnist"
VAE_CONVOLUTIONAL = "vae-convolutional-mnist"

SPARSE = "sparse-mnist"
SELF_TAUGHT = "self-taught-mnist"
"""Learned from the digits 5-9 only, for telling 0-4 apart."""
STACKED = "stacked-mnist"
STACKED_AT_ONCE = "stacked-at-once-mnist"
"""The stacked network, all its layers trained together from the beginning, for as many epochs."""

HEARTBEAT_DETECTOR = "heartbeat-detector"
PICTURE_DETECTOR = "picture-detector"
"""Each has learned from normal cases only, for the page of anomalies."""

_DETECTORS = (HEARTBEAT_DETECTOR, PICTURE_DETECTOR)
_MNIST = {"data.name": "mnist", "epochs": "20"}
_FAST = {"optimizer.schedule": "one-cycle", "optimizer.learning_rate": "3e-3", "batch_size": "200"}
_ALL_NOISES = {"corruption.kind": "mixed", "corruption.level_from": "0", "corruption.level": "0.9"}
_GAUSSIAN = {"corruption.kind": "gaussian", "corruption.level_from": "0", "corruption.level": "0.9"}
_DROPOUT = {"corruption.kind": "masking", "corruption.level_from": "0", "corruption.level": "0.9"}
_SMALLER = {"architecture.hidden": "256", "code.size": "64"}
_PLANE = {"architecture.hidden": "256-128", "code.size": "2", "optimizer.learning_rate": "4e-3", "epochs": "60"}
_CONVOLUTIONS = {"architecture.kind": "conv2d", "architecture.channels": "32-64-64", "architecture.hidden": "256"}

SHIPPED: dict[str, tuple[str, dict[str, str]]] = {
    "vanilla-mnist": ("vanilla", _MNIST),
    CONVOLUTIONAL_DENOISER: ("denoising-convolutional", _MNIST | _ALL_NOISES | {"epochs": "12"}),
    GAUSSIAN_DENOISER: (
        "denoising-convolutional",
        _MNIST | _GAUSSIAN | {"code.size": "128", "epochs": "30"},
    ),
    DROPOUT_DENOISER: ("denoising-convolutional", _MNIST | _DROPOUT),
    DENSE_DENOISER: ("denoising-gaussian", _MNIST | _ALL_NOISES | _SMALLER),
    PLAIN: ("denoising-gaussian", _MNIST | _SMALLER | {"corruption.kind": "none"}),
    VAE_PLANE: ("vae", _MNIST | _PLANE),
    VAE_DENSE: ("vae", _MNIST | {"code.size": "16", "epochs": "30", "optimizer.learning_rate": "4e-3"}),
    VAE_FASHION: ("vae", _MNIST | _PLANE | {"data.name": "fashion-mnist", "optimizer.learning_rate": "2e-3"}),
    VAE_CONVOLUTIONAL: ("vae", _MNIST | _CONVOLUTIONS | {"code.size": "16", "optimizer.learning_rate": "2e-3"}),
    SPARSE: ("sparse-kl", _MNIST | {"epochs": "40", "batch_size": "200"}),
    SELF_TAUGHT: (
        "sparse-kl",
        _MNIST
        | _FAST
        | {
            "data.classes": "5-6-7-8-9",
            "code.size": "200",
            "objective.sparsity_weight": "6",
            "objective.weight_decay": "6e-3",
            "epochs": "80",
        },
    ),
    STACKED: (
        "stacked",
        _MNIST | _FAST | {"schedule.layer_epochs": "15", "epochs": "5", "schedule.classifier_epochs": "20"},
    ),
    STACKED_AT_ONCE: (
        "stacked",
        _MNIST
        | _FAST
        | {"schedule.kind": "joint", "schedule.layer_epochs": "10", "epochs": "35", "schedule.classifier_epochs": "20"},
    ),
    HEARTBEAT_DETECTOR: ("anomalies-sequences", {}),
    PICTURE_DETECTOR: ("anomalies-pictures", _MNIST | {"data.classes": "8", "architecture.hidden": "128"}),
    "deep-mnist": ("deep", _MNIST),
    "undercomplete-mnist": ("undercomplete", _MNIST),
    "overcomplete-mnist": ("overcomplete", _MNIST | {"epochs": "10"}),
    "denoise-dense-gaussian-mnist": ("denoising-gaussian", _MNIST),
    "denoise-dense-dropout-mnist": ("denoising-dropout", _MNIST),
    "convolutional-mnist": ("convolutional", _MNIST | {"epochs": "15"}),
    "sparse-l1-mnist": ("sparse-l1", _MNIST),
    "overcomplete-sparse-mnist": ("overcomplete-sparse", _MNIST | {"epochs": "12"}),
    "contractive-mnist": ("contractive", _MNIST),
    "stacked-denoising-mnist": ("stacked-denoising", _MNIST | {"schedule.layer_epochs": "10", "epochs": "10"}),
    "beta-vae-mnist": ("beta-vae", _MNIST),
}
"""By name of the folder in `checkpoints/`: the preset, and what is changed in it."""

TITLES = {
    "vanilla-mnist": "Plain autoencoder, 32 numbers, MNIST",
    CONVOLUTIONAL_DENOISER: "Convolutional denoiser",
    GAUSSIAN_DENOISER: "Convolutional, Gaussian only",
    DROPOUT_DENOISER: "Convolutional, dropout only",
    DENSE_DENOISER: "Dense denoiser",
    PLAIN: "Plain autoencoder",
    VAE_PLANE: "VAE, 2 numbers, MNIST",
    VAE_DENSE: "VAE, 16 numbers, MNIST",
    VAE_FASHION: "VAE, 2 numbers, Fashion-MNIST",
    VAE_CONVOLUTIONAL: "Convolutional VAE, 16 numbers, MNIST",
    SPARSE: "Sparse autoencoder, 196 units, MNIST",
    SELF_TAUGHT: "Self-taught: 200 sparse units that saw MNIST's 5–9 only",
    STACKED: "Stacked autoencoder, 200-200, MNIST",
    HEARTBEAT_DETECTOR: "Heartbeats: learned from normal beats only",
    PICTURE_DETECTOR: "MNIST: learned from 8s only",
    STACKED_AT_ONCE: "The stacked one all at once, 200-200, MNIST",
    "deep-mnist": "Deep, 512-256-128, 32 numbers, MNIST",
    "undercomplete-mnist": "Undercomplete, 8 numbers, MNIST",
    "overcomplete-mnist": "Overcomplete, 1,024 numbers, MNIST",
    "denoise-dense-gaussian-mnist": "Dense denoiser, Gaussian noise 0.5",
    "denoise-dense-dropout-mnist": "Dense denoiser, dropout 0.5",
    "convolutional-mnist": "Convolutional, 32 numbers, MNIST",
    "sparse-l1-mnist": "Sparse by L1, 196 units, MNIST",
    "overcomplete-sparse-mnist": "Overcomplete, 40 of 1,024 units, MNIST",
    "contractive-mnist": "Contractive, 128 units, MNIST",
    "stacked-denoising-mnist": "Stacked denoising, 500-250, MNIST",
    "beta-vae-mnist": "β-VAE, β = 4, 10 numbers, MNIST",
}
"""What pages call them."""

_EXACT = frozenset({CONVOLUTIONAL_DENOISER, GAUSSIAN_DENOISER, DROPOUT_DENOISER, DENSE_DENOISER, PLAIN, *_DETECTORS})
"""Those that are measured against other methods in the documents: their weights keep 16 bits, those of the others 8…"""
_LARGE = frozenset({"overcomplete-mnist", "overcomplete-sparse-mnist"})
"""…and of these, which have three times as many, 6."""
_PROBED: dict[str, Case] = {SPARSE: "all", SELF_TAUGHT: "unseen"}
"""Those whose code is tried out as features for a classifier, on the Features page, and for which classes."""
_CASES = 120
"""To look at, of detectors."""
_BOUND_SAMPLES = 500
_BOUND_IMAGES = 1_000
"""For the likelihood of the VAEs, measured once when they are made."""


def shipped_config(name: str) -> RunConfig:
    """The configuration of a run that comes with the app."""
    base, settings = SHIPPED[name]
    return preset(base).config.with_settings(settings)


def make(name: str, watch: Callable[[Status], None] = lambda status: None) -> Status:
    """Train one anew and put it in the place of the one that is there, if it could be trained to its end.

    The weights are kept in few bits, and few frames; the test numbers are those of these weights.
    """
    # With torch, which those who only read the table do not need.
    from aecore.recording import Recorder

    with tempfile.TemporaryDirectory(dir=CHECKPOINTS, prefix=".making-") as beside:
        run = Run.create(shipped_config(name), Path(beside) / name, name=name)
        status = Recorder(run, watch=watch).record()
        if status.state == "finished":
            status = slim(run)
            target = CHECKPOINTS / name
            shutil.rmtree(target, ignore_errors=True)
            run.folder.rename(target)
            share_atlas(Run(target))
            note_in_manifest(name, Run(target), SHIPPED[name][0], command_of(name))
    return status


def command_of(name: str) -> str:
    """What trains a run that comes with the app on the command line; `checkpoints` does the same and makes it small."""
    base, settings = SHIPPED[name]
    changes = ["--set", *(f"{key}={value}" for key, value in settings.items())] if settings else []
    return shlex.join(["python", "-m", "aecore", "train", base, *changes, "--out", name])


def slim(run: Run) -> Status:
    """Make a finished run small, and measure of it what pages show. Returns its status, with the numbers of these weights."""
    from aecore import probe, probe_results
    from aecore.config_sections import DataConfig
    from aecore.data.kept import load_kept
    from aecore.latent_measuring import measure
    from aecore.latent_numbers import keep

    name = run.folder.name
    status = round_weights(run, 16 if name in _EXACT else 6 if name in _LARGE else 8)
    thin_curve(run.metrics_path)
    thin_frames(run.frames_folder, wanted=[stage.last_step for stage in run.config.stages])
    if not run.config.card.is_sequence:  # whose code no page shows
        test = load_kept(run.config.data).test
        keep(run, measure(run, test, samples=_BOUND_SAMPLES, bound_images=_BOUND_IMAGES))
    if name in _DETECTORS:
        _keep_scores(run)
    if name in _PROBED:
        case, data = _PROBED[name], load_kept(DataConfig(name=run.config.data.name))
        classes = probe.unseen_classes(run.config) if case == "unseen" else None
        labels = [count for count in probe_results.LABELS if not count or count >= 2 * len(classes or ())]
        probe_results.keep(run, probe.measure(run, data, classes=classes, labels=labels, case=case))
    return status


def _keep_scores(run: Run) -> None:
    """What the page of anomalies shows of a detector, with fewer cases to look at than of people's own."""
    from aecore.anomaly import results
    from aecore.anomaly.measuring import measure, measure_baselines
    from aecore.config_sections import DataConfig
    from aecore.data.kept import load_kept

    dataset = load_kept(DataConfig(name=run.config.data.name))
    results.keep(run, *measure(run, dataset, most_shown=_CASES))
    results.add_baselines(run, *measure_baselines(run.config, dataset))
