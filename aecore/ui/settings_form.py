"""One control for each kind of setting, and what the controls hold: titles, help and bounds come from the fields of
`RunConfig`, so that they cannot disagree. :mod:`aecore.ui.settings_panel` lays them out.

Values live in `st.session_state` under ``set:<dotted name>``; :func:`fill` puts a configuration there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from aecore.config import RunConfig, bounds, choices
from aecore.data.catalogue import Card, UnknownDataError, card
from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES
from aecore.ui import lesson

Values = dict[str, Any]
"""What the controls say so far, by dotted name: each control adds its own."""

LAST = "settings_last"
"""Where the last configuration that was valid is kept."""
MOST_IMAGES = "settings_images"
"""Where it is kept how many training images there were to choose from."""

_SIZES = ("architecture.hidden", "architecture.channels")
_NEW_LAYER = {"architecture.hidden": 128, "architecture.channels": 32}
_MOST_LAYERS = {"architecture.hidden": 8, "architecture.channels": 8}
_OPTIONAL = ("corruption.level_from", "code.top_k")
_NICE = (1, 2, 3, 4, 5, 8)
RATES = (*tuple(float(f"{digit}e{power}") for power in range(-5, 0) for digit in _NICE), 1.0)
DATA_BEFORE = "data_before"
"""Where the name of the data is kept whose classes, size and number of images the controls have."""
WEIGHTS = (0.0, *(float(f"{digit}e{power}") for power in range(-6, 1) for digit in (1, 2, 5)), 10.0)

_WORDS = {
    "dense": "Dense",
    "conv2d": "Convolutional",
    "conv1d": "Convolutional, 1-D",
    "vector": "Vector",
    "gaussian": "Gaussian",
    "none": "None",
    "masking": "Dropout (masking)",
    "patches": "Dropped squares",
    "salt-and-pepper": "Salt and pepper",
    "mixed": "All four, mixed",
    "bce": "Cross-entropy",
    "mse": "Squared error",
    "mae": "Absolute error",
    "kl": "KL",
    "capacity": "Capacity",
    "total-correlation": "Total correlation",
    "l1": "L1",
    "joint": "All at once",
    "greedy": "Layer by layer",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "tanh": "tanh",
    "sigmoid": "Sigmoid",
    "linear": "Linear",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "lbfgs": "L-BFGS",
    "constant": "Constant",
    "cosine": "Cosine",
    "one-cycle": "One-cycle",
}


def fill(config: RunConfig) -> None:
    """Make the controls show this configuration. Must be called before they are drawn in a script run, or from a callback."""
    st.session_state[LAST] = config
    st.session_state[DATA_BEFORE] = config.data.name
    for name, value in config.flat().items():
        if name in _SIZES:
            _fill_sizes(name, value)
        elif name == "data.factor_steps":
            fill_factors(value)
        else:
            st.session_state[key_of(name)] = value
    for name in _OPTIONAL:
        st.session_state[key_of(name) + ".on"] = config.flat()[name] is not None
    st.session_state[key_of("data.classes")] = list(config.data.classes or ())
    st.session_state[key_of("data.train_images")] = config.train_size
    st.session_state[MOST_IMAGES] = config.with_settings({"data.train_images": None}).train_size
    st.session_state[key_of("data.resolution")] = config.card.height


def _fill_sizes(name: str, sizes: tuple[int, ...]) -> None:
    st.session_state[key_of(name) + ".count"] = len(sizes)
    for index, units in enumerate(sizes):
        st.session_state[f"{key_of(name)}.{index}"] = units


def fill_factors(steps: tuple[int, ...] | None) -> None:
    """Make the controls of the factors show these steps, None for all."""
    for name, count in zip(FACTOR_NAMES, steps or FACTOR_SIZES, strict=True):
        st.session_state[f"{key_of('data.factor_steps')}.{name}"] = count


def filled() -> bool:
    """Whether the controls have values yet (Streamlit forgets those of a page that is left)."""
    return key_of("epochs") in st.session_state


# --- one kind of control each ----------------------------------------------------------------------------------------


def sizes(values: Values, name: str, unit: str) -> None:
    """A list of layer sizes: how many layers, and the size of each."""
    key, most = key_of(name), _MOST_LAYERS[name]
    if key + ".count" not in st.session_state:
        _fill_sizes(name, current()[name])
    if not lesson.allows(name):
        count = int(st.session_state[key + ".count"])
        values[name] = tuple(int(st.session_state.get(f"{key}.{index}", _NEW_LAYER[name])) for index in range(count))
        return
    least = 1 if name == "architecture.channels" else 0
    count = st.number_input(field_of(name).title, least, most, key=key + ".count", help=help_of(name))
    units: list[int] = []
    if count:
        with st.container(horizontal=True, gap="small"):
            for index in range(min(int(count), most)):
                layer_key = f"{key}.{index}"
                st.session_state.setdefault(layer_key, units[-1] if units else _NEW_LAYER[name])
                largest = 256 if name == "architecture.channels" else 4096
                units.append(int(st.number_input(f"{unit} {index + 1}", 1, largest, key=layer_key, width=92)))
    values[name] = tuple(units)


def choice(values: Values, name: str, options: tuple[Any, ...] | None = None) -> None:
    """One of a few words; of some of them only, where `options` says so. The first takes the place of one that is not offered."""
    options = choices(name) if options is None else options
    key, title = restored(name), field_of(name).title
    if st.session_state[key] not in options:
        st.session_state[key] = options[0]
    if not lesson.allows(name):
        values[name] = st.session_state[key]
        return
    if len(choices(name)) <= 3:  # not of `options`: a control that became another kind of control would lose its value
        chosen = st.segmented_control(
            title, options, key=key, format_func=word, help=help_of(name), required=True, width="stretch"
        )
    else:
        chosen = st.selectbox(title, options, key=key, format_func=word, help=help_of(name))
    values[name] = chosen


def one_of(values: Values, name: str, options: tuple[Any, ...]) -> None:
    """A slider over well-spaced values; a value from an address or a preset that lies between them is added."""
    key = restored(name)
    if is_hidden(values, name):
        return
    present = st.session_state[key]
    spaced = tuple(sorted({*options, present})) if isinstance(present, int | float) else options
    title, explanation = field_of(name).title, help_of(name)
    values[name] = st.select_slider(title, spaced, key=key, format_func=lambda value: f"{value:g}", help=explanation)


def slider(values: Values, name: str, least: float, most: float, step: float) -> None:
    """A slider over evenly spaced values."""
    if is_hidden(values, name):
        return
    values[name] = st.slider(field_of(name).title, least, most, step=step, key=restored(name), help=help_of(name))


def whole_number(values: Values, name: str) -> None:
    """A whole number within its bounds."""
    if is_hidden(values, name):
        return
    least, most = bounds(name)
    low = int(least) if least is not None else None
    high = int(most) if most is not None else 2**31 - 1
    values[name] = st.number_input(field_of(name).title, low, high, key=restored(name), help=help_of(name))


def toggle(values: Values, name: str) -> None:
    """On or off."""
    if is_hidden(values, name):
        return
    values[name] = st.toggle(field_of(name).title, key=restored(name), help=help_of(name))


def optional(values: Values, name: str, title: str, usual: Any, draw: Callable[[], None], most: float) -> None:
    """A switch, and where it is on the control that `draw` draws; off, the setting is None.

    usual: where it is switched on. most: what it can be at most, as other controls are now.
    """
    key = restored(name)
    if is_hidden(values, name):
        values[name] = None if values[name] is None else min(values[name], most)
        return
    last = st.session_state[key]
    st.session_state.setdefault(f"{key}.on", last is not None)
    values[name] = None
    if st.toggle(title, key=f"{key}.on", help=help_of(name)):
        st.session_state[key] = usual if last is None else last
        draw()


def is_hidden(values: Values, name: str) -> bool:
    """Whether a lesson hides a setting's control; the setting keeps the value that it has."""
    if lesson.allows(name):
        return False
    values[name] = st.session_state[restored(name)]
    return True


# --- names -----------------------------------------------------------------------------------------------------------


def data_title(name: str) -> str:
    """What a data set is called on the pages."""
    return known.title if (known := known_card(name)) is not None else name


def known_card(name: object) -> Card | None:
    """The card of the data set with that name; None where there is none, or none any more."""
    try:
        return card(str(name))
    except UnknownDataError:
        return None


def current() -> Mapping[str, Any]:
    """The settings that have no control at present, as they were last."""
    config: RunConfig = st.session_state.get(LAST, RunConfig())
    return config.flat()


def restored(name: str) -> str:
    """A setting's key, with its last value under it: Streamlit forgets that of a control while it is not shown."""
    key = key_of(name)
    if key not in st.session_state:
        st.session_state[key] = current()[name]
    return key


def key_of(name: str) -> str:
    """Where the value of a setting's control is."""
    return f"set:{name}"


def field_of(name: str) -> Any:
    """A setting's title, description and bounds."""
    return RunConfig.settings()[name]


def help_of(name: str) -> str:
    """What a setting is, in a sentence or two."""
    return str(field_of(name).description)


def word(value: object) -> str:
    """What a setting's value is called on the pages."""
    return _WORDS.get(str(value), str(value))
