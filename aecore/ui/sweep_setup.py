"""The Set up tab of the Disentangle page: which data, which βs, which network, and the button that starts the sweep.

Every control is bound to the address, under the names in :data:`_KEYS` and :data:`_FACTORS`: a link makes the same sweep.
"""

from __future__ import annotations

import time

import streamlit as st

from aecore.config import RunConfig, bounds, choices
from aecore.config_errors import ConfigError
from aecore.data.catalogue import CARDS
from aecore.data.shapes import FACTOR_NAMES, FACTOR_SIZES
from aecore.engine import EngineError
from aecore.runs import ACTIVE
from aecore.sweep_choices import ARCHITECTURES, DATA, MINUTE, PRESETS, SHAPES, Choices, spread, sweep_name, text_of, values_of
from aecore.sweep_config import NAMES, OBJECTIVES, SweepConfig
from aecore.sweeps import Sweep, sweeps_of
from aecore.ui import sweep_choice
from aecore.ui.server import engine, person
from aecore.ui.settings_form import RATES, word
from aecore.ui.sweep_pictures import show_pictures
from aecore.ui.sweep_time import show_time

_KEYS = {
    "data": "pictures",
    "resolution": "pixels",
    "objectives": "objectives",
    "betas": "betas",
    "capacities": "capacities",
    "gamma": "gamma",
    "seeds": "seeds",
    "architecture": "net",
    "code_size": "numbers",
    "steps": "steps",
    "batch_size": "batch",
    "learning_rate": "rate",
    "schedule": "rates",
    "activation": "activation",
    "first_seed": "first_seed",
}
"""By field of `Choices`, the key of its control, which is also its name in the address; no other page uses these."""
_FACTORS = tuple(f"steps_{name}" for name in FACTOR_NAMES)
_VALUES = ("betas", "capacities")  # which are written as text
_BATCHES = (16, 32, 64, 128, 256, 512)
_MOST_STEPS = 1_000_000
_DOUBLE_CLICK = 2.0  # seconds in which a second press of Start with the same settings is taken for the first
_PROBLEM = "sweep_problem"


def setup() -> None:
    """The whole tab."""
    _presets()
    bar = st.container(key="sweep_start")
    with st.container(border=True):
        objectives, problems, values = _objectives()
    with st.container(border=True):
        data, resolution, factors = _data()
    with st.container(border=True):
        network = _network()
    with st.expander("More settings"):
        more = _more("capacity" in objectives)
    config = None
    try:
        chosen = Choices(data=data, resolution=resolution, factors=factors, objectives=objectives, **values, **network, **more)  # type: ignore[arg-type]
        config = None if problems else chosen.config()
    except ConfigError as error:
        problems += error.problems
    except ValueError as error:  # of data that does not exist
        problems.append(str(error))
    with bar:
        _start_bar(config, problems)
    # A control that has not been shown yet gets into the address with its first change only where its value is known before.
    for field, key in _KEYS.items():
        st.session_state.setdefault(key, _said(MINUTE, field))
    for key, steps in zip(_FACTORS, MINUTE.factors, strict=True):
        st.session_state.setdefault(key, steps)


# --- what is most wanted ------------------------------------------------------------------------------------------------


def _presets() -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_presets"):
        st.caption("Start from", width="content")
        for name, (title, summary, preset) in PRESETS.items():
            st.button(title, key=f"sweep_preset_{name}", help=summary, on_click=_fill, args=(preset,))


def _fill(chosen: Choices) -> None:
    """Make the controls say this; from a callback."""
    for field, key in _KEYS.items():
        st.session_state[key] = _said(chosen, field)
    st.session_state.update(zip(_FACTORS, chosen.factors, strict=True))


def _said(chosen: Choices, field: str) -> object:
    """A choice as its control has it."""
    value = getattr(chosen, field)
    return text_of(value) if field in _VALUES else list(value) if field == "objectives" else value


