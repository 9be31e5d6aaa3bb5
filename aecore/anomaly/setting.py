"""What is trained to find anomalies, where nobody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.data.catalogue import Card, card, is_own
from aecore.presets import for_data, preset

PICTURES, SEQUENCES = "anomalies-pictures", "anomalies-sequences"
"""The presets that detectors start from."""

_STEPS = 700
"""Of training, roughly: enough for a few thousand sequences, and done in seconds."""
_FEWEST_EPOCHS, _MOST_EPOCHS = 5, 500


def usual_preset(data: Card) -> str:
    """The preset for such data."""
    return SEQUENCES if data.is_sequence else PICTURES


def detector(
    data: str, normal: Sequence[int] | None, base: str | None = None, changes: Mapping[str, Any] | None = None
) -> RunConfig:
    """The configuration of a detector for data by name, trained on the `normal` classes (None: on all cases).

    base: a preset, else the usual one. changes: settings by dotted name, which win. Somebody's own data, of any size, get as many
    epochs as make about 700 steps. Raises ConfigError.
    """
    chosen = card(data)
    start = preset(base or usual_preset(chosen)).config
    changes = dict(changes or {})
    wanted = {"data.name": data, "data.classes": None if normal is None else tuple(normal), "data.train_images": None}
    wanted |= {"data.resolution": None, "data.factor_steps": None}
    config = for_data(start, wanted | {name: value for name, value in changes.items() if name.startswith("data.")})
    config = config.with_settings(changes)
    if is_own(data) and "epochs" not in changes and config.optimizer.kind != "lbfgs":
        epochs = round(_STEPS / config.steps_per_epoch)
        config = config.with_settings({"epochs": min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, epochs))})
    return config


def classes_named(data: Card, names: Sequence[str]) -> tuple[int, ...]:
    """The classes of these names, or of these numbers, from 0, where no class is called so. Raises ConfigError."""
    if not data.is_labelled:
        raise ConfigError(
            ["There are no labels in these data, so no class can be called normal: leave them out, or name labels."]
        )
    exact = {name: index for index, name in enumerate(data.classes)}
    folded = {name.casefold(): index for index, name in reversed(list(enumerate(data.classes)))}
    # A number can stand for a place only where no class is called by one.
    has_numbers = any(name.lstrip("-").isdigit() for name in data.classes)
    chosen = []
    for name in names:
        word = name.strip()
        if word in exact:
            chosen.append(exact[word])
        elif word.casefold() in folded:
            chosen.append(folded[word.casefold()])
        elif not has_numbers and word.isascii() and word.isdigit() and int(word) < len(data.classes):
            chosen.append(int(word))
        else:
            some = ", ".join(data.classes[:20]) + (" …" if len(data.classes) > 20 else "")
            raise ConfigError([f"{data.title} has no class called “{word[:40]}”. There are: {some}."])
    return tuple(dict.fromkeys(chosen))
