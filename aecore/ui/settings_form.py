"""Controls for every setting of a `RunConfig`: titles, help and bounds come from its fields, so that they cannot disagree.

Values live in `st.session_state` under ``set:<dotted name>``; :func:`fill` puts a configuration there, :func:`show` draws
the controls and returns what they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from aecore.config import RunConfig, bounds, choices
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS, card
from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES

_LAST = "settings_last"  # the last configuration that was valid
_SIZES = ("architecture.hidden", "architecture.channels")
_NEW_LAYER = {"architecture.hidden": 128, "architecture.channels": 32}
_MOST_LAYERS = {"architecture.hidden": 8, "architecture.channels": 5}
_NICE = (1, 2, 3, 4, 5, 8)
RATES = (*tuple(float(f"{digit}e{power}") for power in range(-5, 0) for digit in _NICE), 1.0)
_WEIGHTS = (0.0, *(float(f"{digit}e{power}") for power in range(-6, 1) for digit in (1, 2, 5)), 10.0)
_BETAS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0, 64.0, 100.0, 250.0, 1000.0)
_CAPACITIES = (0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0, 250.0, 1000.0)
_GAMMAS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 10_000.0)
_RISES = tuple(place / 10 for place in range(1, 11))
_FACTORS = "data.factor_steps"
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 100, 128, 200, 256, 512, 1024, 2048, 4096)

_WORDS = {
    "dense": "Dense",
    "conv2d": "Convolutional",
    "vector": "Vector",
    "gaussian": "Gaussian",
    "none": "None",
    "masking": "Dropout (masking)",
    "patches": "Dropped squares",
    "salt-and-pepper": "Salt and pepper",
    "mixed": "All four, mixed",
    "bce": "Cross-entropy",
    "mse": "Squared error",
    "kl": "KL",
    "capacity": "Capacity",
    "total-correlation": "Total correlation",
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
    "constant": "Constant",
    "cosine": "Cosine",
    "one-cycle": "One-cycle",
}


def fill(config: RunConfig) -> None:
    """Make the controls show this configuration. Must be called before :func:`show` in a script run, or from a callback."""
    st.session_state[_LAST] = config
    for name, value in config.flat().items():
        if name in _SIZES:
            _fill_sizes(name, value)
        elif name == _FACTORS:
            _fill_factors(value)
        else:
            st.session_state[_key(name)] = value
    st.session_state[_key("corruption.level_from") + ".on"] = config.corruption.level_from is not None
    st.session_state[_key("data.train_images")] = config.train_size
    st.session_state[_key("data.resolution")] = config.card.height


def _fill_sizes(name: str, sizes: tuple[int, ...]) -> None:
    st.session_state[_key(name) + ".count"] = len(sizes)
    for index, units in enumerate(sizes):
        st.session_state[f"{_key(name)}.{index}"] = units


def _fill_factors(steps: tuple[int, ...] | None) -> None:
    for name, count in zip(FACTOR_NAMES, steps or FACTOR_SIZES, strict=True):
        st.session_state[f"{_key(_FACTORS)}.{name}"] = count


def filled() -> bool:
    """Whether the controls have values yet (Streamlit forgets those of a page that is left)."""
    return _key("epochs") in st.session_state


def show() -> tuple[RunConfig | None, list[str]]:
    """Draw the controls; returns the configuration they say, or None and what is wrong with it."""
    values: dict[str, Any] = {}
    kind = str(st.session_state[_key("architecture.kind")])
    with st.container(border=True):
        _choice(values, "architecture.kind")
        if kind == "conv2d":
            _sizes(values, "architecture.channels", "Channels")
        _sizes(values, "architecture.hidden", "Units")
        left, right = st.columns(2)
        with left:
            _whole_number(values, "code.size")
        with right:
            _choice(values, "architecture.activation")
    with st.container(border=True):
        left, right = st.columns(2)
        with left:
            _whole_number(values, "epochs")
        with right:
            _one_of(values, "batch_size", _BATCHES)
        _one_of(values, "optimizer.learning_rate", RATES)
        _choice(values, "objective.reconstruction")
        _choice(values, "corruption.kind")
        if values["corruption.kind"] != "none":
            _noise_level(values)
    with st.expander("More settings", key="more_settings"):
        _more(values, kind)
    unshown = {name: value for name, value in current().items() if name not in values}
    try:
        config = RunConfig().with_settings(unshown | values)
        st.session_state[_LAST] = config
        return config, []
    except ConfigError as error:
        return None, error.problems


def _more(values: dict[str, Any], kind: str) -> None:
    _choice(values, "code.kind")
    if values["code.kind"] == "gaussian":
        values["code.activation"] = "linear"
        _regulariser(values)
    else:
        values["objective.divergence"] = "kl"
        _choice(values, "code.activation")
    _choice(values, "architecture.output")
    if kind == "dense":
        _toggle(values, "architecture.tied")
        values["architecture.skips"] = False
    else:
        values["architecture.tied"] = False
        _choice(values, "architecture.kernel_size")
        _toggle(values, "architecture.skips")
        _whole_number(values, "architecture.full_size_channels")
    _one_of(values, "objective.weight_decay", _WEIGHTS)
    _choice(values, "optimizer.kind")
    if values["optimizer.kind"] == "sgd":
        _slider(values, "optimizer.momentum", 0.0, 0.99, 0.01)
    if values["optimizer.kind"] == "adamw":
        _slider(values, "optimizer.decoupled_decay", 0.0, 1.0, 0.01)
    _choice(values, "optimizer.schedule")
    _data_details(values)
    _whole_number(values, "seed")


def _regulariser(values: dict[str, Any]) -> None:
    """What holds a Gaussian code to its prior, and how strongly."""
    _choice(values, "objective.divergence")
    if values["objective.divergence"] == "capacity":
        _one_of(values, "objective.capacity", _CAPACITIES)
        _one_of(values, "objective.gamma", _GAMMAS)
        _one_of(values, "objective.capacity_rise", _RISES)
    else:
        _one_of(values, "objective.beta", _BETAS)


def _data_details(values: dict[str, Any]) -> None:
    """Size and number of images; whatever is the data's own is stored as such, and stays so when other data is chosen."""
    name = str(st.session_state[_key("data.name")])
    values["data.name"] = name
    chosen = CARDS.get(name)
    if chosen is None:
        return  # not one that the page offers: RunConfig says so
    if len(chosen.resolutions) > 1:
        _one_of(values, "data.resolution", chosen.resolutions)
        if values["data.resolution"] == card(name).height:
            values["data.resolution"] = None
    else:
        values["data.resolution"] = None
    values[_FACTORS] = _factors() if chosen.factor_names else None
    key = _key("data.train_images")
    st.session_state[key] = min(max(int(st.session_state[key]), 10), chosen.train)
    count = st.number_input(_field("data.train_images").title, 10, chosen.train, key=key, help=_help("data.train_images"))
    values["data.train_images"] = None if count == chosen.train else count