def _data() -> tuple[str, int, tuple[int, ...]]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = st.selectbox(
            "Data",
            DATA,
            key=_KEYS["data"],
            bind="query-params",
            width=210,
            format_func=lambda name: CARDS[name].title if name in CARDS else name,
            help=_help("data.name"),
        )
        resolution = MINUTE.resolution
        if data == SHAPES:
            resolution = st.segmented_control(
                _title("data.resolution"),
                sorted(CARDS[SHAPES].resolutions),
                default=MINUTE.resolution,
                key=_KEYS["resolution"],
                bind="query-params",
                required=True,
                format_func=lambda pixels: f"{pixels}×{pixels}",
                help="64×64 is what papers use; 32×32 trains several times faster and shows the same.",
            )
    factors = MINUTE.factors
    if data == SHAPES:
        with st.container(horizontal=True, key="sweep_factors"):
            factors = tuple(
                int(
                    st.slider(
                        f"{name.capitalize()}: steps",
                        1,
                        size,
                        usual,
                        key=key,
                        bind="query-params",
                        width=170,
                        help="How many values it takes, evenly over its range. 1 holds it fixed.",
                    )
                )
                for name, size, usual, key in zip(FACTOR_NAMES, FACTOR_SIZES, MINUTE.factors, _FACTORS, strict=True)
            )
    show_pictures(data, int(resolution or MINUTE.resolution), factors)
    return data, int(resolution or MINUTE.resolution), factors


def _objectives() -> tuple[tuple[str, ...], list[str], dict[str, object]]:
    """The objectives, what is wrong with their values, and these values by field of `Choices`."""
    objectives = tuple(
        st.pills(
            "Objectives",
            OBJECTIVES,
            selection_mode="multi",
            default=list(MINUTE.objectives),
            key=_KEYS["objectives"],
            bind="query-params",
            format_func=lambda name: NAMES.get(name, name),
            help="β-VAE: β·KL. β-TCVAE: β on the total correlation only. Capacity: γ·|KL − C| with a C that rises.",
        )
    )
    problems: list[str] = []
    values: dict[str, object] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if set(objectives) != {"capacity"}:
            _values("betas", "β", "Weights to compare, 2 to 8 of them. 1 is the plain VAE.", problems, values)
        if "capacity" in objectives:
            _values("capacities", "C", "Nats that the code may carry in the end, 2 to 8 values.", problems, values)
        values["seeds"] = int(
            st.number_input(
                "Seeds for each value",
                1,
                10,
                MINUTE.seeds,
                key=_KEYS["seeds"],
                bind="query-params",
                width=170,
                help="Runs that differ in all that is random. With three you see how much is chance.",
            )
        )
    return objectives, problems, values


def _values(field: str, symbol: str, explanation: str, problems: list[str], values: dict[str, object]) -> None:
    usual: tuple[float, ...] = getattr(MINUTE, field)
    key = _KEYS[field]
    text = st.text_input(
        f"Values of {symbol}", text_of(usual), max_chars=100, key=key, bind="query-params", width=260, help=explanation
    )
    with st.popover("Range", icon=":material/linear_scale:", key=f"{key}_popover"):
        first = st.number_input("From", 0.0, 1000.0, float(min(usual)), key=f"{key}_from")
        last = st.number_input("To", 0.0, 1000.0, float(max(usual)), key=f"{key}_to")
        count = st.number_input("How many", 2, 8, 5, key=f"{key}_count")
        growing = st.toggle("Growing by a factor", value=field == "betas", key=f"{key}_growing")
        try:
            made = text_of(spread(float(first), float(last), int(count), doubling=growing))
        except ConfigError as error:
            st.error(error.problems[0], icon=":material/error:")
        else:
            st.button(f"Use {made}", key=f"{key}_use", on_click=st.session_state.__setitem__, args=(key, made))
    try:
        values[field] = values_of(text, symbol)
    except ConfigError as error:
        problems += error.problems


