"""The controls of a run on the Train page, from the few that everybody needs to those that most people leave alone."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import streamlit as st

from aecore.config import RunConfig
from aecore.config_errors import ConfigError
from aecore.ui import lesson
from aecore.ui.settings_code import code_details
from aecore.ui.settings_data import data_details
from aecore.ui.settings_form import (
    LAST,
    RATES,
    WEIGHTS,
    Values,
    choice,
    current,
    key_of,
    known_card,
    one_of,
    optional,
    restored,
    sizes,
    slider,
    toggle,
    whole_number,
)

_NETWORK = ("architecture.kind", "architecture.channels", "architecture.hidden", "code.size", "architecture.activation")
_TRAINING = (
    "epochs",
    "batch_size",
    "optimizer.learning_rate",
    "objective.reconstruction",
    "corruption.kind",
    "corruption.level",
    "corruption.level_from",
)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 100, 128, 200, 256, 512, 1024, 2048, 4096)


def show() -> tuple[RunConfig | None, list[str]]:
    """Draw the controls; returns the configuration they say, or None and what is wrong with it.

    A setting without a control keeps its last value where that does no harm, and gets one that fits the others where not.
    """
    values: Values = {}
    chosen = known_card(st.session_state[key_of("data.name")])
    is_sequence = chosen is not None and chosen.is_sequence
    kinds = ("dense", "conv1d" if is_sequence else "conv2d")
    if st.session_state[key_of("architecture.kind")] not in kinds:
        # Other data were chosen: convolutions stay convolutions.
        st.session_state[key_of("architecture.kind")] = kinds[1]
    kind = str(st.session_state[key_of("architecture.kind")])
    is_searching = st.session_state[restored("optimizer.kind")] == "lbfgs"
    with _group(_NETWORK):
        choice(values, "architecture.kind", kinds)
        if kind != "dense":
            sizes(values, "architecture.channels", "Channels")
        sizes(values, "architecture.hidden", "Units")
        left, right = _side_by_side("code.size", "architecture.activation")
        with left:
            whole_number(values, "code.size")
        with right:
            choice(values, "architecture.activation")
    with _group(_TRAINING):
        left, right = _side_by_side("epochs", "batch_size")
        with left:
            whole_number(values, "epochs")
        with right:
            one_of(values, "batch_size", _BATCHES)
        if not is_searching:
            one_of(values, "optimizer.learning_rate", RATES)
        choice(values, "objective.reconstruction", ("mse", "mae") if is_sequence else None)
        choice(values, "corruption.kind", ("none", "gaussian", "masking") if is_sequence else None)
        if values["corruption.kind"] != "none":
            _noise_level(values)
    with _more():
        code_details(values, kind)
        _network_details(values, kind)
        _schedule(values, kind)
        _optimizer(values)
        data_details(values)
        whole_number(values, "seed")
    unshown = {name: value for name, value in current().items() if name not in values}
    try:
        config = RunConfig().with_settings(unshown | values)
        st.session_state[LAST] = config
        return config, []
    except ConfigError as error:
        return None, error.problems


def _group(settings: tuple[str, ...]) -> AbstractContextManager[object]:
    """A frame around the controls of these settings, unless a lesson hides all of them."""
    return st.container(border=True) if lesson.allows_any(settings) else nullcontext()


def _side_by_side(left: str, right: str) -> list[AbstractContextManager[object]]:
    """Two columns, unless a lesson hides one of the two settings."""
    if lesson.allows(left) and lesson.allows(right):
        return list(st.columns(2))
    return [nullcontext(), nullcontext()]


def _more() -> AbstractContextManager[object]:
    """What most people leave alone is folded away. Of what a lesson has chosen nothing is."""
    if lesson.has_few():
        return nullcontext()
    others = [name for name in RunConfig.settings() if name not in (*_NETWORK, *_TRAINING, "data.name")]
    return st.expander("More settings", key="more_settings") if lesson.allows_any(others) else nullcontext()


def _network_details(values: Values, kind: str) -> None:
    choice(values, "architecture.output")
    if kind == "dense":
        toggle(values, "architecture.tied")
        values["architecture.skips"] = False
    else:
        values["architecture.tied"] = False
        choice(values, "architecture.kernel_size")
        values["architecture.skips"] = False
        if kind == "conv2d":
            toggle(values, "architecture.skips")
        whole_number(values, "architecture.full_size_channels")


def _schedule(values: Values, kind: str) -> None:
    """What is trained when; only dense layers with a vector between them can be trained one by one."""
    values["schedule.kind"] = "joint"
    if kind == "dense" and values["code.kind"] == "vector":
        choice(values, "schedule.kind")
    if values["schedule.kind"] == "greedy":
        whole_number(values, "schedule.layer_epochs")
    whole_number(values, "schedule.classifier_epochs")


def _optimizer(values: Values) -> None:
    one_of(values, "objective.weight_decay", WEIGHTS)
    choice(values, "optimizer.kind")
    if values["optimizer.kind"] == "sgd":
        slider(values, "optimizer.momentum", 0.0, 0.99, 0.01)
    if values["optimizer.kind"] == "adamw":
        slider(values, "optimizer.decoupled_decay", 0.0, 1.0, 0.01)
    if values["optimizer.kind"] == "lbfgs":
        values["optimizer.schedule"] = "constant"  # it finds the length of its steps by itself
    else:
        choice(values, "optimizer.schedule")


def _noise_level(values: Values) -> None:
    """One level, or two ends of a range."""
    slider(values, "corruption.level", 0.0, 1.0, 0.05)

    def lowest() -> None:
        # The slider's own end moves with the level above it; Streamlit wants its value inside.
        key = key_of("corruption.level_from")
        st.session_state[key] = min(st.session_state[key], values["corruption.level"])
        slider(values, "corruption.level_from", 0.0, max(values["corruption.level"], 0.05), 0.05)

    optional(values, "corruption.level_from", "A range of levels", 0.0, lowest, values["corruption.level"])