def _factors() -> tuple[int, ...] | None:
    """How many steps each factor of Shapes has; None for all of them."""
    if f"{_key(_FACTORS)}.{FACTOR_NAMES[0]}" not in st.session_state:
        _fill_factors(current()[_FACTORS])
    st.caption(_field(_FACTORS).title, help=_help(_FACTORS))
    with st.container(horizontal=True, gap="small"):
        steps = tuple(
            int(st.number_input(name, 1, size, key=f"{_key(_FACTORS)}.{name}", width=92))
            for name, size in zip(FACTOR_NAMES, FACTOR_SIZES, strict=True)
        )
    return None if steps == FACTOR_SIZES else steps


def _noise_level(values: dict[str, Any]) -> None:
    """One level, or two ends of a range."""
    _slider(values, "corruption.level", 0.0, 1.0, 0.05)
    key = _restored("corruption.level_from")
    lowest = st.session_state[key]
    st.session_state.setdefault(f"{key}.on", lowest is not None)
    on = st.toggle("A range of levels", key=f"{key}.on", help=_help("corruption.level_from"))
    values["corruption.level_from"] = None
    if on:
        # The slider's own end moves with the level above it; Streamlit wants its value inside.
        st.session_state[key] = min(lowest or 0.0, values["corruption.level"])
        _slider(values, "corruption.level_from", 0.0, max(values["corruption.level"], 0.05), 0.05)