def _network() -> dict[str, object]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        architecture = st.segmented_control(
            "Network",
            list(ARCHITECTURES),
            default=MINUTE.architecture,
            key=_KEYS["architecture"],
            bind="query-params",
            required=True,
            format_func=lambda name: ARCHITECTURES[name][0] if name in ARCHITECTURES else name,
            help="The convolutional one is that of most papers on disentangling; the dense one trains several times faster.",
        )
        code_size = _number("code_size", "code.size", 130)
        steps = st.number_input(
            "Steps",
            1,
            _MOST_STEPS,
            MINUTE.steps,
            step=100,
            key=_KEYS["steps"],
            bind="query-params",
            width=140,
            help="Training steps of each run. The nearest number of whole passes through the pictures is taken.",
        )
    return {"architecture": architecture, "code_size": code_size, "steps": int(steps)}


def _more(capacity: bool) -> dict[str, object]:
    values: dict[str, object] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if capacity:
            values["gamma"] = _number("gamma", "objective.gamma", 130)
        values["batch_size"] = _one_of("batch_size", "batch_size", _BATCHES)
        values["learning_rate"] = _one_of("learning_rate", "optimizer.learning_rate", RATES)
        values["schedule"] = _choice("schedule", "optimizer.schedule")
        values["activation"] = _choice("activation", "architecture.activation")
        values["first_seed"] = _number("first_seed", "seed", 140)
    return values


# --- the start ----------------------------------------------------------------------------------------------------------


def _start_bar(config: SweepConfig | None, problems: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Start" if config is None else f"Start {len(config.members)} runs"
        if st.button(label, type="primary", icon=":material/play_arrow:", key="sweep_go", disabled=config is None) and config:
            _start(config)
        if config is not None:
            show_time(config)
    for problem in [*problems, *([st.session_state.pop(_PROBLEM)] if _PROBLEM in st.session_state else [])]:
        st.error(problem, icon=":material/error:")
    if config is not None:
        base = config.base
        passes = "once" if base.epochs == 1 else f"{base.epochs} times"
        st.caption(
            f"{base.total_steps:,} steps each: {passes} through {base.train_size:,} pictures, {base.batch_size} a step. "
            f"{base.plan.parameters:,} parameters."
        )


def _start(config: SweepConfig) -> None:
    try:
        sweep = _just_made(config) or engine().submit_sweep(config, owner=person(), name=sweep_name(config))
        sweep_choice.show(sweep.token)
    except EngineError as error:
        st.session_state[_PROBLEM] = str(error)
    st.rerun()


def _just_made(config: SweepConfig) -> Sweep | None:
    """The sweep of the first press of a double click, whose rerun the second press has cut off."""
    newest = next(iter(sweeps_of(person())), None)
    if newest is None or time.time() - newest.about.created > _DOUBLE_CLICK or newest.config != config:
        return None
    return newest if any(run.status.state in ACTIVE for run in newest.runs) else None


# --- one kind of control each -------------------------------------------------------------------------------------------


def _number(field: str, name: str, width: int) -> float | int:
    usual = getattr(MINUTE, field)
    least, most = (None if bound is None else type(usual)(bound) for bound in bounds(name))
    return st.number_input(  # type: ignore[no-any-return]
        _title(name), least, most, usual, key=_KEYS[field], bind="query-params", width=width, help=_help(name)
    )


def _one_of(field: str, name: str, options: tuple[float, ...]) -> float:
    return st.select_slider(  # type: ignore[no-any-return]
        _title(name),
        options,
        getattr(MINUTE, field),
        key=_KEYS[field],
        bind="query-params",
        width=200,
        format_func=lambda value: f"{value:g}",
        help=_help(name),
    )


def _choice(field: str, name: str) -> str:
    options = choices(name)
    usual = options.index(getattr(MINUTE, field))
    return str(
        st.selectbox(
            _title(name), options, usual, key=_KEYS[field], bind="query-params", width=170, format_func=word, help=_help(name)
        )
    )


def _title(name: str) -> str:
    return str(RunConfig.settings()[name].title)


def _help(name: str) -> str:
    return str(RunConfig.settings()[name].description)
