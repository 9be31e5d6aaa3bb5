"""The presets: well-known autoencoders as rows of one table. A new one is a new row, not a new class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import UnknownDataError, card


@dataclass(frozen=True)
class Preset:
    """A named starting point: what it is, what to watch for, and the configuration it stands for."""

    name: str
    title: str
    summary: str
    watch: str
    config: RunConfig


def _row(name: str, title: str, summary: str, watch: str, **settings: Any) -> Preset:
    dotted = {key.replace("__", "."): value for key, value in settings.items()}
    return Preset(name, title, summary, watch, RunConfig().with_settings(dotted))


_ROWS = (
    _row(
        "vanilla",
        "Vanilla",
        "One hidden layer: all pixels are squeezed into a few numbers, and drawn again from those alone.",
        "Within seconds the grey blur turns into digits. Which digits come out wrong, and as what?",
        epochs=40,
        optimizer__learning_rate=6e-3,
        optimizer__schedule="one-cycle",
    ),
    _row(
        "deep",
        "Deep",
        "Three hidden layers on each side of the code, narrower towards it.",
        "Against Vanilla, with as many numbers in the code: is the reconstruction better, and does it generalise?",
        architecture__hidden=(512, 256, 128),
        optimizer__schedule="cosine",
    ),
    _row(
        "undercomplete",
        "Undercomplete",
        "A code of very few numbers: too few to copy the picture, so the network has to find what matters.",
        "What is kept, and what is lost first? Strokes get average widths; rare shapes turn into common ones.",
        architecture__hidden=(256,),
        code__size=8,
        optimizer__schedule="cosine",
    ),
    _row(
        "overcomplete",
        "Overcomplete",
        "A code with more numbers than the picture has: nothing forces it to find structure.",
        "The reconstruction gets nearly perfect: the network learns to copy. Is such a code worth anything?",
        code__size=1024,
        code__activation="relu",
        optimizer__schedule="cosine",
    ),
    _row(
        "denoising-gaussian",
        "Denoising, Gaussian noise",
        "Each pixel gets a random number added; the network is asked for the clean picture.",
        "The target is clean, the input is not: copying does not help any more.",
        architecture__hidden=(512,),
        code__size=128,
        code__activation="relu",
        corruption__kind="gaussian",
        corruption__level=0.5,
        optimizer__schedule="cosine",
    ),
    _row(
        "denoising-dropout",
        "Denoising, dropout noise",
        "Some pixels are dropped (set to black); the network is asked to fill them in.",
        "To fill a gap the network has to know how strokes go on.",
        architecture__hidden=(512,),
        code__size=128,
        code__activation="relu",
        corruption__kind="masking",
        corruption__level=0.5,
        optimizer__schedule="cosine",
    ),
    _row(
        "denoising-convolutional",
        "Denoising, convolutional",
        "Convolutions, with skip connections that let fine detail pass around the code.",
        "What is not hidden by the noise stays sharp; what is hidden has to come from the code.",
        architecture__kind="conv2d",
        architecture__channels=(32, 64, 128),
        architecture__full_size_channels=16,
        architecture__skips=True,
        code__size=64,
        code__activation="relu",
        corruption__kind="gaussian",
        corruption__level=0.5,
        optimizer__learning_rate=2e-3,
        optimizer__schedule="one-cycle",
    ),
    _row(
        "convolutional",
        "Convolutional",
        "Small filters slide over the picture, halving it again and again, before the code.",
        "Fewer parameters than Deep, slower steps: how far does each epoch bring it?",
        architecture__kind="conv2d",
        architecture__channels=(16, 32),
        optimizer__schedule="cosine",
        epochs=15,
    ),
    _row(
        "sparse-kl",
        "Sparse, KL",
        "More units than are used for any one picture: each is drawn to be active for about one picture in ten.",
        "Look at the units' weights: strokes and edges instead of blurs. Turn ρ up and they melt together again.",
        code__size=196,
        code__activation="sigmoid",
        objective__reconstruction="mse",
        objective__sparsity="kl",
        # The values of Ng's lecture notes and the UFLDL exercises for digits.
        objective__sparsity_target=0.1,
        objective__sparsity_weight=3.0,
        objective__weight_decay=3e-3,
        optimizer__learning_rate=3e-3,
        optimizer__schedule="one-cycle",
        epochs=60,
    ),
    _row(
        "sparse-l1",
        "Sparse, L1",
        "Every active unit costs something, so that each picture is made of few of them.",
        "How many units are exactly 0 for a picture, and which are never used at all?",
        code__size=196,
        code__activation="relu",
        objective__sparsity="l1",
        objective__sparsity_weight=0.3,
        objective__weight_decay=1e-3,
        optimizer__schedule="cosine",
        epochs=40,
    ),
    _row(
        "overcomplete-sparse",
        "Overcomplete, sparse",
        "More units than pixels, of which each picture may use only forty: room for parts, none for copying.",
        "Against Overcomplete: the reconstruction is worse, the units mean something.",
        code__size=1024,
        code__activation="relu",
        code__top_k=40,
        optimizer__schedule="cosine",
        epochs=30,
    ),
    _row(
        "contractive",
        "Contractive",
        "The code must not change where the picture changes a little, unless that is needed to draw it.",
        "The contraction falls as the reconstruction rises: which directions does the code still follow?",
        code__size=128,
        code__activation="sigmoid",
        architecture__tied=True,
        objective__contractive=0.1,
        optimizer__learning_rate=2e-3,
        optimizer__schedule="cosine",
        epochs=30,
    ),
    _row(
        "stacked",
        "Stacked",
        "Trained greedily: first the outer layer alone, then the next on its codes, then all layers together.",
        "Each layer's own loss falls in its turn. What does fine-tuning still gain at the end?",
        architecture__hidden=(200,),
        architecture__activation="sigmoid",
        code__size=200,
        code__activation="sigmoid",
        objective__sparsity="kl",
        objective__sparsity_target=0.1,
        objective__sparsity_weight=0.3,
        schedule__kind="greedy",
        schedule__layer_epochs=20,
        optimizer__learning_rate=2e-3,
    ),
    _row(
        "stacked-denoising",
        "Stacked, denoising",
        "Layer by layer too, and each layer has to restore what noise has taken from its input.",
        "Hidden units of a denoising layer find larger strokes: noise makes them look further.",
        architecture__hidden=(500,),
        architecture__activation="sigmoid",
        code__size=250,
        code__activation="sigmoid",
        corruption__kind="masking",
        corruption__level=0.25,
        schedule__kind="greedy",
        schedule__layer_epochs=15,
        optimizer__learning_rate=2e-3,
    ),
    _row(
        "anomalies-pictures",
        "Anomalies, pictures",
        "A small VAE that learns one class alone: all others come back as that class, and the difference gives them away.",
        "Which strangers does it draw as well as its own class, and why?",
        data__classes=(0,),
        architecture__hidden=(256,),
        code__kind="gaussian",
        code__size=10,
        optimizer__learning_rate=3e-3,
        optimizer__schedule="one-cycle",
        epochs=20,
    ),
    _row(
        "anomalies-sequences",
        "Anomalies, sequences",
        "Convolutions along time, trained on normal sequences only: what it cannot draw again is an anomaly.",
        "The error is large just where the sequence is not normal. Which troubles does it miss?",
        data__name="heartbeats",
        data__classes=(0,),
        architecture__kind="conv1d",
        architecture__channels=(16, 32, 32),
        architecture__kernel_size=7,
        # Without a dense layer between them and the code, convolutions got stuck with one seed in two.
        architecture__hidden=(128,),
        code__size=24,
        objective__reconstruction="mse",
        batch_size=64,
        optimizer__learning_rate=6e-3,
        optimizer__schedule="one-cycle",
        epochs=30,
    ),
    _row(
        "vae",
        "VAE",
        "A variational autoencoder: each picture becomes a small cloud of codes, not a point.",
        "Two terms pull against each other: reconstruction wants precise codes, KL wants them all near zero.",
        architecture__hidden=(400,),
        code__kind="gaussian",
        code__size=20,
        architecture__activation="silu",
        optimizer__learning_rate=1e-2,
        optimizer__schedule="one-cycle",
        batch_size=200,
    ),
    _row(
        "beta-vae",
        "β-VAE",
        "A VAE whose KL term weighs more (β): fewer code numbers stay in use, each for one thing.",
        "The KL term falls, the pictures blur. Which β would you choose?",
        architecture__hidden=(400,),
        code__kind="gaussian",
        code__size=10,
        objective__beta=4.0,
        architecture__activation="silu",
        optimizer__learning_rate=1e-2,
        optimizer__schedule="one-cycle",
        batch_size=200,
    ),
)


def for_data(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """A configuration with other settings by dotted name, of which one names other data; where these are pictures and those
    sequences, or the other way round, with the convolutions, the loss and the noise that these can have, unless they are among
    the settings; and with the classes that it had where these are known. Raises ConfigError."""
    try:
        chosen = card(str(settings["data.name"]))
    except UnknownDataError:
        return config.with_settings(settings)  # raises, with the sentence that people read for such data
    changes: dict[str, Any] = {} if chosen.is_labelled else {"data.classes": None}
    if chosen.is_sequence:
        if config.architecture.kind == "conv2d":
            changes |= {"architecture.kind": "conv1d", "architecture.skips": False}
        if config.objective.reconstruction == "bce":
            changes["objective.reconstruction"] = "mse"
        if config.corruption.kind not in ("none", "gaussian", "masking"):
            changes["corruption.kind"] = "gaussian"
    elif config.architecture.kind == "conv1d":
        changes["architecture.kind"] = "conv2d"
    return config.with_settings({**changes, **settings})


PRESETS: Mapping[str, Preset] = MappingProxyType({row.name: row for row in _ROWS})


def preset(name: str) -> Preset:
    """The preset of that name. Raises ConfigError with the nearest name there is."""
    if name not in PRESETS:
        close = get_close_matches(name, PRESETS, n=1, cutoff=0.4)
        hint = f" Did you mean “{close[0]}”?" if close else f" There are: {', '.join(PRESETS)}."
        raise ConfigError([f"There is no preset called “{name}”.{hint}"])
    return PRESETS[name]