def choose_data() -> None:
    """The data selector; it stands above the other controls, beside the preset."""
    before = st.session_state.get("data_before")
    name = st.selectbox("Data", list(CARDS), key=_key("data.name"), format_func=_data_title, help=_help("data.name"), width=210)
    if before is not None and before != name and name in CARDS:
        # Other data: all of its training images, at its own size.
        st.session_state[_key("data.train_images")] = CARDS[name].train
        st.session_state[_key("data.resolution")] = CARDS[name].height
    st.session_state["data_before"] = name


# --- one kind of control each ----------------------------------------------------------------------------------------


def _sizes(values: dict[str, Any], name: str, unit: str) -> None:
    """A list of layer sizes: how many layers, and the size of each."""
    key, most = _key(name), _MOST_LAYERS[name]
    if key + ".count" not in st.session_state:
        _fill_sizes(name, current()[name])
    least = 1 if name == "architecture.channels" else 0
    count = st.number_input(_field(name).title, least, most, key=key + ".count", help=_help(name))
    sizes: list[int] = []
    if count:
        with st.container(horizontal=True, gap="small"):
            for index in range(min(int(count), most)):
                layer_key = f"{key}.{index}"
                st.session_state.setdefault(layer_key, sizes[-1] if sizes else _NEW_LAYER[name])
                largest = 256 if name == "architecture.channels" else 4096
                sizes.append(int(st.number_input(f"{unit} {index + 1}", 1, largest, key=layer_key, width=92)))
    values[name] = tuple(sizes)


def _choice(values: dict[str, Any], name: str) -> None:
    options = choices(name)
    key, title = _restored(name), _field(name).title
    if len(options) <= 3:
        chosen = st.segmented_control(title, options, key=key, format_func=word, help=_help(name), required=True, width="stretch")
    else:
        chosen = st.selectbox(title, options, key=key, format_func=word, help=_help(name))
    values[name] = chosen


def _one_of(values: dict[str, Any], name: str, options: tuple[Any, ...]) -> None:
    """A slider over well-spaced values; a value from an address or a preset that lies between them is added."""
    key = _restored(name)
    present = st.session_state[key]
    spaced = tuple(sorted({*options, present})) if isinstance(present, int | float) else options
    values[name] = st.select_slider(_field(name).title, spaced, key=key, format_func=lambda value: f"{value:g}", help=_help(name))


def _slider(values: dict[str, Any], name: str, least: float, most: float, step: float) -> None:
    values[name] = st.slider(_field(name).title, least, most, step=step, key=_restored(name), help=_help(name))


def _whole_number(values: dict[str, Any], name: str) -> None:
    least, most = bounds(name)
    low = int(least) if least is not None else None
    high = int(most) if most is not None else 2**31 - 1
    values[name] = st.number_input(_field(name).title, low, high, key=_restored(name), help=_help(name))


def _toggle(values: dict[str, Any], name: str) -> None:
    values[name] = st.toggle(_field(name).title, key=_restored(name), help=_help(name))


# --- names -----------------------------------------------------------------------------------------------------------


def _data_title(name: str) -> str:
    return CARDS[name].title if name in CARDS else name


def current() -> Mapping[str, Any]:
    """The settings that have no control at present, as they were last."""
    config: RunConfig = st.session_state.get(_LAST, RunConfig())
    return config.flat()


def _restored(name: str) -> str:
    """A setting's key, with its last value under it: Streamlit forgets that of a control while it is not shown."""
    key = _key(name)
    if key not in st.session_state:
        st.session_state[key] = current()[name]
    return key


def _key(name: str) -> str:
    return f"set:{name}"


def _field(name: str) -> Any:
    return RunConfig.settings()[name]


def _help(name: str) -> str:
    return str(_field(name).description)


def word(value: object) -> str:
    """What a setting's value is called on the pages."""
    return _WORDS.get(str(value), str(value))
